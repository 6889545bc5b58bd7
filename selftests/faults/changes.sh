# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # what it has in common with faults_lib.sh
#
# An interface changes while a program is attached to it, or just then; one of many fails.

changes=(gone peer_gone renamed moved mtu down port)

# What happens to veth3, or it cannot happen just now.
changes_gone() { cli_on ip link del veth3; }
changes_peer_gone() { cli_on ip link del veth4; }
changes_renamed() { cli_on ip -batch - <<<$'link set veth3 down\nlink set veth3 name veth5\nlink set veth5 up'; }
changes_moved() { cli_on ip link set veth3 netns "/run/netns/$third"; }
changes_mtu() { cli_on ip link set veth3 mtu 9000; }
changes_down() { cli_on ip link set veth3 down; }
changes_port() { cli_on ip -batch - <<<$'link add br0 type bridge\nlink set veth3 master br0'; }

# Nothing of ours is in that namespace.
changes_none() {
	local text

	text=$(exec "$tool" netstate "$1")
	[[ ! $text =~ \ (xdp|tc)_drop_tcp\ |clsact|bpf-drop/ ]]
}

changes_run() {
	local status=0 change=$1 name names=()

	cli_on ip link add veth3 type veth peer name veth4
	cli_on ip -batch - <<<$'link set veth3 up\nlink set veth4 up'
	rm -f "$tmp/written"
	"$tool" enter -t 10 "$host" "${@:3}" veth3 >"$tmp/out" 2>"$tmp/err" &
	faults_pause "$2"
	"changes_$change" 2>"$tmp/change" || true
	wait $! || status=$?
	tried=$((tried + 1))
	again="${*:3} veth3: $change after $(($2 / 1000)) ms"
	faults_sentence "$status" "$tmp/err"
	poll 2 changes_none "$host" || faults_violated "exit status $status, but left: $(<"$tmp/err")"
	poll 2 changes_none "$third" || faults_violated "exit status $status, but left where it moved: $(<"$tmp/err")"
	for name in veth3 veth4 veth5 br0; do names+=("link del $name"); done
	printf '%s\n' "${names[@]}" >"$tmp/batch"
	cli_on ip -force -batch - <"$tmp/batch" 2>"$tmp/del" || true
	"${in_third[@]}" ip -force -batch - <"$tmp/batch" 2>"$tmp/del" || true
	faults_expect "left" "$bare" || true
}

test_changes() {
	local prepare=faults_free bare prepared picked i way ways=("xdp-drop-tcp -N" "xdp-drop-tcp -S" "tc-drop-tcp" "tc-drop-tcp --clsact"
		"xdp-drop-tcp -w $tmp/written" "xdp-drop-tcp --follow" "tc-drop-tcp --follow --clsact")

	faults_begin
	cli_wire_third
	faults_foreign
	cli_state bare
	faults_pick 40 1
	for ((i = 0; i < picked * ${#changes[@]}; i++)); do
		way=${ways[RANDOM % ${#ways[@]}]}
		# shellcheck disable=SC2086 # words
		changes_run "${changes[i % ${#changes[@]}]}" $((RANDOM * 6)) $way -i 0.02 -t 100ms
	done
	faults_end
}

# many_fail CALL@N ERRNO COMMAND…: taking hundreds off takes its time.
many_fail() {
	local status=0

	again="tool deny $*"
	tried=$((tried + 1))
	"$tool" enter -t 100 "$host" "$tool" deny "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	faults_sentence "$status" "$tmp/err"
	[ "$status" != 0 ] || [ "$2" != ENOMEM ] || faults_violated "it did not fail: $(<"$tmp/err")"
	faults_expect "exit status $status, but changed" "$bare" || many_clean
}

many_clean() {
	cli_on "${way%% *}" --detach 'm*' >"$tmp/out" 2>"$tmp/err" || faults_violated "--detach fails: $(<"$tmp/err")"
	cli_state bare
}

test_one_of_many() {
	local bare picked i n way each call error factor

	faults_begin
	faults_pick 300 20
	n=$picked
	for ((i = 0; i < n; i += 2)); do
		echo "link add m$i type veth peer name m$((i + 1))"
	done >"$tmp/batch"
	cli_on ip -batch - <"$tmp/batch"
	cli_state bare
	faults_pick 30 2
	for way in "xdp-drop-tcp -S" "tc-drop-tcp --tcx" "tc-drop-tcp --clsact"; do
		has_tcx || [ "$way" != "tc-drop-tcp --tcx" ] || continue
		each="LINK_CREATE ENOMEM 1"
		[ "$way" != "tc-drop-tcp --clsact" ] || each="SEND ENOBUFS 3"
		read -r call error factor <<<"$each"
		for ((i = 0; i < picked; i++)); do
			# shellcheck disable=SC2086 # words
			many_fail "$call@$((factor * (1 + RANDOM % n)))" "$error" $way -i 0 -t 20ms 'm*'
		done
	done
	faults_end
}

ktap_case changes test_changes "an interface changes meanwhile"
ktap_case changes test_one_of_many "one of many interfaces fails"

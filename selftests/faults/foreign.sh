# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # what it has in common with faults_lib.sh
#
# Whatever others have attached, nothing of ours changes it without --force.

# foreign_KIND attaches it, or fails where this kernel has none; $holder: a process that holds it.
foreign_native() { cli_on ip link set dev veth0 xdpdrv obj "$xdp_world" sec xdp; }
foreign_generic() { cli_on ip link set dev veth0 xdpgeneric obj "$xdp_world" sec xdp; }
foreign_xdp_link() { foreign_holds "$xdp_world"; }
foreign_xdp_pinned() { foreign_pins "$xdp_world"; }
foreign_tcx_link() { foreign_holds "$tc_tcp"; }
foreign_tcx_pinned() { foreign_pins "$tc_tcp"; }
foreign_tcx() { "$tool" foreign tcx "$tc_tcp" "$host" veth0; }
foreign_filter_beside() { "$tool" foreign filter "$host" veth0 other 4 7; }
foreign_filter_ours() { "$tool" foreign filter "$host" veth0 counters 64; }
foreign_object() { foreign_clsact && cli_on tc filter add dev veth0 egress bpf da obj "$tc_tcp" sec tc; }
foreign_object_ours() { foreign_clsact && cli_on tc filter add dev veth0 egress prio 1 handle 0xbdf bpf da obj "$tc_tcp" sec tc; }
foreign_classifier() { foreign_clsact && cli_on tc filter add dev veth0 egress prio 1 handle 0xbdf bpf obj "$tc_tcp" sec tc classid 1:1; }
foreign_flower() { foreign_clsact && cli_on tc filter add dev veth0 egress prio 1 protocol ip flower; }
foreign_u32() { foreign_clsact && cli_on tc filter add dev veth0 ingress prio 1 protocol ip u32 match u32 0 0; }
foreign_clsact() { cli_on tc qdisc add dev veth0 clsact; }
foreign_ingress() { cli_on tc qdisc add dev veth0 ingress; }
foreign_dispatcher() { cli_on xdp-loader load -m skb veth0 "$xdp_world"; }

foreign_kinds=(native generic xdp_link xdp_pinned tcx_link tcx_pinned tcx filter_beside filter_ours object object_ours
	classifier flower u32 clsact ingress dispatcher)

foreign_holds() {
	rm -f "$tmp/held"
	"$tool" foreign link "$1" "$host" veth0 >"$tmp/held" &
	holder=$!
	poll 5 reads "$tmp/held" ready
}

foreign_pins() {
	mkdir -p /sys/fs/bpf/others
	rm -f /sys/fs/bpf/others/link
	"$tool" foreign pin /sys/fs/bpf/others/link "$1" "$host" veth0
}

foreign_prepare() {
	[ -z "$holder" ] || kill "$holder" || true
	holder=
	"foreign_$foreign"
	cli_state bare
}

foreign_run() {
	local status=0 kind=$1 command=("${@:2}")

	again="$foreign, beside it ${command[*]}"
	rm -f "$tmp/written"
	"$tool" enter -t 10 "$host" "${command[@]}" >"$tmp/out" 2>"$tmp/err" || status=$?
	if [ "$kind $status" != "forces 0" ]; then
		faults_ended "$status"
	else
		tried=$((tried + 1))
		faults_detach || faults_violated "--detach fails: $(<"$tmp/err")"
		faults_anew
	fi
}

# Beside it a command of each kind.
foreign_meet() {
	local way

	for way in "xdp-drop-tcp -N" "xdp-drop-world -S" "tc-drop-tcp" "tc-drop-tcp --clsact" "tc-drop-tcp --clsact --ingress"; do
		# shellcheck disable=SC2086 # words
		foreign_run ends $way -i 0 -t 10ms veth0
		# shellcheck disable=SC2086
		foreign_run stays $way --pin veth0
		# shellcheck disable=SC2086
		foreign_run forces $way --force -i 0 -t 10ms veth0
	done
	for way in xdp-drop-world xdp-drop-tcp tc-drop-tcp; do
		foreign_run ends "$way" --detach veth0
		foreign_run ends "$way" --list
	done
}

test_foreign() {
	local prepare=foreign_prepare interfaces=(veth0) bare prepared picked i foreign holder=

	faults_begin
	need tc
	faults_pick "${#foreign_kinds[@]}" 2
	for ((i = 0; i < picked; i++)); do
		foreign=${foreign_kinds[i]}
		[ "$FAULTS" = all ] || foreign=${foreign_kinds[RANDOM % ${#foreign_kinds[@]}]}
		foreign=${FOREIGN:-$foreign}
		if cli_wire_again && "foreign_$foreign"; then
			faults_anew
			foreign_meet
		else
			echo "# campaign foreign: this kernel or machine has none of the kind $foreign" >&"$faults_out"
		fi
	done
	faults_end
}

ktap_case foreign test_foreign "others' programs, and each command beside them"

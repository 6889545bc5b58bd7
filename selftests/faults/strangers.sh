# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # what it has in common with faults_lib.sh
#
# Whatever others have attached, nothing of ours changes it without --force.

# stranger_KIND attaches it, or fails where this kernel has none; $holder: a process that holds it.
stranger_native() { cli_on ip link set dev veth0 xdpdrv obj "$xdp_world" sec xdp; }
stranger_generic() { cli_on ip link set dev veth0 xdpgeneric obj "$xdp_world" sec xdp; }
stranger_xdp_link() { stranger_holds "$xdp_world"; }
stranger_xdp_pinned() { stranger_pins "$xdp_world"; }
stranger_tcx_link() { stranger_holds "$tc_tcp"; }
stranger_tcx_pinned() { stranger_pins "$tc_tcp"; }
stranger_tcx() { "$tool" stranger tcx "$tc_tcp" "$host" veth0; }
stranger_filter_beside() { "$tool" stranger filter "$host" veth0 other 4 7; }
stranger_filter_ours() { "$tool" stranger filter "$host" veth0 counters 64; }
stranger_object() { stranger_clsact && cli_on tc filter add dev veth0 egress bpf da obj "$tc_tcp" sec tc; }
stranger_object_ours() { stranger_clsact && cli_on tc filter add dev veth0 egress prio 1 handle 0xbdf bpf da obj "$tc_tcp" sec tc; }
stranger_classifier() { stranger_clsact && cli_on tc filter add dev veth0 egress prio 1 handle 0xbdf bpf obj "$tc_tcp" sec tc classid 1:1; }
stranger_flower() { stranger_clsact && cli_on tc filter add dev veth0 egress prio 1 protocol ip flower; }
stranger_u32() { stranger_clsact && cli_on tc filter add dev veth0 ingress prio 1 protocol ip u32 match u32 0 0; }
stranger_clsact() { cli_on tc qdisc add dev veth0 clsact; }
stranger_ingress() { cli_on tc qdisc add dev veth0 ingress; }
stranger_dispatcher() { cli_on xdp-loader load -m skb veth0 "$xdp_world"; }

strangers=(native generic xdp_link xdp_pinned tcx_link tcx_pinned tcx filter_beside filter_ours object object_ours
	classifier flower u32 clsact ingress dispatcher)

stranger_holds() {
	rm -f "$tmp/held"
	"$tool" stranger link "$1" "$host" veth0 >"$tmp/held" &
	holder=$!
	poll 5 reads "$tmp/held" ready
}

stranger_pins() {
	mkdir -p /sys/fs/bpf/others
	rm -f /sys/fs/bpf/others/link
	"$tool" stranger pin /sys/fs/bpf/others/link "$1" "$host" veth0
}

strangers_prepare() {
	[ -z "$holder" ] || kill "$holder" || true
	holder=
	"stranger_$stranger"
	cli_state bare
}

strangers_run() {
	local status=0 kind=$1 command=("${@:2}")

	again="$stranger, beside it ${command[*]}"
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
strangers_meet() {
	local way

	for way in "xdp-drop-tcp -N" "xdp-drop-world -S" "tc-drop-tcp" "tc-drop-tcp --clsact" "tc-drop-tcp --clsact --ingress"; do
		# shellcheck disable=SC2086 # words
		strangers_run ends $way -i 0 -t 10ms veth0
		# shellcheck disable=SC2086
		strangers_run stays $way --pin veth0
		# shellcheck disable=SC2086
		strangers_run forces $way --force -i 0 -t 10ms veth0
	done
	for way in xdp-drop-world xdp-drop-tcp tc-drop-tcp; do
		strangers_run ends "$way" --detach veth0
		strangers_run ends "$way" --list
	done
}

test_strangers() {
	local prepare=strangers_prepare interfaces=(veth0) bare prepared picked i stranger holder=

	faults_begin
	need tc
	faults_pick "${#strangers[@]}" 2
	for ((i = 0; i < picked; i++)); do
		stranger=${strangers[i]}
		[ "$FAULTS" = all ] || stranger=${strangers[RANDOM % ${#strangers[@]}]}
		stranger=${STRANGER:-$stranger}
		if cli_wire_again && "stranger_$stranger"; then
			faults_anew
			strangers_meet
		else
			echo "# campaign strangers: this kernel or machine has none of the kind $stranger" >&"$faults_out"
		fi
	done
	faults_end
}

ktap_case strangers test_strangers "others' programs, and each command beside them"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The lab itself, the demo, the experiment's packets, and the bare objects attached by
# others' loaders.

set -eu
. "$(dirname "$0")/lib/lab_lib.sh"

here=$(realpath "$(dirname "$0")")

# Each takes what lab it needs.
ktap_before_each=

# --- the lab itself ---

ktap_case lab lab_paths "lab: every path answers, IPv4 and IPv6, TCP and ping"
lab_paths() {
	local at

	need curl
	lab_nginx
	for at in 198.51.100.1 2001:db8:1::1 2001:db8:2::10; do
		"${in_out[@]}" "$tool" probe tcp "$at" 80
		"${in_out[@]}" "$tool" probe icmp "$at"
	done
	for at in 127.0.0.1 ::1 203.0.113.10 2001:db8:2::10 198.51.100.2 2001:db8:1::2; do
		"${in_host[@]}" "$tool" probe tcp "$at" 80
		"${in_host[@]}" "$tool" probe icmp "$at"
	done
	for at in 203.0.113.1 2001:db8:2::1 198.51.100.2 2001:db8:1::2; do
		"${in_ctr[@]}" "$tool" probe tcp "$at" 80
		"${in_ctr[@]}" "$tool" probe icmp "$at"
	done
	expect 0 lab_on_host curl -s http://localhost/
	told "^Hello from .*ctr"
	expect 0 "${in_out[@]}" curl -s http://198.51.100.1/
	told "^Hello from .*ctr"
	expect 0 "${in_out[@]}" curl -s http://198.51.100.1:8080/
	told "^Hello from .*host"
}

links_of() {
	need ip
	"$@" ip -o link show 2>/dev/null | sed 's/[0-9]*: \([^:@]*\).*/\1/' | sort | xargs
}

ktap_case lab lab_sealed "lab: no link and no route leads out of it"
lab_sealed() {
	need ip
	lab_take
	[ "$(links_of "${in_out[@]}")" = "lo out0" ]
	[ "$(links_of "${in_host[@]}")" = "docker0 lo veth0 wan0" ]
	[ "$(links_of "${in_ctr[@]}")" = "eth0 lo" ]
	[ -z "$("${in_out[@]}" ip route show default)" ]
	[ -z "$("${in_host[@]}" ip route show default)" ]
}

ktap_case lab lab_two "lab: two at the same time do not meet"
lab_two() {
	need ip
	lab_take
	(
		"${in_host[@]}" ip link set dev veth0 down
		LAB_NGINX=none
		lab_own test
		lab_tcp_passes
	)
	[ ! -e "/run/netns/drop-$LAB-none" ]
	lab_tcp_lost
}

lab_is_gone() {
	[ ! -e "/run/bpf-drop-lab.$1" ] && [[ $(echo /run/netns/drop-"$1"-*) == *'*' ]]
}

ktap_case lab lab_down_clean "lab: up, list, run, down; nothing is left"
lab_down_clean() {
	local id pids

	need curl ip nft
	expect 0 "$here/experiment/lab.sh" up
	told "^Lab .* is up"
	id=$(sed -n 's/^Lab \(.*\) is up.*/\1/p' "$tmp/out")
	# shellcheck disable=SC2064 # the id is known now
	trap "'$here/experiment/lab.sh' down $id 2>/dev/null || true" EXIT
	expect 0 "$here/experiment/lab.sh" list
	told "^$id .*kept"
	LAB=$id expect 0 "$here/experiment/lab.sh" run host curl -s http://localhost/
	told "ctr"
	LAB=$id expect 7 "$here/experiment/lab.sh" run ctr sh -c 'exit 7'
	mapfile -t pids < <(lab_pids "$id")
	[ "${#pids[@]}" -ge 3 ] || fail "only ${#pids[@]} processes in the lab"
	expect 0 "$here/experiment/lab.sh" down "$id"
	lab_is_gone "$id"
	for pid in "${pids[@]}"; do
		is_over "$pid" || fail "process $pid is left"
	done
	expect 1 "$here/experiment/lab.sh" down "$id"
	said "no such lab"
}

ktap_case lab lab_alone "lab: without arguments it explains itself and runs a shell"
lab_alone() {
	need curl ip nft
	# shellcheck disable=SC2016 # expanded by that shell
	expect 0 "$here/experiment/lab.sh" <<<'echo "it runs in $LAB"; curl -s localhost; exit 3'
	told "shell ctr"
	told "^it runs in ......$"
	told "Hello from .*ctr"
	lab_is_gone "$(sed -n 's/^it runs in //p' "$tmp/out")"
}

ktap_case lab lab_in_lab "lab: in a lab, it asks before it brings up another one"
lab_in_lab() {
	need ip nft
	lab_take
	expect 3 lab_on_host "$here/experiment/lab.sh" </dev/null
	told "in a lab already, in drop-$LAB-host\."
	expect 0 lab_on_host "$here/experiment/lab.sh" <<<$'yes\necho "inside $LAB"'
	told "^inside ......$"
	never grep "^inside $LAB" "$tmp/out"
}

# In a /run of its own, where no other lab removes it.
in_lab_that_is_over() {
	# shellcheck disable=SC2016 # expanded by that shell
	"$tool" stage private sh -ec 'mount -t tmpfs tmpfs /run
		mkdir /run/bpf-drop-lab.abcdef
		cd /run/bpf-drop-lab.abcdef
		printf "shell %s 1\n%s\n" $$ "$(readlink /proc/self/ns/pid)" >owner
		echo $$ >relay.pid
		LAB=abcdef "$@"' sh "$here/experiment/lab.sh" "$@"
}

ktap_case lab lab_over "lab: one whose shell was killed is said to be over"
lab_over() {
	need mount
	expect 0 in_lab_that_is_over list
	told "^abcdef  over: its process [0-9]+ was killed"
	expect 1 in_lab_that_is_over run host true
	said "lab abcdef is over: its process [0-9]+ was killed\."
}

lab_connect() {
	: >"$tmp/open"
	"${in_host[@]}" bash -c 'exec 5<>/dev/tcp/203.0.113.10/80 && echo open && read -r -u 5' >"$tmp/open" 2>&1 &
	poll 5 reads "$tmp/open" open
}

ktap_case lab lab_quiet_now "lab: quiet ends the connections in it"
lab_quiet_now() {
	need ip ss
	lab_take
	lab_connect
	[ -n "$("${in_host[@]}" ss -HKtn dst 203.0.113.10)" ] ||
		skip "needs CONFIG_INET_DIAG_DESTROY"
	lab_connect
	LAB=$LAB expect 0 "$here/experiment/lab.sh" quiet
	lab_rests "drop-$LAB-host" "drop-$LAB-ctr"
}

lab_in_tmux() {
	tmux -S "$LAB_DIR/tmux" "$@"
}

# Pane $1 is in part $2 of the lab, as its prompt says, and has the programs.
lab_pane() {
	: >"$tmp/$1"
	lab_in_tmux send-keys -t ":.$1" \
		"clear; readlink /proc/self/ns/net >>$tmp/$1; command -v xdp-drop-tcp >>$tmp/$1" Enter
	poll 10 lines "$tmp/$1" 2
	has_line "$tmp/$1" "^net:.$(stat -Lc %i "/run/netns/drop-$LAB-$2")."
	lab_in_tmux capture-pane -pt ":.$1" >"$tmp/pane"
	has_line "$tmp/pane" "^.$2 of lab $LAB. "
}

lab_tmux_is_up() {
	local pid

	read -r pid _ <"/proc/$screen/task/$screen/children" || [ -n "$pid" ] || return
	LAB_DIR=$(grep -ls "^tmux $pid " /run/bpf-drop-lab.*/owner)
	LAB_DIR=${LAB_DIR%/owner} LAB=${LAB_DIR##*.}
	[ "$(lab_in_tmux list-panes 2>/dev/null | wc -l)" = 4 ]
}

lab_end_screen() {
	end_jobs TERM
}

# As if in a tmux of one's own.
ktap_case lab lab_panes "lab: in tmux, each pane is in its part of the lab, new ones, too"
lab_panes() {
	local screen

	need ip nft tmux
	ktap_after_each=lab_end_screen
	mkfifo "$tmp/in"
	TERM=xterm TMUX=/nowhere,1,0 "$tool" screen 80x24 "$here/experiment/lab.sh" tmux \
		<"$tmp/in" >"$tmp/screen" 2>&1 &
	screen=$!
	exec 7>"$tmp/in"
	poll 20 lab_tmux_is_up
	lab_pane 1 out
	lab_pane 2 ctr
	lab_pane 3 host
	lab_in_tmux split-window -h
	lab_pane 4 host
	lab_in_tmux detach-client
	wait "$screen"
	lab_is_gone "$LAB"
}

# A lab in a process of its own, $holder; once it is up, its id is in $tmp/id.
hold_lab() {
	need ip nft
	rm -f "$tmp/id"
	bash -c 'set -eu; . "$1/lib/lab_net.sh"; lab_own test; echo "$LAB" >"$2.new"
		mv "$2.new" "$2"; "${in_out[@]}" sleep 60 & wait' \
		bash "$here" "$tmp/id" >/dev/null 2>&1 &
	holder=$!
}

held() {
	hold_lab
	poll 8 test -e "$tmp/id"
}

ktap_case lab lab_killed "lab: killed, its leftovers go with the next lab, the living stay"
lab_killed() {
	lab_take
	held
	kill -KILL "$holder"
	wait "$holder" 2>/dev/null || true
	[ -e "/run/netns/drop-$(<"$tmp/id")-host" ]
	(lab_own test)
	poll 3 lab_is_gone "$(<"$tmp/id")"
	lab_tcp_passes
}

ktap_case lab lab_removal "lab: its removal, once begun, is not ended by a signal"
lab_removal() {
	local relay removal status=0

	lab_own test
	read -r relay <"$LAB_DIR/relay.pid"
	"${in_host[@]}" env --ignore-signal=TERM sleep 60 &
	poll 3 reads "/proc/$!/comm" sleep
	"$tool" stage down "$LAB_DIR" 1000 &
	removal=$!
	poll 3 is_over "$relay"
	kill "$removal"
	wait "$removal" || status=$?
	[ "$status" = 0 ] || fail "the removal's exit status is $status"
	[ ! -e "$LAB_DIR" ]
}

ktap_case lab lab_interrupted "lab: interrupted, it leaves nothing"
lab_interrupted() {
	local signal moment

	for signal in TERM HUP; do
		held
		kill "-$signal" "$holder"
		wait "$holder" || true
		lab_is_gone "$(<"$tmp/id")" || fail "left by $signal"
	done
	for moment in 0.02 0.04 0.08 0.16; do
		hold_lab
		sleep "$moment"
		kill "$holder"
		wait "$holder" || true
		never grep -l "^test $holder " /run/bpf-drop-lab.*/owner
	done
}

# --- the demo ---

ktap_case demo demo_as_expected "demo: every cell as expected"
demo_as_expected() {
	need curl ip nft
	expect 0 "$here/experiment/demo.sh"
	told "^All 91 cells are as expected"
	never grep -E '.{81}' "$tmp/out"
	# No colour but on a terminal.
	never reads "$tmp/out" $'\e'
}

# A curl that takes a time only as every version of it reads it, in any locale.
strict_curl() {
	mkdir "$tmp/bin"
	cat >"$tmp/bin/curl" <<-'END'
		#!/bin/bash
		[[ " $* " =~ \ -m\ [0-9]+(\.[0-9]+)?\  ]] || { echo "not a plain decimal: $*" && exit 2; }
		PATH=${PATH#*:}
		exec curl "$@"
	END
	chmod +x "$tmp/bin/curl"
}

ktap_case demo2 demo_surprised "demo: what is not as expected is marked, named, and exit status 1"
demo_surprised() {
	local PATH=$PATH

	need curl ip nft
	strict_curl
	PATH=$tmp/bin:$PATH
	sed 's,lost/E2,pass/E2,; /^[WXB]/d' "$here/experiment/demo.expected" >"$tmp/expected"
	expect 1 "$here/experiment/demo.sh" "$tmp/expected"
	told "^E .* lost! "
	told "! E2, TCP from container to docker0: expected pass, got lost"
	told "^1 of 20 cells are not as expected"
}

# --- the experiment's packets ---

# One probe to a neighbour that does not answer takes longer than TCP waits before it
# sends a SYN again; another connection is there when the next state begins.
ktap_case experiment earlier_packets "experiment: nothing of an earlier probe is sent again, or goes on"
earlier_packets() {
	need ip nft tcpdump
	# shellcheck source=/dev/null
	. "$here/experiment/experiment_lib.sh"
	experiment_set_up
	experiment_set_up_taps
	lab_on_host ip neigh add 203.0.113.77 lladdr 02:00:00:00:02:77 dev docker0
	expect 1 "${in_host[@]}" "$tool" probe tcp 203.0.113.77 80 2500
	"${in_host[@]}" bash -c 'exec 5<>/dev/tcp/203.0.113.10/80 && echo open && read -r -u 5' >"$tmp/open" 2>&1 &
	poll 5 reads "$tmp/open" open
	experiment_taps_catch_up
	count 'docker.* 203\.0\.113\.77\.80: Flags \[S\]' "$tmp/tap.host"
	[ "$count" = 1 ]
	lab_quiet
	"$tool" stage rest 0 "drop-$LAB-host" "drop-$LAB-ctr"
}

# --- the objects alone, by other people's loaders ---

ktap_case bare bare_ip_link "xdp_drop_tcp_kern.o by ip link drops at once"
bare_ip_link() {
	lab_take
	lab_on_host ip link set dev veth0 xdp obj "$(built xdp_drop_tcp_kern.o)" sec xdp
	lab_published_lost
	lab_ping_passes
	lab_on_host ip link set dev veth0 xdp off
	lab_published
}

ktap_case bare bare_world "xdp_drop_world_kern.o by ip link drops at once"
bare_world() {
	lab_take
	lab_on_host ip link set dev wan0 xdp obj "$(built xdp_drop_world_kern.o)" sec xdp
	expect 1 "${in_out[@]}" "$tool" probe icmp 198.51.100.1 500
	lab_on_host ip link set dev wan0 xdp off
	"${in_out[@]}" "$tool" probe icmp 198.51.100.1
}

ktap_case bare bare_tc "tc_drop_tcp_kern.o by tc filter drops at once"
bare_tc() {
	lab_take
	lab_on_host tc qdisc add dev veth0 clsact
	lab_on_host tc filter add dev veth0 egress bpf da obj "$(built tc_drop_tcp_kern.o)" sec tc
	lab_published_lost
	lab_ping_passes
	lab_on_host tc filter del dev veth0 egress
	lab_published
}

ktap_case bare bare_bpftool "all objects by bpftool prog load; XDP attached by bpftool net"
bare_bpftool() {
	need bpftool
	lab_take
	lab_on_host bpftool prog load "$(built xdp_drop_world_kern.o)" /sys/fs/bpf/world
	lab_on_host bpftool prog load "$(built tc_drop_tcp_kern.o)" /sys/fs/bpf/tc
	lab_on_host bpftool prog load "$(built xdp_drop_tcp_kern.o)" /sys/fs/bpf/tcp
	lab_on_host bpftool net attach xdp pinned /sys/fs/bpf/tcp dev veth0
	lab_published_lost
	lab_on_host bpftool net detach xdp dev veth0
	lab_published
}

ktap_case bare bare_xdp_loader "xdp_drop_tcp_kern.o by xdp-loader drops at once"
bare_xdp_loader() {
	need xdp-loader
	lab_take
	# It has one lock for the whole machine, and fails when that is taken.
	poll 10 lab_on_host xdp-loader load veth0 "$(built xdp_drop_tcp_kern.o)"
	lab_published_lost
	lab_ping_passes
	poll 10 lab_on_host xdp-loader unload veth0 --all
	lab_published
}

ktap_run "$@"

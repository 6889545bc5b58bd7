#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The lab, for people: bring one up, look into it, take it down. See lab_usage().
set -eu

locale=${LC_ALL-} # a person's, for what that person runs in there
. "$(dirname "$0")/../lib/lab_net.sh"

lab_usage() {
	cat <<-END
		Usage: ${0##*/} [COMMAND]
		  (no command)      bring a lab up, explain it, give a shell on its host;
		                    it goes away when the shell ends
		  tmux              the same in tmux, with a pane for each part of the lab, and
		                    one for drop-where
		  up                bring a lab up that stays until "down"
		  down [ID]         take it down, and end what runs in it
		  shell WHERE       a shell in it; WHERE is out, host or ctr
		  run WHERE CMD...  run one command in it
		  quiet [ID]        end the connections in it: none sends anything again into the
		                    next try
		  list              which labs are up
		If several are up, LAB=ID chooses.
	END
}

# Find the lab that a person means: $1, $LAB, or the only one that is not a test's.
lab_choose() {
	local want=${1:-${LAB-}} file kind owner over found=()

	for file in "$LAB_STATE".*/owner; do
		lab_owner "${file%/owner}" || continue
		case $file in
		"$LAB_STATE.$want/owner") found=("$file") && break ;;
		*) [ -n "$want$over" ] || [ "$kind" = test ] || found+=("$file") ;;
		esac
	done
	case ${#found[@]} in
	0) lab_die "no such lab is up; \"${0##*/} up\" brings one up" ;;
	1) LAB_DIR=${found[0]%/owner} && lab_enter ;;
	*) lab_die "several labs are up; choose one by LAB=ID, see \"${0##*/} list\"" ;;
	esac
}

# A shell in one that is over would be ended by the next lab that comes.
lab_living() {
	local kind owner over

	lab_owner "$LAB_DIR"
	[ -z "$over" ] || lab_die "lab $LAB is over: its process $owner was killed. \"${0##*/} up\" brings up another."
}

lab_list() {
	local file kind owner over

	for file in "$LAB_STATE".*/owner; do
		lab_owner "${file%/owner}" || continue
		file=${file%/owner}
		case $kind$over in
		kept) owner="kept until \"down\"" ;;
		*yes) owner="over: its process $owner was killed; the next lab removes it" ;;
		*) owner="$kind of process $owner" ;;
		esac
		echo "${file##*.}  $owner"
	done
}

# In a lab, another one is seldom meant.
lab_ask() {
	local netns answer=

	for netns in /run/netns/drop-*; do
		[ "$netns" -ef /proc/self/ns/net ] || continue
		printf 'This is in a lab already, in %s. Bring up another one in it (y/n)? ' "${netns##*/}"
		read -r answer || echo
		[[ $answer = [yY]* ]] || { echo "Nothing was brought up." && exit 3; }
	done
}

lab_shell() {
	printf 'PS1="[%s of lab %s] \\W # "\n' "$1" "$LAB" >"$LAB_DIR/$1.bashrc"
	LC_ALL=$locale lab_run "$1" bash --rcfile "$LAB_DIR/$1.bashrc"
}

# The server is in the lab, and nobody else's: so is every pane that it splits off.
lab_tmux() {
	local shell

	shell=$(realpath "$0")
	shell="LAB=$LAB exec ${shell@Q} shell"
	LC_ALL=$locale lab_run host env -u TMUX SHELL=/bin/sh tmux -S "$LAB_DIR/tmux" -f /dev/null \
		new-session "$shell host" \; set -g default-command "$shell host" \; \
		set -g status-left "lab $LAB" \; set -g window-status-current-format "" \; \
		set -g status-right-length 60 \; set -g status-right "Ctrl-b, then an arrow: another pane; d: end the lab" \; \
		split-window -vb -l 66% "$shell out" \; split-window -h "$shell ctr" \; \
		split-window -vbf -l 30% "drop-where veth0 docker0 wan0; $shell host" \; \
		select-pane -t '{bottom}'
}

lab_explain() {
	lab_diagram
	cat <<-END

		Lab $LAB is up. Another terminal, or a pane that your own tmux splits off, is
		outside of it: an eth0 there is the machine's. To come in from there:
		    $0 shell ctr      also "host" and "out"
		    $0 run host curl -m 2 localhost
		To begin with, on the host:
		    curl -m 2 localhost     the published port answers
		    xdp-drop-tcp veth0      until Ctrl-C; meanwhile, from another terminal, the
		                            curl above times out
		    tc-drop-tcp veth0       the same on the packets' way out to the container
		    xdp-drop-tcp --list     what is attached, and where
	END
}

lab_place() {
	case ${1-} in
	out | host | ctr) ;;
	*) lab_usage >&2 && exit 2 ;;
	esac
}

lab_main() {
	local command=${1-}

	[ $# = 0 ] || shift
	case $command in
	"" | tmux)
		[ -z "$command" ] || lab_need tmux
		lab_ask
		lab_own "${command:-shell}"
		if [ -n "$command" ]; then
			lab_tmux || lab_die "tmux failed. It needs a terminal."
		else
			lab_explain
			echo "This is a shell on the host. The lab goes away when it ends (exit, or Ctrl-D)."
			lab_shell host || true
		fi
		echo "Lab $LAB is over."
		;;
	up)
		lab_own kept
		trap - EXIT INT TERM HUP
		lab_explain
		echo "It stays until:"
		echo "    $0 down $LAB"
		;;
	down) lab_choose "${1-}" && lab_down ;;
	shell) lab_place "$@" && lab_choose && lab_living && lab_shell "$1" ;;
	run) lab_place "$@" && lab_choose && lab_living && LC_ALL=$locale lab_run "$@" ;;
	quiet) lab_choose "${1-}" && lab_living && { lab_quiet || lab_die "connections in lab $LAB do not end. End the programs that hold them, or use a kernel with CONFIG_INET_DIAG_DESTROY."; } ;;
	list) lab_list ;;
	-h | --help | help) lab_usage ;;
	*) lab_usage >&2 && exit 2 ;;
	esac
}

lab_main "$@"

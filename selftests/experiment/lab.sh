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
		  up                bring a lab up that stays until "down"
		  down [ID]         take it down, and end what runs in it
		  shell WHERE       a shell in it; WHERE is out, host or ctr
		  run WHERE CMD...  run one command in it
		  list              which labs are up
		If several are up, LAB=ID chooses.
	END
}

# Find the lab that a person means: $1, $LAB, or the only one that is not a test's.
lab_choose() {
	local want=${1:-${LAB-}} file kind found=()

	for file in "$LAB_STATE".*/owner; do
		read -r kind _ 2>/dev/null <"$file" || continue
		case $file in
		"$LAB_STATE.$want/owner") found=("$file") && break ;;
		*) [ -n "$want" ] || [ "$kind" = test ] || found+=("$file") ;;
		esac
	done
	case ${#found[@]} in
	0) lab_die "no such lab is up; \"${0##*/} up\" brings one up" ;;
	1) LAB_DIR=${found[0]%/owner} && lab_enter ;;
	*) lab_die "several labs are up; choose one by LAB=ID, see \"${0##*/} list\"" ;;
	esac
}

lab_list() {
	local file kind owner

	for file in "$LAB_STATE".*/owner; do
		read -r kind owner _ 2>/dev/null <"$file" || continue
		file=${file%/owner}
		case $kind in
		kept) owner="kept until \"down\"" ;;
		*) owner="$kind of process $owner" ;;
		esac
		echo "${file##*.}  $owner"
	done
}

lab_shell() {
	printf 'PS1="[%s of lab %s] \\w # "\n' "$1" "$LAB" >"$LAB_DIR/$1.bashrc"
	LC_ALL=$locale lab_run "$1" bash --rcfile "$LAB_DIR/$1.bashrc"
}

lab_explain() {
	lab_diagram
	cat <<-END

		Lab $LAB is up. From another terminal:
		    $0 shell ctr          a shell in the container; also "host" and "out"
		    $0 run host curl -m 2 localhost
		To begin with, on the host:
		    curl -m 2 localhost              the published port answers
		    xdp-drop-tcp veth0               Ctrl-C ends it; meanwhile, in another terminal,
		                                     repeat the curl above: it times out
		    tc-drop-tcp veth0                the same on the packets' way out to the container
		    xdp-drop-tcp --list              what is attached, and where
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
	"")
		lab_own shell
		lab_explain
		echo "This is a shell on the host. The lab goes away when it ends (exit, or Ctrl-D)."
		lab_shell host || true
		;;
	up)
		lab_own kept
		trap - EXIT INT TERM HUP
		lab_explain
		echo "It stays until:"
		echo "    $0 down $LAB"
		;;
	down) lab_choose "${1-}" && lab_down ;;
	shell) lab_place "$@" && lab_choose && lab_shell "$1" ;;
	run) lab_place "$@" && lab_choose && LC_ALL=$locale lab_run "$@" ;;
	list) lab_list ;;
	-h | --help | help) lab_usage ;;
	*) lab_usage >&2 && exit 2 ;;
	esac
}

lab_main "$@"

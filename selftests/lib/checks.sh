# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2164 # $tmp is a test's, and cd fails under set -e
#
# The tests' common checks, without a prefix; and the one place that knows where built
# files are. To be sourced by bash under `set -eu`. It sets the locale: numbers, messages
# and the order of names are the same for everybody.
#
#   fail WORDS           the test failed, and why
#   skip WORDS           it cannot run here, and why. In a set-up, this is true for all
#                        tests of the group; before ktap_run, for all of the program
#   need TOOL...         skip if a command is missing, and name it
#   need_privileges      the same for the privileges of network namespaces and BPF
#   proc_line PID FILE NAME
#                        in $value: the line of that name of /proc/PID/FILE, or nothing
#   wrote PID            in $wchar: how many bytes a process has written
#   or_skip WORDS CMD…   skip if CMD fails, with these words and the last line of CMD's
#   expect STATUS CMD…   run CMD, output to $tmp/out and $tmp/err; fail unless
#                        it exits with STATUS. It needs CMD
#   said REGEX           fail unless the last expect's standard error matches
#   told REGEX           the same with its standard output; has_line FILE REGEX: of any file
#   poll SECONDS CMD…    repeat CMD until it succeeds; false after SECONDS, or in
#                        a test after four times that: the machine may be busy
#   slack                how many times slower than usual this machine may be:
#                        1, or $EMULATED if that is set; poll waits longer by it
#   never CMD…           fail if CMD succeeds ("! CMD" alone would not)
#   reads FILE TEXT      has the file this text in it by now? For polls: no process
#   is_over PID          has that process ended by now? For polls: no process
#   end_jobs SIGNAL [PID]
#                        signal the background processes of this shell that still run,
#                        or one of them: the number of one that has ended may by now be
#                        that of another's process
#   count REGEX [FILE]   how many lines match, of the last expect's standard output
#                        or of a file: $count
#   lines FILE LEAST [MOST]
#                        has it so many lines?
#   read_text FILE       all of its text: $text
#   copy FROM TO         the text of one file into another
#   is_linux VERSION     is this kernel that version, or later? and has_tcx
#   built NAME           the path of a built file, wherever it is; locate NAME leaves
#                        it in $path, without a process

export LC_ALL=C
slack=${EMULATED:-1}
printf -v check_moment %d.%03d $((slack / 20)) $((50 * slack % 1000)) # asking too often takes the time away

# A binary or object is beside the tests when installed, and in the tree where it was
# built: tool is with its sources.
locate() {
	local top=${BASH_SOURCE[0]%/*}/.. back=$PWD dir

	for dir in "$top" "$top/tool" ${OUTPUT:+"$OUTPUT" "$OUTPUT/tool"} "$top/../samples/bpf"; do
		if [ -f "$dir/$1" ]; then
			cd -P "$dir"
			path=$PWD/$1
			cd "$back"
			return 0 # without it, in a trap: the status from before that
		fi
	done
	echo "$1 is not built: run make first" >&2
	return 1
}

built() {
	local path

	locate "$1" && echo "$path"
}

fail() {
	echo "$*"
	exit 1
}

# The first reason is kept, wherever it was found: in a subshell, or in a command of expect.
skip() {
	if [ -z "${ktap_skip-}" ]; then
		printf 'TAP version 13\n1..0 # SKIP %s\n' "$*"
	elif [ ! -s "$ktap_skip" ]; then
		echo "$*" >"$ktap_skip"
	fi
	exit 4
}

need() {
	local each missing=()

	for each; do
		hash "$each" 2>/dev/null || missing+=("$each")
	done
	[ ${#missing[@]} = 0 ] || skip "needs ${missing[*]}"
}

# All of it at once: read seeks back to each line's end, and what is before that may have
# become shorter meanwhile.
proc_line() {
	local text

	value=
	[ -r "/proc/$1/$2" ] || return 0
	text=$'\n'$(<"/proc/$1/$2")
	[[ ! $text =~ $'\n'$3:[[:space:]]*([^$'\n']*) ]] || value=${BASH_REMATCH[1]}
}

wrote() {
	local value

	proc_line "$1" io wchar
	# shellcheck disable=SC2034 # for callers
	wchar=${value:-0}
}

# In $lacking: what network namespaces and BPF need and this machine, container or chroot
# lacks; empty if nothing. 12 is CAP_NET_ADMIN, 21 CAP_SYS_ADMIN.
privileges() {
	local value capabilities

	lacking=
	proc_line self status CapEff
	capabilities=$((16#${value:-0}))
	if [ "$EUID" != 0 ]; then
		lacking=root
	elif [ ! -e /proc/self/ns/net ]; then
		lacking="/proc: mount -t proc proc /proc"
	elif ((!(capabilities >> 12 & capabilities >> 21 & 1))); then
		lacking="CAP_NET_ADMIN and CAP_SYS_ADMIN, as a privileged container has them"
	elif [ ! -d /sys/fs/bpf ]; then
		lacking="/sys/fs/bpf: a kernel with BPF, and mount -t sysfs sysfs /sys"
	elif [ ! -c /dev/null ]; then
		lacking="/dev with its devices"
	fi
}

need_privileges() {
	local lacking

	privileges
	[ -z "$lacking" ] || skip "needs $lacking"
}

or_skip() {
	local words=$1 output line last=

	shift
	output=$("$@" 2>&1) && return
	while IFS= read -r line; do
		last=${line:-$last}
	done <<<"$output"
	skip "$words: $last"
}

expect() {
	local want=$1 got=0

	shift
	need "$1"
	"$@" >"$tmp/out" 2>"$tmp/err" || got=$?
	[ "$got" = "$want" ] && return
	printf 'exit status %s instead of %s:' "$got" "$want"
	printf ' %q' "$@"
	printf '\n'
	sed 's/^/  /' "$tmp/err" "$tmp/out"
	exit 1
}

has_line() {
	local line

	while IFS= read -r line || [ -n "$line" ]; do
		[[ ! $line =~ $2 ]] || return 0
	done <"$1"
	sed 's/^/  /' "$1"
	echo "no '$2' in that"
	exit 1
}

said() {
	has_line "$tmp/err" "$1"
}

told() {
	has_line "$tmp/out" "$1"
}

reads() {
	local text=

	IFS= read -rd '' text 2>/dev/null <"$1" || true
	[[ $text = *"$2"* ]]
}

is_over() {
	local stat

	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	[[ ${stat##*) } = Z* ]]
}

end_jobs() {
	local pids pid

	pids=$(jobs -rp)
	for pid in $pids; do
		[ "$pid" != "${2:-$pid}" ] || kill "-$1" "$pid" 2>/dev/null || true
	done
}

count() {
	local line

	count=0
	while IFS= read -r line; do
		[[ ! $line =~ $1 ]] || count=$((count + 1))
	done <"${2:-$tmp/out}"
}

lines() {
	local list

	mapfile -t list <"$1"
	[ "${#list[@]}" -ge "$2" ] && [ "${#list[@]}" -le "${3-$2}" ]
}

read_text() {
	IFS= read -rd '' text <"$1" || true
}

copy() {
	local text

	read_text "$1"
	printf '%s' "$text" >"$2"
}

is_linux() {
	local least release

	IFS=. read -ra least <<<"$1"
	IFS=.- read -ra release </proc/sys/kernel/osrelease
	((release[0] > least[0] || (release[0] == least[0] && release[1] >= least[1])))
}

has_tcx() {
	is_linux 6.6
}

never() {
	! "$@"
}

# Wait a moment, without starting a process: nothing is ever written to this pipe.
check_pause() {
	local status=0

	[ -n "${check_pipe-}" ] || exec {check_pipe}<> <(:)
	check_reading=yes
	read -rt "$check_moment" -u "$check_pipe" || status=$?
	check_reading=
	[ -z "$check_status" ] || check_leave
	[ $status -gt 128 ]
}

# For traps: exit. bash 5.2 may crash if that is done while it reads, so check_pause does it then.
check_reading='' check_status=''
check_exit() {
	check_status=$1
	[ -n "$check_reading" ] || check_leave
}

# What is done on exit may pause, too; and it is not to be ended by a second signal.
check_leave() {
	local status=$check_status

	trap '' INT TERM HUP
	check_reading='' check_status=''
	exit "$status"
}

poll() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000 * slack * ${ktap_patience:-1}))

	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		check_pause
	done
}

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# KTAP for shell tests, and the one place that knows where built files are.
# To be sourced by bash under `set -eu`; it defines functions, and sets the locale: numbers,
# messages and the order of names are the same for everybody.
#
#   . "${0%/*}/lib/ktap.sh"
#   ktap_case GROUP FUNCTION WORDS   declare a test: one line of the result
#   ktap_run "$@"                    run them; the status is 0 passed, 1 failed,
#                                    4 all skipped. Arguments choose tests by
#                                    function or group; --list lists them;
#                                    --using REGEX chooses those that run such a command.
#
# Groups run side by side, the tests of a group one after the other. If there
# is a function setup_GROUP, it runs before them, in the same shell; after_each
# follows each test, after_group the last one, whatever happened. $ktap_between is
# a file for what a test leaves to the next one, $ktap_group_pid which outlives both.
#
# A test runs in a subshell of its own under `set -eEu` with an empty $tmp;
# any command that fails, fails the test. In it:
#
#   fail WORDS           the test failed, and why
#   skip WORDS           it cannot run here, and why. In a set-up, this is true for all
#                        tests of the group; before ktap_run, for all of the program
#   need TOOL...         skip if a command is missing, and name it
#   need_privileges      the same for what network namespaces and BPF take
#   or_skip WORDS CMD…   skip if CMD fails, with these words and the last line of CMD's
#   expect STATUS CMD…   run CMD, output to $tmp/out and $tmp/err; fail unless
#                        it exits with STATUS. It needs CMD
#   said REGEX           fail unless the last expect's standard error matches
#   told REGEX           the same with its standard output
#   poll SECONDS CMD…    repeat CMD until it succeeds; false after SECONDS, or in
#                        a test after four times that: the machine may be busy
#   slack                how many times slower than usual this machine may be:
#                        1, or $EMULATED if that is set; poll heeds it
#   never CMD…           fail if CMD succeeds ("! CMD" alone would not)
#   reads FILE TEXT      has the file this text in it by now? For polls: no process
#   is_over PID          has that process ended by now? For polls: no process
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
printf -v ktap_moment %d.%03d $((slack / 20)) $((50 * slack % 1000)) # asking too often takes the time away

# A binary or object stands beside the tests once installed, and in the tree
# where it was built: tool among its sources.
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

# The first reason stands, wherever it was found: in a subshell, or in what expect runs.
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

# What this machine, container or chroot lacks that network namespaces and BPF need, in
# $lacking; nothing if they can be had. 12 is CAP_NET_ADMIN, 21 CAP_SYS_ADMIN.
privileges() {
	local name value capabilities=0

	lacking=
	while read -r name value; do
		[ "$name" != CapEff: ] || capabilities=$((16#$value))
	done 2>/dev/null </proc/self/status || true
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

ktap_match() {
	local line

	while IFS= read -r line || [ -n "$line" ]; do
		[[ ! $line =~ $2 ]] || return 0
	done <"$1"
	echo "no '$2' in:"
	sed 's/^/  /' "$1"
	exit 1
}

said() {
	ktap_match "$tmp/err" "$1"
}

told() {
	ktap_match "$tmp/out" "$1"
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

# A moment, without a process for it: on this pipe, nothing ever comes.
ktap_pause() {
	local status=0

	[ -n "${ktap_pipe-}" ] || exec {ktap_pipe}<> <(:)
	read -rt "$ktap_moment" -u "$ktap_pipe" || status=$?
	[ $status -gt 128 ]
}

poll() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000 * slack * ${ktap_patience:-1}))

	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		ktap_pause
	done
}

ktap_groups=() ktap_tests=()
declare -A ktap_group=() ktap_words=()

ktap_case() {
	[[ " ${ktap_groups[*]-} " == *" $1 "* ]] || ktap_groups+=("$1")
	ktap_tests+=("$2")
	ktap_group[$2]=$1
	shift
	ktap_words[$1]=${*:2}
}

# One group, in a process of its own. A test leaves its log, then its status.
ktap_run_group() {
	local name status

	exec >"$ktap_dir/$1.log" 2>&1 </dev/null
	set -eEu
	ktap_test=
	# shellcheck disable=SC2034 # for what tests have in common
	ktap_between=$ktap_dir/$1.between ktap_group_pid=$BASHPID ktap_skip=$ktap_dir/$1.skip
	# shellcheck disable=SC2064 # the group's name is known now
	trap "ktap_end_group $1" EXIT
	trap 'exit 143' INT TERM HUP
	trap 'echo "${BASH_SOURCE[0]##*/}:$LINENO: status $?: $BASH_COMMAND"' ERR
	if declare -F "setup_$1" >/dev/null; then "setup_$1"; fi
	for name in "${ktap_chosen[@]}"; do
		[ "${ktap_group[$name]}" = "$1" ] || continue
		ktap_run_test "$name" >"$ktap_dir/$name.log" 2>&1 &
		ktap_test=$!
		status=0
		wait "$ktap_test" || status=$?
		ktap_test=
		echo "$status" >"$ktap_dir/$name.status"
	done
}

ktap_end_group() {
	if [ -n "$ktap_test" ]; then
		# It heeds the signal when what it runs just now has ended, too.
		kill "$ktap_test" 2>/dev/null || true
		xargs -r kill <"/proc/$ktap_test/task/$ktap_test/children" || true
		wait "$ktap_test" || true
	fi
	if declare -F after_group >/dev/null; then after_group; fi
}

ktap_run_test() {
	trap 'exit 143' INT TERM HUP
	trap 'if declare -F after_each >/dev/null; then after_each; fi' EXIT
	tmp=$ktap_dir/$1 ktap_skip=$ktap_dir/$1.skip
	"$1"
}

# Print the result of test $2 as line $1; it belongs to the process $3.
ktap_print() {
	local file=$ktap_dir/$2 status=broken log skipped

	until [ -s "$file.status" ] || ! kill -0 "$3" 2>/dev/null; do
		ktap_pause
	done
	log=$file.log skipped=$file.skip
	if [ -s "$file.status" ]; then
		read -r status <"$file.status"
	else
		log=$ktap_dir/${ktap_group[$2]}.log skipped=$ktap_dir/${ktap_group[$2]}.skip
	fi
	[ ! -s "$skipped" ] || status=skipped
	case $status in
	0)
		ktap_passed=$((ktap_passed + 1))
		echo "ok $1 ${ktap_words[$2]}"
		;;
	skipped)
		ktap_skipped=$((ktap_skipped + 1))
		echo "ok $1 ${ktap_words[$2]} # SKIP $(<"$skipped")"
		;;
	*)
		ktap_failed=$((ktap_failed + 1))
		[ "$status" != broken ] || echo "# the set-up of group ${ktap_group[$2]} failed"
		[ ! -e "$log" ] || tail -n 40 "$log" | sed 's/^/# /'
		echo "# reproduce: $0 $2"
		echo "not ok $1 ${ktap_words[$2]}"
		;;
	esac
}

ktap_stop() {
	[ -z "${!ktap_pids[*]}" ] || kill "${ktap_pids[@]}" 2>/dev/null || true
	wait
	rm -rf --one-file-system "$ktap_dir"
}

# Does this stand in function $1, or in one that it calls?
ktap_uses() {
	local body word

	if [ -z "${ktap_found[$1]-}" ]; then
		ktap_found[$1]=no
		body=$(declare -f "$1")
		[[ ! $body =~ [^[:alnum:]_/.-]($2)[^[:alnum:]_/.-] ]] || ktap_found[$1]=yes
		for word in ${body//[^[:alnum:]_]/ }; do
			[ "${ktap_found[$1]}" = no ] || break
			! declare -F "$word" >/dev/null || ! ktap_uses "$word" "$2" || ktap_found[$1]=yes
		done
	fi
	[ "${ktap_found[$1]}" = yes ]
}

ktap_choose_using() {
	local name
	local -A ktap_found=()

	ktap_chosen=()
	for name in "${ktap_tests[@]}"; do
		if ktap_uses "$name" "$1" || ktap_uses "setup_${ktap_group[$name]}" "$1"; then
			ktap_chosen+=("$name")
		fi
	done
}

# Keep the tests that the arguments name; without arguments, all.
ktap_choose() {
	local name

	[ "${1-}" != --using ] || { ktap_choose_using "$2" && return; }
	ktap_chosen=()
	for name in "${ktap_tests[@]}"; do
		if [ $# = 0 ] || [[ " $* " == *" $name "* || " $* " == *" ${ktap_group[$name]} "* ]]; then
			ktap_chosen+=("$name")
		fi
	done
	if [ -z "${ktap_chosen[*]-}" ]; then
		echo "${0##*/}: no such test: $*; --list lists them" >&2
		exit 2
	fi
}

ktap_run() {
	local name group line=0

	if [ "${1-}" = --list ]; then
		for name in "${ktap_tests[@]}"; do
			printf '%-10s %-24s %s\n' "${ktap_group[$name]}" "$name" "${ktap_words[$name]}"
		done
		exit 0
	fi
	ktap_choose "$@"
	[ -n "${ktap_chosen[*]-}" ] || skip "no test uses $2"
	ktap_patience=4
	ktap_dir=$(mktemp -d)
	declare -A ktap_pids=()
	trap ktap_stop EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	mkdir "${ktap_chosen[@]/#/$ktap_dir/}"
	ktap_passed=0 ktap_failed=0 ktap_skipped=0
	echo "TAP version 13"
	echo "1..${#ktap_chosen[@]}"
	for name in "${ktap_chosen[@]}"; do
		group=${ktap_group[$name]}
		[ -z "${ktap_pids[$group]-}" ] || continue
		ktap_run_group "$group" &
		ktap_pids[$group]=$!
	done
	for name in "${ktap_chosen[@]}"; do
		line=$((line + 1))
		ktap_print "$line" "$name" "${ktap_pids[${ktap_group[$name]}]}"
	done
	echo "# Totals: pass:$ktap_passed fail:$ktap_failed xfail:0 xpass:0 skip:$ktap_skipped error:0"
	[ "$ktap_failed" = 0 ] || return 1
	[ "$ktap_passed" != 0 ] || return 4
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mutants.sh [NAME...]: plants small faults, one at a time, in a copy of this tree, and tells
# which test catches each. A NAME is that of a mutant or of a file of them. $TESTS: the tests
# to try instead of those in the files. $PATIENCE: seconds for one of them. $KEEP: a directory
# for the copy, which stays and is not built anew the next time.
#
# In the files *.mutants beside this one, the first two characters of a line mean:
#
#   @ FILE      where the next mutants are
#   : TEST…     which tests are tried, until one fails: NAME, FILE.sh or FILE.sh:TEST of
#               selftests; "prove" is make prove, "prove:NAME" one of its proofs
#   = NAME WORDS…   a mutant:
#   - TEXT          this is in the file, once; more lines may follow, each behind "- "
#   + TEXT          and is replaced by this
#   ! HOW           it is caught before: "build", or "verifier", which refuses it
#   ~ WORDS…        or no test can catch it, and why
#
# A test that fails has to pass without the fault. The status is 0 if all was as the files say.
set -eu
export LC_ALL=C

here=$(dirname "$(realpath "$0")")
top=${here%/*/*}
patience=${PATIENCE:-120}
names=() words=() files=() tests=() before=() after=() expected=() why=() # of each mutant
failed=0
child=
declare -A sound=() number=([failure]=0 [build]=0 [verifier]=0 [survives]=0 [skipped]=0)

# Adds the mutants of file $1 that the other arguments choose; without, all.
read_mutants() {
	local group=$1 line rest file='' try='' last=-1

	while IFS= read -r line; do
		rest=${line:2}
		case ${line:0:2} in
		'@ ') file=$rest ;;
		': ') try=$rest ;;
		'= ')
			last=-1
			[ $# = 1 ] || [[ " ${*:2} " = *" $group "* || " ${*:2} " = *" ${rest%% *} "* ]] || continue
			last=${#names[@]}
			names+=("${rest%% *}") words+=("$group: ${rest#* }") files+=("$file") tests+=("$try")
			before+=('') after+=('') expected+=(failure) why+=('')
			;;
		- | + | [-+!~]' ')
			[ "$last" -ge 0 ] || continue
			case $line in
			-*) before[last]+=${before[last]:+$'\n'}$rest ;;
			+*) after[last]+=${after[last]:+$'\n'}$rest ;;
			!*) expected[last]=$rest ;;
			~*) expected[last]=survives why[last]=$rest ;;
			esac
			;;
		esac
	done <"$here/$group.mutants"
}

stop_mutants() {
	trap '' INT TERM HUP
	[ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null || :
	[ -n "${KEEP-}" ] || rm -rf --one-file-system "$dir"
}

# Runs a command for so many seconds at most, its output in $dir/log. In the background: a
# signal ends the waiting at once. But such a process would ignore SIGINT, and so would its own.
run_limited() {
	local status=0

	env --default-signal=INT,QUIT timeout --kill-after=20 "$@" </dev/null >"$dir/log" 2>&1 &
	child=$!
	wait "$child" || status=$?
	child=
	return "$status"
}

make_programs() {
	run_limited 900 make -s -f "$tree/samples/bpf/Kbuild" "obj=$tree/samples/bpf" "DROP_KDIR=$kernel" "$@"
}

make_tests() {
	run_limited 900 make -s -C "$tree/selftests" "KDIR=$kernel" "${@/#/$tree/selftests/}"
}

# Whatever test $1 depends on, and no more; the fault is in file $2. What is in user.a comes
# after all skeletons, so it is left alone where it stays the same.
build() {
	local user=()

	[[ $2 != user/* ]] || user=("$tree/samples/bpf/build/user.a")
	case $1 in
	prove*) ;;
	*.sh*) make_programs pairs && make_tests tool/tool ;;
	*_native) make_tests "$1" ;;
	select) make_programs "$tree"/samples/bpf/*_select_kern.o "${user[@]}" && make_tests select ;;
	*) make_programs "$tree"/samples/bpf/*_{world,tcp}_kern.o && make_tests "$1" ;;
	esac
}

try() {
	local program=$tree/selftests/${1%%:*}

	[ "${1%%:*}" != prove ] || program=$tree/selftests/proof/prove.sh
	[ -x "$program" ] || return 4
	case $1 in
	*:*) run_limited "$patience" "$program" "${1#*:}" ;;
	*) run_limited "$patience" "$program" ;;
	esac
}

restore() {
	rsync -a --delete "$dir/base/" "$tree/"
}

# Does test $1 pass without a fault? The tree becomes that of no mutant.
is_sound() {
	restore
	[ -n "${sound[$1]-}" ] || { try "$1" && sound[$1]=0; } || sound[$1]=1
	return "${sound[$1]}"
}

plant_fault() {
	local text rest

	text=$(<"$tree/$1")
	rest=${text#*"$2"}
	[[ $text = *"$2"* && $rest != *"$2"* ]] && printf '%s\n' "${text%%"$2"*}$3$rest" >"$tree/$1"
}

# In $got: what tests $1 make of the fault in file $2, as in $expected; $by: which test has told.
# If one cannot run here, none of the others says that the fault survives, unless it has to ($3).
catch() {
	local test status unknown=''

	got=skipped by=
	for test in $1; do
		by=$test
		if ! build "$test" "$2"; then
			got=build by='the compiler'
			return
		fi
		status=0
		try "$test" || status=$?
		case $status in
		0) got=survives ;;
		4) unknown=yes ;;
		*)
			got=failure
			! grep -q 'the verifier: \|# .*cannot load ' "$dir/log" || got=verifier by='the verifier'
			return
			;;
		esac
	done
	[ -z "$unknown" ] || [ "$3" = survives ] || got=skipped
}

# Line $1 + 1 of the result.
judge_mutant() {
	local line="$(($1 + 1)) ${words[$1]} (${names[$1]})" began=$SECONDS got by note='' wrong=''

	restore
	if plant_fault "${files[$1]}" "${before[$1]}" "${after[$1]}"; then
		catch "${TESTS:-${tests[$1]}}" "${files[$1]}" "${expected[$1]}"
		case $got in
		skipped) note="SKIP not all of its tests can run here" ;;
		survives) note="survives: ${why[$1]:-no test fails}" ;;
		*) note="caught by $by in $((SECONDS - began)) s" ;;
		esac
		case $got in
		"${expected[$1]}" | skipped) ;;
		*) wrong="$note, not as its file says" ;;
		esac
	else
		wrong="${files[$1]} does not have its text once"
	fi
	if [ -z "$wrong" ] && [ "$got" = failure ] && ! is_sound "$by"; then
		wrong="$by fails without it, too"
	fi
	if [ -z "$wrong" ]; then
		number[$got]=$((${number[$got]} + 1))
		echo "ok $line # $note"
		return
	fi
	[ ! -s "$dir/log" ] || tail -n 10 "$dir/log" | sed 's/^/# /'
	failed=$((failed + 1))
	echo "not ok $line # $wrong"
}

for file in "$here"/*.mutants; do
	file=${file##*/}
	read_mutants "${file%.mutants}" "$@"
done
[ ${#names[@]} != 0 ] || { echo "mutants.sh: no such mutant: $*" >&2; exit 2; }
for need in git rsync; do
	command -v $need >/dev/null || { echo "1..0 # SKIP needs $need"; exit 4; }
done
kernel=$(realpath "${KDIR:-$("$top/scripts/kernel-source.sh")}")
dir=${KEEP:-$(mktemp -d)}
tree=$dir/tree
mkdir -p "$tree" "$dir/base"
trap stop_mutants EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

echo "TAP version 13"
echo "1..${#names[@]}"
# A mutant may still be there.
[ ! -e "$dir/base/Makefile" ] || restore
git -C "$top" -c "safe.directory=$top" ls-files -zco --exclude-standard |
	rsync -a --from0 --files-from=- --ignore-missing-args "$top/" "$tree/"
ln -sfn "$top/.cache" "$tree/.cache" # what make prove has fetched
if ! make_programs pairs || ! make_tests; then
	sed 's/^/# /' "$dir/log"
	echo "Bail out! The tree does not build"
	exit 1
fi
rsync -a --delete "$tree/" "$dir/base/"
for ((i = 0; i < ${#names[@]}; i++)); do
	judge_mutant "$i"
done
echo "# ${#names[@]} mutants: ${number[failure]} caught by a test, $((number[build] + number[verifier])) before," \
	"${number[survives]} survive for a reason, ${number[skipped]} skipped, $failed not as expected"
[ $failed = 0 ]

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# prove.sh [NAME...]: prove what the files NAME.c beside this one say, all of them without a
# NAME, and see each of their faults found. See Documentation/proof.rst.
#
# Each proof is limited to $SECONDS_MOST of CPU time and $MIB_MOST of memory.
set -eu
export LC_ALL=C

here=$(dirname "$(realpath "$0")")
top=${here%/*/*}
libbpf=$top/samples/bpf/build/libbpf/include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
number=0 failed=0 properties_all=0 mib_most=0

if ! cbmc=$("$top/scripts/cbmc.sh"); then
	echo "SKIP: nothing is proved: there is no cbmc, see above"
	exit 4
fi
[ -e "$libbpf/bpf/bpf_helpers.h" ] || { echo "prove.sh: libbpf's headers are missing. Run make first." >&2; exit 1; }

# Of the last proof: how many properties it has, and what it used
properties=0 seconds=0 mib=0

# How file $1 is to be proved, and its faults
how() {
	sed -n 's/^ \* prove: *//p' "$here/$1.c"
}

faults() {
	sed -n "s/^$1 //p" "$here/faults"
}

# "pointer + constant > end", the verifier's idiom, compares pointers behind the frame, which ISO C
# does not define. It is no read: only these checks are left out.
properties() {
	"$cbmc" "$@" --show-properties 2>"$work/log" |
		awk '/^Property / { sub(/:$/, "", $2); if ($2 !~ /\.pointer_arithmetic\./) print "--property\n" $2 }'
}

# Runs a command within the limits; its last line then has its CPU seconds and MiB.
limited() (
	ulimit -t "${SECONDS_MOST:-60}" -v $((1024 * ${MIB_MOST:-4096}))
	exec python3 -c 'if True:
		import resource, subprocess, sys
		status = subprocess.call(sys.argv[1:])
		used = resource.getrusage(resource.RUSAGE_CHILDREN)
		print("%.1f %d" % (used.ru_utime + used.ru_stime, used.ru_maxrss // 1024), flush=True)
		sys.exit(status if status >= 0 else 128 - status)' "$@"
)

# Proves file $2 of the tree $1 in byte order $3. The status is cbmc's: 0, 10 if it is not so, or another.
prove_file() {
	local tree=$1 name=$2 order=$3 unwind options arguments asked status=0

	read -r unwind _ options < <(how "$name")
	arguments=("$tree/selftests/proof/$name.c" -D_GNU_SOURCE -Dvolatile=)
	[ "$order" = little ] || arguments+=(--big-endian -DBIG "-I$tree/selftests/proof/big")
	arguments+=("-I$tree/selftests" "-I$tree/bpf_progs" "-I$tree/user" "-I$libbpf")
	mapfile -t asked < <(properties "${arguments[@]}")
	properties=$((${#asked[@]} / 2)) seconds=0 mib=0
	[ "$properties" -gt 0 ] || return 1
	# shellcheck disable=SC2206 # one word, one option
	arguments+=(--unwind "$unwind" --unwinding-assertions $options --stop-on-fail "${asked[@]}")
	# A trace of what is sliced has no frame to show.
	grep -q shown "$here/$name.c" || arguments+=(--slice-formula)
	limited "$cbmc" "${arguments[@]}" >"$work/log" 2>&1 || status=$?
	read -r seconds mib < <(tail -n1 "$work/log") || :
	# What has no body would do anything, but write nothing.
	! grep 'no body for' "$work/log" || status=1
	return $status
}

# The last value of the number $1 in cbmc's trace; 0 is not in it, if it was there at first.
last_value() {
	awk -F'[= ]+' -v name="$1" '$2 == name { value = $3 + 0 } END { print value + 0 }' "$work/log"
}

# If the proof is one of a frame, what it is.
show_frame() {
	local hex type=TYPE_ETHERNET

	hex=$(awk -F'[][= ]+' '$2 == "shown" { at = $3 + 0; byte[at] = $4 + 0; if (at > last) last = at }
		END { for (i = 0; last && i <= last; i++) printf "%02x", byte[i] }' "$work/log")
	[ -n "$hex" ] || return 0
	[ "$(last_value is_ip)" = 0 ] || type=TYPE_IP
	echo "# As far as it is read, the frame ($type, $(last_value tags) tags taken off) is $hex"
	echo "# To make it a case, add a row to frames/frames.c, with what IP carries in it:"
	echo "#     CASE(\"NAME\", $type, IPPROTO_TCP, HEX(\"$hex\")),"
}

result() {
	number=$((number + 1))
	echo "$1 $number $2"
	[ "$1" = ok ] || failed=$((failed + 1))
}

check_proof() {
	local name=$1 order=$2

	if prove_file "$top" "$name" "$order"; then
		result ok "$name, $order endian: $properties properties, $seconds s, $mib MiB"
		properties_all=$((properties_all + properties))
		[ "$mib" -le "$mib_most" ] || mib_most=$mib
		return
	fi
	sed -n '/^Violated property:/,$p' "$work/log" | sed 's/^/# /' | grep . ||
		tail -n 5 "$work/log" | sed 's/^/# /'
	show_frame
	result 'not ok' "$name, $order endian"
}

# The fault $2, "FILE: TEXT => OTHER", planted in a copy: TEXT has to be there, and once.
check_fault() {
	local name=$1 file=${2%%: *} change=${2#*: } before after text rest status=0

	before=${change%% => *} after=${change#* => }
	text=$(cat "$top/$file" && echo .)
	rest=${text#*"$before"}
	if [ "$rest" = "$text" ] || [[ $rest = *"$before"* ]]; then
		echo "# $file has this not once, but never or more often"
		result 'not ok' "$name, with the fault: $change"
		return
	fi
	printf %s "${text%%"$before"*}$after${rest%.}" >"$work/tree/$file"
	prove_file "$work/tree" "$name" little || status=$?
	cp "$top/$file" "$work/tree/$file"
	if [ "$status" = 10 ]; then
		result ok "$name, finds the fault: $change"
	else
		tail -n 5 "$work/log" | sed 's/^/# /'
		result 'not ok' "$name, does not find the fault: $change"
	fi
}

[ $# -gt 0 ] || for file in "$here"/*.c; do
	file=${file##*/}
	set -- "$@" "${file%.c}"
done
mkdir -p "$work/tree/selftests"
cp -r "$top/bpf_progs" "$top/user" "$work/tree"
cp -r "$here" "${here%/*}/frames" "$work/tree/selftests"

cat <<-END
	KTAP version 1
	# CBMC $("$cbmc" --version). Assumed: CBMC and gcc's preprocessor are right. It is the C source that
	# is proved, with this machine's sizes of types, not the BPF code that clang makes of it, nor
	# the JIT's; an asm does what the C beside it says. VLAN tags in the metadata: 0 to 4. What a proof
	# leaves open is said in its file.
	1..$(for name; do faults "$name"; how "$name" | sed 's/ both/&\n/'; done | wc -l)
END
for name; do
	check_proof "$name" little
	! how "$name" | grep -q ' both' || check_proof "$name" big
	while IFS= read -r fault; do
		check_fault "$name" "$fault"
	done < <(faults "$name")
done
echo "# Totals: pass:$((number - failed)) fail:$failed; $properties_all properties, $SECONDS s, at most $mib_most MiB"
[ "$failed" = 0 ]

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# matrix.sh: run the installed test collection on a list of kernels under QEMU;
# see Documentation/matrix.rst. To be run by make matrix.
#
#   KERNELS         which; versions, Debian packages, directories, built trees
#   TESTS           which programs, ".sh" may be left out; "kselftest" alone runs
#                   run_kselftest.sh instead
#   KERNEL_TIMEOUT  seconds for one kernel, TEST_TIMEOUT for one program
#   MATRIX_JOBS     how many guests at a time, GUEST_JOBS how many programs in each
#   ACCEL           tcg, kvm or auto: kvm if a kernel boots by it in 10 s
#   PLANT           KERNEL=fail|panic|hang|freeze|short|exit: do harm there, to
#                   see that it is reported
#   UPDATE          yes: fetch the newest packages; else what is cached will do
#   RESULTS         where the results go, else results/ and the time
#
# matrix.sh --dry-run only checks all this, and prints what would be run: a kernel's
# name in the results and what it is; the tests.
#
# Exits with 0 if all went as expected, 1 if not, 2 if it could not be tried.
set -eu
export LC_ALL=C

called_from=$PWD
cd "$(dirname "$0")/../.."
export CACHE=${CACHE:-$PWD/.cache/matrix}
[[ $CACHE = /* ]] || CACHE=$called_from/$CACHE
export TEST_TIMEOUT=${TEST_TIMEOUT:-300} KERNEL_TIMEOUT=${KERNEL_TIMEOUT:-1200}
export MATRIX_START=$EPOCHSECONDS GUEST_JOBS=${GUEST_JOBS:-2}
expected=${EXPECTED:-scripts/matrix/expected}

stop_all() {
	trap '' INT TERM HUP
	# shellcheck disable=SC2046 # one word, one process
	kill $(jobs -p) 2>/dev/null || :
	wait
}

say() {
	printf '  %-7s %s\n' "$1" "$2"
}

refuse() {
	echo "matrix.sh: $*" >&2
	exit 2
}

# What the word $1 of KERNELS means, into $what: a version or a package of Debian's, or
# else the full path of a directory. And its name in the results into $name: made of that
# alone, so it is the same in every run, and no other kernel's.
resolve() {
	local hash

	case $1 in
	*/*) ;;
	linux-image-* | linux-binary-* | [0-9]*)
		[[ ! $1 =~ [^A-Za-z0-9.+~-] ]] || refuse "$1 is neither a version nor a package of Debian's"
		what=$1 name=${1//\~/_}
		return
		;;
	esac
	what=$(cd "$called_from" && realpath -e -- "$1" 2>/dev/null) || :
	[ -d "$what" ] ||
		refuse "there is no directory $1, and no version or package of Debian's is called so"
	hash=$(sha256sum <<<"$what")
	name=${what##*/}
	name=${name//[^A-Za-z0-9.+-]/_}@${hash:0:6}
}

# The kernels' names into $kernels, and what they are into $asked.
read_kernels() {
	local words word what name

	read -rd '' -a words <<<"${KERNELS:-5.10 6.1 6.12 6.18 7.3}" || :
	kernels=()
	for word in "${words[@]}"; do
		resolve "$word"
		[ -z "${asked[$name]-}" ] || refuse "KERNELS: the same kernel twice: ${asked[$name]}"
		kernels+=("$name")
		asked[$name]=$what
	done
	[ "${#kernels[@]}" != 0 ] || refuse "KERNELS has no kernel in it"
}

# The kernel's name into $harmed, and what is to be planted there into $harm.
read_plant() {
	local what name

	harmed='' harm=''
	[ -n "${PLANT-}" ] || return 0
	resolve "${PLANT%=*}"
	harmed=$name harm=${PLANT##*=}
	[ -n "${asked[$harmed]-}" ] || refuse "PLANT: ${PLANT%=*} is not among KERNELS"
	[[ " fail panic hang freeze short exit " == *" $harm "* ]] ||
		refuse "PLANT: $harm is no harm that could be planted"
}

# Is what the directory $2 has the kernel $1, as it was asked for?
is_from() {
	local origin

	[ -s "$2/version" ] || return
	origin=$(<"$2/origin")
	case ${asked[$1]} in
	/*) [ "$origin" = "${asked[$1]}" ] ;;
	linux-*) [ "${origin% *}" = "${asked[$1]}" ] ;;
	*) [[ $origin = linux-@(image|binary)-"${asked[$1]}"[.+~-]* ]] ;;
	esac
}

# Only Debian's are cached: others may have changed since. This run has links to what is
# cached, as another run may replace it.
fetch_kernel() {
	local here=$tmp/kernels/$1 into

	into=$here
	[[ ${asked[$1]} = /* ]] || into=$CACHE/kernels/$1
	if [ -n "${UPDATE-}" ] || ! is_from "$1" "$into"; then
		say KERNEL "${asked[$1]}"
		scripts/matrix/kernel.sh "${asked[$1]}" "$into" || return
		is_from "$1" "$into" || { say WRONG "this is $(<"$into/origin")" && return 1; }
	fi
	[ -e "$into/image" ] || scripts/matrix/unpack.sh "$into/bzImage" "$into/image" || return
	[ "$into" = "$here" ] || cp -al "$into" "$here"
}

# One that has two names, as a version and as that version's package, is refused, too.
fetch_kernels() {
	local name origin
	declare -A had_as

	for name in "${kernels[@]}"; do
		if ! fetch_kernel "$name"; then
			say FAILED "${asked[$name]}: cannot be had"
			continue
		fi
		origin=$(<"$tmp/kernels/$name/origin")
		[ -z "${had_as[$origin]-}" ] ||
			refuse "KERNELS: the same kernel twice: ${had_as[$origin]} and ${asked[$name]} are both $origin"
		had_as[$origin]=${asked[$name]}
		had+=("$name")
	done
	[ "${#had[@]}" != 0 ] || exit 2
}

# Another list of packages makes another userland.
fetch_userland() {
	local cached

	cached=$CACHE/userland-$( (cat scripts/matrix/userland.sh && scripts/bootstrap.sh --list test) |
		sha256sum | head -c 12).cpio
	if [ -n "${UPDATE-}" ] || [ ! -e "$cached" ]; then
		say GUEST "${cached##*/}"
		scripts/matrix/userland.sh "$cached" || return
		find "$CACHE" -maxdepth 1 -name 'userland-*' ! -name "${cached##*/}*" -delete
	fi
	userland=$tmp/userland
	ln "$cached" "$userland"
	ln "$cached.packages" "$userland.packages"
}

# All that is cached, one run after the other. What killed runs left goes, too.
fetch() {
	exec 8>"$CACHE/lock"
	flock -n 8 || { say WAIT "for another run to fetch what it needs" && flock 8; }
	find "$CACHE" -maxdepth 1 -name 'run.*' -mtime +1 -exec rm -rf {} +
	fetch_userland || exit 2
	fetch_kernels
	exec 8>&-
}

# The collection as gen_tar packs it, and the guest's one service.
pack_collection() {
	make -s -C selftests install_all INSTALL_PATH="$tmp/root/opt/kselftest" >/dev/null
	install scripts/matrix/guest.sh "$tmp/root/init"
	(cd "$tmp/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$tmp/collection.cpio"
}

# initrd_for KERNEL GUEST
initrd_for() {
	cat "$userland" "$tmp/kernels/$1/modules.cpio" "$tmp/collection.cpio" \
		>"$tmp/initrd.$2"
}

# That the device is there says nothing. What a try said holds until the next boot.
choose_accel() {
	local boot verdict

	export ACCEL=${ACCEL:-auto}
	[ "$ACCEL" = auto ] || return 0
	ACCEL=tcg
	[ -w /dev/kvm ] || return 0
	read -r boot verdict 2>/dev/null <"$CACHE/kvm" || :
	if [ "${boot-}" = "$(</proc/sys/kernel/random/boot_id)" ]; then
		ACCEL=$verdict
		return
	fi
	initrd_for "${had[0]}" probe
	if PLANT='' TESTS='' KERNEL_TIMEOUT=10 ACCEL=kvm scripts/matrix/boot.sh probe "$tmp/kernels/${had[0]}" \
		"$tmp/initrd.probe" "$tmp/probe" >/dev/null && grep -qs ' end 0$' "$tmp/probe/ktap"; then
		ACCEL=kvm
	else
		say NOTE "/dev/kvm is there, but no kernel boots by it in 10 s: emulating"
	fi
	echo "$(</proc/sys/kernel/random/boot_id) $ACCEL" >"$CACHE/kvm"
}

# As many as there are CPUs, if each of them finds 1.5 GB to live in. More would be
# slower: they drive each other's translated code out of the caches.
how_many() {
	local room most

	most=$(nproc)
	room=$(awk '/^MemAvailable/ { print int($2 / 1536 / 1024) }' /proc/meminfo)
	echo $((room < 1 ? 1 : room < most ? room : most))
}

# "MS PROGRAM" for each of these, by what it took the last time.
with_ms() {
	tr ' ' '\n' <<<"$1" | awk 'FNR == NR { ms[$1] = $2; next }
		{ print $1 in ms ? ms[$1] : 10000, $1 }' "$DURATIONS" -
}

longest_first() {
	with_ms "$1" | sort -k1,1nr | cut -d' ' -f2 | paste -sd' '
}

# What each of the guests that run still has to do, in ms, the least first.
busy() {
	local name

	for name in "${started[@]}"; do
		cat "$LEFT/$name" 2>/dev/null || :
	done | awk '{ print $1 - $2 }' | sort -n | paste -sd' '
}

# "PART PROGRAM…" for each of $1 parts: the next goes to the part with the least to do so far.
# Part 1 begins now, the others when those end that run.
deal() {
	with_ms "$TESTS" | awk -v parts="$1" -v busy="$(busy)" '
		BEGIN { split("0 " busy, sum, " ") }
		{
			least = 1
			for (i = 2; i <= parts; i++) if (sum[i] < sum[least]) least = i
			sum[least] += $1
			programs[least] = programs[least] " " $2
		}
		END { for (i = 1; i <= parts; i++) print i programs[i] }'
}

# The guests to come, "KERNEL PART PROGRAM…" each. Kernels that are left when the others
# have been dealt evenly are shared by all, or CPUs would be idle in the end.
plan() {
	local rest parts part programs kernel

	guests=()
	read -ra programs <<<"$TESTS"
	rest=$((${#had[@]} % MATRIX_JOBS))
	for kernel in "${had[@]}"; do
		parts=1
		[ "${#guests[@]}" -lt $((${#had[@]} - rest)) ] || parts=$MATRIX_JOBS
		[ "$parts" -lt "${#programs[@]}" ] || parts=1
		while read -r part; do
			guests+=("$kernel $part")
		done < <(deal "$parts")
	done
}

# The directory of a guest, of the first two of these words.
name_of() {
	if [ "$2" = 1 ]; then echo "$1"; else echo "$1~$2"; fi
}

# How long what each guest has to do took the last time, here or where this was written.
estimate() {
	local guest name words

	for guest in "${guests[@]}"; do
		read -ra words <<<"$guest"
		name=$(name_of "${words[@]}")
		[[ " ${started[*]} " != *" $name "* ]] || continue
		with_ms "${words[*]:2}" | awk '{ sum += $1 } END { print sum, 0, 0 }' >"$LEFT/$name"
	done
}

# The middle of what each program took on the kernels.
remember_durations() {
	{
		awk -F '\t' '$2 ~ /^[a-z]/ && $2 != "kernel" && $5 && !seen[$1, $2]++ { print $2, $5 }' \
			"$results/points.tsv" | sort -k1,1 -k2,2n | awk '
			function out() { if (n) print last, ms[int((n + 1) / 2)] }
			$1 != last { out(); last = $1; n = 0 }
			{ ms[++n] = $2 }
			END { out() }'
		cat "$DURATIONS"
	} | awk '/^[a-z]/ && !seen[$1]++' >"$tmp/durations"
	cp "$tmp/durations" "$CACHE/durations.$$"
	mv "$CACHE/durations.$$" "$CACHE/durations"
}

# One guest from boot to points; its words are plan's.
run_guest() {
	local name into tests plant='' from=$tmp/kernels/$1

	name=$(name_of "$1" "$2")
	into=$results/$name
	tests=${*:3}
	if [[ $harmed = "$1" && $2 = 1 ]]; then
		plant=$harm
		tests+=" planted.sh"
	fi
	initrd_for "$1" "$name"
	TESTS=$tests PLANT=$plant scripts/matrix/boot.sh "$name" \
		"$from" "$tmp/initrd.$name" "$into" &
	# shellcheck disable=SC2064 # this very process
	trap "kill $!" TERM
	wait $!
	rm "$tmp/initrd.$name"
	cp "$from/release" "$from/version" "$from/origin" "$into/"
	awk -v kernel="$1" -v tests="$tests" -f scripts/matrix/judge.awk \
		from=expected "$expected" from=release "$into/release" from=version "$into/version" \
		from=boot "$into/boot" from=ktap "$into/ktap" from=console "$into/console" >"$into/points.new"
	mv "$into/points.new" "$into/points.tsv" # judged to the end
}

# What of its configuration changes how packets and programs are treated.
facts() {
	local config=$tmp/kernels/$1/config

	[ -e "$config" ] || { echo unknown && return; }
	grep -E '^CONFIG_(HZ|PREEMPT(_NONE|_VOLUNTARY|_LAZY|_RT)?|BPF_JIT_ALWAYS_ON|DEBUG_INFO_BTF|PREEMPT_DYNAMIC|KASAN|PROVE_LOCKING)=' \
		"$config" | sed 's/^CONFIG_//' | paste -sd' '
}

# A kernel or a part of which there are no points was not tested, and that is said.
collect() {
	local kernel guest words into seconds from

	for kernel in "${kernels[@]}"; do
		[[ " ${had[*]} " != *" $kernel "* ]] || continue
		printf '%s\tkernel\tboot\tfail\t0\tcould not be had: see above\n' "$kernel" >>"$results/points.tsv"
		printf '%s\t-\t%s\t0\t-\t-\t-\n' "$kernel" "${asked[$kernel]}" >>"$results/kernels.tsv"
	done
	for kernel in "${had[@]}"; do
		from=$tmp/kernels/$kernel
		for guest in "${guests[@]}"; do
			read -ra words <<<"$guest"
			[ "${words[0]}" = "$kernel" ] || continue
			into=$results/$(name_of "${words[@]}")
			if [ -s "$into/points.tsv" ]; then
				cat "$into/points.tsv"
			else
				printf '%s\tkernel\tboot\tfail\t0\tran, but its report could not be judged: see above\n' "$kernel"
			fi
		done | awk -F '\t' '$2 != "kernel" { print; next }
			!seen[$0]++ { last = last $0 "\n" } # parts that ended well say so once
			END { printf "%s", last }' >>"$results/points.tsv"
		seconds=$(cat "$results/$kernel"{,~*}/boot 2>/dev/null | awk '$1 == "seconds" && $2 > most { most = $2 } END { print most + 0 }')
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$kernel" "$(<"$from/release")" "$(<"$from/origin")" \
			"$seconds" "$ACCEL" "$(facts "$kernel")" "$(<"$from/version")" >>"$results/kernels.tsv"
	done
}

tools() {
	qemu-system-x86_64 --version | head -n1
	samples/bpf/xdp-drop-tcp --version
	echo "tests: $(git -c safe.directory='*' describe --always --dirty 2>/dev/null || echo unknown)"
	echo "guest: $(grep -E '^(bash|iproute2|nftables|nginx|bpftool|xdp-tools) ' "$userland.packages" |
		paste -sd, | sed 's/,/, /g')"
}

# It comes last and at once: with it, a run is finished.
to_json() {
	jq -n --rawfile kernels "$results/kernels.tsv" --rawfile points "$results/points.tsv" \
		--rawfile tools "$results/tools" '
		def rows: split("\n") | map(select(. != "") | split("\t"));
		{
			tools: ($tools | split("\n") | map(select(. != ""))),
			kernels: ($kernels | rows | map({name: .[0], release: .[1], origin: .[2],
				seconds: (.[3] | tonumber), accelerator: .[4], config: .[5], version: .[6]})),
			points: ($points | rows | map({kernel: .[0], program: .[1], point: .[2], result: .[3],
				program_ms: (.[4] | tonumber), reason: .[5]}))
		}' >"$results/results.json.new"
	mv "$results/results.json.new" "$results/results.json"
}

# The last lines of the console of a guest that failed.
show_ends() {
	local into words guest

	for guest in "${guests[@]}"; do
		read -ra words <<<"$guest"
		into=$results/$(name_of "${words[@]}")
		grep -qsP '^[^\t]*\tkernel\t[^\t]*\tfail' "$into/points.tsv" || continue
		echo
		echo "The last lines of the console of ${into%/}:"
		tail -n 12 "$into/console" | tr -d '\r' | cut -c1-150 | sed 's/^/    /'
	done
}

# A directory of this run's own, or the one that was asked for, without what another run
# has left there.
make_results() {
	local kernel now i

	results=${RESULTS-}
	if [ -z "$results" ]; then
		mkdir -p results
		now=$(date +%Y-%m-%d-%H%M%S)
		results=results/$now
		for ((i = 2; i < 10; i++)); do
			! mkdir "$results" 2>/dev/null || break
			results=results/$now-$i
		done
	elif [[ $results != /* ]]; then
		results=$called_from/$results
	fi
	mkdir -p "$results"
	rm -f "$results"/results.* "$results"/{points,kernels}.tsv "$results/tools"
	for kernel in "${kernels[@]}"; do
		rm -rf "${results:?}/$kernel" "$results/$kernel"~*
	done
}

case ${1-} in
'' | --dry-run) ;;
-h | --help)
	awk 'NR > 3 && !/^#/ { exit } NR > 3 { print substr($0, 3) }' "$0"
	exit
	;;
*) refuse "there is no option or argument $1; --help tells how to choose" ;;
esac
declare -A asked=()
read_kernels
read_plant
read -rd '' -a words <<<"${TESTS-}" || :
tests=$(scripts/matrix/tests.sh "${words[@]}") || exit 2
tests=${tests//$'\n'/ }
if [ "${1-}" = --dry-run ]; then
	for kernel in "${kernels[@]}"; do
		echo "kernel $kernel ${asked[$kernel]}"
	done
	echo "tests $tests"
	exit
fi

mkdir -p "$CACHE"
tmp=$(mktemp -d "$CACHE/run.XXXXXX")
trap 'stop_all; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$tmp/kernels"
had=() guests=() started=()
fetch
pack_collection
make_results
export DURATIONS=$CACHE/durations
[ -s "$DURATIONS" ] || DURATIONS=$PWD/scripts/matrix/durations
TESTS=$tests
[ "${#words[@]}" != 0 ] || TESTS=$(longest_first "$tests")
export LEFT=$tmp/left
mkdir "$LEFT"
export MATRIX_JOBS=${MATRIX_JOBS:-$(how_many)}
plan
estimate
choose_accel
say MATRIX "${had[*]}: ${#guests[@]} guests, $MATRIX_JOBS at a time, by $ACCEL, into $results"
for ((i = 0; i < ${#guests[@]}; i++)); do
	while [ "$(jobs -rp | wc -l)" -ge "$MATRIX_JOBS" ]; do
		wait -n || :
	done
	read -ra words <<<"${guests[i]}"
	# It is known only now for how long others will be busy.
	[ "${words[1]}" != 1 ] || { plan && estimate; }
	started+=("$(name_of "${words[@]}")")
	# shellcheck disable=SC2086 # its words
	(trap - EXIT && run_guest ${guests[i]}) &
done
wait
collect
remember_durations
tools >"$results/tools"
for form in text markdown junit; do
	awk -v form=$form -f scripts/matrix/report.awk "$results/kernels.tsv" "$results/points.tsv" \
		>"$results/results.$form"
done
mv "$results/results.text" "$results/results.txt"
mv "$results/results.markdown" "$results/results.md"
mv "$results/results.junit" "$results/results.xml"
to_json
show_ends
cat "$results/results.txt"
! cut -f4 "$results/points.tsv" | grep -q fail

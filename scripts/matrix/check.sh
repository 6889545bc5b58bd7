#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check.sh [TEST|GROUP...]: do the matrix, its diff and bisect.sh try and tell what they
# were asked? In seconds and without a guest: QEMU is one of ours, which reports what
# the kernel's image says of itself. check-guests.sh has what takes a real guest.
set -eu

home=$(cd "${0%/*}/../.." && pwd -P)
# shellcheck source=../../selftests/lib/ktap.sh
. "$home/selftests/lib/ktap.sh"
unset KERNELS TESTS PLANT RESULTS UPDATE MATRIX_JOBS KDIR MAKEFLAGS MAKELEVEL
export ACCEL=tcg KERNEL_TIMEOUT=60 GUEST_JOBS=1 EXPECTED=/dev/null

# The scripts in a tree of their own, $tree, with nothing to fetch and nothing to build:
# a collection of two tests, a guest without files, a mirror without packages.
# shellcheck disable=SC2016 # these programs expand it
make_tree() {
	local tool

	for tool in cpio depmod jq readelf; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || skip "there is no $tool here"
	done
	tree=$tmp/tree
	export CACHE=$tmp/cache PATH=$tree/bin:$PATH
	mkdir -p "$tree"/{bin,selftests,samples/bpf} "$CACHE/kernels"
	cp -r "$home/scripts" "$home/Makefile" "$tree/"
	cat >"$tree/selftests/Makefile" <<-'END'
		list:; @printf '%s\n' verdict lab.sh
		install_all:; @mkdir -p $(INSTALL_PATH)
	END
	echo CONFIG_NET=y >"$tree/selftests/config"
	touch "$tree/selftests/verdict"
	program samples/bpf/xdp-drop-tcp <<<'echo xdp-drop-tcp 0'
	program scripts/bootstrap.sh <<<': >"$CACHE/bootstrap"'
	program scripts/kernel-source.sh <<<'echo /nowhere'
	program scripts/matrix/userland.sh <<<'touch "$1" "$1.packages"'
	program scripts/matrix/apt.sh <<<'exit 100'
	program bin/qemu-system-x86_64 <<-'END'
		while [ $# != 0 ]; do
			case $1 in
			--version) echo none && exit ;;
			-kernel) image=$2 ;;
			-append) append=" $2 " ;;
			-serial) serial+=("${2#file:}") ;;
			esac
			shift
		done
		value() { v=${append#* matrix.$1=} && echo "${v%% *}"; }
		say() { echo "matrix $(value nonce) $*"; }
		banner=$(tail -c +1537 "${RUNS:-$image}" | head -n1)
		[ -z "${HELD-}" ] || { : >"$HELD.up"; until [ -e "$HELD" ]; do sleep 0.05; done; }
		[ "${BEHAVE-}" = mute ] || : >"${serial[0]}"
		[ "${BEHAVE-}" != silent ] || exit 0
		{
			say begin "${banner%% *}" up 1.0
			say uname "#${banner#*#}"
			for test in $(value tests | tr , " "); do
				echo "# selftests: $test: started"
				echo "# selftests: $test"
				echo 1..1
				status=0
				case ${BEHAVE-} in
				fail) echo "not ok 1 on $banner" && status=1 ;;
				skip) echo "ok 1 on $banner # SKIP no tool" && status=4 ;;
				127) echo "not ok 1 - $test: not found" && status=127 ;;
				*) echo "ok 1 on $banner" ;;
				esac
				echo "# selftests: $test: status $status 5 ms"
			done
			say tainted 0
			say end 0
		} >"${serial[1]}"
	END
}

# An executable in the tree, of bash, from standard input.
program() {
	{
		echo "#!/bin/bash"
		cat
	} >"$tree/$1"
	chmod +x "$tree/$1"
}

# image FILE BANNER: what a bzImage has of its header, and says of itself.
image() {
	{
		head -c 514 /dev/zero
		printf 'HdrS\0\0\0\0\0\0\0\0\0\4'
		head -c 1008 /dev/zero
		printf '%s\n\0' "$2"
		head -c 4000 /dev/zero
	} >"$1"
}

# A kernel in directory $1 of $tmp; Linux 6.9 of builder $2.
kernel() {
	mkdir -p "$tmp/$1/lib/modules/6.9.0"
	image "$tmp/$1/vmlinuz" "6.9.0 (at@home) #$2 SMP today"
}

# Debian's kernel $1 in the cache, as from $2.
cached() {
	local into=$CACHE/kernels/$1

	mkdir -p "$into"
	image "$into/bzImage" "6.1.0 (at@home) #Debian SMP"
	cp "$into/bzImage" "$into/image"
	echo 6.1.0 >"$into/release"
	echo "#Debian SMP" >"$into/version"
	echo "$2" >"$into/origin"
	: >"$into/modules.cpio"
}

# matrix STATUS KERNELS [VARIABLE=VALUE...]: run it in $tmp on these, into $tmp/results.
matrix() {
	cd "$tmp"
	expect "$1" env KERNELS="$2" TESTS=verdict RESULTS="$tmp/results" "${@:3}" "$tree/scripts/matrix/matrix.sh"
}

# has KERNEL WORDS: the points of this kernel are such; "NAME@" is one in a directory.
has() {
	awk -F '\t' -v kernel="$1" -v words="$2" '
		(kernel ~ /@$/ ? index($1, kernel) == 1 : $1 == kernel) && $2 == "verdict" { if (index($3, words)) found = 1; else wrong = 1 }
		END { exit !found || wrong }' "$tmp/results/points.tsv" || {
		cat "$tmp/results/points.tsv"
		fail "$1 has not: $2"
	}
}

untouched() {
	[ ! -e "$CACHE/bootstrap" ] || fail "something was installed or built before"
	never compgen -G "$CACHE/userland*"
}

unknown_test() {
	make_tree
	expect 2 make -s -C "$tree" matrix TESTS="verdict lab_trafic"
	said 'No such test: lab_trafic\. There are:'
	said '^  verdict lab.sh$'
	untouched
	matrix 2 6.1 TESTS="verdct"
	said 'No such test: verdct'
	untouched
}

short_names() {
	make_tree
	expect 0 env TESTS=$'lab verdict\nlab.sh' "$tree/scripts/matrix/matrix.sh" --dry-run
	told '^tests lab.sh verdict$'
	expect 0 env TESTS=kselftest "$tree/scripts/matrix/matrix.sh" --dry-run
	told '^tests kselftest$'
	expect 2 env TESTS="kselftest verdict" "$tree/scripts/matrix/matrix.sh" --dry-run
	# What the list is made from has names that are there, in the real collection.
	expect 0 "$home/scripts/matrix/tests.sh" verdict lab_traffic
	told '^lab_traffic.sh$'
	expect 0 make -s -C "$home/selftests" list KDIR=/nowhere
	while read -r name; do
		[ -e "$home/selftests/$name" ] || [ -e "$home/selftests/$name.c" ] || fail "there is no $name"
	done <"$tmp/out"
}

same_twice() {
	make_tree
	kernel a/build 1
	ln -s a/build "$tmp/link"
	for second in a/build a/build/ ./a/../a/build "$tmp/a/build" link; do
		matrix 2 "a/build $second"
		said "the same kernel twice: $tmp/a/build$"
	done
	matrix 2 "6.1 6.1"
	said "the same kernel twice: 6.1$"
	untouched
	cached 6.1 "linux-image-6.1.0-1-amd64 6.1.1-1"
	cached linux-image-6.1.0-1-amd64 "linux-image-6.1.0-1-amd64 6.1.1-1"
	matrix 2 "6.1 linux-image-6.1.0-1-amd64" HELD="$tmp/held"
	said "6.1 and linux-image-6.1.0-1-amd64 are both linux-image-6.1.0-1-amd64 6.1.1-1"
	[ ! -e "$tmp/held.up" ] || fail "a guest ran"
}

wrong_words() {
	make_tree
	kernel a/build 1
	matrix 2 "a/biuld 6.1"
	said 'there is no directory a/biuld'
	matrix 2 "6.1*"
	said '6.1\* is neither a version nor a package'
	matrix 2 " "
	said 'KERNELS has no kernel in it'
	matrix 2 a/build PLANT=6.1=panic
	said 'PLANT: 6.1 is not among KERNELS'
	matrix 2 a/build PLANT=a/build=pnic
	said 'PLANT: pnic is no harm'
	untouched
}

one_name() {
	make_tree
	kernel a/build 1
	kernel b/build 2
	matrix 0 $'a/build\nb/build' MATRIX_JOBS=1
	told "^build@[0-9a-f]{6} 6.9.0 \($tmp/a/build\)"
	told "^build@[0-9a-f]{6} 6.9.0 \($tmp/b/build\)"
	while read -r name _ origin _; do
		case $origin in
		*/a/build) has "$name" "#1 SMP" ;;
		*/b/build) has "$name" "#2 SMP" ;;
		esac
	done <"$tmp/results/kernels.tsv"
	[ "$(cut -f1 "$tmp/results/kernels.tsv" | sort -u | wc -l)" = 2 ] || fail "two kernels of one name"
	jq -e '[.kernels[] | .version] == ["#1 SMP today", "#2 SMP today"]' "$tmp/results/results.json"
}

like_debians() {
	make_tree
	cached 6.1 "linux-image-6.1.0-1-amd64 6.1.1-1"
	kernel 6.1 1
	matrix 0 "6.1 ./6.1"
	has 6.1 "#Debian SMP"
	has 6.1@ "#1 SMP"
	matrix 0 "6.1"
	has 6.1 "#Debian SMP"
}

wrong_cache() {
	make_tree
	for origin in "$tmp/6.1" "linux-image-6.10.3-amd64 6.10.3-1"; do
		cached 6.1 "$origin"
		matrix 2 6.1
		told 'FAILED *6.1: cannot be had'
	done
	cached linux-image-6.1.0-1-amd64 "linux-image-6.1.0-2-amd64 6.1.2-1"
	matrix 2 linux-image-6.1.0-1-amd64
	told 'cannot be had'
}

another_ran() {
	make_tree
	kernel a 1
	kernel b 2
	matrix 1 a RUNS="$tmp/b/vmlinuz"
	told '^FAIL a@.*kernel: identity'
	told 'another kernel ran: 6.9.0 #2 SMP today; it was to be: 6.9.0 #1 SMP today'
}

not_judged() {
	make_tree
	kernel a 1
	matrix 1 a BEHAVE=mute
	told 'ran, but its report could not be judged'
}

not_one_kernel() {
	make_tree
	kernel a 1
	mv "$tmp/a/lib/modules/6.9.0" "$tmp/a/lib/modules/6.9.1"
	matrix 2 a
	said 'is Linux 6.9.0, of which there is no lib/modules/6.9.0'
	kernel a 1
	ln -s vmlinuz "$tmp/a/vmlinuz.link"
	matrix 0 a
	image "$tmp/a/vmlinuz.old" "6.9.1 (at@home) #1 SMP"
	matrix 2 a
	said "has more than one kernel: $tmp/a/vmlinuz $tmp/a/vmlinuz.old"
}

# While this run waits in its first guest, its second kernel is replaced in the cache.
replaced() {
	local run

	make_tree
	kernel a 1
	cached 6.1 "linux-image-6.1.0-1-amd64 6.1.1-1"
	(matrix 0 "a 6.1" MATRIX_JOBS=1 HELD="$tmp/held") &
	run=$!
	poll 20 test -e "$tmp/held.up" || fail "no guest ran"
	rm -r "$CACHE/kernels/6.1"
	: >"$tmp/held"
	wait "$run"
	has 6.1 "#Debian SMP"
}

interrupted() {
	local run

	make_tree
	kernel a 1
	matrix 0 a
	[ -s "$tmp/results/results.json" ] || fail "a finished run has no results.json"
	KERNELS=$tmp/a TESTS=verdict RESULTS=$tmp/results HELD=$tmp/held \
		"$tree/scripts/matrix/matrix.sh" >"$tmp/log" 2>&1 &
	run=$!
	poll 20 test -e "$tmp/held.up" || fail "no guest ran"
	kill "$run"
	never wait "$run"
	never compgen -G "$tmp/results/results.*"
	never compgen -G "$CACHE/run.*"
}

# Two runs, $tree/results/2001 and 2002, of one kernel and two programs.
two_runs() {
	local run

	make_tree
	for run in 2001 2002; do
		mkdir -p "$tree/results/$run"
		printf '6.1\t6.1.0\tlinux-image 1\t10\ttcg\t-\t#1\n' >"$tree/results/$run/kernels.tsv"
		{
			for ((i = 0; i < 300; i++)); do
				printf '6.1\tverdict\tframe %s\tpass\t5\t\n' $i
			done
			printf '6.1\tlab.sh\tping\tpass\t5\t\n6.1\tlab.sh\ttcp\tfail\t5\tlost\n'
			printf '6.1\tkernel\tboot to end\tpass\t0\t\n'
		} >"$tree/results/$run/points.tsv"
		echo '{}' >"$tree/results/$run/results.json"
	done
	new=$tree/results/2002
}

diff_runs() {
	expect "$1" "$tree/scripts/matrix/diff.sh"
}

diff_nothing() {
	two_runs
	diff_runs 0
	told '^from .*/2001 to .*/2002$'
	told '^0 regressions, 0 changed otherwise, 0 new, 0 gone$'
}

diff_regression() {
	two_runs
	sed -i 's/\tframe 7\tpass\t5\t/\tframe 7\tfail\t5\twas dropped/; s/frame 2/other &/
		s/\ttcp\tfail\t5\tlost/\ttcp\tpass\t5\t/' "$new/points.tsv"
	diff_runs 1
	[ "$(sed -n 2p "$tmp/out")" = "REGRESSION 6.1: verdict: frame 7: was pass, is fail (was dropped)" ] ||
		fail "the regression is not first: $(cat "$tmp/out")"
	told '^6.1: lab.sh: tcp: was fail, is pass$'
	told '^new: 6.1: verdict: 111 points$'
	told '^gone: 6.1: verdict: 111 points$'
	told '^1 regressions, 1 changed otherwise, 111 new, 111 gone$'
	count .
	[ "$count" = 6 ] || fail "more than six lines"
}

# A kernel that is new in a run, and a program: what fails there did not work before.
diff_new_and_gone() {
	two_runs
	printf '6.9@aaaaaa\t6.9.0\t/a/6.9\t10\ttcg\t-\t#1\n' >>"$new/kernels.tsv"
	printf '6.9@aaaaaa\tlab.sh\ttcp\tfail\t5\t\n6.1\tmore.sh\tone\tfail\t5\t\n' >>"$new/points.tsv"
	sed -i '/\tping\t/d' "$new/points.tsv"
	diff_runs 0
	told '^new: 6.9@aaaaaa: 1 point, 1 of which failed$'
	told '^new: 6.1: more.sh: 1 point, 1 of which failed$'
	told '^gone: 6.1: lab.sh: 1 point$'
}

diff_lost() {
	two_runs
	sed -i '/\tverdict\t/d' "$new/points.tsv"
	printf '6.1\tverdict\t(the program)\tfail\t0\tlost: it did not end\n' >>"$new/points.tsv"
	diff_runs 1
	told '^REGRESSION 6.1: verdict: \(the program\): new, fail \(lost: it did not end\)$'
	two_runs
	printf '6.1\tkernel\tboot\tfail\t0\tcould not be had\n' >"$new/points.tsv"
	diff_runs 1
	told '^REGRESSION 6.1: kernel: boot: new, fail'
}

diff_unfinished() {
	two_runs
	cp -r "$new" "$tree/results/2003"
	rm "$tree/results/2003/results.json"
	diff_runs 0
	told '^from .*/2001 to .*/2002$'
	expect 2 "$tree/scripts/matrix/diff.sh" "$new" "$tree/results/2003"
	said '2003 is no finished run'
	rm -r "$tree/results/2001"
	diff_runs 2
	said 'no two finished runs'
	# Directories are the caller's, not the tree's.
	cp -r "$new" "$tmp/other"
	cd "$tmp"
	expect 0 "$tree/scripts/matrix/diff.sh" other tree/results/2002
}

# bisect STATUS [TEST...]: in a tree whose build leaves the kernel $tmp/image.
bisect() {
	local status=$1

	make_tree
	mkdir -p "$tmp/linux/arch/x86"
	touch "$tmp/linux/Kbuild"
	image "$tmp/image" "6.9.0 (at@home) #1 SMP"
	cat >"$tmp/linux/Makefile" <<-'END'
		allnoconfig:; @touch $(O)/.config ../built
		bzImage:; @mkdir -p $(O)/arch/x86/boot $(O)/include/config && \
			cp ../image $(O)/arch/x86/boot/bzImage && echo 6.9.0 >$(O)/include/config/kernel.release
	END
	cd "$tmp/linux"
	shift
	expect "$status" "$tree/scripts/matrix/bisect.sh" "$@"
}

bisect_words() {
	bisect 255 lab_trafic.sh
	said 'No such test: lab_trafic.sh. There are:'
	bisect 255 --fast
	bisect 255 kselftest
	bisect 0 --help
	told '^  255 '
	[ ! -e "$tmp/built" ] || fail "something was built before"
}

bisect_verdicts() {
	bisect 0 lab verdict
	told 'GOOD *lab.sh verdict$'
	BEHAVE=fail bisect 1 verdict
	told 'BAD *verdict$'
	BEHAVE=silent bisect 125 verdict
	BEHAVE=skip bisect 125 verdict
	mkdir -p "$tmp/empty/arch/x86"
	touch "$tmp/empty/Kbuild"
	cd "$tmp/empty"
	expect 125 "$tree/scripts/matrix/bisect.sh" verdict
	told 'SKIP *it does not build'
}

bisect_could_not() {
	BEHAVE=127 bisect 255 verdict
	said 'verdict ended with exit status 127 in the guest'
	image "$tmp/other" "6.9.0 (at@home) #2 SMP"
	RUNS=$tmp/other bisect 255 verdict
	said 'another kernel ran'
	expect 255 env CACHE="$tmp/image/none" "$tree/scripts/matrix/bisect.sh" verdict
	said 'this failed: mkdir'
	printf 'allnoconfig:; @no-such-program\n' >Makefile
	expect 255 "$tree/scripts/matrix/bisect.sh" verdict
	said 'a program that the build needs is not there: .*no-such-program'
}

ktap_case names unknown_test "a test that is not there: nothing is built"
ktap_case names short_names "tests without .sh, and twice"
ktap_case names same_twice "the same kernel twice"
ktap_case names wrong_words "no such kernel; nothing planted in vain"
ktap_case kernels one_name "two directories of one name"
ktap_case kernels like_debians "a directory that is called like one of Debian's"
ktap_case kernels wrong_cache "another kernel in the cache"
ktap_case kernels another_ran "another kernel ran"
ktap_case kernels not_judged "a report that cannot be judged"
ktap_case kernels not_one_kernel "kernel and modules that do not match, two kernels"
ktap_case kernels replaced "another run replaces what is cached"
ktap_case kernels interrupted "an interrupted run leaves no results"
ktap_case diff diff_nothing "diff: nothing changed"
ktap_case diff diff_regression "diff: a regression comes first"
ktap_case diff diff_new_and_gone "diff: new and gone are sums, and no regression"
ktap_case diff diff_lost "diff: a program or kernel that is lost"
ktap_case diff diff_unfinished "diff: unfinished runs"
ktap_case bisect bisect_words "bisect: wrong words, and --help"
ktap_case bisect bisect_verdicts "bisect: good, bad, cannot tell"
ktap_case bisect bisect_could_not "bisect: what says nothing of the kernel"
ktap_run "$@"

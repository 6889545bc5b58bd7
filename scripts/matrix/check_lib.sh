# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The tree in which check.sh tries the matrix, and made-up kernels for it. To be sourced;
# $home is the real tree, $tree the one that check_tree makes.
: "${home:?}"

# shellcheck source=../../selftests/lib/ktap.sh
. "$home/selftests/lib/ktap.sh"
unset KERNELS TESTS SCOPE GUEST PLANT RESULTS UPDATE MATRIX_JOBS KDIR MAKEFLAGS MAKELEVEL
export ACCEL=tcg KERNEL_TIMEOUT=60 GUEST_JOBS=1 EXPECTED=/dev/null

# The scripts in a tree of their own, $tree, with nothing to fetch and nothing to build:
# a collection of two tests, a guest without files, a mirror without packages.
# shellcheck disable=SC2016 # these programs expand it
check_tree() {
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
	check_program selftests/lab.sh <<<"printf 'some  one  a test\nsome  two  a test\n'"
	check_program samples/bpf/xdp-drop-tcp <<<'echo xdp-drop-tcp 0'
	check_program scripts/bootstrap.sh <<<': >"$CACHE/bootstrap"'
	check_program scripts/kernel-source.sh <<<'echo /nowhere'
	check_program scripts/matrix/userland.sh <<<'touch "$1" "$1.packages"'
	check_program scripts/matrix/apt.sh <<<'exit 100'
	cp "$home/scripts/matrix/check-qemu.sh" "$tree/bin/qemu-system-x86_64"
}

# An executable in the tree, of bash, from standard input.
check_program() {
	{
		echo "#!/bin/bash"
		cat
	} >"$tree/$1"
	chmod +x "$tree/$1"
}

# check_image FILE BANNER: what a bzImage has of its header, and says of itself.
check_image() {
	{
		head -c 514 /dev/zero
		printf 'HdrS\0\0\0\0\0\0\0\0\0\4'
		head -c 1008 /dev/zero
		printf '%s\n\0' "$2"
		head -c 4000 /dev/zero
	} >"$1"
}

# A kernel in directory $1 of $tmp; Linux 6.9 of builder $2.
check_kernel() {
	mkdir -p "$tmp/$1/lib/modules/6.9.0"
	check_image "$tmp/$1/vmlinuz" "6.9.0 (at@home) #$2 SMP today"
}

# check_config FILE [OPTION]: a configuration that has all that is needed, but for OPTION
check_config() {
	cat "$tree/selftests/config" "$tree/scripts/matrix/config" | sed 's/=m$/=y/' | grep -v "^${2-none}=" >"$1"
}

# check_terminal ROWS COLUMNS VARIABLE=VALUE...: run the matrix on kernel a, on such a terminal;
# its output into $tmp/out.
check_terminal() {
	need script stty
	env KERNELS="$tmp/a" RESULTS="$tmp/results" TERM=vt100 "${@:3}" \
		script -qefc "stty rows $1 columns $2; $tree/scripts/matrix/matrix.sh" "$tmp/out" >"$tmp/err" </dev/null
}

# Debian's kernel $1 in the cache, as from $2, of release $3 (6.1.0).
check_cached() {
	local into=$CACHE/kernels/$1

	mkdir -p "$into"
	check_image "$into/image" "${3:-6.1.0} (at@home) #Debian SMP"
	echo "${3:-6.1.0}" >"$into/release"
	echo "#Debian SMP" >"$into/version"
	echo "$2" >"$into/origin"
	(cd "$tmp" && : >veth.ko && echo veth.ko | cpio --quiet -o -H newc) >"$into/modules.cpio"
	cp "$tree/scripts/matrix/modules" "$into/modules"
}

# check_matrix STATUS KERNELS [VARIABLE=VALUE...]: run it in $tmp on these, into $tmp/results.
check_matrix() {
	cd "$tmp"
	expect "$1" env KERNELS="$2" TESTS=verdict RESULTS="$tmp/results" "${@:3}" "$tree/scripts/matrix/matrix.sh"
}

# check_has KERNEL WORDS: the points of this kernel are such; "NAME@" is one in a directory.
check_has() {
	awk -F '\t' -v kernel="$1" -v words="$2" '
		(kernel ~ /@$/ ? index($1, kernel) == 1 : $1 == kernel) && $2 == "verdict" { if (index($3, words)) found = 1; else wrong = 1 }
		END { exit !found || wrong }' "$tmp/results/points.tsv" || {
		cat "$tmp/results/points.tsv"
		fail "$1 has not: $2"
	}
}

check_untouched() {
	[ ! -e "$CACHE/bootstrap" ] || fail "something was installed or built before"
	never compgen -G "$CACHE/userland*"
}

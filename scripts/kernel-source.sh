#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kernel-source.sh: print the kernel source tree to build with
# kernel-source.sh --find: the same, but extract nothing; exit 2 if there is none
#
# $KDIR if given, which may be such a source package's tarball, else the first usable one of the usual places, else the
# distribution's source package, of which only a part is extracted.
set -eu
export LC_ALL=C

root=$(cd "$(dirname "$0")/.." && pwd -P)

# The files that the build takes from a tree; packages of headers lack them.
parts='tools/lib/bpf/libbpf.h tools/lib/bpf/libbpf.map tools/bpf/bpftool/Makefile
tools/build/Makefile.build tools/scripts/Makefile.include include/uapi/linux/bpf.h'

# The extracted part: the same, and the files that tests and style checks use.
slice='Makefile .clang-format scripts include/uapi/linux/bpf.h kernel/bpf/disasm.c
arch/arm64/include/uapi/asm/bpf_perf_event.h arch/riscv/include/uapi/asm/bpf_perf_event.h
arch/s390/include/uapi/asm/bpf_perf_event.h
kernel/bpf/disasm.h tools/build tools/lib tools/include tools/scripts tools/arch
tools/bpf/bpftool tools/testing/kunit tools/testing/selftests/Makefile tools/testing/selftests/lib.mk
tools/testing/selftests/kselftest tools/testing/selftests/kselftest.h
tools/testing/selftests/kselftest_harness.h tools/testing/selftests/kselftest_install.sh
tools/testing/selftests/run_kselftest.sh'

# Print why $1 cannot be used to build; nothing if it can.
objection() {
	[ -d "$1" ] || { echo "no such directory"; return; }
	case $1 in
	*[[:space:]]*) echo "a path with spaces does not work"; return ;;
	esac
	for part in $parts; do
		[ -e "$1/$part" ] && continue
		what=
		[ ! -e "$1/Makefile" ] || [ -e "$1/kernel/fork.c" ] || what=' (only headers?)'
		echo "it has no $part$what"
		return
	done
	grep -qs 'MAJOR_VERSION [1-9]' "$1/tools/lib/bpf/libbpf_version.h" && return
	version=$(sed -n 's/^LIBBPF_\([0-9.]*\) {.*/\1/p' "$1/tools/lib/bpf/libbpf.map" | tail -n1)
	echo "its libbpf is $version; 1.0 or later is needed (Linux 6.0 or later)"
}

# Extract elsewhere, then rename: an interrupted run leaves no half of it.
extract() {
	name=$(basename "$1")
	name=${name%.tar.*}
	tree=$root/.kernel/$name
	from="$(stat -L -c '%n of %Y' "$1"), $(echo "$slice" | cksum)"
	if [ "$(cat "$tree/.from" 2>/dev/null)" != "$from" ]; then
		echo "  EXTRACT $1" >&2
		mkdir -p "$root/.kernel"
		new=$(mktemp -d "$root/.kernel/new.XXXXXX")
		trap 'rm -rf "$new"' EXIT
		trap 'exit 1' INT TERM HUP
		# -m: new files, so that objects built from older ones are rebuilt.
		# shellcheck disable=SC2086 # one word, one path
		printf "$name/%s\n" $slice |
			XZ_DEFAULTS=-T0 tar -C "$new" --strip-components=1 -m -xf "$1" -T - >"$new/log" 2>&1 ||
			:
		why=$(objection "$new")
		[ -z "$why" ] || { cat "$new/log" >&2; echo "$1: $why" >&2; return 1; }
		echo "$from" >"$new/.from"
		rm -rf "$tree"
		mv -T "$new" "$tree"
	fi
	echo "$tree"
}

if [ -f "${KDIR-}" ] && [ "${1-}" = --find ]; then
	echo "$KDIR"
	exit
elif [ -f "${KDIR-}" ]; then
	extract "$KDIR"
	exit
elif [ -n "${KDIR-}" ]; then
	why=$(objection "$KDIR")
	[ -z "$why" ] || { echo "KDIR=$KDIR: not a usable kernel source: $why. Give the whole source of" \
		"Linux 6.0 or later (Debian's package linux-source), or leave KDIR out." >&2; exit 1; }
	cd "$KDIR"
	pwd -P
	exit
fi

# Print the first tree that can be built with.
first_usable() {
	for tree; do
		[ -z "$(objection "$tree")" ] || continue
		cd "$tree"
		pwd -P
		exit
	done
}

release=/lib/modules/$(uname -r)
# shellcheck disable=SC2046 # one word, one path
first_usable "$root/../linux" "$release/source" "$release/build" \
	$(printf '%s\n' /usr/src/linux*/ | sort -rV)

tarball=$(find /usr/src -maxdepth 1 -name 'linux-source-*.tar.*' | sort -V | tail -n1)
if [ -z "$tarball" ]; then
	first_usable "$root"/.kernel/*/
	exit 2
elif [ "${1-}" = --find ]; then
	echo "$tarball"
else
	extract "$tarball"
fi

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# sysroot.sh ARCH: see to it that .cache/sysroot/TRIPLET has what programs for Debian's
# architecture ARCH are built with beside a compiler: the C library, libelf and zlib.
# Packages are unpacked, not installed, and this machine's dpkg knows nothing of ARCH.
set -eu
export LC_ALL=C

arch=$1
scripts=$(cd "$(dirname "$0")" && pwd -P)
cache=${scripts%/*}/.cache
triplet=$arch-linux-gnu
# Whatever Debian this is: programs are static, and the compiler may be newer. bookworm has
# no riscv64; trixie's libelf.a calls functions that are in no library, so it is dynamic there.
case $arch in
arm64) triplet=aarch64-linux-gnu APT_SUITES=bookworm ;;
riscv64) APT_SUITES=trixie ;;
s390x) APT_SUITES=bookworm ;;
*)
	echo "ARCH=$arch: packages are only known for arm64, s390x and riscv64. Give a compiler" \
		"and the libraries by CROSS_COMPILE= and SYSROOT=." >&2
	exit 1
	;;
esac
into=$cache/sysroot/$triplet
[ ! -e "$into" ] || exit 0

if [ "${BOOTSTRAP-}" = no ] || ! command -v apt-get >/dev/null; then
	echo "$into is missing, and BOOTSTRAP=no forbids fetching it, or this system has no apt-get." \
		"Give another one by SYSROOT=." >&2
	exit 1
fi

echo "  SYSROOT $into"
mkdir -p "${into%/*}"
work=$(mktemp -d "$into.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
export APT_SUITES APT_ARCH="$arch" CACHE="$work/cache"
"$scripts/matrix/apt.sh" unpack_all "$work" '^$' libc6-dev libelf-dev zlib1g-dev >/dev/null
rm -rf "$CACHE"
chmod 755 "$work"
mv -T "$work" "$into"

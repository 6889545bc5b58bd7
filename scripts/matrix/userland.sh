#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# userland.sh FILE: make FILE, a cpio archive with the Debian that guests run: what the
# tests need by scripts/bootstrap.sh, and nothing to compile with. It is Debian 12, or 13
# of an architecture, APT_ARCH, that 12 has not.
set -eu
export LC_ALL=C

into=$1
here=$(cd "$(dirname "$0")" && pwd -P)
packages="base-files bash bsdutils coreutils dash diffutils findutils gawk grep gzip kmod libc-bin
mount ncurses-base perl-base sed tar util-linux $("$here/../bootstrap.sh" --list test | paste -sd' ')"

# Left out: these are only needed to configure packages, or for all of Perl.
without='^(usrmerge|perl|perl-modules-.*|libperl.*|dpkg|debconf|adduser|passwd)_'

# Nothing there reads these, and a guest unpacks 10 MB in 50 ms: documentation, locales,
# time zones, nmap's files (the tests run nping), and a Perl without its modules.
unread="./usr/share/doc ./usr/share/man ./usr/share/info ./usr/share/lintian
./usr/share/common-licenses ./usr/share/bash-completion ./usr/share/icons ./usr/share/vim
./usr/share/wireshark/*.html ./usr/share/locale ./usr/share/i18n ./usr/share/zoneinfo
./usr/lib/*/gconv ./usr/share/nmap ./usr/bin/nmap ./usr/bin/perl* ./usr/lib/*/perl-base"

mkdir -p "${into%/*}"
work=$(mktemp -d "${into%/*}/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

echo "$unread" | tr ' ' '\n' >"$work/unread"
root=$work/root
# shellcheck disable=SC2086 # one word, one package
EXCLUDE=$work/unread "$here/apt.sh" unpack_all "$root" "$without" $packages >"$work/packages"

# The packages' scripts would have done this.
ln -sf gawk "$root/usr/bin/awk"
ln -sf dash "$root/usr/bin/sh"
[ ! -e "$root/usr/sbin/nginx" ] || mkdir -p "$root/var/log/nginx" "$root/var/lib/nginx"
echo 'root:x:0:0:root:/root:/bin/bash' >"$root/etc/passwd"
echo 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin' >>"$root/etc/passwd"
echo 'tcpdump:x:100:65534::/nonexistent:/usr/sbin/nologin' >>"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/tmp" "$root/root"
# It only knows this machine's libraries; elsewhere ld.so looks into the directories.
[ -n "${APT_ARCH-}" ] || PATH=$PATH:/sbin ldconfig -r "$root"
# The kernel opens it before init can make it; init can do without.
[ "$(id -u)" != 0 ] || mknod "$root/dev/console" c 5 1

(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/cpio"
mv "$work/packages" "$into.packages"
mv "$work/cpio" "$into"

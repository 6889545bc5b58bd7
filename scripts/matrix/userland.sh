#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# userland.sh FILE: make FILE, a cpio archive with the Debian 12 that guests
# run: what the tests need by scripts/bootstrap.sh, and nothing to compile with.
# Packages are unpacked, not installed: none of their scripts is run.
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

[ -e "$CACHE/apt/updated" ] || "$here/apt.sh" update
archives=$CACHE/apt/cache/archives
rm -f "$archives"/*.deb
# shellcheck disable=SC2086 # one word, one package
"$here/apt.sh" apt-get -qq -y --download-only install $packages >/dev/null

echo "$unread" | tr ' ' '\n' >"$work/unread"
root=$work/root
mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
for dir in bin sbin lib lib64; do
	ln -s usr/$dir "$root/$dir"
done
for deb in "$archives"/*.deb; do
	! echo "${deb##*/}" | grep -qE "$without" || continue
	dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" -x --keep-directory-symlink \
		--exclude-from="$work/unread"
	dpkg-deb -f "$deb" Package Version | awk '{ print $2 }' | paste -sd' '
done >"$work/packages"

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
ldconfig -r "$root" 2>/dev/null || /sbin/ldconfig -r "$root"
# The kernel opens it before init can make it; init can do without.
[ "$(id -u)" != 0 ] || mknod "$root/dev/console" c 5 1

(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/cpio"
rm -rf "$archives"/*.deb
mv "$work/packages" "$into.packages"
mv "$work/cpio" "$into"

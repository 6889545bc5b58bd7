#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kernel.sh KERNEL DIRECTORY: put the files to boot KERNEL into DIRECTORY:
#
#   image          the kernel as QEMU boots it best; see unpack.sh
#   modules.cpio   those of its modules that are named in the file "modules" beside this script
#   modules        that list, as it was then
#   config         its configuration, if it was found
#   release        what uname -r will say
#   version        what uname -v will say
#   origin         where it is from: package and version, or path
#
# KERNEL is a version ("6.1": the newest such kernel of Debian's; "6.1/arm64+rt": for another
# architecture, of this flavour), a package of Debian's, or a full path: of a bzImage, of a
# directory with bzImage or vmlinuz and lib/modules, or of a built tree or build directory.
#
# Without DIRECTORY it only checks that there is a kernel at that path.
set -eu
export LC_ALL=C

kernel=$1 into=${2-}
here=$(cd "$(dirname "$0")" && pwd -P)
PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=lib.sh
. "$here/lib.sh"

kernel_die() {
	echo "$kernel: $*" >&2
	exit 1
}

# All packages of this version, of the best flavour first, and of that the newest.
candidates() {
	for kind in image binary; do
		"$here/apt.sh" apt-cache pkgnames "linux-$kind-$version"
	done >"$work/names"
	for suffix in $suffixes; do
		grep -E "$(matrix_packages "$version" "$suffix")\$" "$work/names" |
			sed -E 's/^linux-(image|binary)-(.*)/\2 \1/' | sort -k1,1Vr -k2,2
	done | awk '{ print "linux-" $2 "-" $1 }'
	rm "$work/names"
}

# Package $1, and the modules that it may have put into another.
packages() {
	case $1 in
	linux-binary-*)
		modules_too=linux-modules-${1#linux-binary-}
		! "$here/apt.sh" apt-cache show "$modules_too" >/dev/null 2>&1 || echo "$modules_too"
		;;
	esac
	echo "$1"
}

# The mirrors of some architectures list packages that they have not.
fetch_package() {
	case $kernel in
	linux-*) packages=$kernel ;;
	*) packages=$(candidates | head -n3) ;;
	esac
	[ -n "$packages" ] || kernel_die "Debian has no such kernel now"
	for package in $packages; do
		files=$(packages "$package")
		# shellcheck disable=SC2086 # one word, one package
		! (cd "$work" && "$here/apt.sh" fetch download $files) || return 0
		echo "$kernel: $package could not be downloaded" >&2
		rm -f "$work"/*.deb
	done
	kernel_die "there is no package that can be downloaded"
}

from_debian() {
	matrix_parse "$kernel"
	[ "$arch" = amd64 ] || export APT_ARCH="$arch"
	fetch_package
	mkdir "$work/root"
	for deb in "$work"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$work/root" -x
		[ -z "$(find "$work/root" -name 'vmlinu[xz]*')" ] || [ -e "$work/origin" ] ||
			dpkg-deb -f "$deb" Package Version | awk '{ print $2 }' | paste -sd' ' >"$work/origin"
	done
	if [ -d "$work/root/usr/lib/modules" ]; then
		mkdir -p "$work/root/lib"
		mv "$work/root/usr/lib/modules" "$work/root/lib/"
	fi
	image=$(find "$work/root" -name 'vmlinu[xz]*' | head -n1)
	config=$(find "$work/root" \( -name 'config-*' -o -path '*/modules/*/config' \) | head -n1)
}

# The kernel at a path into $image; its modules and configuration may be in $beside, unless it
# is a tree's. With several kernels it is not known which one is meant; links to one count as one.
find_own() {
	beside=$kernel tree=''
	if [ -f "$kernel" ]; then
		image=$kernel beside=${kernel%/*}
	elif [ -e "$kernel/Kbuild" ] || [ -f "$kernel/.config" ] || [ -e "$kernel/arch/x86/boot" ]; then
		tree=yes image=$kernel/arch/x86/boot/bzImage config=$kernel/.config
		[ -s "$image" ] || kernel_die "not built: it has no arch/x86/boot/bzImage. Run make there, or" \
			"name its build directory (make O=)"
		! grep -qs '=m$' "$config" || [ -e "$kernel/modules.order" ] ||
			kernel_die "its modules are not built. Run make there"
	else
		image=$(find "$kernel" -maxdepth 2 \( -name bzImage -o -name 'vmlinuz*' \) -exec realpath {} + | sort -u)
		[ -n "$image" ] || kernel_die "neither a built tree nor a directory with bzImage or vmlinuz in it"
		[ "$(echo "$image" | wc -l)" = 1 ] ||
			kernel_die "has more than one kernel:" "$(echo "$image" | paste -sd' ')"
	fi
	read_banner
	[ -n "$tree" ] || find_beside
}

# A file is in boot/, with lib/ beside that, or where both are. Without lib/modules it is taken
# to need none.
find_beside() {
	config=$beside/config-$release
	[ -f "$config" ] || [ -f "$kernel" ] ||
		config=$(find "$kernel" -maxdepth 2 \( -name "config-$release" -o -name config \) | head -n1)
	modules=$(realpath -eq "$beside/lib/modules/$release" "$beside/../lib/modules/$release" | head -n1)
	[ -n "$modules" ] || [ ! -e "$kernel/lib/modules" ] ||
		kernel_die "$image is Linux $release, of which there is no lib/modules/$release"
}

from_own() {
	echo "$kernel" >"$work/origin"
	mkdir -p "$work/root/lib/modules"
	if [ -z "$tree" ]; then
		[ -z "$modules" ] || cp -a "$modules" "$work/root/lib/modules/"
	elif grep -qs '=m$' "$config"; then
		make -s -C "$kernel" INSTALL_MOD_PATH="$work/root" INSTALL_MOD_STRIP=1 modules_install
	fi
	mkdir -p "$work/root/lib/modules/$release"
}

# The version string in the kernel's header: release, builder in brackets, version.
read_banner() {
	[ "$(od -An -j 514 -N 4 -t x1 "$image" 2>/dev/null | tr -d ' ')" = 48647253 ] || kernel_die "$image is no bzImage of x86"
	banner=$(tail -c +$(($(od -An -j 526 -N 2 -t u2 "$image") + 513)) "$image" |
		head -c 512 | tr '\0' '\n' | head -n1)
	release=${banner%% *} version="#${banner#*) #}"
}

# Other machines' kernels have that string, or the longer one of /proc/version, somewhere; and
# perhaps one without a number, from before it was linked.
find_banner() {
	release=$(ls "$work/root/lib/modules")
	version=$(tr '\0' '\n' <"$work/image" | grep -aF "$release (" | sed -n 's/.*\(#[0-9]\)/\1/p' | head -n1)
	[ -n "$version" ] || kernel_die "$image does not tell its version"
}

# Packages and small kernels lack some lists, of which depmod warns.
index() {
	depmod -b "$1" "$release" 2>"$work/depmod" || { cat "$work/depmod" >&2; return 1; }
	grep -v 'could not open modules\.' "$work/depmod" >&2 || :
	rm "$work/depmod"
}

# The wanted modules and their dependencies, uncompressed.
pick_modules() {
	root=$work/root/lib/modules/$release
	pick=$work/pick/usr/lib/modules/$release
	mkdir -p "$pick"
	index "$work/root"
	cp "$here/modules" "$work/modules"
	grep -v '^#' "$work/modules" | tr ' ' '\n' | while read -r module; do
		modprobe -d "$work/root" -S "$release" --show-depends "$module" 2>/dev/null || :
	done | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r file; do
		to=$pick/kernel/${file#"$root/kernel/"}
		mkdir -p "${to%/*}"
		case $file in
		*.xz) xz -dc "$file" >"${to%.xz}" ;;
		*.zst) zstd -qdc "$file" >"${to%.zst}" ;;
		*.gz) gzip -dc "$file" >"${to%.gz}" ;;
		*) cp "$file" "$to" ;;
		esac
	done
	cp "$root"/modules.builtin* "$root"/modules.order "$pick/" 2>/dev/null || :
	ln -s usr/lib "$work/pick/lib"
	index "$work/pick"
	rm "$work/pick/lib"
	(cd "$work/pick" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/modules.cpio"
}

case $kernel in
/*) find_own ;;
esac
[ -n "$into" ] || exit 0
mkdir -p "${into%/*}"
work=$(mktemp -d "${into%/*}/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

arch=amd64
case $kernel in
/*) from_own ;;
*) from_debian ;;
esac
[ "$arch" != amd64 ] || read_banner
"$here/unpack.sh" "$image" "$work/image"
[ "$arch" = amd64 ] || find_banner
[ -d "$work/root/lib/modules/$release" ] || kernel_die "$image is Linux $release, of which there is no lib/modules/$release"
pick_modules
[ ! -s "$config" ] || cp "$config" "$work/config"
echo "$release" >"$work/release"
echo "$version" >"$work/version"
rm -rf "$work/root" "$work/pick" "$work"/*.deb "$into"
chmod 755 "$work"
mv -T "$work" "$into"

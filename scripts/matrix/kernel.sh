#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kernel.sh KERNEL DIRECTORY: put the files to boot KERNEL into DIRECTORY:
#
#   bzImage        the kernel
#   modules.cpio   those of its modules that the tests may want
#   config         its configuration, if it was found
#   release        what uname -r will say
#   version        what uname -v will say
#   origin         where it is from: package and version, or path
#
# KERNEL is a version ("6.1": the newest such kernel of Debian's), a package of
# Debian's, or a full path: of a directory with bzImage or vmlinuz and lib/modules,
# or of a built tree.
set -eu
export LC_ALL=C

kernel=$1 into=$2
here=$(cd "$(dirname "$0")" && pwd -P)
PATH=$PATH:/usr/sbin:/sbin

# All modules that the tests and the lab use; some kernels have them built in.
modules="veth bridge 8021q macvlan dummy tun bonding ifb ipvlan vrf vxlan wireguard
ip_gre ip6_gre ipip sit bareudp geneve
cls_bpf cls_u32 cls_matchall cls_flower sch_ingress act_bpf act_gact act_mirred
sch_netem sch_fq_codel sch_htb nf_tables nft_chain_nat nft_nat nft_masq nft_ct
nf_nat nf_conntrack nft_redir nft_counter nft_limit netdevsim pktgen
inet_diag tcp_diag xsk_diag"

kernel_die() {
	echo "$kernel: $*" >&2
	exit 1
}

# The newest package of version $1. The cloud flavour has all that is needed
# and is the smallest. Later kernels come as linux-binary and linux-modules.
newest() {
	pattern=$(echo "$1" | sed 's/[.+]/\\&/g')
	for flavour in cloud-amd64 amd64; do
		for kind in image binary; do
			"$here/apt.sh" apt-cache pkgnames "linux-$kind-$1"
		done | grep -E "^linux-(image|binary)-$pattern([.+~-][0-9a-z.+~]*)*-$flavour\$" |
			grep -vE 'unsigned|dbg|-rt-|-cloud-.*-cloud-' |
			if [ $flavour = amd64 ]; then grep -v cloud; else cat; fi |
			sed -E 's/^linux-(image|binary)-(.*)/\2 \1/' | sort -k1,1Vr -k2,2 | head -n1
	done | awk 'NR == 1 { print "linux-" $2 "-" $1 }'
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

from_debian() {
	case $kernel in
	linux-*) package=$kernel ;;
	*) package=$(newest "$kernel") ;;
	esac
	[ -n "$package" ] || kernel_die "Debian has no such kernel now"
	packages=$(packages "$package")
	(
		cd "$work"
		# shellcheck disable=SC2086 # one word, one package
		"$here/apt.sh" apt-get -qq download $packages
	)
	mkdir "$work/root"
	for deb in "$work"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$work/root" -x
		[ -z "$(find "$work/root" -name 'vmlinuz*')" ] || [ -e "$work/origin" ] ||
			dpkg-deb -f "$deb" Package Version | awk '{ print $2 }' | paste -sd' ' >"$work/origin"
	done
	if [ -d "$work/root/usr/lib/modules" ]; then
		mkdir -p "$work/root/lib"
		mv "$work/root/usr/lib/modules" "$work/root/lib/"
	fi
	image=$(find "$work/root" -name 'vmlinuz*' | head -n1)
	config=$(find "$work/root" \( -name 'config-*' -o -path '*/modules/*/config' \) | head -n1)
}

from_tree() {
	image=$kernel/arch/x86/boot/bzImage config=$kernel/.config
	[ -s "$image" ] || kernel_die "this tree is not built: it has no arch/x86/boot/bzImage"
	! grep -q '=m$' "$config" ||
		make -s -C "$kernel" INSTALL_MOD_PATH="$work/root" INSTALL_MOD_STRIP=1 modules_install
	mkdir -p "$work/root/lib/modules/$(cat "$kernel/include/config/kernel.release")"
	echo "$kernel" >"$work/origin"
}

# With several kernels it is not known which one is meant; links to one count as one.
from_directory() {
	image=$(find "$kernel" -maxdepth 2 \( -name bzImage -o -name 'vmlinuz*' \) -exec realpath {} + | sort -u)
	[ -n "$image" ] || kernel_die "neither a built tree nor a directory with bzImage or vmlinuz in it"
	[ "$(echo "$image" | wc -l)" = 1 ] || kernel_die "has more than one kernel:" "$(echo "$image" | paste -sd' ')"
	read_banner
	config=$(find "$kernel" -maxdepth 2 \( -name "config-$release" -o -name config \) | head -n1)
	mkdir -p "$work/root/lib/modules"
	[ ! -d "$kernel/lib/modules/$release" ] || cp -a "$kernel/lib/modules/$release" "$work/root/lib/modules/"
	echo "$kernel" >"$work/origin"
}

# The version string in the kernel's header: release, builder in brackets, version.
read_banner() {
	[ "$(od -An -j 514 -N 4 -t x1 "$image" | tr -d ' ')" = 48647253 ] || kernel_die "$image is no bzImage"
	banner=$(tail -c +$(($(od -An -j 526 -N 2 -t u2 "$image") + 513)) "$image" |
		head -c 512 | tr '\0' '\n' | head -n1)
	release=${banner%% *} version="#${banner#*) #}"
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
	for module in $modules; do
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

mkdir -p "${into%/*}"
work=$(mktemp -d "${into%/*}/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

case $kernel in
/*)
	if [ -e "$kernel/Kbuild" ] || [ -e "$kernel/arch/x86/boot" ]; then
		from_tree
	else
		from_directory
	fi
	;;
*) from_debian ;;
esac
read_banner
[ -d "$work/root/lib/modules/$release" ] || kernel_die "$image is Linux $release, of which there is no lib/modules/$release"
pick_modules
cp "$image" "$work/bzImage"
[ -z "$config" ] || cp "$config" "$work/config"
echo "$release" >"$work/release"
echo "$version" >"$work/version"
rm -rf "$work/root" "$work/pick" "$work"/*.deb "$into"
chmod 755 "$work"
mv -T "$work" "$into"

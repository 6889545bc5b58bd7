# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # matrix.sh has these variables
#
# Gets kernels and userland of the guests from $CACHE, or into it. Sourced by matrix.sh, whose
# variables these are: $tmp, $kernels, $asked, $arch_of; set here: the list $had of the
# kernels that are available, each of which is then in $tmp/kernels/NAME, what ${lacks[NAME]}
# of its configuration, the list $archs of their architectures, and the files
# $tmp/userland.ARCH.

# Does the directory $2 have the kernel $1, as it was asked for? Each of Debian's has modules:
# those that are wanted now.
fetch_is_from() {
	local origin version arch suffixes

	[[ -s $2/version && -s $2/image ]] || return
	origin=$(<"$2/origin")
	case ${asked[$1]} in
	/*)
		[ "$origin" = "${asked[$1]}" ]
		return
		;;
	linux-*) [ "${origin% *}" = "${asked[$1]}" ] || return ;;
	*)
		matrix_parse "${asked[$1]}"
		[[ $origin =~ $(matrix_packages "$version" "${suffixes// /|}")' ' ]] || return
		;;
	esac
	cmp -s scripts/matrix/modules "$2/modules" || return
	cpio --quiet -t <"$2/modules.cpio" 2>/dev/null | grep -q '\.ko$'
}

# Only Debian's are cached: others may have changed since. This run has links to what is
# cached, as another run may replace it.
fetch_kernel() {
	local here=$tmp/kernels/$1 into

	into=$here
	[[ ${asked[$1]} = /* ]] || into=$CACHE/kernels/$1
	if [ -n "${UPDATE-}" ] || ! fetch_is_from "$1" "$into"; then
		matrix_say KERNEL "${asked[$1]}"
		scripts/matrix/kernel.sh "${asked[$1]}" "$into" || return
		fetch_is_from "$1" "$into" ||
			{ matrix_say WRONG "this is $(<"$into/origin"), or it has no modules" && return 1; }
	fi
	[ "$into" = "$here" ] || cp -al "$into" "$here"
}

# What a kernel of one's own lacks that the tests or the guest need; nothing if its
# configuration is not known: it may be in the kernel itself (CONFIG_IKCONFIG).
fetch_lacks() {
	local here=$tmp/kernels/$1 at modules=''

	[[ ${asked[$1]} = /* ]] || return 0
	if [ ! -s "$here/config" ]; then
		at=$(grep -abom1 IKCFG_ST "$here/image") || return 0
		tail -c +$((${at%%:*} + 9)) "$here/image" | gzip -qdc 2>/dev/null >"$here/config" || :
	fi
	! cpio --quiet -it <"$here/modules.cpio" | grep -q '\.ko$' || modules=yes
	awk -v modules=$modules -f scripts/matrix/lacking.awk from=wanted selftests/config \
		scripts/matrix/config from=had "$here/config"
}

# One that has two names, as a version and as that version's package, is refused, too.
fetch_kernels() {
	local name origin
	declare -A had_as
	declare -gA lacks=()

	mkdir "$tmp/kernels"
	had=()
	for name in "${kernels[@]}"; do
		if ! fetch_kernel "$name"; then
			matrix_say FAILED "${asked[$name]}: not available"
			continue
		fi
		origin=$(<"$tmp/kernels/$name/origin")
		[ -z "${had_as[$origin]-}" ] ||
			choose_refuse "KERNELS: the same kernel twice: ${had_as[$origin]} and ${asked[$name]} are both $origin"
		had_as[$origin]=${asked[$name]}
		lacks[$name]=$(fetch_lacks "$name")
		if [ -n "${lacks[$name]}" ]; then
			matrix_say LACKS "$name: ${lacks[$name]}"
			# Tests that were named may do without.
			[ -n "${TESTS-}${GUEST-}" ] || continue
		fi
		had+=("$name")
	done
	[ "${#had[@]}" != 0 ] || exit 2
}

# The userland of architecture $1. Another list of packages makes another one.
fetch_userland() {
	local cached of=''

	[ "$1" = amd64 ] || of=-$1
	cached=$CACHE/userland$of-$( (cat scripts/matrix/userland.sh && scripts/bootstrap.sh --list test) |
		sha256sum | head -c 12).cpio
	if [ -n "${UPDATE-}" ] || [ ! -e "$cached" ]; then
		matrix_say GUEST "${cached##*/}"
		APT_ARCH=${of#-} scripts/matrix/userland.sh "$cached" || return
		find "$CACHE" -maxdepth 1 -name "userland$of-????????????.cpio*" ! -name "${cached##*/}*" -delete
	fi
	ln "$cached" "$tmp/userland.$1"
	ln "$cached.packages" "$tmp/userland.$1.packages"
}

# QEMU for architecture $1 into $PATH: this machine's, but Debian 12's computes wrong checksums
# on s390x and has no igb; or else a newer one with all its libraries, unpacked in $CACHE.
fetch_qemu() {
	local program=qemu-system-$1 package=qemu-system-$1 into=$CACHE/qemu-$1

	case $1 in
	amd64) program=qemu-system-x86_64 package=qemu-system-x86 ;;
	arm64) program=qemu-system-aarch64 package=qemu-system-arm ;;
	riscv64) package=qemu-system-riscv ;;
	esac
	! "$program" --version 2>/dev/null | grep -qE 'version ([89]|[1-9][0-9])\.' || return 0
	PATH=$into:$PATH
	[ -n "${UPDATE-}" ] || [ ! -e "$into" ] || return 0
	matrix_say QEMU "$package"
	rm -rf "$into" "$into.new"
	scripts/matrix/apt.sh unpack_all "$into.new" '^$' -t bookworm-backports "$package" >/dev/null || return
	sed "s/PROGRAM/$program/" >"$into.new/$program" <<-'END'
		#!/bin/sh
		# QEMU would load this machine's modules, of another version.
		root=${0%/*} libraries=${0%/*}/usr/lib/x86_64-linux-gnu
		QEMU_MODULE_DIR=/nonexistent exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" \
			"$root/usr/bin/PROGRAM" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" \
			"$@"
	END
	chmod +x "$into.new/$program"
	mv "$into.new" "$into"
}

# Fills the cache, one run after the other. Removes leftovers of killed runs, too.
fetch_all() {
	local name arch

	exec 8>"$CACHE/lock"
	flock -n 8 || { matrix_say WAIT "for another run to fetch what it needs" && flock 8; }
	find "$CACHE" -maxdepth 1 -name 'run.*' -mtime +1 -exec rm -rf {} +
	[ -z "${UPDATE-}" ] || rm -f "$CACHE"/apt*/updated
	fetch_kernels
	mapfile -t archs < <(for name in "${had[@]}"; do echo "${arch_of[$name]}"; done | sort -u)
	for arch in "${archs[@]}"; do
		[ "$arch" = amd64 ] || fetch_qemu "$arch" || exit 2
		fetch_userland "$arch" || exit 2
	done
	exec 8>&-
}

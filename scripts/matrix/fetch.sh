# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # matrix.sh has these variables
#
# Gets kernels and userland of the guests from $CACHE, or into it. Sourced by matrix.sh, whose
# variables these are: $tmp, $kernels, $asked; set here: the list $had of the kernels that
# are available, each of which is then in $tmp/kernels/NAME, and the file $userland.

# Does the directory $2 have the kernel $1, as it was asked for?
fetch_is_from() {
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
	if [ -n "${UPDATE-}" ] || ! fetch_is_from "$1" "$into"; then
		matrix_say KERNEL "${asked[$1]}"
		scripts/matrix/kernel.sh "${asked[$1]}" "$into" || return
		fetch_is_from "$1" "$into" ||
			{ matrix_say WRONG "this is $(<"$into/origin")" && return 1; }
	fi
	[ -e "$into/image" ] || scripts/matrix/unpack.sh "$into/bzImage" "$into/image" || return
	[ "$into" = "$here" ] || cp -al "$into" "$here"
}

# One that has two names, as a version and as that version's package, is refused, too.
fetch_kernels() {
	local name origin
	declare -A had_as

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
		matrix_say GUEST "${cached##*/}"
		scripts/matrix/userland.sh "$cached" || return
		find "$CACHE" -maxdepth 1 -name 'userland-*' ! -name "${cached##*/}*" -delete
	fi
	userland=$tmp/userland
	ln "$cached" "$userland"
	ln "$cached.packages" "$userland.packages"
}

# Fills the cache, one run after the other. Removes leftovers of killed runs, too.
fetch_all() {
	exec 8>"$CACHE/lock"
	flock -n 8 || { matrix_say WAIT "for another run to fetch what it needs" && flock 8; }
	find "$CACHE" -maxdepth 1 -name 'run.*' -mtime +1 -exec rm -rf {} +
	fetch_userland || exit 2
	fetch_kernels
	exec 8>&-
}

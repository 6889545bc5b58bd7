# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # matrix.sh has these variables
#
# What KERNELS, GUEST and PLANT mean. To be sourced by matrix.sh, whose variables these are:
# $called_from, the directory that relative paths start from; set here: the list $kernels
# of names, ${asked[NAME]}, ${arch_of[NAME]}, and $harmed and $harm.

choose_refuse() {
	echo "matrix.sh: $*" >&2
	exit 2
}

# What the word $1 of KERNELS means, into $what: a version or a package of Debian's, or
# else the full path of a directory or a bzImage; a tree's own bzImage is the tree. And its
# name in the results into $name: made of that alone, so it is the same in every run, and no
# other kernel's. And its architecture into $arch.
choose_one() {
	local hash version suffixes archs='amd64|arm64|riscv64|s390x'

	matrix_parse "$1"
	if [[ $1 =~ ^[0-9][^/]*/($archs)(\+[a-z0-9]*)?$ || $1 =~ ^([0-9]|linux-(image|binary)-)[^/]*$ ]]; then
		[[ ! $1 =~ [^A-Za-z0-9.+~/-] ]] ||
			choose_refuse "$1 is neither a version nor a package of Debian's"
		[[ $version = linux-* || $version != *+* || $version = *+@(deb|bpo)* ]] ||
			choose_refuse "$1: there is no flavour ${version##*+}. There are generic, rt and, of arm64, 16k"
		what=$1 name=${1//\~/_} name=${name//\//-}
		return
	fi
	arch=amd64
	what=$(cd "$called_from" && realpath -e -- "$1" 2>/dev/null) || :
	[ -e "$what" ] ||
		choose_refuse "there is no directory or file $1, and no version or package of Debian's is called so." \
			"After a version, /ARCH may be /${archs//|/, /}"
	what=${what%/arch/x86/boot/bzImage}
	scripts/matrix/kernel.sh "$what" || exit 2
	hash=$(sha256sum <<<"$what")
	name=${what##*/}
	name=${name//[^A-Za-z0-9.+-]/_}@${hash:0:6}
}

# The kernels' names into $kernels, and what they are into $asked.
choose_kernels() {
	local words word what name arch

	read -rd '' -a words <<<"${KERNELS:-5.10 6.1 6.12 6.18 7.3}" || :
	kernels=()
	declare -gA asked=() arch_of=()
	for word in "${words[@]}"; do
		choose_one "$word"
		[ -z "${asked[$name]-}" ] ||
			choose_refuse "KERNELS: the same kernel twice: ${asked[$name]}"
		kernels+=("$name")
		asked[$name]=$what
		arch_of[$name]=$arch
	done
	[ "${#kernels[@]}" != 0 ] || choose_refuse "KERNELS has no kernel in it"
}

choose_guest() {
	[ -n "${GUEST-}" ] || return 0
	[ "$GUEST" = shell ] || choose_refuse "GUEST=$GUEST: there is only GUEST=shell"
	[ "${#kernels[@]}" = 1 ] || choose_refuse "GUEST=shell: name the one kernel in KERNELS"
	[ -t 0 ] || choose_refuse "GUEST=shell needs a terminal"
}

# The kernel's name into $harmed, and what is to be planted there into $harm.
choose_harm() {
	local what name arch

	harmed='' harm=''
	[ -n "${PLANT-}" ] || return 0
	choose_one "${PLANT%=*}"
	harmed=$name harm=${PLANT##*=}
	[ -n "${asked[$harmed]-}" ] || choose_refuse "PLANT: ${PLANT%=*} is not among KERNELS"
	[[ " fail panic hang freeze short exit " == *" $harm "* ]] ||
		choose_refuse "PLANT: $harm is no harm that could be planted"
}

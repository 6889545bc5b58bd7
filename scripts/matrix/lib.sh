# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the commands of the matrix have in common. To be sourced, by bash or sh.

# How many times as long as an emulated PC an emulated guest of another machine takes, about.
# shellcheck disable=SC2034 # for those that source this
matrix_slower=4

# matrix_say WHAT WORDS: a line of the progress
matrix_say() {
	printf '  %-7s %s\n' "$1" "$2"
}

# The comment at the head of the command's own file, for --help
matrix_help() {
	awk 'NR > 3 && !/^#/ { exit } NR > 3 { print substr($0, 3) }' "$0"
}

# The parts of the word $1, VERSION[/ARCH][+FLAVOUR] or a package, into $version, $arch and
# $suffixes, the ends of such packages' names, the best first. The cloud flavour has all
# that is needed and is the smallest.
# shellcheck disable=SC2034 # they are the caller's
matrix_parse() {
	version=$1 arch=amd64 suffixes=''
	case $1 in
	linux-*-arm64 | linux-*-arm64-*) arch=arm64 ;;
	linux-*-s390x) arch=s390x ;;
	linux-*-riscv64) arch=riscv64 ;;
	*/*) arch=${1#*/} arch=${arch%%+*} version=${1%%/*}${1#*/"$arch"} ;;
	esac
	case $version in
	*+rt) suffixes=rt-$arch ;;
	*+generic) suffixes=$arch ;;
	*+16k) suffixes=$arch-16k ;;
	*)
		case $arch in
		amd64 | arm64) suffixes="cloud-$arch $arch" ;;
		*) suffixes=$arch ;;
		esac
		return
		;;
	esac
	version=${version%+*}
}

# A regular expression for the names of packages of version $1 that end in "-$2"; later kernels
# come as linux-binary. No other flavours match: what follows a dash is a digit.
matrix_packages() {
	echo "^linux-(image|binary)-$(echo "$1" | sed 's/[.+]/\\&/g')([.+~][0-9a-z.+~]*|-[0-9][0-9a-z.+~]*)*-($2)"
}

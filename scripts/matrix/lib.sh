# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the commands of the matrix have in common. To be sourced, by bash or sh.

# matrix_say WHAT WORDS: a line of the progress
matrix_say() {
	printf '  %-7s %s\n' "$1" "$2"
}

# The comment at the head of the command's own file, for --help
matrix_help() {
	awk 'NR > 3 && !/^#/ { exit } NR > 3 { print substr($0, 3) }' "$0"
}

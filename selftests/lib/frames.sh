# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Frames for tool probe, in hexadecimal. To be sourced.
#
#   frame_tcp TO TAGS KIND [LENGTH]
#               a TCP SYN from the container to the host that no stack answers, as its
#               checksums are 0. TO names destination and source ($to_ctr …), TAGS are
#               VLAN tags in hexadecimal, KIND is 4 or 6 for IP. With LENGTH, the rest
#               of it is random
#   $frame_syn  54 bytes: the same over IPv4, untagged to $to_docker0, to be answered

# shellcheck disable=SC2034 # for what sources this
{
	to_docker0=020000000201020000000210
	to_ctr=020000000210020000000201
	to_wan0=020000000101020000000102
	frame_syn=${to_docker0}080045000028000040004006c2c3cb00710acb007101
	frame_syn+=9c40005000000001000000005002ffff9b440000
}

frame_tcp() {
	local head

	case $3 in
	4) head=${1}${2}0800450000280000400040060000cb00710acb007101 ;;
	6) head=${1}${2}86dd600000000014064020010db800020000000000000000001020010db8000200000000000000000001 ;;
	esac
	echo "${head}9c40005000000001000000005002ffff00000000${4:+/$4}"
}

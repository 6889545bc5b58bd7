#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# captures.sh DIRECTORY: the frames of the captures in $PCAP, files and directories, through
# frames_run, which is in DIRECTORY; and what each carries by tshark, a second opinion. tshark
# reads them, so they may be in any format that it knows.
set -euo pipefail
export LC_ALL=C

built=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck disable=SC2086 # words
find $PCAP -type f -exec realpath {} + | sort >"$tmp/captures"
cd "$(dirname "$0")/.."
fields='frame.encap_type frame.protocols ip.proto ipv6.nxt ipv6.hopopts.nxt ipv6.routing.nxt
	ipv6.fraghdr.nxt ipv6.dstopts.nxt ah.next_header mip6.proto hip.proto shim6.nxt'
if ! tshark --hexdump help >/dev/null 2>&1; then
	echo "SKIP captures: they need tshark 4.0 or later" >&2
	exit 4
fi

# read_capture ARG...: by tshark, which shows only the frames themselves
read_capture() {
	tshark -n -r "$capture" -o ip.defragment:FALSE -o ipv6.defragment:FALSE "$@" 2>"$tmp/tshark"
}

# Of what it shows in lines of 16 bytes, a line for each frame.
one_line() {
	awk '
		/^[0-9a-f]+  / { sub(/^[0-9a-f]+  /, ""); gsub(/ /, ""); hex = hex $0; inside = 1; next }
		inside { print hex; hex = ""; inside = 0 }
		END { if (inside) print hex }'
}

# Numbers of encap_type are Wireshark's: Ethernet; IP of any version, 4, 6.
frame_lines() {
	paste "$tmp/fields" "$tmp/hex" | awk -F '\t' '
		BEGIN { starts[1] = "ethernet"; starts[7] = starts[129] = starts[130] = "ip" }
		{ print $1 in starts ? starts[$1] " " $NF : "other" }'
}

failed=0
while read -r capture; do
	echo "$capture"
	# shellcheck disable=SC2046,SC2086 # words
	read_capture -T fields $(printf -- '-e %s ' $fields) >"$tmp/fields" || :
	read_capture --hexdump frames --hexdump noascii | one_line >"$tmp/hex" ||
		echo "  tshark cannot read all of it: $(tail -n 1 "$tmp/tshark")"
	if [ "$(wc -l <"$tmp/fields")" != "$(wc -l <"$tmp/hex")" ]; then
		echo "  tshark shows not the same frames twice: they are not judged"
		failed=1
		continue
	fi
	frame_lines | "$built/frames_run" -c >"$tmp/said" || failed=1
	sed '/^carries/d; s/^/  /' "$tmp/said"
	sed -n '/^carries/p' "$tmp/said" | paste - "$tmp/fields" | awk -f fuzz/second.awk || failed=1
done <"$tmp/captures"
exit $failed

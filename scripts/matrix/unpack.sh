#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# unpack.sh IMAGE FILE: write the kernel to boot into FILE: the uncompressed kernel in IMAGE,
# a bzImage, which saves the guest real mode and the decompression; or IMAGE itself if it is
# another one, cannot be uncompressed here, or not be booted by PVH.
set -eu
export LC_ALL=C

image=$1 into=$2
new=$(mktemp "$into.XXXXXX")
trap 'rm -f "$new"' EXIT
trap 'exit 1' INT TERM HUP

# Number $2, of $3 bytes, at offset $1; see Documentation/arch/x86/boot.rst.
field() {
	od -An -v -j "$1" -N "$2" -t "u$2" "$image" | tr -d ' '
}

# "HdrS"
if [ "$(field 514 4)" != 1400005704 ]; then
	cp "$image" "$into"
	exit
fi
sectors=$(field 497 1)
start=$((((sectors ? sectors : 4) + 1) * 512 + $(field 584 4)))
length=$(field 588 4)
# The payload ends in the size of what is packed there, be that gzip's or the kernel's.
size=$(field $((start + length - 4)) 4)

unpack() {
	case $(od -An -j "$start" -N 4 -t x1 "$image" | tr -d ' ') in
	1f8b*) set -- gzip ;;
	02214c18) set -- lz4 ;;
	28b52ffd) set -- zstd ;;
	fd377a58) set -- xz ;;
	*) return ;;
	esac
	tail -c +$((start + 1)) "$image" | head -c $((length - 4)) | "$1" -dc
}

# gzip misses those four bytes. XEN_ELFNOTE_PHYS32_ENTRY is where PVH enters.
unpack >"$new" 2>/dev/null || :
if [ "$(stat -c %s "$new")" != "$size" ] ||
	! readelf -n "$new" | grep -q '^ *Xen .*(0x00000012)'; then
	cp "$image" "$new"
fi
chmod 644 "$new"
mv "$new" "$into"

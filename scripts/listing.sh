#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# listing.sh [PROGRAM...]: a program's code at each step: the object's bytecode
# with source lines, the same after the verifier (xlated), the machine code
# (jited), and how many instructions the verifier processed. Without arguments:
# all programs that drop.
#
# The objects are loaded without configuration: a loader's options change the
# code. Loading needs root and bpftool; nothing is attached, and pins are on a
# private bpffs.
set -eu
export LC_ALL=C

PATH=$PATH:/usr/sbin:/sbin
root=$(cd "$(dirname "$0")/.." && pwd -P)
all=("$root"/bpf_progs/{xdp,tc}_drop_*_kern.c)
all=("${all[@]##*/}")
all=("${all[@]%_kern.c}")
all=("${all[@]//_/-}")
tool=$root/selftests/tool/tool

listing_usage() {
	echo "usage: listing.sh [${all[*]}]..." >&2
	exit 2
}

heading() {
	printf '\n%s\n%s\n\n' "$1" "${1//?/=}"
}

listing_lacks() {
	echo "(not shown: $*)"
}

# The first of these commands that is installed.
first_of() {
	local command

	for command; do
		! command -v "$command" || return 0
	done
	return 1
}

# Names of source files are relative to our root.
show_object() {
	local objdump

	heading "$1: bytecode of the object"
	if objdump=$(first_of "${OBJDUMP:-llvm-objdump}" llvm-objdump-{19,18,17,16,15,14}); then
		"$objdump" -S --no-show-raw-insn "$object" | sed 1,2d
	else
		listing_lacks "needs llvm-objdump, in Debian's package llvm"
	fi
}

# objdump's name of this machine; "" if it is not known here.
machine() {
	case $(uname -m) in
	x86_64) echo i386:x86-64 ;;
	aarch64) echo aarch64 ;;
	esac
}

show_jited() {
	heading "$1: machine code (jited), $size bytes"
	if [ "$size" = 0 ]; then
		listing_lacks "this kernel interprets it: see net.core.bpf_jit_enable"
	elif ! command -v objdump >/dev/null || [ -z "$(machine)" ]; then
		listing_lacks "needs objdump on x86-64 or arm64"
	else
		"$tool" jited "$pin" "$tmp/code" >"$tmp/lines"
		objdump -D -b binary -m "$(machine)" --no-show-raw-insn "$tmp/code" |
			awk 'NR == FNR { at = $1; sub(/^[^ ]+[ \t]+/, ""); if (!/^\[/) line[at] = $0; next }
				!/^ *[0-9a-f]+:/ { next }
				{ at = $1; sub(/:/, "", at) }
				at in line { print "; " line[at] }
				{ print }' "$tmp/lines" -
	fi
}

number() {
	jq ".$1 // 0" "$tmp/show"
}

show_loaded() {
	pin=/sys/fs/bpf/listing
	if ! bpftool -d prog load "$object" "$pin" >"$tmp/log" 2>&1; then
		cat "$tmp/log" >&2
		echo "listing.sh: $1: the kernel rejects it, see above" >&2
		exit 1
	fi
	bpftool -j prog show pinned "$pin" >"$tmp/show"
	size=$(number bytes_jited)
	heading "$1: after the verifier (xlated), $(($(number bytes_xlated) / 8)) instructions"
	bpftool prog dump xlated pinned "$pin" linum
	show_jited "$1"
	heading "$1: the verifier"
	grep '^processed ' "$tmp/log" || listing_lacks "this bpftool hides the verifier's log"
	rm "$pin"
	table+=$(printf '%-16s %8d %8d %8d %10s' "$1" "$in_object" "$(($(number bytes_xlated) / 8))" \
		"$size" "$(sed -n 's/^processed \([0-9]*\) .*/\1/p' "$tmp/log")")$'\n'
}

for name; do
	[[ " ${all[*]} " == *" ${name//_/-} "* ]] || listing_usage
done
[ $# != 0 ] || set -- "${all[@]}"

obstacle=
[ "$(id -u)" = 0 ] || obstacle="loading needs root"
for each in bpftool jq; do
	command -v $each >/dev/null || obstacle="loading needs $each"
done
[ -x "$tool" ] || obstacle="loading needs selftests/tool/tool: make listing builds it"
if [ -z "$obstacle" ] && [ -z "${LISTING_PRIVATE-}" ]; then
	LISTING_PRIVATE=yes exec "$tool" stage private "$0" "$@"
fi
[ -n "$obstacle" ] || mount -t bpf bpf /sys/fs/bpf
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$root"
table=
for name; do
	name=${name//-/_}
	object=samples/bpf/${name}_kern.o
	[ -f "$object" ] || { echo "$object is not built: run make first" >&2; exit 1; }
	in_object=$(($(readelf -SW "$object" | awk '
		/ (xdp|tc|\.text) +PROGBITS/ { sub(/.*PROGBITS/, ""); printf "0x%s + ", $3 }
		END { print 0 }')))
	in_object=$((in_object / 8))
	show_object "$name"
	[ -n "$obstacle" ] || show_loaded "$name"
done
if [ -n "$obstacle" ]; then
	heading "xlated, jited and the verifier"
	listing_lacks "$obstacle"
else
	heading "In figures"
	printf '%-16s %8s %8s %8s %10s\n%s' program object xlated jited processed "$table"
	printf '%-16s %8s %8s %8s %10s\n' "" insns insns bytes insns
fi

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# seeds.sh FUZZER DIRECTORY: inputs for kernel_fuzz, by what this kernel answers: in namespaces
# with interfaces of several kinds, our programs attached to them, and somebody's SSH session.
set -eu
export LC_ALL=C

if [ "${3-}" != inside ]; then
	cd "$(dirname "$0")"
	exec unshare -mnpf --mount-proc "./${0##*/}" "$1" "$2" inside
fi
programs=../../samples/bpf
mount -t bpf bpffs /sys/fs/bpf
pids=()
trap '[ -z "${pids[*]}" ] || kill "${pids[@]}"' EXIT

# Not each kernel has them all.
ip link set lo up
ip link add veth0 type veth peer name veth1
for link in "link veth0 name veth0.5 type vlan id 5" "name bridge0 type bridge" "name wg1 type wireguard" \
	"name gre1 type gre remote 203.0.113.2 local 203.0.113.1" \
	"name vxlan1 type vxlan id 1 remote 203.0.113.2 dstport 4789"; do
	# shellcheck disable=SC2086 # words
	ip link add $link || :
done
ip link set veth1 master bridge0 || :
ip link set veth0 up
ip link set veth1 up
ip address add 203.0.113.1/24 dev veth0
ip neighbour add 203.0.113.2 lladdr 02:00:00:00:00:02 dev veth0
ip route add 198.51.100.0/24 nexthop via 203.0.113.2 nexthop via 203.0.113.3
ip rule add fwmark 1 table main || :

"$programs/xdp-drop-tcp" --skb-mode --pin --observe veth0
"$programs/tc-drop-tcp" --pin --observe veth0
"$programs/tc-drop-tcp" --clsact --observe --interval 0 veth1 2>"$2/../attached" &
pids+=($!)
until grep -qs attached "$2/../attached"; do sleep 0.1; done
rm "$2/../attached"
export SSH_CONNECTION="203.0.113.2 50000 203.0.113.1 22"
for operation in interfaces list guard spare ways tunnels extack detach; do
	RECORD=$2/$operation OPERATION=$operation "$1" >/dev/null
done

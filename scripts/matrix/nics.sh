#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nics.sh ARGUMENTS...: run QEMU ($QEMU_NICS) with these arguments, and with the NICs of
# selftests/drivers.expected: what is behind a device's words there is QEMU's for it. Each
# is a tap on one bridge, and so is the one that they are joined to, number 0. The bridge is
# in a network namespace of its own, without any other way out. Their addresses: see
# selftests/lib/device_lib.sh.
set -eu
export LC_ALL=C

if [ -z "${NICS_INSIDE-}" ]; then
	own=(--net)
	[ "$EUID" = 0 ] || own+=(--map-root-user)
	NICS_INSIDE=yes exec unshare "${own[@]}" "$0" "$@"
fi

here=$(dirname "$(realpath "$0")")
nics=$(awk '!/^#/ && NF > 13 { print $14 }' "$here/../../selftests/drivers.expected")
ip -batch - <<-END
	link add hub type bridge mcast_snooping 0
	link set hub mtu 9500 up
END
number=0
for nic in virtio-net-pci $nics; do
	# With offloads, as most hypervisors have them.
	kind=(mode tap vnet_hdr) queues=''
	[[ $nic != *,mq=on* ]] || kind+=(multi_queue) queues=,queues=2
	ip tuntap add "tap$number" "${kind[@]}"
	ip link set "tap$number" mtu 9500 master hub up
	set -- "$@" -netdev "tap,id=net$number,ifname=tap$number,script=no,downscript=no,vhost=off$queues" \
		-device "$nic,romfile=,netdev=net$number,mac=02:64:72:76:00:0$number"
	number=$((number + 1))
done
exec "${QEMU_NICS:-qemu-system-x86_64}" "$@"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a guest of the matrix runs as its first and only service: mount, run the
# collection, report, end. The report goes to a port of its own; the console is only
# the kernel's.
#
# From the kernel's command line, set by boot.sh: matrix.nonce=, which no test
# knows, matrix.port=, the report's, matrix.timeout=, matrix.jobs=, matrix.emulated=,
# matrix.plant= and matrix.tests=A,B,C; or matrix.shell=ROWS:COLUMNS:TERM: a shell on the
# console, and no report.
set -eu

export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/null >/dev/console 2>&1
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null ||
	mount -t debugfs debugfs /sys/kernel/debug
mount -t cgroup2 cgroup2 /sys/fs/cgroup || echo "no cgroup2"
mkdir -p /run/netns
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/1 /dev/stdout # where the kernel's runner.sh writes
echo matrix >/proc/sys/kernel/hostname
ip link set lo up
# Load all modules that any test needs, and allow no more: the kernel would start a
# modprobe for each mount of a bpffs and each unknown interface, 160 in all, for nothing.
modprobe -qa tun veth macvlan ipvlan vrf 8021q bridge nft_chain_nat nft_nat nft_masq sch_ingress \
	cls_bpf cls_u32 ip_gre ip6_gre ipip sit bareudp vxlan geneve wireguard tcp_diag act_mirred \
	nf_conntrack_netlink nft_redir \
	virtio_pci virtio_mmio virtio_console || :
modprobe -q bonding max_bonds=0 || :
modprobe -q ifb numifbs=0 || :
# Otherwise each tunnel's module creates a device in each network namespace.
[ ! -e /proc/sys/net/core/fb_tunnels_only_for_init_net ] ||
	echo 1 >/proc/sys/net/core/fb_tunnels_only_for_init_net
[ ! -e /proc/sys/kernel/modprobe ] || echo >/proc/sys/kernel/modprobe

nonce='' port='' plant='' shell='' tests=() TIMEOUT='' JOBS='' EMULATED=''
read -ra words </proc/cmdline
for word in "${words[@]}"; do
	value=${word#*=}
	case $word in
	matrix.nonce=*) nonce=$value ;;
	matrix.port=*) port=$value ;;
	matrix.plant=*) plant=$value ;;
	matrix.tests=*) IFS=, read -ra tests <<<"$value" || : ;;
	matrix.timeout=*) TIMEOUT=$value ;;
	matrix.jobs=*) JOBS=$value ;;
	matrix.emulated=*) EMULATED=$value ;;
	matrix.shell=*) shell=$value ;;
	esac
done
export TIMEOUT JOBS EMULATED

# A fault that the matrix must report; see check-guests.sh.
plant() {
	{
		echo "#!/bin/bash"
		echo "echo TAP version 13; echo 1..1; sleep 1"
		case $1 in
		fail) echo "echo 'not ok 1 planted'; exit 1" ;;
		panic) echo "echo c >/proc/sysrq-trigger" ;;
		hang) echo "trap '' TERM; while :; do sleep 60; done" ;;
		freeze) echo "kill -STOP $$; kill -STOP \$PPID; sleep 1000" ;;
		short) echo "exit 0" ;;
		exit) echo "echo b >/proc/sysrq-trigger" ;;
		esac
	} >planted.sh
	chmod +x planted.sh
}

# The kernel's own way to run a collection; here its programs are the points.
kselftest() {
	local start=$EPOCHREALTIME status=0

	echo "# selftests: kselftest: started"
	echo "# selftests: kselftest"
	../run_kselftest.sh -c bpf-drop || status=$?
	echo "# selftests: kselftest: status $status $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) ms"
}

# /dev/console controls no jobs; the device behind it does.
console_shell() {
	local rows columns

	exec <>"/dev/$(sed 's/.* //' /sys/class/tty/console/active)" >&0 2>&0
	IFS=: read -r rows columns TERM <<<"$shell"
	PS1="$(uname -r)# "
	export TERM PS1 PATH=$PWD:$PATH
	stty sane rows "$rows" columns "$columns"
	echo "Linux $(uname -r). The collection is here: ./run.sh verdict lab_traffic.sh:xdp_native"
	setsid --ctty --wait bash --norc -i || :
}

# These are wanted by this one only.
[[ " ${tests[*]}" != *" drivers.sh"* ]] ||
	modprobe -qa team macvtap dummy cls_matchall virtio_net e1000 e1000e igb vmxnet3 8139cp || :

cd /opt/kselftest/bpf-drop
[ -z "$shell" ] || { console_shell; echo b >/proc/sysrq-trigger; sleep 10; }
[ -z "$plant" ] || plant "$plant"
# Those of virtio appear some time after their driver is there.
for ((i = 0; i < 100; i++)); do
	! report=$(compgen -G "/dev/$port") || break
	sleep 0.1
done
[[ $report != /dev/tty* ]] || stty -F "$report" raw -echo
{
	echo "matrix $nonce begin $(uname -r) up $(cut -d' ' -f1 /proc/uptime)"
	echo "matrix $nonce uname $(uname -v)"
	status=0
	case ${tests[0]-} in
	'') ;;
	kselftest) kselftest ;;
	# Few switches: each makes an emulator look up its translated code anew.
	*) STREAM=yes chrt --batch 0 ./run.sh "${tests[@]}" || status=$? ;;
	esac
	echo "matrix $nonce tainted $(cat /proc/sys/kernel/tainted)"
	echo "matrix $nonce end $status"
} >"$report" 2>&1
# Wait until all of it is sent, before the machine stops.
[[ $report != /dev/tty* ]] || stty -F "$report" -a >/dev/null
sleep 0.2
echo b >/proc/sysrq-trigger
sleep 10

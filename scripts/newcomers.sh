#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# newcomers.sh [CASE...]: README's two commands, "make demo" and "make check", on machines
# that are new to this project: minimal Debian trees, with git, make and dash as sh. Each
# case gets a clone of what is committed here; see cases() for their names.
#
# make deb-check's cases: "make deb" twice in each release, in different directories and
# without network, with autopkgtest; and what it made, installed in a tree that has no clone.
#
#   TESTS    which tests make check runs, or autopkgtest: by default verdict and cli_attach.sh there
#   CACHE    where the trees and the logs are, else .cache/newcomers. A tree is made when
#            it is first needed, from the machine's own mirror, and kept
#
# Prints a line for each case: ok, failed or skipped, and why. Exits with 0 if none has
# failed, 1 if one has, 4 if all were skipped, 2 if there is no such case.
#
# A case takes some ten minutes and, for what is installed and built, 3 GB of memory. All
# that it mounts and starts ends with it, also after Ctrl-C or kill -9.
set -eu
export LC_ALL=C

CACHE=$(realpath -m "${CACHE:-$(dirname "$0")/../.cache/newcomers}")
export CACHE PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/.."

# Name, Debian suite, namespaces beside those of mounts and processes, words. Where the
# network has one, there is none: the packages come out of apt's cache.
cases() {
	cat <<-END
		debian12      bookworm  -                   Debian 12
		debian13      trixie    -                   Debian 13
		privileged    trixie    net,uts,ipc,cgroup  docker run --privileged
		unprivileged  trixie    net,uts,ipc,cgroup  docker run; what cannot run says what it lacks
		comma         bookworm  -                   LC_ALL=de_DE.UTF-8
		narrow        trixie    -                   a terminal of 60 columns
		offline       bookworm  net                 no network
		package12     bookworm  net                 make deb, twice
		installed12   bookworm  net                 the package alone
		package13     trixie    net                 make deb, twice
		installed13   trixie    net                 the package alone
	END
}

# What docker leaves to root in a container.
docker_capabilities=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap
docker_capabilities+=,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap

# Become the first process of namespaces, $1 and others, in which this script calls a function.
apart() {
	local each options=(--mount --pid)

	for each in ${1//[-,]/ }; do
		options+=("--$each")
	done
	exec env --default-signal=INT,QUIT setpriv --pdeathsig KILL unshare "${options[@]}" \
		--propagation private --kill-child bash scripts/newcomers.sh --apart "${@:2}"
}

# End what is apart, and wait until it has: unshare ends after all that it has started.
stop_apart() {
	local pid first

	for pid in $(jobs -p); do
		first=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null) || :
		# shellcheck disable=SC2086 # with a blank behind it
		kill -KILL ${first:-"$pid"} 2>/dev/null || :
	done
	wait
	rm -rf --one-file-system "$part"
}

# What make demo and make check install, and the comma's case.
wanted_packages() {
	local goal

	for goal in build kernel test check deb; do
		scripts/bootstrap.sh --list "$goal"
	done | sort -u | paste -sd' '
}

# A minimal tree of the suite $1 in the directory $2. The packages are in apt's cache.
make_tree() {
	local uri in_tree=(chroot "$2" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends)

	uri=$(scripts/matrix/apt.sh mirror | head -n1)
	debootstrap --variant=minbase "$1" "$2" "$uri"
	apt-config dump | grep -E '^Acquire::(http|https|ForceIPv|Check-)' >"$2/etc/apt/apt.conf.d/machine" || :
	cp /etc/resolv.conf /etc/hosts "$2/etc/"
	mount -t proc proc "$2/proc"
	"${in_tree[@]}" update
	"${in_tree[@]}" install git make
	# shellcheck disable=SC2046 # one word, one package
	"${in_tree[@]}" --download-only install $(wanted_packages)
	wanted_packages >"$2/packages"
}

# See to it that the tree of the suite $1 is as it would be made now.
need_tree() {
	local tree=$CACHE/$1 status=0

	exec 9>"$CACHE/lock"
	flock 9
	if [ "$(cat "$tree/packages" 2>/dev/null)" != "$(wanted_packages)" ]; then
		rm -rf --one-file-system "$tree" "${part%.*}".*
		apart - make_tree "$1" "$part" >"$CACHE/$1.log" 2>&1 </dev/null 9>&- &
		wait $! || status=1
		[ $status = 1 ] || mv "$part" "$tree"
	fi
	exec 9>&-
	return $status
}

# Make /dev, and restrict /proc and /sys, in the current directory, as docker does.
docker_like_mounts() {
	local name

	mount -t tmpfs -o mode=755 tmpfs dev
	cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty dev/
	mkdir dev/pts dev/shm
	mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
	mount -t tmpfs tmpfs dev/shm
	ln -s pts/ptmx dev/ptmx
	ln -s /proc/self/fd dev/fd
	for name in bus fs irq sys sysrq-trigger; do
		[ -e "proc/$name" ] || continue # a kernel may be without
		mount --bind "proc/$name" "proc/$name"
		mount -o remount,bind,ro "proc/$name"
	done
	for name in proc/acpi proc/asound proc/scsi sys/firmware; do
		[ ! -d "$name" ] || mount -t tmpfs -o ro tmpfs "$name"
	done
	for name in kcore keys latency_stats timer_list sched_debug; do
		[ ! -e "proc/$name" ] || mount --bind dev/null "proc/$name"
	done
	mount -o remount,bind,ro sys
}

# The root of case $1 over the tree $2; what is written there is in memory.
make_root() {
	local room=$CACHE/room

	mount -t tmpfs -o mode=755 tmpfs "$room"
	mkdir "$room/written" "$room/work" "$room/root"
	mount -t overlay -o "lowerdir=$2,upperdir=$room/written,workdir=$room/work" newcomers "$room/root"
	if [[ $1 = installed* ]]; then
		cp "$CACHE/package${1#installed}"/*.deb "$room/root/root/"
	else
		git -c safe.directory='*' clone -q --depth 1 "file://$PWD" "$room/root/root/bpf-drop"
	fi
	mkdir "$room/root/out"
	[[ $1 != package* ]] || mount --bind "$CACHE/$1" "$room/root/out"
	cp scripts/newcomers/* "$room/root/root/"
	cd "$room/root"
	cp /etc/resolv.conf /etc/hosts etc/
	mount -t proc proc proc
	mount -t sysfs sysfs sys
	mount -t tmpfs -o mode=755 tmpfs run
	mount -t tmpfs -o mode=1777 tmpfs tmp
	if [ "$1" = unprivileged ]; then
		docker_like_mounts
		return
	fi
	mount --rbind /dev dev
	[ ! -d /sys/fs/cgroup ] || mount --rbind /sys/fs/cgroup sys/fs/cgroup
	[ "$1" != privileged ] || return 0
	mount -t bpf bpf sys/fs/bpf
	mount -t tracefs tracefs sys/kernel/tracing || :
}

# A cable to eth0 here, from an outside host, whose namespace is that of the process $outside. It
# sets itself up: /proc is still that of other processes here, nothing may be entered by number.
outside_host() {
	unshare --net sh -c 'until ip address add 203.0.113.2/24 dev eth0 2>/dev/null; do
			sleep 0.1
		done
		ip link set eth0 up
		exec sleep inf' &
	export outside=$!
	# Until it is in a namespace of its own, this name is taken there.
	until ip link add eth0 type veth peer name eth0 netns "$outside" 2>/dev/null; do
		sleep 0.1
	done
	ip address add 203.0.113.1/24 dev eth0
	ip link set eth0 up
}

# The two commands in the case $1, over the tree $2; $3 are its namespaces.
enter_case() {
	local before='' run=(sh -c)

	[[ $3 != net* ]] || ip link set lo up
	[[ $1 != installed* ]] || outside_host
	make_root "$1" "$2"
	pivot_root . .
	umount -l .
	# shellcheck disable=SC2016 # that shell's
	case $1 in
	unprivileged) run=(setpriv "--bounding-set=$docker_capabilities" sh -c) ;;
	comma) before='apt-get -qq -y --no-install-recommends install locales >/dev/null
			localedef -i de_DE -f UTF-8 de_DE.UTF-8
			export LC_ALL=de_DE.UTF-8
			[ "$(bash -c "printf %.1f 1")" = 1,0 ] || exit' ;;
	# script(1) cannot be the first process: it does not reap what it did not start.
	package* | installed*) exec env -i PATH="$PATH" HOME=/root TERM=dumb outside="${outside-}" \
		TESTS="${TESTS-verdict cli_attach.sh}" "/root/${1%1[23]}.sh" ;;
	narrow) before='stty cols 60' run=(sh -c 'script -qe -O /dev/null -c "$1"; exit' sh) ;;
	esac
	# shellcheck disable=SC2016 # that shell's variables
	exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		TERM=xterm ${TESTS:+"TESTS=$TESTS"} "${run[@]}" "$before"'
			[ "$(readlink -f /bin/sh)" = /usr/bin/dash ] || exit
			cd /root/bpf-drop || exit
			for goal in demo check; do
				status=0
				make $goal || status=$?
				echo "newcomers: make $goal: status $status"
			done'
}

# What is not in the log, to $why.
seen() {
	grep -Eq "$1" "$log" || why="$why${why:+, }no '$1'"
}

# What is missing in the log of case $1, in $why; what make check counted, in $count.
judge() {
	if [[ $1 = package* || $1 = installed* ]]; then
		seen "^newcomers: ${1%1[23]}: done\$"
		count=$(grep -c '^newcomers: ' "$log") || :
		count="$count steps"
		return
	fi
	if [ "$1" = unprivileged ]; then
		seen '^demo\.sh: needs CAP_NET_ADMIN and CAP_SYS_ADMIN'
		seen '^make: .* Error 4'
	else
		seen 'All [0-9]+ cells are as expected'
		seen '^newcomers: make demo: status 0'
	fi
	seen '^[1-9][0-9]* passed, 0 failed'
	seen '^newcomers: make check: status 0'
	count=$(grep -E '^[0-9]+ passed, ' "$log" | tr -d '\r') || count="no count"
}

# Why no case can be run here; nothing if they can.
obstacle() {
	local each

	[ "$(id -u)" = 0 ] || { echo "needs root"; return; }
	for each in debootstrap git ip setpriv unshare; do
		command -v "$each" >/dev/null || { echo "needs $each"; return; }
	done
	if ! unshare --mount --pid --net --kill-child true 2>/dev/null; then
		echo "needs CAP_SYS_ADMIN"
	elif ! grep -q 'overlay$' /proc/filesystems && ! modprobe -q overlay; then
		echo "needs overlayfs, of the kernel"
	fi
}

# name suite namespaces words...
run_case() {
	mkdir -p "$CACHE/$1"
	local log=$CACHE/$1.log result=ok why count='' started=$SECONDS

	why=$(obstacle)
	[[ -n $why || $1 != installed* ]] || compgen -G "$CACHE/package${1#installed}/*.deb" >"$log" ||
		why="needs what the case package${1#installed} makes"
	[ -n "$why" ] || need_tree "$2" || why="no tree of $2 could be made, see $CACHE/$2.log"
	if [ -n "$why" ]; then
		result=skipped
	else
		apart "$3" enter_case "$1" "$CACHE/$2" "$3" >"$log" 2>&1 </dev/null &
		wait $! || :
		judge "$1"
		[ -z "$why" ] || result=failed why="; $why: see $log"
		why="$count, $((SECONDS - started)) s$why"
	fi
	results+=" $result"
	printf '%-13s %-8s %s: %s\n' "$1" "$result" "${*:4}" "$why"
}

if [ "${1-}" = --apart ]; then
	"${@:2}"
	exit
fi
names=$(cases | cut -d' ' -f1)
for name; do
	grep -qx "$name" <<<"$names" ||
		{ echo "newcomers.sh: there is no case $name, but ${names//$'\n'/ }" >&2; exit 2; }
done
# shellcheck disable=SC2086 # one word, one name
[ $# != 0 ] || set -- $names
mkdir -p "$CACHE/room"
part=$CACHE/part.$$ results=
trap stop_apart EXIT
trap 'exit 130' INT TERM HUP
for name; do
	read -ra words < <(cases | grep "^$name ")
	run_case "${words[@]}"
done
case $results in
*failed*) exit 1 ;;
*ok*) ;;
*) exit 4 ;;
esac

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The lab with a real docker: its daemon and all that this starts run in the lab's network
# namespace "host", in a mount namespace with a /run and an /etc of their own. The
# container's network namespace is the lab's "ctr". lab_net.sh sources this if LAB_ENGINE
# is docker.
: "${LAB=}" "${LAB_DIR=}" "${LAB_NGINX=}" "${tool=}"
declare -a in_host in_ctr

# shellcheck disable=SC2034 # for lab_net.sh
LAB_NEEDS=(docker dockerd iptables nginx unshare) LAB_BOOTSTRAP="scripts/bootstrap.sh docker"

# It is talked to by a socket, from anywhere.
docker_cli() {
	DOCKER_CONFIG=$LAB_DIR/docker docker --host "unix://$LAB_DIR/docker/sock" "$@"
}

docker_is_mounted() {
	[[ $(<"/proc/$1/comm") = sleep ]] 2>/dev/null
}

# What runs in the lab enters this mount namespace. No other dockerd, containerd or systemd
# is found there, and what is written to /run and /etc goes when the lab does.
docker_mounts() {
	local dir=$LAB_DIR/docker pid

	mkdir -p "$dir/etc" "$dir/work" "$dir/run/${LAB_DIR##*/}"
	# shellcheck disable=SC2016 # expanded by that shell
	"$tool" enter "drop-$LAB-host" unshare --mount --propagation slave sh -euc '
		mount -t bpf bpf /sys/fs/bpf
		mount -t overlay -o "lowerdir=/etc,upperdir=$1/docker/etc,workdir=$1/docker/work" overlay /etc
		mount --bind "$1" "$1/docker/run/${1##*/}"
		mount --rbind "$1/docker/run" /run
		exec sleep infinity' sh "$LAB_DIR" </dev/null >"$dir/mounts.log" 2>&1 &
	pid=$!
	disown
	echo "$pid" >"$LAB_DIR/relay.pid"
	poll 5 docker_is_mounted "$pid" || lab_die "no mount namespace for docker: $(<"$dir/mounts.log")"
}

# The first address of the range is the container's.
docker_daemon() {
	local dir=$LAB_DIR/docker

	echo '{}' >"$dir/daemon.json"
	"${in_host[@]}" dockerd --config-file "$dir/daemon.json" --host "unix://$dir/sock" \
		--data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" \
		--storage-driver vfs --exec-opt native.cgroupdriver=cgroupfs \
		--cgroup-parent "/drop-$LAB" --bip 203.0.113.1/24 --fixed-cidr 203.0.113.10/31 \
		</dev/null >"$dir/dockerd.log" 2>&1 &
	disown
	poll 20 docker_cli version >/dev/null 2>&1 ||
		lab_die "dockerd does not start: $(tail -n 5 "$dir/dockerd.log")"
}

# The image has next to nothing of its own: the container reads this machine's /usr.
docker_container() {
	local dir=$LAB_DIR/ctr

	lab_page ctr
	tar -C / -c bin lib lib64 etc/passwd etc/group | docker_cli import - nginx >/dev/null
	docker_cli run -d -p 80:80 --name nginx-xdp -v /usr:/usr:ro -v "$dir:$dir" nginx \
		"$LAB_NGINX" -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" -g "daemon off;" >/dev/null
}

# In $name and $ether: what matches the rest of the arguments in part $1 of the lab.
docker_link() {
	local -n into=in_$1

	[[ $("${into[@]}" ip -o link show "${@:2}") =~ ^[0-9]+:\ ([^@:]+).*link/ether\ ([0-9a-f:]+) ]] ||
		lab_die "there is no interface where docker should have made one: ${*:2}"
	name=${BASH_REMATCH[1]} ether=${BASH_REMATCH[2]}
}

# The names and neighbours that the lab has, too.
docker_wire() {
	local name ether pid

	pid=$(docker_cli inspect -f '{{.State.Pid}}' nginx-xdp)
	[ "$pid" != 0 ] || lab_die "the container has ended: $(docker_cli logs nginx-xdp 2>&1)"
	ip netns del "drop-$LAB-ctr"
	ip netns attach "drop-$LAB-ctr" "$pid"
	docker_link host master docker0
	"${in_host[@]}" ip -batch - <<-END
		link set dev $name down
		link set dev $name name veth0
		link set dev veth0 up
	END
	docker_link host dev docker0
	"${in_ctr[@]}" ip neigh replace 203.0.113.1 lladdr "$ether" dev eth0
	docker_link ctr dev eth0
	"${in_host[@]}" ip neigh replace 203.0.113.10 lladdr "$ether" dev docker0
}

# Ends what is left in docker's cgroups and removes them: a container that was only just
# begun is not in the lab's namespaces yet.
docker_forget() {
	# shellcheck disable=SC2038 # they are numbers
	find /sys/fs/cgroup -path "*/drop-$LAB*" -name cgroup.procs -exec cat {} + 2>/dev/null |
		xargs -r kill -KILL 2>/dev/null
	find /sys/fs/cgroup -depth -type d -path "*/drop-$LAB*" -exec rmdir {} +
}

# When process $1 or the script's own has ended, by whatever signal, the lab is removed.
docker_guard() {
	trap '' INT TERM HUP QUIT
	until is_over "$1" || is_over $$; do
		check_pause
	done
	[ ! -d "$LAB_DIR" ] || lab_remove "$LAB_DIR"
	poll 20 docker_forget
}

docker_containers() {
	local owner=$BASHPID

	# It is in no process group that is signalled with the owner's.
	(set -m; docker_guard "$owner" </dev/null >/dev/null 2>&1 &)
	docker_mounts
	lab_enter
	lab_serve out
	docker_daemon
	docker_container
	docker_wire
	"${in_host[@]}" iptables-save >"$LAB_DIR/docker/nat"
}

docker_nat() {
	"${in_host[@]}" iptables-restore <"$LAB_DIR/docker/nat"
}

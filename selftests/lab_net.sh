# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The lab: an outside host, a machine that runs containers as docker does, and
# a container, all in network namespaces of their own. Nothing leaves it: no
# link goes to the machine's own network. Any number of labs can be up at once.
#
# To be sourced; lab.sh is the command.
#
#   . "${0%/*}/lab_net.sh"
#   lab_own KIND           a lab that lives as long as this (sub)shell
#   "${in_host[@]}" CMD…   run CMD on the host; also in_out, in_ctr. CMD replaces
#                          enter, so with & behind it, $! is CMD's own pid
#   lab_run WHERE CMD…     run CMD there, with our programs within reach by name
#   $LAB $LAB_DIR          its id and its directory for files, which goes with it
#   LAB_UNIT=N             set before, interfaces are vethN, dockerN … instead of
#                          veth0, docker0: to be told from those of other labs
#
# Processes in a lab share a private mount of bpffs: pins go when the lab does.

# shellcheck source-path=SCRIPTDIR source=ktap.sh disable=SC1091
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"

LAB_STATE=/run/bpf-drop-lab

lab_die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

lab_diagram() {
	cat <<-END
		  out: outside host      host: runs the containers                 ctr: container
		 +------------------+   +-------------------------------------+   +------------------+
		 | nginx, port 80   |   | NAT; port 80 published to ctr       |   | nginx, port 80   |
		 |             out0 ----- wan0 ...... docker0 [bridge] - veth0 ----- eth0             |
		 |     198.51.100.2 |   | 198.51.100.1  203.0.113.1           |   | 203.0.113.10     |
		 |    2001:db8:1::2 |   | 2001:db8:1::1 2001:db8:2::1         |   | 2001:db8:2::10   |
		 +------------------+   +-------------------------------------+   +------------------+
	END
}

# When a living process started, as a second name for it: ids are used again.
lab_birth() {
	local stat

	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	read -ra stat <<<"${stat##*) }"
	[ "${stat[0]}" = Z ] || echo "${stat[19]}"
}

# Name the commands that enter the lab in $LAB_DIR. There is no proxy in there.
lab_enter() {
	local mount

	unset http_proxy all_proxy ALL_PROXY
	LAB=${LAB_DIR##*.}
	mount=/proc/$(<"$LAB_DIR/relay.pid")/ns/mnt
	lab_into=$(built enter)
	in_out=("$lab_into" -m "$mount" "drop-$LAB-out")
	in_host=("$lab_into" -m "$mount" "drop-$LAB-host")
	in_ctr=("$lab_into" -m "$mount" "drop-$LAB-ctr")
}

# No address but those given: no router solicitations, no waiting for
# duplicates, no link-local ones. Settings that this kernel lacks do not matter.
lab_namespace() {
	# shellcheck disable=SC2016 # expanded by that shell
	"$lab_into" "drop-$LAB-$1" sh -c '
		cd /proc/sys/net
		set_to() { [ ! -e "$1" ] || echo "$2" >"$1"; }
		for which in all default; do
			set_to ipv6/conf/$which/accept_dad 0
			set_to ipv6/conf/$which/accept_ra 0
			set_to ipv6/conf/$which/router_solicitations 0
			set_to ipv6/conf/$which/addr_gen_mode 1
			set_to ipv6/conf/$which/forwarding 1
		done
		set_to ipv4/ip_forward 1'
}

# Neighbours are permanent: what arrives never depends on who asked last.
lab_wire() {
	local unit=${LAB_UNIT:-0}
	local out=02:00:00:00:01:02 wan=02:00:00:00:01:01
	local docker=02:00:00:00:02:01 veth=02:00:00:00:02:02 ctr=02:00:00:00:02:10

	ip -n "drop-$LAB-host" -batch - <<-END
		link set lo up
		link add wan$unit address $wan type veth peer name out$unit address $out netns drop-$LAB-out
		link add docker$unit address $docker type bridge mcast_snooping 0
		link add veth$unit address $veth type veth peer name eth$unit address $ctr netns drop-$LAB-ctr
		link set veth$unit master docker$unit up
		link set docker$unit up
		link set wan$unit up
		addr add 198.51.100.1/24 dev wan$unit
		addr add 2001:db8:1::1/64 dev wan$unit nodad
		addr add 203.0.113.1/24 dev docker$unit
		addr add 2001:db8:2::1/64 dev docker$unit nodad
		neigh add 198.51.100.2 lladdr $out dev wan$unit
		neigh add 2001:db8:1::2 lladdr $out dev wan$unit
		neigh add 203.0.113.10 lladdr $ctr dev docker$unit
		neigh add 2001:db8:2::10 lladdr $ctr dev docker$unit
	END
	ip -n "drop-$LAB-out" -batch - <<-END
		link set lo up
		link set out$unit up
		addr add 198.51.100.2/24 dev out$unit
		addr add 2001:db8:1::2/64 dev out$unit nodad
		neigh add 198.51.100.1 lladdr $wan dev out$unit
		neigh add 2001:db8:1::1 lladdr $wan dev out$unit
		route add 2001:db8:2::/64 via 2001:db8:1::1
	END
	ip -n "drop-$LAB-ctr" -batch - <<-END
		link set lo up
		link set eth$unit up
		addr add 203.0.113.10/24 dev eth$unit
		addr add 2001:db8:2::10/64 dev eth$unit nodad
		neigh add 203.0.113.1 lladdr $docker dev eth$unit
		neigh add 2001:db8:2::1 lladdr $docker dev eth$unit
		route add default via 203.0.113.1
		route add default via 2001:db8:2::1
	END
}

# As docker has it: what containers send out is masqueraded, the published
# port is translated unless it comes from the bridge itself.
lab_nat() {
	local unit=${LAB_UNIT:-0}

	"$lab_into" "drop-$LAB-host" nft -f - <<-END
		table ip nat {
			chain prerouting {
				type nat hook prerouting priority -100
				iifname != "docker$unit" ip daddr 198.51.100.1 tcp dport 80 dnat to 203.0.113.10:80
			}
			chain postrouting {
				type nat hook postrouting priority 100
				oifname "wan$unit" ip saddr 203.0.113.0/24 masquerade
			}
		}
	END
}

# A web server in namespace $1; every file of it is in the lab's directory.
# Where there is no nginx (or LAB_NGINX=none), a small one of our own.
lab_serve() {
	local dir=$LAB_DIR/$1 into=("$lab_into" "drop-$LAB-$1")

	echo "Hello from nginx in $1." >"$dir/www/index.html"
	if ! command -v "${LAB_NGINX:-nginx}" >/dev/null; then
		"${into[@]}" "$(built probe)" listen 80 "Hello from the lab's $1." \
			>"$dir/error.log" 2>&1 </dev/null &
		disown
		return
	fi
	cat >"$dir/nginx.conf" <<-END
		user root;
		worker_processes 1;
		pid $dir/pid;
		error_log $dir/error.log;
		events { worker_connections 256; }
		http {
			access_log off;
			sendfile on;
			default_type text/plain;
			client_body_temp_path $dir/body;
			proxy_temp_path $dir/proxy;
			fastcgi_temp_path $dir/fastcgi;
			uwsgi_temp_path $dir/uwsgi;
			scgi_temp_path $dir/scgi;
			server {
				listen 80;
				$([ ! -e /proc/net/if_inet6 ] || echo "listen [::]:80;")
				root $dir/www;
			}
		}
	END
	"${into[@]}" "${LAB_NGINX:-nginx}" -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" \
		2>"$dir/start.log"
}

# What docker-proxy does; and this process keeps the private bpffs mounted.
lab_relay() {
	# shellcheck disable=SC2016 # expanded by that shell
	"$lab_into" "drop-$LAB-host" unshare --mount --propagation slave \
		sh -c 'mount -t bpf bpf /sys/fs/bpf && exec "$1" relay 80 203.0.113.10 80' \
		sh "$(built probe)" >"$LAB_DIR/relay.log" 2>&1 </dev/null &
	echo $! >"$LAB_DIR/relay.pid"
	disown # a script's "wait" is not for this one
}

# Is everything in its place? Each path once, the servers included.
lab_ready() {
	local probe

	probe=$(built probe)
	"${in_ctr[@]}" "$probe" tcp 203.0.113.1 80 200 &&
		"${in_ctr[@]}" "$probe" tcp 198.51.100.2 80 200 &&
		"${in_out[@]}" "$probe" tcp 198.51.100.1 80 200 &&
		"${in_host[@]}" "$probe" tcp 203.0.113.10 80 200
} >/dev/null 2>&1

# Bring one up. Its owner's death makes it a leftover; "kept" has no owner.
lab_up() {
	local tool owner=$BASHPID

	[ "$EUID" = 0 ] || lab_die "needs root, to make network namespaces"
	for tool in ip unshare nft; do
		command -v "$tool" >/dev/null || lab_die "needs $tool"
	done
	built probe >/dev/null
	lab_into=$(built enter)
	lab_sweep
	LAB_DIR=$(mktemp -d "$LAB_STATE.XXXXXX")
	LAB=${LAB_DIR##*.}
	[ "$1" != kept ] || owner=0
	echo "$1 $owner $(lab_birth "$owner")" >"$LAB_DIR/owner"
	printf "netns add drop-$LAB-%s\n" out host ctr | ip -batch -
	lab_namespace out
	lab_namespace host
	lab_namespace ctr
	lab_wire
	lab_nat
	lab_relay
	mkdir -p "$LAB_DIR"/{out,ctr}/www
	lab_serve out
	lab_serve ctr
	lab_enter
	poll 5 lab_ready && return
	cat "$LAB_DIR"/*.log "$LAB_DIR"/*/*.log >&2
	lab_die "the lab does not come up; its servers' logs are above"
}

lab_own() {
	trap lab_down EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	lab_up "$1"
}

lab_down() {
	[ -z "${LAB_DIR-}" ] || lab_remove "$LAB_DIR"
	LAB_DIR=
}

# Who runs in lab $1? Not this very shell, should it be in there itself, nor
# what it started to find out.
lab_pids() {
	local where pid

	for where in out host ctr; do
		[ -e "/run/netns/drop-$1-$where" ] || continue
		for pid in /proc/[0-9]*; do
			[[ ! $pid/ns/net -ef /run/netns/drop-$1-$where ]] ||
				[[ $pid = /proc/$$ || $pid = /proc/$BASHPID ]] || echo "${pid#/proc/}"
		done
	done
}

lab_empty() {
	[ -z "$(lab_pids "$1")" ]
}

# Remove the lab in directory $1, however much of it there is.
lab_remove() {
	local id=${1##*.} where signal pids

	for signal in TERM CONT KILL; do
		pids=$(lab_pids "$id")
		# shellcheck disable=SC2086 # one word, one process
		[ -z "$pids" ] || kill "-$signal" $pids 2>/dev/null || true
		[ "$signal" = TERM ] || ! poll 1 lab_empty "$id" || break
	done
	printf "netns del drop-$id-%s\n" out host ctr | ip -force -batch - 2>/dev/null || true
	rm -rf "$1"
}

# Remove labs whose owner was killed before it could.
lab_sweep() {
	local dir kind owner birth stray=

	for dir in "$LAB_STATE".*; do
		[ -d "$dir" ] || continue
		read -r kind owner birth 2>/dev/null <"$dir/owner" || { stray=yes && continue; }
		[[ $kind = kept || $(lab_birth "$owner") = "$birth" ]] || lab_remove "$dir"
	done
	[ -n "$stray" ] || return 0
	find "${LAB_STATE%/*}" -maxdepth 1 -name "${LAB_STATE##*/}.*" -empty -mmin +1 \
		-delete 2>/dev/null || true
}

# Run the arguments in namespace $1, with our programs within reach by name.
lab_run() {
	# shellcheck disable=SC2178 # a name for one of the arrays
	local -n into=in_$1
	local loader path=$PATH

	! loader=$(built xdp-drop-tcp 2>/dev/null) || path=$(dirname "$loader"):$path
	shift
	LAB=$LAB PATH=$path "${into[@]}" "$@"
}

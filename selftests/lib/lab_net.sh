# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The lab: an outside host, a machine that runs containers as docker does, and
# a container, all in network namespaces of their own. Nothing leaves it: no
# link goes to the machine's own network. Any number of labs can be up at once.
#
# To be sourced; experiment/lab.sh is the command.
#
#   . "${0%/*}/lib/lab_net.sh"
#   lab_own KIND           a lab that lives as long as this (sub)shell
#   "${in_host[@]}" CMD…   run CMD on the host; also in_out, in_ctr. CMD replaces
#                          tool, so with & behind it, $! is CMD's own pid
#   lab_run WHERE CMD…     run CMD there, with our programs within reach by name
#   $LAB $LAB_DIR          its id and its directory for files, which goes with it
#   lab_need CMD…          where one of these is missing, or what a lab takes, end
#   lab_rest               wait until no TCP connection is left in it
#   lab_quiet              end those that are there
#   lab_colours            $green $yellow $red $dim $plain, empty where none are shown
#   lab_seconds MS         as a plain decimal, in $seconds
#   lab_patience SECONDS   milliseconds for tool stage to wait, in $ms
#
#   LAB_ENGINE=docker      set before, a real docker makes the bridge, the container and NAT,
#                          see docker_lib.sh; $LAB_NEEDS: commands that this takes
#
# Processes in a lab share a private mount of bpffs: pins go when the lab does.

. "${BASH_SOURCE[0]%/*}/checks.sh"

LAB_ENGINE=${LAB_ENGINE:-lab} LAB_NEEDS=() LAB_BOOTSTRAP="make bootstrap"
# shellcheck source=docker_lib.sh
[ "$LAB_ENGINE" = lab ] || . "${BASH_SOURCE[0]%/*}/${LAB_ENGINE}_lib.sh"

LAB_STATE=/run/bpf-drop-lab
tool=$(built tool)

lab_die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# Where one of these commands is missing, or what a lab takes, a test is skipped;
# anything else says so and ends with 4, or with 1 if it is only not root's.
lab_need() {
	local each missing=() lacking

	if [ -n "${ktap_skip-}" ]; then
		need "$@"
		need_privileges
	fi
	privileges
	[ "$lacking" != root ] || lab_die "needs root, to make network namespaces."
	for each; do
		command -v "$each" >/dev/null || missing+=("$each")
	done
	if [ -n "${missing[*]-}" ]; then
		lacking="${missing[*]}, not installed here: see \"$LAB_BOOTSTRAP\""
	fi
	[ -n "$lacking" ] || return 0
	echo "${0##*/}: needs $lacking." >&2
	exit 4
}

# Colours, where a terminal shows them; see no-color.org.
# shellcheck disable=SC2034 # for what sources this
lab_colours() {
	green='' yellow='' red='' dim='' plain=''
	if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM:-dumb}" != dumb ]; then
		green=$'\e[32m' yellow=$'\e[33m' red=$'\e[1;31m' dim=$'\e[2m' plain=$'\e[0m'
	fi
}

lab_diagram() {
	cat <<-END
		  out: outside host    host: runs the containers               ctr: container
		 +----------------+   +-----------------------------------+   +----------------+
		 | nginx, port 80 |   | NAT; port 80 published to ctr     |   | nginx, port 80 |
		 |           out0 ----- wan0 ... docker0 [bridge] - veth0 ----- eth0           |
		 |   198.51.100.2 |   | 198.51.100.1  203.0.113.1         |   | 203.0.113.10   |
		 |  2001:db8:1::2 |   | 2001:db8:1::1 2001:db8:2::1       |   | 2001:db8:2::10 |
		 +----------------+   +-----------------------------------+   +----------------+
	END
}

# When a living process started, as a second name for it: ids are used again.
# In $born; nothing if it has ended.
lab_born() {
	local stat

	born=
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	read -ra stat <<<"${stat##*) }"
	[ "${stat[0]}" = Z ] || born=${stat[19]}
}

# Name the commands that enter the lab in $LAB_DIR. There is no proxy in there.
lab_enter() {
	local mount

	unset http_proxy all_proxy ALL_PROXY
	LAB=${LAB_DIR##*.}
	read -r mount <"$LAB_DIR/relay.pid"
	# shellcheck disable=SC2034 # for what sources this
	in_out=("$tool" enter -m "$mount" "drop-$LAB-out")
	in_host=("$tool" enter -m "$mount" "drop-$LAB-host")
	# shellcheck disable=SC2034
	in_ctr=("$tool" enter -m "$mount" "drop-$LAB-ctr")
}

# The wires. Neighbours are permanent: what arrives never depends on the last request.
lab_wire() {
	local wan=02:00:00:00:01:01 out=02:00:00:00:01:02

	"$tool" enter "drop-$LAB-host" ip -batch - <<-END
		link add wan0 address $wan type veth peer name out0 address $out netns drop-$LAB-out
		link set wan0 up
		link set lo up
		addr add 198.51.100.1/24 dev wan0
		addr add 2001:db8:1::1/64 dev wan0 nodad
		neigh add 198.51.100.2 lladdr $out dev wan0
		neigh add 2001:db8:1::2 lladdr $out dev wan0
	END
	"$tool" enter "drop-$LAB-out" ip -batch - <<-END
		link set out0 up
		link set lo up
		addr add 198.51.100.2/24 dev out0
		addr add 2001:db8:1::2/64 dev out0 nodad
		neigh add 198.51.100.1 lladdr $wan dev out0
		neigh add 2001:db8:1::1 lladdr $wan dev out0
		route add 2001:db8:2::/64 via 2001:db8:1::1
	END
}

lab_wire_container() {
	local docker=02:00:00:00:02:01 veth=02:00:00:00:02:02 eth=02:00:00:00:02:10

	"$tool" enter "drop-$LAB-host" ip -batch - <<-END
		link add docker0 address $docker type bridge mcast_snooping 0
		link add veth0 address $veth type veth peer name eth0 address $eth netns drop-$LAB-ctr
		link set veth0 master docker0 up
		link set docker0 up
		addr add 203.0.113.1/24 dev docker0
		addr add 2001:db8:2::1/64 dev docker0 nodad
		neigh add 203.0.113.10 lladdr $eth dev docker0
		neigh add 2001:db8:2::10 lladdr $eth dev docker0
	END
	"$tool" enter "drop-$LAB-ctr" ip -batch - <<-END
		link set eth0 up
		link set lo up
		addr add 203.0.113.10/24 dev eth0
		addr add 2001:db8:2::10/64 dev eth0 nodad
		neigh add 203.0.113.1 lladdr $docker dev eth0
		neigh add 2001:db8:2::1 lladdr $docker dev eth0
		route add default via 203.0.113.1
		route add default via 2001:db8:2::1
	END
}

# As docker has it: what containers send out is masqueraded; the published port is
# translated at the host's addresses, also for the host itself, but not for what comes
# from the bridge or is sent to the loopback: the relay answers that.
lab_nat() {
	"${in_host[@]}" nft -f - <<-END
		table ip nat {
			chain published {
				ip daddr { 198.51.100.1, 203.0.113.1 } tcp dport 80 dnat to 203.0.113.10:80
			}
			chain prerouting {
				type nat hook prerouting priority -100
				iifname != "docker0" jump published
			}
			chain output {
				type nat hook output priority -100
				jump published
			}
			chain postrouting {
				type nat hook postrouting priority 100
				oifname "wan0" ip saddr 203.0.113.0/24 masquerade
			}
		}
	END
}

# nginx's page and configuration for namespace $1; every file is in the lab's directory.
lab_page() {
	local dir=$LAB_DIR/$1

	mkdir -p "$dir/www"
	echo "Hello from nginx in $1." >"$dir/www/index.html"
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
}

lab_serve() {
	local -n into=in_$1
	local dir=$LAB_DIR/$1

	lab_page "$1"
	"${into[@]}" "$LAB_NGINX" -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" \
		2>"$dir/start.log"
}

# In $ms, the milliseconds for stage to wait, where poll would do so for $1 seconds.
lab_patience() {
	ms=$(($1 * 1000 * slack * ${ktap_patience:-1}))
}

# Wait until no TCP connection is left in the lab, not even half of one; false after 10 s.
lab_rest() {
	local ms

	lab_patience 10
	"$tool" stage rest "$ms" "drop-$LAB-out" "drop-$LAB-host" "drop-$LAB-ctr"
}

# End the connections in the lab, so that none sends anything any more. Where the kernel
# cannot be told to, wait until they have ended; false after 10 s.
lab_quiet() {
	local each

	for each in out host ctr; do
		lab_run "$each" ss -HKtn state connected >/dev/null 2>&1 || true
	done
	lab_rest
}

# $1 milliseconds as a plain decimal, in $seconds: of 1500e-3, curl 8.14 reads the 1500.
lab_seconds() {
	# shellcheck disable=SC2034 # for what sources this
	printf -v seconds %d.%03d $(($1 / 1000)) $(($1 % 1000))
}

# The host's bridge with the container on it, and all servers: by nginx, or with "web" by
# small ones of our own.
lab_containers() {
	lab_wire_container
	"$tool" stage serve "$LAB_DIR" "$@"
	lab_enter
	lab_nat
	if [ $# = 0 ]; then
		lab_serve out
		lab_serve ctr
	fi
}

# Bring one up, of kind $1 and for process $2, or this one. Its owner's end makes
# it a leftover; "kept" has no owner. Where there is no nginx (or LAB_NGINX=none), a
# small server of our own serves.
lab_up() {
	local owner=${2:-$BASHPID} born web=web ms

	lab_need ip nft "${LAB_NEEDS[@]}"
	LAB_NGINX=${LAB_NGINX:-nginx}
	! command -v "$LAB_NGINX" >/dev/null || web=
	lab_sweep
	[ "$1" != kept ] || owner=0
	lab_born "$owner"
	lab_name
	LAB=${LAB_DIR##*.}
	"$tool" stage up "$LAB_DIR" "$1 $owner $born"
	lab_wire
	"${LAB_ENGINE}_containers" $web
	"${in_host[@]}" "$tool" probe listen 8080 "Hello from the lab's host." </dev/null >"$LAB_DIR/host.log" 2>&1 &
	disown
	lab_patience 5
	"$tool" stage ready "$LAB_DIR" "$ms" && return
	tail -n 20 "$LAB_DIR"/*.log "$LAB_DIR"/*/*.log >&2 || true
	lab_die "the lab does not come up; its servers' logs are above"
}

# A name that no lab has, in $LAB_DIR: no two processes find the same.
lab_name() {
	local letters=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 id number

	while :; do
		number=$BASHPID id=
		while [ ${#id} -lt 4 ]; do
			id+=${letters:number % 62:1}
			number=$((number / 62))
		done
		id+=${letters:RANDOM % 62:1}${letters:RANDOM % 62:1}
		LAB_DIR=$LAB_STATE.$id
		[ -e "$LAB_DIR" ] || return 0
	done
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

# The processes in lab $1, without this very shell, should it be in there itself.
lab_pids() {
	"$tool" stage pids "$1" $$ $BASHPID
}

# Remove the lab in directory $1, however much of it there is.
lab_remove() {
	local ms

	lab_patience 1
	"$tool" stage down "$1" "$ms" $$ $BASHPID
}

# Of the lab in directory $1: $kind, $owner, and whether it is $over, since its owner was
# killed before it could remove it. Owners in other process namespaces, which may share
# /run, cannot be seen. False if it does not say.
lab_owner() {
	local birth numbers born

	over=
	{ read -r kind owner birth && read -r numbers; } 2>/dev/null <"$1/owner" || return
	[ "$kind" != kept ] || return 0
	lab_born "$owner"
	if [ "$born" != "$birth" ] && [ "$(readlink /proc/self/ns/pid)" = "$numbers" ]; then
		over=yes
	fi
}

# Remove the labs that are over.
lab_sweep() {
	local dir kind owner over stray=

	for dir in "$LAB_STATE".*; do
		[ -d "$dir" ] || continue
		if ! lab_owner "$dir"; then
			stray=yes
		elif [ -n "$over" ]; then
			lab_remove "$dir"
		fi
	done
	[ -n "$stray" ] || return 0
	find "${LAB_STATE%/*}" -maxdepth 1 -name "${LAB_STATE##*/}.*" -empty -mmin +1 \
		-delete 2>/dev/null || true
}

# Run the arguments in namespace $1, with our programs within reach by name.
lab_run() {
	local -n into=in_$1
	local reach=$PATH path

	! locate xdp-drop-tcp 2>/dev/null || reach=${path%/*}:$reach
	shift
	LAB=$LAB PATH=$reach "${into[@]}" "$@"
}

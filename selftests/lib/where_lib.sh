# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of drop-where have in common. To be sourced, then ktap_private "$@". Each
# test has what where_wires makes.
#
#   "${in_host[@]}" CMD  run CMD in the host's network namespace, $host; in_ctr: in the
#                        container's, $ctr. $port is the host's end, $peer the
#                        container's, $bridge the bridge
#   where_start ARGS…    start drop-where on the host: its process is $where, its output in
#                        $tmp/where.out and .err. where_gone: has it ended?
#   where_end SIGNAL     end it, or wait with "none" until it ends by itself; said, told
#                        and count are about its output from now on
#   where_knock [COUNT]  so many SYNs from the container; where_knock_back: one the other way
#   where_tells COUNT REGEX [FILE]
#                        do at least so many lines of its output match by now?
#
# All that is sent while drop-where runs is frames of our own, so that their number is
# known: no retransmissions, no ARP, no IPv6.

. "${BASH_SOURCE[0]%/*}/lab_lib.sh"

drop_where=$(built drop-where)

where_without_ipv6() {
	# shellcheck disable=SC2016 # expanded by that shell
	"$@" sh -c '
		for which in all default; do
			file=/proc/sys/net/ipv6/conf/$which/disable_ipv6
			[ ! -e $file ] || echo 1 >$file
		done'
}

# As the lab, but small: a container on a bridge. The tests of a group share it, but if
# one fails, the next has a new one.
ktap_before_each=where_wires
where_wires() {
	need ip
	port=h$ktap_group_pid peer=c$ktap_group_pid bridge=b$ktap_group_pid
	host=where-host.$ktap_group_pid.$RANDOM ctr=where-ctr.$ktap_group_pid.$RANDOM
	ktap_after_each=where_give_back
	if [ -s "$ktap_between" ]; then
		read -r host ctr <"$ktap_between"
	else
		echo "$host $ctr" >"$ktap_between"
	fi
	in_host=("$tool" enter "$host")
	in_ctr=("$tool" enter "$ctr")
	[ -e "/run/netns/$host" ] || where_make_wires
}

where_make_wires() {
	local at_host=02:00:00:00:02:01 at_ctr=02:00:00:00:02:10

	ip -batch - <<-END
		netns add $host
		netns add $ctr
	END
	where_without_ipv6 "${in_host[@]}"
	where_without_ipv6 "${in_ctr[@]}"
	"${in_host[@]}" ip -batch - <<-END
		link add $bridge address $at_host type bridge mcast_snooping 0
		link add $port type veth peer name $peer address $at_ctr netns $ctr
		link set $port master $bridge up
		link set $bridge up
		addr add 203.0.113.1/24 dev $bridge
		neigh add 203.0.113.10 lladdr $at_ctr dev $bridge
	END
	"${in_ctr[@]}" ip -batch - <<-END
		link set $peer up
		addr add 203.0.113.10/24 dev $peer
		neigh add 203.0.113.1 lladdr $at_host dev $peer
	END
	poll 5 "${in_ctr[@]}" "$tool" probe icmp 203.0.113.1 300
}

# With what was attached by them, too.
where_give_back() {
	end_jobs KILL
	wait
	[[ $1 != [04] ]] || return 0
	printf 'netns del %s\n' "$host" "$ctr" | ip -force -batch -
	: >"$ktap_between"
}

# Start drop-where on the host.
where_start() {
	lab_start 30 where listening "$drop_where" "$@"
	where=$begun
}

where_gone() {
	is_over "$where"
}

# End it: its output is what told looks at, and how it ended is right. For so few
# packets, nothing is lost.
where_end() {
	local status=0 text

	[ "$1" = none ] || end_jobs "$1" "$where" # if it has ended: by what, is told below
	poll 30 where_gone || fail "it does not end"
	wait "$where" || status=$?
	copy "$tmp/where.err" "$tmp/err"
	copy "$tmp/where.out" "$tmp/out"
	[ "$status" = 0 ] || fail "exit status $status: $(<"$tmp/err")"
	read_text "$tmp/out"
	printf %s "$text" # for reading a failure
	[[ ! $text =~ [1-9][0-9]*\ events\ were\ lost|\"lost_events\":[1-9]|\? ]] ||
		fail "${BASH_REMATCH[0]}"
}

# 203.0.113.10:40000 to 203.0.113.1:80. Where they arrive, each is answered by an RST.
where_knock() {
	"${in_ctr[@]}" "$tool" probe send "$peer" "$frame_syn" "${1:-3}"
}

# One of them the other way.
where_knock_back() {
	"${in_host[@]}" "$tool" probe send "$port" "${frame_syn:12:12}${frame_syn::12}${frame_syn:24}" 1
}

# At least so many of them match.
where_tells() {
	local count

	count "$2" "${3:-$tmp/where.out}"
	[ "$count" -ge "$1" ]
}

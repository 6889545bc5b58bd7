#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In newcomers.sh's cases installed12 and installed13: the package in a minimal tree, with
# what else a reader and a shell need. $outside is a process in the namespace of the host
# at the other end of eth0.
set -eu
export LC_ALL=C
export DEBIAN_FRONTEND=noninteractive outside=$outside

apt=(apt-get -qq -y --no-install-recommends)
# Within ten seconds, a connection from the outside host is to be "refused", or have "no answer".
connection_is() {
	local status text was end=$((SECONDS + 10))

	while [ $SECONDS -lt $end ]; do
		status=0
		text=$(nsenter --target "$outside" --net timeout 2 bash -c ': </dev/tcp/203.0.113.1/9' 2>&1) || status=$?
		case $status,$text in
		*refused*) was=refused ;;
		124,*) was="no answer" ;;
		*) was="$status $text" ;;
		esac
		[ "$was" != "$1" ] || return 0
		sleep 0.2
	done
	echo "newcomers: a connection is $was, not $1"
	exit 1
}

[ ! -e /root/bpf-drop ]
"${apt[@]}" install /root/bpf-drop_*.deb >/dev/null
echo "newcomers: installed $(dpkg-query -W bpf-drop); it depends on $(dpkg-query -W -f '${Depends}' bpf-drop)"

connection_is refused
timeout --signal=INT 10 xdp-drop-tcp eth0 &
connection_is "no answer"
wait $! || [ $? = 124 ]
connection_is refused
echo "newcomers: xdp-drop-tcp eth0 drops until Ctrl-C"

"${apt[@]}" install man-db bash-completion >/dev/null
for program in xdp-drop-world xdp-drop-tcp tc-drop-tcp drop-where; do
	man "$program" | grep -q -- '--timeout'
done
man 7 bpf-drop >/dev/null
echo "newcomers: man xdp-drop-tcp"

# As a person types it; Ctrl-U takes the line back. What is told at once comes too early.
{
	sleep 5
	printf 'xdp-drop-tcp --time\t'
	sleep 5
	printf '\025exit\n'
} | script -q -c 'bash --rcfile /usr/share/bash-completion/bash_completion -i' /root/typed >/root/shown
grep -q -- 'xdp-drop-tcp --timeout' /root/typed
echo "newcomers: xdp-drop-tcp --time<Tab> is --timeout"

"${apt[@]}" purge bpf-drop >/dev/null
left=$(find / -xdev -name '*drop-tcp*' -not -path '/proc/*' -not -path '/root/*' -not -path '/var/cache/man/*')
[ -z "$left" ] || { echo "newcomers: left: $left"; exit 1; }
echo "newcomers: purged, and nothing is left"
echo "newcomers: installed: done"

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # $ktap_between is the group's
#
# A real SSH server in a network namespace, for tests. To be sourced after ktap.sh.
#
#   sshd_private         what client and server need, in the mount namespace of
#                        ktap_private, with which it goes: keys, the client's
#                        configuration, and a root whose home and password are not this
#                        machine's
#   sshd_start CMD…      start one where CMD, as in "${in_host[@]}", enters; its log is
#                        $ktap_between.sshd. It has a process namespace of its own, which
#                        ends with the group, and is all that /proc shows there
#   ${sshd[@]}           how it is run, for more options

sshd_private() {
	need sshd ssh ssh-keygen setpriv unshare
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p /run/netns /run/sshd /run/root/.ssh
	ssh-keygen -q -t ed25519 -N '' -C '' -f /run/root/key
	cat >/run/root/.ssh/config <<-END
		IdentityFile /run/root/key
		IdentitiesOnly yes
		BatchMode yes
		RequestTTY no
		LogLevel ERROR
		KexAlgorithms curve25519-sha256
		GSSAPIAuthentication no
		StrictHostKeyChecking no
		UserKnownHostsFile /dev/null
		GlobalKnownHostsFile /dev/null
	END
	printf 'root:x:0:0:root:/run/root:/bin/bash\nsshd:x:103:65534::/run/sshd:/bin/false\n' >/run/passwd
	printf 'root:*:1:0:99999:7:::\nsshd:*:1:0:99999:7:::\n' >/run/shadow
	mount --bind /run/passwd /etc/passwd
	[ ! -e /etc/shadow ] || mount --bind /run/shadow /etc/shadow
	sshd=("$(command -v sshd)" -D -e -f none -h /run/root/key -o AuthorizedKeysFile=/run/root/key.pub
		-o LoginGraceTime=0 -o StrictModes=no -o UsePAM=no -o PermitRootLogin=yes -o PidFile=none -o UseDNS=no -o PermitTunnel=yes)
}

sshd_start() {
	local log=$ktap_between.sshd

	"$@" setpriv --pdeathsig KILL unshare --pid --fork --kill-child --mount-proc \
		bash -c '"$@" & wait' bash "${sshd[@]}" >"$log" 2>&1 &
	poll 10 reads "$log" 'Server listening on 0.0.0.0' || fail "sshd: $(<"$log")"
}

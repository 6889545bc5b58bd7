#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Names that others chose: what is in them neither steers a terminal nor breaks JSON.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
. "$(dirname "$0")/lib/frames.sh"
cli_private "$@"

# Names with bytes that steer a terminal, or are no UTF-8: escaped wherever they are shown.
# $1 is what a terminal is to show of $name; no other such bytes are in both outputs.
shows_name() {
	local text

	read_text "$tmp/out"
	[[ $text = *"$1"* ]] || fail "not as '$1':"$'\n'"$text"
	read_text "$tmp/err"
	[[ $text$(<"$tmp/out") != *[$'\e\a\x7f\x9b\xff']* ]] || fail "not escaped: $text$(<"$tmp/out")"
}

test_hostile_names() {
	local name=$'a\e[1m\a\xff\xc2\x9b"\\\xc3\xb6' shown='a\x1b[1m\x07\xff\xc2\x9b"\ö'
	local json='"a\u001b[1m\u0007\ufffd\u009b\"\\ö"'

	cli_on ip link add "$name" type veth peer name veth1
	cli_on ip link set veth1 up
	cli_on ip link set "$name" up
	cli_state before
	expect 0 cli_on xdp-drop-tcp -S -i 0.1 -t 300ms "$name"
	shows_name " $shown xdp-generic "
	said '^xdp-drop-tcp: a\\x1b\[1m\\x07\\xff\\xc2\\x9b"\\ö: attached'
	expect 0 cli_on xdp-drop-tcp -S -j -i 0 -t 50ms "$name"
	shows_name "\"interface\":$json,"
	told '"event":"attached",.*"interface":"a\\u001b'
	! command -v jq >/dev/null || jq -e ".interface or .event or .total" "$tmp/out" >"$tmp/jq"
	TERM=xterm expect 0 "$tool" screen 80x24 "$tool" enter -t 20 "$host" xdp-drop-tcp -S -i 0.1 -t 300ms "$name"
	told "^ +[0-9.]+ a.x1b\\[1m.x07.xff.xc2.x9b\"..* xdp-generic +0"
	cli_refused 2 'no interface .b\\x1bc' xdp-drop-tcp $'b\ec'
	shows_name ''
	expect 0 cli_on xdp-drop-tcp -S -i 0 -t 50ms -w "$tmp/file" "$name"
	grep -aqF "$shown@xdp" "$tmp/file" || fail "not in the capture"
	# So is the name of a process: of the loader, here.
	cp "$(built xdp-drop-tcp)" "$tmp/"$'x\e[2J"'
	cli_start "$tmp/"$'x\e[2J"' -S -i 0 "$name"
	expect 0 cli_on xdp-drop-tcp --list
	shows_name "$shown"
	shows_name '(x\x1b[2J")'
	expect 0 cli_on xdp-drop-tcp --list --json
	shows_name "\"interface\":$json,"
	shows_name '(x\u001b[2J\")",'
	cli_stop
	cli_clean
}

# Words of the command line, which argp and getopt() quote.
test_hostile_words() {
	local word=$'\e[2J\xc2\x9b\xff\xc3\xb6' option

	for option in -- --timeout= --interval= --only= --top=; do
		expect 2 cli_on xdp-drop-tcp "$option$word" lo
		said '\\x1b\[2J\\xc2\\x9b\\xffö'
		shows_name ''
	done
	expect 2 cli_on drop-where "--$word"
	said '\\x1b\[2J\\xc2\\x9b\\xffö'
	shows_name ''
}

# The same where drops are told.
test_hostile_drops() {
	local name=$'a\e[1m\a\xff' shown='a\x1b[1m\x07\xff' json

	or_skip "drop-where cannot run here" cli_on drop-where -t 50ms
	cli_on ip link add "$name" type veth peer name veth1
	cli_on ip link set veth1 up
	cli_on ip link set "$name" up
	poll 15 cli_is_up veth1
	cli_start xdp-drop-tcp -S -i 0 "$name"
	for json in '' --json; do
		: >"$tmp/err"
		# shellcheck disable=SC2086 # no option, or one
		"${in_host[@]}" drop-where $json "$name" >"$tmp/out" 2>"$tmp/err" &
		poll 10 reads "$tmp/err" listening
		cli_on "$tool" probe send veth1 "$frame_syn" 1
		poll 5 reads "$tmp/out" xdp-generic || fail "nothing is told"
		end_jobs INT $!
		wait $!
		[ -z "$json" ] || shown='"interface":"a\u001b[1m\u0007\ufffd",'
		shows_name "$shown"
	done
	cli_stop
}

ktap_case names test_hostile_names "names with control characters and no UTF-8 are escaped"
ktap_case names test_hostile_words "so are words of the command line"
ktap_case names test_hostile_drops "the same in drop-where"
ktap_run "$@"

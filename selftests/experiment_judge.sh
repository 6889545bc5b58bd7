#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Do the experiment's judges, judge.awk, switch.awk and compare.awk, tell right from wrong? No packets:
# what taps and drop-where would have said is written here.
set -eu

. "$(dirname "$0")/lib/ktap.sh"

here=$(dirname "$(realpath "$0")")
# W1's cold neighbour: an ARP request leaves out0 and is dropped on wan0.
day=1763856000 # 2025-11-23
W1="W1 xdp-drop-world:wan0 out-host-pingcold lost - - - - Ao - A@wan0:xdp-native"

# A probe sent at second $1, with the outcome $2.
probe() {
	echo "$((day + $1)) $2 ${*:3}" >>"$tmp/cells"
}

# Second, device, In or Out, and what tcpdump says of the packet.
tap() {
	echo "$((day + ${1%.*})).${1#*.} ${2}0 $3 ${*:4}" >>"$tmp/tap.out"
}

# Second, interface, protocol of a drop in native XDP.
drop() {
	printf '{"final":false,"time":"2025-11-23T00:00:%02d.500000Z",' "$1"
	printf '"interface":"%s0","hook":"xdp-native",' "$2"
	printf '"function":"veth_xdp_rcv_skb","protocol":%s,"reason":null}\n' "$3"
} >>"$tmp/where.host"

# What is judged of it begins with $1 and ends with $2; $3 drops were told.
judged() {
	touch "$tmp/tap.out" "$tmp/where.host"
	awk -f "$here/experiment/judge.awk" -v dropped=1 \
		"$tmp/cells" "$tmp/tap.out" "$tmp/where.host" >"$tmp/out"
	has_line "$tmp/out" "^$1	.*	$2\$"
	has_line "$tmp/out" "^sum	1	$3\$"
}

arp_dropped() {
	probe 10 lost "$W1"
	tap 10.1 out Out ARP, Request who-has 198.51.100.1 tell 198.51.100.2, length 28
}

as_expected() {
	arp_dropped
	drop 10 wan 2054
	judged ok "" 1
}

wrong_verdict() {
	probe 10 pass "$W1"
	tap 10.1 out Out ARP, Request who-has 198.51.100.1 tell 198.51.100.2, length 28
	drop 10 wan 2054
	judged not "verdict: expected lost, got pass" 1
}

wrong_tap() {
	arp_dropped
	tap 10.2 docker In ARP, Request who-has 198.51.100.1 tell 198.51.100.2, length 28
	drop 10 wan 2054
	judged not "docker0: expected -, got Ai" 1
}

wrong_place() {
	arp_dropped
	drop 10 veth 2054
	judged not "dropped: expected A@wan0:xdp-native, got A@veth0:xdp-native" 1
}

missing_drop() {
	arp_dropped
	judged not "dropped: expected A@wan0:xdp-native, got -" 0
}

sent_before() {
	arp_dropped
	probe 20 lost "${W1//-pingcold/-ping}"
	drop 10 wan 2054
	judged not "out0: expected Ao, got -, dropped: expected A@wan0:xdp-native, got -" 1
}

could_not_run() {
	probe 10 skip:needs_nping "$W1"
	judged skip ".*" 0
}

# XDP goes on at second 1, off at 2.5. One connection is begun before it goes off and, its SYN
# repeated, answered after that, as on a slow machine; $1 are others: when begun and answered.
# The result has the lines $2 and so on.
switched() {
	local begun answered line

	printf '%s\n' "on 1 1.1" "off 2.5 2.6" >"$tmp/switches"
	while read -r begun answered; do
		echo "$begun $begun $answered"
	done < <(printf '%s\n' "0.5 0.51" "1.2 -" "2.4 3.8" "3 3.01" "$1") >"$tmp/stream"
	awk -f "$here/experiment/switch.awk" -v id=T1 -v ktap=yes -v where=x -v seconds="$tmp/seconds" \
		-v tsv="$tmp/tsv" -v csv="$tmp/csv" "$tmp/switches" "$tmp/stream" "$tmp/stream" >"$tmp/out"
	for line in "${@:2}"; do
		told "^$line\$"
	done
}

# The table expects Qo on veth0 and, if $3, explains that docker differs. Judged of what
# the lab got, $1, and docker, $2: the line begins with $4 and ends with $5.
beside() {
	local got

	echo "X1 xdp-drop-tcp:veth0 host-local-curl lost - Qo - - - - -" >"$tmp/rows"
	[ -z "$3" ] || echo "#docker X1 host-local-curl veth0 $3 it is so" >>"$tmp/rows"
	for got in "$1" "$2"; do
		printf 'ok\tX1\txdp-drop-tcp:veth0\thost-local-curl\tlost/lost\t-/-\t%s/Qo' "$got"
		printf '\t-/-\t-/-\t-/-\t-/-\t-/-\t-\t\n'
	done >"$tmp/both"
	head -n 1 "$tmp/both" >"$tmp/lab"
	tail -n 1 "$tmp/both" >"$tmp/docker"
	awk -f "$here/experiment/words.awk" -f "$here/experiment/compare.awk" -v engine=docker \
		"$tmp/rows" "$tmp/lab" "$tmp/docker" >"$tmp/out"
	has_line "$tmp/out" "^$4	X1	.*	$5\$"
}

# Both tables, as they are shown if all is as expected. The longest names stand apart.
fits() {
	local table

	for table in rows taps; do
		awk -v OFS='\t' '!/^#/ && NF {
			for (i = 4; i <= NF; i++)
				$i = $i "/" $i
			print "ok", $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "-", ""
		}' "$here/experiment/$table.expected" |
			awk -f "$here/experiment/words.awk" -f "$here/experiment/show.awk"
	done >"$tmp/out"
	never grep -E '.{81}' "$tmp/out"
	told '^B7 ctr-bridge-npingicmp pass +QoRi QiRo QiRo +- +- +- +-$'
	told '^W0 out-host-pingcold +pass +- +- +- +AiaoQiRo AoaiQoRi - +-$'
	told '^ctr-bridge-tcp +lost +Qo +Qi +- +- +- +- +Q@docker0:xdp-generic$'
}

# The time that curl is given, in ms.
curl_time() {
	# shellcheck source-path=SCRIPTDIR source=experiment/experiment_lib.sh disable=SC1091
	. "$here/experiment/experiment_lib.sh"
	experiment_inside() {
		echo "$*"
	}
	expect 0 experiment_send host-local-curl "$1"
	told "^host curl .*-m $2 "
}

plain_decimals() {
	curl_time 300 '0\.300'
	curl_time 5000 '5\.000'
	curl_time 12034 '12\.034'
}

ktap_case judge as_expected "an ARP request is dropped, as expected"
ktap_case judge wrong_verdict "another verdict is named"
ktap_case judge wrong_tap "what a tap should not have seen is named"
ktap_case judge wrong_place "another place of the drop is named"
ktap_case judge missing_drop "a drop that is missing is named"
ktap_case judge sent_before "packets belong to the probe that was sent last before them"
ktap_case judge could_not_run "a probe that could not be sent is a skip"
ktap_case judge switched_right "XDP on and off: a repeated SYN hides no other connection" switched \
	"1.3 -" "ok T1 x none-lost-while-off # of 1" "ok T1 x none-answered-while-on # of 2"
ktap_case judge switched_passes "XDP on and off: what passes while on is named" switched \
	"1.3 1.31" "not ok T1 x none-answered-while-on # of 2"
ktap_case judge switched_loses "XDP on and off: what is lost while off is named" switched \
	"3.1 -" "not ok T1 x none-lost-while-off # of 2"
ktap_case judge fits "the tables fit into 80 columns, and no cell runs into the next one"
ktap_case judge plain_decimals "curl is given plain decimals, which all versions read"
ktap_case beside both_same "lab and docker: the same in both" beside Qo Qo "" ok ""
ktap_case beside both_wrong "lab and docker: not as expected in both" \
	beside - - "" not "veth0: expected Qo, got -"
ktap_case beside differs "lab and docker: a cell that differs is named" \
	beside Qo QoRi "" not "veth0: expected Qo, got Qo[|]QoRi"
ktap_case beside explained "lab and docker: the table explains a difference" \
	beside Qo QoRi "Qo|QoRi" ok "veth0: it is so"
ktap_case beside explained_otherwise "lab and docker: it explains another difference" \
	beside Qo Qo "Qo|QoRi" not "veth0: expected Qo[|]QoRi, got Qo"
ktap_run "$@"

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The experiment's chapters that are no tables. To be sourced by experiment.sh, whose
# variables these are:
: "${work=}" "${here=}" "${ktap=}" "${tool=}" "${results=}" "${tmp=}"
: "${LAB_ENGINE=}" "${chapter=}" "${slack=}"
declare -A program # it stays as it is

RATE=$((200 / slack))  # connections a second
PERIOD=1.5             # seconds that XDP stays on, and then off, at least
ROUNDS=3
QUESTIONS=5

# A line for each switch: which, when it was asked for, when it was done.
experiment_switch_on() {
	local asked=$EPOCHREALTIME line

	exec 8< <(experiment_become "$1" "${program[xdp-drop-tcp]}" --interval 0 "$2" 2>&1 >/dev/null)
	loader=$!
	read -r -t 20 line <&8 || lab_die "xdp-drop-tcp says nothing"
	[[ $line == *attached* ]] || lab_die "$line"
	echo "on $asked $EPOCHREALTIME"
}

experiment_switch_off() {
	local asked=$EPOCHREALTIME

	kill -INT "$loader"
	while read -r -t 20 _ <&8; do :; done
	wait "$loader"
	echo "off $asked $EPOCHREALTIME"
}

# $PERIOD, or longer, until 10 connections of stream $1 that were begun meanwhile have ended.
experiment_switch_wait() {
	local since=$EPOCHREALTIME

	sleep "$PERIOD"
	for _ in {1..150}; do
		! awk -v since="$since" '$1 >= since { n++ } END { exit (n < 10) }' "$work/$1.stream" || return 0
		sleep 0.2
	done
	lab_die "the stream stands still"
}

# Stream $1 from $2 to $3; meanwhile XDP goes on and off on interface $5 in $4.
experiment_switched() {
	local stream round

	experiment_become "$2" "$tool" probe stream "$3" 80 "$RATE" $((60 * slack)) >"$work/$1.stream" &
	stream=$!
	sleep 1
	for ((round = 1; round <= ROUNDS; round++)); do
		experiment_switch_on "$4" "$5"
		experiment_switch_wait "$1"
		experiment_switch_off
		experiment_switch_wait "$1"
	done >"$work/$1.switches"
	kill -INT "$stream"
	wait "$stream" || lab_die "the stream failed: $(tail -n 1 "$work/$1.stream")"
	awk -f "$here/switch.awk" -v id="$1" -v ktap="$ktap" \
		-v where="xdp-drop-tcp:$5" -v path="$2-to-$3" -v seconds="$work/$1.seconds" \
		-v tsv="$work/$chapter.tsv" -v csv="$work/$1.csv" \
		"$work/$1.switches" "$work/$1.stream" "$work/$1.stream"
}

# --- the questions: each a heading, commands, and what they say ---

# Show a command and run it in part $1 of the lab, for 20 s at most.
experiment_show() {
	local -n into=in_$1
	local text

	text=$("${into[@]:0:2}" -t 20 "${into[@]:2}" "${@:2}" 2>&1) || true
	printf '%s\n' "$1# ${*:2}"
	[ -z "$text" ] || printf '    %s\n' "${text//$'\n'/$'\n'    }"
}

# In $text: programs by their plain names.
experiment_plainly() {
	local name

	for name in "${!program[@]}"; do
		text=${text//"${program[$name]}"/"$name"}
	done
	text=${text//"$tool probe"/probe}
}

# A test point: does what the answer $1 rests on show in its output?
experiment_point() {
	local status=ok id=$1 name=$2 differs=''

	shift 2
	if ! "$@"; then
		status=not differs="$id does not hold: $name"
		[ -z "$ktap" ] || sed 's/^/# /' "$tmp/answer"
	fi
	printf '%s\t%s\t-\t%s\t-\t%s\n' "$status" "$id" "${name// /-}" "$differs" >>"$work/answers.tsv"
	[ -z "$ktap" ] || echo "${status/not/not ok} $id ${name// /-}"
}

# The answer's lines are one here, and blanks single.
experiment_said() {
	[[ $shown =~ $1 ]]
}

# End the state; the sums of drops that were told meanwhile.
experiment_drops() {
	experiment_stop_state
	echo "host# drop-where veth0    (meanwhile)"
	awk -F '"' '/"final":true/ && /"hook"/ && !/"hook":"stack"/ {
			for (i = 2; i < NF; i++)
				value[$i] = $(i + 1) == ":" ? $(i + 2) : $(i + 1)
			gsub(/[:,]/, "", value["packets"])
			printf "    packets %d, interface %s, hook %s, function %s, reason %s\n",
				value["packets"], value["interface"], value["hook"],
				value["function"], value["reason"]
		}' "$tmp/where.host"
}

# What the host's taps have seen in this state of TCP.
experiment_tapped() {
	experiment_taps_catch_up
	echo "host# tcpdump -i any    (meanwhile)"
	sed -nE '/Flags/ s/^[^ ]* ([^,]*).*/    \1/p' "$tmp/tap.host"
}

experiment_question() {
	echo
	echo "Question $1: $2"
	echo
}

experiment_question_1() {
	experiment_question 1 "what is the number in \"ip link\", xdp/id:N?"
	experiment_start_state xdp-drop-tcp:veth0
	experiment_show host ip link show dev veth0
	experiment_show host "${program[xdp-drop-tcp]}" --list veth0
	if command -v bpftool >/dev/null; then
		experiment_show host bpftool prog show id "$(experiment_linked_id)"
	else
		echo "SKIP needs bpftool"
	fi
	experiment_stop_state
	echo "The id of the loaded program: the kernel's number for it, new with each load."
}

experiment_question_2() {
	experiment_question 2 "why do taps see nothing of what XDP and TC egress drop?"
	experiment_start_state xdp-drop-tcp:veth0
	experiment_show ctr "$tool" probe tcp 198.51.100.2 80 "$LOST_MS"
	experiment_taps_catch_up
	echo "host# tcpdump -i veth0    (meanwhile)"
	awk '/ veth0 .*Flags/ { n++ } END { print "    packets of TCP: " n + 0 }' "$tmp/tap.host"
	experiment_drops
	echo "XDP comes before the taps on the way in, TC egress before them on the way out:"
	experiment_start_state tc-drop-tcp:veth0
	experiment_show host "$tool" probe tcp 203.0.113.10 80 "$LOST_MS"
	experiment_show ctr "$tool" probe tcp 203.0.113.1 8080 "$LOST_MS"
	experiment_tapped
	experiment_drops
	echo "The container's SYN arrives: nothing drops there. docker0's SYN-ACK is dropped when it leaves."
}

# The ruleset of NAT goes, and conntrack with it; the drops stay the same. Then it is there
# again.
experiment_question_3() {
	experiment_question 3 "is it conntrack?"
	experiment_show host nft flush ruleset
	experiment_start_state tc-drop-tcp:veth0
	experiment_show host nft list ruleset
	experiment_show host "$tool" probe tcp 203.0.113.10 80 "$LOST_MS"
	experiment_show ctr "$tool" probe tcp 203.0.113.1 8080 "$LOST_MS"
	experiment_drops
	experiment_send_once host
	"${LAB_ENGINE}_nat"
	echo "No: without any netfilter rule the same packets are dropped in the same place."
}

experiment_question_4() {
	experiment_question 4 "why did a container's SYN pass generic XDP in other people's runs?"
	experiment_start_state xdp-drop-tcp,-S:veth0
	experiment_show host uname -r
	experiment_show ctr "$tool" probe tcp 203.0.113.1 8080 "$LOST_MS"
	experiment_drops
	echo "Until about Linux 5.4.22 (commit ad1e03b2b3d4) generic XDP let cloned packets pass, and a"
	echo "SYN that TCP sends is a clone. Native XDP on veth always dropped them."
}

experiment_question_5() {
	experiment_question 5 "why does nping to docker0's own address get no answer?"
	experiment_start_state -
	if command -v nping >/dev/null; then
		experiment_show host nping --delay 0 -c 1 --tcp -p 80 -e wan0 203.0.113.1
	else
		echo "SKIP needs nping"
	fi
	experiment_show host curl -s http://203.0.113.1/
	experiment_tapped
	experiment_stop_state
	echo "Nothing is attached. The port is published at the host's own addresses, too: the SYN goes"
	echo "to the container, and the SYN-ACK comes back by docker0. nping listens on wan0 and misses it."
	echo "With tc-drop-tcp on veth0:"
	experiment_start_state tc-drop-tcp:veth0
	experiment_show host "$tool" probe tcp 203.0.113.1 80 "$LOST_MS"
	experiment_show host "$tool" probe tcp 203.0.113.1 8080 "$ANSWER_MS"
	experiment_drops
	echo "TC does drop that SYN, so nping is right by chance. Port 8080 is not published: its packets"
	echo "stay on lo."
}

experiment_ask() {
	"experiment_question_$1" >"$tmp/answer"
}

experiment_answers() {
	local n text shown names=("the ids are the same" "what is dropped is not on the taps" "without netfilter the same"
		"generic XDP drops SYNs" "E8 fails with and without TC")
	local wants=('prog/xdp id ([0-9]+).*\1 *xdp_drop_tcp.*\1: xdp' 'packets of TCP: 0 .*xdp-native.* veth0 .*203.0.113.1.8080: Flags .S..*tc-egress'
		'nft list ruleset host# .*lost.*tc-egress' 'lost.*xdp-generic'
		'Hello.* docker0 In .*Flags .S\..*lost.*open.*packets 1, .*tc-egress')

	! command -v nping >/dev/null || wants[4]="Rcvd: 0 .*${wants[4]}"
	command -v bpftool >/dev/null || wants[0]='prog/xdp id ([0-9]+).*\1 *xdp_drop_tcp'
	for ((n = 1; n <= QUESTIONS; n++)); do
		experiment_ask "$n"
		IFS= read -rd '' text <"$tmp/answer" || true
		experiment_plainly
		printf %s "$text" >>"$work/answers.txt"
		text=${text%$'\n'}
		[ -n "$ktap" ] || fold -sw 78 <<<"$text" | sed 's/^/  /'
		# shellcheck disable=SC2086 # split, to be joined by single blanks
		shown=$(set -f && echo $text)
		experiment_point "question $n" "${names[n - 1]}" experiment_said "${wants[n - 1]}"
	done
}

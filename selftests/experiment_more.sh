# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The experiment's chapters that are no tables. To be sourced by experiment.sh, whose
# variables these are:
: "${work=}" "${here=}" "${ktap=}" "${probe=}" "${results=}" "${LAB_UNIT=}"

RATE=200    # connections a second
PERIOD=1.5  # seconds that XDP stays on, and then off
ROUNDS=3

# A line for each switch: which, when it was asked for, when it was done.
switch_on() {
	local asked=$EPOCHREALTIME line

	exec 8< <(become "$1" "$(program xdp-drop-tcp)" --interval 0 "$(real "$2")" 2>&1 >/dev/null)
	loader=$!
	read -r -t 20 line <&8 || lab_die "xdp-drop-tcp says nothing"
	[[ $line == *attached* ]] || lab_die "$line"
	echo "on $asked $EPOCHREALTIME"
}

switch_off() {
	local asked=$EPOCHREALTIME

	kill -INT "$loader"
	while read -r -t 20 _ <&8; do :; done
	wait "$loader"
	echo "off $asked $EPOCHREALTIME"
}

# Stream $1 from $2 to $3; meanwhile XDP goes on and off on interface $5 in $4.
switched() {
	local stream round

	become "$2" "$probe" stream "$3" 80 "$RATE" 60 >"$work/$1.stream" &
	stream=$!
	sleep 1
	for ((round = 1; round <= ROUNDS; round++)); do
		switch_on "$4" "$5"
		sleep "$PERIOD"
		switch_off
		sleep "$PERIOD"
	done >"$work/$1.switches"
	kill -INT "$stream"
	wait "$stream" || lab_die "the stream failed: $(tail -n 1 "$work/$1.stream")"
	LC_ALL=C awk -f "$here/experiment_switch.awk" -v id="$1" -v ktap="$ktap" \
		-v where="xdp-drop-tcp:$5" -v path="$2-to-$3" -v seconds="$work/$1.seconds" \
		-v tsv="$work/switch.tsv" -v csv="$work/$1.csv" \
		"$work/$1.switches" "$work/$1.stream"
}

switching() {
	switched T1 ctr 198.51.100.2 host veth0
	switched T2 host 203.0.113.10 ctr eth0
}

answers() {
	:
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The lesson, by scripts of answers: what it asks, compares and leaves; its sentences.
set -eu

. "$(dirname "$0")/lib/ktap.sh"
need_privileges

here=$(dirname "$(realpath "$0")")
lesson=$here/experiment/lesson.sh
tool=$(built tool)

# The lesson from row $1 on, with the other arguments as answers, a line each.
taught() {
	need curl ip nft tcpdump
	printf '%s\n' "${@:2}" | expect 0 "$lesson" "$1"
	cat "$tmp/out" # for reading a failure
}

ktap_case lesson guesses "guesses are compared with the run; what cannot be one is asked for again"
guesses() {
	taught X1 l "eth0, lo docker0 veth0" "R on veth0" "xdp on veth0" same \
		pa veth9 veth0 q
	told '^X1  \([0-9]+/[0-9]+\)  xdp-drop-tcp on veth0$'
	told '^  curl +lost +QiRo +Qo +Qo +- +- +QiRi +R@veth0:xdp-native$'
	told '^  > +lost +x +x +x +- +- +x +veth0:xdp $'
	told '^An interface and xdp or tc'
	told '^X3  '
	told '^  > +same '
	told '^X2  .*  nothing attached$'
	told '^Only interfaces'
	told '^Right guesses: 5/6$'
}

ktap_case lesson wrong "wrong guesses, and none"
wrong() {
	taught B4 pass "veth0" l - "wan0 tc" q
	told '^  tcp +lost +- +- +Qo .* Q@veth0:tc-egress$'
	told '^  > +pass! +- +x! +-! +- +- +- *$'
	told '^B5  '
	told '^  > +lost! +-! +-! +-! +- +- +- +wan0:tc! $'
	told '^B6  '
	told '^Right guesses: 0/5$'
	taught W2 "" "" "" q
	told '^  ping +pass '
	told '^Right guesses: 0/0$'
}

ktap_case moves move_about "skip, back and the keys at any question; it ends with the answers"
move_about() {
	taught b1 s b l b '?'
	[ "$(sed -n 's/  (.*//p' "$tmp/out" | xargs)" = "B1 B2 B1 X2" ]
	told '^Enter: no guess\.'
	told '^Right guesses: 0/0$'
	never grep -q '^  tcp ' "$tmp/out"
	expect 2 "$lesson" Z9 </dev/null
	said 'there is no row Z9\. Choose one of W0 W1 .* Q1\.$'
}

# What the experiment's table has, each by its key.
ktap_case moves sentences "each row of the table has its sentences, at most 80 columns wide"
sentences() {
	local id probe key keys

	keys=$(sed -n 's/^= //p' "$here/experiment/lesson.en")
	has() { [[ $'\n'$keys$'\n' == *$'\n'"$1"$'\n'* ]]; }
	while read -r id _ probe _; do
		[[ -n $id && $id != "#"* ]] || continue
		has "why $id" || has "why $id $probe" || echo "why $id $probe"
		has "ask $probe" || for key in "way ${probe%-*}" "how ${probe##*-}"; do
			has "$key" || echo "$key"
		done
	done <"$here/experiment/rows.expected" >"$tmp/missing"
	lines "$tmp/missing" 0 || fail "lesson.en lacks: $(sort -u "$tmp/missing")"
	never grep -nE '^[^#].{80}' "$here/experiment/lesson.en"
}

ktap_case language language "another language, by LANGUAGE; what it lacks is in English"
language() {
	cp -r "$here/experiment" "$here/lib" "$tmp/"
	printf '= score\nRichtig geraten:\n' >"$tmp/experiment/lesson.de"
	lesson=$tmp/experiment/lesson.sh
	export OUTPUT PROGRAMS
	OUTPUT=$(dirname "$tool") PROGRAMS=$(dirname "$(built xdp-drop-tcp)")
	LANGUAGE=xx:de_DE.UTF-8:en taught O7 s q
	told '^Richtig geraten: 0/0$'
	told '^From the container to the outside host'
}

# A lesson on a terminal, $screen, which heeds the lines that are written to 7.
lesson_on_screen() {
	need curl ip nft tcpdump
	mkfifo "$tmp/in"
	env --default-signal=INT NO_COLOR=1 "$tool" screen 80x24 "$lesson" B1 <"$tmp/in" >"$tmp/out" 2>&1 &
	screen=$!
	exec 7>"$tmp/in"
	poll 20 screen_has "Is it answered"
}

screen_has() {
	echo show >&7
	reads "$tmp/out" "$1"
}

ktap_after_each=end_screen
end_screen() {
	[ -z "${screen-}" ] || end_jobs TERM "$screen"
}

ktap_case screen lesson_on_terminal "on a terminal of 80x24, a row and the next question fit; Ctrl-D ends it"
lesson_on_terminal() {
	lesson_on_screen
	printf 'type %s\n' lost eth0 "veth0 xdp" >&7
	poll 20 screen_has "B2 "
	printf 'show\ntype \004\n' >&7
	wait "$screen"
	told '^Right guesses: 3/3$'
	awk '/^--$/ { last = this; this = ""; next } { this = this $0 "\n" } END { printf "%s", last }' \
		"$tmp/out" >"$tmp/screen"
	has_line "$tmp/screen" '^B1 '
	has_line "$tmp/screen" '^Is it answered\? \(pass lost\)$'
}

ktap_case screen lesson_interrupted "Ctrl-C ends it, and nothing is left"
lesson_interrupted() {
	local status=0 pid

	lesson_on_screen
	read -r pid _ <"/proc/$screen/task/$screen/children" || [ -n "$pid" ]
	grep -q "^test $pid " /run/bpf-drop-lab.*/owner
	printf 'type \003\n' >&7
	wait "$screen" || status=$?
	[ "$status" = 130 ] || fail "the exit status is $status"
	never grep -l "^test $pid " /run/bpf-drop-lab.*/owner
}

ktap_run "$@"

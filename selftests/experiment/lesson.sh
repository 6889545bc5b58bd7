#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The experiment as a lesson: row by row of rows.expected, what is attached where, the
# questions, the run, and why. All sentences are in lesson.en. See lesson_usage().
set -eu

languages=${LANGUAGE-}:${LC_ALL:-${LC_MESSAGES:-${LANG-}}} # before C is set
here=$(dirname "$(realpath "$0")")
. "$here/experiment_lib.sh"
. "$here/experiment_table.sh"

lesson_usage() {
	cat <<-END
		Usage: ${0##*/} [ROW]
		  ROW  begin with this row of the experiment, as X3
		LANGUAGE chooses the language, where there is a file of it beside lesson.en.
		Exit: 0 done or quit, 1 a row was not as expected.
	END
}

devices=(eth0 veth0 docker0 wan0 out0 lo) # as in the table
widths=(7 4 5 7 8 8 4)                    # of the verdict's column and theirs
declare -A text=() guess=() watchers=()
steps=() right=0 guesses=0 differing=0

# Add or replace texts by those of language $1.
lesson_read() {
	local line key

	while IFS= read -r line; do
		case $line in
		"" | "#"*) ;;
		"= "*) key=${line#= } && text[$key]= ;;
		*) text[$key]+=${text[$key]:+$'\n'}$line ;;
		esac
	done <"$here/lesson.$1"
}

# The first language that there is; English for what it lacks.
lesson_texts() {
	local each list

	lesson_read en
	IFS=: read -ra list <<<"$languages"
	for each in ${list[@]+"${list[@]}"}; do
		each=${each%%[_.@]*}
		if [[ $each =~ ^[a-z]+$ && -e $here/lesson.$each ]]; then
			lesson_read "$each"
			return
		fi
	done
}

# The table's rows: those that follow each other with the same id, programs, way and
# expectation are one step, a line each.
lesson_rows() {
	local id running probe expected this before=

	while read -r id running probe expected; do
		[[ -n $id && $id != "#"* ]] || continue
		this="$id $running ${probe%-*} ${expected// /}"
		if [ "$this" = "$before" ]; then
			steps[-1]+=$'\n'"$id $running $probe $expected"
		else
			steps+=("$id $running $probe $expected")
		fi
		before=$this
	done <"$here/rows.expected"
}

# At which step row $1 begins: $at
lesson_find() {
	local each ids=()

	for each in "${!steps[@]}"; do
		[ "${steps[each]%% *}" != "${1^^}" ] || { at=$each && return; }
		[[ " ${ids[*]-} " = *" ${steps[each]%% *} "* ]] || ids+=("${steps[each]%% *}")
	done
	echo "${0##*/}: there is no row $1. Choose one of ${ids[*]}." >&2
	exit 2
}

# Can $answer be one to the question for $1? It is left there as it is compared later.
lesson_fits() {
	local word left=" $answer " device='' hook=''

	case $1 in
	verdict)
		for word in $choices; do
			[[ $word != "$answer"* ]] || { answer=$word && return; }
		done
		return 1
		;;
	taps)
		answer=
		for word in "${devices[@]}"; do
			[[ $left != *" $word "* ]] || { answer+="$word " left=${left/" $word "/ }; }
		done
		answer=${answer:--}
		[[ $left =~ ^\ -?\ *$ ]]
		;;
	dropped)
		[ "$answer" != - ] || return 0
		for word in $answer; do
			case $word in
			xdp* | tc*) hook=$word ;;
			*) [[ " ${devices[*]} " != *" $word "* ]] || device=$word ;;
			esac
		done
		answer=$device:$hook
		[ -n "$device" ] && [ -n "$hook" ]
		;;
	esac
}

# Ask for $1 by question $2, with $choices, until the answer can be one: ${guess[$1]},
# empty if there was none. False: another step is $wanted.
lesson_ask() {
	local answer

	while printf '%s%s\n> ' "${text[ask $2]}" "${choices:+ ($choices)}"; do
		IFS= read -ru 3 answer || [ -n "$answer" ] || { wanted=q && echo && return 1; }
		[ -t 3 ] || echo "$answer"
		answer=${answer,,}
		read -r answer <<<"${answer//[,:@]/ }"
		case $answer in
		"") return 0 ;;
		s | b | q) wanted=$answer && return 1 ;;
		\?) echo "${text[keys]}" ;;
		*)
			! lesson_fits "$1" || { guess[$1]=$answer && return; }
			echo "$yellow${text[hint $1]}$plain"
			;;
		esac
	done
}

# The questions about probe $1, of which $2 is expected.
lesson_questions() {
	local choices="pass lost"

	case $2 in
	pass | lost) lesson_ask verdict verdict || return ;;
	same) choices="same other" && lesson_ask verdict "$1"; return ;;
	*) choices="stays gone" && lesson_ask verdict "$1"; return ;;
	esac
	choices=${devices[*]} && lesson_ask taps taps || return
	choices=
	[ "${guess[verdict]}" = pass ] || lesson_ask dropped dropped
}

# A part $2 of a guess in a column $1 wide, if there is one: marked if it is not $3.
lesson_part() {
	local colour=$green mark=''

	[ -z "$2" ] || [ "$2" = "$3" ] || agrees='' colour=$red mark=!
	printf '%s%-*s%s ' "$colour" "$1" "$2$mark" "$plain"
}

# All parts of guess $1 have been shown.
lesson_count() {
	[ -z "${guess[$1]}" ] || guesses=$((guesses + 1)) right=$((right + ${agrees:-0}))
	agrees=1
}

# The guesses, in the columns of the table; $@ is what became of the probe.
lesson_compare() {
	local i this that agrees=1 dropped=${*: -1}

	printf '  %-9s ' ">"
	lesson_part "${widths[0]}" "${guess[verdict]}" "$1"
	lesson_count verdict
	for i in "${!devices[@]}"; do
		this=${guess[taps]:+-} that=-
		[[ " ${guess[taps]}" != *" ${devices[i]} "* ]] || this=x
		[ "${*:i+2:1}" = - ] || that=x
		lesson_part "${widths[i + 1]}" "$this" "$that"
	done
	lesson_count taps
	# "veth0:tc" is where R@veth0:tc-egress was.
	[[ -z ${guess[dropped]} || $dropped != *"@${guess[dropped]}"* ]] || dropped=${guess[dropped]}
	lesson_part 0 "${guess[dropped]}" "$dropped"
	lesson_count dropped
	echo
}

# What the probes of the step met, from judge.awk's lines.
lesson_show() {
	local field got i label first=yes

	printf '  %-9s %-*s ' "" "${widths[0]}" verdict
	for i in "${!devices[@]}"; do
		printf '%-*s ' "${widths[i + 1]}" "${devices[i]}"
	done
	echo dropped
	while IFS=$'\t' read -ra field; do
		[ "${field[0]}" != sum ] || continue
		got=("${field[@]:4:8}")
		got=("${got[@]%%/*}")
		if [ "${field[0]}" = skip ]; then
			echo "  $yellow${text[skipped]} ${field[3]}: ${got[0]#skip:}$plain"
			continue
		fi
		label=${field[3]##*-}
		[[ -n ${text[how $label]-} ]] || label=
		printf '  %-9s ' "$label"
		for i in "${!widths[@]}"; do
			printf '%-*s ' "${widths[i]}" "${got[i]}"
		done
		echo "${got[7]}"
		[[ -z $first || ${guess[*]} != *[!\ ]* ]] || lesson_compare "${got[@]}"
		first=
		[ "${field[0]}" = ok ] || {
			differing=$((differing + 1))
			echo "  $red! ${text[differs]} ${field[13]}$plain"
		}
	done <"$tmp/judged"
}

lesson_heading() {
	local id=$1 programs=$2 probe=$3 row how hows=()

	programs=${programs//+/ + } programs=${programs//:/ on } programs=${programs//,/ }
	[ "$programs" != - ] || programs=${text[nothing]}
	printf '\n%s  (%s/%s)  %s\n' "$green$id$plain" $((at + 1)) "${#steps[@]}" "$programs"
	[ -n "${text[way ${probe%-*}]-}" ] || return 0
	for row in "${rows[@]}"; do
		read -r _ _ how _ <<<"$row"
		hows+=("${text[how ${how##*-}]}")
	done
	printf -v how '; %s' "${hows[@]}"
	echo "${text[way ${probe%-*}]}" "${how#; }"
}

# Step $at: ask, run, compare, explain. Which one is $wanted after it: s, the next one, b or q.
lesson_step() {
	local rows id running probe expected

	mapfile -t rows <<<"${steps[at]}"
	read -r id running probe expected _ <<<"${rows[0]}"
	guess=([verdict]='' [taps]='' [dropped]='') wanted=s
	lesson_heading "$id" "$running" "$probe"
	lesson_questions "$probe" "$expected" || return 0
	experiment_try_state "$running"
	lesson_show
	echo "${text[why $id $probe]-${text[why $id]}}"
}

lesson_main() {
	local at=0 wanted=s

	exec 3<&0 </dev/null # answers are for no probe
	lesson_texts
	lesson_rows
	[ -z "${1-}" ] || lesson_find "$1"
	lab_colours
	lab_need curl ip nft tcpdump
	lab_diagram
	printf '%s\n' "${text[start]}" "${text[keys]}"
	experiment_find_programs
	experiment_set_up
	experiment_set_up_taps
	while [ "$at" -lt "${#steps[@]}" ]; do
		lesson_step
		case $wanted in
		s) at=$((at + 1)) ;;
		b) at=$((at > 0 ? at - 1 : 0)) ;;
		q) break ;;
		esac
	done
	echo
	echo "${text[score]} $right/$guesses"
	[ -z "${watchers[*]}" ] || experiment_end_watchers
	[ "$differing" = 0 ]
}

case ${1-} in
-h | --help) lesson_usage && exit ;;
esac
[ $# -le 1 ] || { lesson_usage >&2 && exit 2; }
lesson_main "$@"

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # what the campaigns have in common with it
#
# What the campaigns of faults have in common. To be sourced by faults.sh, after cli_lib.sh.
#
#   $FAULTS                  "all": all of a campaign; else some of it, in seconds
#   $SEED                    what is chosen at random depends on it alone
#   faults_begin             a campaign begins, named like its test
#   faults_end               it ends: its counts; false if anything was violated
#   $tried                   to be counted by the campaign
#   faults_pick MANY FEW     $picked: MANY with FAULTS=all, else FEW
#   faults_pause MICROSECONDS
#   faults_violated WORDS    one violation more, and how it is had again: $again
#   faults_foreign [tc]    programs of others, in $host: XDP on veth1, with tc a filter on
#                            veth0. Nothing may change them
#
# A case is a command and what is there before. It is in $prepare, $kind and $command:
#
#   $prepare                 a function: $host as it is to be then, after faults_foreign.
#                            $bare: its state without what the command may take off
#   $kind                    what the command does: it "ends" and all is $bare; "stays"
#                            until --detach; "takes" off
#   $interfaces              that it is about
#   faults_anew              new namespaces, prepared; $prepared: their state
#   faults_ended STATUS      it has ended so, with $tmp/err: by a status of ours, with a
#                            sentence if it failed, in time; nothing is left. Then all is
#                            prepared again

# The few are always the same.
[ -n "${SEED-}" ] || [ "${FAULTS-}" = all ] || SEED=1
SEED=${SEED:-$RANDOM}
# What a sanitizer finds is no exit status of ours. It cannot look for leaks without capabilities.
export ASAN_OPTIONS=detect_leaks=0:exitcode=99 UBSAN_OPTIONS=halt_on_error=1:exitcode=99:print_stacktrace=1
export FAULTS=${FAULTS-} SEED
exec {faults_out}>&1 # comments of the KTAP, while tests run

faults_begin() {
	local i=1

	while [[ ${FUNCNAME[i]} != test_* ]]; do i=$((i + 1)); done
	campaign=${FUNCNAME[i]#test_} tried=0 violations=0 again="SEED=$SEED FAULTS=$FAULTS $0 ${FUNCNAME[i]}"
	RANDOM=$SEED
}

faults_end() {
	echo "# campaign $campaign: $tried tried, $violations violations, SEED=$SEED" >&"$faults_out"
	[ "$violations" = 0 ]
}

faults_pick() {
	if [ "$FAULTS" = all ]; then picked=$1; else picked=$2; fi
}

faults_violated() {
	violations=$((violations + 1))
	printf '%s\n' "$campaign: $again: $*" | head -n 8 | sed 's/^/# /' >&"$faults_out"
}

# A pipe that nothing comes on: no process is needed for this.
faults_pause() {
	local seconds

	[ -n "${faults_pipe-}" ] || exec {faults_pipe}<> <(:)
	printf -v seconds %d.%06d $(($1 / 1000000)) $(($1 % 1000000))
	read -rt "$seconds" -u "$faults_pipe" || true
}

faults_foreign() {
	cli_on ip link add veth1 type veth peer name veth2
	cli_on ip link set dev veth1 xdp obj "$xdp_world" sec xdp
	[ "${1-}" != tc ] || "$tool" foreign filter "$host" veth0 other 4 7
}

# Nothing is attached.
faults_free() {
	cli_state bare
}

# Ours is pinned.
faults_pinned() {
	local way=(xdp-drop-tcp -N)

	cli_state bare
	# shellcheck disable=SC2206 # an option, or none
	[ "${command[0]}" != tc-drop-tcp ] || way=(tc-drop-tcp ${clsact-})
	cli_on "${way[@]}" --pin veth0 2>"$tmp/pinning" || fail "$(<"$tmp/pinning")"
}

# Another's program is where ours is to be: XDP by netlink, or a filter.
faults_taken() {
	need tc
	[ "${command[0]}" != tc-drop-tcp ] || cli_on tc qdisc add dev veth0 clsact
	cli_state bare
	if [ "${command[0]}" = tc-drop-tcp ]; then
		"$tool" foreign filter "$host" veth0 other 4
	else
		cli_on ip link set dev veth0 xdp obj "$xdp_world" sec xdp
	fi
}

faults_anew() {
	cli_unwire
	cli_wire
	faults_foreign "${beside-}"
	"$prepare"
	cli_state prepared
}

# Is the state one of these?
faults_is() {
	for wanted; do
		! cli_same || return 0
	done
	return 1
}

# Is it soon, as it is to be?
faults_expect() {
	poll 1 faults_is "${@:2}" || {
		faults_violated "$1"$'\n'"$(diff <(echo "$2") <(echo "$now") || true)"
		return 1
	}
}

faults_sentence() {
	local text

	read_text "$2"
	case $1 in
	0) ;;
	[1-4]) [[ $text = *[.?]$'\n' ]] || faults_violated "exit status $1 without a sentence: $text" ;;
	127) [[ $text = *"shared librar"* ]] || faults_violated "it is not found: $text" ;; # the dynamic linker's
	142) faults_violated "it hangs: $text" ;;
	*) faults_violated "exit status $1: $text" ;;
	esac
}

# What is another's is refused.
faults_detach() {
	[ "${command[0]}" != drop-where ] || return 0
	cli_on "${command[0]}" --detach "${interfaces[@]}" >"$tmp/out" 2>"$tmp/err" ||
		{ [ $? = 3 ] && faults_is "$bare" "$prepared"; }
}

faults_state() {
	local permitted

	case $1 in
	0) [ "$kind" = stays ] || { faults_expect "done, but left" "$bare" && return; } ;;
	137)
		cli_state now
		[ "$kind" != ends ] || [[ $now != *" filter 1/0xbdf "* ]] || poll 4 cli_passes_tcp ||
			faults_violated "killed, but it goes on dropping"
		;;
	*)
		permitted=("$prepared")
		[ "$kind" != takes ] || permitted+=("$bare") # it is gone, but that cannot be seen
		# What --force took off when it was attached does not come back.
		! grep -q ': attached (' "$tmp/err" || permitted+=("$bare")
		faults_expect "exit status $1, but changed" "${permitted[@]}" && return
		;;
	esac
	faults_detach || faults_violated "--detach fails: $(<"$tmp/err")"
	faults_expect "exit status $1, then --detach, but left" "$bare" "$prepared"
}

faults_ended() {
	local before_that=$violations

	tried=$((tried + 1))
	[ "$1" = 137 ] || faults_sentence "$1" "$tmp/err"
	faults_state "$1" || true
	[ "$violations $now" = "$before_that $prepared" ] || faults_anew
}

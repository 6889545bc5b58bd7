#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Some of the tests, and the programs, in the locale de_DE: a decimal comma, and messages
# in another language.
set -eu

. "$(dirname "$0")/lib/ktap.sh"
need_privileges

here=$(realpath "$(dirname "$0")")

command -v localedef >/dev/null || skip "needs localedef, of Debian's package libc-bin"
[ -e /usr/share/i18n/locales/de_DE ] ||
	skip "needs /usr/share/i18n, of Debian's package locales"

# The locale is made here, as few machines have it.
setup_german() {
	export LOCPATH=$ktap_between.locales
	mkdir "$LOCPATH"
	localedef -i de_DE -f UTF-8 "$LOCPATH/de_DE.UTF-8"
	[ "$(in_german bash -c 'printf %.1f 1')" = 1,0 ]
}

in_german() {
	LC_ALL=de_DE.UTF-8 LANGUAGE=de "$@"
}

# A test program, or a test of it, passes all the same.
passes_in_german() {
	expect 0 in_german "$@"
}

# A program's messages are the same.
alike() {
	local status=0 german=0

	"$@" >"$tmp/plain" 2>&1 || status=$?
	in_german "$@" >"$tmp/german" 2>&1 || german=$?
	diff "$tmp/plain" "$tmp/german" || fail "$* says something else"
	[ "$german" = "$status" ] || fail "$*: exit status $german instead of $status"
}

ktap_case german decimals "what reckons with times and decimals"
decimals() {
	passes_in_german env -u STREAM -u KUNIT "$here/run.sh" experiment_judge.sh match_native
	told "^experiment_judge.sh +[0-9]+ +0 +0 +[0-9]+\.[0-9]$"
	told "^[0-9]+ passed, 0 failed, 0 skipped$"
}

ktap_case german traffic "traffic in the lab: curl, polls, counters"
traffic() {
	passes_in_german "$here/lab_traffic.sh" xdp_tcp
}

ktap_case german command_line "the command line, and what its errors say"
command_line() {
	passes_in_german "$here/cli_errors.sh"
}

ktap_case german demo "the demo"
demo() {
	sed '/^[WXB]/d' "$here/experiment/demo.expected" >"$tmp/expected"
	passes_in_german "$here/experiment/demo.sh" "$tmp/expected"
	told "^All 20 cells are as expected.* It took [0-9]+\.[0-9] s\.$"
}

# A person's shell in the lab is as that person is used to.
ktap_case german shell_in_german "the lab's own shell keeps the locale"
shell_in_german() {
	passes_in_german "$here/experiment/lab.sh" <<<'printf "%.1f\n" 1'
	told "^1,0$"
}

ktap_case german programs "the programs say the same"
programs() {
	local path

	locate drop-where
	for path in "$path" "${path%/*}"/{xdp,tc}-drop-*; do
		alike "$path" --help
		alike "$path" --no-such-option
		alike "$path" no-such-interface
		alike "$path" --interval 0.5 no-such-interface
	done
}

ktap_run "$@"

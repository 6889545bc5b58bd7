# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v kernel=NAME -v asked=WORD -v tests="A B:C" -f judge.awk from=release FILE
# from=version FILE from=expected FILE from=boot FILE from=ktap FILE from=console FILE:
# what became of each test point on one kernel, one line for each, by tabs:
#
#   kernel  program  point  result  ms  reason  command
#
# The result is pass, fail or skip. A program that broke, did not keep to its
# plan or was lost is a failed point of its own, and so is what the kernel did:
# a panic, an oops, a warning, no end, or that another kernel than this one ran. A skip
# that the expected ones do not list is a failure, and so is one that is listed and did
# not happen. If the run was interrupted, what had not ended then is not judged.
#
# The command is the one that reproduces a failure, on this kernel, WORD in KERNELS.

function print_point(program, point, result, reason, command) {
	gsub(/\t/, " ", point)
	gsub(/\t/, " ", reason)
	printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", kernel, program, point, result, ms[program] + 0, reason, command
}

# Reproduced by that test, if it is given, of the program; by what ran if it is the kernel's.
function problem(program, point, reason, test) {
	test = program == "kernel" ? running : program (test == "" ? "" : ":" test)
	if (test ~ / /)
		test = "\"" test "\""
	print_point(program, point, "fail", reason, "make matrix KERNELS=" asked (test == "" ? "" : " TESTS=" test))
}

# 6.18.15+deb13 → 6018
function number(version, part) {
	split(version, part, /[.+-]/)
	return part[1] * 1000 + part[2]
}

function in_range(range, here, end) {
	if (range == "all")
		return 1
	if (range == "not rt")
		return version !~ /PREEMPT_RT/
	if (split(range, end, "-") == 1)
		return here == number(range)
	return (end[1] == "" || here >= number(end[1])) && (end[2] == "" || here <= number(end[2]))
}

# The rule that wants this point skipped here; 0 if none does.
function rule_for(program, point, i) {
	for (i = 1; i <= rules; i++)
		if (rule_program[i] == program && point ~ rule_point[i])
			return i
	return 0
}

function settle(program, point, skipped, reason, test, rule) {
	rule = rule_for(program, point)
	if (rule)
		rule_used[rule] = 1
	if (skipped && rule)
		print_point(program, point, "skip", reason)
	else if (skipped)
		problem(program, point, "not expected to be skipped: " reason, test)
	else if (rule)
		problem(program, point, "expected to be skipped, and passed: " rule_reason[rule], test)
	else
		print_point(program, point, "pass", "")
}

# Console messages that mean that something went wrong in the kernel.
function is_alarm(line) {
	return line ~ /BUG:|WARNING:|Oops|Kernel panic|general protection fault|UBSAN|KASAN|kernel BUG at|INFO: task .* blocked|self-detected stall|detected stalls|soft lockup|hard LOCKUP/
}

{ sub(/\r$/, "") }

from == "release" {
	release = $1
	next
}

from == "expected" {
	gsub(/^ +| +$/, "")
	if (/^(#|$)/)
		next
	split($0, part, / *\| */)
	if (!in_range(part[1], number(release)))
		next
	rules++
	rule_program[rules] = part[2]
	rule_point[rules] = part[3]
	rule_reason[rules] = part[4]
	next
}

from == "version" {
	version = $0
	next
}

from == "boot" {
	boot[$1] = $2
	next
}

from == "ktap" && $1 == "matrix" && $2 == boot["nonce"] {
	if ($3 == "begin") {
		begun = 1
		ran = $4
	} else if ($3 == "uname") {
		ran = ran substr($0, index($0, "uname") + 5)
	}
	else if ($3 == "tainted")
		tainted = $4
	else if ($3 == "end")
		ended = $4
	next
}

from == "ktap" && /^# selftests: [^ ]+: started$/ {
	sub(/:$/, "", $3)
	started[$3] = 1
	next
}

from == "ktap" && /^# selftests: [^ ]+: status [0-9]+ [0-9]+ ms$/ {
	sub(/:$/, "", $3)
	program = $3
	status = $5
	ms[program] = $6
	done[program] = 1
	for (i = 1; i <= points; i++) {
		if (result[i] == "fail") {
			rule_used[rule_for(program, point[i])] = 1
			problem(program, point[i], why[i], again[i])
		} else
			settle(program, point[i], result[i] == "skip", why[i], again[i])
	}
	if (status == 124 || status == 137)
		problem(program, "(the program)", "hung: stopped after " int($6 / 1000) " s" where_in())
	else if (status == 4 && !points)
		settle(program, "(the program)", 1, plan_reason)
	else if (status != 0 && status != 1 && status != 4)
		problem(program, "(the program)", "ended with exit status " status)
	else if (status == 1 && !failed)
		problem(program, "(the program)", "exit status 1, but no point failed")
	else if (plan == "")
		problem(program, "(the program)", "no plan")
	else if (plan != points)
		problem(program, "(the program)", points " points of " plan)
	program = ""
	next
}

function where_in() {
	return plan == "" ? "" : ", after " points " points of " plan
}

from == "ktap" && /^# selftests: [^ ]+$/ {
	points = failed = 0
	plan = plan_reason = notes = reproduce = ""
	next
}

from == "ktap" && /^1\.\.[0-9]+/ {
	plan = substr($1, 4) + 0
	plan_reason = $0
	sub(/^[^#]*# *(SKIP *)?/, "", plan_reason)
	next
}

from == "ktap" && /^(not )?ok [0-9]/ {
	points++
	text = $0
	sub(/^(not )?ok [0-9]+ *(- +)?/, "", text)
	why[points] = ""
	again[points] = reproduce
	if (/^not/) {
		result[points] = "fail"
		why[points] = notes
		failed++
	} else if (match(text, / *# *SKIP */)) {
		result[points] = "skip"
		why[points] = substr(text, RSTART + RLENGTH)
		text = substr(text, 1, RSTART - 1)
	} else {
		result[points] = "pass"
	}
	point[points] = text
	notes = reproduce = ""
	next
}

from == "ktap" && /^# reproduce: / {
	reproduce = $NF
	next
}

from == "ktap" && /^# / {
	if (length(notes) < 600)
		notes = notes (notes ? "; " : "") substr($0, 3)
}

from == "console" {
	last[++lines] = $0
	if (is_alarm($0) && alarms < 5)
		alarm[++alarms] = $0
}

END {
	n_tests = split(tests, wanted, " ")
	for (i = 1; i <= n_tests; i++) {
		if (sub(/:.*/, "", wanted[i]))
			single[wanted[i]] = 1
		if (started[wanted[i]] && !done[wanted[i]])
			running = running (running ? " " : "") wanted[i]
	}
	in_test = running
	gsub(/ /, ", ", in_test)
	in_test = running ? " (while in " in_test ")" : ""
	interrupted = boot["ended"] == "interrupted"
	for (i = 1; i <= n_tests; i++) {
		if (done[wanted[i]] || interrupted)
			continue
		problem(wanted[i], "(the program)", started[wanted[i]] ? "lost: it did not end" : "lost: it did not start")
	}
	if (!begun) {
		if (!interrupted)
			problem("kernel", "boot", "the tests never began" (alarms ? ": " alarm[1] : ""))
	} else if (ran != release " " version)
		problem("kernel", "identity", "another kernel ran: " ran "; it was to be: " release " " version)
	for (i = 1; i <= alarms; i++)
		problem("kernel", "console", alarm[i] in_test)
	if (tainted % 1024 >= 512 || tainted % 256 >= 128)
		problem("kernel", "taint", "the kernel is tainted by an oops or a warning: " tainted)
	if (interrupted)
		exit
	if (boot["ended"] == "timeout")
		problem("kernel", "end", "hung: stopped after " boot["limit"] " s" in_test)
	else if (ended == "")
		problem("kernel", "end", "no end marker: the guest ended early, QEMU's exit status is " boot["ended"] in_test)
	else if (ended != 0)
		problem("kernel", "end", "the run ended with exit status " ended)
	else
		print_point("kernel", "boot to end", "pass", "")
	for (i = 1; i <= rules; i++)
		if (!rule_used[i] && done[rule_program[i]] && !single[rule_program[i]])
			problem(rule_program[i], rule_point[i], "to be skipped (" rule_reason[i] "), but there is no such test")
}

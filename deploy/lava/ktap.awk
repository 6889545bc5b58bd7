# SPDX-License-Identifier: GPL-2.0-only
#
# Shows what run_kselftest.sh tells, and reports each point to LAVA: of a program and, behind
# "# ", those in it. Cases are named as Linaro's test-definitions name them, but that the
# reason of a SKIP is no part of it. A program that has no plan, or does not keep to it, has
# failed. The last case, run_complete, has failed if there were not as many programs as
# announced, or none.

function slug(text) {
	gsub(/[^A-Za-z0-9_-]+/, "_", text)
	gsub(/^_|_$/, "", text)
	gsub(/_-/, "__", text)
	return text
}

# What is shown has to be on its way before a child writes.
function report(name, result) {
	fflush()
	system("lava-test-case " name " --result " result)
}

{ print }

/^1\.\./ { programs += substr($1, 4) }

/^# selftests: / {
	program = $0
	sub(/^# selftests: /, "", program)
	plan = points = 0
}

/^# 1\.\.[0-9]/ { plan = substr($2, 4) + 0 }

/^(# )?(not )?ok [0-9]/ {
	result = /^(# )?not/ ? "fail" : /# *SKIP/ ? "skip" : "pass"
	name = $0
	sub(/^(# )?(not )?ok [0-9]+ */, "", name)
	sub(/ *# *(SKIP|TIMEOUT|exit=).*/, "", name)
	if (/^#/) {
		points++
		name = slug(program) "_" slug(name)
	} else {
		ended++
		sub(/^selftests: /, "", name)
		name = slug(name)
		if (result == "pass" && (!plan || points != plan))
			result = "fail"
	}
	report(name, result)
}

END { report("run_complete", programs && programs == ended ? "pass" : "fail") }

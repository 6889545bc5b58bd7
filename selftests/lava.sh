#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is in deploy/lava/, by LAVA's own tools and without a server: its schema accepts it, and
# lava-run runs the collection on Debian's Linux 6.1, emulated. What it reports has to be what
# make matrix finds on the same kernel. To be run by make lava; see Documentation/fleet.rst.
#
#   LAVA_TESTS  which test programs; else three that are quick, and have points that pass and
#               are skipped, and a program that is skipped
#   MATRIX      results of make matrix that have these on Linux 6.1; else it is run
#   CACHE       where make matrix has kernels and userland, else .cache/matrix
set -eu

. "$(dirname "$0")/lib/ktap.sh"

cd "$(dirname "$0")/.."
CACHE=$(realpath -m "${CACHE:-.cache/matrix}")
export CACHE
chosen=${LAVA_TESTS:-escape_native cli_others.sh locale.sh}
schema=/usr/share/lava-common/lava-schema.py
files=https://files.example.org/bpf-drop

need_lava() {
	need_privileges
	hash lava-run git 2>/dev/null || skip "needs lava-run and git: scripts/bootstrap.sh lava installs them"
	need cpio jq qemu-system-x86_64
}

ktap_case lava schema "lava-schema accepts both jobs and the device, and refuses a key that is misspelt"
schema() {
	local each

	[ -e $schema ] || skip "needs lava-schema.py: scripts/bootstrap.sh lava installs it"
	for each in deploy/lava/{qemu,board}.yaml; do
		python3 $schema job --strict "$each" || fail "$each is refused"
		sed 's/prompts:/promts:/' "$each" >"$tmp/job.yaml"
		never python3 $schema job --strict "$tmp/job.yaml" || fail "$each with a misspelt key is accepted"
	done
	python3 $schema device deploy/lava/qemu-device.yaml || fail "the device is refused"
}

# What make matrix has in its guests, as LAVA takes it, the collection, and a repository with
# the test definition: into a directory for both jobs.
provide() {
	local made=$ktap_between.d

	mkdir -p "$made/modules/usr" "$made/repository"
	ln -s "$CACHE/kernels/6.1/image" "$made/bzImage"
	ln -s "$(echo "$CACHE"/userland-????????????.cpio)" "$made/root.cpio"
	(cd "$made/modules" && cpio --quiet -id <"$CACHE/kernels/6.1/modules.cpio")
	install scripts/matrix/guest.sh "$made/modules/init"
	tar -C "$made/modules" -cf "$made/modules.tar" .
	ln -s "$PWD/selftests/bpf-drop.tar.gz" "$made/bpf-drop.tar.gz"
	cp -r --parents deploy/lava "$made/repository"
	git -C "$made/repository" init -q
	git -C "$made/repository" add .
	git -C "$made/repository" -c user.name=test -c user.email=test@example.org commit -qm test
}

# Run the job for QEMU with tests $1 and the collection $2, then read its results into $tmp/results
# with status $read. matrix.shell is what makes guest.sh a shell, EMULATED the tests patient.
run_job() {
	local made=$ktap_between.d

	[ -d "$made" ] || provide
	sed -e "s,$files/bpf-drop.tar.gz,file://$2," -e "s,$files,file://$made," \
		-e "s,https://git.*,file://$made/repository," -e "s/TESTS: .*/TESTS: '$1'/" \
		-e 's,rdinit=/init,& matrix.shell=24:80:dumb matrix.emulated=4,' deploy/lava/qemu.yaml >"$tmp/job.yaml"
	lava-run --job-id $$ --output-dir "$tmp/out" --device deploy/lava/qemu-device.yaml "$tmp/job.yaml" \
		>"$tmp/log" 2>&1 || fail "lava-run: status $?: $(tail -n 30 "$tmp/log")"
	read=0
	deploy/lava/results.sh "$tmp/log" >"$tmp/results" || read=$?
}

# Its status is no matter: that LAVA finds the same is.
run_matrix() {
	KERNELS=6.1 TESTS=$chosen RESULTS=$tmp/matrix KDIR=${KDIR:?is not set: use make lava} \
		scripts/matrix/matrix.sh >"$tmp/log" 2>&1 || [ -s "$tmp/matrix/points.tsv" ] || fail "$(<"$tmp/log")"
}

# Points alone, of the results of make matrix, as LAVA has them; a program without points is one.
matrix_points() {
	awk -F '\t' -v programs=" $chosen " '
		function slug(text) {
			gsub(/[^A-Za-z0-9_-]+/, "_", text)
			gsub(/^_|_$/, "", text)
			gsub(/_-/, "__", text)
			return text
		}
		$1 == "6.1" && index(programs, " " $2 " ") {
			print $4 "\tbpf-drop_" slug($2) ($3 == "(the program)" ? "" : "_" slug($3))
		}' "$1" | sort
}

ktap_case lava agrees "lava-run finds what make matrix does: passed, failed, skipped"
agrees() {
	local each

	need_lava
	[ -n "${MATRIX-}" ] || run_matrix
	matrix_points "${MATRIX:-$tmp/matrix}/points.tsv" >"$tmp/expected"
	run_job "$chosen" "$PWD/selftests/bpf-drop.tar.gz"
	for each in $chosen; do
		each=bpf-drop_${each//[^A-Za-z0-9_-]/_}
		! grep -q "${each}_" "$tmp/expected" || sed -i "/\t$each\$/d" "$tmp/results"
	done
	sort "$tmp/results" | diff "$tmp/expected" - || fail "these differ: < make matrix, > LAVA"
	grep -q ^skip "$tmp/results" || fail "no skip was seen"
	[ $read = "$(grep -c ^fail "$tmp/results" | sed 's/[1-9].*/1/')" ] || fail "results.sh: status $read"
	grep -v '"case": "run_complete"' "$tmp/log" >"$tmp/cut"
	never deploy/lava/results.sh "$tmp/cut" >"$tmp/out.cut" || fail "a run that was cut off is taken for complete"
}

ktap_case lava planted_fails "what fails, or ends before its plan, is reported, though lava-run calls the job passed"
planted_fails() {
	local into=$tmp/kselftest/bpf-drop

	need_lava
	tar -C "$tmp" -xzf selftests/bpf-drop.tar.gz
	cat >"$into/planted.sh" <<-'END'
		#!/bin/sh
		printf 'TAP version 13\n1..3\nok 1 fine\nnot ok 2 broken\nok 3 later # SKIP no such thing\n'
		exit 1
	END
	cat >"$into/short.sh" <<-'END'
		#!/bin/sh
		printf 'TAP version 13\n1..2\nok 1 fine\n'
	END
	chmod +x "$into/planted.sh" "$into/short.sh"
	printf 'bpf-drop:%s\n' planted.sh short.sh >>"$tmp/kselftest/kselftest-list.txt"
	tar -C "$tmp" -czf "$tmp/planted.tar.gz" kselftest
	run_job "planted.sh short.sh" "$tmp/planted.tar.gz"
	diff - "$tmp/results" <<-'END' || fail "other results"
		pass	bpf-drop_planted_sh_fine
		fail	bpf-drop_planted_sh_broken
		skip	bpf-drop_planted_sh_later
		fail	bpf-drop_planted_sh
		pass	bpf-drop_short_sh_fine
		fail	bpf-drop_short_sh
	END
	[ $read = 1 ] || fail "results.sh: status $read"
}

ktap_run "$@"

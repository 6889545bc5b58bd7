# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # matrix.sh has these variables
#
# The files that a run leaves. Sourced by matrix.sh, whose variables these are: $called_from,
# $tmp, $kernels, $asked, $had, $archs, $lacks, $tests, $interrupted, and $begun, the guests as
# plan.awk has them; set here: $results, the directory.

# A new directory for this run, or the given one, without the files of another run.
results_make() {
	local kernel now i

	results=${RESULTS-}
	if [ -z "$results" ]; then
		mkdir -p results
		now=$(date +%Y-%m-%d-%H%M%S)
		results=results/$now
		for ((i = 2; i < 10; i++)); do
			! mkdir "$results" 2>/dev/null || break
			results=results/$now-$i
		done
	elif [[ $results != /* ]]; then
		results=$called_from/$results
	fi
	mkdir -p "$results"
	rm -f "$results"/results.* "$results"/{points,kernels}.tsv "$results/tools"
	for kernel in "${kernels[@]}"; do
		rm -rf "${results:?}/$kernel" "$results/$kernel"~*
	done
}

# The points of all guests of kernel $1. What parts say of the kernel that ended well is
# said once.
results_points() {
	local guest name kernel

	for guest in "${begun[@]}"; do
		read -r name kernel _ <<<"$guest"
		[ "$kernel" = "$1" ] || continue
		if [ -s "$results/$name/points.tsv" ]; then
			cat "$results/$name/points.tsv"
		elif [ -z "$interrupted" ]; then
			printf '%s\tkernel\tboot\tfail\t0\tran, but its report could not be judged: see above\n' "$1"
		fi
	done | awk -F '\t' '$2 != "kernel" { print; next }
		!seen[$0]++ { last = last $0 "\n" }
		END { printf "%s", last }'
}

# The options of its configuration that change how packets and programs are treated.
results_facts() {
	local config=$tmp/kernels/$1/config

	[ -e "$config" ] || { echo unknown && return; }
	grep -E '^CONFIG_(HZ|PREEMPT(_NONE|_VOLUNTARY|_LAZY|_RT)?|BPF_JIT_ALWAYS_ON|DEBUG_INFO_BTF|PREEMPT_DYNAMIC|KASAN|PROVE_LOCKING)=' \
		"$config" | sed 's/^CONFIG_//' | paste -sd' '
}

# A kernel that was not available was not tested: report that.
results_collect() {
	local kernel from seconds accel

	for kernel in "${kernels[@]}"; do
		if [[ " ${had[*]} " != *" $kernel "* ]]; then
			printf '%s\tkernel\tboot\tfail\t0\t%s\n' "$kernel" \
				"${lacks[$kernel]:+its configuration lacks }${lacks[$kernel]:-not available: see above}" >>"$results/points.tsv"
			printf '%s\t-\t%s\t0\t-\t-\t-\n' "$kernel" "${asked[$kernel]}" >>"$results/kernels.tsv"
			continue
		fi
		results_points "$kernel" >>"$results/points.tsv"
		from=$tmp/kernels/$kernel
		read -r seconds accel < <(cat "$results/$kernel"{,~*}/boot 2>/dev/null |
			awk '$1 == "seconds" && $2 > most { most = $2 }
				$1 == "accel" { accel = $2 }
				END { print most + 0, accel ? accel : "-" }')
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$kernel" "$(<"$from/release")" "$(<"$from/origin")" \
			"$seconds" "$accel" "$(results_facts "$kernel")" "$(<"$from/version")" >>"$results/kernels.tsv"
	done
}

# The median time of each program on the kernels, as of a PC, for the next run's plan.
results_keep_durations() {
	{
		awk -F '\t' -v slow=" ${slow[*]} " -v slower="$matrix_slower" '
			$2 ~ /^[a-z]/ && $2 != "kernel" && $5 && !seen[$1, $2]++ {
				print $2, index(slow, " " $1 " ") ? int($5 / slower) : $5
			}' "$results/points.tsv" | sort -k1,1 -k2,2n | awk '
			function out() { if (n) print last, ms[int((n + 1) / 2)] }
			$1 != last { out(); last = $1; n = 0 }
			{ ms[++n] = $2 }
			END { out() }'
		cat "$DURATIONS"
	} | awk '/^[a-z]/ && !seen[$1]++' >"$tmp/durations"
	cp "$tmp/durations" "$CACHE/durations.$$"
	mv "$CACHE/durations.$$" "$CACHE/durations"
}

results_tools() {
	cat "$results"/*/boot 2>/dev/null | sed -n 's/^qemu //p' | sort -u
	samples/bpf/xdp-drop-tcp --version
	echo "tests: $(git -c safe.directory='*' describe --always --dirty 2>/dev/null || echo unknown)"
	echo "guest: $(grep -E '^(bash|iproute2|nftables|nginx|bpftool|xdp-tools) ' "$tmp/userland.${archs[0]}.packages" |
		paste -sd, | sed 's/,/, /g')"
}

# Written last and atomically: a run that has it is finished, and was not interrupted.
results_json() {
	jq -n --rawfile kernels "$results/kernels.tsv" --rawfile points "$results/points.tsv" \
		--rawfile tools "$results/tools" '
		def rows: split("\n") | map(select(. != "") | split("\t"));
		{
			tools: ($tools | split("\n") | map(select(. != ""))),
			kernels: ($kernels | rows | map({name: .[0], release: .[1], origin: .[2],
				seconds: (.[3] | tonumber), accelerator: .[4], config: .[5], version: .[6]})),
			points: ($points | rows | map({kernel: .[0], program: .[1], point: .[2], result: .[3],
				program_ms: (.[4] | tonumber), reason: .[5]}))
		}' >"$results/results.json.new"
	mv "$results/results.json.new" "$results/results.json"
}

results_write() {
	local form

	results_collect
	[[ $tests = *:* ]] || results_keep_durations
	results_tools >"$results/tools"
	for form in txt md xml; do
		awk -v form=$form -v interrupted="$interrupted" -f scripts/matrix/points.awk -f scripts/matrix/report.awk \
			"$results/kernels.tsv" "$results/points.tsv" >"$results/results.$form"
	done
	[ -n "$interrupted" ] || results_json
}

# The last lines of the console of a guest that failed.
results_show_ends() {
	local guest name

	for guest in "${begun[@]}"; do
		name=${guest%% *}
		grep -qsP '^[^\t]*\tkernel\t[^\t]*\tfail' "$results/$name/points.tsv" || continue
		echo
		echo "The last lines of the console of $results/$name:"
		tail -n 12 "$results/$name/console" | tr -d '\r' | cut -c1-150 | sed 's/^/    /'
	done
}

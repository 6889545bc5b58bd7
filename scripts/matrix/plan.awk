# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v kernels="A B" -v tests="P Q" -v whole="A" -v part="P" -v in_order=yes -v jobs=N \
#	-v begun="A" -v left=DIR -v harmed=A -v slow="A" -v slower=T -f plan.awk DURATIONS
#
# The guests to come, a line for each: its name, its kernel, its programs: all on the kernels
# that are tested whole, which come first, on others the part. There are none for kernels of
# which a guest has begun.
#
# N guests run at a time. Kernels that are left when the others have been dealt evenly are
# shared by N guests each, or CPUs would be idle in the end: each program goes to the guest
# that has the least to do so far. The first of them begins now, the others when guests
# that run now end; so this is to be asked anew whenever the first one is about to begin.
#
# Without in_order, the longest program comes first. In DIR, which left.awk reads, each guest
# has a file: what its programs took the last time, in ms, those of them that ended, what
# those took now. On slow kernels a program takes T times as long.

# What a program took the last time it ran, in ms.
function known(program, kernel) {
	return (program in ms ? ms[program] : 10000) * (index(" " slow " ", " " kernel " ") ? slower : 1)
}

# Adds an item to a list that is in the order of its keys; returns its new length.
function put(list, keys, n, item, key,    i) {
	for (i = n; i > 0 && keys[i] > key; i--) {
		list[i + 1] = list[i]
		keys[i + 1] = keys[i]
	}
	list[i + 1] = item
	keys[i + 1] = key
	return n + 1
}

# What each of the guests that run still has to do, the least first.
function read_busy(    i, names, line, part, whose) {
	for (i = split(begun, names, " "); i > 0; i--) {
		has_begun[names[i]] = 1
		if ((getline line <(left "/" names[i])) > 0) {
			split(line, part, " ")
			n_busy = put(whose, busy, n_busy, names[i], part[1] - part[2])
		}
	}
}

# The kernel's programs into program[], and how many there are.
function choose(kernel,    i, n, given, weight) {
	n = split(index(" " whole " ", " " kernel " ") ? tests : part, given, " ")
	programs = 0
	for (i = 1; i <= n; i++)
		programs = put(program, weight, programs, given[i], in_order ? i : -known(given[i], kernel))
}

function deal(kernel, parts,    i, p, least, sum, all, list, name) {
	for (i = 1; i <= parts; i++) {
		sum[i] = i == 1 ? 0 : busy[i - 1] + 0
		all[i] = 0
	}
	for (p = 1; p <= programs; p++) {
		least = 1
		for (i = 2; i <= parts; i++)
			if (sum[i] < sum[least])
				least = i
		sum[least] += known(program[p], kernel)
		all[least] += known(program[p], kernel)
		list[least] = list[least] " " program[p]
	}
	if (kernel == harmed)
		list[1] = list[1] " planted.sh"
	for (i = 1; i <= parts; i++) {
		name = i == 1 ? kernel : kernel "~" i
		print all[i], 0, 0 >(left "/" name)
		close(left "/" name)
		if (list[i] != "")
			print name, kernel list[i]
	}
}

{ ms[$1] = $2 }

END {
	read_busy()
	n = split(whole, kernel, " ")
	m = split(kernels, given, " ")
	for (i = 1; i <= m; i++)
		if (!index(" " whole " ", " " given[i] " "))
			kernel[++n] = given[i]
	for (k = 1; k <= n; k++) {
		choose(kernel[k])
		if (!(kernel[k] in has_begun))
			deal(kernel[k], k <= n - n % jobs || jobs >= programs ? 1 : jobs)
	}
}

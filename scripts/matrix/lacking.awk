# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v modules=yes -f lacking.awk from=wanted FILE... from=had FILE: the options in the first
# files that the last one, a kernel's configuration, has not, in one line. What is to be built
# in has to be; with modules the rest may be modules.

BEGIN {
	FS = "="
	without["CONFIG_ENABLE_DEFAULT_TRACERS"] # only there without other tracers
	without["CONFIG_BAREUDP"] # the tests do without
	without["CONFIG_NO_HZ_IDLE"] # any other tick will do
	without["CONFIG_RANDOM_TRUST_CPU"] # newer kernels do it always
}

!/^CONFIG_/ || $1 in without { next }

from == "wanted" {
	wanted[$1] = $2
	order[++n] = $1
}

from == "had" { had[$1] = $2 }

END {
	for (i = 1; i <= n; i++) {
		name = order[i]
		if (had[name] == "y" || had[name] == "m" && wanted[name] == "m" && modules)
			continue
		printf "%s%s=%s", lacking++ ? " " : "", name, wanted[name]
		none = none || had[name] == "m" && wanted[name] == "m"
	}
	if (none)
		printf "; there are no modules beside it"
}

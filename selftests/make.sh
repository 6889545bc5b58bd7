#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The Makefile: its messages before it builds, where it takes its variables from, the
# permissions of its files; and when output has colours. Nothing is built, except for
# another machine: stubs print the arguments that recipes give them.

# shellcheck disable=SC2016 # expanded by what the stubs run in
set -eu

. "$(dirname "$0")/lib/ktap.sh"

here=$(dirname "$(realpath "$0")")
top=$(dirname "$here")
[ -e "$top/Kbuild" ] || skip "needs the source tree"
need make

# A tree $1 with the real Makefile and stubs: each says its name and what it got.
stubs() {
	local name

	mkdir -p "$1"/{scripts/report,selftests/{experiment,faults,fuzz},samples/bpf,bin}
	cp "$top/Makefile" "$1/"
	cp "$top/scripts/toolchain.mk" "$1/scripts/"
	for name in scripts/{bootstrap,lint,listing,report/report}.sh selftests/{bench,faults/all,fuzz/{fuzz,captures},experiment/{demo,experiment,lab,lesson}}.sh; do
		printf '#!/bin/sh\necho "%s: RESULTS=${RESULTS-} $*"\n' "${name##*/}" >"$1/$name"
	done
	printf 'all:\n' >"$1/selftests/fuzz/Makefile"
	printf '#!/bin/sh\necho /kernel\n' >"$1/scripts/kernel-source.sh"
	printf 'pairs clean:\n\t@echo "Kbuild: $@ $(CROSS_COMPILE) $(obj)"\n' >"$1/samples/bpf/Kbuild"
	printf 'all check clean:\n\t@echo "selftests: $@ TESTS=$(TESTS) OUTPUT=$(OUTPUT)"\n' >"$1/selftests/Makefile"
	chmod +x "$1"/*/*.sh "$1"/*/*/*.sh
}

# make as a person starts it: with nothing of the make that may run this. What looks
# like VARIABLE=VALUE before "--" is environment.
door() {
	local environment=()

	while [ "$1" != -- ]; do
		environment+=("$1")
		shift
	done
	env -i "PATH=$PATH" ${environment[@]+"${environment[@]}"} make --no-print-directory "${@:2}"
}

ktap_case make spaces "a path with spaces: make help helps, the rest says it cannot be"
spaces() {
	local goal

	stubs "$tmp/a b"
	expect 0 door -- -C "$tmp/a b" help
	told '^  make demo '
	[ ! -s "$tmp/err" ]
	for goal in all demo clean; do
		expect 2 door -- -C "$tmp/a b" "$goal"
		said "path with spaces: $tmp/a b\. "
		[ ! -s "$tmp/out" ]
	done
}

ktap_case make root "root is asked for before anything is installed or built"
root() {
	local goal

	stubs "$tmp/tree"
	printf '#!/bin/sh\necho 1000\n' >"$tmp/tree/bin/id"
	chmod +x "$tmp/tree/bin/id"
	for goal in demo experiment report lesson check faults coverage mutants bench bench-quick lab; do
		expect 2 door "PATH=$tmp/tree/bin:$PATH" -- -j4 -C "$tmp/tree" "$goal"
		said '^make [a-z-]+ needs root, .*\.$'
		never reads "$tmp/out" bootstrap.sh
		never reads "$tmp/out" Kbuild
	done
	for goal in all listing lint fuzz; do
		expect 0 door "PATH=$tmp/tree/bin:$PATH" -- -C "$tmp/tree" "$goal"
	done
}

# With the variable $1=$2 on the command line or in the environment, goal $3 is to say $4.
door_given() {
	expect 0 door -- -C "$tmp/tree" "$3" "$1=$2"
	told "$4"
	expect 0 door "$1=$2" -- -C "$tmp/tree" "$3"
	told "$4"
}

ktap_case make variables "RESULTS, TESTS, ROW, PARTS and OUTPUT, on the command line and in the environment"
variables() {
	local dir

	[ "$EUID" = 0 ] || skip "needs root"
	stubs "$tmp/tree"
	expect 0 door -- -C "$tmp/tree" experiment
	told "^experiment.sh: RESULTS=$tmp/tree/results \$"
	for dir in "$tmp/elsewhere" relative "$tmp/with 'some' \"spaces\""; do
		door_given RESULTS "$dir" experiment "^experiment.sh: RESULTS=$dir \$"
		door_given RESULTS "$dir" report "^report.sh: RESULTS=$dir $dir\$"
	done
	expect 0 door -- -C "$tmp/tree" report LANG=zh_CN
	told "^report.sh: RESULTS= $tmp/tree/results  zh_CN\$"
	expect 0 door LANG=zh_CN.UTF-8 -- -C "$tmp/tree" report
	told "^report.sh: RESULTS= $tmp/tree/results\$"
	door_given TESTS "cli.sh verdict" check '^selftests: check TESTS=cli.sh verdict '
	door_given ROW X3 lesson '^lesson.sh: .* X3$'
	door_given PARTS flood bench '^bench.sh: .* flood$'
	door_given PARTS flood bench-quick '^bench.sh: .* flood$'
	door_given TESTS kills faults '^all.sh: .* kills$'
	door_given OUTPUT out check "^selftests: check TESTS= OUTPUT=$tmp/tree/out\$"
}

ktap_case make elsewhere "OUTPUT: a test that is built elsewhere finds the objects"
elsewhere() {
	need_privileges
	cp "$(built verdict)" "$tmp/"
	cd "$here"
	expect 0 "$tmp/verdict"
	told '^# Totals: pass:[0-9]+ fail:0 '
}

ktap_case make lint "make lint without .git says so, and installs nothing"
lint() {
	stubs "$tmp/tree"
	cp "$top/scripts/lint.sh" "$tmp/tree/scripts/"
	expect 2 door GIT_CEILING_DIRECTORIES="$tmp" -- -C "$tmp/tree" lint
	said '^lint\.sh: needs git and a clone.*\.$'
	never reads "$tmp/out" bootstrap.sh
}

ktap_case make kdir_of_headers "KDIR without what the build takes: the next step, for a package of headers, too"
kdir_of_headers() {
	cp -r "$top/scripts" "$tmp/"
	mkdir -p "$tmp/headers/include/linux"
	: >"$tmp/headers/Makefile"
	expect 1 env KDIR="$tmp/headers" "$tmp/scripts/kernel-source.sh"
	said "it has no tools/.* \(only headers\?\)\. Give the whole source .*linux-source.*leave KDIR out\.\$"
	expect 1 env KDIR="$tmp/nosuch" "$tmp/scripts/kernel-source.sh"
	said "no such directory\. Give .*leave KDIR out\.\$"
	tar -C "$tmp" -cf "$tmp/headers.tar.xz" --xz headers
	expect 0 env KDIR="$tmp/headers.tar.xz" "$tmp/scripts/kernel-source.sh" --find
	expect 1 env KDIR="$tmp/headers.tar.xz" "$tmp/scripts/kernel-source.sh"
	said "^$tmp/headers\.tar\.xz: it has no tools/"
}

# On the system $1, with hardly a tool, building lacks something: it says $2, and a container.
lacks_on() {
	printf '%s\n' "$1" >"$tmp/os-release"
	expect 1 env "PATH=$tmp" OS_RELEASE="$tmp/os-release" "$top/scripts/bootstrap.sh" build
	said "$2"
	said '^Or run it in a Debian container: docker run .* --privileged .*make check"$'
}

ktap_case make systems "what is missing, by the names of this system's packages"
systems() {
	local tool

	for tool in sh awk cat cut dirname find grep id paste sed sort tail uname; do
		ln -s "$(command -v "$tool")" "$tmp/"
	done
	lacks_on $'NAME="Fedora Linux"\nID=fedora' '^On Fedora Linux: dnf install .*pkgconf-pkg-config'
	lacks_on $'NAME="Like Arch"\nID=other\nID_LIKE="arch"' '^On Like Arch: pacman -S --needed .*pkgconf python$'
	lacks_on $'NAME=Alpine\nID=alpine' '^On Debian: apt-get install .*pkg-config'
	said "^  pkg-config \(Debian's package pkg-config\)\$"
	lacks_on $'NAME=Ubuntu\nID=ubuntu\nID_LIKE=debian' '^On Ubuntu: apt-get install .*pkg-config'
}

ktap_case make newcomers "newcomers.sh: no such case; skipped where it cannot be run"
newcomers() {
	expect 2 "$top/scripts/newcomers.sh" debian11
	said 'no case debian11, but debian12 debian13 '
	expect 4 env CACHE="$tmp/cache" setpriv --bounding-set=-all "$top/scripts/newcomers.sh" narrow
	told '^narrow +skipped +a terminal of 60 columns: needs '
}

ktap_case make other "ARCH: by the kernel's name or Debian's; built apart, with that machine's compiler; nothing is run"
other() {
	local name

	stubs "$tmp/tree"
	for name in s390 s390x; do
		expect 0 door -- -C "$tmp/tree" ARCH=$name
		told '^bootstrap.sh: RESULTS= build cross-s390x$'
		told "^Kbuild: pairs s390x-linux-gnu- $tmp/tree/samples/bpf/build/s390x\$"
		expect 2 door ARCH=$name -- -C "$tmp/tree" check
		said "ARCH=$name: .* Leave ARCH out\. "
		[ ! -s "$tmp/out" ]
	done
	expect 0 door -- -C "$tmp/tree" CROSS_COMPILE=/opt/s390x-suse-linux- SYSROOT=
	told "^Kbuild: pairs /opt/s390x-suse-linux- $tmp/tree/samples/bpf/build/s390x\$"
	expect 0 door -- -C "$tmp/tree" "ARCH=$(uname -m)"
	told "^Kbuild: pairs  $tmp/tree/samples/bpf\$"
}

# $KDIR: as it was given, or the source that there is.
kernel_source() {
	[ -d "${KDIR-}" ] || KDIR=$("$top/scripts/kernel-source.sh") || skip "needs a kernel source"
}

# Is the ELF file $1 of the machine $2, in big-endian order, and loaded by nothing else?
big_endian() {
	readelf -hl "$1" >"$tmp/elf"
	never reads "$tmp/elf" INTERP
	has_line "$tmp/elf" '^ *Data: .* big endian$'
	has_line "$tmp/elf" "^ *Machine: *$2\$"
}

ktap_case tar foreign "ARCH=s390x: static programs and a tarball, all of it big-endian; qemu-user runs it"
foreign() {
	local KDIR=${KDIR-} dir=$tmp/s390x name

	need s390x-linux-gnu-gcc readelf
	[ -d "$top/.cache/sysroot/s390x-linux-gnu" ] || skip "needs scripts/bootstrap.sh cross-s390x"
	kernel_source
	mkdir "$dir"
	expect 0 door -- -j2 -C "$top" -f samples/bpf/Kbuild ARCH=s390x "obj=$dir" "DROP_KDIR=$KDIR"
	expect 0 door -- -j2 -C "$here" ARCH=s390x "samples=$dir" "OUTPUT=$dir/selftests" "KDIR=$KDIR" gen_tar
	mkdir "$tmp/root"
	tar -C "$tmp/root" -xzf "$dir/selftests/bpf-drop.tar.gz"
	cd "$tmp/root/kselftest/bpf-drop"
	for name in *_kern.o; do
		big_endian "$name" 'Linux BPF'
	done
	for name in *-drop-* drop-where tool verdict *_native; do
		big_endian "$name" 'IBM S/390'
	done
	need qemu-s390x-static
	expect 0 qemu-s390x-static ./xdp-drop-tcp --version
	told '^xdp-drop-tcp '
	for name in *_native; do
		expect 0 qemu-s390x-static "./$name"
		told '^# Totals: pass:[1-9][0-9]* fail:0 '
	done
}

ktap_case tar tarball "gen_tar under umask 077: others can read what it makes, and the kernel's runner runs it"
tarball() {
	local KDIR=${KDIR-}

	kernel_source
	locate tool
	need rsync
	umask 077
	expect 0 door ${OUTPUT:+"OUTPUT=$OUTPUT"} -- -C "$here" gen_tar "KDIR=$KDIR" "tarball=$tmp/out.tar.gz"
	tar -tvzf "$tmp/out.tar.gz" >"$tmp/list"
	reads "$tmp/list" run_kselftest.sh
	never grep -Ev '^(-r..r-.r-.|drwxr-xr-x|l)' "$tmp/list"
	[ "$(stat -c %a "$tmp/out.tar.gz")" = 644 ]
	runs_from "$tmp/out.tar.gz"
}

# The kernel's runner runs what is in the tarball $1, in a network namespace, too, if it can that.
runs_from() {
	local runner=$tmp/kselftest/run_kselftest.sh option lacking

	privileges
	tar -C "$tmp" -xzf "$1"
	expect 0 "$runner" --help
	for option in --summary $([ -n "$lacking" ] || grep -o -- --netns "$tmp/out" || :); do
		expect 0 "$runner" -t bpf-drop:refusal_native "$option"
		told '^ok 1 selftests: bpf-drop: refusal_native$'
	done
	has_line "$tmp/kselftest/output.log" '^# # Totals: pass:[0-9]+ fail:0 '
}

# Does a shell on a terminal choose colours in this environment?
colours() {
	expect 0 env -u NO_COLOR -u TERM "$@" script -qec \
		"bash -c '. ${here@Q}/lib/lab_net.sh && lab_colours && echo \"green\${green}green\"'" /dev/null
	[[ $(<"$tmp/out") = *$'green\e[32mgreen'* ]]
}

ktap_case colours colour "colours: on a terminal, but not with TERM=dumb or NO_COLOR"
colour() {
	need script
	colours TERM=xterm
	never colours TERM=dumb
	never colours TERM=
	never colours TERM=xterm NO_COLOR=1
	. "$here/lib/lab_net.sh"
	lab_colours >"$tmp/out"
	[ -z "$green" ]
}

ktap_run "$@"

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2154 # other programs expand it; check_lib.sh and ktap.sh have these variables
#
# Tests of what is fetched, and for which machines. To be sourced by check.sh.

# A mirror of the packages $tmp/pool/NAME.deb; one of them that is empty cannot be downloaded.
check_mirror() {
	mkdir -p "$tmp/pool"
	check_program scripts/matrix/apt.sh <<-END
		cd "$tmp/pool"
		case "\$1 \$2" in
		"apt-cache pkgnames") for deb in "\$3"*.deb; do echo "\${deb%.deb}"; done ;;
		"apt-cache show") [ -e "\$3.deb" ] ;;
		*) for name in "\${@:3}"; do [ -s "\$name.deb" ] && cp "\$name.deb" "\$OLDPWD/"; done ;;
		esac
	END
}

# check_package NAME FILE...: into that mirror. A file boot/* is an image of Linux 6.1.0.
check_package() {
	local root=$tmp/root file

	rm -rf "$root"
	mkdir -p "$root/DEBIAN" "$root/lib/modules/6.1.0"
	printf '%s\n' "Package: $1" "Version: 6.1.1-1" "Architecture: all" "Maintainer: me <me@here>" \
		"Description: none" >"$root/DEBIAN/control"
	for file in "${@:2}"; do
		mkdir -p "$root/${file%/*}"
		: >"$root/$file"
		[[ $file != boot/* ]] || check_image "$root/$file" "6.1.0 (at@home) #1 SMP"
	done
	dpkg-deb --root-owner-group -Znone -b "$root" "$tmp/pool/$1.deb" >/dev/null
}

modules=lib/modules/6.1.0/kernel

# Only the modules make a kernel; linux-binary without its package of modules has none.
no_modules() {
	check_tree
	check_mirror
	check_package linux-binary-6.1.0-amd64 boot/vmlinuz-6.1.0
	check_matrix 2 6.1
	told 'FAILED *6.1: not available'
	check_package linux-modules-6.1.0-amd64 "$modules/veth.ko"
	check_matrix 0 6.1
	check_has 6.1 "#1 SMP"
	: >"$CACHE/kernels/6.1/modules.cpio"
	rm "$tmp"/pool/*
	check_matrix 2 6.1
}

# The cloud flavour first, the newest, and of these the first one that is there.
which_package() {
	check_tree
	check_mirror
	for name in image-6.1.0-9-amd64 image-6.1.0-8-cloud-amd64 image-6.1.0-10-cloud-amd64 \
		image-6.1.0-10-rt-amd64 image-6.1.0-11-cloud-amd64-unsigned image-6.10.0-cloud-amd64; do
		check_package "linux-$name" boot/vmlinuz "$modules/veth.ko"
	done
	: >"$tmp/pool/linux-image-6.1.0-11-cloud-amd64.deb"
	check_matrix 0 "6.1 6.1+rt 6.1+generic"
	said '6.1: linux-image-6.1.0-11-cloud-amd64 could not be downloaded'
	told '^6.1 .*\(linux-image-6.1.0-10-cloud-amd64 6.1.1-1\)'
	told '^6.1\+rt .*\(linux-image-6.1.0-10-rt-amd64 6.1.1-1\)'
	told '^6.1\+generic .*\(linux-image-6.1.0-9-amd64 6.1.1-1\)'
	rm "$tmp"/pool/*
	check_matrix 0 "6.1 6.1+rt"
	cp -r "$CACHE/kernels/6.1+rt/." "$CACHE/kernels/6.1/"
	check_matrix 2 6.1
}

other_machine() {
	check_tree
	check_mirror
	check_package linux-image-6.1.0-amd64 boot/vmlinuz-6.1.0 "$modules/veth.ko"
	check_package linux-image-6.1.0-riscv64 boot/vmlinux-6.1.0 "$modules/veth.ko"
	cp "$home/scripts/matrix/check-qemu.sh" "$tree/bin/qemu-system-riscv64"
	echo 'all:; @echo built $(ARCH) >>../built' >"$tree/Makefile"
	check_matrix 0 "6.1 6.1/riscv64"
	check_has 6.1-riscv64 "#1 SMP"
	told '^6.1-riscv64 .*\(linux-image-6.1.0-riscv64 6.1.1-1\)'
	[ "$(<"$tmp/built")" = "built riscv64" ]
	grep -qx "QEMU emulator version 10.0.0" "$tmp/results/tools"
	compgen -G "$CACHE/userland-riscv64-*.cpio"
}

# Relative paths with such names still are paths.
machine_words() {
	check_tree
	check_matrix 2 6.1/s390
	said 'there is no directory or file 6.1/s390, .*/ARCH may be /amd64, /arm64, /riscv64, /s390x'
	check_matrix 2 6.1+rx
	said '6.1\+rx: there is no flavour rx'
	check_matrix 2 "6.1/s390x 6.1/s390x"
	said 'the same kernel twice: 6.1/s390x$'
	check_kernel 6.1/s390 1
	expect 0 env KERNELS="6.1/s390 6.1/arm64+16k 6.18.15+deb13 linux-image-6.1.0-arm64" \
		"$tree/scripts/matrix/matrix.sh" --dry-run
	told "^kernel s390@[0-9a-f]{6} $tmp/6.1/s390$"
	told '^kernel 6.1-arm64\+16k 6.1/arm64\+16k$'
	told '^kernel 6.18.15\+deb13 6.18.15\+deb13$'
	check_untouched
}

apt_writes() {
	check_tree
	command -v apt-config >/dev/null || skip "there is no apt here"
	cp "$home/scripts/matrix/apt.sh" "$tree/scripts/matrix/apt.sh"
	check_program bin/apt-get <<<:
	mkdir "$CACHE/apt"
	echo another >"$CACHE/apt/apt.conf"
	exec 9>"$CACHE/apt/lock"
	flock 9
	"$tree/scripts/matrix/apt.sh" true 9>&- &
	sleep 0.5
	[ "$(<"$CACHE/apt/apt.conf")" = another ]
	exec 9>&-
	wait $!
	grep -q 'Dir::State' "$CACHE/apt/apt.conf"
	[ -e "$CACHE/apt/updated" ]
}

# On a terminal; elsewhere nothing is said, and a failure is one.
apt_progress() {
	local fetch

	check_tree
	fetch="$tree/scripts/matrix/apt.sh fetch download"
	need script apt-config
	cp "$home/scripts/matrix/apt.sh" "$tree/scripts/matrix/apt.sh"
	check_program bin/apt-get <<-'END'
		[[ "$*" != *Status-Fd* ]] || echo "dlstatus:1:42.3:Retrieving file 1 of 2 (3s remaining)" >&3
		[[ "$*" != *nothing* ]]
	END
	script -qefc "$fetch some" "$tmp/out" </dev/null
	told ' 42 %  Retrieving file 1 of 2'
	never script -qefc "$fetch nothing" "$tmp/out" </dev/null
	# shellcheck disable=SC2086 # its words
	expect 0 $fetch some
	[ ! -s "$tmp/out" ] && [ ! -s "$tmp/err" ]
	# shellcheck disable=SC2086
	expect 1 $fetch nothing
}

lists_anew() {
	check_tree
	check_cached 6.1 "linux-image-6.1.0-1-amd64 6.1.1-1"
	mkdir "$CACHE/apt"
	touch "$CACHE/apt/updated"
	check_matrix 0 6.1
	[ -e "$CACHE/apt/updated" ]
	check_matrix 2 6.1 UPDATE=yes
	[ ! -e "$CACHE/apt/updated" ]
}

whole_and_part() {
	local runs='$2 == "lab.sh" { print $1 }' all="7.3 6.1 5.10 7.3+rt"

	check_tree
	for name in 5.10 6.1 7.3; do
		check_cached "$name" "linux-image-$name.0-amd64 1" "$name.0"
	done
	check_cached 7.3+rt "linux-image-7.3.0-rt-amd64 1" 7.3.0
	printf '# lab.sh\nverdict why\n' >"$tree/scripts/matrix/part"
	check_matrix 0 "$all" TESTS=
	[ "$(awk "$runs" "$tmp/results/points.tsv" | paste -sd' ')" = "7.3 5.10" ]
	check_has 6.1 "#Debian SMP"
	check_matrix 0 "$all" TESTS= SCOPE=whole
	[ "$(awk "$runs" "$tmp/results/points.tsv" | paste -sd' ')" = "$all" ]
	check_matrix 2 6.1 SCOPE=all
	said 'SCOPE=all: it is whole'
	# The programs in the real file are there.
	expect 0 "$home/scripts/matrix/matrix.sh" --dry-run
	read -ra names < <(sed -n 's/^part //p' "$tmp/out")
	expect 0 "$home/scripts/matrix/tests.sh" "${names[@]}"
}

ktap_case fetch no_modules "a kernel without modules is not accepted"
ktap_case fetch which_package "flavours, the newest package, a hole in the mirror"
ktap_case fetch other_machine "a kernel for another architecture"
ktap_case fetch machine_words "architectures and flavours in words"
ktap_case fetch apt_writes "apt.sh waits for its lock before it writes"
ktap_case fetch apt_progress "apt.sh shows how far a download is"
ktap_case fetch lists_anew "UPDATE=yes reads the lists of packages anew"
ktap_case fetch whole_and_part "a part of the tests on kernels between"

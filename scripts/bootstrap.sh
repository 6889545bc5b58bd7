#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# bootstrap.sh GOAL...: see to it that everything needed to build, test or lint
# is there. What is missing is installed by apt, unless BOOTSTRAP=no.
# bootstrap.sh --list GOAL: only print the Debian packages that GOAL needs.
set -eu
export LC_ALL=C

scripts=$(dirname "$0")
PATH=$PATH:/usr/sbin:/sbin

case ${LLVM-} in
'') ;;
*/) CLANG=${LLVM}clang CC=$CLANG ;;
-*) CLANG=clang$LLVM CC=$CLANG ;;
*) CLANG=clang CC=$CLANG ;;
esac
CC=${CC:-gcc} CLANG=${CLANG:-clang}
CC=${CC%% *} CLANG=${CLANG%% *}
clang_version=${CLANG##*clang}

# Debian 12 has both in one package.
docker_cli=docker-cli
! grep -qs '^12' /etc/debian_version || docker_cli=docker.io

# "check" is what make check needs beside "test", which the guests of make matrix have, too.
#
# For which goal, what is needed (a command, or a file below /usr, headers as compilers
# look for them), and its package in Debian, Fedora, Arch and Ubuntu; the name is Debian's
# where there is another's or none.
needs() {
	cat <<-END
		build   $CC                 ${CC##*/}
		build   $CLANG              ${CLANG##*/}
		build   include/stdlib.h    libc6-dev        glibc-devel            glibc
		build   include/libelf.h    libelf-dev       elfutils-libelf-devel  libelf
		build   include/zlib.h      zlib1g-dev       zlib-devel             zlib
		build   pkg-config          pkg-config       pkgconf-pkg-config     pkgconf
		build   python3             python3          python3                python
		cross-arm64   ${CROSS_COMPILE:-aarch64-linux-gnu-}gcc gcc-aarch64-linux-gnu
		cross-riscv64 ${CROSS_COMPILE:-riscv64-linux-gnu-}gcc gcc-riscv64-linux-gnu
		cross-s390x   ${CROSS_COMPILE:-s390x-linux-gnu-}gcc gcc-s390x-linux-gnu
		kernel  kernel-source       linux-source     -                      -
		test    bpftool             bpftool          bpftool                bpf  linux-tools-generic
		test    curl                curl
		test    ethtool             ethtool
		test    ip                  iproute2         iproute-tc
		test    jq                  jq
		test    share/i18n/locales/de_DE  locales    glibc-locale-source    glibc
		test    nft                 nftables
		test    nginx               nginx-light      nginx                  nginx
		test    nping               nmap
		test    unshare             util-linux
		test    ping                iputils-ping     iputils                iputils
		test    redis-server        redis-server     valkey-compat-redis    valkey
		test    rsync               rsync
		test    ssh                 openssh-client   openssh-clients        openssh
		test    sshd                openssh-server   openssh-server         openssh
		test    sysctl              procps           procps-ng              procps-ng
		test    tcpdump             tcpdump
		test    tmux                tmux
		test    tshark              tshark           wireshark-cli          wireshark-cli
		test    wg                  wireguard-tools
		test    xdp-loader          xdp-tools
		check   man                 man-db
		check   rst2man             python3-docutils python3-docutils       python-docutils
		check   share/bash-completion/bash_completion bash-completion
		check   zsh                 zsh
		matrix  cpio                cpio
		matrix  lz4                 lz4
		matrix  modprobe            kmod
		matrix  qemu-system-x86_64  qemu-system-x86
		matrix  rsync               rsync
		matrix  xz                  xz-utils
		matrix  zstd                zstd
		lava    git                 git
		lava    lava-run            lava-dispatcher
		lava    share/lava-common/lava-schema.py lava-common
		bench   dropwatch           dropwatch
		bench   gnuplot             gnuplot-nox      gnuplot                gnuplot
		bench   iperf3              iperf3
		bench   iptables            iptables
		bench   perf                linux-perf       perf                   perf  linux-tools-generic
		bench   xdp-filter          xdp-tools
		docker  docker              $docker_cli
		docker  dockerd             docker.io
		docker  iptables            iptables
		docker  nginx               nginx-light
		deb     autopkgtest         autopkgtest
		deb     dh                  debhelper
		deb     dpkg-buildpackage   dpkg-dev
		deb     g++                 build-essential
		deb     lintian             lintian
		deb     man                 man-db
		deb     rst2man             python3-docutils
		deb     share/doc/linux-source linux-source
		deb     xz                  xz-utils
		deb     share/bash-completion/bash_completion bash-completion
		coverage gcov               gcc                    gcc                    gcc
		coverage gcovr              gcovr
		fuzz    libfuzzer           libclang-rt${clang_version}-dev compiler-rt compiler-rt
		images  buildah             buildah
		images  kubectl             kubernetes-client
		images  lib/python3/dist-packages/jsonschema python3-jsonschema
		images  lib/python3/dist-packages/yaml python3-yaml
		images  skopeo              skopeo
		images  umoci               umoci
		listing llvm-objdump        llvm
		listing objdump             binutils
		install rst2man             python3-docutils python3-docutils       python-docutils
		htmldocs sphinx-build       python3-sphinx   python3-sphinx         python-sphinx
		services npm                npm
		services systemd-analyze    systemd
		services xmllint            libxml2-utils    libxml2                libxml2
		services yamllint           yamllint
		lint    clang-format        clang-format     clang-tools-extra      clang
		lint    perl                perl
		lint    shellcheck          shellcheck       ShellCheck
	END
}

there() {
	case $1 in
	libfuzzer) find "$("$CLANG" -print-resource-dir)/lib/" -name 'libclang_rt.fuzzer*' 2>/dev/null | grep -q . ;;
	kernel-source) "$scripts/kernel-source.sh" --find >/dev/null ;;
	include/* | share/* | lib/*)
		for file in /usr/"$1" /usr/local/"$1" /usr/"${1%%/*}"/*-linux-gnu*/"${1#*/}"; do
			[ ! -e "$file" ] || return 0
		done
		return 1
		;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# "WHAT PACKAGE" for all that the goals need and is not there.
missing() {
	needs | awk -v column="$column" '{ print $1, $2, NF < column ? $3 : $column }' |
		while read -r goal what package; do
			case " $* " in
			*" $goal "*) there "$what" || echo "$what $package" ;;
			esac
		done
}

# No service is started: nginx is here for the tests alone.
install() {
	policy=/usr/sbin/policy-rc.d
	exec 9</usr/sbin
	flock 9
	if [ ! -e $policy ] || grep -q 'while bpf-drop installs' $policy; then
		trap 'rm -f $policy' EXIT
		trap 'exit 1' INT TERM HUP
		printf '#!/bin/sh\n# there while bpf-drop installs packages\nexit 101\n' >$policy
		chmod +x $policy
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq -o DPkg::Lock::Timeout=60 update
	apt-get -qq -o DPkg::Lock::Timeout=60 -o Dpkg::Use-Pty=0 \
		install --no-install-recommends -y "$@" >/dev/null
}

# What is this system, in which column are its names, and what installs them?
ID='' ID_LIKE='' NAME=''
release=${OS_RELEASE:-/etc/os-release}
# shellcheck disable=SC1090 # the system's
[ ! -r "$release" ] || . "$release"
case " $ID $ID_LIKE " in
*" fedora "*) column=4 installer="dnf install" ;;
*" arch "*) column=5 installer="pacman -S --needed" ;;
*" ubuntu "*) column=6 installer="apt-get install --no-install-recommends" ;;
*) NAME=Debian column=3 installer="apt-get install --no-install-recommends" ;;
esac

if [ "${1-}" = --list ]; then
	needs | awk -v goal="$2" '$1 == goal { print $3 }' | sort -u
	exit
fi

# A given KDIR that will not do ends it here.
[ -z "${KDIR-}" ] || "$scripts/kernel-source.sh" --find >/dev/null

# All packages are there. For cross-ARCH, its libraries are still to come.
finish() {
	for goal; do
		case $goal in
		cross-*) [ -n "${SYSROOT+given}" ] || "$scripts/sysroot.sh" "${goal#cross-}" ;;
		esac
	done
	exit 0
}

# Only pages need no kernel source.
[ "$*" = htmldocs ] || set -- "$@" kernel
list=$(missing "$@")
[ -n "$list" ] || finish "$@"
packages=$(echo "$list" | cut -d' ' -f2 | grep -vx - | sort -u | paste -sd' ')

if [ "${BOOTSTRAP-}" = no ]; then
	obstacle="BOOTSTRAP=no forbids installing it"
elif ! command -v apt-get >/dev/null; then
	obstacle="this system has no apt-get to install it with"
elif [ "$(id -u)" != 0 ]; then
	obstacle="only root may install it"
else
	echo "  INSTALL $packages"
	# shellcheck disable=SC2086 # one word, one package
	install $packages
	list=$(missing "$@")
	[ -n "$list" ] || finish "$@"
	obstacle="installing did not help"
fi

{
	echo "Missing, and $obstacle:"
	echo "$list" | while read -r what package; do
		case $package in
		-) echo "  $what ($NAME has no package of it)" ;;
		*) echo "  $what ($NAME's package $package)" ;;
		esac
	done
	[ -z "$packages" ] || echo "On $NAME: $installer $packages"
	case $list in
	*kernel-source*) echo "A kernel source can be given, too (Linux 6.0 or later): make KDIR=/path/to/linux" ;;
	esac
	# shellcheck disable=SC2016 # the reader's variable
	command -v apt-get >/dev/null || echo "Or run it in a Debian container: docker run --rm -it --privileged" \
		'-v "$PWD:/bpf-drop" -w /bpf-drop debian sh -c "apt-get update && apt-get install -y git make && make check"'
} >&2
exit 1

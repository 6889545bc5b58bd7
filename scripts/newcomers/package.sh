#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In newcomers.sh's cases package12 and package13: with nothing but the packages that
# debian/control names, build twice in different circumstances, compare, and run
# debian/tests. There is no network; autopkgtest's isolation is that of the case.
set -eu
export LC_ALL=C
export DEBIAN_FRONTEND=noninteractive

apt=(apt-get -qq -y --no-install-recommends)
cd /root/bpf-drop
"${apt[@]}" build-dep ./ >/dev/null
# shellcheck disable=SC2046 # one word, one package
"${apt[@]}" install $(scripts/bootstrap.sh --list deb) >/dev/null
echo "newcomers: packages are there"
make deb RESULTS=/root/first
echo "newcomers: built, and lintian says nothing"
mkdir -p /root/second/elsewhere
(umask 077 && TMPDIR=/root/second/elsewhere TZ=Asia/Shanghai DEB_BUILD_OPTIONS=parallel=1 make deb RESULTS=/root/second)
for file in /root/first/package/*.{deb,dsc,tar.gz,tar.xz}; do
	cmp "$file" "/root/second/package/${file##*/}"
done
echo "newcomers: built twice, the same bytes"
rm -rf /out/*
cp /root/first/package/* /out/
status=0
autopkgtest --ignore-restrictions=isolation-machine --env="TESTS=$TESTS" --no-built-binaries \
	/out/*.dsc /out/bpf-drop_*.deb -- null || status=$?
[ "$status" = 0 ] || { echo "newcomers: autopkgtest: status $status"; exit 1; }
echo "newcomers: package: done"

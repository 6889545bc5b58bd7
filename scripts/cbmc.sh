#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# cbmc.sh: print the command of CBMC 6: this machine's, or else Debian 13's, unpacked in
# .cache/cbmc with the libraries that it needs: Debian 12 has none. Nothing is installed.
# If it cannot be had, says why; the status is 4.
set -eu
export LC_ALL=C

scripts=$(cd "$(dirname "$0")" && pwd -P)
into=${scripts%/*}/.cache/cbmc

case $(cbmc --version 2>/dev/null || :) in
[6-9].*)
	command -v cbmc
	exit
	;;
esac
if [ ! -e "$into" ]; then
	if [ "${BOOTSTRAP-}" = no ] || ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		echo "cbmc 6 is missing, and BOOTSTRAP=no forbids fetching it, or this system has no" \
			"apt-get. Install your distribution's package cbmc." >&2
		exit 4
	fi
	echo "  CBMC    $into" >&2
	mkdir -p "${into%/*}"
	work=$(mktemp -d "$into.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM HUP
	APT_ARCH=$(dpkg --print-architecture)
	export APT_ARCH APT_SUITES=trixie CACHE="$work/cache"
	if ! (cd "$work" && "$scripts/matrix/apt.sh" fetch download cbmc minisat libc6 libgcc-s1 libstdc++6); then
		echo "cbmc 6 is missing, and Debian's package cannot be fetched, see above." >&2
		exit 4
	fi
	for deb in "$work"/*.deb; do
		dpkg-deb -x "$deb" "$work"
	done
	cat >"$work/cbmc" <<-'END'
		#!/bin/sh
		root=${0%/*}
		set -- "$root"/usr/lib/*-linux-gnu*/ld*.so.? "$@"
		loader=$1
		shift
		exec "$loader" --library-path "${loader%/*}:$root/usr/lib" "$root/usr/bin/cbmc" "$@"
	END
	chmod 755 "$work" "$work/cbmc"
	rm -rf "$CACHE" "$work"/*.deb "${work:?}/usr/share"
	find "$work/usr/bin" ! -name cbmc ! -type d -delete
	mv -T "$work" "$into"
fi
echo "$into/cbmc"

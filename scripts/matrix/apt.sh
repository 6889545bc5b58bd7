#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# apt.sh COMMAND...: apt-get or apt-cache in an apt root of our own, in
# $CACHE/apt: the machine's apt is neither changed nor asked what is installed.
# It reads the suites that have the kernels, or $APT_SUITES, from the machine's own
# mirror, and verifies what it fetches by the machine's own keys. For another Debian
# architecture, APT_ARCH, there is a root beside it. Lists of packages are read once;
# without the file "updated" there, they are read anew.
#
# apt.sh fetch ARGUMENTS...: apt-get, which shows on a terminal how far a download is
# apt.sh unpack_all DIRECTORY WITHOUT PACKAGE...: unpack these, and what they depend on, into
# DIRECTORY, but no archives whose names match WITHOUT, a regular expression; and print
# the packages and versions. None of their scripts is run.
set -eu
export LC_ALL=C

root=${CACHE:?is not set: see matrix.sh}/apt${APT_ARCH:+-$APT_ARCH}
arch=${APT_ARCH:-amd64}
# It is new in Debian 13.
[ "$arch" != riscv64 ] || APT_SUITES=${APT_SUITES:-trixie trixie-backports}
suites=${APT_SUITES:-bullseye bookworm bookworm-backports trixie trixie-backports}

# The mirror of the machine's first source of Debian's main archive.
mirror() {
	cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
		awk '/^URIs:/ { for (i = 2; i <= NF; i++) if ($i ~ /debian\/?$/) print $i }'
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:.*debian\/?$/) print $i }'
}

sources() {
	uri=$(mirror | head -n1)
	[ -n "$uri" ] || { echo "apt.sh: no Debian mirror in /etc/apt" >&2; exit 1; }
	for suite in $suites; do
		echo "deb [arch=$arch signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
			"$uri $suite main"
	done
}

# The lists are old by the time they are read again, and those of a release
# that is no longer supported stay old.
options() {
	cat <<-END
		Dir "$root";
		Dir::State "$root/state";
		Dir::State::status "$root/status";
		Dir::Cache "$root/cache";
		Dir::Etc::SourceList "$root/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Parts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::Etc::TrustedParts "/etc/apt/trusted.gpg.d";
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		${APT_SUITES:+#}APT::Default-Release "bookworm";
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
		APT::Keep-Downloaded-Packages "true";
		Acquire::Languages "none";
		Acquire::Check-Valid-Until "false";
		Acquire::Retries "3";
		#clear Acquire::IndexTargets::deb::Contents-deb;
	END
	# How this machine reaches its mirror: proxies and the like.
	apt-config dump | grep -E '^Acquire::(http|https|ForceIPv)' || :
}

# apt-get's ARGUMENTS, quietly; on a terminal it shows how far a download is.
fetch() {
	if [ ! -t 2 ]; then
		apt-get -qq "$@" >/dev/null
		return
	fi
	{ apt-get -qq -o APT::Status-Fd=3 "$@" 3>&1 >/dev/null || echo failed; } | {
		failed=
		while IFS=: read -r kind _ percent words; do
			case $kind in
			failed) failed=yes ;;
			dlstatus) printf '\r          %3.0f %%  %s\033[K' "$percent" "$words" >&2 ;;
			esac
		done
		printf '\r\033[K' >&2
		[ -z "$failed" ]
	}
}

# Files of symbolic links into directories are unpacked to there: /lib is /usr/lib.
unpack_all() {
	into=$1 without=$2 archives=$root/cache/archives
	shift 2
	rm -f "$archives"/*.deb
	fetch -y --download-only install "$@"
	mkdir -p "$into/usr/bin" "$into/usr/sbin" "$into/usr/lib" "$into/usr/lib64"
	for dir in bin sbin lib lib64; do
		ln -s usr/$dir "$into/$dir"
	done
	for deb in "$archives"/*.deb; do
		! echo "${deb##*/}" | grep -qE "$without" || continue
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$into" -x --keep-directory-symlink \
			--exclude-from="${EXCLUDE:-/dev/null}"
		dpkg-deb -f "$deb" Package Version | awk '{ print $2 }' | paste -sd' '
	done
	rm -f "$archives"/*.deb
}

mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
exec 9>"$root/lock"
flock 9
: >>"$root/status"
sources >"$root/sources.list.new"
mv "$root/sources.list.new" "$root/sources.list"
options >"$root/apt.conf.new"
mv "$root/apt.conf.new" "$root/apt.conf"
export APT_CONFIG="$root/apt.conf" DEBIAN_FRONTEND=noninteractive
# If the lists of some suites are not to be had, as while a mirror changes, the others will do;
# they are tried anew ten minutes later.
if [ "$1" != mirror ] && [ ! -e "$root/updated" ] &&
	[ -z "$(find "$root/tried" -mmin -10 2>/dev/null)" ]; then
	if fetch update; then
		touch "$root/updated"
	elif [ -n "$(find "$root/state/lists" -name '*_Packages')" ]; then
		touch "$root/tried"
	else
		exit 1
	fi
fi
"$@"

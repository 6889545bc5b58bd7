#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# package.sh dist|sbom|deb: what is handed on to others, into $RESULTS/package or
# results/package; prints where.
#
#   dist  bpf-drop-VERSION.tar.gz: what is committed, the same bytes from the same commit
#   sbom  bpf-drop-VERSION.spdx.json, see sbom.py, of the programs that make has built
#   deb   the Debian package, from that tarball alone, with lintian's opinion
set -eu
export LC_ALL=C

cd "$(dirname "$0")/.."
into=${RESULTS:-$PWD/results}/package
name=bpf-drop-$(cat VERSION)
mkdir -p "$into"
into=$(cd "$into" && pwd -P)

git() {
	command git -c safe.directory='*' "$@"
}

# git archive sorts, and gives the commit's time and root as owner.
archive() {
	if [ ! -e .git ]; then
		echo "make $1: the tarball is made of what is committed, and this is no clone." \
			"Run it in a clone." >&2
		exit 1
	fi
	git diff --quiet HEAD || echo "  NOTE    what is not committed is not in it" >&2
	git -c tar.umask=0022 archive --format=tar --prefix="$name/" HEAD >"$into/$name.tar"
	gzip -nf9 "$into/$name.tar"
}

deb() {
	archive deb
	work=$(mktemp -d "${TMPDIR:-/tmp}/bpf-drop-deb.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM HUP
	tar -C "$work" -xf "$into/$name.tar.gz"
	(cd "$work/$name" && dpkg-buildpackage -us -uc) >"$into/deb.log" 2>&1 || {
		tail -n 20 "$into/deb.log" >&2
		echo "make deb: dpkg-buildpackage failed, see $into/deb.log." >&2
		exit 1
	}
	lintian --allow-root --fail-on error,warning "$work"/*.changes
	rm -r "${work:?}/$name"
	mv "$work"/* "$into/"
	ls "$into"/*.deb "$into"/*.dsc
}

case ${1-} in
dist)
	archive dist
	echo "$into/$name.tar.gz"
	;;
sbom)
	set --
	for pair in user/*_user.c; do
		set -- "$@" "$PWD/samples/bpf/$(basename "$pair" _user.c | tr _ -)"
	done
	python3 scripts/sbom.py "$@" >"$into/$name.spdx.json.new"
	mv "$into/$name.spdx.json.new" "$into/$name.spdx.json"
	echo "$into/$name.spdx.json"
	;;
deb) deb ;;
*)
	echo "usage: package.sh dist|sbom|deb, by make" >&2
	exit 2
	;;
esac

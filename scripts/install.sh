#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# install.sh install|uninstall: the programs that make has built, objects for ip and tc, manual
# pages, completions and documents. Both go by the same list, and nothing is built.
#
# The variables below say where to, from the environment or make's command line. Everything is
# put below $DESTDIR. $STRIP strips the programs: STRIP=true keeps their symbols.
set -eu
export LC_ALL=C

cd "$(dirname "$0")/.."
built=samples/bpf

: "${DESTDIR=}" "${prefix:=/usr/local}" "${STRIP:=strip}"
: "${sbindir:=$prefix/sbin}" "${libdir:=$prefix/lib}" "${mandir:=$prefix/share/man}"
: "${docdir:=$prefix/share/doc/bpf-drop}" "${zsh_compdir:=$prefix/share/zsh/site-functions}"
: "${bash_compdir:=$prefix/share/bash-completion/completions}"

# What is to be done, FROM, and TO, for each file.
install_list() {
	for source in user/*_user.c; do
		pair=$(basename "$source" _user.c)
		program=$(echo "$pair" | tr _ -)
		echo "program $built/$program $sbindir/$program"
		echo "page Documentation/man/$program.rst $mandir/man8/$program.8"
		echo "file completions/bpf-drop.bash $bash_compdir/$program"
		case $pair in
		xdp_* | tc_*) echo "file $built/${pair}_kern.o $libdir/bpf-drop/${pair}_kern.o" ;;
		esac
	done
	echo "page Documentation/man/bpf-drop.rst $mandir/man7/bpf-drop.7"
	echo "file completions/bpf-drop.zsh $zsh_compdir/_bpf-drop"
	find README.md COPYING Documentation -path Documentation/man -prune -o -type f \
		-regex '[A-Z]*\|.*\.\(c\|md\|rst\|svg\)' -print |
		while read -r file; do
			echo "file $file $docdir/$file"
		done
}

refuse() {
	echo "make install: $*" >&2
	exit 1
}

# Before anything is written: is all of it there?
install_check() {
	command -v rst2man >/dev/null || refuse "the manual pages need rst2man (Debian's package" \
		"python3-docutils): install it, as scripts/bootstrap.sh install does."
	install_list | while read -r _ from _; do
		[ -e "$from" ] || refuse "$from is not there: run make first."
	done
}

# What a program says of itself is taken from there.
install_page() {
	name=$(basename "$1" .rst)
	[ ! -x "$built/$name" ] || ARGP_HELP_FMT=rmargin=9999,opt-doc-col=40 "$built/$name" --help
	echo "END OF HELP"
	sed "s/^:Version:.*/& $(cat VERSION)/; s,@libdir@,$libdir,; s,@docdir@,$docdir," "$1"
}

put() {
	case $1 in
	program) install -D -m 755 -s --strip-program="$STRIP" "$2" "$3" ;;
	file) install -D -m 644 "$2" "$3" ;;
	page)
		install_page "$2" | awk -f scripts/manual.awk >"$made"
		rst2man --halt=2 "$made" "$made.man"
		install -D -m 644 "$made.man" "$3"
		;;
	esac
}

# The directories that are empty then go, too, but none that systems have from the beginning.
take_away() {
	rm -f "$1"
	dir=${1%/*}
	while [ -d "$dir" ]; do
		case ${dir%/*} in
		"$DESTDIR" | "$DESTDIR"/usr | "$DESTDIR"/usr/share | "$DESTDIR"/usr/local | \
			"$DESTDIR"/usr/local/share) break ;;
		esac
		rmdir "$dir" 2>/dev/null || break
		dir=${dir%/*}
	done
}

case ${1-} in
install)
	install_check
	made=$(mktemp)
	trap 'rm -f "$made" "$made.man"' EXIT
	trap 'exit 1' INT TERM HUP
	install_list | while read -r how from to; do
		put "$how" "$from" "$DESTDIR$to"
	done
	;;
uninstall)
	install_list | while read -r _ _ to; do
		take_away "$DESTDIR$to"
	done
	;;
*)
	echo "usage: install.sh install|uninstall, by make" >&2
	exit 2
	;;
esac

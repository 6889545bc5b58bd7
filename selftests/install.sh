#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make install and uninstall: what is installed, where, and by whom; the manual; and completion,
# as bash and zsh have it on a terminal. All of it in temporary directories.
set -eu

. "$(dirname "$0")/lib/ktap.sh"

top=$(cd "$(dirname "$0")/.." && pwd -P)
[ -e "$top/Kbuild" ] || skip "needs the source tree"
need make rst2man strip
locate drop-where
programs=(xdp-drop-world xdp-drop-tcp tc-drop-tcp drop-where)

# A copy of what installing takes, installed by somebody else than root, under a narrow umask,
# where a foreign page is already.
setup_install() {
	local name

	tree=$ktap_dir/copy home=$ktap_dir/home prefix="$ktap_dir/home/my own" plain=()
	man=$prefix/share/man
	mkdir -p "$tree/samples/bpf" "$man/man8"
	echo foreign >"$man/man8/foreign.8"
	for name in Makefile README.md COPYING VERSION Documentation completions scripts user; do
		cp -r "$top/$name" "$tree/"
	done
	cp "${path%/*}"/{*-drop-*,drop-where,*_kern.o} "$tree/samples/bpf/"
	if [ "$EUID" = 0 ]; then
		need setpriv
		plain=(setpriv --reuid 65534 --regid 65534 --clear-groups)
		chmod -R go+rX "$ktap_dir"
		chown -R 65534 "$home"
	fi
	all_in "$home" >"$ktap_dir/home.before"
	all_in "$tree" >"$ktap_dir/copy.before"
	made install prefix="$prefix"
}

# make as a person starts it, with nothing of the make that may run this.
made() {
	(umask 077 && cd "$home" && "${plain[@]}" env -i "PATH=$PATH" make -s -C "$tree" "$@")
}

# All that is in a directory, with modes and sizes.
all_in() {
	find "$1" \( -type d -printf '%P/ %m\n' \) -o -printf '%P %m %s\n' | sort
}

ktap_case install installed "make install: by anybody, into a prefix of one's own; others can read it; stripped"
installed() {
	local name

	all_in "$tree" | diff "$ktap_dir/copy.before" -
	find "$prefix" ! -perm -go=r >"$tmp/out"
	[ ! -s "$tmp/out" ] || fail "not for others: $(<"$tmp/out")"
	for name in "${programs[@]}"; do
		expect 0 "$prefix/sbin/$name" --version
		told "^$name $(<"$top/VERSION")"
		expect 0 readelf -S "$prefix/sbin/$name"
		never reads "$tmp/out" .symtab
		cmp "$tree/samples/bpf/$name" "${path%/*}/$name"
	done
	for name in xdp_drop_world xdp_drop_tcp tc_drop_tcp; do
		cmp "$prefix/lib/bpf-drop/${name}_kern.o" "${path%/*}/${name}_kern.o"
	done
	[ -e "$prefix/share/doc/bpf-drop/Documentation/programs.rst" ]
}

# The names of options and what they take, as they stand behind $1 spaces.
options_behind() {
	sed -nE "s/^ {$1}(-[^ ,]*(, -[^ ]*)?)( .*|\$)/\1/p" "$tmp/out" | sort
}

ktap_case install manual "the manual: no warnings of man, groff and lexgrog; the same options as in --help"
manual() {
	local name page

	need man groff lexgrog
	export MANWIDTH=100 MAN_KEEP_STDERR=yes
	echo ".NOSUCH macro" >"$tmp/bad.8"
	for page in "$tmp/bad.8" "$man"/man7/bpf-drop.7 "${programs[@]/#/$man/man8/}"; do
		[ -e "$page" ] || page=$page.8
		LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" >"$tmp/out" 2>"$tmp/err"
		groff -man -t -ww -Tutf8 -z "$page" 2>>"$tmp/err"
		[ "$page" = "$tmp/bad.8" ] || [ ! -s "$tmp/err" ] || fail "$page: $(<"$tmp/err")"
		[ -s "$tmp/err" ] || expect 0 lexgrog "$page"
	done
	for name in "${programs[@]}"; do
		expect 0 "$prefix/sbin/$name" --help
		options_behind '2,6' >"$tmp/options"
		expect 0 man -l "$man/man8/$name.8"
		told "^bpf-drop $(<"$top/VERSION") "
		sed -i '/^OPTIONS$/,/^EXIT STATUS$/!d' "$tmp/out"
		options_behind 7 | diff "$tmp/options" -
		lines "$tmp/options" 10 40
	done
}

# A shell on a terminal, where lo is the only interface and ready> the prompt, completes what
# is typed, before the keys $2; then what has become of the line $1 is a word in each line of $tmp/out.
typed_to_shell() {
	local keys pid

	exec {keys}> >(exec script -qefc "$(printf '%q ' "${shell[@]}")" "$tmp/screen" >"$tmp/log" 2>&1)
	pid=$!
	poll 20 reads "$tmp/screen" 'ready>' || fail "no prompt: $(<"$tmp/log")"
	printf '%s%b\001printf "word %%s.\\n" \005\rexit\r' "$1" "$2" >&"$keys"
	poll 20 is_over "$pid" || fail "no end: $(<"$tmp/log")"
	exec {keys}>&-
	sed -n 's/^word \(.*\)\.\r$/\1/p' "$tmp/screen" >"$tmp/out"
}

# Of the line $1, a TAB makes the words of $2, of which the last is completed.
completes() {
	typed_to_shell "$1" '\t'
	[ "$(paste -sd' ' "$tmp/out")" = "$2" ] || fail "'$1' became: $(<"$tmp/log")"
}

# Where only lo is.
in_shell() {
	need script unshare mount
	[ "$EUID" = 0 ] || skip "needs root, for a network namespace"
	export PATH="$prefix/sbin:$PATH" TERM=dumb HOME=$tmp
	cd "$tmp"
	# shellcheck disable=SC2016 # expanded by that shell
	shell=(unshare --net --mount sh -ec 'mount -t sysfs sysfs /sys && exec "$@"' sh "$@")
}

complete_all() {
	completes 'xdp-drop-tcp --sk' 'xdp-drop-tcp --skb-mode'
	completes 'tc-drop-tcp --ing' 'tc-drop-tcp --ingress'
	completes 'tc-drop-tcp --sk' 'tc-drop-tcp --sk'
	completes 'drop-where --timeout 1s --summ' 'drop-where --timeout 1s --summary'
	completes 'xdp-drop-world l' 'xdp-drop-world lo'
	completes 'xdp-drop-world --except s' 'xdp-drop-world --except session'
	completes 'drop-where --write sc' 'drop-where --write screen'
	completes 'drop-where --write=sc' 'drop-where --write=screen'
}

ktap_case install bash_completes "bash: completes options, interfaces, files and selectors on a terminal"
bash_completes() {
	local name

	[ -e /usr/share/bash-completion/bash_completion ] || skip "needs bash-completion"
	printf '%s\n' '. /usr/share/bash-completion/bash_completion' 'PS1="ready> "' >"$tmp/rc"
	export XDG_DATA_DIRS="$prefix/share" INPUTRC=/dev/null
	in_shell bash --rcfile rc -i
	complete_all
	for name in "${programs[@]}"; do
		typed_to_shell "$name --" '\e*'
		sed 1d "$tmp/out" | sort >"$tmp/completed"
		expect 0 "$name" --help
		options_behind '2,6' | sed 's/.*--/--/; s/\[.*//; s/=.*/=/' | sort | diff - "$tmp/completed"
	done
}

ktap_case install zsh_completes "zsh: the same"
zsh_completes() {
	need zsh
	printf '%s\n' "fpath+=(${prefix@Q}/share/zsh/site-functions)" 'bindkey -e' \
		'autoload -U compinit && compinit -u -D' 'PS1="ready> "' >"$tmp/.zshrc"
	in_shell zsh -d -i
	complete_all
}

ktap_case install removed "make uninstall leaves nothing behind, in a directory of its own or a system's"
removed() {
	local elsewhere=(DESTDIR="$home/d" mandir=/usr/local/man bash_compdir=/usr/share/of/bash zsh_compdir=/opt/zsh) name

	made uninstall prefix="$prefix"
	all_in "$home" | diff "$ktap_dir/home.before" -
	mkdir -p "$home"/d/usr/local/{sbin,lib,share/man}
	[ "$EUID" != 0 ] || chown -R 65534 "$home/d"
	made install "${elsewhere[@]}"
	for name in man/man8/drop-where.8 sbin/drop-where ../share/of/bash/drop-where ../../opt/zsh/_bpf-drop; do
		[ -e "$home/d/usr/local/$name" ] || fail "no $name"
	done
	made uninstall "${elsewhere[@]}"
	find "$home/d" ! -type d >"$tmp/out"
	[ ! -s "$tmp/out" ] || fail "left: $(<"$tmp/out")"
	for name in sbin lib share/man; do
		[ -e "$home/d/usr/local/$name" ] || fail "$name is gone, too"
	done
}

ktap_case install refused "not built, or no rst2man: the next step, and nothing is installed"
refused() {
	cp -r "$tree" "$tmp/"
	rm "$tmp/copy/samples/bpf/drop-where"
	expect 1 env DESTDIR="$tmp/d" "$tmp/copy/scripts/install.sh" install
	said 'drop-where is not there: run make first\.$'
	mkdir "$tmp/bin"
	ln -s "$(command -v dirname)" "$tmp/bin/"
	expect 1 env PATH="$tmp/bin" DESTDIR="$tmp/d" "$tmp/copy/scripts/install.sh" install
	said "rst2man \(Debian's package python3-docutils\).*bootstrap\.sh install"
	[ ! -e "$tmp/d" ]
}

ktap_run "$@"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# lint.sh: the style checks that must pass. KDIR is the kernel source that
# checkpatch.pl and .clang-format come from.
# lint.sh --list: only print the names of the files that are checked.
set -eu
export LC_ALL=C

cd "$(dirname "$0")/.."
list() {
	git -c safe.directory='*' ls-files -co --exclude-standard
}
if ! files=$(list 2>/dev/null); then
	echo "lint.sh: needs git and a clone, to tell this project's files from others" \
		"($(list 2>&1 >/dev/null || :)). Run it in a clone." >&2
	exit 1
fi
if [ "${1-}" = --list ]; then
	echo "$files"
	exit
fi
kernel=${KDIR:?is not set: use make lint}
failed=0

# Those of the files whose name matches.
named() {
	echo "$files" | grep -E "$1" || :
}

check() {
	echo "  LINT    $1"
	shift
	"$@" || failed=1
}

# ENOSYS: we are told it by old kernels; the warning is meant for code that returns it.
# OPEN_ENDED_LINE: what the kernel's own .clang-format makes of long arguments.
# PREFER_DEFINED_ATTRIBUTE_MACRO: user space has to define these macros itself.
# VOLATILE: "const volatile" is how libbpf has constants set before loading.
checkpatch() {
	named '\.[ch]$' | xargs -r perl "$kernel/scripts/checkpatch.pl" --no-tree -f --strict \
		--terse --no-summary --show-types \
		--ignore ENOSYS,OPEN_ENDED_LINE,PREFER_DEFINED_ATTRIBUTE_MACRO,VOLATILE
}

# The kernel's style is written for this version too; others may disagree.
format() {
	named '\.[ch]$' | xargs -r "${CLANG_FORMAT:-clang-format}" --dry-run -Werror \
		--style="file:$kernel/.clang-format"
}

# Those of the files that are run by a shell.
scripts() {
	named . | xargs grep -lE '^#!.*[/ ](ba|da)?sh\b'
}

# SC2317, "unreachable": tests, and these checks, are called by name.
# SC2119: helpers' arguments have defaults.
# Libraries source each other; SCRIPTDIR is the directory of the script that is checked.
shell() {
	{
		named '\.(ba)?sh$'
		scripts
	} | sort -u | xargs -r shellcheck --exclude=SC2119,SC2317 \
		--external-sources --source-path=SCRIPTDIR --source-path=selftests/lib
}

# A script sets the locale itself, or sources a file that leads to ktap.sh, which does.
locale() {
	without=$(scripts | xargs grep -LE '^export (.* )?LC_ALL=C$|^\. .*/(ktap|[a-z]+_lib|lab_net)\.sh"$' || :)
	[ -z "$without" ] && return
	echo "$without" | sed 's/$/: export LC_ALL=C, or numbers and messages differ between locales/'
	return 1
}

# COPYING is the licence itself; data has no comments.
spdx() {
	without=$(named . | grep -vE '^(COPYING|VERSION|debian/(changelog|source/format))$|\.(json|pcap|pcapng|png|svg|cast)$' |
		xargs -r grep -L SPDX-License-Identifier: || :)
	[ -z "$without" ] && return
	echo "$without" | sed 's/$/: no SPDX-License-Identifier/'
	return 1
}

# And it finds what is planted: up, to the floor beside, to nowhere.
floors() {
	scripts/floors.sh || return
	planted=$(mktemp -d)
	mkdir "$planted/lib" "$planted/where"
	echo '#include "attach/link.h"' >"$planted/lib/up.c"
	echo '#include "loader/run.h"' >"$planted/where/beside.c"
	echo '#include "cellar/rat.h"' >"$planted/main.c"
	found=$(scripts/floors.sh "$planted" | wc -l)
	rm -r "$planted"
	[ "$found" = 3 ] || { echo "floors.sh finds $found of 3 planted includes" && return 1; }
}

# Of headers, those whose name another one has, too.
twice() {
	sed 's,.*/,,' | sort | uniq -d
}

header_names() {
	found=$(named '^(user|bpf_progs|selftests)/.*\.h$' | twice)
	[ -z "$found" ] || { echo "$found" | sed 's/$/: more than one header has this name/' && return 1; }
	found=$(printf '%s/link.h\n' user/attach bpf_progs | twice)
	[ "$found" = link.h ] || { echo "of two headers of one name, it finds '$found'" && return 1; }
}

# Each file that the documents name by folder and name is there; user/'s folders may
# stand without that one. adding-a-program.rst and tutorial.rst name files that are yet to be written.
paths() {
	named '^README(\.[a-zA-Z_]+)?\.md$|^Documentation/.*\.rst$' | grep -v /adding-a-program |
		xargs grep -HnoE '[`(][A-Za-z_]+(/[A-Za-z0-9_-]+)+\.(c|h|sh|awk|rst|expected)\b' |
		grep -v '`\(asm\|linux\|samples/bpf/build\)/' | files=$files awk -F '[`(]' '
			BEGIN {
				n = split(ENVIRON["files"], file, "\n")
				for (i = 1; i <= n; i++) {
					there[file[i]] = 1
					if (sub(/^user\//, "", file[i]))
						there[file[i]] = 1
				}
			}
			!($2 in there) { print $1 " " $2 " is not there"; bad = 1 }
			END { exit bad }'
}

# And it finds what is planted: twice with and without "function", not a stub.
names() {
	scripts/names.sh selftests scripts || return
	planted=$(mktemp -d)
	printf 'one() {\n\tstub() { :; }\n}\ntwo() { :; }\n' >"$planted/a.sh"
	printf 'stub() { :; }\nfunction one() {\n\t:\n}\n' >"$planted/b.sh"
	found=$(scripts/names.sh "$planted" | wc -l)
	rm -r "$planted"
	[ "$found" = 1 ] || { echo "names.sh finds $found of 1 planted double" && return 1; }
}

# And it finds what is planted: no such program, no such test of a program, of a table.
expected() {
	scripts/matrix/expected.sh || return
	planted=$(mktemp)
	printf 'all | %s | why\n' 'cli.sh | ^no such test' 'cly.sh | ^.the program.$' 'verdict | nonlinear' >"$planted"
	found=$(scripts/matrix/expected.sh "$planted" | wc -l)
	rm "$planted"
	[ "$found" = 3 ] || { echo "expected.sh finds $found of 3 planted lines" && return 1; }
}

# And it finds what is planted: a changed original, another command, a lacking chapter.
translations() {
	scripts/translations.sh || return
	planted=$(mktemp -d)
	mkdir -p "$planted/Documentation/translations/zh_CN"
	cp README*.md "$planted"
	cp Documentation/experiment.rst "$planted/Documentation"
	cp Documentation/translations/zh_CN/experiment.rst "$planted/Documentation/translations/zh_CN"
	echo >>"$planted/README.md"
	sed -i 's/ --observe / --force /; s/^## //' "$planted/README.zh_CN.md"
	found=$(scripts/translations.sh "$planted" | grep -cE '^README.zh_CN.md: (stale|commands|chapters)')
	rm -r "$planted"
	[ "$found" = 3 ] || { echo "translations.sh finds $found of 3 planted faults" && return 1; }
}

check checkpatch checkpatch
check clang-format format
check shellcheck shell
check locale locale
check SPDX spdx
check floors floors
check headers header_names
check paths paths
check names names
check expected expected
check translations translations
check report scripts/report/check.sh
exit $failed

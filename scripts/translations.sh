#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# translations.sh [DIRECTORY]: in this tree, or one like it, is each translation up to date
# with its original, with the same commands and outputs? Shows those that are not, and why.
# Exits with 1 if commands, outputs or chapters differ, not for a stale text: who changes an
# original need not know the language.
#
# A translation names its original's path and git blob, which is computed here without git;
# git shows what has changed since, if it has that blob. Comments behind commands may differ.
set -eu
export LC_ALL=C

cd "${1:-$(dirname "$0")/..}"
failed=0

complain() {
	echo "$translation: $*"
	failed=1
}

blob_of() {
	{ printf 'blob %d\0' "$(wc -c <"$1")" && cat "$1"; } | sha1sum | cut -c 1-12
}

# The literal blocks of file $1: what is fenced, and what is indented behind "::".
literals() {
	awk '
		FILENAME ~ /\.md$/ {
			if (/^```/)
				inside = !inside
			else if (inside)
				print
			next
		}
		/^[^ \t]/ { inside = 0 }
		inside && NF { print }
		/::$/ && (!/^\.\./ || /code-block/) { inside = 1 }' "$1" | sed -E 's/([^ ]) +# .*/\1/; s/ +$//'
}

# How deep its chapters are, in their order: by the character of their lines.
chapters() {
	grep -oE '^(#+ |==|--|~~|\^\^)' "$1" || :
}

for translation in README.*.md Documentation/translations/*/*.rst; do
	read -r original blob < <(sed -nE 's/^(:|<!-- )Original: ([^ ,]+), blob ([0-9a-f]{12})( -->)?$/\2 \3/p' \
		"$translation") || { complain "names no Original: PATH, blob ID" && continue; }
	[ -e "$original" ] || { complain "$original is not there" && continue; }
	now=$(blob_of "$original")
	if [ "$blob" != "$now" ]; then
		echo "$translation: stale: $original has changed since blob $blob." \
			"Translate what has, then name blob $now."
		! git cat-file -e "$blob" 2>/dev/null || git cat-file blob "$blob" | diff -u - "$original" || :
	fi
	diff -u <(literals "$original") <(literals "$translation") ||
		complain "commands or outputs are not those of $original"
	diff <(chapters "$original") <(chapters "$translation") ||
		complain "chapters are not those of $original"
done
exit $failed

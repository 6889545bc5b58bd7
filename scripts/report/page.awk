# SPDX-License-Identifier: GPL-2.0-only
#
# The whole page: each text between two tags of a line, and each aria-label, that is in the
# table of the language is said in that. Sentences with figures or tags in them were before.
# What was typed and what it told, in <pre> and <code>, stays.

# Blanks around it stay, too.
function say_node(text,    bare, at) {
	bare = text
	gsub(/^ +| +$/, "", bare)
	if (!(bare in translated))
		return text
	at = index(text, bare)
	return substr(text, 1, at - 1) say(bare) substr(text, at + length(bare))
}

/<pre>/ { typed = 1 }

!typed {
	rest = $0
	$0 = ""
	while (match(rest, />[^<]+<|aria-label="[^"]+"/)) {
		from = substr(rest, RSTART, 1) == ">" ? 1 : 12
		$0 = $0 substr(rest, 1, RSTART - 1 + from) say_node(substr(rest, RSTART + from, RLENGTH - from - 1))
		rest = substr(rest, RSTART + RLENGTH - 1)
	}
	$0 = $0 rest
}

/<\/pre>/ { typed = 0 }

{ print }

# SPDX-License-Identifier: GPL-2.0-only
#
# manual.awk: what a program's --help says, each option in one line, "END OF HELP", and the
# page of the manual about it. In the place of the page's line ".. --help" come the sections that
# are made of the first.

function heading(text)
{
	help = help "\n" text "\n" substr("====================", 1, length(text)) "\n\n"
}

function escaped(text)
{
	gsub(/[*`|\\]/, "\\\\&", text)
	return text
}

ended {
	if ($0 == ".. --help")
		printf "%s", help
	else
		print
	next
}

/^END OF HELP$/ {
	ended = 1
	next
}

# "Usage: NAME [OPTION...] IFACE...", and "or: " with another way
/^(Usage|  or): / {
	if (/^Usage/)
		heading("SYNOPSIS")
	sub(/^[^:]*: +/, "")
	name = $1
	sub(/^[^ ]+/, "")
	help = help "| **" name "**" escaped($0) "\n"
}

# "  -t, --timeout=DURATION     WORDS"; also "--top[=N]"
/^  +-/ {
	sub(/^ +/, "")
	match($0, /  +/)
	names = substr($0, 1, RSTART - 1)
	words = substr($0, RSTART + RLENGTH)
	sub(/, see below$/, "", words) # here it is above
	argument = ""
	if (match(names, /\[?=/)) {
		argument = substr(names, RSTART)
		names = substr(names, 1, RSTART - 1)
		gsub(/[A-Z]+/, "\\ *&*\\ ", argument)
	}
	gsub(/--?[A-Za-z-]+/, "**&**", names)
	options = options names (argument ? "\\ " argument : "") "\n    " escaped(words) "\n\n"
}

/^IFACE is / { prose = 1; heading("DESCRIPTION") }

/^Exit status: / {
	heading("OPTIONS")
	help = help options
	heading("EXIT STATUS")
	sub(/^Exit status: /, "")
}

prose { help = help escaped($0) "\n" }

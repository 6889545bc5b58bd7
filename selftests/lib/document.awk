# SPDX-License-Identifier: GPL-2.0-only
#
# The commands in documents, .rst and .md. In a literal block a line behind a prompt is one: "# ",
# "$ ", and in the lab "host# ", "out# ", "ctr# "; "> " goes on with it. In a block ```sh of .md each line is.
#
#   -v chapter=TITLE   print those of the chapters whose titles begin so, or of the file of
#                      this name, as bash is to run them on the lab's host
#   otherwise          print FILE:LINE, chapter and mark of each block that has commands, and
#                      "bare" for one that has no prompt
#
# A mark is the reason in a comment before the block, "not run: REASON", or anywhere before,
# "not run in this file: REASON".
# If "``FILE``::" ends the line before a block that begins with tabs, the block is that file;
# "In ``FILE``, below ``LINE``::" inserts it there: by insert FILE LINE, which the caller defines.
BEGIN {
	q = "\47"
	bare = "^ *([A-Z_]+=[^ ]+ )*(make|ip|tc|git|tar|xdp-drop-[a-z]+|tc-drop-tcp|drop-where|(scripts|selftests)/[^ ]+)( .*)?$"
}

function depth_of(line) { match(line, /^[ \t]*/); return RLENGTH }

function begin_block() {
	in_block = FNR
	commands = prompts = 0
	file = inside = ""
	wanted = chapter != "" && mark == "" && (name == chapter || index(title, chapter) == 1)
}

function end_block() {
	if (!in_block)
		return
	if (inside)
		print "END"
	if (commands && chapter == "")
		print name ":" in_block "\t" title "\t" mark "\t" (prompts ? "" : "bare")
	if (commands)
		mark = always
	in_block = 0
}

# The file that this line, the last one before a block, names; $0 is split at "``".
function name_file(   n, part) {
	n = split($0, part, "``")
	if (/^In ``.+``, below ``.+``::$/)
		file = "insert " part[2] " " q part[4] q
	else if (/``[^`]+``::$/)
		file = "cat >" part[n - 1]
}

function command(prompt, line) {
	commands++
	prompts += prompt != ""
	if (!wanted)
		return
	if (prompt ~ /^(out|ctr)/) {
		gsub(q, q "\\\\" q q, line)
		line = "\"${in_" substr(prompt, 1, 3) "[@]}\" bash -c " q line q
	}
	print line
}

function block_line(   prompt) {
	if (/^\t/ && file != "") {
		if (wanted)
			print (inside ? gap : file " <<" q "END" q "\n") substr($0, 2)
		inside = wanted
		gap = ""
	} else if (match($0, /^ +(((host|out|ctr)?#|\$) |> +)/) && substr($0, RLENGTH + 1) ~ /^[^ ]/) {
		prompt = substr($0, 1, RLENGTH)
		gsub(/ /, "", prompt)
		command(prompt, substr($0, RLENGTH + 1))
	} else if ($0 ~ bare && !/:$/) {
		commands++
	}
}

FNR == 1 {
	end_block()
	is_md = FILENAME ~ /\.md$/
	name = FILENAME
	sub(/.*\//, "", name)
	title = mark = always = last = ""
}

/^(\.\.|<!--) not run( in this file)?: / {
	mark = $0
	sub(/^[^:]*: /, "", mark)
	if (/ in this file: /)
		always = mark
}

is_md && /^#+ / && !in_block { title = $0; sub(/^#+ /, "", title) }
is_md && /^```/ {
	if (in_block)
		end_block()
	else if (/^```sh$/)
		begin_block()
	next
}
is_md && in_block && NF { command("```", $0) }
is_md { next }

in_block && !NF { gap = gap "\n" }
in_block && NF && depth_of($0) > depth { block_line(); next }
in_block && NF { end_block() }
/^(=+|-+)$/ && last != "" { title = last }
/::$/ && !/^ *\.\. / { begin_block(); depth = depth_of($0); name_file() }
{ last = $0 }
END { end_block() }

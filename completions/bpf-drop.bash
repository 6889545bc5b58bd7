# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion for bash, with the functions of bash-completion. Which options there are, and
# what each takes, is what the program's --help says.

_bpf_drop()
{
	# shellcheck disable=SC2034 # _init_completion sets all of them
	local cur prev words cword split help

	_init_completion -s || return
	help=$("$1" --help 2>/dev/null)
	# "-w, --write=FILE" or "--top[=N]"
	if [[ $prev = -* && $help =~ [[:space:]]"$prev"(, --[a-z-]+)?=([A-Z]+) ]]; then
		case ${BASH_REMATCH[2]} in
		FILE) _filedir ;;
		SELECTOR) mapfile -t COMPREPLY < <(compgen -W session -- "$cur") ;;
		esac
	elif [[ $cur = -* ]]; then
		help=$(sed -nE 's/^ +(-., )?(--[a-z-]+=?).*/\2/p' <<<"$help")
		mapfile -t COMPREPLY < <(compgen -W "$help" -- "$cur")
		[[ ${COMPREPLY-} != *= ]] || compopt -o nospace
	else
		mapfile -t COMPREPLY < <(cd /sys/class/net && compgen -d -- "$cur")
	fi
} &&
	complete -F _bpf_drop xdp-drop-world xdp-drop-tcp tc-drop-tcp drop-where

#compdef xdp-drop-world xdp-drop-tcp tc-drop-tcp drop-where
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion for zsh. Which options there are is what the program's --help says.

_arguments -s -S '*:interface:_net_interfaces' -- '*=FILE*:file:_files' '*=SELECTOR*:selector:(session)'

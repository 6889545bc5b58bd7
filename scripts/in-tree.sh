#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# in-tree.sh add TREE: put the samples and the tests into a kernel tree, by
# links, so that they are built and run from there:
#
#     make M=samples/bpf
#     make -C tools/testing/selftests TARGETS=bpf-drop run_tests
#
# in-tree.sh add-tests TREE: the tests alone, for a tree whose libbpf is too old for
# the samples; build samples and tests with another source before.
#
# in-tree.sh remove TREE: remove them, and all that was built of them. The tree's
# own files are not touched; git status is as before.
set -eu
export LC_ALL=C

root=$(cd "$(dirname "$0")/.." && pwd -P)

in_tree_usage() {
	echo "usage: in-tree.sh add|add-tests|remove TREE" >&2
	exit 2
}

# FROM and TO of each link. kbuild prefers Kbuild to the tree's own Makefile beside it.
tree_links() {
	cat <<-END
		bpf_progs bpf_progs
		user user
		samples/bpf/Kbuild samples/bpf/Kbuild
		selftests tools/testing/selftests/bpf-drop
		scripts/kernel-source.sh scripts/kernel-source.sh
		scripts/toolchain.mk scripts/toolchain.mk
	END
}

clear_of_ours() {
	why=$(tree_links | while read -r _ to; do
		if [ -e "$tree/$to" ] && [ ! -L "$tree/$to" ]; then
			echo "$tree/$to exists already"
		fi
	done)
	[ -z "$why" ] || { echo "$why" >&2; exit 1; }
}

put_in() {
	while read -r from to; do
		mkdir -p "$(dirname "$tree/$to")"
		ln -sfn "$root/$from" "$tree/$to"
	done
}

add() {
	clear_of_ours
	if ! KDIR=$tree "$root/scripts/kernel-source.sh" >/dev/null; then
		echo "The tests alone can go there: in-tree.sh add-tests $tree" >&2
		exit 1
	fi
	tree_links | put_in
}

add_tests() {
	clear_of_ours
	[ -e "$tree/tools/testing/selftests/lib.mk" ] ||
		{ echo "$tree has no tools/testing/selftests/lib.mk" >&2; exit 1; }
	if [ ! -x "$root/selftests/verdict" ]; then
		echo "build the samples and the tests first, with another source: make set-up" >&2
		exit 1
	fi
	tree_links | grep '^selftests ' | put_in
}

remove() {
	if [ -L "$tree/samples/bpf/Kbuild" ]; then
		make -s -f "$tree/samples/bpf/Kbuild" obj="$tree/samples/bpf" clean
		find "$tree/samples/bpf" -maxdepth 1 \( -name '.xdp[-_]drop*' -o -name '.tc[-_]drop*' \
			-o -name modules.order -o -name Module.symvers \
			-o -name '.modules.order.cmd' -o -name '.Module.symvers.cmd' \) -delete
	fi
	tree_links | while read -r _ to; do
		[ ! -L "$tree/$to" ] || rm "$tree/$to"
	done
}

[ $# = 2 ] || in_tree_usage
tree=$(cd "$2" && pwd -P)
case $1 in
add | remove) "$1" ;;
add-tests) add_tests ;;
*) in_tree_usage ;;
esac

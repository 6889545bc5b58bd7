#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is handed on: the tarball, the SPDX document, the versions. The Debian package has
# a command of its own, make deb-check.
set -eu

. "$(dirname "$0")/lib/ktap.sh"

top=$(cd "$(dirname "$0")/.." && pwd -P)
[ -e "$top/Kbuild" ] || skip "needs the source tree"

ktap_case package same_tarball "two clones give the same tarball, with all that is committed; it needs no git to be listed"
same_tarball() {
	local name each

	need git
	[ -e "$top/.git" ] || skip "needs a clone"
	for each in one two; do
		git -c safe.directory='*' clone -q --depth 1 "file://$top" "$tmp/$each"
		expect 0 env RESULTS="$tmp/of $each" sh -c "umask 0${#each}7; exec $tmp/$each/scripts/package.sh dist"
		[ ! -s "$tmp/err" ]
		sleep 1
	done
	name=bpf-drop-$(cat "$top/VERSION")
	cmp "$tmp/of one/package/$name.tar.gz" "$tmp/of two/package/$name.tar.gz"
	mkdir "$tmp/unpacked"
	tar -C "$tmp/unpacked" -xf "$tmp/of one/package/$name.tar.gz"
	rm -rf "$tmp/one/.git"
	diff -r "$tmp/unpacked/$name" "$tmp/one"
	expect 1 "$tmp/unpacked/$name/scripts/package.sh" dist
	said 'this is no clone\. Run it in a clone\.$'
}

# The document of the built programs, in $tmp/sbom.
sbom() {
	need python3 dpkg-query jq
	program=$(built xdp-drop-tcp)
	[ -e "${program%/*}/build/xdp-drop-tcp.map" ] || skip "$program was not built here"
	expect 0 env SOURCE_DATE_EPOCH=1 python3 "$top/scripts/sbom.py" "$program" "$(built drop-where)"
	cp "$tmp/out" "$tmp/sbom"
}

ktap_case package structure "the SPDX document: each element has what the standard asks for, each name is defined"
structure() {
	sbom
	jq -e '.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and .creationInfo.created == "1970-01-01T00:00:01Z"
		and all(.packages[]; .name and .versionInfo != "" and .licenseDeclared != "" and .downloadLocation
			and (.SPDXID | test("^SPDXRef-[A-Za-z0-9.-]+$")) and .filesAnalyzed == false)
		and all(.files[]; [.checksums[].algorithm] | index("SHA1"))' "$tmp/sbom"
	jq -e '[.SPDXID, (.packages + .files)[].SPDXID] as $known
		| all(.relationships[]; IN(.spdxElementId, .relatedSpdxElement; $known[]))' "$tmp/sbom"
	jq -e '[.hasExtractedLicensingInfos[].licenseId] | sort as $texts
		| [$sbom[].packages[].licenseDeclared | select(startswith("LicenseRef-"))] | sort == $texts' \
		--slurpfile sbom "$tmp/sbom" "$tmp/sbom"
	cp "$tmp/sbom" "$tmp/before"
	sbom
	cmp "$tmp/before" "$tmp/sbom"
}

ktap_case package truth "the SPDX document: what is linked, and its version, is what linker and dpkg say"
truth() {
	local kind=STATIC_LINK library package

	sbom
	need readelf
	! readelf -d "$program" | grep -q NEEDED || kind=DYNAMIC_LINK
	jq -e '.files[0].checksums[] | select(.algorithm == "SHA256").checksumValue == $ARGS.positional[0]' \
		"$tmp/sbom" --args "$(sha256sum "$program" | cut -d' ' -f1)"
	for library in elf z c; do
		package=$(dpkg-query -S "*/lib$library.$([ $kind = STATIC_LINK ] && echo a || echo so.[0-9])" |
			grep -v cross | sed 's/[:,].*//; q')
		jq -e --arg name "$package" --arg kind "$kind" --arg version "$(dpkg-query -W -f '${Version}\n' "$package" | head -n1)" '
			(.packages[] | select(.name == $name)) as $it | $it.versionInfo == $version
			and any(.relationships[]; .relatedSpdxElement == $it.SPDXID and .relationshipType == $kind)' "$tmp/sbom"
	done
	jq -e 'any(.packages[]; .name == "libbpf" and .licenseDeclared == "LGPL-2.1 OR BSD-2-Clause")' "$tmp/sbom"
}

ktap_case package unknown "the SPDX document: there is none if something of unknown origin was linked"
unknown() {
	sbom
	mkdir -p "$tmp/tree/build"
	cp "$program" "$tmp/tree/"
	: >"$tmp/libstray.a"
	printf '%s(stray.o)\n    main.o (stray)\nLOAD %s\n' "$tmp/libstray.a" "$tmp/libstray.a" >"$tmp/tree/build/xdp-drop-tcp.map"
	expect 1 python3 "$top/scripts/sbom.py" "$tmp/tree/xdp-drop-tcp"
	said "^sbom\.py: $tmp/libstray\.a is of no Debian package.*\.\$"
	[ ! -s "$tmp/out" ]
}

ktap_case package versions "VERSION, CHANGELOG and debian/changelog name the same version"
versions() {
	local version

	version=$(cat "$top/VERSION")
	[ "$(grep -Em1 '^[0-9]' "$top/CHANGELOG" | cut -d, -f1)" = "$version" ]
	reads "$top/CHANGELOG" 'Signed-off-by: '
	[ ! -e "$top/debian" ] || [ "$(sed 's/^bpf-drop (\(.*\)).*/\1/; q' "$top/debian/changelog")" = "$version" ]
}

ktap_run "$@"

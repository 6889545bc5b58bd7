#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The OCI images of make images, by skopeo and umoci, and the manifests in deploy/, by their
# schemas and kubectl. What is unpacked from an image is loaded, and drops. To be run by
# make images-check; see Documentation/fleet.rst.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"

top=$(cd "$(dirname "$0")/.." && pwd -P)
[ -e "$top/Kbuild" ] || skip "needs the source tree"
cli_private "$@"
install="scripts/bootstrap.sh images installs it"
functions=(xdp_drop_world xdp_drop_tcp tc_drop_tcp)
version=$(<"$top/VERSION")

need_image_tool() {
	hash "$1" 2>/dev/null || skip "needs $1: $install"
}

# The images are in $images, each unpacked in $images/NAME.bundle.
setup_images() {
	local name

	need_image_tool umoci
	need_image_tool skopeo
	need bpftool jq
	images=$ktap_between.images
	"$top/scripts/images.py" "$images"
	for name in xdp-drop-world xdp-drop-tcp tc-drop-tcp bpf-drop; do
		[ ! -d "$images/$name" ] ||
			umoci unpack --rootless --image "$images/$name:$version" "$images/$name.bundle"
	done
}

# For function $1: $object, which is built, and $unpacked; $name is the image's.
image_of() {
	name=${1//_/-} object=$(built "$1_kern.o")
	unpacked=$images/$name.bundle/rootfs/$1_kern.o
}

# What skopeo says about image $1: its labels, as JSON, and its layers.
labels_of() {
	skopeo inspect "oci:$1:$version" |
		jq -S '.Labels | del(."io.buildah.version") | map_values(fromjson)'
}

layers_of() {
	skopeo inspect --raw "oci:$1:$version" | jq -r '.layers[].mediaType'
}

# The labels by the kernel, into $tmp/labels: the program and maps that it has once the object
# is loaded. libbpf's own, of constants and variables, have a dot in their names.
ask_kernel() {
	bpftool prog load "$1" /sys/fs/bpf/loaded
	bpftool -j map show >"$tmp/maps"
	bpftool -j prog show pinned /sys/fs/bpf/loaded | jq -S --slurpfile maps "$tmp/maps" '
		.map_ids as $ids | {
			"io.ebpf.programs": {(.name): (if .type == "sched_cls" then "tc" else .type end)},
			"io.ebpf.maps": [$maps[0][] | select(.id | IN($ids[])) | select(.name | test("\\.") | not)
				| {(.name): (.type | sub("^percpu_"; "per_cpu_"))}] | add
		}' >"$tmp/labels"
	rm /sys/fs/bpf/loaded
}

ktap_case images labels "the labels are the programs and maps that the kernel has of the unpacked object"
labels() {
	local each

	for each in "${functions[@]}"; do
		image_of "$each"
		ask_kernel "$unpacked"
		diff "$tmp/labels" <(labels_of "$images/$name") || fail "$name: other labels"
		grep -q "\"$each\"" "$tmp/labels"
	done
}

ktap_case images one_layer "one layer of tar and gzip, in which is nothing but the built object"
one_layer() {
	local each

	for each in "${functions[@]}"; do
		image_of "$each"
		[ "$(layers_of "$images/$name")" = application/vnd.oci.image.layer.v1.tar+gzip ]
		[ "$(find "$images/$name.bundle/rootfs" ! -type d)" = "$unpacked" ]
		cmp "$object" "$unpacked"
	done
}

ktap_case images image_drops "the unpacked objects, attached by ip and tc, drop"
image_drops() {
	local each

	need ip tc
	for each in xdp_drop_world xdp_drop_tcp; do
		image_of "$each"
		cli_passes_tcp
		cli_on ip link set veth0 xdp obj "$unpacked" section xdp
		cli_drops_tcp || fail "$each: TCP passes"
		[ $each = xdp_drop_world ] || cli_on "$tool" probe icmp 203.0.113.10 3000
		[ $each = xdp_drop_tcp ] || expect 1 cli_on "$tool" probe icmp 203.0.113.10 500
		cli_on ip link set veth0 xdp off
	done
	image_of tc_drop_tcp
	cli_passes_tcp
	cli_on tc qdisc add dev veth0 clsact
	cli_on tc filter add dev veth0 egress bpf da obj "$unpacked" section tc
	cli_drops_tcp || fail "tc_drop_tcp: TCP passes"
	cli_on "$tool" probe icmp 203.0.113.10 3000
	cli_on tc qdisc del dev veth0 clsact
}

# The tree's files, and of what is built what the objects do not depend on.
ktap_case images again "made once more, from objects that are built in another directory: the same bytes"
again() {
	local copy=$tmp/another/directory kernel objects

	need git make
	kernel=$(awk 'NR == 1 { print $1 }' "$top/samples/bpf/build/tools.stamp")
	mkdir -p "$copy"
	(
		cd "$top"
		git -c safe.directory='*' ls-files -z -co --exclude-standard | xargs -0 cp -a --parents -t "$copy"
		cp -a --parents -t "$copy" samples/bpf/build/{libbpf,bpftool,tools.stamp} samples/bpf/*-drop-* \
			samples/bpf/drop-where
		# It names the directory; with a new one, libbpf would be built again.
		sed -i "s,$top,$copy,g" "$copy/samples/bpf/build/tools.stamp"
		touch -r samples/bpf/build/tools.stamp "$copy/samples/bpf/build/tools.stamp"
	)
	objects=("${functions[@]/#/"$copy/samples/bpf/"}")
	env -u MAKEFLAGS make -s -C "$copy" -f samples/bpf/Kbuild obj="$copy/samples/bpf" DROP_KDIR="$kernel" \
		"${objects[@]/%/_kern.o}" || fail "not built"
	"$copy/scripts/images.py" "$tmp/again"
	diff -r "$tmp/again" "$images" | grep -v '^Only in .*\.bundle$' >"$tmp/differences" || true
	[ ! -s "$tmp/differences" ] || fail "$(<"$tmp/differences")"
}

ktap_case images containerfile "deploy/bpfman/Containerfile makes the same by buildah"
containerfile() {
	local words buildah=(buildah --root "$tmp/root" --runroot "$tmp/runroot" --storage-driver vfs)

	need_image_tool buildah
	image_of tc_drop_tcp
	mapfile -t words < <("$top/scripts/images.py" --arguments "$object")
	expect 0 "${buildah[@]}" bud --isolation chroot --timestamp 0 \
		"${words[@]/#/--build-arg=}" -f "$top/deploy/bpfman/Containerfile" -t "$name:$version" "${object%/*}"
	expect 0 "${buildah[@]}" push "$name:$version" "oci:$tmp/by-buildah:$version"
	diff <(labels_of "$images/$name") <(labels_of "$tmp/by-buildah")
	[ "$(layers_of "$images/$name")" = "$(layers_of "$tmp/by-buildah")" ]
	umoci unpack --rootless --image "$tmp/by-buildah:$version" "$tmp/bundle"
	cmp "$tmp/bundle/rootfs/${object##*/}" "$object"
}

# The manifest $1 of deploy/ as JSON, in $tmp/manifest
parse() {
	or_skip "needs Python's yaml and jsonschema: $install" python3 -c 'import jsonschema, yaml'
	python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)' \
		<"$top/deploy/$1" >"$tmp/manifest"
}

# judge_manifest MANIFEST REGEX=>REPLACEMENT...: the schema beside it accepts it, and refuses it with one
# of these changes, each of which changes something.
judge_manifest() {
	python3 - "$top/deploy/$1" "${@:2}" <<-'END' || fail "$1: not judged right"
		import os, re, sys, jsonschema, yaml
		path, *changes = sys.argv[1:]
		with open(os.path.dirname(path) + "/schema.yaml") as file:
		    schema = jsonschema.Draft202012Validator(yaml.safe_load(file))
		schema.check_schema(schema.schema)
		with open(path) as file:
		    text = file.read()
		wrong = [f"{each.json_path}: {each.message}" for each in schema.iter_errors(yaml.safe_load(text))]
		for change in changes:
		    changed = re.sub(*change.split("=>"), text, flags=re.M)
		    if changed == text or schema.is_valid(yaml.safe_load(changed)):
		        wrong.append("accepted, or not changed: " + change)
		print(*wrong, sep="\n")
		sys.exit(bool(wrong))
	END
}

ktap_case images job "the Job: with its arguments and capabilities, its program drops; with fewer it says so"
job() {
	local words program caps each

	need setpriv
	parse kubernetes/job.yaml
	[ -d "$images/bpf-drop" ] || skip "the programs are not static here"
	jq '.spec.template.spec.containers[0]' "$tmp/manifest" >"$tmp/container"
	mapfile -t words < <(jq -r '.args[]' "$tmp/container")
	program=$images/bpf-drop.bundle/rootfs$(jq -r '.command[0]' "$tmp/container")
	caps=$(jq -r '.securityContext.capabilities.add | map(",+" + ascii_downcase) | add' "$tmp/container")
	cli_on ip link property add dev veth0 altname "${words[-1]}"
	cli_start setpriv --no-new-privs --bounding-set="-all$caps" "$program" "${words[@]}"
	cli_drops_tcp || fail "TCP passes"
	cli_stop
	told '"dropped_packets":[1-9].*"final":true'
	cli_passes_tcp || fail "TCP is lost"
	for each in bpf net_admin perfmon; do
		cli_says 1 'CAP_' setpriv --no-new-privs --bounding-set="-all${caps/,+$each/}" "$program" "${words[@]}"
	done
	expect 0 chroot "${program%/*}" "/${program##*/}" --version
}

ktap_case manifests bpfman "bpfman's: accepted by the schema, which refuses every node and every interface"
bpfman() {
	local each name

	need jq
	for each in "${functions[@]}"; do
		name=${each//_/-}
		parse "bpfman/$name.yaml"
		judge_manifest "bpfman/$name.yaml" 'nodeSelector:=>nodeSelectr:' 'priority=>prioriti' 'matchLabels:\n.*=>{}' \
			'example.org/bpf-drop: here=>kubernetes.io/os: linux' 'type: .*=>type: KProbe' ':[0-9.]+$=>' \
			'interfaces:\n.*=>primaryNodeInterface: true'
		[ "$(jq -r '.spec.programs[].name' "$tmp/manifest")" = "$each" ]
		[[ $(jq -r .spec.byteCode.image.url "$tmp/manifest") = */"$name:$version" ]]
	done
}

ktap_case manifests kubernetes "the Job: accepted by the schema, which refuses every node and more privileges"
kubernetes() {
	need jq
	parse kubernetes/job.yaml
	judge_manifest kubernetes/job.yaml 'nodeSelector=>nodeSelectr' 'example.org/bpf-drop: here=>kubernetes.io/os: linux' \
		'--timeout, 60s, =>' 'add: .*=>add: [SYS_ADMIN]' 'allowPriv.*=>privileged: true' 'Never=>OnFailure' \
		'runAsUser: 0=>runAsUser: 1000' 'hostNetwork=>hostNetwrk' 'kind: Job=>kind: DaemonSet'
	[[ $(jq -r '.spec.template.spec.containers[0].image' "$tmp/manifest") = */"bpf-drop:$version" ]]
}

# Without a server, kubectl leaves out what is in no type that it knows.
ktap_case manifests kubectl "the Job: kubectl knows all its fields"
kubectl() {
	need_image_tool kubectl
	need jq
	parse kubernetes/job.yaml
	known "$tmp/manifest"
	sed 's/hostNetwork/hostNetwrk/' "$tmp/manifest" >"$tmp/changed"
	never known "$tmp/changed"
}

known() {
	jq '.spec.template.spec.containers[0].image = "x"' "$1" >"$tmp/ours"
	command kubectl set image --local -f "$1" bpf-drop=x -o json |
		jq -e --slurpfile ours "$tmp/ours" 'contains($ours[0])' >"$tmp/known"
}

ktap_run "$@"

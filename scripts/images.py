#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
images.py DIRECTORY: OCI image layouts of what make has built, each in a directory of its name
below DIRECTORY. One for each object that drops, as bpfman's "eBPF bytecode image": one layer
with the object alone, and two labels with the object's programs and maps, which are read from the
object. And one, bpf-drop, of the programs, if they are static. The same files make the same bytes:
times are 0, names are sorted.

images.py --arguments OBJECT: the build arguments for deploy/bpfman/Containerfile.
"""
import glob
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
BUILT = ROOT + "/samples/bpf/"
BPFTOOL = BUILT + "build/bpftool/bootstrap/bpftool"

# As bpfman spells them: enum bpf_map_type of <linux/bpf.h>.
MAP_TYPES = {1: "hash", 2: "array", 6: "per_cpu_array", 11: "lpm_trie", 27: "ringbuf"}
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
OCI = "application/vnd.oci.image."


def run(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def programs(path):
    """Its global functions and, by their sections, their types: {"xdp_drop_tcp": "xdp"}"""
    section, found = {}, {}
    for line in run("readelf", "-SsW", path).splitlines():
        word = line.replace("[", " ").replace("]", " ").split()
        if line.startswith("  [") and word[0].isdigit():
            section[word[0]] = word[1]
        elif word[3:5] == ["FUNC", "GLOBAL"]:
            found[word[7]] = section[word[6]].split("/")[0]
    return found


def maps(path):
    """The variables of its section .maps, by BTF, without those of constants and variables"""
    types = json.loads(run(BPFTOOL, "-j", "btf", "dump", "file", path))["types"]
    by_id = {each["id"]: each for each in types}
    found = {}
    for each in types:
        if (each["kind"], each["name"]) != ("DATASEC", ".maps"):
            continue
        for entry in each["vars"]:
            variable = by_id[entry["type_id"]]
            # __uint(type, N) is a pointer to an array of N
            member = next(m for m in by_id[variable["type_id"]]["members"] if m["name"] == "type")
            number = by_id[by_id[member["type_id"]]["type_id"]]["nr_elems"]
            found[variable["name"]] = MAP_TYPES[number]
    return found


def layer(paths):
    """A tar with these files, and the same compressed"""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(paths):
            entry = tarfile.TarInfo(os.path.basename(path))
            entry.size = os.path.getsize(path)
            entry.mode = 0o644 if path.endswith(".o") else 0o755
            with open(path, "rb") as file:
                tar.addfile(entry, file)
    # 31: with a header of gzip, which has no time
    gzip = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packed.getvalue(), gzip.compress(packed.getvalue()) + gzip.flush()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def write(layout, name, data):
    path = os.path.join(layout, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def blob(layout, kind, data):
    """Writes it, and describes it"""
    write(layout, "blobs/" + digest(data).replace(":", "/"), data)
    return {"mediaType": OCI + kind, "digest": digest(data), "size": len(data)}


def labels(path):
    return {"io.ebpf.programs": compact(programs(path)), "io.ebpf.maps": compact(maps(path))}


def image(layout, version, paths, **config):
    shutil.rmtree(layout, ignore_errors=True)
    tar, packed = layer(paths)
    machine = os.uname().machine
    config = {
        "architecture": MACHINES.get(machine, machine),
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [digest(tar)]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI + "manifest.v1+json",
        "config": blob(layout, "config.v1+json", compact(config).encode()),
        "layers": [blob(layout, "layer.v1.tar+gzip", packed)],
    }
    index = blob(layout, "manifest.v1+json", compact(manifest).encode())
    index["annotations"] = {"org.opencontainers.image.ref.name": version}
    write(layout, "index.json", compact({"schemaVersion": 2, "manifests": [index]}).encode())
    write(layout, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    print(f"oci:{layout}:{version} {index['digest']}")


def built(sources):
    """What stands in samples/bpf for these sources"""
    names = [os.path.basename(path).removesuffix(".c") for path in sorted(glob.glob(ROOT + sources))]
    paths = [BUILT + (name + ".o" if name.endswith("_kern") else
                      name.removesuffix("_user").replace("_", "-")) for name in names]
    missing = [path for path in paths if not os.path.exists(path)]
    if missing:
        sys.exit(f"images.py: {missing[0]} is not built: run make first.")
    return paths


def images(directory):
    with open(ROOT + "/VERSION", encoding="ascii") as file:
        version = file.read().strip()
    for path in built("/bpf_progs/*_drop_*_kern.c"):
        name = os.path.basename(path).removesuffix("_kern.o").replace("_", "-")
        image(os.path.join(directory, name), version, [path], Labels=labels(path))
    programs_built = built("/user/*_user.c")
    if any("INTERP" in run("readelf", "-lW", path) for path in programs_built):
        print("images.py: no image bpf-drop: the programs are not static, so an image needs "
              "their libraries, too. Build them on Debian 12.", file=sys.stderr)
    else:
        image(os.path.join(directory, "bpf-drop"), version, programs_built)


def main():
    if len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        images(sys.argv[1])
    elif len(sys.argv) == 3 and sys.argv[1] == "--arguments":
        found = labels(sys.argv[2])
        print(f"BYTECODE_FILE={os.path.basename(sys.argv[2])}")
        print(f"PROGRAMS={found['io.ebpf.programs']}\nMAPS={found['io.ebpf.maps']}")
    else:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)


main()

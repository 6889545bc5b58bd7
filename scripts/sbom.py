#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""sbom.py PROGRAM...: an SPDX 2.3 document of what is linked into these programs, as JSON.

Nothing is listed by hand: the linker's map (build/PROGRAM.map) says which files were taken and
which members of archives, dpkg-query whose files they are, and the compiler's lists of
dependencies from which sources the rest was built. Licences are the SPDX lines of these
sources, or the text /usr/share/doc/PACKAGE/copyright. A file that cannot be told ends it.

SOURCE_DATE_EPOCH, or else the commit, gives the time: the same build, the same bytes.
"""

import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.parse
import uuid

ROOT = os.path.realpath(os.path.dirname(sys.argv[0]) + "/..")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def linked(mapfile):
    """The files the linker took, shared ones too; of an archive, only if members were taken."""
    text = read(mapfile)
    archives = set(re.findall(r"^([^\s(]+\.a)\(\S+\)$", text, re.M))
    loaded = re.findall(r"^LOAD (\S+)$", text, re.M)
    return {os.path.realpath(each) for each in loaded if not each.endswith(".a")} | \
        {os.path.realpath(each) for each in archives}


def sources(file):
    """What an object or archive of this build was compiled from, by the compiler's lists; names
    that are relative there are left so."""
    build = os.path.dirname(file)
    if file.endswith("/libbpf.a"):
        lists = [f"{build}/staticobjs/{each}" for each in os.listdir(build + "/staticobjs")
                 if each.endswith(".cmd")]
    elif file.endswith("/user.a"):
        lists = [f"{at}/{each}" for at, _, files in os.walk(build + "/user")
                 for each in files if each.endswith(".d")]
    else:
        lists = [re.sub(r"\.o$", ".d", file)]
    return {os.path.realpath(each) if each[0] == "/" else each for one in lists
            for each in re.findall(r"(?<=\s)[\w/][^\s:=,]*\.[ch](?=[\s:]|$)", read(one))}


def licences(files):
    found = {each for file in files if os.path.exists(file) for each in
             re.findall(r"SPDX-License-Identifier:\s*(.*?)\s*(?:\*/)?$", read(file)[:300], re.M)}
    found = sorted(each.strip("()") for each in found)
    return " AND ".join(f"({each})" if " " in each and len(found) > 1 else each for each in found)


def of_this_build(file):
    """Our own code, or a part of the kernel source: libbpf, or a file of bpftool."""
    used = sources(file)
    ours = {each for each in used if re.match(re.escape(ROOT) + r"/(user|bpf_progs)/", each)}
    if ours:
        return {"name": "bpf-drop", "versionInfo": read(ROOT + "/VERSION").strip(),
                "licenseDeclared": licences(ours), "supplier": "NOASSERTION"}
    name, part = ("libbpf", "tools/lib/bpf") if file.endswith("/libbpf.a") else ("bpftool", "tools/bpf/bpftool")
    kernel = next(each[:each.index("/tools/")] for each in sorted(used) if "/tools/" in each)
    makefile = read(kernel + "/Makefile")
    version = source = ".".join(re.search(rf"^{level} = (\d+)", makefile, re.M)[1]
                                for level in ("VERSION", "PATCHLEVEL", "SUBLEVEL"))
    if name == "libbpf":
        version = ".".join(re.findall(r"_VERSION (\d+)", read(f"{kernel}/{part}/libbpf_version.h")))
    used = {os.path.join(kernel, part, each) for each in used}
    return {"name": name, "versionInfo": version, "supplier": "NOASSERTION",
            "sourceInfo": f"built from {part} of the kernel source {source}",
            "licenseDeclared": licences(each for each in used if each.startswith(f"{kernel}/{part}/"))}


def of_debian(file, texts):
    """The package a file of the system is from; its licence is that package's text."""
    owner = output("dpkg-query", "-S", file) or output("dpkg-query", "-S", file.removeprefix("/usr"))
    if not owner:
        sys.exit(f"sbom.py: {file} is of no Debian package, and not built here: its origin"
                 " and licence are not known. Link without it, or build on Debian.")
    name = re.split(r"[:,]", owner)[0]
    version, source, source_version, homepage = output(
        "dpkg-query", "-W", "-f", "${Version}\t${source:Package}\t${source:Version}\t${Homepage}\n",
        owner.split(": ")[0].split(",")[0]).split("\n")[0].split("\t")
    text = read(f"/usr/share/doc/{name}/copyright")
    licence = "LicenseRef-Debian-" + re.sub("[^A-Za-z0-9.]", "-", name)
    texts[licence] = {"licenseId": licence, "name": f"copyright file of Debian's {name} {version}",
                      "extractedText": text}
    short = sorted(set(re.findall(r"^License: *(\S.*?) *$|common-licenses/([A-Z][\w.+-]*\w)", text, re.M)))
    package = {"name": name, "versionInfo": version, "supplier": "Organization: Debian",
               "sourceInfo": f"built from Debian's source package {source} {source_version}",
               "licenseDeclared": licence, "licenseComments":
               "named in that text: " + ", ".join(dict.fromkeys(a or b for a, b in short)),
               "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                 "referenceLocator": f"pkg:deb/debian/{name}@" + urllib.parse.quote(version, ":")}]}
    if homepage:
        package["homepage"] = homepage
    return package


def program_file(path):
    with open(path, "rb") as file:
        content = file.read()
    return {"SPDXID": "SPDXRef-File-" + os.path.basename(path), "fileName": "./" + os.path.basename(path),
            "fileTypes": ["BINARY"], "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
            "checksums": [{"algorithm": name, "checksumValue": hashlib.new(name, content).hexdigest()}
                          for name in ("SHA1", "SHA256")]}


def document(programs):
    packages, texts, files, relations = {}, {}, [], set()
    for path in programs:
        build = os.path.dirname(path) + "/build"
        entry = program_file(path)
        files.append(entry)
        relations.add(("SPDXRef-DOCUMENT", "DESCRIBES", entry["SPDXID"]))
        for each in linked(f"{build}/{os.path.basename(path)}.map"):
            here = each.startswith(os.path.realpath(build) + "/")
            package = of_this_build(each) if here else of_debian(each, texts)
            package |= {"SPDXID": "SPDXRef-Package-" + package["name"], "filesAnalyzed": False,
                        "downloadLocation": "NOASSERTION", "copyrightText": "NOASSERTION",
                        "licenseConcluded": "NOASSERTION"}
            packages[package["name"]] = package
            kind = "GENERATED_FROM" if package["name"] == "bpf-drop" else \
                "DYNAMIC_LINK" if ".so" in os.path.basename(each) else "STATIC_LINK"
            relations.add((entry["SPDXID"], kind, package["SPDXID"]))
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or \
        output("git", "-c", "safe.directory=*", "-C", ROOT, "log", "-1", "--format=%ct") or \
        os.stat(ROOT + "/VERSION").st_mtime
    created = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc)
    content = {
        "packages": [packages[name] for name in sorted(packages)], "files": files,
        "hasExtractedLicensingInfos": [texts[name] for name in sorted(texts)],
        "relationships": [dict(zip(("spdxElementId", "relationshipType", "relatedSpdxElement"), each))
                          for each in sorted(relations)]}
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": "bpf-drop-" + read(ROOT + "/VERSION").strip(), "documentNamespace":
            "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(content))),
            "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                             "creators": ["Tool: bpf-drop-sbom.py"]}} | content


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: sbom.py PROGRAM...")
    print(json.dumps(document(sys.argv[1:]), indent=1))

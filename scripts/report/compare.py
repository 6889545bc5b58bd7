# SPDX-License-Identifier: GPL-2.0-only
#
# compare.py ENGLISH TRANSLATED: are they the same page, but for the words? Shows where they
# differ in elements, attributes or figures, and each text that is left in English.
import re
import sys
import xml.dom.minidom

# Not words: names of programs, options, interfaces, files, units, and what data has.
NAMES = r"""--?[a-z-]+|(xdp|tc|tcx|clsact|nping|tcpdump|drop|bpf)(-[a-z]+)*|(out|wan|docker|veth|eth)0(-in)?|
	curl|ping|nginx|localhost|lo|connect\(\)|ingress|egress|ip\ link|Linux|iproute2|veth|e1000|ms|both|verdict|
	Documentation/[a-z-]+\.rst|ok|lower|unshown|unseen|unused|refused|no\ native\ XDP\ here|needs\ nping"""
ENGLISH = r"\b(the|of|is|are|was|were|and|or|not|no|on|at|by|to|from|with|for|it|its|this|that|what|which)\b"
TEXTS = {"aria-label", "lang"}
failed = 0


def complain(*words):
    global failed
    failed = 1
    print("report:", *words)


def outline(node):
    """Each element: its name, attributes, and text; not what was typed, and its output."""
    attributes = dict(node.attributes.items())
    texts = [child.data for child in node.childNodes if child.nodeType == child.TEXT_NODE]
    if node.tagName in ("style", "pre", "code") or attributes.get("id") == "bench":
        return
    yield (node.tagName, sorted(key + "=" + attributes[key] for key in attributes if key not in TEXTS),
           " ".join(texts + [attributes.get("aria-label", "")]).strip())
    for child in node.childNodes:
        if child.nodeType == child.ELEMENT_NODE:
            yield from outline(child)


def words_of(text):
    return re.sub(rf"(?<!\w)({NAMES})(?!\w)", "", text, flags=re.X)


pages = [xml.dom.minidom.parse(name).documentElement for name in sys.argv[1:]]
english, other = (list(outline(page)) for page in pages)
if pages[0].getAttribute("lang") == pages[1].getAttribute("lang"):
    complain("both pages say that they are in", pages[0].getAttribute("lang"))
if len(english) != len(other):
    complain("the pages have", len(english), "and", len(other), "elements")
for (tag, attributes, one), (other_tag, other_attributes, two) in zip(english, other):
    if (tag, attributes) != (other_tag, other_attributes):
        complain("not the same:", tag, attributes, other_tag, other_attributes)
        break
    if sorted(re.findall(r"\d+", one)) != sorted(re.findall(r"\d+", two)):
        complain("other figures:", one, "|", two)
    if one == two and re.search("[a-z]{2}", words_of(one)) or re.search(ENGLISH, words_of(two)):
        complain("not translated:", two)
sys.exit(failed)

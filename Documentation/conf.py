# SPDX-License-Identifier: GPL-2.0-only
# For sphinx-build, see "make htmldocs".
import re

project = "bpf-drop"
master_doc = "index"
exclude_patterns = ["output"]
highlight_language = "none"  # sessions, tables and diagrams
smartquotes = False  # quotes and dashes are parts of commands


# Pages name each other as design.rst, which anything can read. Here that becomes a link,
# from a translation to a translation. Those that there are end the index.
def link_pages(app, docname, source):
    pages = app.env.found_docs

    def link(name):
        for page in (docname.rpartition("/")[0] + "/" + name[1], "/" + name[1]):
            if page.lstrip("/") in pages:
                return f":doc:`/{page.lstrip('/')}`"
        return name[0]

    source[0] = re.sub(r"(?<![\w/`.-])([a-z-]+)\.rst\b(?!`)", link, source[0])
    if docname == "index":
        source[0] += "".join(f"   {page}\n" for page in sorted(pages) if page.startswith("translations/"))


def setup(app):
    app.connect("source-read", link_pages)
    return {"parallel_read_safe": True}

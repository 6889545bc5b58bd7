# SPDX-License-Identifier: GPL-2.0-only
# For sphinx-build, see "make htmldocs".
import posixpath
import re

project = "bpf-drop"
master_doc = "index"
exclude_patterns = ["man", "output"]
highlight_language = "none"  # sessions, tables and diagrams
smartquotes = False  # quotes and dashes are parts of commands


# Pages name each other as design.rst, which anything can read. Here that becomes a link, to
# the page in the same language if there is one.
def link_pages(app, docname, source):
    def link(name):
        for page in posixpath.join(posixpath.dirname(docname), name[1]), name[1]:
            if page in app.env.found_docs:
                return f":doc:`/{page}`"
        return name[0]

    source[0] = re.sub(r"(?<![\w/`.-])([a-z-]+)\.rst\b(?!`)", link, source[0])


def setup(app):
    app.connect("source-read", link_pages)
    return {"parallel_read_safe": True}

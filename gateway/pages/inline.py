"""The page of the API as one C string.

    inline.py PAGE OUT    PAGE is docs.html; OUT the C file that defines what gateway/pages.h declares of it

The style sheets and scripts that the page names are put in their places, and its policy (Content-Security-Policy) admits these and no others,
by their hashes. So the page needs no second request, and text that somebody smuggles into it does not run."""
import base64
import hashlib
import pathlib
import re
import sys

from write_c import quote  # the contract compiler's

STYLE, SCRIPT = re.compile(r'<link rel="stylesheet" href="([\w.]+)">'), re.compile(r'<script src="([\w.]+)"></script>')


def inline(page, folder, pattern, element):
    """The page with the files that `pattern` names inside `element`, and their hashes as a policy's sources."""
    sources = []

    def put(match):
        text = (folder / match.group(1)).read_text("utf-8")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        sources.append(f"'sha256-{digest}'")
        return f"<{element}>{text}</{element}>"

    return pattern.sub(put, page), " ".join(sources)


def literal(text):
    return "\n".join("    " + quote(text[at:at + 100]) for at in range(0, len(text), 100))


def main(path, out):
    path = pathlib.Path(path)
    page, styles = inline(path.read_text("utf-8"), path.parent, STYLE, "style")
    page, scripts = inline(page, path.parent, SCRIPT, "script")
    # connect: the document and what is tried; img: an image that was answered, and the icon that is none
    policy = (f"default-src 'none'; script-src {scripts}; style-src {styles}; connect-src 'self'; img-src blob: data:; "
              "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    lines = ["/* Written by gateway/pages/inline.py; do not edit. */", '#include "gateway/pages.h"', "", "const char gw_docs[] =",
             literal(page) + ";", f"const size_t gw_docs_len = {len(page.encode())};", "const char gw_docs_policy[] =", literal(policy) + ";"]
    pathlib.Path(out).write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

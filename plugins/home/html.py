"""HTML written by hand, safely: texts are escaped unless they are `Markup` already."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable
from typing import Final


class Markup(str):
    """HTML that may be put into a page as it is."""

    __slots__ = ()


def text(value: object) -> Markup:
    return value if isinstance(value, Markup) else Markup(html.escape(str(value), quote=True))


def element(name: str, *children: object, **attributes: object) -> Markup:
    """`element("a", "Docs", href="/docs")`. A trailing underscore frees attribute names from Python's keywords."""
    written = "".join(
        f' {key.rstrip("_")}="{html.escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{''.join(map(text, children))}</{name}>")


def join(parts: Iterable[object]) -> Markup:
    return Markup("".join(map(text, parts)))


def table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> Markup:
    return element(
        "table",
        element("thead", element("tr", join(element("th", cell) for cell in head))),
        element("tbody", join(element("tr", join(element("td", cell) for cell in row)) for row in rows)),
    )


STYLE: Final = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent);
  --dim: color-mix(in srgb, currentColor 65%, transparent) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
h1 { font-size: 1.6rem; margin: 0 }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .5rem }
p { margin: .4rem 0 }
.dim, small { color: var(--dim) }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere }
ul { padding-left: 1.2rem }
details { border-bottom: 1px solid var(--line); padding: .4rem 0 }
summary { cursor: pointer }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600 }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .75rem 0 }
.figures b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums }
"""

POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'"
)
"""Nothing is loaded and nothing runs: one style sheet, named by its hash."""


def page(title: str, *content: object) -> bytes:
    """A whole page."""
    head = join(
        [
            Markup('<meta charset="utf-8">'),
            Markup('<meta name="viewport" content="width=device-width,initial-scale=1">'),
            element("title", title),
            Markup(f"<style>{STYLE}</style>"),
        ]
    )
    body = element("html", element("head", head), element("body", *content), lang="en")
    return f"<!doctype html>{body}".encode()

"""Callboard's own documentation, as pages and as sections that can be found. Reads the `docs` folder once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.errors import NotFoundError
from plugins.home.html import Markup, element, page

if TYPE_CHECKING:
    # Loaded when somebody reads: a start has no use for it.
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

HERE: Final = Path(__file__)
PLACES: Final = (HERE.with_name("pages"), HERE.parents[2] / "docs")
"""In an installed package, and in a checkout."""
ROOT: Final = "/callboard/handbook"
_PAGE = re.compile(r"([a-z0-9-]+)\.md(#.*)?")
_ABSOLUTE = re.compile(r"https?://|#")


@dataclass(frozen=True, slots=True)
class Section:
    """`anchor` is empty for what stands above the first heading of second order."""

    page: str
    page_title: str
    title: str
    anchor: str
    text: str

    @property
    def path(self) -> str:
        return f"{ROOT}/{self.page}" + (f"#{self.anchor}" if self.anchor else "")


class Handbook:
    """The pages by name, `search` for `search.md`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or next((place for place in PLACES if place.is_dir()), PLACES[-1])

    @cached_property
    def pages(self) -> dict[str, str]:
        """Name → title, in the order of the titles."""
        found = {name: self._title(tokens) for name, tokens in self._read.items()}
        return dict(sorted(found.items(), key=lambda item: item[1].lower()))

    def contents(self) -> bytes:
        items = (element("li", element("a", title, href=f"{ROOT}/{name}")) for name, title in self.pages.items())
        return page("Handbook", element("h1", "Handbook"), _back(), element("ul", *items))

    def page(self, name: str) -> bytes:
        """Raises NotFoundError."""
        tokens = self._read.get(name)
        if tokens is None:
            raise NotFoundError(f"The handbook has no page '{name}'")
        written = Markup(self._markdown.renderer.render(tokens, self._markdown.options, {}))
        contents = element("p", element("a", "Handbook", href=ROOT), class_="dim")
        return page(self.pages[name], contents, written)

    def sections(self) -> list[Section]:
        return [section for name, tokens in self._read.items() for section in self._sections(name, tokens)]

    # -------------------------------------------------------------------------------------------------- reading

    @cached_property
    def _markdown(self) -> MarkdownIt:
        from markdown_it import MarkdownIt

        # HTML in a page stays text: it is written by us, but so it need not be looked at.
        return MarkdownIt("commonmark", {"html": False}).enable("table")

    @cached_property
    def _read(self) -> dict[str, list[Token]]:
        files = sorted(self._folder.glob("*.md"))
        names = {file.stem for file in files}
        read = {}
        for file in files:
            tokens = self._markdown.parse(file.read_text(encoding="utf-8"))
            for token, following in pairwise(tokens):
                if token.type == "heading_open":
                    token.attrSet("id", _anchor(following.content))
            for token in (inner for outer in tokens for inner in outer.children or ()):
                if token.type == "link_open":
                    token.attrSet("href", _target(str(token.attrGet("href") or ""), names))
            read[file.stem] = tokens
        return read

    def _title(self, tokens: Sequence[Token]) -> str:
        pairs = pairwise(tokens)
        return next((after.content for token, after in pairs if token.type == "heading_open"), "")

    def _sections(self, name: str, tokens: Sequence[Token]) -> list[Section]:
        sections: list[tuple[str, list[str]]] = [("", [])]
        heading = ""
        for token in tokens:
            if token.type == "heading_open":
                heading = token.tag
            elif token.type == "heading_close":
                heading = ""
            elif heading == "h2":
                sections.append((token.content, []))
            elif heading != "h1" and token.content:
                sections[-1][1].append(token.content)
        title = self._title(tokens)
        return [
            Section(name, title, heading or title, _anchor(heading), "\n".join(texts))
            for heading, texts in sections
            if texts
        ]


def _back() -> Markup:
    return element("p", element("a", "Callboard", href="/callboard"), class_="dim")


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


def _target(href: str, names: set[str]) -> str:
    """Links between pages lead on; those into the source tree lead nowhere here."""
    match = _PAGE.fullmatch(href)
    if match and match[1] in names:
        return f"{ROOT}/{match[1]}{match[2] or ''}"
    return href if _ABSOLUTE.match(href) else ROOT

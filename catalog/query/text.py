"""Full-text search as `by-query` has it: a lower-cased substring of search rows. Source: spec/catalog.md §2.5."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.interfaces import FullText


@dataclass(frozen=True, slots=True)
class TextSearch:
    """`needle` is never empty; `fields` are keys of the index. Wildcards of SQL are plain characters here."""

    needle: str
    fields: tuple[str, ...]


def text_search(asked: FullText | None, sort_field: str | None) -> TextSearch | None:
    """What is searched for; None when the term is blank.

    Fields default to the sort field, and without one to `metadata.uid`.
    """
    if asked is None or not (needle := asked.term.strip().lower()):
        return None
    fields = asked.fields if asked.fields is not None else (sort_field or "metadata.uid",)
    return TextSearch(needle, tuple(dict.fromkeys(field.lower() for field in fields)))

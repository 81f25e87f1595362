"""An explanation as text: the story first, then what it is told from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Story = Mapping[str, Any]
MOST: Final = 20
"""Lines of one section; more are counted."""


def as_text(story: Story) -> str:
    """What `CatalogControl.explain` tells of an entity, or of a URL and the entities that read it, for people."""
    out = [story.get("entityRef") or story["url"], ""]
    out += [f"  {sentence}" for sentence in story["summary"]]
    told = story.get("locations") or [story]
    for one in told:
        if one is not story:
            out += ["", one["entityRef"], "", *(f"  {sentence}" for sentence in one["summary"])]
        out += _sections(one)
    # It may end up in a terminal, and some of it comes from files of anybody.
    return "".join(char if char.isprintable() or char == "\n" else " " for char in "\n".join(out)) + "\n"


def _sections(story: Story) -> list[str]:
    state = story.get("state") or {}
    return [
        *_section("Came in by", story.get("path", ())),
        *_section("Facts", (f"{name}: {_plain(value)}" for name, value in state.items() if value not in (None, False))),
        *_section("Steps", (_pairs(step) for step in story.get("steps", ()))),
        *_section("Errors", (f"{one['name']}: {one['message']}" for one in story.get("errors", ()))),
        *_section(
            "Conflicts",
            (
                f"{one['locationKey'] or one['source']} claims {one['entityRef']},"
                f" held by {one['heldBy']} ({one['at']})"
                for one in story.get("conflicts", ())
            ),
        ),
        *_section("Brought in", story.get("emits", ())),
        *_section("History", (_change(one) for one in story.get("revisions", ()))),
    ]


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    if not found:
        return []
    more = [f"  … and {len(found) - MOST} more"] if len(found) > MOST else []
    return ["", title, *(f"  {line}" for line in found[:MOST]), *more]


def _change(revision: Story) -> str:
    cause = revision.get("cause") or {}
    detail = _pairs(cause.get("detail") or {})
    because = ", ".join(part for part in (cause.get("kind", ""), detail, cause.get("actor") or "") if part)
    return f"{revision['at']} {revision['change']}" + (f" ({because})" if because else "")


def _pairs(facts: Story) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in facts.items() if value not in (None, ""))


def _plain(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)

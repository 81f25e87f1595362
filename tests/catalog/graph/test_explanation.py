"""An explanation as people read it."""

from __future__ import annotations

from typing import Any

from catalog.graph.explanation import as_text

STORY: dict[str, Any] = {
    "entityRef": "component:default/web",
    "found": True,
    "summary": ["component:default/web comes from url:https://git.example/a.yaml.", "It has errors."],
    "path": ["provider:config", "location:default/root"],
    "state": {"uid": "u", "orphan": False, "readsOutside": True, "locationKey": None},
    "errors": [{"name": "InputError", "message": "Bad\x1b[2Jowner"}],
    "conflicts": [
        {
            "entityRef": "component:default/web",
            "locationKey": None,
            "heldBy": "url:b",
            "source": "provider:org",
            "at": "2026-01-02T03:04:05.000Z",
        }
    ],
    "emits": [f"api:default/{number}" for number in range(25)],
    "revisions": [
        {
            "revision": 7,
            "change": "updated",
            "cause": {"kind": "api", "detail": {"operation": "refresh"}, "actor": "user:default/mia"},
            "at": "2026-01-02T03:04:05.000Z",
        }
    ],
}


def test_a_story_is_told_before_its_facts() -> None:
    lines = as_text(STORY).splitlines()
    assert lines[:4] == [
        "component:default/web",
        "",
        "  component:default/web comes from url:https://git.example/a.yaml.",
        "  It has errors.",
    ]
    titles = [line for line in lines if line and not line.startswith(" ")]
    assert titles == [
        "component:default/web",
        "Came in by",
        "Facts",
        "Errors",
        "Conflicts",
        "Brought in",
        "History",
    ]
    assert "  readsOutside: yes" in lines
    assert "  provider:org claims component:default/web, held by url:b (2026-01-02T03:04:05.000Z)" in lines
    assert "  2026-01-02T03:04:05.000Z updated (api, operation refresh, user:default/mia)" in lines


def test_long_lists_are_cut_and_counted() -> None:
    assert "  … and 5 more" in as_text(STORY).splitlines()


def test_nothing_in_it_drives_a_terminal() -> None:
    assert "  InputError: Bad [2Jowner" in as_text(STORY).splitlines()


def test_a_url_is_told_by_what_reads_it() -> None:
    text = as_text(
        {"url": "https://git.example/a.yaml", "found": True, "summary": ["It is read."], "locations": [STORY]}
    )
    assert text.startswith("https://git.example/a.yaml\n\n  It is read.\n\ncomponent:default/web\n")
    unknown = as_text(
        {"url": "https://x.example", "found": False, "summary": ["No location reads it."], "locations": []}
    )
    assert unknown == "https://x.example\n\n  No location reads it.\n"

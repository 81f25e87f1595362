"""Every setting has its line in docs/configuration.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from app.config import Duration, LayeredConfig
from app.config.docstrings import meaning_of
from app.config.nodes import Node, Place
from app.config.reference import markdown, put_into, settings_of
from app.main import create_host

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_every_setting_of_the_installed_plugins_is_on_the_page(tmp_path: Path) -> None:
    host = create_host(
        LayeredConfig(Node({}, Place("defaults", 0))), roles=(), env={"CALLBOARD_DATA_DIR": str(tmp_path)}
    )
    page = PAGE.read_text(encoding="utf-8")
    missing = [s.key for s in settings_of(host.config.models) if f"`{s.key}`" not in page]
    assert missing == [], "run: callboard settings --into docs/configuration.md"


class Part(BaseModel):
    model_config = ConfigDict(defer_build=True)

    wait: Duration = Field(default=..., alias="waitFor")
    """How long
    to wait | rest."""
    on: bool = True


class Other(BaseModel):
    on: int = 5


class Whole(BaseModel):
    parts: list[Part] = Field(default_factory=list)
    named: dict[str, Annotated[Part | None, "x"]] = Field(default_factory=dict)
    mode: Literal["a", "b"] = "a"
    either: Part | Other | None = None
    words: list[str] = ["x", "y"]


def test_settings_are_told_by_key_type_default_and_meaning() -> None:
    rows = {s.key: (s.type, s.default, s.meaning) for s in settings_of([("w", Whole)])}
    assert rows == {
        "w.either.on": (r"true or false \| number", "true", ""),
        "w.either.waitFor": ("duration", "required", r"How long to wait \| rest."),
        "w.mode": (r"`a` \| `b`", "`a`", ""),
        "w.named.<name>.on": ("true or false", "true", ""),
        "w.named.<name>.waitFor": ("duration", "required", r"How long to wait \| rest."),
        "w.parts[].on": ("true or false", "true", ""),
        "w.parts[].waitFor": ("duration", "required", r"How long to wait \| rest."),
        "w.words": ("list of text", "`x`, `y`", ""),
    }
    assert r"| `w.mode` | `a` \| `b` | `a` |  |" in markdown(settings_of([("w", Whole)]))


class Heir(Part):
    until: str = Field(default="", description="Told by the field.")
    """Not told."""


class Third(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    on: bool = True
    """As a plugin of others may do it."""


def test_what_is_said_under_a_field_is_its_meaning_in_the_class_that_defines_it() -> None:
    class Local(BaseModel):
        at: int = 0
        """Within a function."""

    assert meaning_of(Heir, "wait") == "How long\nto wait | rest."
    assert meaning_of(Heir, "on") == ""
    assert meaning_of(Heir, "until") == "Told by the field."
    assert meaning_of(Third, "on") == "As a plugin of others may do it."
    assert meaning_of(Local, "at") == "Within a function."


def test_a_table_is_put_between_the_pages_marks() -> None:
    page = "before\n<!-- settings -->\nold\n<!-- /settings -->\nafter"
    assert put_into(page, "new\n") == "before\n<!-- settings -->\nnew\n<!-- /settings -->\nafter"
    assert put_into(put_into(page, "x\n"), "new\n") == put_into(page, "new\n")
    with pytest.raises(ValueError, match="the page has no"):
        put_into("nothing", "new\n")

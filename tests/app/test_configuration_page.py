"""Every setting has its line in docs/configuration.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from app.config import Duration, LayeredConfig
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
    model_config = ConfigDict(use_attribute_docstrings=True)

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


def test_a_table_is_put_between_the_pages_marks() -> None:
    page = "before\n<!-- settings -->\nold\n<!-- /settings -->\nafter"
    assert put_into(page, "new\n") == "before\n<!-- settings -->\nnew\n<!-- /settings -->\nafter"
    assert put_into(put_into(page, "x\n"), "new\n") == put_into(page, "new\n")
    with pytest.raises(ValueError, match="the page has no"):
        put_into("nothing", "new\n")

"""`callboard events replay`: GitHub's own examples of deliveries, from files. On both engines where they are stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.errors import InputError
from app.interfaces import Database
from plugins.events.replay import meaning, recorded, replay
from plugins.events.settings import EventsSettings, IntegrationSettings
from plugins.events.sources import sources
from plugins.events.store import DeliveryStore
from tests.plugins.events.test_worker import PUSH
from tests.plugins.events.world import World, running

KNOWN = sources(EventsSettings.model_validate({"http": {"topics": ["github", "gitlab"]}}), IntegrationSettings())
BODY = json.dumps(PUSH).encode()
RECORD = json.dumps(
    {
        "guid": "0b98",
        "event": "push",
        "request": {"headers": {"X-GitHub-Event": "push", "Authorization": "x"}, "payload": PUSH},
    }
).encode()


@pytest.mark.parametrize(("content", "event"), [(BODY, "push"), (RECORD, None)])
async def test_a_recorded_delivery_is_worked_like_one_that_came_each_time(
    content: bytes, event: str | None, database: Database
) -> None:
    world = World(database, {"events": {"http": {"topics": ["github"]}}})
    async with running(world):
        world.listen("github.push", "scm.push")
        given = [recorded(content, "github", event)]
        for _ in range(2):
            await replay(DeliveryStore(database), "github", given, world.clock)
        assert await world.work() == 2
        assert [one.topic for one in world.heard] == ["github.push", "scm.push"] * 2
        assert world.heard[0].payload == PUSH and "authorization" not in world.heard[0].metadata


def test_what_a_delivery_means_is_told() -> None:
    first, second, third = meaning(KNOWN["github"], recorded(BODY, "github", "push"))
    assert (first, second) == ("github", "github.push")
    assert third.startswith("ScmPush {") and "https://github.com/o/r/blob/main/catalog-info.yaml" in third
    assert meaning(KNOWN["github"], recorded(BODY, "github", None)) == ["github"]


@pytest.mark.parametrize(
    ("content", "topic", "event", "words"),
    [
        (b"[", "github", "push", "not valid JSON"),
        (b'"x"', "github", "push", "JSON"),
        (BODY, "gitlab", "push", "leave --event out"),
        (b" " * (5 * 1024 * 1024 + 1), "github", "push", "no delivery"),
    ],
)
def test_what_is_no_delivery_is_said(content: bytes, topic: str, event: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        recorded(content, topic, event)


async def test_the_command_shows_and_does_not_store_when_dry(database: Database, tmp_path: Path) -> None:
    world: Any = World(database, {"events": {"http": {"topics": ["github"]}}})
    async with running(world):
        (tmp_path / "push.json").write_bytes(BODY)
        given = ["replay", str(tmp_path / "push.json"), "--event", "push", "--dry-run"]
        shown = CliRunner().invoke(world.typed, given)
        assert shown.exit_code == 0 and "github.push; ScmPush" in shown.output
        (tmp_path / "push.json").write_text("[")
        failed = CliRunner().invoke(world.typed, given)
        assert failed.exit_code == 1 and "not valid JSON" in failed.output
        assert await world.work() == 0

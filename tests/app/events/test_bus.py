"""The event bus."""

from __future__ import annotations

import pytest

from app.events import EventBus
from app.interfaces import Event


async def test_subscribers_get_their_topics_and_a_failing_one_hinders_nobody(caplog: pytest.LogCaptureFixture) -> None:
    bus, seen = EventBus(), []

    async def fail(event: Event) -> None:
        raise RuntimeError("cannot hear")

    async def hear(event: Event) -> None:
        seen.append(event.topic)

    bus.subscribe(["a"], fail)
    bus.subscribe(["a", "b", "a"], hear)
    for topic in ("a", "b", "c"):
        await bus.publish(Event(topic, {}))
    assert seen == ["a", "b"]
    assert "cannot hear" in caplog.text


async def test_an_observer_is_told_of_every_topic() -> None:
    bus, seen = EventBus(), []

    async def hear(event: Event) -> None:
        seen.append(event.topic)

    bus.observe(hear)
    for topic in ("a", "b"):
        await bus.publish(Event(topic, {}))
    assert seen == ["a", "b"]

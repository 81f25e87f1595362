"""A signal: a message on a channel, for some people or for all. Pure. Source: spec/ui-backends.md §9."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

TOPIC: Final = "signals"
"""The event topic that signals are published on."""


@dataclass(frozen=True, slots=True)
class Signal:
    """`recipients` holds entity refs, None stands for everybody. `message` is any JSON value but an empty one."""

    channel: str
    message: Any
    recipients: frozenset[str] | None

    @staticmethod
    def parse(payload: Any) -> Signal | None:
        """The signal of an event `{"recipients": {"type": "broadcast"} | {"type": "user", "entityRef": ref or refs},
        "channel", "message"}`; None for a payload that is none, which is ignored as the reference does."""
        if not isinstance(payload, Mapping):
            return None
        channel, message, recipients = payload.get("channel"), payload.get("message"), payload.get("recipients")
        if not isinstance(channel, str) or not channel or not message or not isinstance(recipients, Mapping):
            return None
        if recipients.get("type") == "broadcast":
            return Signal(channel, message, None)
        refs = recipients.get("entityRef")
        named = [refs] if isinstance(refs, str) else refs if isinstance(refs, list) else []
        return Signal(channel, message, frozenset(ref for ref in named if isinstance(ref, str)))

    @staticmethod
    def parse_all(payload: Any) -> list[Signal]:
        """The signals of an event that holds one, or a list of them."""
        found = [Signal.parse(one) for one in (payload if isinstance(payload, list) else [payload])]
        return [signal for signal in found if signal is not None]

    @property
    def payload(self) -> dict[str, Any]:
        """What `parse` takes."""
        if self.recipients is None:
            recipients: dict[str, Any] = {"type": "broadcast"}
        else:
            recipients = {"type": "user", "entityRef": sorted(self.recipients)}
        return {"recipients": recipients, "channel": self.channel, "message": self.message}

    def reaches(self, ownership: Collection[str]) -> bool:
        """Whether somebody who owns things in these names is meant."""
        return self.recipients is None or any(ref in self.recipients for ref in ownership)

    @property
    def frame(self) -> str:
        """The text that clients are sent."""
        return orjson.dumps({"channel": self.channel, "message": self.message}).decode()

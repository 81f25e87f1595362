"""What plugins may add to notifications: other ways to bring them. Public through `app.interfaces`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Json = dict[str, Any]
Severity = Literal["critical", "high", "normal", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "normal", "low")
"""The worst first."""


@dataclass(frozen=True, slots=True)
class NotificationFilters:
    """Which notifications a processor is for; the default is all. `minimum` means this severity or worse, `maximum`
    this one or less. With `included_topics` a notification needs one of these."""

    minimum: Severity | None = None
    maximum: Severity | None = None
    excluded_topics: frozenset[str] = frozenset()
    included_topics: frozenset[str] | None = None

    def admit(self, payload: Mapping[str, Any]) -> bool:
        severity = payload.get("severity")
        place = SEVERITIES.index(severity if severity in SEVERITIES else "normal")
        topic = payload.get("topic")
        if self.minimum is not None and place > SEVERITIES.index(self.minimum):
            return False
        if self.maximum is not None and place < SEVERITIES.index(self.maximum):
            return False
        if topic in self.excluded_topics:
            return False
        return self.included_topics is None or topic in self.included_topics


class NotificationProcessor:
    """Takes part in the sending of notifications: e-mail, chat. Override only what it is about.

    `name` is the channel's id, which users switch on and off in their settings. What a step raises is logged and
    hinders nothing. Source: spec/ui-backends.md §8.
    """

    name: ClassVar[str]
    filters: NotificationFilters = NotificationFilters()

    async def process_options(self, options: Json) -> Json:
        """Change what was asked for (`recipients`, `payload`) before recipients are resolved."""
        return options

    async def pre_process(self, notification: Json, options: Json) -> Json:
        """Change one notification (`id`, `user`, `origin`, `created`, `payload`) before it is stored."""
        return notification

    async def post_process(self, notification: Json, options: Json) -> None:
        """Bring one notification that has been stored, or that its user does not want on the web."""


@dataclass
class NotificationExtensions:
    """What plugins add: `host.extension(NotificationExtensions)`."""

    processors: list[NotificationProcessor] = field(default_factory=list)

    def add_processor(self, *processors: NotificationProcessor) -> None:
        self.processors.extend(processors)

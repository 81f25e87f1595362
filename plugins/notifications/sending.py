"""Sending: from what a plugin asks for to rows, signals and processors. Source: spec/ui-backends.md §8."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from prometheus_client import Counter

from app.errors import InputError
from app.interfaces import SEVERITIES, Clock, Event, Events, NotificationProcessor
from plugins.notifications.changes import Draft, NotificationChanges
from plugins.notifications.links import check_link
from plugins.notifications.model import Json, iso
from plugins.notifications.preferences import WEB, Choice, wants
from plugins.notifications.recipients import Recipients
from plugins.notifications.settings import NotificationsSettings

SIGNALS: Final = "signals"
CHANNEL: Final = "notifications"
_SIGNALS_AT_ONCE: Final = 200

log = logging.getLogger(__name__)
sent = Counter("notifications_sent", "Notifications stored, a broadcast as one.", ("recipients",))


class Sending:
    """A `NotificationSender`."""

    def __init__(
        self,
        changes: NotificationChanges,
        recipients: Recipients,
        processors: Callable[[], Sequence[NotificationProcessor]],
        settings: NotificationsSettings,
        events: Events,
        clock: Clock,
    ) -> None:
        self._changes, self._recipients, self._processors = changes, recipients, processors
        self._settings, self._events, self._clock = settings, events, clock
        self._pending: set[asyncio.Task[None]] = set()

    async def send(self, recipients: Mapping[str, Any], payload: Mapping[str, Any], *, origin: str) -> None:
        await self.create({"recipients": dict(recipients), "payload": dict(payload)}, origin)

    async def create(self, options: Json, origin: str) -> list[Json]:
        """Stores what is asked for and tells everybody; gives the notifications as the wire has them.

        Raises InputError: a part is missing or wrong.
        """
        for processor in self._for(options.get("payload") or {}):
            options = await _guarded(processor, processor.process_options(options), options)
        payload, recipients = _checked(options)
        now = self._clock.now()
        if recipients["type"] == "broadcast":
            return await self._notify([None], {}, payload, options, origin, now)
        users = await self._recipients.users(_list(recipients["entityRef"]), _list(recipients.get("excludeEntityRef")))
        choices = await self._changes.choices(users) if users else {}
        return await self._notify(users, choices, payload, options, origin, now)

    async def drain(self) -> None:
        """Waits for processors that are still at work."""
        while self._pending:
            await asyncio.gather(*self._pending, return_exceptions=True)

    async def _notify(
        self,
        users: Sequence[str | None],
        choices: Mapping[str, Sequence[Choice]],
        payload: Json,
        options: Json,
        origin: str,
        now: datetime,
    ) -> list[Json]:
        """One notification for each of the users; None is everybody."""
        created = int(now.timestamp() * 1000)
        made: list[Json] = []
        for user in users:
            notification: Json = {
                "payload": payload,
                "origin": origin,
                "created": iso(created),
                "id": str(uuid4()),
                "user": user,
            }
            for processor in self._wanted(payload, user, choices, origin):
                notification = await _guarded(processor, processor.pre_process(notification, options), notification)
            made.append(notification)
        topic = payload.get("topic") or ""
        for_web = [
            one
            for one in made
            if one["user"] is None
            or wants(choices.get(one["user"], ()), self._settings.default_settings.channels, WEB, origin, topic)
        ]
        drafts = [Draft(one["id"], one["user"], origin, one["payload"], created) for one in for_web]
        renewed = await self._changes.store(drafts) if drafts else {}
        for_web = [renewed.get(one["user"], one) for one in for_web]
        sent.labels("broadcast" if None in users else "entity").inc(len(for_web))
        await self._signal(for_web)
        by_user = {one["user"]: one for one in for_web}
        self._process([by_user.get(one["user"], one) for one in made], choices, options, origin)
        return for_web

    async def _signal(self, notifications: Sequence[Json]) -> None:
        signals = [
            {
                "recipients": {"type": "broadcast"}
                if one["user"] is None
                else {"type": "user", "entityRef": [one["user"]]},
                "channel": CHANNEL,
                "message": {"action": "new_notification", "notification_id": one["id"]},
            }
            for one in notifications
        ]
        for at in range(0, len(signals), _SIGNALS_AT_ONCE):
            some = signals[at : at + _SIGNALS_AT_ONCE]
            await self._events.publish(Event(SIGNALS, some[0] if len(some) == 1 else some))

    def _process(
        self,
        notifications: Sequence[Json],
        choices: Mapping[str, Sequence[Choice]],
        options: Json,
        origin: str,
    ) -> None:
        """Hands notifications to processors, beside the request: whoever sends does not wait for a mail server."""
        work = [
            (processor, one)
            for one in notifications
            for processor in self._wanted(one["payload"], one["user"], choices, origin)
        ]
        if work:
            task = asyncio.create_task(self._work_off(work, options))
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)

    async def _work_off(self, work: Sequence[tuple[NotificationProcessor, Json]], options: Json) -> None:
        limit, pause = self._settings.concurrency_limit, self._settings.throttle_interval.total_seconds()
        for at in range(0, len(work), limit):
            if at:
                await asyncio.sleep(pause)
            await asyncio.gather(
                *(
                    _guarded(processor, processor.post_process(notification, options), None)
                    for processor, notification in work[at : at + limit]
                )
            )

    def _wanted(
        self, payload: Json, user: str | None, choices: Mapping[str, Sequence[Choice]], origin: str
    ) -> list[NotificationProcessor]:
        """The processors for a notification that its user has not switched off."""
        topic, defaults = payload.get("topic") or "", self._settings.default_settings.channels
        return [
            processor
            for processor in self._for(payload)
            if user is None or wants(choices.get(user, ()), defaults, processor.name, origin, topic)
        ]

    def _for(self, payload: Mapping[str, Any]) -> list[NotificationProcessor]:
        return [one for one in self._processors() if one.filters.admit(payload)]


def _checked(options: Json) -> tuple[Json, Json]:
    """Payload and recipients. Raises InputError."""
    recipients, payload = options.get("recipients"), options.get("payload") or {}
    missing = [name for name, value in (("title", payload.get("title")), ("recipients", recipients)) if not value]
    if missing or not isinstance(recipients, dict):
        raise InputError(f"Invalid notification request received: missing {', '.join(missing)}")
    if payload.get("link"):
        check_link(payload["link"])
    payload = {**payload, "severity": payload.get("severity") or "normal"}
    if payload["severity"] not in SEVERITIES:
        raise InputError(f"Invalid severity, please use one of {', '.join(SEVERITIES)}")
    kind = recipients.get("type")
    if kind not in ("broadcast", "entity") or (kind == "entity" and not recipients.get("entityRef")):
        raise InputError("Invalid recipients type, please use either 'broadcast' or 'entity'")
    return payload, recipients


def _list(refs: Any) -> Iterable[str]:
    return [] if refs is None else [refs] if isinstance(refs, str) else refs


async def _guarded(processor: NotificationProcessor, step: Awaitable[Any], otherwise: Any) -> Any:
    try:
        return await step
    except Exception:
        log.exception("The notification processor '%s' failed", processor.name)
        return otherwise

"""`/api/notifications`. Source: spec/ui-backends.md §8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import InputError, NotFoundError
from app.interfaces import Auth, Clock, Event, Events, JsonBytes, NotificationProcessor, parsed
from plugins.notifications.changes import NotificationChanges
from plugins.notifications.preferences import WEB, choices_of, shown
from plugins.notifications.selection import Selection, moment, order_of
from plugins.notifications.sending import CHANNEL, SIGNALS, Sending
from plugins.notifications.settings import NotificationsSettings
from plugins.notifications.store import NotificationStore


class NotificationRoutes:
    """Everybody sees their own alone; sending is for services."""

    def __init__(
        self,
        auth: Auth,
        store: NotificationStore,
        changes: NotificationChanges,
        sending: Sending,
        processors: Sequence[NotificationProcessor],
        settings: NotificationsSettings,
        events: Events,
        clock: Clock,
    ) -> None:
        self._auth, self._store, self._changes, self._sending = auth, store, changes, sending
        self._processors, self._settings, self._events, self._clock = processors, settings, events, clock

    def router(self) -> APIRouter:
        routes = APIRouter()
        for prefix in ("", "/notifications"):
            routes.add_api_route(prefix or "/", self.list, methods=["GET"])
            routes.add_api_route(prefix or "/", self.create, methods=["POST"])
            routes.add_api_route(f"{prefix}/update", self.update, methods=["POST"])
            routes.add_api_route(f"{prefix}/{{id}}", self.one, methods=["GET"])
        routes.add_api_route("/status", self.status, methods=["GET"])
        routes.add_api_route("/topics", self.topics, methods=["GET"])
        routes.add_api_route("/settings", self.settings, methods=["GET"])
        routes.add_api_route("/settings", self.choose, methods=["POST"])
        return routes

    async def list(self, request: Request) -> Response:
        user, selection = await self._user(request), _selection(parsed(request).query)
        found = await self._store.select(user, selection)
        return _answer({"totalCount": await self._store.count(user, selection), "notifications": found})

    async def one(self, request: Request) -> Response:
        user = await self._user(request)
        found = await self._store.select(user, Selection(ids=[request.path_params["id"]], limit=1))
        if not found:
            raise NotFoundError("Not found")
        return _answer(found[0])

    async def status(self, request: Request) -> Response:
        return _answer(await self._store.status(await self._user(request)))

    async def topics(self, request: Request) -> Response:
        user = await self._user(request)
        return _answer({"topics": await self._store.topics(user, _selection(parsed(request).query))})

    async def update(self, request: Request) -> Response:
        user, body = await self._user(request), parsed(request).body
        ids, read, saved = body["ids"], body.get("read"), body.get("saved")
        now = int(self._clock.now().timestamp() * 1000)
        await self._changes.mark(user, ids, now, read=read, saved=saved)
        if read is not None:
            action = "notification_read" if read else "notification_unread"
            signal = {
                "recipients": {"type": "user", "entityRef": [user]},
                "channel": CHANNEL,
                "message": {"action": action, "notification_ids": ids},
            }
            await self._events.publish(Event(SIGNALS, signal))
        return _answer(await self._store.select(user, Selection(ids=ids)))

    async def create(self, request: Request) -> Response:
        caller = await self._auth.principal_of(request, allow=["service"])
        # Senders are known by the subject of their token, without the kind of it.
        origin = caller.subject.removeprefix("external:")
        return _answer(await self._sending.create(parsed(request).body, origin))

    async def settings(self, request: Request) -> Response:
        return await self._settings_of(await self._user(request))

    async def choose(self, request: Request) -> Response:
        user, channels = await self._user(request), parsed(request).body["channels"]
        if any(channel["id"] not in self._channels for channel in channels):
            raise InputError("Invalid channel")
        await self._changes.choose(user, choices_of(channels))
        return await self._settings_of(user)

    @property
    def _channels(self) -> Sequence[str]:
        return [WEB, *(processor.name for processor in self._processors)]

    async def _settings_of(self, user: str) -> Response:
        choices = (await self._changes.choices([user])).get(user, [])
        defaults = self._settings.default_settings.channels
        return _answer(shown(choices, defaults, self._channels, await self._store.known(user)))

    async def _user(self, request: Request) -> str:
        return (await self._auth.principal_of(request, allow=["user"])).subject


def _selection(query: Any) -> Selection:
    truth = {"true": True, "false": False}
    return Selection(
        read=truth.get(query.get("read")),
        saved=truth.get(query.get("saved")),
        topic=query.get("topic"),
        search=query.get("search"),
        created_after=moment(query["createdAfter"]) if query.get("createdAfter") else None,
        minimum_severity=query.get("minimumSeverity"),
        order=order_of(query.get("orderField", ())),
        offset=query.get("offset", 0),
        limit=query.get("limit"),
    )


def _answer(value: Any) -> Response:
    return JsonBytes(orjson.dumps(value))

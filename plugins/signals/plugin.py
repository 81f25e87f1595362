"""Signals as a plugin."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.interfaces import JsonBytes, PluginHost, Role, ScheduledTask
from plugins.signals.hub import Hub
from plugins.signals.relay import CHANNEL, Relay
from plugins.signals.settings import SignalsSettings
from plugins.signals.signal import TOPIC


class SignalsPlugin:
    """Tells browsers what is published on the event topic `signals`, in whichever process."""

    id = "signals"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("signals", SignalsSettings)
        hub = Hub(settings)
        # A process that leaves a role to others is not the only one, whatever the database.
        alone = host.database.dialect == "sqlite" and host.roles.issuperset(get_args(Role))
        relay = Relay(host.database, hub, host.clock, alone=alone)
        host.migrations("plugins.signals.migrations")
        host.mount("signals", _routes())
        host.allow_unauthenticated("/api/signals/health")
        host.mount_websocket("signals", "/", hub.serve)
        if settings.anonymous:
            host.allow_unauthenticated("/api/signals")
        host.events.subscribe([TOPIC], relay.publish)
        if "api" in host.roles:
            host.database.listen(CHANNEL, relay.heard)
            host.background("signals: from other replicas", relay.run, role="api")
        if not alone:
            host.schedule("signals", ScheduledTask("signals:forget", relay.forget, timedelta(minutes=10)))


def _routes() -> APIRouter:
    routes = APIRouter()

    @routes.get("/health")
    async def health(request: Request) -> Response:
        return JsonBytes(b'{"status":"ok"}')

    return routes

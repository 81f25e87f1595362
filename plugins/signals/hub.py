"""The connections of this process, and who of them hears what."""

from __future__ import annotations

import logging
from typing import Final

from prometheus_client import Counter
from starlette.websockets import WebSocket

from app.interfaces import Principal
from plugins.signals.connection import Connection
from plugins.signals.settings import SignalsSettings
from plugins.signals.signal import Signal

GUEST: Final = "user:default/guest"
"""Whom the reference takes clients for that are no user."""

log = logging.getLogger(__name__)
delivered = Counter("signals_delivered", "Signals handed to connections.")
slow = Counter("signals_slow_clients", "Connections closed since their clients did not read.")


class Hub:
    def __init__(self, settings: SignalsSettings) -> None:
        self._settings = settings
        self._channels: dict[str, set[Connection]] = {}
        self.connections = 0

    async def serve(self, websocket: WebSocket, caller: Principal) -> None:
        """One connection, from its acceptance to its end."""
        refs = (caller.ownership or (caller.subject,)) if caller.kind == "user" else (GUEST,)
        connection = Connection(
            websocket, refs, max_channels=self._settings.max_channels, max_waiting=self._settings.max_waiting
        )
        self.connections += 1
        try:
            await connection.listen(self._subscribed, self._unsubscribed)
        finally:
            self.connections -= 1
            for channel in connection.channels:
                self._unsubscribed(connection, channel)

    def deliver(self, signal: Signal) -> int:
        """Gives how many connections are told."""
        told, frame = 0, ""
        for connection in tuple(self._channels.get(signal.channel, ())):
            if not signal.reaches(connection.refs):
                continue
            frame = frame or signal.frame
            was_slow = connection.too_slow
            if connection.tell(frame):
                told += 1
            elif not was_slow:
                slow.inc()
                log.info("A client does not read its signals and is disconnected")
        delivered.inc(told)
        return told

    def _subscribed(self, connection: Connection, channel: str) -> None:
        self._channels.setdefault(channel, set()).add(connection)

    def _unsubscribed(self, connection: Connection, channel: str) -> None:
        listeners = self._channels.get(channel, set())
        listeners.discard(connection)
        if not listeners:
            self._channels.pop(channel, None)

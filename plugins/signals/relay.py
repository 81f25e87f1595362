"""From an event in any process to the connections of all.

On PostgreSQL what one event tells is a row and a NOTIFY with the row's content, or its number alone where that is too
long for one (8000 bytes). A replica that missed a notification finds the row at its next look. On SQLite there is one
process as a rule, which writes nothing; one of several leaves rows, and those with connections look when the file
changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import orjson

from app.interfaces import Clock, Database, Event
from plugins.signals.hub import Hub
from plugins.signals.signal import Signal

CHANNEL: Final = "signals"
MAX_NOTIFIED: Final = 7000
"""Bytes of a signal that travel within the notification; PostgreSQL takes 8000."""
LOOK_S: Final = 15.0
"""Seconds between looks for what was missed."""
CHANGED_S: Final = 0.5
"""Seconds between looks at SQLite's data version, a matter of microseconds."""
WINDOW: Final = timedelta(minutes=1)
"""How old a missed signal may be and still be told."""
KEPT: Final = timedelta(minutes=5)
_REMEMBERED: Final = 10_000
"""Numbers of signals that are known to have been told."""

log = logging.getLogger(__name__)


class Relay:
    def __init__(self, database: Database, hub: Hub, clock: Clock, *, alone: bool = False) -> None:
        """`alone`: no other process has the database."""
        self._alone = alone
        self._database, self._hub, self._clock = database, hub, clock
        self._id = uuid4().hex
        self._told: OrderedDict[int, None] = OrderedDict()
        self._news: asyncio.Queue[int] = asyncio.Queue()
        self._started_at = _ms(clock)

    async def publish(self, event: Event) -> None:
        """A subscriber of the topic `signals`: tells this process's connections at once, and the other processes."""
        signals = Signal.parse_all(event.payload)
        for signal in signals:
            self._hub.deliver(signal)
        if self._alone or not signals:
            return
        payloads = [signal.payload for signal in signals]
        payload = orjson.dumps(payloads)
        async with self._database.write() as transaction:
            rows = await transaction.fetch(
                "INSERT INTO signals_sent (sender, payload, sent_at) VALUES (?, ?, ?) RETURNING id",
                self._id,
                payload.decode(),
                _ms(self._clock),
            )
            news: dict[str, Any] = {"id": rows[0][0], "sender": self._id}
            if len(payload) <= MAX_NOTIFIED:
                news["signals"] = payloads
            await transaction.notify(CHANNEL, orjson.dumps(news).decode())

    def heard(self, text: str) -> None:
        """A notification from any process."""
        news = orjson.loads(text)
        if news["sender"] == self._id:
            return
        if "signals" in news:
            self._tell(news["id"], news["signals"])
        else:
            self._news.put_nowait(news["id"])

    async def run(self) -> None:
        """Fetches what notifications had no room for, and looks for what was missed while somebody listens."""
        if self._database.dialect == "sqlite":
            await self._watch()
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    number = await self._news.get()
            except TimeoutError:
                if self._hub.connections:
                    await self.look()
                continue
            rows = await self._database.read("SELECT id, payload FROM signals_sent WHERE id = ?", number)
            for row in rows:
                self._tell(row[0], orjson.loads(row[1]))

    async def _watch(self) -> None:
        """SQLite: looks when somebody has written, for ever."""
        seen = await self._database.data_version()
        while True:
            await asyncio.sleep(CHANGED_S)
            if self._hub.connections and (version := await self._database.data_version()) != seen:
                seen = version
                await self.look()

    async def look(self) -> None:
        """Tells what others sent lately and this process has not heard of."""
        since = max(_ms(self._clock) - int(WINDOW.total_seconds() * 1000), self._started_at)
        rows = await self._database.read(
            "SELECT id, payload FROM signals_sent WHERE sent_at >= ? AND sender <> ? ORDER BY id", since, self._id
        )
        for row in rows:
            self._tell(row[0], orjson.loads(row[1]))

    async def forget(self) -> None:
        """Removes what everybody has been told."""
        async with self._database.write() as transaction:
            await transaction.execute(
                "DELETE FROM signals_sent WHERE sent_at < ?", _ms(self._clock) - int(KEPT.total_seconds() * 1000)
            )

    def _tell(self, number: int, payload: Any) -> None:
        if number in self._told:
            return
        self._told[number] = None
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        for signal in Signal.parse_all(payload):
            self._hub.deliver(signal)


def _ms(clock: Clock) -> int:
    return int(clock.now().timestamp() * 1000)

"""The API client as the plugin puts it together, in front of the fake, with time that passes as it sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from app.database.upgrade import bring_up_to_date
from app.interfaces import Database
from app.reading.outgoing import GuardedClient
from plugins.github.api.answers import Answers
from plugins.github.api.budgets import Budgets
from plugins.github.api.connection import GithubConnection
from plugins.github.api.hosts import GithubHosts
from plugins.github.api.ledger import Ledger
from plugins.github.credentials import GithubCredentials
from plugins.github.settings import GithubIntegrations
from tests.plugins.github.fake import FakeGithub


class PassingClock:
    """Now, plus what was slept."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ahead += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    @property
    def waited(self) -> float:
        return sum(self.slept)


@asynccontextmanager
async def asking(
    github: FakeGithub, database: Database | None = None, *, clock: PassingClock | None = None, **integration: Any
) -> AsyncIterator[GithubHosts]:
    """`integration` overrides members of the host's configuration. Without a database nothing is remembered."""
    clock = clock or PassingClock()
    outgoing = GuardedClient()
    outgoing.trust(github.url)
    known: Any = database
    ledger, answers = Ledger(known), Answers(known)
    if database is not None:
        await bring_up_to_date(database, {"github": "plugins.github.migrations"})
        await ledger.start()
        await answers.start()
    connections = {}
    for settings in GithubIntegrations.model_validate({"github": [github.integration(**integration)]}).github:
        credentials = GithubCredentials(settings, outgoing, clock)
        budgets = Budgets(settings.host, ledger, clock, clock.sleep)
        connections[settings.host] = GithubConnection(
            settings, outgoing, credentials, budgets, answers, clock, clock.sleep
        )
    yield GithubHosts(connections)
    await outgoing.close()

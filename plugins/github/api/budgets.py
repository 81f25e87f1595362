"""The budgets of one host's credentials."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from app.interfaces import Clock
from plugins.github.api.budget import Account, Budget
from plugins.github.api.ledger import Ledger
from plugins.github.credentials import USER, Credential

MAX_KNOWN: Final = 1000
"""Users come and go with tokens of their own."""


class Budgets:
    def __init__(
        self, host: str, ledger: Ledger, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._host = host
        self._ledger = ledger
        self._clock = clock
        self._sleep = sleep
        self._known: OrderedDict[str, Budget] = OrderedDict()
        ledger.subscribe(self._heard)

    def of(self, credential: Credential) -> Budget:
        budget = self._known.get(credential.id)
        if budget is None:
            key = f"{self._host}/{credential.id}" if credential.configured else None
            account = Account(self._host, credential.label, key, shown=credential.label != USER)
            budget = self._known[credential.id] = Budget(account, self._ledger, self._clock, self._sleep)
            while len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        self._known.move_to_end(credential.id)
        return budget

    def _heard(self, key: str) -> None:
        host, _, credential = key.partition("/")
        if host == self._host and (budget := self._known.get(credential)) is not None:
            budget.stale()

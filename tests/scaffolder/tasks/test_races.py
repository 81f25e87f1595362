"""Cancel, retry, recovery, time-out and two workers against each other, in every order, on both databases.

A model keeps what must hold: one holder of a task at a time, one terminal state per run, no way out of it but retry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.errors import ConflictError
from scaffolder.tasks.journal import Journal, TaskJournal
from scaffolder.tasks.queue import Claim, TaskQueue
from scaffolder.workflow import LeaseLostError
from tests.conftest import AnyDatabase
from tests.scaffolder.tasks.world import GUEST, World

ENDED = {"completed", "failed"}
Await = Callable[[Coroutine[Any, Any, Any]], Any]


class Life(RuleBasedStateMachine):
    """One task and two workers who may each think that it is theirs."""

    world: World
    wait: Await

    def __init__(self) -> None:
        super().__init__()
        database = self.world.database
        # Leases that lapse at once and leases that hold: whose turn it is decides which worker is dead.
        self.lapsing, self.holding = TaskQueue(database, lease_ms=-1), TaskQueue(database, lease_ms=600_000)
        self.task_id: str = self.wait(self.world.start({"id": "s", "action": "say"}))
        self.status = "open"
        self.claims: list[Claim] = []
        self.holder: Claim | None = None
        self.lapsed = False
        self.ends = 0
        self.last_id = -1

    def teardown(self) -> None:
        self.wait(self.world.database_write("DELETE FROM scaffolder_task"))

    def _journal(self, claim: Claim) -> TaskJournal:
        return TaskJournal(Journal(self.world.database, self.holding), claim, self.world.seal)

    @rule(lapses=st.booleans())
    def claim(self, lapses: bool) -> None:
        claims = self.wait((self.lapsing if lapses else self.holding).claim(1))
        assert len(claims) == (self.status == "open")
        for claim in claims:
            self.status, self.holder, self.lapsed = "processing", claim, lapses
            self.claims.append(claim)

    @rule()
    def recover(self) -> None:
        due = self.status == "processing" and self.lapsed
        assert self.wait(self.holding.recover(10_000)) == ([self.task_id] if due else [])
        if due:
            self.status, self.holder = "open", None

    @rule(index=st.integers(0, 5))
    def step(self, index: int) -> None:
        self._as_holder(index, lambda journal: journal.begin("s"))

    @rule(index=st.integers(0, 5), status=st.sampled_from(sorted(ENDED)))
    def end(self, index: int, status: Any) -> None:
        if self._as_holder(index, lambda journal: journal.end(status, {"message": status})):
            self.status, self.holder = status, None
            self.ends += 1

    @rule(first=st.integers(0, 5), second=st.integers(0, 5))
    def two_end_at_once(self, first: int, second: int) -> None:
        if not self.claims:
            return
        both = [self.claims[first % len(self.claims)], self.claims[second % len(self.claims)]]

        async def race() -> list[Any]:
            ends = (self._journal(claim).end("completed", {"message": "race"}) for claim in both)
            return await asyncio.gather(*ends, return_exceptions=True)

        won = [answer is None for answer in self.wait(race())]
        expected = self.holder in both
        assert sum(won) == expected
        if expected:
            self.status, self.holder = "completed", None
            self.ends += 1

    @rule()
    def end_and_time_out_at_once(self) -> None:
        holder = self.holder
        if holder is None:
            return

        async def race() -> tuple[Any, list[str]]:
            end = self._journal(holder).end("completed", {"message": "done"})
            ended, closed = await asyncio.gather(end, self.holding.close_stale(-600_000), return_exceptions=True)
            assert isinstance(closed, list)
            return ended, closed

        ended, closed = self.wait(race())
        assert (ended is None) != (closed == [self.task_id])
        self.status, self.holder = ("completed" if ended is None else "failed"), None
        self.ends += 1

    @rule()
    def cancel(self) -> None:
        self.wait(self.world.tasks.cancel(self.task_id))

    @rule()
    def retry(self) -> None:
        asked = self.world.tasks.retry(self.task_id, secrets={}, initiator=GUEST, token=None)
        if self.status in ENDED:
            self.wait(asked)
            self.status, self.ends = "open", 0
        else:
            with pytest.raises(ConflictError):
                self.wait(asked)

    def _as_holder(self, index: int, act: Callable[[TaskJournal], Coroutine[Any, Any, None]]) -> bool:
        if not self.claims:
            return False
        claim = self.claims[index % len(self.claims)]
        if claim is self.holder:
            self.wait(act(self._journal(claim)))
            return True
        with pytest.raises(LeaseLostError):
            self.wait(act(self._journal(claim)))
        return False

    @invariant()
    def the_store_agrees(self) -> None:
        assert self.wait(self.world.tasks.get(self.task_id)).status == self.status
        events = self.wait(self.world.events(self.task_id))
        assert [event.type for event in events].count("completion") == self.ends <= 1
        assert [event.id for event in events] == sorted({event.id for event in events})
        [(sealed, lease)] = self.wait(self.world.database.read("SELECT secrets, lease FROM scaffolder_task"))
        assert (lease is None) == (self.holder is None)
        assert not (self.status in ENDED and sealed)


async def test_whatever_races_a_task_has_one_holder_and_one_end(database: AnyDatabase, world: World) -> None:
    loop = asyncio.get_running_loop()

    def wait(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    machine = type("Machine", (Life,), {"world": world, "wait": staticmethod(wait)})
    few = settings(
        max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=few)

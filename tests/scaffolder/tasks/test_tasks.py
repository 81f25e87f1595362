"""Tasks from their creation to their end, on both databases. Source: spec/scaffolder.md §1.3–1.8, §3.8."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import SQLModel

from app.database.sqlite import SqliteDatabase
from app.errors import ConflictError, InputError, NotFoundError
from scaffolder.interfaces import Action, ActionContext
from scaffolder.tasks import tables
from scaffolder.tasks.journal import Journal, TaskJournal
from scaffolder.tasks.queue import TaskQueue
from scaffolder.tasks.records import TaskRecords
from scaffolder.workflow import LeaseLostError
from tests.scaffolder.tasks.world import GUEST, SETTINGS, Gate, World, spec

SAY = {"id": "say", "action": "say", "input": {"message": "hello ${{ parameters.who }}"}}
ENDS = {"completed", "failed"}


async def test_a_task_runs_to_its_end_and_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    async with world.working(replace(SETTINGS, drain=timedelta(seconds=5))):
        task_id = await world.start(SAY, parameters={"who": "you"}, output={"said": "${{ steps.say.output.said }}"})
        task = await world.ended(task_id)
    assert (task.status, task.created_by) == ("completed", "user:default/guest")
    assert task.last_heartbeat_at is not None
    assert await world.messages(task_id) == [
        "Starting up task with 1 steps",
        "Beginning step say",
        "\x1b[32minfo\x1b[39m: hello you",
        "Finished step say",
        "Run completed with status: completed",
    ]
    assert (await world.completion(task_id))["output"] == {"said": "hello you"}
    assert await world.database.read("SELECT secrets, lease FROM scaffolder_task") == [(None, None)]
    assert not list((tmp_path / "workspaces").iterdir())


async def test_a_failed_task_tells_the_first_error(world: World) -> None:
    async with world.working():
        task_id = await world.start({"action": "fail", "input": {"message": "no"}}, SAY)
        task = await world.ended(task_id)
    assert task.status == "failed"
    assert await world.completion(task_id) == {
        "message": "Run completed with status: failed",
        "error": {"name": "InputError", "message": "no"},
    }


async def test_tasks_are_listed_with_filters_orders_and_pages(world: World) -> None:
    first, second, third = [await world.start(SAY, n=n) for n in range(3)]
    service = replace(GUEST, kind="service", subject="plugin:x")
    fourth = await world.tasks.dispatch(spec(SAY), secrets={}, initiator=service, token=None)

    async def found(**query: Any) -> tuple[list[str], int]:
        tasks, total = await world.tasks.find(**query)
        return [task.id for task in tasks], total

    assert await found() == ([fourth, third, second, first], 4)
    assert await found(limit=1, offset=1) == ([third], 4)
    assert await found(limit=0) == ([], 4)
    assert await found(order=[("created_at", "asc")]) == ([first, second, third, fourth], 4)
    assert await found(created_by=["user:default/guest"], limit=1) == ([third], 3)
    assert await found(created_by=["user:default/other"]) == ([], 0)
    assert await found(status=["completed", "open"], limit=1) == ([fourth], 4)
    assert await found(status=["failed"]) == ([], 0)
    # Several orders: who is the same by one is told apart by the next.
    assert await found(order=[("status", "asc"), ("created_at", "asc")]) == ([first, second, third, fourth], 4)
    assert await found(order=[("created_by", "desc"), ("created_at", "asc")], created_by=["user:default/guest"]) == (
        [first, second, third],
        3,
    )
    mine = {"key": "created_by", "values": ["user:default/guest"]}
    assert (await found(visible=mine))[1] == 3
    assert (await found(visible={"not": mine}))[1] == 1
    assert (await found(visible={"allOf": [mine, {"not": mine}]}))[1] == 0
    assert (await found(visible={"anyOf": [mine, {"not": mine}]}))[1] == 4
    with pytest.raises(InputError):
        await found(order=("id", "asc"))
    assert (await world.tasks.get(fourth)).created_by is None


async def test_an_unknown_task_is_not_found(world: World) -> None:
    for asked in (world.tasks.get("x"), world.tasks.cancel("x")):
        with pytest.raises(NotFoundError, match="No task with id 'x' found"):
            await asked
    with pytest.raises(NotFoundError):
        await world.tasks.retry("x", secrets={}, initiator=GUEST, token=None)


async def test_a_running_task_is_cancelled_and_fails(world: World) -> None:
    gate = Gate()
    world.actions["gate"] = gate
    async with world.working():
        task_id = await world.start({"id": "g", "name": "Gate", "action": "gate"}, SAY)
        await asyncio.wait_for(gate.entered.wait(), 10)
        await world.tasks.cancel(task_id)
        task = await world.ended(task_id)
    assert task.status == "failed"
    error = (await world.completion(task_id))["error"]
    assert error == {"name": "Error", "message": f"Step g (Gate) of task {task_id} has been cancelled."}
    cancelled = [event.body for event in await world.events(task_id) if event.type == "cancelled"]
    assert cancelled == [{"message": "Step g has been cancelled.", "stepId": "g", "status": "cancelled"}]


async def test_a_task_that_waits_is_cancelled_before_its_first_step(world: World) -> None:
    task_id = await world.start(SAY)
    await world.tasks.cancel(task_id)
    body = (await world.events(task_id))[0].body
    assert body == {"message": "Step 0 has been cancelled.", "stepId": 0, "status": "cancelled"}
    async with world.working():
        assert (await world.ended(task_id)).status == "failed"
    assert not any("hello" in message for message in await world.messages(task_id))


async def test_only_a_task_that_has_ended_is_retried(world: World) -> None:
    gate = Gate()
    world.actions["gate"] = gate
    async with world.working():
        task_id = await world.start({"action": "gate"}, {"action": "fail"})
        await asyncio.wait_for(gate.entered.wait(), 10)
        with pytest.raises(ConflictError, match=f"Task with taskId {task_id} cannot be retried"):
            await world.tasks.retry(task_id, secrets={}, initiator=GUEST, token=None)
        gate.open.set()
        await world.ended(task_id)
        await world.tasks.retry(task_id, secrets={"S": "second"}, initiator=GUEST, token=None)
        await world.ended(task_id)
    kinds = [event.type for event in await world.events(task_id)]
    assert kinds.count("recovered") == 1
    assert kinds.count("completion") == 1
    assert kinds.index("recovered") < kinds.index("completion")
    assert gate.runs == 2


async def test_starting_over_hides_what_was_before(world: World) -> None:
    recovery = {"EXPERIMENTAL_recovery": {"EXPERIMENTAL_strategy": "startOver"}}
    async with world.working():
        task_id = await world.start({"action": "fail"}, **recovery)
        await world.ended(task_id)
        last = (await world.events(task_id))[-1].id
    await world.tasks.retry(task_id, secrets={}, initiator=GUEST, token=None)
    assert await world.events(task_id) == []
    async with world.working():
        await world.ended(task_id)
    events = await world.events(task_id)
    assert [event.type for event in events[:1]] == ["recovered"]
    assert events[0].id > last


async def test_completions_are_told_whatever_the_cursor(world: World) -> None:
    async with world.working():
        task_id = await world.start(SAY)
        await world.ended(task_id)
    assert [event.type for event in await world.tasks.events(task_id, after=10**9)] == ["completion"]


async def test_no_more_tasks_run_at_once_than_allowed(world: World) -> None:
    running, most = 0, 0

    class Busy(Action):
        id = "busy"

        async def run(self, context: ActionContext) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.02)
            running -= 1

    world.actions["busy"] = Busy()
    ids = [await world.start({"action": "busy"}) for _ in range(9)]
    async with world.working(replace(SETTINGS, concurrency=3)):
        for task_id in ids:
            await world.ended(task_id)
    assert most == 3


async def test_a_worker_without_capacity_leaves_tasks_open(world: World) -> None:
    task_id = await world.start(SAY)
    await asyncio.wait_for(world.worker(replace(SETTINGS, concurrency=0)).run(), 5)
    assert (await world.tasks.get(task_id)).status == "open"


async def test_what_cannot_even_begin_to_be_written_is_refused(world: World) -> None:
    task_id = await world.start(SAY)
    queue = TaskQueue(world.database, lease_ms=60_000)
    [claim] = await queue.claim(1)
    away = SqliteDatabase(None)  # not started, which is nobody's outage
    journal = Journal(away, queue)
    task = TaskJournal(journal, claim, world.seal)
    await task.log("never to be seen")
    with pytest.raises(RuntimeError, match="not been started"):
        await task.begin("say")
    await journal.close()
    await away.close()
    assert await world.events(task_id) == []


async def test_many_claimers_never_get_the_same_task(world: World) -> None:
    ids = [await world.start(SAY) for _ in range(40)]
    queues = [TaskQueue(world.database, lease_ms=60_000) for _ in range(5)]

    async def claim_all(queue: TaskQueue) -> list[str]:
        claimed: list[str] = []
        while claims := await queue.claim(3):
            claimed += [claim.task_id for claim in claims]
        return claimed

    claimed = [one for some in await asyncio.gather(*map(claim_all, queues)) for one in some]
    assert sorted(claimed) == sorted(ids)


async def test_tasks_that_are_asked_for_at_once_are_stored_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = 0
    write = world.database.write

    @asynccontextmanager
    async def counted() -> AsyncIterator[Any]:
        nonlocal begun
        begun += 1
        async with write() as transaction:
            yield transaction

    monkeypatch.setattr(world.database, "write", counted)
    ids = await asyncio.gather(*(world.start(SAY, parameters={"number": number}) for number in range(50)))
    assert begun < 10
    tasks = [await world.tasks.get(task_id) for task_id in ids]
    assert [task.spec["parameters"]["number"] for task in tasks] == list(range(50))
    # The oldest first, which is the order in which they were asked for.
    claims = await TaskQueue(world.database, lease_ms=60_000).claim(50)
    assert [claim.task_id for claim in claims] == ids
    assert len({claim.lease for claim in claims}) == 50


async def test_another_worker_goes_on_after_finished_steps(world: World) -> None:
    gate = Gate()
    gate.idempotent = True  # type: ignore[misc]
    world.actions["gate"] = gate
    counted = Gate()
    counted.open.set()
    world.actions["count"] = counted
    task_id = await world.start(
        {"id": "count", "action": "count"}, {"id": "put", "action": "put", "input": {"n": 3}}, {"action": "gate"},
        output={"n": "${{ steps.put.output.n }}"},
    )  # fmt: skip
    async with world.working() as [first]:
        await asyncio.wait_for(gate.entered.wait(), 10)
        first.cancel()  # the process stops, and may not wait for its steps
        await asyncio.gather(first, return_exceptions=True)
    assert (await world.tasks.get(task_id)).status == "processing"
    gate.open.set()
    async with world.working():
        assert (await world.ended(task_id)).status == "completed"
    assert (await world.completion(task_id))["output"] == {"n": 3}
    assert (counted.runs, gate.runs) == (1, 2)
    messages = await world.messages(task_id)
    assert "Task recovered - resuming from last known good state. 2 step(s) already completed." in messages
    assert "Skipping step count because it was already completed in a previous run" in messages
    assert [event.body for event in await world.events(task_id) if event.type == "recovered"] == [
        {"recoverStrategy": "none"}
    ]


async def test_a_step_cut_off_half_way_is_not_run_twice_unless_that_is_safe(world: World) -> None:
    gate = Gate()
    world.actions["gate"] = gate
    task_id = await world.start({"id": "g", "name": "Gate", "action": "gate"}, {**SAY, "if": "${{ failure() }}"})
    async with world.working() as [first]:
        await asyncio.wait_for(gate.entered.wait(), 10)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    async with world.working():
        assert (await world.ended(task_id)).status == "failed"
    assert gate.runs == 1
    assert "Step g (Gate) was interrupted" in (await world.completion(task_id))["error"]["message"]
    assert any("hello" in message for message in await world.messages(task_id))


async def test_checkpoints_outlive_the_worker(world: World) -> None:
    made: list[str] = []
    hold = asyncio.Event()

    class Publish(Action):
        id = "publish"
        resumable = True

        async def run(self, context: ActionContext) -> None:
            async def make() -> dict[str, str]:
                made.append("repository")
                return {"url": "u"}

            repository = await context.checkpoint("repository", make)
            if not hold.is_set():
                hold.set()
                await asyncio.Event().wait()
            context.output("url", repository["url"])

    world.actions["publish"] = Publish()
    task_id = await world.start({"id": "p", "action": "publish"}, output={"u": "${{ steps.p.output.url }}"})
    async with world.working() as [first]:
        await asyncio.wait_for(hold.wait(), 10)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    async with world.working():
        await world.ended(task_id)
    assert (await world.completion(task_id))["output"] == {"u": "u"}
    assert made == ["repository"]


async def test_a_silent_worker_loses_its_task_and_writes_nothing_more(world: World) -> None:
    """The one that was thought dead comes back: its events and its end are refused."""
    from scaffolder.tasks.journal import Journal, TaskJournal

    task_id = await world.start(SAY)
    queue = TaskQueue(world.database, lease_ms=0)
    [old] = await queue.claim(1)
    await asyncio.sleep(0.01)
    assert await queue.recover(5) == [task_id]
    [new] = await TaskQueue(world.database, lease_ms=60_000).claim(1)
    journal = Journal(world.database, queue)
    with pytest.raises(LeaseLostError):
        await TaskJournal(journal, old, world.seal).begin("say")
    with pytest.raises(LeaseLostError):
        await TaskJournal(journal, old, world.seal).end("completed", {"message": "old"})
    await TaskJournal(journal, new, world.seal).end("failed", {"message": "new"})
    with pytest.raises(LeaseLostError):
        await TaskJournal(journal, new, world.seal).end("completed", {"message": "again"})
    assert (await world.completion(task_id)) == {"message": "new"}


async def test_a_task_whose_workers_keep_dying_is_given_up(world: World) -> None:
    task_id = await world.start(SAY)
    queue = TaskQueue(world.database, lease_ms=0)
    for _ in range(3):
        await queue.claim(1)
        await asyncio.sleep(0.01)
        await queue.recover(3)
    assert (await world.tasks.get(task_id)).status == "failed"
    assert "worker stopped 3 times" in (await world.completion(task_id))["error"]["message"]


async def test_a_stale_task_is_closed_with_its_steps(world: World) -> None:
    gate = Gate()
    world.actions["gate"] = gate
    settings = replace(SETTINGS, recovery=False)
    task_id = await world.start({"id": "g", "action": "gate"})
    async with world.working(settings) as [first]:
        await asyncio.wait_for(gate.entered.wait(), 10)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    async with world.working(replace(settings, timeout=timedelta(milliseconds=200))):
        assert (await world.ended(task_id)).status == "failed"
    message = "This task was marked as stale as it exceeded its timeout"
    assert await world.completion(task_id) == {"message": message}
    assert (await world.events(task_id))[-2].body == {"message": message, "stepId": "g", "status": "failed"}


async def test_workspaces_of_ended_tasks_are_swept_and_nothing_else(world: World) -> None:
    async with world.working():
        ended = await world.start(SAY)
        await world.ended(ended)
    waiting = await world.start(SAY)
    others = (str(uuid4()), "notes")
    for name in (ended, waiting, *others):
        (world.folder / name).mkdir(exist_ok=True)
    async with world.working(replace(SETTINGS, concurrency=1)):
        await world.ended(waiting)
        while (world.folder / ended).exists() or (world.folder / waiting).exists():  # noqa: ASYNC110 - a folder
            await asyncio.sleep(0.02)
    assert sorted(one.name for one in world.folder.iterdir()) == sorted(others)


async def test_old_tasks_are_forgotten(world: World) -> None:
    async with world.working():
        old = await world.start(SAY)
        await world.ended(old)
    waiting = await world.start(SAY)
    await asyncio.sleep(0.01)
    queue = TaskQueue(world.database, lease_ms=0)
    assert await queue.prune(60_000) == 0
    assert await queue.prune(0) == 1
    assert [task.id for task in (await world.tasks.find())[0]] == [waiting]
    assert await world.database.read("SELECT COUNT(*) FROM scaffolder_task_event") == [(0,)]


async def test_five_hundred_watchers_cost_one_read_per_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    real = TaskRecords.events

    async def counted(self: TaskRecords, task_id: str, after: int | None = None) -> Any:
        nonlocal reads
        reads += 1
        return await real(self, task_id, after)

    monkeypatch.setattr(TaskRecords, "events", counted)
    task_id = await world.start(*({**SAY, "id": f"s{n}"} for n in range(5)))

    async def watch() -> list[int]:
        seen: list[int] = []
        async for batch in world.tasks.follow(task_id):
            seen += [event.id for event in batch]
            if batch[-1].type == "completion":
                return seen
        return seen

    watchers = [asyncio.create_task(watch()) for _ in range(500)]
    await asyncio.sleep(0)
    async with world.working():
        seen = await asyncio.wait_for(asyncio.gather(*watchers), 30)
    assert all(one == seen[0] for one in seen)
    assert len(seen[0]) == 17
    assert reads <= 30


async def test_a_watcher_sees_a_retry(world: World) -> None:
    async with world.working():
        task_id = await world.start({"action": "fail"})
        kinds: list[str] = []
        async for batch in world.tasks.follow(task_id):
            kinds += [event.type for event in batch]
            if kinds.count("completion") == 1 and "recovered" not in kinds:
                await world.tasks.retry(task_id, secrets={}, initiator=GUEST, token=None)
            if kinds.count("completion") == 2:
                break
    assert kinds.index("recovered") > kinds.index("completion")


async def test_the_tables_are_as_the_models_say(world: World) -> None:
    from sqlalchemy import inspect

    def columns(connection: Any) -> dict[str, set[str]]:
        found = inspect(connection)
        return {
            table: {column["name"] for column in found.get_columns(table)}
            | {str(index["name"]) for index in found.get_indexes(table) if not index.get("unique")}
            for table in found.get_table_names()
            if table.startswith("scaffolder_task")
        }

    async with world.database.engine.connect() as connection:
        stored = await connection.run_sync(columns)
    assert stored == {
        name: {column.name for column in table.columns}
        | {str(index.name) for index in table.indexes if not index.unique}
        for name, table in SQLModel.metadata.tables.items()
        if name.startswith("scaffolder_task")
    }
    assert tables.TaskRow.__tablename__ in stored


async def test_pages_by_cursor_stay_whole_while_tasks_are_made(world: World) -> None:
    ids = [await world.start({"action": "say"}) for _ in range(5)]
    seen, after = list[str](), None
    while True:
        tasks, total = await world.tasks.find(limit=2, after=after)
        if not tasks:
            break
        seen += [task.id for task in tasks]
        after = tasks[-1].cursor
        await world.start({"action": "say"})
    assert seen == ids[::-1]
    assert total > len(ids)
    oldest, _ = await world.tasks.find(order=[("created_at", "asc")], limit=2)
    following, _ = await world.tasks.find(order=[("created_at", "asc")], limit=1, after=oldest[-1].cursor)
    assert [task.id for task in following] == ids[2:3]
    with pytest.raises(InputError, match="Malformed cursor"):
        await world.tasks.find(after="x")
    with pytest.raises(InputError, match="order by created_at"):
        await world.tasks.find(order=[("status", "asc")], after=oldest[-1].cursor)
    with pytest.raises(InputError):
        await world.tasks.find(order=[("created_at", "asc"), ("status", "asc")], after=oldest[-1].cursor)

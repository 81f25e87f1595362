"""Scheduled tasks on real databases, and their routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import ConflictError, NotFoundError
from app.interfaces import ScheduledTask
from app.schedule import Scheduler
from app.schedule.routes import scheduler_routes
from tests.app.http.site import running_site
from tests.conftest import AnyDatabase


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Job:
    """A task that says when it runs, and ends when it is let."""

    def __init__(self) -> None:
        self.runs = 0
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self) -> None:
        self.runs += 1
        self.began.set()
        await self.may_end.wait()


def manual(run: Callable[[], Awaitable[None]], **options: Any) -> ScheduledTask:
    return ScheduledTask("tidy", run, None, **options)


@asynccontextmanager
async def leading(scheduler: Scheduler) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(scheduler.run_global("ingest")), group.create_task(scheduler.run_local("ingest"))]
        try:
            yield
        finally:
            for run in runs:
                run.cancel()


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for is another process's in earnest
            await asyncio.sleep(0.005)


def state(scheduler: Scheduler, plugin: str = "shelf") -> Any:
    [listed] = scheduler.listed(plugin)
    return listed


async def test_a_task_runs_again_and_again_and_a_failure_is_tried_again(database: AnyDatabase) -> None:
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        raise RuntimeError("no luck")

    scheduler = Scheduler(database, Now())
    scheduler.add("shelf", ScheduledTask("often", run, timedelta(milliseconds=5)), "ingest")
    async with leading(scheduler):
        await eventually(lambda: runs >= 3)
    assert state(scheduler)["settings"] == {"version": 2, "cadence": "PT0.005S", "timeoutAfterDuration": "PT1H"}
    assert state(scheduler)["taskState"] is None


async def test_a_manual_task_runs_when_triggered_and_never_twice_at_once(database: AnyDatabase) -> None:
    job, scheduler = Job(), Scheduler(database, Now())
    scheduler.add("shelf", manual(job), "ingest")
    async with leading(scheduler):
        await eventually(lambda: state(scheduler)["taskState"] == {"status": "idle"})
        await scheduler.trigger("shelf", "tidy")
        await job.began.wait()
        assert state(scheduler)["taskState"]["status"] == "running"
        with pytest.raises(ConflictError, match="Task tidy is currently running"):
            await scheduler.trigger("shelf", "tidy")
        job.may_end.set()
        await eventually(lambda: state(scheduler)["workerState"] == {"status": "idle"})
    assert job.runs == 1
    assert state(scheduler)["settings"]["cadence"] == "manual"


async def test_a_run_can_be_cancelled_and_the_task_goes_on(database: AnyDatabase) -> None:
    job, scheduler = Job(), Scheduler(database, Now())
    scheduler.add("shelf", manual(job), "ingest")
    async with leading(scheduler):
        await eventually(lambda: state(scheduler)["taskState"] is not None)
        with pytest.raises(ConflictError, match="Task tidy is not running"):
            await scheduler.cancel("shelf", "tidy")
        await scheduler.trigger("shelf", "tidy")
        await job.began.wait()
        await scheduler.cancel("shelf", "tidy")
        await eventually(lambda: state(scheduler)["taskState"].get("lastRunError") == "Task was cancelled")
        job.began.clear()
        await scheduler.trigger("shelf", "tidy")
        await job.began.wait()
        job.may_end.set()


async def test_a_run_that_takes_too_long_is_ended(database: AnyDatabase) -> None:
    job, scheduler = Job(), Scheduler(database, Now())
    scheduler.add("shelf", ScheduledTask("slow", job, timedelta(hours=1), timeout=timedelta(milliseconds=10)), "ingest")
    async with leading(scheduler):
        await eventually(lambda: "TimeoutError" in (state(scheduler)["taskState"] or {}).get("lastRunError", ""))


async def test_one_process_leads_and_triggers_reach_it_from_another(database: AnyDatabase) -> None:
    jobs = [Job(), Job()]
    schedulers = [Scheduler(database, Now()) for _ in jobs]
    for scheduler, job in zip(schedulers, jobs, strict=True):
        scheduler.add("shelf", manual(job), "ingest")
        scheduler.listen()
    async with leading(schedulers[0]):
        await eventually(lambda: state(schedulers[0])["taskState"] is not None)
        async with leading(schedulers[1]):
            await schedulers[1].trigger("shelf", "tidy")
            async with asyncio.timeout(10):
                await jobs[0].began.wait()
            await schedulers[1].cancel("shelf", "tidy")
            await eventually(lambda: "lastRunError" in state(schedulers[0])["taskState"])
            assert (jobs[1].runs, state(schedulers[1])["taskState"]) == (0, None)


async def test_local_tasks_run_in_every_process(database: AnyDatabase) -> None:
    jobs = [Job(), Job()]
    schedulers = [Scheduler(database, Now()) for _ in jobs]
    for scheduler, job in zip(schedulers, jobs, strict=True):
        scheduler.add("shelf", ScheduledTask("each", job, timedelta(hours=1), scope="local"), "ingest")
    async with leading(schedulers[0]), leading(schedulers[1]), asyncio.timeout(10):
        for job in jobs:
            await job.began.wait()


async def test_two_tasks_of_a_plugin_have_two_names(database: AnyDatabase) -> None:
    scheduler = Scheduler(database, Now())
    scheduler.add("shelf", manual(Job()), "ingest")
    scheduler.add("other", manual(Job()), "ingest")
    with pytest.raises(ValueError, match="two scheduled tasks 'tidy'"):
        scheduler.add("shelf", manual(Job()), "worker")
    with pytest.raises(NotFoundError, match="Task nope does not exist"):
        await scheduler.trigger("shelf", "nope")


async def test_tasks_are_listed_and_triggered_over_http(database: AnyDatabase) -> None:
    job, scheduler = Job(), Scheduler(database, Now())
    scheduler.add("shelf", manual(job, initial_delay=timedelta(seconds=90), scope="local"), "ingest")
    async with running_site() as site, leading(scheduler):
        site.mounts.add_framework(scheduler_routes(scheduler))
        await eventually(lambda: state(scheduler)["taskState"] is not None)
        tasks = "/api/shelf/.backstage/scheduler/v1/tasks"
        assert (await site.get(tasks)).json() == {
            "tasks": [
                {
                    "taskId": "tidy",
                    "pluginId": "shelf",
                    "scope": "local",
                    "settings": {
                        "version": 2,
                        "cadence": "manual",
                        "timeoutAfterDuration": "PT1H",
                        "initialDelayDuration": "PT1M30S",
                    },
                    "taskState": {"status": "idle"},
                    "workerState": {"status": "initial-wait"},
                }
            ]
        }
        assert (await site.get("/api/other/.backstage/scheduler/v1/tasks")).json() == {"tasks": []}
        assert (await site.get(tasks, token=None)).status_code == 401
        unknown = await site.post(f"{tasks}/nope/trigger")
        assert (unknown.status_code, unknown.json()["error"]) == (
            404,
            {"name": "NotFoundError", "message": "Task nope does not exist"},
        )
        assert (await site.post(f"{tasks}/tidy/trigger")).status_code == 200
        await job.began.wait()
        assert (await site.post(f"{tasks}/tidy/trigger")).status_code == 409
        assert (await site.post(f"{tasks}/tidy/cancel")).status_code == 200
        denied = await site.post("/api/other/.backstage/scheduler/v1/tasks/tidy/trigger", token="restricted")
        assert denied.status_code == 403

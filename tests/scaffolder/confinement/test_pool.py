"""Confined jobs: what they cannot reach, which limit ends them, and that nothing of them stays."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.confinement.limits import LIMITS, LimitReachedError
from app.errors import CallboardError, name_of
from scaffolder.confinement.pool import ConfinedJobs, JobError
from scaffolder.interfaces import ScaffolderExtensions, TemplateFilter, TemplateGlobal


@pytest.fixture
async def extensions() -> ScaffolderExtensions:
    return ScaffolderExtensions()


@pytest.fixture
async def jobs(extensions: ScaffolderExtensions) -> AsyncIterator[ConfinedJobs]:
    made = ConfinedJobs(lambda: extensions)
    yield made
    await made.stop()


def _render(folder: Path, text: str | bytes, **arguments: Any) -> dict[str, Any]:
    (folder / "source").mkdir(exist_ok=True)
    (folder / "target").mkdir(exist_ok=True)
    (folder / "source/file").write_bytes(text if isinstance(text, bytes) else text.encode())
    return {
        "source": str(folder / "source"),
        "file": "file",
        "root": str(folder / "target"),
        "target": "file",
        "values": {"n": 3},
        **arguments,
    }


async def test_a_file_is_rendered_in_another_process(jobs: ConfinedJobs, tmp_path: Path) -> None:
    await jobs("render-file", _render(tmp_path, "n=${{ values.n }}"))
    assert (tmp_path / "target/file").read_text() == "n=3"


async def test_filters_and_globals_of_plugins_are_asked_for_here(
    jobs: ConfinedJobs, extensions: ScaffolderExtensions, tmp_path: Path
) -> None:
    async def slowly(value: str) -> str:
        await asyncio.sleep(0)
        return f"<{value}>"

    extensions.add_template_filter(TemplateFilter("pid", lambda _: os.getpid()), TemplateFilter("slowly", slowly))
    extensions.add_template_global(
        TemplateGlobal("twice", call=lambda value: value * 2), TemplateGlobal("fixed", value=[1])
    )
    arguments = _render(
        tmp_path,
        "${{ 1 | pid }} ${{ 'a' | slowly }} ${{ twice('b') }} ${{ fixed[0] }}",
        filters=["pid", "slowly"],
        functions=["twice"],
        constants={"fixed": [1]},
    )
    await jobs("render-file", arguments)
    assert (tmp_path / "target/file").read_text() == f"{os.getpid()} <a> bb 1"


async def test_a_failing_filter_is_an_error_of_the_template(
    jobs: ConfinedJobs, extensions: ScaffolderExtensions, tmp_path: Path
) -> None:
    def fail(_: object) -> object:
        raise ValueError("no luck")

    extensions.add_template_filter(TemplateFilter("fail", fail))
    with pytest.raises(JobError, match=r"line 1, column .*no luck") as caught:
        await jobs("render-file", _render(tmp_path, "${{ 1 | fail }}", filters=["fail"]))
    assert name_of(caught.value) == "TemplateRenderError"


@pytest.mark.parametrize(
    ("job", "text", "bounds", "limit"),
    [
        (
            "render-file",
            "{% for a in range(9000) %}{% for b in range(9000) %}{% set x = a*b %}{% endfor %}{% endfor %}",
            {"time": 0.02},
            "time",
        ),
        ("render-file", "x" * 20_000, {"file_size": 10_000}, "file_size"),
        ("render-file", "x" * 20_000, {"bytes": 10_000}, "bytes"),
        ("render-file", "x", {"files": 0}, "files"),
        ("render-file", b"x" * 15_000_000, {"memory": 48 * 1024 * 1024}, "memory"),
    ],
    ids=["time", "file_size", "bytes", "files", "memory"],
)
async def test_the_limit_that_was_hit_is_named(
    jobs: ConfinedJobs, tmp_path: Path, job: str, text: str | bytes, bounds: dict[str, Any], limit: str
) -> None:
    with pytest.raises(LimitReachedError, match=f"'{limit}'") as caught:
        await jobs.run(job, _render(tmp_path, text), limits=replace(LIMITS, **bounds))
    assert caught.value.limit == limit
    assert name_of(caught.value) == "InputError"
    # The next job is none the worse for it.
    await jobs("render-file", _render(tmp_path, "fine"))


async def test_processor_time_ends_a_job(jobs: ConfinedJobs, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "target").mkdir()
    heavy = "{% for a in range(300) %}{% for b in range(300) %}{% set x = a %}{% endfor %}{% endfor %}"
    for number in range(60):
        (tmp_path / f"source/{number}").write_text(heavy)
    with pytest.raises(LimitReachedError) as caught:
        await jobs.run(
            "render-tree",
            {"source": str(tmp_path / "source"), "root": str(tmp_path / "target"), "target": "", "values": {}},
            limits=replace(LIMITS, cpu=1),
        )
    assert caught.value.limit == "cpu"


async def test_a_cancelled_job_leaves_nothing_running(jobs: ConfinedJobs, tmp_path: Path) -> None:
    await jobs.start()
    assert jobs._mother is not None
    heavy = "{% for a in range(300) %}{% for b in range(300) %}{% set x = a %}{% endfor %}{% endfor %}"
    (tmp_path / "source").mkdir()
    (tmp_path / "target").mkdir()
    for number in range(200):
        (tmp_path / f"source/{number}").write_text(heavy)
    arguments = {"source": str(tmp_path / "source"), "root": str(tmp_path / "target"), "target": "", "values": {}}
    running = asyncio.create_task(jobs("render-tree", arguments))
    async with asyncio.timeout(20):
        while not _children_of(jobs._mother.pid):  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert _children_of(jobs._mother.pid) == []


async def test_the_mother_may_die_between_two_jobs(jobs: ConfinedJobs, tmp_path: Path) -> None:
    await jobs("render-file", _render(tmp_path, "1"))
    assert jobs._mother is not None
    jobs._mother.kill()
    jobs._mother.wait()
    await jobs("render-file", _render(tmp_path, "2"))
    assert (tmp_path / "target/file").read_text() == "2"


async def test_jobs_have_no_network_and_no_environment(
    jobs: ConfinedJobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_SECRET", "canary")
    await jobs.start()
    assert jobs._mother is not None
    proc = Path("/proc", str(jobs._mother.pid))
    assert b"canary" not in (proc / "environ").read_bytes()
    assert (proc / "cwd").readlink() == Path("/")
    # Where the kernel knows user namespaces the mother, and so each child, has an empty network.
    if jobs.isolated:
        assert _network_of(str(jobs._mother.pid)) != _network_of("self")
        interfaces = [line.split(":")[0].strip() for line in (proc / "net/dev").read_text().splitlines()[2:]]
        assert set(interfaces) <= {
            "lo",
            "tunl0",
            "sit0",
            "ip6tnl0",
            "gre0",
            "gretap0",
            "erspan0",
            "ip_vti0",
            "ip6_vti0",
            "ip6gre0",
        }


async def test_an_unknown_job_is_an_error(jobs: ConfinedJobs) -> None:
    with pytest.raises(CallboardError):
        await jobs("rm -rf", {})


async def test_many_jobs_at_once_all_end(jobs: ConfinedJobs, tmp_path: Path) -> None:
    started = time.monotonic()

    async def one(number: int) -> None:
        place = tmp_path / str(number)
        place.mkdir()
        await jobs("render-file", _render(place, f"{number} ${{{{ values.n }}}}"))
        assert (place / "target/file").read_text() == f"{number} 3"

    await asyncio.gather(*(one(number) for number in range(60)))
    assert time.monotonic() - started < 60


def _children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _network_of(process: str) -> Path:
    return Path("/proc", process, "ns/net").readlink()

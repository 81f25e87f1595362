"""Locations of type `file`. Source: spec/catalog.md §4.6."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import InputError, NotFoundError, NotModifiedError
from app.reading.file import FileReader


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in ("a.yaml", "b.txt", "x/a.yaml", "x/y/a.yaml", ".hidden/a.yaml", "x/.dot.yaml"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
        aged(file)
    return tmp_path


def aged(file: Path, seconds: float = 60) -> None:
    then = time.time() - seconds
    os.utime(file, (then, then))


async def paths(pattern: str, below: Path) -> list[str]:
    found = await FileReader().search(pattern)
    return [str(Path(file.url).relative_to(below)) for file in found.files]


async def test_a_path_names_one_file(folder: Path) -> None:
    found = await FileReader().search(str(folder / "a.yaml"))
    assert [(file.url, await file.read()) for file in found.files] == [(str(folder / "a.yaml"), b"a.yaml")]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.yaml", ["a.yaml"]),
        ("*/a.yaml", ["x/a.yaml"]),
        ("**/a.yaml", ["a.yaml", "x/a.yaml", "x/y/a.yaml"]),
        ("x/**", ["x/a.yaml", "x/y/a.yaml"]),
        ("./x/../a.yaml", ["a.yaml"]),
        ("**/.dot.yaml", ["x/.dot.yaml"]),
        ("{a,b}.*", ["a.yaml", "b.txt"]),
        ("none/*.yaml", []),
        ("none.yaml", []),
        ("a.yaml/x", []),
        ("x", []),
    ],
)
async def test_a_glob_names_regular_files_sorted(pattern: str, expected: list[str], folder: Path) -> None:
    assert await paths(f"{folder}/{pattern}", folder) == expected


async def test_a_relative_path_starts_at_the_working_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert await paths("./x/*.yaml", folder) == ["x/a.yaml"]


async def test_nothing_is_read_again_when_nothing_has_changed(folder: Path) -> None:
    reader = FileReader()
    etag = (await reader.search(f"{folder}/**/*.yaml")).etag
    assert etag is not None
    with pytest.raises(NotModifiedError):
        await reader.search(f"{folder}/**/*.yaml", etag=etag)


def grown(folder: Path) -> None:
    (folder / "x/a.yaml").write_text("longer than before")
    aged(folder / "x/a.yaml")


def touched(folder: Path) -> None:
    (folder / "x/a.yaml").write_text("X/a.yaml")
    aged(folder / "x/a.yaml", 30)


def removed(folder: Path) -> None:
    (folder / "x/a.yaml").unlink()


def added(folder: Path) -> None:
    (folder / "new.yaml").write_text("")
    aged(folder / "new.yaml")


def replaced(folder: Path) -> None:
    status = (folder / "x/a.yaml").stat()
    (folder / "fresh").write_text("X/a.yaml")
    os.utime(folder / "fresh", ns=(status.st_atime_ns, status.st_mtime_ns))
    (folder / "fresh").replace(folder / "x/a.yaml")


@pytest.mark.parametrize("change", [grown, touched, removed, added, replaced])
async def test_every_change_is_seen(change: Callable[[Path], None], folder: Path) -> None:
    reader = FileReader()
    etag = (await reader.search(f"{folder}/**/*.yaml")).etag
    change(folder)
    assert (await reader.search(f"{folder}/**/*.yaml", etag=etag)).etag not in (None, etag)


async def test_a_file_written_this_moment_is_not_trusted_to_stay(folder: Path) -> None:
    """Two writes within one tick of the file system's clock look like one."""
    (folder / "a.yaml").write_text("fresh")
    found = await FileReader().search(f"{folder}/*.yaml")
    assert (found.etag, found.files[0].version) == (None, None)


async def test_a_file_that_vanishes_before_it_is_read_is_not_found(folder: Path) -> None:
    found = await FileReader().search(f"{folder}/a.yaml")
    (folder / "a.yaml").unlink()
    with pytest.raises(NotFoundError):
        await found.files[0].read()


async def test_pipes_are_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    assert await paths(f"{folder}/*.yaml", folder) == ["a.yaml"]


async def test_links_in_circles_end(folder: Path) -> None:
    (folder / "x/loop").symlink_to(folder)
    assert await paths(f"{folder}/**/a.yaml", folder) == ["a.yaml", "x/a.yaml", "x/y/a.yaml"]


async def test_a_huge_file_is_refused(folder: Path) -> None:
    with (folder / "huge.yaml").open("wb") as file:
        file.truncate(60 * 1024 * 1024)
    found = await FileReader().search(f"{folder}/huge.yaml")
    with pytest.raises(InputError, match="larger"):
        await found.files[0].read()


async def test_a_nul_in_a_path_is_an_input_error() -> None:
    with pytest.raises(InputError):
        await FileReader().search("/etc/pass\x00wd")


def walk_bare(folder: Path) -> int:
    """What the operating system takes for the same."""
    return sum(Path(at, name).stat().st_size + 1 for at, _, names in os.walk(folder) for name in names)


async def test_thousands_of_files_are_checked_nearly_as_fast_as_the_system_lists_them(tmp_path: Path) -> None:
    for number in range(3000):
        file = tmp_path / f"d{number % 100}" / f"{number}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.touch()
        aged(file)
    reader = FileReader()
    etag = (await reader.search(f"{tmp_path}/**/*.yaml")).etag
    started = time.process_time()
    assert walk_bare(tmp_path) == 3000
    bare = time.process_time() - started
    started = time.process_time()
    with pytest.raises(NotModifiedError):
        await reader.search(f"{tmp_path}/**/*.yaml", etag=etag)
    assert time.process_time() - started < 10 * bare

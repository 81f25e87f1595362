"""The archive corpus of FIELD §5b (CVE-2026-24046): links, devices, traversal, bombs, colliding names."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.confinement.limits import LIMITS, LimitReachedError
from app.errors import InputError, NotAllowedError
from scaffolder.confinement.pool import ConfinedJobs


@pytest.fixture
async def jobs() -> AsyncIterator[ConfinedJobs]:
    made = ConfinedJobs()
    yield made
    await made.stop()


def _tar(*members: tuple[str, bytes | str | int], mode: str = "w:gz") -> bytes:
    """Content as bytes is a file, text is a symbolic link, `hard:…` a hard link, a number a device's type."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
                continue
            if isinstance(content, str):
                info.type = tarfile.LNKTYPE if content.startswith("hard:") else tarfile.SYMTYPE
                info.linkname = content.removeprefix("hard:")
            else:
                info.type = bytes([content])
            archive.addfile(info)
    return output.getvalue()


def _zip(*members: tuple[str, bytes], mode: int = 0o100644) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return output.getvalue()


HOSTILE = {
    "parent": _tar(("../escaped", b"x")),
    "parent in the middle": _tar(("a/../../escaped", b"x")),
    "absolute": _tar(("/tmp/escaped", b"x")),
    "link": _tar(("l", "../outside")),
    "link and a file through it": _tar(("l", ".."), ("l/escaped", b"x")),
    "hard link": _tar(("h", "hard:../secret")),
    "character device": _tar(("d", tarfile.CHRTYPE[0])),
    "pipe": _tar(("p", tarfile.FIFOTYPE[0])),
    "backslash": _tar(("..\\escaped", b"x")),
    "drive": _tar(("C:escaped", b"x")),
    "twice": _tar(("a", b"1"), ("a", b"2")),
    "other case": _tar(("README", b"1"), ("readme", b"2")),
    "other Unicode form": _tar(("\u00e9", b"1"), ("e\u0301", b"2")),
    "file as a folder": _tar(("a", b"1"), ("A/b", b"2")),
    "git": _tar((".git/config", b"[core]\n\tsshCommand = id\n")),
    "git by another name": _tar(("sub/.GiT./config", b"x")),
    "zip parent": _zip(("../escaped", b"x")),
    "zip absolute": _zip(("/escaped", b"x")),
    "zip link": _zip(("l", b"/etc/passwd"), mode=0o120777),
    "zip device": _zip(("d", b""), mode=0o020666),
    "zip twice": _zip(("a", b"1"), ("./a", b"2")),
}


@pytest.mark.parametrize("archive", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_archive_writes_nothing(archive: bytes, jobs: ConfinedJobs, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("secret")
    (root / "archive").write_bytes(archive)
    with pytest.raises(NotAllowedError):
        await jobs("unpack", {"root": str(root), "archive": "archive", "target": "out"})
    assert _names(tmp_path) == ["archive", "root", "secret"]
    assert (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize(
    "bomb", [_zip(("bomb", b"\0" * 30_000_000)), _tar(("bomb", b"\0" * 30_000_000))], ids=["zip", "tar"]
)
async def test_a_bomb_is_stopped_by_what_comes_out(bomb: bytes, jobs: ConfinedJobs, tmp_path: Path) -> None:
    assert len(bomb) < 100_000
    (tmp_path / "archive").write_bytes(bomb)
    with pytest.raises(LimitReachedError) as caught:
        await jobs.run(
            "unpack",
            {"root": str(tmp_path), "archive": "archive", "target": "out"},
            limits=replace(LIMITS, bytes=1_000_000),
        )
    assert caught.value.limit == "bytes"
    assert not (tmp_path / "out/bomb").exists()


async def test_a_great_number_of_files_is_stopped(jobs: ConfinedJobs, tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(_zip(*((f"f{number}", b"") for number in range(300))))
    with pytest.raises(LimitReachedError, match="'files'"):
        await jobs.run(
            "unpack",
            {"root": str(tmp_path), "archive": "archive", "target": "out"},
            limits=replace(LIMITS, files=100),
        )


@pytest.mark.parametrize(
    "archive", [b"", b"PK\x03\x04rubbish", b"\x1f\x8brubbish", _tar(("a", bytes(range(256)) * 20))[:200]]
)
async def test_what_is_no_archive_is_bad_input(archive: bytes, jobs: ConfinedJobs, tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(archive)
    with pytest.raises(InputError):
        await jobs("unpack", {"root": str(tmp_path), "archive": "archive", "target": "out"})


async def test_an_honest_archive_comes_out_as_it_went_in(jobs: ConfinedJobs, tmp_path: Path) -> None:
    (tmp_path / "in/sub/empty").mkdir(parents=True)
    (tmp_path / "in/.dot").write_text("dot")
    (tmp_path / "in/sub/run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "in/sub/run.sh").chmod(0o755)
    (tmp_path / "in/link").symlink_to("/etc/passwd")
    await jobs("pack", {"root": str(tmp_path), "path": "in", "target": "made.zip"})
    await jobs("unpack", {"root": str(tmp_path), "archive": "made.zip", "target": "out"})
    assert _names(tmp_path / "out") == [".dot", "empty", "run.sh", "sub"]
    assert (tmp_path / "out/sub/run.sh").stat().st_mode & 0o777 == 0o755


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))

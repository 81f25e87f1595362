"""Tests of a template: values, and the tree that comes of them.

`tests/<case>/values.yaml` beside a template holds the values, `tests/<case>/expected/` the files a dry run makes. A
case with an `error.txt` instead expects the run to fail with that text.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Final

from scaffolder.cli.source import TESTS, Source
from scaffolder.service.dry_run import GivenFile

VALUES: Final = "values.yaml"
EXPECTED: Final = "expected"
ERROR: Final = "error.txt"


@dataclass(frozen=True, slots=True)
class Case:
    source: Source
    folder: Path

    @property
    def name(self) -> str:
        return f"{self.source.entity['metadata']['name']}/{self.folder.name}"


def cases(source: Source) -> list[Case]:
    """The test cases beside a template, by name."""
    folder = source.folder / TESTS
    return [Case(source, path.parent) for path in sorted(folder.glob(f"*/{VALUES}"))]


def differences(case: Case, files: Sequence[GivenFile], error: str | None) -> list[str]:
    """What is not as expected; nothing if all is."""
    wanted_error = _text(case.folder / ERROR)
    if wanted_error is not None or error is not None:
        return [] if wanted_error == error else [f"expected the error {wanted_error!r}, got {error!r}"]
    made = {file.path: file for file in files}
    wanted = {file.path: file for file in _expected(case.folder / EXPECTED)}
    found = [f"{path} is missing" for path in sorted(wanted.keys() - made.keys())]
    found += [f"{path} is not expected" for path in sorted(made.keys() - wanted.keys())]
    for path in sorted(wanted.keys() & made.keys()):
        found += _difference(wanted[path], made[path])
    return found


def update(case: Case, files: Sequence[GivenFile], error: str | None) -> None:
    """Make what there is the expectation."""
    shutil.rmtree(case.folder / EXPECTED, ignore_errors=True)
    (case.folder / ERROR).unlink(missing_ok=True)
    if error is not None:
        (case.folder / ERROR).write_text(f"{error}\n")
    else:
        write(case.folder / EXPECTED, files)


def write(folder: Path, files: Sequence[GivenFile]) -> None:
    """Write files below a folder, which is made; what is there is overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(0o755 if file.executable else 0o644)


def _expected(folder: Path) -> Iterator[GivenFile]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            executable = bool(path.stat().st_mode & stat.S_IXUSR)
            yield GivenFile(path.relative_to(folder).as_posix(), path.read_bytes(), executable)


def _difference(wanted: GivenFile, made: GivenFile) -> list[str]:
    if wanted.content != made.content:
        before, after = wanted.content.decode(errors="replace"), made.content.decode(errors="replace")
        lines = unified_diff(before.splitlines(), after.splitlines(), f"expected {wanted.path}", "made", lineterm="")
        return ["\n".join(lines) or f"{wanted.path} differs in its line endings"]
    if wanted.executable != made.executable:
        return [f"{wanted.path} is {'' if made.executable else 'not '}executable"]
    return []


def _text(path: Path) -> str | None:
    return path.read_text().removesuffix("\n") if path.is_file() else None

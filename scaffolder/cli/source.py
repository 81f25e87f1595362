"""A template in a folder, and the files beside it."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.errors import InputError
from scaffolder.actions.yaml_read import yaml_documents
from scaffolder.service.dry_run import GivenFile
from scaffolder.template.kind import TEMPLATE

Json = Any
TESTS: Final = "tests"
"""The folder beside a template that holds its tests."""
_LEFT_OUT: Final = frozenset({".git", TESTS})


@dataclass(frozen=True, slots=True)
class Source:
    """`path` is the file that holds the template; relative URLs start in its folder."""

    path: Path
    entity: Mapping[str, Json]

    @property
    def folder(self) -> Path:
        return self.path.parent

    def files(self) -> list[GivenFile]:
        """What lies beside the template, but for its tests and its repository."""
        found: list[GivenFile] = []
        for path in sorted(self.folder.rglob("*")):
            relative = path.relative_to(self.folder)
            if relative.parts[0] in _LEFT_OUT or path.is_symlink() or not path.is_file():
                continue
            executable = bool(path.stat().st_mode & stat.S_IXUSR)
            found.append(GivenFile(relative.as_posix(), path.read_bytes(), executable))
        return found


def documents(path: Path) -> list[Json]:
    """The documents of a YAML file. Raises InputError."""
    try:
        return yaml_documents(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise InputError(f"{path}: {error}") from error


def templates(paths: Iterable[Path]) -> list[Source]:
    """All templates in these files and, recursively, folders. Raises InputError: there is none, or YAML that is not."""
    found: list[Source] = []
    for path in paths:
        if path.is_dir():
            files = [one for one in sorted(path.rglob("template.y*ml")) if TESTS not in one.relative_to(path).parts]
        else:
            files = [path]
        for file in files:
            found += [
                Source(file, one)
                for one in documents(file)
                if isinstance(one, Mapping) and one.get("kind") == TEMPLATE.name
            ]
    if not found:
        raise InputError("there is no template")
    return found

"""Templates on disk, and the files beside them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.errors import InputError
from catalog.lint.documents import PlacedDocument, placed_documents
from catalog.lint.findings import Finding
from scaffolder.cli.placeholders import PlaceholderError, replaced
from scaffolder.service.dry_run import GivenFile
from scaffolder.template.kind import TEMPLATE
from scaffolder.template.lists import LISTS, flat_members, with_flat_lists

Json = Any
Steps = tuple[str | int, ...]
TESTS: Final = "tests"
"""The folder beside a template that holds its tests."""
_LEFT_OUT: Final = frozenset({".git", TESTS})
_SKIPPED: Final = frozenset({".git", ".venv", "node_modules", "__pycache__"})
_MENTIONED: Final = re.compile(rb"^[\"']?kind[\"']?\s*:\s*[\"']?Template\b", re.MULTILINE)
_TO_FILL_IN: Final = ("${{", "{{", "{%")
"""A file or name with one of these is itself part of a skeleton."""


@dataclass(frozen=True, slots=True)
class Source:
    """`path` is the file that holds the template, `root` the repository or folder it belongs to; relative URLs start
    in the file's folder. `entity` has its placeholders replaced; `places` says where in the file the members of its
    lists stand, by the list's name."""

    path: Path
    entity: Mapping[str, Json]
    root: Path
    document: PlacedDocument
    places: Mapping[str, Sequence[Steps]]

    @classmethod
    def of(cls, path: Path, root: Path, document: PlacedDocument) -> Source:
        """Raises PlaceholderError."""
        entity = replaced(document.value, path, root)
        spec = entity.get("spec")
        places = {
            name: [place for place, _ in flat_members(spec[name])]
            for name in LISTS
            if isinstance(spec, Mapping) and isinstance(spec.get(name), list)
        }
        return cls(path, with_flat_lists(entity), root, document, places)

    def place(self, name: str, index: int) -> Steps:
        """Where a step or page stands in the template's YAML."""
        return ("spec", name, *self.places[name][index]) if name in self.places else ("spec", name)

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def base(self) -> Path:
        """The innermost folder that holds the template and all that its steps name beside it, within the root."""
        base = self.folder.resolve()
        for url in self._relative_urls():
            target = (self.folder / url).resolve()
            if target.exists() and target.is_relative_to(self.root.resolve()):
                base = Path(os.path.commonpath([base, target]))
        return base

    def files(self) -> list[GivenFile]:
        """What lies beside the template, by its path below `base`, but for its tests and its repository. Of what lies
        outside its own folder only what its steps name is taken."""
        base = self.base
        taken: dict[str, Path] = {}
        for top in (self.folder.resolve(), *((self.folder / url).resolve() for url in self._relative_urls())):
            if top.is_relative_to(base) and top.exists():
                taken |= {path.relative_to(base).as_posix(): path for path in _below(top)}
        return [
            GivenFile(name, path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR))
            for name, path in sorted(taken.items())
        ]

    @property
    def name_below_base(self) -> str:
        """The template's own path below `base`."""
        return self.path.resolve().relative_to(self.base).as_posix()

    def skeletons(self) -> list[Path]:
        """The folders that steps fill in: what looks like a template in there is none yet."""
        folder = self.folder.resolve()
        found = [(folder / url).resolve() for url in self._relative_urls()]
        return [one for one in found if one.is_dir() and not folder.is_relative_to(one)]

    def _relative_urls(self) -> Iterator[str]:
        spec = self.entity.get("spec")
        steps = spec.get("steps") if isinstance(spec, Mapping) else None
        for step in steps if isinstance(steps, list) else ():
            given = step.get("input") if isinstance(step, Mapping) else None
            url = given.get("url") if isinstance(given, Mapping) else None
            if isinstance(url, str) and not is_absolute(url) and not any(mark in url for mark in _TO_FILL_IN):
                yield url


def is_absolute(url: str) -> bool:
    return ":" in url.partition("/")[0]


def templates(paths: Iterable[Path]) -> list[Source]:
    """All templates in these files and, recursively, folders. Raises InputError: there is none, or one that cannot be
    read."""
    sources, findings = read_templates(paths)
    for one in findings:
        raise InputError(f"{one.path}:{one.line}:{one.column}: {one.message}")
    return sources


def read_templates(paths: Iterable[Path]) -> tuple[list[Source], list[Finding]]:
    """The templates that can be read, and what is wrong with the others. Raises InputError: there is none at all."""
    sources: list[Source] = []
    findings: list[Finding] = []
    named = set[Path]()
    for given in paths:
        if not given.exists():
            raise InputError(f"there is no {given}")
        if given.is_file():
            named.add(given)
        for file in _candidates(given) if given.is_dir() else [given]:
            root = _root_of(file, given)
            for one in placed_documents(file):
                if isinstance(one, Finding):
                    findings.append(one)
                elif _is_template(one.value):
                    try:
                        sources.append(Source.of(file, root, one))
                    except PlaceholderError as error:
                        findings.append(Finding(str(file), *one.place(error.path), "placeholder", error.message))
    filled_in = {folder for source in sources for folder in source.skeletons()}

    def is_wanted(file: Path) -> bool:
        return file in named or filled_in.isdisjoint(file.resolve().parents)

    sources = [one for one in sources if is_wanted(one.path)]
    findings = [one for one in findings if is_wanted(Path(one.path))]
    if not sources and not findings:
        raise InputError("there is no template")
    return sources, findings


def _candidates(folder: Path) -> Iterator[Path]:
    for file in sorted({*folder.rglob("*.yaml"), *folder.rglob("*.yml")}):
        inner = file.relative_to(folder).parts
        if _SKIPPED.isdisjoint(inner) and TESTS not in inner[:-1] and file.is_file():
            unnamed = any(mark in part for mark in _TO_FILL_IN for part in inner)
            if not unnamed and _MENTIONED.search(file.read_bytes()):
                yield file


def _is_template(value: Json) -> bool:
    if not isinstance(value, Mapping) or value.get("kind") != TEMPLATE.name:
        return False
    version, metadata = value.get("apiVersion"), value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    to_fill_in = isinstance(name, str) and any(mark in name for mark in _TO_FILL_IN)
    return isinstance(version, str) and "backstage.io/" in version and not to_fill_in


def _root_of(file: Path, given: Path) -> Path:
    """The repository a file is part of: what a template may refer to. Without one, the folder that was named, or the
    working directory if the file is in it."""
    for folder in file.resolve().parents:
        if (folder / ".git").exists():
            return folder
    if given.is_dir():
        return given
    here = Path.cwd()
    return here if file.resolve().is_relative_to(here) else file.parent


def _below(top: Path) -> Iterator[Path]:
    if top.is_file():
        yield top
        return
    for path in sorted(top.rglob("*")):
        if path.relative_to(top).parts[0] not in _LEFT_OUT and not path.is_symlink() and path.is_file():
            yield path

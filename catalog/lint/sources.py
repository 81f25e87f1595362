"""Which files a run looks at: files as named, globs, and whatever looks like a descriptor below a directory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from glob import has_magic
from pathlib import Path

DESCRIPTOR_NAMES = ("*.yaml", "*.yml")
_SKIPPED = frozenset({".git", ".venv", "node_modules", "__pycache__"})
_ENTITY = re.compile(rb"^[\"']?apiVersion[\"']?\s*:\s*[\"']?[a-z.]*backstage\.io/", re.MULTILINE)
_SKELETON = re.compile(rb"\$\{\{-?\s*values\b|\{\{-?\s*cookiecutter\.")


class NoSuchPathError(Exception):
    """A path that names nothing."""


def descriptors(paths: Iterable[str]) -> list[Path]:
    """The files to look at, each once, in the order given; those of a directory or glob sorted.

    Below a directory only YAML files with an API version of Backstage count, as others belong to other tools, and no
    skeletons that a template has yet to fill in. Raises NoSuchPathError for a path or glob that names nothing.
    """
    found: dict[Path, None] = {}
    for path in paths:
        for file in _named(path):
            found.setdefault(file)
    return list(found)


def _named(path: str) -> Iterator[Path]:
    place = Path(path)
    if place.is_dir():
        yield from _below(place)
    elif place.is_file():
        yield place
    elif has_magic(path):
        base = Path(place.anchor)
        files = sorted(match for match in base.glob(str(place.relative_to(base))) if match.is_file())
        if not files:
            raise NoSuchPathError(f"no file matches {path}")
        yield from files
    else:
        raise NoSuchPathError(f"there is no {path}")


def _below(directory: Path) -> Iterator[Path]:
    candidates = {file for name in DESCRIPTOR_NAMES for file in directory.rglob(name)}
    for file in sorted(candidates):
        inner = file.relative_to(directory).parts[:-1]
        if _SKIPPED.isdisjoint(inner) and file.is_file() and _is_descriptor(file):
            yield file


def _is_descriptor(file: Path) -> bool:
    try:
        content = file.read_bytes()
    except OSError:
        return True
    return _ENTITY.search(content) is not None and _SKELETON.search(content) is None

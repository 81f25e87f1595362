"""`{$yaml: ./steps.yaml}` and its kind in a template on disk, replaced by what the files hold.

Source: spec/catalog.md §4.5.

The server does the same while a template is processed. Here nothing is fetched: what a URL would give is told as
missing, and files must lie within `root`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson

from app.errors import InputError
from catalog.lint.documents import placed_documents
from catalog.lint.findings import Finding

Json = Any
Steps = tuple[str | int, ...]
MAX_DEPTH: Final = 200
_AS_TEXT: Final = frozenset({"text", "openapi", "asyncapi"})
_KNOWN: Final = _AS_TEXT | {"json", "yaml"}


class PlaceholderError(InputError):
    """A placeholder that cannot be followed; `path` is where it stands."""

    def __init__(self, path: Steps, message: str) -> None:
        super().__init__(message)
        self.path = path


def replaced(value: Json, file: Path, root: Path, path: Steps = ()) -> Json:
    """The value with its placeholders replaced. Raises PlaceholderError."""
    if isinstance(value, list) and len(path) < MAX_DEPTH:
        return [replaced(item, file, root, (*path, index)) for index, item in enumerate(value)]
    if not isinstance(value, dict) or len(path) >= MAX_DEPTH:
        return value
    if not any(key.startswith("$") for key in value):
        return {key: replaced(member, file, root, (*path, key)) for key, member in value.items()}
    ((name, target), *others) = value.items()
    if others or name[1:] not in _KNOWN:
        return value
    return _read(name, target, file, root, path)


def _read(name: str, target: Json, file: Path, root: Path, path: Steps) -> Json:
    if not isinstance(target, str):
        raise PlaceholderError(
            path,
            f"Placeholder {name} expected a string value parameter, in the form of an absolute URL or a relative path",
        )
    if "://" in target:
        raise PlaceholderError(path, f"Placeholder {name} points to {target}, which is not read offline")
    found = (file.parent / target).resolve()
    if not found.is_relative_to(root.resolve()):
        raise PlaceholderError(path, f"Placeholder {name} points to {target}, which is not in the same repository")
    if not found.is_file():
        raise PlaceholderError(path, f"Placeholder {name} points to {target}, which is not there")
    try:
        return _READERS.get(name, _text)(found)
    except (InputError, ValueError) as error:
        raise PlaceholderError(path, f"Placeholder {name} cannot read {target}: {error}") from error


def _text(file: Path) -> Json:
    return file.read_bytes().decode("utf-8", "replace")


def _json(file: Path) -> Json:
    return orjson.loads(file.read_bytes())


def _yaml(file: Path) -> Json:
    documents = list(placed_documents(file))
    if len(documents) != 1:
        raise InputError(f"it must hold exactly one document, and holds {len(documents)}")
    (document,) = documents
    if isinstance(document, Finding):
        raise InputError(f"line {document.line}, column {document.column}: {document.message}")
    return document.value


_READERS: Final[dict[str, Callable[[Path], Json]]] = {"$json": _json, "$yaml": _yaml}

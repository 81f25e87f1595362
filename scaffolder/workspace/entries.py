"""What a folder holds, links not followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["file", "folder", "link", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`path` is relative to the root; `mode` as `lstat` gives it."""

    path: str
    kind: Kind
    mode: int
    size: int


def scanned(folder: int, path: str) -> Iterator[Entry]:
    """The entries of an open folder, whose own path is `path`."""
    with os.scandir(folder) as found:
        for entry in found:
            status = entry.stat(follow_symlinks=False)
            yield Entry(
                f"{path}/{entry.name}" if path else entry.name, kind_of(status.st_mode), status.st_mode, status.st_size
            )


def kind_of(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"

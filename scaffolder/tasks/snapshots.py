"""Workspaces in the database, for tasks that go on at another machine. Source: spec/scaffolder.md §3.8.

A snapshot is stored in the transaction that says the step is done, so files and steps never disagree.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Final

from app.errors import CallboardError

MAX_BYTES: Final = 50 * 1024 * 1024
"""Of a packed workspace, as in the reference."""


class WorkspaceTooLargeError(CallboardError):
    """The workspace is more than the database is to hold."""

    name = "Error"

    def __init__(self) -> None:
        super().__init__(f"The workspace is too large for the database: more than {MAX_BYTES // 1024 // 1024} MB")


class _Bounded(io.BytesIO):
    """Raises WorkspaceTooLargeError as soon as more is written than may be."""

    def write(self, data: object, /) -> int:
        written = super().write(data)  # type: ignore[arg-type]
        if self.tell() > MAX_BYTES:
            raise WorkspaceTooLargeError
        return written


def pack(folder: Path) -> bytes:
    """The tree as a compressed tar. Links are stored as links, wherever they lead.

    Raises WorkspaceTooLargeError.
    """
    out = _Bounded()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1, dereference=False) as archive:
        for entry in sorted(folder.iterdir()):
            archive.add(entry, entry.name, filter=_ordinary)
    return out.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Put a packed tree into a new folder."""
    folder.mkdir(mode=0o700, parents=True)
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        archive.extractall(folder, filter="tar")


def _ordinary(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out sockets, pipes and devices; own everything oneself after unpacking."""
    if not (entry.isreg() or entry.isdir() or entry.issym() or entry.islnk()):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry

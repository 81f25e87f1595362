"""Archives of repositories, as hosts hand them out: hostile until proven otherwise. Everything stays in memory.

Only regular files with plain relative paths come out. Links, devices and paths that lead out are left behind; sizes are
bounded by what is really unpacked, not by what the archive says.
"""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha1
from typing import IO, Final

from app.errors import InputError

MAX_UNPACKED_BYTES: Final = 512 * 1024 * 1024
MAX_FILE_BYTES: Final = 50 * 1024 * 1024
MAX_MEMBERS: Final = 200_000
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """`path` without the archive's own root folder."""

    path: str
    content: bytes

    @property
    def version(self) -> str:
        """The SHA that git gives this content."""
        return sha1(b"blob %d\x00" % len(self.content) + self.content, usedforsecurity=False).hexdigest()


def plain_path(path: str) -> str | None:
    """The path if it can only mean a place below where it is unpacked, else None."""
    if _REFUSED.search(path) or path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return None
    segments = [segment for segment in path.split("/") if segment not in ("", ".")]
    return "/".join(segments) if segments and ".." not in segments else None


class _Budget:
    def __init__(self) -> None:
        self.left = MAX_UNPACKED_BYTES
        self.members = MAX_MEMBERS

    def member(self) -> None:
        self.members -= 1
        if self.members < 0:
            raise InputError(f"The archive holds more than {MAX_MEMBERS} members")

    def read(self, source: IO[bytes]) -> bytes:
        content = source.read(min(self.left, MAX_FILE_BYTES) + 1)
        if len(content) > min(self.left, MAX_FILE_BYTES):
            raise InputError("The archive unpacks to more than is allowed")
        self.left -= len(content)
        return content


class _Bounded(io.RawIOBase):
    """A gzip stream that refuses to inflate without end, headers and padding included."""

    def __init__(self, packed: bytes) -> None:
        self._packed = io.BytesIO(packed)
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._left = MAX_UNPACKED_BYTES + MAX_MEMBERS * 1024

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._inflate.eof:
            chunk = self._inflate.unconsumed_tail or self._packed.read(65536)
            if not chunk:
                raise EOFError("the archive is cut short")
            data = self._inflate.decompress(chunk, len(buffer))
            if data:
                self._left -= len(data)
                if self._left < 0:
                    raise InputError("The archive unpacks to more than is allowed")
                buffer[: len(data)] = data
                return len(data)
        return 0


def tar_files(packed: bytes, *, strip: bool = True) -> Iterator[ArchivedFile]:
    """The files of a `.tar.gz`. `strip` takes away the first segment of each path.

    Raises:
        InputError: not an archive, cut short, or too large when unpacked.
    """
    budget = _Budget()
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Bounded(packed)), mode="r|") as archive:
            for member in archive:
                budget.member()
                path = _stripped(member.name, strip) if member.isfile() else None
                source = archive.extractfile(member) if path else None
                if path and source:
                    yield ArchivedFile(path, budget.read(source))
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise InputError("The archive is damaged or cut short") from error


def zip_files(packed: bytes, *, strip: bool = False) -> Iterator[ArchivedFile]:
    """The files of a `.zip`; else as `tar_files`."""
    budget = _Budget()
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            for info in archive.infolist():
                budget.member()
                kind = (info.external_attr >> 16) & 0o170000
                path = None if info.is_dir() or kind not in (0, 0o100000) else _stripped(info.filename, strip)
                if path:
                    with archive.open(info) as source:
                        yield ArchivedFile(path, budget.read(source))
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputError("The archive is damaged or cut short") from error


def _stripped(name: str, strip: bool) -> str | None:
    path = plain_path(name)
    if path and strip:
        return path.partition("/")[2] or None
    return path

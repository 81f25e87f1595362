"""Archives, packed and unpacked: hostile until proven otherwise. Source: FIELD §5b (CVE-2026-24046)."""

from __future__ import annotations

import posixpath
import re
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, Final

from app.errors import InputError, NotAllowedError
from scaffolder.workspace import SafeFolder

if TYPE_CHECKING:
    from scaffolder.confinement.child import Child

MAX_MEMBERS: Final = 100_000
_REFUSED: Final = re.compile(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def unpack(arguments: Mapping[str, Any], child: Child) -> dict[str, Any]:
    """Unpack the archive `archive` (zip, tar, tar.gz, tar.bz2, tar.xz) of the folder `root` into its folder `target`.

    All or nothing is decided by names before anything is written: a member that is a link, a device or anything but
    a file or folder, that has an absolute path, `..`, a backslash or a control character, or whose name another one
    has already (in any case or Unicode form) refuses the archive. Sizes count as they come out.
    """
    workspace = child.folder(arguments["root"])
    content = workspace.read(arguments["archive"])
    target = workspace.relative(arguments["target"])
    written = []
    try:
        with _opened(content) as members:
            names = _Names()
            # All names first: nothing is written of an archive that is refused.
            checked = [(names.checked(name, kind), kind, mode, member) for name, kind, mode, member in members.listed()]
            for path, kind, mode, member in checked:
                place = posixpath.join(target, path)
                if kind == "folder":
                    workspace.make_folder(place)
                else:
                    workspace.write(place, members.read(member, child.limits.file_size), mode=mode)
                    written.append(place)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise InputError("The archive is damaged, encrypted or of a kind not known here") from error
    return {"files": written}


def pack(arguments: Mapping[str, Any], child: Child) -> dict[str, Any]:
    """Zip the file or folder `path` of the folder `root` into its file `target`: a folder's contents at the archive's
    root. Links are left out. The same files make the same bytes."""
    workspace = child.folder(arguments["root"])
    path = workspace.relative(arguments["path"])
    target = workspace.relative(arguments["target"])
    output = BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, name, mode in _packed(workspace, path):
            if place == target:
                continue
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, b"" if name.endswith("/") else workspace.read(place))
    workspace.write(target, output.getvalue())
    return {"path": str(workspace.path(target))}


def _packed(workspace: SafeFolder, path: str) -> Iterator[tuple[str, str, int]]:
    if not workspace.is_folder(path):
        yield path, posixpath.basename(path), workspace.status(path).st_mode
        return
    real = str(workspace.path(path).relative_to(workspace.root))
    below = "" if real == "." else f"{real}/"
    for entry in workspace.entries(path):
        name = entry.path.removeprefix(below)
        if entry.kind == "folder":
            yield entry.path, f"{name}/", entry.mode
        elif entry.kind == "file":
            yield entry.path, name, entry.mode


class _Names:
    """The names of one archive so far, in the form in which the laxest file system compares them."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._count = 0

    def checked(self, name: str, kind: str) -> str:
        """The path to write to. Raises NotAllowedError for what may not be in an archive."""
        self._count += 1
        if self._count > MAX_MEMBERS:
            raise InputError(f"The archive holds more than {MAX_MEMBERS} members")
        shown = ascii(name[:200])
        segments = [segment for segment in name.split("/") if segment not in ("", ".")]
        if kind not in ("file", "folder"):
            raise NotAllowedError(f"The archive holds {shown}, which is neither a file nor a folder")
        if _REFUSED.search(name) or name.startswith("/") or ".." in segments or (kind == "file" and not segments):
            raise NotAllowedError(f"The archive holds {shown}, which would lead outside")
        folded = [unicodedata.normalize("NFKC", segment).casefold().rstrip(". ") for segment in segments]
        if ".git" in folded:
            raise NotAllowedError(f"The archive holds {shown}: git's own folder may not be unpacked")
        whole = "/".join(folded)
        above = {"/".join(folded[:depth]) for depth in range(1, len(folded))}
        taken = whole in self._files or above & self._files or (kind == "file" and whole in self._folders)
        if taken:
            raise NotAllowedError(f"The archive holds {shown} more than once")
        self._folders |= above
        (self._folders if kind == "folder" else self._files).add(whole)
        return "/".join(segments)


class _Tar:
    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def listed(self) -> Iterator[tuple[str, str, int, tarfile.TarInfo]]:
        for member in self._archive:
            kind = "file" if member.isreg() else "folder" if member.isdir() else "other"
            yield member.name, kind, 0o755 if member.mode & 0o100 else 0o644, member

    def read(self, member: Any, limit: int) -> bytes:
        source = self._archive.extractfile(member)
        if source is None:
            raise InputError("The archive is damaged")
        content = _bounded(source, limit)
        if len(content) != member.size:
            raise InputError("The archive is cut short")
        return content


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def listed(self) -> Iterator[tuple[str, str, int, zipfile.ZipInfo]]:
        for info in self._archive.infolist():
            mode = info.external_attr >> 16
            plain = stat.S_IFMT(mode) in (0, stat.S_IFREG, stat.S_IFDIR)
            kind = "other" if not plain else "folder" if info.is_dir() else "file"
            # Python cuts a name at NUL; what it was before is what others may see.
            yield info.orig_filename, kind, 0o755 if mode & 0o100 else 0o644, info

    def read(self, member: Any, limit: int) -> bytes:
        with self._archive.open(member) as source:
            return _bounded(source, limit)


@contextmanager
def _opened(content: bytes) -> Iterator[_Tar | _Zip]:
    if content.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            yield _Zip(archive)
    else:
        with tarfile.open(fileobj=BytesIO(content), mode="r:*") as tar:
            yield _Tar(tar)


def _bounded(source: IO[bytes], limit: int) -> bytes:
    content = source.read(limit + 1)
    if len(content) > limit:
        raise InputError(f"The archive holds a file of more than {limit} bytes")
    return content

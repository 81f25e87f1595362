"""Archives of hosts. Source: CVE-2026-24046 and the archive rows of FIELD §5b."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest

from app.errors import InputError
from app.reading.archive import ArchivedFile, plain_path, tar_files, zip_files


def a_tar(*members: tuple[str, bytes], links: tuple[tuple[str, str, bytes], ...] = ()) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target, kind in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return packed.getvalue()


def a_zip(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def test_files_come_out_without_the_archives_root() -> None:
    assert list(tar_files(a_tar(("repo-1/a.yaml", b"a"), ("repo-1/d/b.yaml", b"b")))) == [
        ArchivedFile("a.yaml", b"a"),
        ArchivedFile("d/b.yaml", b"b"),
    ]
    assert list(zip_files(a_zip(("a.yaml", b"a"), ("d/", b""), ("d/b.yaml", b"b")))) == [
        ArchivedFile("a.yaml", b"a"),
        ArchivedFile("d/b.yaml", b"b"),
    ]


def test_a_version_is_the_sha_git_gives() -> None:
    assert ArchivedFile("x", b"hello\n").version == "ce013625030ba8dba906f756967f9e9ca394464a"


HOSTILE = ["../evil", "/etc/evil", "r/../../evil", "r/a\\..\\evil", "C:/evil", "r/a\x01evil", "..", "r/.."]


@pytest.mark.parametrize("name", HOSTILE)
def test_paths_that_lead_out_are_left_behind(name: str) -> None:
    assert [file.path for file in tar_files(a_tar((name, b"evil"), ("r/good", b"g")))] == ["good"]
    assert [file.path for file in zip_files(a_zip((name, b"evil"), ("r/good", b"g")), strip=True)] == ["good"]


def test_links_and_devices_are_left_behind() -> None:
    links = (
        ("r/soft", "/etc/passwd", tarfile.SYMTYPE),
        ("r/hard", "../../etc/passwd", tarfile.LNKTYPE),
        ("r/device", "", tarfile.CHRTYPE),
        ("r/pipe", "", tarfile.FIFOTYPE),
    )
    assert [file.path for file in tar_files(a_tar(("r/good", b"g"), links=links))] == ["good"]


def test_a_link_in_a_zip_is_left_behind() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("r/link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    assert list(zip_files(packed.getvalue())) == []


@pytest.mark.parametrize("cut", [10, 40, -20])
def test_half_an_archive_is_an_error_not_fewer_files(cut: int) -> None:
    whole = a_tar(*((f"r/{n}", bytes([n]) * 5000) for n in range(50)))
    with pytest.raises(InputError):
        list(tar_files(whole[:cut]))
    packed = a_zip(*((f"r/{n}", bytes([n]) * 5000) for n in range(50)))
    with pytest.raises(InputError):
        list(zip_files(packed[:cut]))


def test_nonsense_is_an_input_error() -> None:
    for nonsense in (b"", b"<html>sign in</html>", gzip.compress(b"not a tar, whatever it may be" * 100)):
        with pytest.raises(InputError):
            list(tar_files(nonsense))
        with pytest.raises(InputError):
            list(zip_files(nonsense))


def test_a_bomb_is_defused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.reading.archive.MAX_UNPACKED_BYTES", 1_000_000)
    bomb = b"\x00" * 900_000
    for files in (tar_files(a_tar(("r/1", bomb), ("r/2", bomb))), zip_files(a_zip(("r/1", bomb), ("r/2", bomb)))):
        with pytest.raises(InputError, match="more than is allowed"):
            list(files)


def test_a_bomb_of_names_is_defused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.reading.archive.MAX_MEMBERS", 10)
    with pytest.raises(InputError):
        list(tar_files(a_tar(*((f"r/{n}", b"") for n in range(11)))))


def test_a_bomb_in_what_is_left_behind_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.reading.archive.MAX_UNPACKED_BYTES", 100_000)
    monkeypatch.setattr("app.reading.archive.MAX_MEMBERS", 10)
    with pytest.raises(InputError, match="more than is allowed"):
        list(tar_files(a_tar(("../skipped", b"\x00" * 10_000_000))))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b", "a/b"),
        ("./a//b", "a/b"),
        ("a/./b", "a/b"),
        ("", None),
        ("../a", None),
        ("a/..", None),
        ("/a", None),
        ("a\\b", None),
        ("c:x", None),
        ("a\nb", None),
        ("...", "..."),
    ],
)
def test_a_plain_path_can_only_mean_a_place_below(path: str, expected: str | None) -> None:
    assert plain_path(path) == expected

"""The folder that no path leads out of (ASVS V1.3, FIELD §5b: CVE-2021-43783, CVE-2024-26150, CVE-2026-24047)."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import CallboardError, InputError, NotAllowedError
from scaffolder.workspace import OUTSIDE, Budget, BudgetExceededError, SafeFolder


@pytest.fixture
def folder(tmp_path: Path) -> SafeFolder:
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    return SafeFolder(tmp_path / "inside")


@pytest.mark.parametrize(
    "path", ["..", "../secret.txt", "a/../../secret.txt", "/etc/passwd", "./../secret.txt", "a/b/../../../x"]
)
def test_a_path_that_leads_out_by_its_text_is_refused(folder: SafeFolder, path: str) -> None:
    for use in (
        folder.path,
        folder.read,
        folder.exists,
        folder.glob,
        folder.remove,
        folder.make_folder,
        folder.entries,
    ):
        with pytest.raises(NotAllowedError, match=OUTSIDE):
            use(path)
    with pytest.raises(NotAllowedError, match=OUTSIDE):
        folder.write(path, b"x")


@pytest.mark.parametrize(
    ("links", "path"),
    [
        ({"l": ".."}, "l/secret.txt"),
        ({"l": "../secret.txt"}, "l"),
        ({"l": "/etc"}, "l/passwd"),
        ({"a": "b", "b": "c", "c": ".."}, "a/secret.txt"),
        ({"d": "sub", "sub2": "d/../.."}, "sub2/secret.txt"),
        ({"dangling": "../not-there-yet"}, "dangling"),
        ({"dangling": "missing/../../not-there-yet"}, "dangling"),
        ({"first": "second", "second": "../not-there-yet"}, "first"),
    ],
    ids=["parent", "file", "absolute", "chain", "through-a-link", "dangling", "dangling-middle", "dangling-chain"],
)
def test_links_never_lead_out(folder: SafeFolder, links: dict[str, str], path: str) -> None:
    (folder.root / "sub").mkdir()
    for name, target in links.items():
        (folder.root / name).symlink_to(target)
    with pytest.raises(NotAllowedError):
        folder.path(path)
    with pytest.raises((NotAllowedError, FileNotFoundError)):
        folder.read(path)
    with pytest.raises((NotAllowedError, FileNotFoundError)):
        folder.write(path, b"x")
    assert sorted(one.name for one in folder.root.parent.iterdir()) == ["inside", "secret.txt"]


def test_a_circle_of_links_ends(folder: SafeFolder) -> None:
    (folder.root / "a").symlink_to("b")
    (folder.root / "b").symlink_to("a")
    with pytest.raises(NotAllowedError, match="Too many levels"):
        folder.path("a")


def test_links_within_are_followed(folder: SafeFolder) -> None:
    folder.write("real/file", b"x")
    folder.make_link("link", "real")
    folder.make_link("absolute", str(folder.root / "real"))
    assert folder.read("link/file") == folder.read("absolute/file") == b"x"
    assert folder.path("link/file") == folder.root / "real/file"


def test_a_file_with_a_second_name_is_not_written_through(folder: SafeFolder) -> None:
    os.link(folder.root.parent / "secret.txt", folder.root / "hard")
    with pytest.raises(NotAllowedError):
        folder.write("hard", b"overwritten")
    with pytest.raises(NotAllowedError):
        folder.append("hard", b"overwritten")
    assert (folder.root.parent / "secret.txt").read_text() == "secret"


def test_pipes_are_neither_waited_for_nor_read(folder: SafeFolder) -> None:
    os.mkfifo(folder.root / "pipe")
    with pytest.raises(InputError):
        folder.read("pipe")


def test_deleting_and_moving_takes_links_and_not_what_they_point_to(folder: SafeFolder) -> None:
    (folder.root / "out").symlink_to("../secret.txt")
    (folder.root / "tree").mkdir()
    (folder.root / "tree/up").symlink_to("../..")
    assert folder.glob("**") == []
    folder.rename("out", "moved")
    folder.remove("moved")
    folder.remove_tree("tree")
    assert (folder.root.parent / "secret.txt").read_text() == "secret"
    assert folder.entries() == []


def test_nul_is_refused(folder: SafeFolder) -> None:
    with pytest.raises(InputError):
        folder.path("a\0b")


def test_a_budget_ends_writing(folder: SafeFolder) -> None:
    bounded = SafeFolder(folder.root, budget=Budget(files=2, bytes=10))
    bounded.write("a", b"12345")
    with pytest.raises(BudgetExceededError, match="bytes"):
        bounded.write("b", b"123456")
    bounded = SafeFolder(folder.root, budget=Budget(files=1, bytes=10))
    bounded.write("c", b"")
    with pytest.raises(BudgetExceededError, match="files"):
        bounded.write("d", b"")


PLACES = st.sampled_from(["a", "b", "c", "a/b", "b/c", "a/b/c"])
TARGETS = st.one_of(
    st.lists(st.sampled_from(["a", "b", "c", "..", ".", "outside"]), min_size=1, max_size=4).map("/".join),
    # Those that do lead out, from one folder or another; `/` stands for the folder around the root.
    st.sampled_from(
        ["../outside", "../../outside", "..", "../outside/secret", "../new", "/outside", "/outside/secret"]
    ),
)
TAILS = st.lists(st.sampled_from(["a", "b", "..", ".", "secret", "x"]), max_size=3).map(
    lambda tail: "/".join(["", *tail])
)
PATHS = st.builds(str.__add__, PLACES, TAILS)


@settings(max_examples=150, deadline=None)
@given(
    folders=st.lists(PLACES, max_size=2),
    links=st.lists(st.tuples(PLACES, TARGETS), min_size=1, max_size=5),
    paths=st.lists(PATHS, min_size=1, max_size=4),
)
def test_no_graph_of_links_leads_out(folders: list[str], links: list[tuple[str, str]], paths: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place, "root")
        outside = Path(place, "outside")
        root.mkdir()
        outside.mkdir()
        (outside / "secret").write_text("secret")
        for name in folders:
            with contextlib.suppress(OSError):
                (root / name).mkdir(parents=True)
        for name, target in links:
            with contextlib.suppress(OSError):
                (root / name).symlink_to(f"{place}{target}" if target.startswith("/") else target)
        before = _tree(outside), sorted(Path(place).iterdir())
        folder = SafeFolder(root)
        for path in paths:
            with contextlib.suppress(CallboardError, OSError):
                assert folder.path(path).is_relative_to(root.resolve())
                # What the kernel makes of the answer is inside, too.
                assert folder.path(path).resolve().is_relative_to(root.resolve())
            for use in (folder.read, folder.entries, folder.glob, folder.make_folder):
                with contextlib.suppress(CallboardError, OSError):
                    assert use(path) != b"secret"
            with contextlib.suppress(CallboardError, OSError):
                folder.write(path, b"x")
            with contextlib.suppress(CallboardError, OSError):
                folder.rename(path, paths[0])
            with contextlib.suppress(CallboardError, OSError):
                folder.remove_tree(path)
        assert (_tree(outside), sorted(Path(place).iterdir())) == before
        assert (outside / "secret").read_text() == "secret"


def test_a_folder_swapped_for_a_link_meanwhile_does_not_lead_out(folder: SafeFolder) -> None:
    """Time of check, time of use: the swap happens at any moment between the two."""
    outside = folder.root.parent / "outside"
    outside.mkdir()
    (folder.root / "real").mkdir()
    (folder.root / "real/file").write_text("inside")
    (outside / "file").write_text("outside")
    stop = threading.Event()

    def swap() -> None:
        place, kept, link = folder.root / "d", folder.root / "real", folder.root / "link"
        link.symlink_to(outside)
        while not stop.is_set():
            for one in (kept, link):
                with contextlib.suppress(OSError):
                    one.rename(place)
                    place.rename(one)
            if not kept.exists() or place.exists():
                # A write came in between and made the folder: away with it.
                shutil.rmtree(place, ignore_errors=True)
                kept.mkdir(exist_ok=True)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        for number in range(1500):
            with contextlib.suppress(NotAllowedError, OSError):
                assert folder.read("d/file") != b"outside"
            with contextlib.suppress(NotAllowedError, OSError):
                folder.write(f"d/written{number % 7}", b"x")
    finally:
        stop.set()
        swapping.join()
    assert _tree(outside) == ["file"]
    assert (outside / "file").read_text() == "outside"


def _tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_folder_that_is_held_open_leads_out_as_little(folder: SafeFolder) -> None:
    folder.write("a/b/one.txt", b"1")
    (folder.root / "a" / "b" / "out.txt").symlink_to("/etc/hostname")
    (folder.root / "a" / "b" / "in.txt").symlink_to("one.txt")
    with folder.holding():
        assert folder.read("a/b/one.txt") == b"1"
        assert folder.read("a/b/in.txt") == b"1"
        for act in (folder.read, folder.exists, lambda path: folder.write(path, b"x")):
            with pytest.raises(NotAllowedError):
                act("a/b/out.txt")
            with pytest.raises(NotAllowedError):
                act("a/b/../../../out.txt")
        folder.write("a/b/two.txt", b"2", mode=0o755)
        folder.write("a/b/two.txt", b"", mode=0o600)
        assert (folder.read("a/b/two.txt"), folder.status("a/b/two.txt").st_mode & 0o777) == (b"", 0o600)
        assert not folder.exists("a/c/one.txt")
        with pytest.raises(FileNotFoundError):
            folder.read("a/b/three.txt")
    assert folder.read("a/b/one.txt") == b"1"

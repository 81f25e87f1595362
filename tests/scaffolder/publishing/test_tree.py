"""`workspace_files` leaves out what git would."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import InputError, NotAllowedError
from scaffolder.publishing import workspace_files
from scaffolder.workspace import SafeFolder
from tests.app.reading.git_server import git

NAMES = st.sampled_from(["a", "b", "build", "x.log", "keep.log"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
PATTERNS = st.sampled_from(
    ["*.log", "!keep.log", "build/", "/a", "a/b", "**/b", "b/**", "!b/a", "# x", "", "a/*", "!a/b", "x.l?g", "[ab]"]
)
IGNORES = st.dictionaries(st.sampled_from(["", "a/", "build/", "a/b/"]), st.lists(PATTERNS, max_size=4), max_size=3)


def _as_git_sees_it(root: Path) -> list[str]:
    git("init", "--quiet", cwd=root)
    return sorted(git("ls-files", "--others", "--exclude-standard", cwd=root).splitlines())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(files=st.sets(PATHS, max_size=8), ignores=IGNORES)
def test_git_leaves_out_the_same(
    tmp_path_factory: pytest.TempPathFactory, files: set[str], ignores: dict[str, list[str]]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for path, content in {
        **dict.fromkeys(sorted(files), "x"),
        **{f"{place}.gitignore": "\n".join(lines) for place, lines in ignores.items()},
    }.items():
        target = root / path
        if any(parent.is_file() for parent in target.parents) or target.is_dir():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    ours = [file.path for file in workspace_files(SafeFolder(root))]
    assert ours == _as_git_sees_it(root)


def test_a_folder_is_read_with_modes_and_links(tmp_path: Path) -> None:
    folder = SafeFolder(tmp_path)
    folder.write("src/run", b"#!", mode=0o755)
    folder.write("src/.git/config", b"x")
    folder.make_link("src/out", "../../etc")
    folder.write("src/.gitignore", b"run\n")
    found = workspace_files(folder, "../../src", gitignore=False)
    assert [(one.path, one.content, one.executable, one.link) for one in found] == [
        (".gitignore", b"run\n", False, False),
        ("out", b"../../etc", False, True),
        ("run", b"#!", True, False),
    ]
    assert [one.path for one in workspace_files(folder, "src")] == [".gitignore", "out"]
    with pytest.raises(InputError):
        workspace_files(folder, "nowhere")
    with pytest.raises(NotAllowedError):
        workspace_files(folder, "src/../../x")

"""The conformance kit's own runner finds no difference in tasks, events, dry runs and the template language.

The kit is found by the variable CALLBOARD_SHARED, else beside the project.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.running import Callboard, files_on, on_database
from tests.contract.test_conformance import REMOTE_PORT

KIT = Path(os.environ.get("CALLBOARD_SHARED") or Path(__file__).parents[3] / "shared") / "conformance"
GROUPS = [*sorted(path.stem for path in (KIT / "cases").glob("scaffolder-*.json")), "language"]

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("conformance")]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Callboard, Path]]:
    folder = tmp_path_factory.mktemp(f"scaffolder-{request.param}")
    shutil.copytree(KIT / "corpus", folder / "corpus")
    shutil.copy(KIT / "app-config.yaml", folder)
    callboard = Callboard(folder, [folder / "app-config.yaml", *on_database(request.param, folder, request)])
    with files_on(REMOTE_PORT, folder / "corpus" / "remote"):
        callboard.start()
        try:
            yield callboard, folder / "corpus"
        finally:
            callboard.stop()


@pytest.mark.parametrize("group", GROUPS)
def test_the_kit_finds_no_difference(server: tuple[Callboard, Path], group: str) -> None:
    callboard, corpus = server
    done = subprocess.run(
        [
            sys.executable,
            KIT / "run.py",
            *("--base-url", callboard.url, "--corpus", corpus, "--diffs", "20"),
            *("--only", f"{group}*" if group != "language" else "language/*"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]

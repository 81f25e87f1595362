"""A running Callboard answers recorded requests as the recorded Backstage did, on both databases."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.replaying import Replay
from tests.contract.running import Callboard, files_on, on_database

RECORDINGS = Path(__file__).parent / "recordings"
GROUPS = sorted(path.stem for path in (RECORDINGS / "cases").glob("*.json"))
LANGUAGE = Path(__file__).parents[1] / "scaffolder/language/recordings/language.jsonl"
REMOTE_PORT = 8790
"""Names of generated Location entities are hashes of URLs, so the recordings fix it."""
SETTLE_S = 60.0

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("conformance")]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def replay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    folder = tmp_path_factory.mktemp(f"conformance-{request.param}")
    shutil.copytree(RECORDINGS / "corpus", folder / "corpus")
    shutil.copy(RECORDINGS / "app-config.yaml", folder)
    server = Callboard(folder, [folder / "app-config.yaml", *on_database(request.param, folder, request)])
    with files_on(REMOTE_PORT, folder / "corpus" / "remote"):
        server.start()
        opened = Replay(server.url, folder / "corpus", [f"file:{folder}/corpus/all.yaml"])
        try:
            opened.settle(json.loads((RECORDINGS / "settle.json").read_text()), SETTLE_S)
            yield opened
        finally:
            opened.close()
            server.stop()


@pytest.mark.parametrize("group", GROUPS)
def test_recorded_requests_are_answered_as_recorded(replay: Replay, group: str) -> None:
    count, failures = replay.group(RECORDINGS / "cases" / f"{group}.json")
    assert count > 0
    assert not failures, f"{len(failures)} of {count} differ\n" + "\n".join(failures[:20])


def test_recorded_filters_find_what_was_recorded(replay: Replay) -> None:
    count, failures = replay.filters(RECORDINGS / "filters.jsonl")
    assert count > 400
    assert not failures, f"{len(failures)} of {count} differ\n" + "\n".join(failures[:20])


def test_the_recorded_cases_of_the_template_language_come_out_as_recorded(replay: Replay) -> None:
    count, failures = replay.language(LANGUAGE)
    assert count > 1000
    assert not failures, f"{len(failures)} of {count} differ\n" + "\n".join(failures[:20])

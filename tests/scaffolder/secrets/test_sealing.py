"""Secrets at rest can be read by those who have the key, for the task they belong to, and by nobody else."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolder.secrets.sealing import KEY_FILE, Seal, SealBrokenError, key_from_file


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_what_is_sealed_is_opened(values: dict[str, str]) -> None:
    seal = Seal(lambda: [b"key"])
    assert seal.open(seal.close(values, "task"), "task") == values


def test_another_key_another_task_or_a_changed_byte_opens_nothing() -> None:
    sealed = Seal(lambda: [b"key"]).close({"T": "canary"}, "task")
    assert b"canary" not in sealed
    for seal, text, purpose in (
        (Seal(lambda: [b"other"]), sealed, "task"),
        (Seal(lambda: [b"key"]), sealed, "other"),
        (Seal(lambda: [b"key"]), sealed[:-1] + bytes([sealed[-1] ^ 1]), "task"),
    ):
        with pytest.raises(SealBrokenError):
            seal.open(text, purpose)


def test_an_old_key_still_opens() -> None:
    sealed = Seal(lambda: [b"old"]).close({"T": "v"}, "task")
    assert Seal(lambda: [b"new", b"old"]).open(sealed, "task") == {"T": "v"}


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: key_from_file(folder), range(16)))
    assert len(keys) == 1
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert [one.name for one in folder.iterdir()] == [KEY_FILE]

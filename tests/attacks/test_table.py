"""The table of attacks is about the code as it is; `make attacks` tells whether it is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.attacks.attack import Attack
from tests.attacks.table import ATTACKS, table

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.attack)
def test_an_attack_names_code_and_tests_that_are_there(attack: Attack) -> None:
    assert attack.edits
    for edit in attack.edits:
        assert (ROOT / edit.file).read_text("utf-8").count(edit.old) == 1, edit.old
        assert edit.old != edit.new
    for test in attack.tests:
        file, _, name = test.partition("::")
        assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE), test
    for file in re.findall(r"[\w/]+\.py", attack.defence):
        assert (ROOT / file).is_file()


def test_the_page_shows_the_table() -> None:
    assert table() in (ROOT / "docs/security.md").read_text("utf-8")

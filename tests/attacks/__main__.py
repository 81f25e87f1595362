"""`make attacks`: takes each defence away in a copy of the project and expects its tests to fail.

python -m tests.attacks            all of them
python -m tests.attacks link git   those whose texts hold one of these words
python -m tests.attacks --table    the table of docs/security.md
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from tests.attacks.attack import Attack
from tests.attacks.table import ATTACKS, table

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("app", "catalog", "scaffolder", "plugins", "openapi", "tests", "docs", "examples", "pyproject.toml")


def main(words: Sequence[str]) -> int:
    if words == ["--table"]:
        print(table(), end="")
        return 0
    chosen = [one for one in ATTACKS if not words or any(word in f"{one}" for word in words)]
    with tempfile.TemporaryDirectory(prefix="attacks-") as place:
        copy = Path(place, "project")
        copy.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copy / name, symlinks=True)
            else:
                shutil.copy2(ROOT / name, copy / name)
        tests = sorted({test for one in chosen for test in one.tests})
        broken = set(tests) - _passing(copy, tests)
        for test in sorted(broken):
            print(f"NOT PASSING  {test}")
        wrong = [one for one in chosen if not _holds(copy, one)]
    print(f"{len(chosen) - len(wrong)} of {len(chosen)} defences are missed by their tests when they are gone")
    return 1 if wrong or broken else 0


def _holds(copy: Path, attack: Attack) -> bool:
    """Whether each of the tests fails without the defence."""
    began = time.monotonic()
    for edit in attack.edits:
        file = copy / edit.file
        text = file.read_text("utf-8")
        if text.count(edit.old) != 1:
            print(f"OUT OF DATE  {attack.defence}: {edit.old!r}")
            return False
        file.write_text(text.replace(edit.old, edit.new), "utf-8")
    try:
        passing = _passing(copy, attack.tests)
    finally:
        for edit in attack.edits:
            shutil.copy2(ROOT / edit.file, copy / edit.file)
    verdict = "passes anyway" if passing else "fails"
    print(f"{verdict:13}  {attack.attack} [{time.monotonic() - began:.0f} s]", flush=True)
    for test in sorted(passing):
        print(f"               {test}")
    return not passing


def _passing(copy: Path, tests: Sequence[str]) -> set[str]:
    """The tests (functions, with all their parameters) that pass in the copy."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        command = [*(sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=60")]
        subprocess.run(
            [*command, f"--junitxml={report.name}", *tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        text = Path(report.name).read_text()
    if not text:
        return set()
    seen, failed = set[str](), set[str]()
    for case in ElementTree.fromstring(text).iter("testcase"):
        name = f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name'].partition('[')[0]}"
        seen.add(name)
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
    return (seen - failed) & set(tests)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The reference implementations from npm, installed once for all test processes, and asked questions line by line."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_MANIFESTS = ("package.json", "package-lock.json")


def installed(folder: Path = HERE) -> Path:
    """A directory with the `node_modules` that a folder's lock names; made on first use and kept in the user's cache.

    No script of any package is run. Several processes may ask at once: the first to finish wins.
    """
    digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in _MANIFESTS)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callboard-tests"
    target = cache / f"npm-{digest}"
    if not (target / "node_modules").is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=cache))
        for name in _MANIFESTS:
            shutil.copy(folder / name, work)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=work, check=True)
        try:
            work.rename(target)
        except OSError:
            shutil.rmtree(work)
    return target


def ask(script: str, questions: Iterable[Any], modules: Path) -> list[Any]:
    """Runs a script of this folder and gives its answers, in order, one for each question."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run(
        ["node", str(HERE / script)],
        input=lines.encode("utf-8", "surrogatepass"),
        stdout=subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(modules / "node_modules")},
        check=True,
    )
    return [json.loads(line) for line in done.stdout.decode().split("\n") if line]

"""Descriptors of the world, gathered beside the project. `CALLBOARD_SHARED` says where, else `../shared`."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CALLBOARD_SHARED") or PROJECT.parent / "shared")
MAX_SIZE = 3_000_000


def corpus_files() -> list[Path]:
    """All files of the corpus and of the conformance kit's own, whatever they hold."""
    folders = (SHARED / "corpus", SHARED / "conformance" / "corpus")
    return [
        file
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.stat().st_size <= MAX_SIZE
    ]

"""Where tests keep their files: in memory where there is plenty, for a new PostgreSQL database is 300 files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 6 << 30
"""Bytes free; a whole run holds about two thirds of one GiB."""


def keep_in_memory() -> None:
    """For this process and those it starts. A machine with little memory, or one that runs nothing from there, or a
    caller who has set TMPDIR, keeps its files where it did."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return
    room = os.statvfs(MEMORY)
    if room.f_bavail * room.f_frsize >= ENOUGH and not room.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None

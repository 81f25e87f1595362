"""Memory that is free in this process goes back to the system."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress


def give_back() -> None:
    """After much has been done and little is to be done: some milliseconds.

    The C library keeps what was freed for later; only glibc can be told otherwise.
    """
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)

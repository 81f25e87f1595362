"""Files a job may touch, told to the kernel (Landlock, Linux 5.13 up): its own folders, Python, the system's libraries.

Cookiecutter's Jinja is no sandbox: whoever writes such a template runs code in the child. What it could read, keys and
configuration of the server first of all, would end up in the repository it makes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all architectures
_VERSION: Final = 1  # flag: tell the version
_PATH_BENEATH: Final = 1

_EXECUTE: Final = 1 << 0
_READ_FILE: Final = 1 << 2
_READ_FOLDER: Final = 1 << 3
_WRITE_FILE: Final = 1 << 1
_FIRST: Final = (1 << 13) - 1
"""All rights of the first version; the second adds moving between folders, the third truncating."""
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14
_READ: Final = _EXECUTE | _READ_FILE | _READ_FOLDER

_SYSTEM: Final = (
    *("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)


def keep_to(read: Iterable[str], write: Iterable[str]) -> bool:
    """From now on this process reads and writes nothing but these, for good. False: the kernel cannot do it."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION)
    if version < 1:
        return False
    handled = _FIRST | (1 << 13 if version >= 2 else 0) | (1 << 14 if version >= 3 else 0)
    attribute = struct.pack("=Q", handled)
    rules = libc.syscall(_CREATE_RULESET, attribute, len(attribute), 0)
    if rules < 0:
        return False
    try:
        for path in (*_SYSTEM, *_python(), *read):
            _allow(libc, rules, path, _READ)
        _allow(libc, rules, "/dev/null", _READ_FILE | _WRITE_FILE)
        for path in write:
            _allow(libc, rules, path, handled)
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _python() -> set[str]:
    """The interpreter, its packages and ours: not the folder that an editable installation lies in."""
    ours = {
        str(Path(module.__file__).parent)
        for name in ("app", "catalog", "scaffolder", "plugins")
        if (module := sys.modules.get(name)) and module.__file__
    }
    return {sys.prefix, sys.base_prefix, sys.exec_prefix, *ours}


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not os.path.isdir(path):  # noqa: PTH112 - the path as given
                rights &= _OF_FILES
            libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
        finally:
            os.close(place)

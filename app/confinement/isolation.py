"""What the mother of all jobs gives up, once and for all that she bears: network, environment, new privileges."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path
from typing import Final

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_CLONE_NEWIPC: Final = 0x08000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def leave_network() -> bool:
    """Move into an empty network namespace, if the kernel lets us; says whether it did.

    The user namespace maps our own user and no other: files belong to whom they did before.
    """
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        alone = libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) == 0
    except AttributeError:
        return False  # not Linux
    if not alone:
        # No user namespaces here; the superuser of a container may do without.
        return bool(libc.unshare(_CLONE_NEWNET) == 0)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        try:
            Path("/proc/self", name).write_text(text)
        except OSError:
            # Unmapped we are nobody in here, which is no less confined.
            break
    return True


def refuse_privileges() -> None:
    """No program started from here on gains rights by being set-uid."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent() -> None:
    """Whoever bore us may be killed; nobody would wait for us then. Nor may others of our user look into us."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(_PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(option, value, 0, 0, 0)

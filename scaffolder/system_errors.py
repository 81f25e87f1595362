"""What the operating system refuses, in words that people who know the reference know too."""

from __future__ import annotations

import errno

from app.errors import CallboardError


def system_text(error: OSError) -> str:
    """`ENOSPC: no space left on device, 'docs/index.md'`."""
    reason = errno.errorcode.get(error.errno or 0, "error")
    place = f", '{error.filename}'" if error.filename else ""
    return f"{reason}: {(error.strerror or str(error)).lower()}{place}"


def told(error: Exception) -> Exception:
    """The error itself, or one that tells what the operating system says."""
    return CallboardError(system_text(error)) if isinstance(error, OSError) and error.errno else error

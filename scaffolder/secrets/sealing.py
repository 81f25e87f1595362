"""Secrets at rest: authenticated encryption, bound to the task they belong to."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import CallboardError

KEY_FILE: Final = "scaffolder-secrets.key"
_VERSION: Final = b"\x01"
_NONCE: Final = 12  # bytes


class SealBrokenError(CallboardError):
    """Stored secrets cannot be read: another key sealed them, or they were tampered with."""


class Seal:
    """AES-256-GCM under the first of the given keys; all of them open. `purpose` ties a sealed text to its place."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("a seal needs a key")
        self._ciphers = [AESGCM(sha256(b"callboard scaffolder secrets\0" + key).digest()) for key in keys]

    def close(self, values: Mapping[str, str], purpose: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + nonce + self._ciphers[0].encrypt(nonce, orjson.dumps(dict(values)), purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> dict[str, str]:
        """Raises SealBrokenError."""
        nonce, text = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        for cipher in self._ciphers:
            try:
                opened: dict[str, str] = orjson.loads(cipher.decrypt(nonce, text, purpose.encode()))
            except InvalidTag:
                continue
            return opened
        raise SealBrokenError("The secrets of this task cannot be read: they were stored under another key")


def key_from_file(data_dir: Path) -> bytes:
    """The key of this installation, made when it is first needed, readable by its owner alone.

    Two processes that start at once agree on one: the first to link its file in wins.
    """
    file = data_dir / KEY_FILE
    if not file.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = data_dir / f"{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(secrets.token_bytes(32).hex().encode())
                out.flush()
                os.fsync(out.fileno())
            with suppress(FileExistsError):
                os.link(draft, file)
        finally:
            draft.unlink()
    return file.read_bytes()

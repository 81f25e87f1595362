"""Secrets at rest: authenticated encryption, bound to the task they belong to."""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
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
    """AES-256-GCM under the first of the keys; all of them open. `purpose` ties a sealed text to its place.

    Keys are asked for when the seal is first used: most processes never start a task.
    """

    def __init__(self, keys: Callable[[], Sequence[bytes]]) -> None:
        self._keys = keys

    @cached_property
    def _ciphers(self) -> list[AESGCM]:
        return _ciphers(self._keys())

    def close(self, values: Mapping[str, str], purpose: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + nonce + self._ciphers[0].encrypt(nonce, orjson.dumps(dict(values)), purpose.encode())

    def close_text(self, text: str, purpose: str) -> str:
        """A text as another, for a column of texts."""
        return b64encode(self.close({"": text}, purpose)).decode()

    def open_text(self, sealed: str, purpose: str) -> str:
        """Raises SealBrokenError."""
        return self.open(b64decode(sealed), purpose)[""]

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


def _ciphers(keys: Sequence[bytes]) -> list[AESGCM]:
    if not keys:
        raise ValueError("a seal needs a key")
    return [AESGCM(sha256(b"callboard scaffolder secrets\0" + key).digest()) for key in keys]


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

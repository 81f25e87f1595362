"""The deployment's policy file, read again when it changes."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from app.errors import InputError
from app.interfaces import Decision, Permission, Permissions, Principal
from plugins.permission.document import load_document
from plugins.permission.policy import ClaimsOf, DocumentPolicy

_LOOK_EVERY = 1.0
"""Seconds between two looks at the file."""

_log = logging.getLogger(__name__)

Seen = tuple[int, int, int]


class PolicyFile:
    """A `PermissionPolicy` that follows its file.

    A changed file counts once two looks have found it the same, so that one half written does not; one that is broken
    or gone leaves the last good policy in force, and is told in the log.
    """

    def __init__(
        self,
        path: Path,
        permissions: Permissions,
        claims_of: ClaimsOf,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._permissions = permissions
        self._claims_of = claims_of
        self._monotonic = monotonic
        self._policy: DocumentPolicy | None = None
        self._read: Seen | None = None
        self._changed: Seen | None = None
        self._looked_at = 0.0

    def load(self) -> DocumentPolicy:
        """Reads the file. Raises InputError for a file that cannot be read, or whose rules nothing could apply."""
        seen = self._look()
        policy = DocumentPolicy(load_document(self.path), self._claims_of)
        for place, conditions in policy.conditions():
            try:
                self._permissions.validate(conditions)
            except InputError as error:
                raise InputError(f"{self.path.name}: {place}: {error.message}") from None
        self._policy, self._read, self._changed = policy, seen, None
        self._looked_at = self._monotonic()
        return policy

    async def decide(self, permission: Permission, user: Principal) -> Decision:
        return await self.current().decide(permission, user)

    def current(self) -> DocumentPolicy:
        """The policy in force."""
        if self._policy is None:
            return self.load()
        now = self._monotonic()
        if now - self._looked_at >= _LOOK_EVERY:
            self._looked_at = now
            self._follow()
        return self._policy

    def _follow(self) -> None:
        seen = self._look()
        if seen == self._read:
            self._changed = None
        elif seen != self._changed:
            self._changed = seen
        else:
            self._read = seen
            try:
                self.load()
                _log.info("The permission policy %s has changed and is in force", self.path)
            except InputError as error:
                _log.error("The permission policy %s cannot be used; the last one stays: %s", self.path, error)

    def _look(self) -> Seen | None:
        try:
            found = os.stat(self.path)  # noqa: PTH116 - follows links, as mounted configuration needs it
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

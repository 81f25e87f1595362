"""What the targets of a Location entity mean. Source: spec/catalog.md §4.6, §5.4."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection
from typing import TYPE_CHECKING

import orjson

from app.errors import InputError
from catalog.interfaces import Entity, LocationSpec

if TYPE_CHECKING:
    from app.interfaces import Reading

GIT = "git"
"""Readable without being listed as allowed: a remote says by itself where it leads, unless it is a local path."""


def location_type_not_allowed(allowed: Collection[str]) -> InputError:
    listed = orjson.dumps(sorted(allowed, key=lambda name: (name != "url", name))).decode()
    return InputError(f"Registered locations must be of an allowed type {listed}")


def is_local_remote(target: str) -> bool:
    """Whether a git target leads to this machine's files."""
    if "://" in target:
        return target.partition("://")[0].lower() == "file"
    # `user@host:path`, as ssh has it; a host of one letter would be a Windows drive.
    host, colon, _ = target.partition(":")
    return not (colon and "/" not in host and len(host) > 1)


def check_type(kind: str, target: str, own: LocationSpec, allowed: Collection[str]) -> None:
    """Whether an entity at `own` may point to such a location. Raises InputError.

    This is what keeps a descriptor on the web from reading files of the server.
    """
    if kind == GIT:
        trusted = own.type == "file" or (own.type == GIT and is_local_remote(own.target))
        if is_local_remote(target) and not trusted:
            raise InputError("Repositories of the server itself may only be named by the configuration")
        return
    if kind != own.type and kind not in allowed:
        raise location_type_not_allowed(allowed)


def targets_of(entity: Entity) -> list[str]:
    """`spec.target`, then `spec.targets`."""
    spec = entity.get("spec") or {}
    targets: list[str] = []
    if spec.get("target"):
        targets.append(spec["target"])
    targets.extend(spec.get("targets") or ())
    return targets


def absolute_target(reading: Reading, own: LocationSpec, kind: str, target: str) -> str:
    """The target as seen from the location the entity was read at. Never raises: what cannot be resolved is read, and
    fails, as it is."""
    if own.type != kind:
        return target
    if kind == "file":
        if target.startswith("."):
            return posixpath.normpath(posixpath.join(posixpath.dirname(own.target), target))
        return target
    try:
        if kind == "url":
            return reading.resolve_url(target, own.target)
        if kind == GIT:
            return reading.git.resolve(target, own.target)
    except Exception:  # noqa: BLE001 -- resolvers are plugins' code
        return target
    return target


def is_folder(kind: str, target: str) -> bool:
    return kind == "file" and target.endswith(os.sep)

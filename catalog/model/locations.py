"""Location refs, `type:target`, and the Location entities that stand for them. Source: spec/catalog.md §0, §4.6."""

from __future__ import annotations

from hashlib import sha1
from typing import Any, NamedTuple

from catalog.model.errors import FormError
from catalog.model.well_known import is_script_url


class LocationRef(NamedTuple):
    type: str
    target: str

    def __str__(self) -> str:
        return f"{self.type}:{self.target}"


def parse_location_ref(ref: Any) -> LocationRef:
    """Splits on the first colon. Raises FormError, also for a target that is a script URL."""
    if not isinstance(ref, str):
        raise FormError(f"Unable to parse location ref '{ref}', expected text")
    kind, colon, target = ref.partition(":")
    kind, target = kind.strip(), target.strip()
    if not colon or not kind or not target:
        raise FormError(
            f"Unable to parse location ref '{ref}', expected '<type>:<target>', e.g. 'url:https://host/path'"
        )
    if kind in ("http", "https"):
        raise FormError(f"Invalid location ref '{ref}', please prefix it with 'url:', e.g. 'url:{ref}'")
    if is_script_url(target):
        raise FormError(f"Invalid location ref '{ref}', target is a javascript: URL")
    return LocationRef(kind, target)


def location_ref(type: str, target: str) -> str:  # noqa: A002
    """The text of a location ref. Raises FormError when a part is empty or the target is a script URL."""
    if not type:
        raise FormError("Unable to stringify location ref, empty type")
    if not target:
        raise FormError("Unable to stringify location ref, empty target")
    if is_script_url(target):
        raise FormError(f"Invalid location ref '{type}:{target}', target is a javascript: URL")
    return f"{type}:{target}"


def location_entity_name(type: str, target: str) -> str:  # noqa: A002
    """The name of the Location entity that stands for a registered or configured location."""
    digest = sha1(f"{type}:{target}".encode(), usedforsecurity=False).hexdigest()
    return f"generated-{digest}"

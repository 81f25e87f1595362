"""Location refs, `type:target`, and the Location entities that stand for them. Source: spec/catalog.md §0, §4.6."""

from __future__ import annotations

from hashlib import sha1
from typing import Any, NamedTuple

from catalog.model.errors import FormError
from catalog.model.well_known import LOCATION, ORIGIN_LOCATION, is_script_url

API_VERSION = "backstage.io/v1alpha1"


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


def location_entity(
    type: str,  # noqa: A002
    target: str,
    *,
    presence: str | None = None,
    origin: str | None = None,
    parent_location: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """A Location entity for one target.

    Args:
        origin: where its chain of locations began; itself if not given.
        parent_location: the location of the entity that emitted it; itself if not given.
        name: its name, if it is to keep one that it had for another target.

    Raises:
        FormError: the target is empty or a script URL.
    """
    itself = location_ref(type, target)
    spec: dict[str, Any] = {"type": type, "target": target}
    if presence is not None:
        spec["presence"] = presence
    return {
        "apiVersion": API_VERSION,
        "kind": "Location",
        "metadata": {
            "name": name or location_entity_name(type, target),
            "annotations": {LOCATION: parent_location or itself, ORIGIN_LOCATION: origin or itself},
        },
        "spec": spec,
    }

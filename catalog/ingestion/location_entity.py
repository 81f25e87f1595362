"""The Location entity that stands for a registered, configured or emitted location. Source: spec/catalog.md §4.6."""

from __future__ import annotations

from typing import Literal

from catalog.interfaces import Entity
from catalog.model.locations import location_entity_name, location_ref
from catalog.model.well_known import LOCATION, ORIGIN_LOCATION

API_VERSION = "backstage.io/v1alpha1"


def location_entity(
    type: str,  # noqa: A002
    target: str,
    *,
    presence: Literal["required", "optional"] | None = None,
    origin: str | None = None,
    parent_location: str | None = None,
    name: str | None = None,
) -> Entity:
    """A Location entity for one target.

    Args:
        origin: where its chain of locations began; itself if not given.
        parent_location: the location of the entity that emitted it; itself if not given.
        name: its name, if it is to keep one that it had for another target.

    Raises:
        FormError: the target is empty or a script URL.
    """
    itself = location_ref(type, target)
    spec: Entity = {"type": type, "target": target}
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

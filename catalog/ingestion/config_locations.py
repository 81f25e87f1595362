"""Locations that the configuration names. Source: spec/catalog.md §4.2, §5.1."""

from __future__ import annotations

import os.path
from collections.abc import Iterable

from app.errors import InputError
from catalog.interfaces import DeferredEntity, LocationSpec
from catalog.model.locations import location_entity

PROVIDER = "ConfigLocationProvider"

_DISCOVERY = frozenset(
    {
        "aws-cloud-accounts",
        "azure-discovery",
        "bitbucket-discovery",
        "github-discovery",
        "github-org",
        "gitlab-discovery",
        "ldap-org",
        "microsoft-graph-org",
        "s3-discovery",
    }
)
"""Types that processors of long ago understood."""


def configured_location(kind: str, target: str) -> LocationSpec:
    """A location with an absolute target: paths start at the working directory.

    Raises InputError for a type that needs a provider now.
    """
    if kind in _DISCOVERY:
        raise InputError(
            f"catalog.locations: type {kind} is not supported any more; configure a provider under catalog.providers"
        )
    return LocationSpec(kind, os.path.abspath(target) if kind == "file" else target)  # noqa: PTH100 -- `..` as text


def deferred_locations(locations: Iterable[LocationSpec]) -> list[DeferredEntity]:
    """What the provider emits: a Location entity for each."""
    return [DeferredEntity(location_entity(spec.type, spec.target), str(spec)) for spec in locations]

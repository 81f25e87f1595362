"""What an entity and a query are here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Any
Entity = dict[str, Any]
"""An entity as JSON: apiVersion, kind, metadata, spec?, relations?, status?. Numbers are JSON doubles (1.0 is 1)."""

Query = Mapping[str, Json]
"""A predicate in wire form. Source: spec/catalog.md §2.3. `{}` matches everything."""

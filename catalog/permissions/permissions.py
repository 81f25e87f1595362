"""The catalog's permissions, as policies and frontends know them. Source: spec/catalog.md §7.1."""

from __future__ import annotations

from typing import Final

from app.interfaces import Permission

CATALOG_ENTITY: Final = "catalog-entity"
"""The resource type of entities; a resource ref is a canonical entity ref."""

UNPROCESSED_READ: Final = Permission("catalog.entities.unprocessed.read", "read")
UNPROCESSED_DELETE: Final = Permission("catalog.entities.unprocessed.delete", "delete")
ENTITY_READ: Final = Permission("catalog.entity.read", "read", CATALOG_ENTITY)
ENTITY_CREATE: Final = Permission("catalog.entity.create", "create")
ENTITY_DELETE: Final = Permission("catalog.entity.delete", "delete", CATALOG_ENTITY)
ENTITY_REFRESH: Final = Permission("catalog.entity.refresh", "update", CATALOG_ENTITY)
ENTITY_VALIDATE: Final = Permission("catalog.entity.validate")
LOCATION_READ: Final = Permission("catalog.location.read", "read")
LOCATION_CREATE: Final = Permission("catalog.location.create", "create")
LOCATION_DELETE: Final = Permission("catalog.location.delete", "delete")
LOCATION_ANALYZE: Final = Permission("catalog.location.analyze")
INGESTION_READ: Final = Permission("catalog.ingestion.read", "read")
INGESTION_MANAGE: Final = Permission("catalog.ingestion.manage", "update")

PERMISSIONS: Final = (
    UNPROCESSED_READ,
    UNPROCESSED_DELETE,
    ENTITY_READ,
    ENTITY_CREATE,
    ENTITY_DELETE,
    ENTITY_REFRESH,
    ENTITY_VALIDATE,
    LOCATION_READ,
    LOCATION_CREATE,
    LOCATION_DELETE,
    LOCATION_ANALYZE,
    INGESTION_READ,
    INGESTION_MANAGE,
)
"""All of them, in the order in which `permissions/metadata` lists them."""

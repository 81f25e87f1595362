"""Rows of registered locations. Source: spec/catalog.md §1.4."""

from __future__ import annotations

from app.errors import ConflictError, NotFoundError
from app.interfaces import Database
from catalog.interfaces import LocationSpec, RegisteredLocation
from catalog.store.texts import storable
from catalog.store.writing import CatalogWrite

_SELECT = "SELECT id, type, target, entity_ref FROM catalog_location"


def already_exists(spec: LocationSpec) -> ConflictError:
    return ConflictError(f"Location {spec} already exists")


def not_found(location_id: str) -> NotFoundError:
    return NotFoundError(f"Found no location with ID {location_id}")


async def list_locations(database: Database) -> list[RegisteredLocation]:
    return [RegisteredLocation(*row) for row in await database.read(f"{_SELECT} ORDER BY id")]


async def location_by_id(database: Database, location_id: str) -> RegisteredLocation | None:
    rows = await database.read(f"{_SELECT} WHERE id = ?", location_id)
    return RegisteredLocation(*rows[0]) if rows else None


async def location_at(database: Database, spec: LocationSpec) -> RegisteredLocation | None:
    wanted = storable(spec.type), storable(spec.target)
    rows = await database.read(f"{_SELECT} WHERE type = ? AND target = ?", *wanted)
    return RegisteredLocation(*rows[0]) if rows else None


async def find_in(write: CatalogWrite, spec: LocationSpec) -> RegisteredLocation | None:
    rows = await write.tx.fetch(f"{_SELECT} WHERE type = ? AND target = ?", spec.type, spec.target)
    return RegisteredLocation(*rows[0]) if rows else None


async def get_in(write: CatalogWrite, location_id: str) -> RegisteredLocation:
    """Raises NotFoundError."""
    rows = await write.tx.fetch(f"{_SELECT} WHERE id = ?", location_id)
    if not rows:
        raise not_found(location_id)
    return RegisteredLocation(*rows[0])


async def insert_location(write: CatalogWrite, row: RegisteredLocation) -> None:
    await write.tx.execute(
        "INSERT INTO catalog_location (id, type, target, entity_ref) VALUES (?, ?, ?, ?)",
        row.id,
        row.type,
        row.target,
        row.entity_ref,
    )


async def move_location(write: CatalogWrite, location_id: str, spec: LocationSpec) -> None:
    await write.tx.execute(
        "UPDATE catalog_location SET type = ?, target = ? WHERE id = ?", spec.type, spec.target, location_id
    )


async def delete_location(write: CatalogWrite, location_id: str) -> None:
    await write.tx.execute("DELETE FROM catalog_location WHERE id = ?", location_id)


async def list_locations_below(database: Database, prefix: str) -> list[RegisteredLocation]:
    """Locations of type `url` whose target begins with a text."""
    rows = await database.read(
        f"{_SELECT} WHERE type = 'url' AND target >= ? AND target < ? ORDER BY target", prefix, prefix + "\U0010ffff"
    )
    return [RegisteredLocation(*row) for row in rows]

"""Lamps as entities."""

import asyncio

from callboard_lamps.shelf import Lamp, Shelf
from catalog.interfaces import DeferredEntity, Entity, FullMutation, ProviderConnection


class LampProvider:
    """Tells the catalog all lamps there are: those that are gone from the list go from the catalog."""

    name = "lamps"

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._connection: ProviderConnection | None = None

    async def connect(self, connection: ProviderConnection) -> None:
        self._connection = connection

    async def refresh(self) -> None:
        """What cannot be read is raised, and nothing changes."""
        if self._connection is None:
            return
        lamps = await asyncio.to_thread(self._shelf.lamps)
        entities = [DeferredEntity(self._entity(lamp), location_key=f"lamps:{lamp.name}") for lamp in lamps]
        await self._connection.apply_mutation(FullMutation(entities), cause={"file": str(self._shelf.file)})

    def _entity(self, lamp: Lamp) -> Entity:
        location = f"file:{self._shelf.file}"
        return {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Resource",
            "metadata": {
                "name": lamp.name,
                "annotations": {
                    "backstage.io/managed-by-location": location,
                    "backstage.io/managed-by-origin-location": location,
                },
                "labels": {"nightjar.example/track": lamp.track},
            },
            "spec": {"type": "lamp", "owner": lamp.owner},
        }

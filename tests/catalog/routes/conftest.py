from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.catalog.routes.fakes import an_entity
from tests.catalog.routes.world import World
from tests.conftest import AnyDatabase

OWNED = ("ownedBy", "group:default/team-a")


@pytest.fixture
def world(database: AnyDatabase) -> World:
    return World(
        database,
        [
            an_entity("Component:default/Web", OWNED, type="website", nothing=None),
            an_entity("Component:default/worker", OWNED, type="service"),
            an_entity("API:default/orders", type="openapi"),
            an_entity("Group:default/team-a", type="team"),
            an_entity("Location:default/root"),
            an_entity("Location:default/middle"),
        ],
    )


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with await world.start() as opened:
        yield opened

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.auth.service import AuthService
from app.config.config import LayeredConfig
from app.database.upgrade import bring_up_to_date
from tests.app.auth.world import Network, SetClock, config_with
from tests.conftest import AnyDatabase

MakeAuth = Callable[..., AuthService]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
async def migrated(database: AnyDatabase) -> AnyDatabase:
    await bring_up_to_date(database, {"auth": "app.auth.migrations"})
    return database


@pytest.fixture
def make_auth(migrated: AnyDatabase, clock: SetClock, network: Network) -> MakeAuth:
    """A process's AuthService on the one database; call it twice for two processes."""

    def make(config: LayeredConfig | None = None) -> AuthService:
        return AuthService(config or config_with(), migrated, clock, network)

    return make


@pytest.fixture
def auth(make_auth: MakeAuth) -> AuthService:
    return make_auth()

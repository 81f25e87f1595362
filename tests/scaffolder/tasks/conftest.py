from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import AnyDatabase
from tests.scaffolder.tasks.world import World, make_world


@pytest.fixture
async def world(database: AnyDatabase, tmp_path: Path) -> AsyncIterator[World]:
    made = await make_world(database, tmp_path / "workspaces")
    yield made
    await made.tasks.close()

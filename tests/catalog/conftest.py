"""Fixtures of the catalog's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.catalog.world import World, open_world
from tests.conftest import AnyDatabase


@pytest.fixture
async def world(database: AnyDatabase) -> AsyncIterator[World]:
    """An empty catalog that lets every kind in from anywhere."""
    async with open_world(database) as opened:
        yield opened
        await opened.check()

"""Fixtures of the search's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import AnyDatabase
from tests.plugins.search.world import SearchWorld, open_search


@pytest.fixture
async def world(database: AnyDatabase) -> AsyncIterator[SearchWorld]:
    """An empty catalog and an empty index."""
    async with open_search(database) as opened:
        yield opened

"""Fixtures of the template language's tests."""

from collections.abc import Iterator

import pytest

from tests.scaffolder.language.fuzz.engines import Engines


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """The npm engines, installed from the lock file beside the fuzzer."""
    with Engines() as running:
        yield running

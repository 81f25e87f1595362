"""What every entity provider promises, as tests to inherit.

class TestLampsProvider(ProviderContract):
    @pytest.fixture
    async def vendor(self):
        async with a_lamps_server() as server:
            yield LampsVendor(server)
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

import pytest

from catalog.interfaces import (
    DeferredEntity,
    DeltaMutation,
    Entity,
    EntityProvider,
    FullMutation,
    MutationResult,
)
from catalog.model.refs import ref_of
from catalog.model.well_known import LOCATION, ORIGIN_LOCATION
from catalog.validation.envelope import check_envelope

Json = Any
Stumble = Literal["limited", "broken", "half", "nonsense", "forbidden"]
Deliver = Callable[[], Awaitable[None]]


class HoldingConnection:
    """A `ProviderConnection` that keeps what it is given, as the catalog would, and counts."""

    def __init__(self) -> None:
        self.entities: dict[str, DeferredEntity] = {}
        self.mutations = 0
        self.refreshed: list[str] = []

    async def apply_mutation(
        self, mutation: FullMutation | DeltaMutation, *, cause: Mapping[str, Json] | None = None
    ) -> MutationResult:
        before = dict(self.entities)
        added = mutation.entities if isinstance(mutation, FullMutation) else mutation.added
        for one in added:
            check_envelope(one.entity)
        if isinstance(mutation, FullMutation):
            self.entities.clear()
        else:
            for ref in mutation.removed:
                self.entities.pop(ref.lower(), None)
        self.entities |= {ref_of(one.entity): one for one in added}
        self.mutations += before != self.entities
        return MutationResult(len(self.entities.keys() - before.keys()), 0, len(before.keys() - self.entities.keys()))

    async def refresh(self, keys: Iterable[str], *, cause: Mapping[str, Json] | None = None) -> int:
        self.refreshed += keys
        return 0

    async def held(self) -> Sequence[Entity]:
        return [one.entity for one in self.entities.values()]


class ProviderVendor(Protocol):
    """A host that really answers, with things (repositories, teams, …) that a test may add and take away.

    `connect` is called with the connection before anything else; `refresh` is a run of the provider's schedule.
    """

    @property
    def provider(self) -> EntityProvider: ...
    async def refresh(self) -> None: ...
    async def add(self, name: str) -> Deliver:
        """Add a thing; gives what delivers the host's webhook of it, as often as it is called."""

    async def remove(self, name: str) -> Deliver: ...
    def emitted(self, name: str) -> str:
        """The ref of the entity that the provider emits for a thing."""

    async def stumble(self, how: Stumble | None) -> None:
        """From now on the host answers so; None: it is well again."""


class ProviderContract:
    """Inherit it, and give the fixture `vendor`: a host that has nothing yet."""

    @pytest.fixture
    async def vendor(self) -> ProviderVendor:
        raise NotImplementedError("inherit ProviderContract and give the fixture `vendor`")

    @pytest.fixture
    async def held(self, vendor: ProviderVendor) -> HoldingConnection:
        connection = HoldingConnection()
        await vendor.provider.connect(connection)
        return connection

    async def test_a_run_tells_what_there_is(self, vendor: ProviderVendor, held: HoldingConnection) -> None:
        assert vendor.provider.name and vendor.provider.name == vendor.provider.name.strip()
        for name in ("one", "two", "three"):
            await vendor.add(name)
        await vendor.refresh()
        assert {vendor.emitted(name) for name in ("one", "two", "three")} <= held.entities.keys()
        for one in held.entities.values():
            annotations = one.entity["metadata"]["annotations"]
            assert annotations[LOCATION] and annotations[ORIGIN_LOCATION]
            assert one.location_key == vendor.provider.name

    async def test_a_run_over_what_has_not_changed_changes_nothing(
        self, vendor: ProviderVendor, held: HoldingConnection
    ) -> None:
        await vendor.add("one")
        await vendor.refresh()
        mutations = held.mutations
        await vendor.refresh()
        assert held.mutations == mutations

    async def test_what_is_gone_goes_with_the_next_run(self, vendor: ProviderVendor, held: HoldingConnection) -> None:
        for name in ("one", "two"):
            await vendor.add(name)
        await vendor.refresh()
        await vendor.remove("one")
        await vendor.refresh()
        assert vendor.emitted("one") not in held.entities and vendor.emitted("two") in held.entities

    @pytest.mark.parametrize("how", ["limited", "broken", "half", "nonsense", "forbidden"])
    async def test_a_run_that_fails_raises_and_changes_nothing(
        self, vendor: ProviderVendor, held: HoldingConnection, how: Stumble
    ) -> None:
        await vendor.add("one")
        await vendor.refresh()
        before = dict(held.entities)
        await vendor.remove("one")
        await vendor.stumble(how)
        with pytest.raises(Exception) as failed:
            await vendor.refresh()
        assert not isinstance(failed.value, AssertionError)
        assert held.entities == before

    async def test_webhooks_bring_in_and_take_out(self, vendor: ProviderVendor, held: HoldingConnection) -> None:
        await (await vendor.add("one"))()
        assert vendor.emitted("one") in held.entities
        await (await vendor.remove("one"))()
        assert vendor.emitted("one") not in held.entities

    async def test_webhooks_in_any_order_and_twice_end_with_what_there_is(
        self, vendor: ProviderVendor, held: HoldingConnection
    ) -> None:
        for number, order in enumerate(itertools.permutations(range(3))):
            name = f"thing-{number}"
            deliveries = [await vendor.add(name), await vendor.remove(name), await vendor.add(name)]
            for position in (*order, order[0]):
                await deliveries[position]()
            assert vendor.emitted(name) in held.entities
            deliveries = [await vendor.remove(name), *deliveries]
            for delivery in deliveries:
                await delivery()
            assert vendor.emitted(name) not in held.entities

"""`metadata.uid` follows the entity's number."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.store.uids import MAX_ENTITY_ID, entity_id_of, uid_of

ids = st.integers(min_value=1, max_value=MAX_ENTITY_ID)


@given(ids)
def test_a_uid_is_a_random_uuid_that_tells_its_entity(entity_id: int) -> None:
    uid = uid_of(entity_id)
    parsed = UUID(uid)
    assert (parsed.version, parsed.variant, str(parsed)) == (4, RFC_4122, uid)
    assert entity_id_of(uid) == entity_id


@given(ids, ids)
def test_the_order_of_uids_is_the_order_of_entities(one: int, other: int) -> None:
    if one != other:
        assert (uid_of(one) < uid_of(other)) == (one < other)


def test_a_uid_never_comes_back() -> None:
    assert len({uid_of(1) for _ in range(100)}) == 100


@pytest.mark.parametrize("entity_id", [0, -1, MAX_ENTITY_ID + 1])
def test_a_number_that_does_not_fit_is_refused(entity_id: int) -> None:
    with pytest.raises(ValueError, match="not an entity number"):
        uid_of(entity_id)


def test_what_is_no_uuid_has_no_entity() -> None:
    assert entity_id_of("nope") is None

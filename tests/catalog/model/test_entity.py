from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalog.model.entity import stable_hash, stable_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key], order) for key in keys}
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


def test_stable_json_has_sorted_keys_and_no_space() -> None:
    assert stable_json({"b": [1, {"d": 2, "c": "ü"}], "a": None}) == '{"a":null,"b":[1,{"c":"ü","d":2}]}'.encode()


def test_a_hash_is_forty_hex_digits_of_sha1() -> None:
    assert stable_hash({}) == "bf21a9e8fbc5a3846fb05b4fa0859e0917b2202f"


@given(JSON, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_change_a_hash(value: Any, order: random.Random) -> None:
    assert stable_hash(shuffled(value, order)) == stable_hash(value)


@given(JSON, JSON)
def test_hashes_are_equal_only_for_equal_texts(one: Any, other: Any) -> None:
    assert (stable_hash(one) == stable_hash(other)) == (stable_json(one) == stable_json(other))

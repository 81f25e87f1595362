"""Laws of merging, tried at random."""

from __future__ import annotations

from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.config.merging import merge, prune
from app.config.nodes import Place, wrap

HERE = Place("test", 1)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)


def trees(depth: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Trees in which `a` and `b` are always objects, and `x` and `y` never: kinds do not clash between two of them."""
    below = {"a": trees(depth - 1), "b": trees(depth - 1)} if depth else {}
    return st.fixed_dictionaries({}, optional={"x": SCALARS, "y": SCALARS, **below})


ANYTHING = st.recursive(
    SCALARS, lambda inner: st.dictionaries(st.sampled_from("abxy"), inner, max_size=4), max_leaves=12
)


def merged(*layers: Any) -> Any:
    return reduce(merge, (prune(wrap(layer, HERE)) for layer in layers)).plain()


@given(trees(), trees(), trees())
def test_merging_is_associative(one: Any, two: Any, three: Any) -> None:
    assert merged(one, merged(two, three)) == merged(merged(one, two), three) == merged(one, two, three)


@given(ANYTHING)
def test_merging_a_layer_with_itself_or_with_nothing_changes_nothing(layer: Any) -> None:
    assert merged(layer, layer) == merged(layer) == merged(layer, None) == merged(None, layer)


@given(ANYTHING, ANYTHING)
def test_the_upper_layer_is_all_there(lower: Any, upper: Any) -> None:
    def within(small: Any, large: Any) -> bool:
        if isinstance(small, dict) and isinstance(large, dict):
            return all(key in large and within(value, large[key]) for key, value in small.items())
        return bool(small == large)

    upper = merged(upper)
    assert upper is None or within(upper, merged(lower, upper))


@given(trees(), trees())
def test_what_the_upper_layer_does_not_name_comes_from_the_lower(lower: Any, upper: Any) -> None:
    def check(low: Any, up: Any, result: Any) -> None:
        for key, value in low.items():
            if key not in up:
                assert result[key] == value
            elif isinstance(value, dict):
                check(value, up[key], result[key])

    check(merged(lower), merged(upper), merged(lower, upper))

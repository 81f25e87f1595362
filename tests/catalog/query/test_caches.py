from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.query.caches import Cache


@given(st.lists(st.tuples(st.sampled_from("gpx"), st.integers(0, 30), st.integers(1, 250)), max_size=200))
def test_a_cache_never_forgets_wrongly_and_never_holds_more_than_its_budget(steps: list[tuple[str, int, int]]) -> None:
    cache: Cache[int, int] = Cache(200)
    truth: dict[int, int] = {}
    last = 0
    for what, key, size in steps:
        if what == "p":
            cache.put(key, size, size)
            truth[key] = last = size
            assert cache.get(key) == size
        elif what == "x":
            cache.pop(key)
            truth.pop(key, None)
        else:
            assert cache.get(key) in (None, truth.get(key))
        assert dict(cache.items()).items() <= truth.items()
        assert cache.size == sum(size for _, size in cache.items()) <= max(200, last)


def test_what_is_used_stays() -> None:
    cache: Cache[int, int] = Cache(100)
    cache.put(-1, -1, 10)
    for n in range(1000):
        cache.put(n, n, 10)
        assert cache.get(-1) == -1
    assert cache.get(0) is None


def test_the_last_thing_put_in_is_kept_whatever_its_size() -> None:
    cache: Cache[int, int] = Cache(10)
    cache.put(1, 1, 1000)
    assert cache.get(1) == 1
    cache.clear()
    assert (len(cache), cache.size) == (0, 0)

"""The memory of verified tokens: bounded, and never longer than a token lives."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from app.auth.verified import Verified, VerifiedTokens
from tests.app.auth.conftest import MakeAuth
from tests.app.auth.world import config_with


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 50)), max_size=80), st.integers(1, 10))
def test_it_never_holds_more_than_its_limit_nor_anything_for_too_long(steps: list[tuple[int, int]], limit: int) -> None:
    memory, model, now = VerifiedTokens(limit), dict[bytes, float](), 0.0
    for token, life in steps:
        digest = memory.digest(str(token))
        found = memory.get(digest, now)
        assert found is None or (found.good_until == model[digest] and found.good_until > now)
        memory.put(digest, Verified("user", str(token), good_until=now + life))
        model[digest] = now + life
        assert len(memory) <= limit
        now += 1


def test_what_was_just_put_in_is_found_until_it_ends() -> None:
    memory = VerifiedTokens()
    digest = memory.digest("a")
    memory.put(digest, Verified("user", "a", good_until=10.0))
    assert memory.get(digest, 9.9) is not None
    assert memory.get(digest, 10.0) is None
    assert len(memory) == 0


async def test_checking_a_token_again_takes_microseconds(make_auth: MakeAuth) -> None:
    """The bound is generous: what it must catch is a signature or a query on every request (100 µs and more)."""
    entry = {"type": "static", "options": {"token": "conformance-token-full", "subject": "conformance"}}
    auth = make_auth(config_with([entry]))
    user = await auth.issue_user_token("user:default/zoe", ["user:default/zoe"])

    async def seconds_for(token: str) -> float:
        started = time.perf_counter()
        for _ in range(200):
            await auth.authenticate(token)
        return (time.perf_counter() - started) / 200

    for token in (user, "conformance-token-full"):
        # The best of several tries, so that a busy machine does not count.
        assert min([await seconds_for(token) for _ in range(20)]) < 50e-6

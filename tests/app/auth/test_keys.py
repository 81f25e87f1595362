"""Rotation of signing keys. Source: spec/ui-backends.md §2.2, §3.1."""

from __future__ import annotations

import asyncio

import jwt

from app.auth.service import AuthService
from tests.app.auth.conftest import MakeAuth
from tests.app.auth.world import SetClock, config_of
from tests.conftest import AnyDatabase

ZOE = "user:default/zoe"


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


async def kids(auth: AuthService, plugin: str | None = None) -> list[str]:
    return [key["kid"] for key in await auth.jwks(plugin)]


async def test_a_key_signs_for_one_lifetime_and_is_known_for_three(auth: AuthService, clock: SetClock) -> None:
    first = kid_of(await auth.issue_user_token(ZOE, []))
    clock.move(minutes=59)
    assert kid_of(await auth.issue_user_token(ZOE, [])) == first
    clock.move(minutes=1)
    second = kid_of(await auth.issue_user_token(ZOE, []))
    assert second != first
    assert await kids(auth) == [first, second]
    clock.move(minutes=119)
    assert first in await kids(auth)
    clock.move(minutes=1)
    assert first not in await kids(auth)


async def test_every_token_stays_good_through_the_rotations_of_its_lifetime(
    make_auth: MakeAuth, clock: SetClock
) -> None:
    auth = make_auth(config_of({"auth": {"backstageTokenExpiration": "24h"}}))
    clock.move(hours=1)
    await auth.issue_user_token(ZOE, [])
    clock.move(hours=23, minutes=59)
    last = await auth.issue_user_token(ZOE, [])
    for _ in range(23):
        clock.move(hours=1)
        await auth.issue_user_token(ZOE, [])
        # A process of its own has not seen the token before, so it really looks for the key.
        assert (await make_auth().authenticate(last)).subject == ZOE


async def test_expired_keys_leave_the_database(auth: AuthService, clock: SetClock, migrated: AnyDatabase) -> None:
    await auth.issue_user_token(ZOE, [])
    await auth.issue_service_token("catalog", "search")
    clock.move(hours=4)
    await auth.issue_user_token(ZOE, [])
    assert await migrated.read("SELECT COUNT(*) FROM auth_signing_key") == [(1,)]


async def test_the_database_holds_no_private_key(auth: AuthService, migrated: AnyDatabase) -> None:
    await auth.issue_user_token(ZOE, [])
    await auth.issue_service_token("catalog", "search")
    stored = [jwk for (jwk,) in await migrated.read("SELECT jwk FROM auth_signing_key")]
    assert len(stored) == 2
    assert not [jwk for jwk in stored if '"d"' in jwk or "PRIVATE" in jwk]


async def test_published_keys_are_what_any_library_reads(auth: AuthService) -> None:
    token = await auth.issue_user_token(ZOE, [])
    keys = await auth.jwks()
    assert [sorted(key) for key in keys] == [["alg", "crv", "kid", "kty", "x", "y"]]
    claims = jwt.decode(
        token,
        jwt.PyJWK(keys[0]),
        algorithms=["ES256"],
        audience="backstage",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["sub"] == ZOE


async def test_a_first_rush_of_sign_ins_makes_one_key(auth: AuthService) -> None:
    tokens = await asyncio.gather(*(auth.issue_user_token(f"user:default/u{n}", []) for n in range(20)))
    assert len({kid_of(token) for token in tokens}) == 1
    assert len(await kids(auth)) == 1


async def test_each_process_signs_with_a_key_of_its_own_and_all_know_them(make_auth: MakeAuth) -> None:
    here, there = make_auth(), make_auth()
    tokens = [await here.issue_user_token(ZOE, []), await there.issue_user_token(ZOE, [])]
    assert kid_of(tokens[0]) != kid_of(tokens[1])
    assert [(await auth.authenticate(token)).subject for auth in (here, there) for token in tokens] == [ZOE] * 4


async def test_a_plugin_publishes_its_own_keys_alone(auth: AuthService) -> None:
    service = kid_of(await auth.issue_service_token("catalog", "search"))
    await auth.issue_user_token(ZOE, [])
    assert await kids(auth, "catalog") == [service]
    assert await kids(auth, "search") == []
    assert service not in await kids(auth)

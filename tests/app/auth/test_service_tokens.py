"""Plugin-to-plugin tokens. Source: spec/ui-backends.md §2.2."""

from __future__ import annotations

import jwt
import orjson
import pytest
from jwt.utils import base64url_decode

from app.auth.service import AuthService
from app.errors import AuthenticationError
from app.interfaces import Principal
from tests.app.auth.world import NOW, SetClock

ZOE = "user:default/zoe"
ISSUED = int(NOW.timestamp())


async def refusal(auth: AuthService, token: str, plugin: str | None) -> str:
    with pytest.raises(AuthenticationError) as refused:
        await auth.authenticate(token, plugin=plugin)
    return str(refused.value)


async def test_a_plugin_is_known_to_the_one_it_calls(auth: AuthService) -> None:
    token = await auth.issue_service_token("search", "catalog")
    assert jwt.get_unverified_header(token)["typ"] == "vnd.backstage.plugin"
    claims = orjson.loads(base64url_decode(token.split(".")[1]))
    assert claims == {"sub": "search", "aud": "catalog", "iat": ISSUED, "exp": ISSUED + 3600}
    assert await auth.authenticate(token, plugin="catalog") == Principal("service", "plugin:search")


@pytest.mark.parametrize("plugin", ["scaffolder", "search", None])
async def test_a_service_token_is_no_good_elsewhere(auth: AuthService, plugin: str | None) -> None:
    token = await auth.issue_service_token("search", "catalog")
    await auth.authenticate(token, plugin="catalog")
    assert await refusal(auth, token, plugin) == "Failed plugin token verification"


async def test_a_service_token_lasts_an_hour(auth: AuthService, clock: SetClock) -> None:
    token = await auth.issue_service_token("search", "catalog")
    clock.move(minutes=60)
    assert await refusal(auth, token, "catalog") == "Failed plugin token verification"


async def test_a_service_on_behalf_of_a_user_is_that_user_and_says_who_acts(auth: AuthService) -> None:
    user = await auth.issue_user_token(ZOE, [ZOE, "group:default/quay"])
    token = await auth.issue_service_token("search", "catalog", user_token=user)
    assert await auth.authenticate(token, plugin="catalog") == Principal(
        "user", ZOE, (ZOE, "group:default/quay"), actor="plugin:search"
    )


async def test_acting_for_a_user_ends_with_the_users_own_token(auth: AuthService, clock: SetClock) -> None:
    user = await auth.issue_user_token(ZOE, [])
    clock.move(minutes=50)
    token = await auth.issue_service_token("search", "catalog", user_token=user)
    await auth.authenticate(token, plugin="catalog")
    clock.move(minutes=10)
    assert await refusal(auth, token, "catalog") == "Failed plugin token verification"


async def test_nobody_acts_for_a_user_without_a_token_of_theirs(auth: AuthService) -> None:
    with pytest.raises(AuthenticationError):
        await auth.issue_service_token("search", "catalog", user_token="nope")
    service = await auth.issue_service_token("search", "catalog")
    with pytest.raises(AuthenticationError):
        await auth.issue_service_token("search", "catalog", user_token=service)


async def test_a_full_user_token_in_a_service_token_is_refused(auth: AuthService) -> None:
    """Only the limited form may travel, so that a receiver cannot act as the user elsewhere."""
    user = await auth.issue_user_token(ZOE, [])
    signer = await auth._keys.signer("plugin:search")
    claims = {"sub": "search", "aud": "catalog", "iat": ISSUED, "exp": ISSUED + 60, "obo": user}
    token = signer.sign("vnd.backstage.plugin", claims)
    assert await refusal(auth, token, "catalog") == "Invalid user token in plugin token obo claim"


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        ("", "Invalid plugin token: missing subject"),
        (7, "Invalid plugin token: missing subject"),
        ("../catalog", "Invalid plugin token: forbidden subject format"),
        ("a.example/x", "Invalid plugin token: forbidden subject format"),
        ("search\n", "Invalid plugin token: forbidden subject format"),
        ("scaffolder", "Failed plugin token verification"),
    ],
)
async def test_a_plugin_speaks_for_itself_alone(auth: AuthService, subject: object, message: str) -> None:
    signer = await auth._keys.signer("plugin:search")
    claims = {"sub": subject, "aud": "catalog", "iat": ISSUED, "exp": ISSUED + 60}
    token = signer.sign("vnd.backstage.plugin", claims)
    assert await refusal(auth, token, "catalog") == message


async def test_a_plugins_key_signs_no_user_in_and_a_users_key_no_plugin(auth: AuthService) -> None:
    times = {"iat": ISSUED, "exp": ISSUED + 60}
    plugin, user = await auth._keys.signer("plugin:search"), await auth._keys.signer("user")
    as_user = plugin.sign("vnd.backstage.user", {"sub": ZOE, "aud": "backstage", **times})
    as_plugin = user.sign("vnd.backstage.plugin", {"sub": "search", "aud": "catalog", **times})
    assert await refusal(auth, as_user, "catalog") == "Failed user token verification"
    assert await refusal(auth, as_plugin, "catalog") == "Failed plugin token verification"

"""`backend.auth.externalAccess`. Source: spec/ui-backends.md §2.4."""

from __future__ import annotations

import base64
import hmac
import logging
from typing import Any

import jwt
import orjson
import pytest
from jwt.utils import base64url_encode

from app.auth.service import AuthService
from app.config.nodes import ConfigError
from app.errors import AuthenticationError, CallboardError, NotAllowedError
from app.interfaces import AccessRestriction, Principal
from tests.app.auth.conftest import MakeAuth
from tests.app.auth.world import NOW, Issuer, Network, SetClock, config_of, config_with

ISSUED = int(NOW.timestamp())
SECRET = base64.b64encode(b"a shared secret of the old days").decode()
SHORT_SECRET = base64.b64encode(b"twenty-four bytes, these").decode()
KEYS_URL = "https://issuer.example/keys.json"


def static(token: str, subject: str, *restrictions: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "static", "options": {"token": token, "subject": subject}}
    return {**entry, "accessRestrictions": list(restrictions)} if restrictions else entry


def jwks(**options: Any) -> dict[str, Any]:
    return {"type": "jwks", "options": {"url": KEYS_URL, **options}}


def legacy_token(secret: str = SECRET, *, alg: str = "HS256", **claims: Any) -> str:
    """Made by hand: the library refuses to make some of what has to be refused."""
    parts = ({"alg": alg}, {"sub": "backstage-server", **claims})
    signed = b".".join(base64url_encode(orjson.dumps(part)) for part in parts)
    signature = hmac.digest(base64.b64decode(secret), signed, "sha256")
    return b".".join([signed, base64url_encode(signature)]).decode()


async def answer(auth: AuthService, token: str, plugin: str = "catalog") -> Principal | str:
    """The caller, or the refusal's words."""
    try:
        return await auth.authenticate(token, plugin=plugin)
    except CallboardError as error:
        assert isinstance(error, AuthenticationError | NotAllowedError)
        return f"{error.name}: {error}"


# -------------------------------------------------------------------------------------------------- static


async def test_a_static_token_names_its_subject(make_auth: MakeAuth) -> None:
    auth = make_auth(config_with([static("token-of-the-first", "one"), static("token-of-the-second", "two")]))
    assert await answer(auth, "token-of-the-first") == Principal("service", "external:one")
    assert await answer(auth, "token-of-the-second") == Principal("service", "external:two")


@pytest.mark.parametrize(
    "token", ["token-of-the-firs", "token-of-the-first ", "Token-of-the-first", "", "tökèn", "\udcff"]
)
async def test_anything_else_is_an_illegal_token(make_auth: MakeAuth, token: str) -> None:
    auth = make_auth(config_with([static("token-of-the-first", "one")]))
    assert await answer(auth, token) == "AuthenticationError: Illegal token"


async def test_nothing_configured_lets_nothing_in(auth: AuthService) -> None:
    deep = base64url_encode(b"[" * 20_000).decode()
    hostile = ["." * 40_000, "x" * 40_000, f"{deep}.e30.x", f"e30.{deep}.x", "e30.e30.x", "W10.W10.x"]
    for token in ["nope", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.x", *hostile]:
        assert await answer(auth, token) == "AuthenticationError: Illegal token"


async def test_a_restricted_token_is_good_for_its_plugins_alone(make_auth: MakeAuth) -> None:
    restrictions: list[dict[str, Any]] = [
        {"plugin": "catalog", "permissionAttribute": {"action": "read, create"}},
        {"plugin": "search"},
    ]
    auth = make_auth(config_with([static("token-of-the-first", "one", *restrictions)]))
    expected = (
        AccessRestriction("catalog", frozenset(), frozenset({"read", "create"})),
        AccessRestriction("search"),
    )
    for plugin in ("catalog", "search"):
        assert await answer(auth, "token-of-the-first", plugin) == Principal(
            "service", "external:one", restrictions=expected
        )
    assert (
        await answer(auth, "token-of-the-first", "scaffolder")
        == "NotAllowedError: This token's access is restricted to plugin(s) 'catalog', 'search'"
    )


@pytest.mark.parametrize("spelt", ["a.read b.read", "a.read,b.read", "a.read, b.read", ["a.read", "b.read"]])
async def test_permissions_may_be_a_list_or_one_string(make_auth: MakeAuth, spelt: object) -> None:
    auth = make_auth(config_with([static("token-of-the-first", "one", {"plugin": "catalog", "permission": spelt})]))
    caller = await auth.authenticate("token-of-the-first", plugin="catalog")
    assert caller.restrictions == (AccessRestriction("catalog", frozenset({"a.read", "b.read"})),)


# -------------------------------------------------------------------------------------------------- legacy


@pytest.fixture
def old(make_auth: MakeAuth) -> AuthService:
    return make_auth(config_with([{"type": "legacy", "options": {"secret": SECRET, "subject": "old"}}]))


async def test_an_old_backends_token_is_its_subjects(old: AuthService) -> None:
    assert await answer(old, legacy_token(exp=ISSUED + 60)) == Principal("service", "external:old")


async def test_the_shared_keys_of_old_configurations_still_work_short_as_they_are(make_auth: MakeAuth) -> None:
    auth = make_auth(config_with(keys=[{"secret": SECRET}, {"secret": SHORT_SECRET}]))
    assert await answer(auth, legacy_token(SHORT_SECRET)) == Principal("service", "external:backstage-plugin")


@pytest.mark.parametrize(
    "claims",
    [{"sub": "somebody"}, {"aud": "catalog"}, {"exp": ISSUED}, {"nbf": ISSUED + 1}, {"exp": "never"}, {"alg": "HS512"}],
    ids=lambda claims: next(iter(claims)),
)
async def test_an_old_token_has_the_form_it_always_had(old: AuthService, claims: dict[str, Any]) -> None:
    assert await answer(old, legacy_token(**claims)) == "AuthenticationError: Illegal token"


async def test_an_old_token_of_another_secret_is_refused(old: AuthService) -> None:
    assert await answer(old, legacy_token(SHORT_SECRET)) == "AuthenticationError: Illegal token"


async def test_an_old_token_ends(old: AuthService, clock: SetClock) -> None:
    token = legacy_token(exp=ISSUED + 60)
    await old.authenticate(token)
    clock.move(seconds=60)
    assert await answer(old, token) == "AuthenticationError: Illegal token"


# ---------------------------------------------------------------------------------------------------- jwks


@pytest.fixture
def issuer(network: Network) -> Issuer:
    issuer = Issuer()
    network.answer = issuer.key_set
    return issuer


async def test_an_issuers_token_names_its_own_subject(make_auth: MakeAuth, issuer: Issuer) -> None:
    token = issuer.token({"sub": "robot", "exp": ISSUED + 60})
    assert await answer(make_auth(config_with([jwks()])), token) == Principal("service", "external:robot")
    auth = make_auth(config_with([jwks(subjectPrefix="ci")]))
    assert await answer(auth, token) == Principal("service", "external:ci:robot")


@pytest.mark.parametrize(
    ("options", "claims", "good"),
    [
        ({"issuer": "https://a"}, {"iss": "https://a"}, True),
        ({"issuer": ["https://b", "https://a"]}, {"iss": "https://a"}, True),
        ({"issuer": "https://a"}, {"iss": "https://b"}, False),
        ({"issuer": "https://a"}, {}, False),
        ({"audience": "callboard"}, {"aud": ["x", "callboard"]}, True),
        ({"audience": ["callboard", "y"]}, {"aud": "y"}, True),
        ({"audience": "callboard"}, {"aud": "callboards"}, False),
        ({"audience": "callboard"}, {}, False),
        ({"algorithm": "ES256"}, {}, True),
        ({"algorithm": ["RS256", "PS256"]}, {}, False),
        ({}, {"sub": ""}, False),
        ({}, {"sub": 7}, False),
        ({}, {"sub": None}, False),
        ({}, {"exp": ISSUED}, False),
        ({}, {"nbf": ISSUED + 1}, False),
        ({}, {"nbf": ISSUED}, True),
    ],
)
async def test_an_issuers_token_must_say_what_is_asked_of_it(
    make_auth: MakeAuth, issuer: Issuer, options: dict[str, Any], claims: dict[str, Any], good: bool
) -> None:
    auth = make_auth(config_with([jwks(**options)]))
    signed = jwt.PyJWS().encode(
        orjson.dumps({"sub": "robot", **claims}), issuer.keys["first"], "ES256", {"kid": "first"}
    )
    expected = Principal("service", "external:robot") if good else "AuthenticationError: Illegal token"
    assert await answer(auth, signed) == expected


async def test_a_token_that_does_not_concern_the_issuer_costs_no_request(
    make_auth: MakeAuth, issuer: Issuer, network: Network
) -> None:
    auth = make_auth(config_with([jwks(issuer="https://a"), static("token-of-the-first", "one")]))
    await answer(auth, issuer.token({"sub": "robot", "iss": "https://b"}))
    await answer(auth, "token-of-the-first")
    await answer(auth, "nope")
    assert network.asked == []


async def test_somebody_elses_signature_is_refused(make_auth: MakeAuth, issuer: Issuer) -> None:
    auth = make_auth(config_with([jwks()]))
    forged = Issuer().token({"sub": "robot"})
    assert await answer(auth, forged) == "AuthenticationError: Illegal token"


async def test_a_shared_secret_in_a_key_set_signs_nothing(make_auth: MakeAuth, network: Network) -> None:
    secret = base64.urlsafe_b64encode(b"everybody reads this in the key set").decode().rstrip("=")
    network.answer = lambda: orjson.dumps({"keys": [{"kty": "oct", "k": secret, "kid": "first", "alg": "HS256"}]})
    auth = make_auth(config_with([jwks()]))
    token = jwt.encode({"sub": "robot"}, b"everybody reads this in the key set", "HS256", {"kid": "first"})
    assert await answer(auth, token) == "AuthenticationError: Illegal token"


async def test_a_new_key_is_found_and_made_up_ones_do_not_flood_the_issuer(
    make_auth: MakeAuth, issuer: Issuer, network: Network, clock: SetClock
) -> None:
    auth = make_auth(config_with([jwks()]))
    await auth.authenticate(issuer.token({"sub": "robot"}))
    issuer.add("second")
    token = issuer.token({"sub": "robot"}, kid="second")
    for _ in range(50):
        await answer(auth, token)
    assert len(network.asked) == 1
    clock.move(seconds=30)
    assert await answer(auth, token) == Principal("service", "external:robot")
    assert network.asked == [KEYS_URL, KEYS_URL]


async def test_a_withdrawn_key_is_trusted_for_ten_minutes_at_most(
    make_auth: MakeAuth, issuer: Issuer, clock: SetClock
) -> None:
    auth = make_auth(config_with([jwks()]))
    token = issuer.token({"sub": "robot", "exp": ISSUED + 86_400})
    await auth.authenticate(token)
    issuer.keys.clear()
    clock.move(minutes=9, seconds=59)
    assert await answer(auth, token) == Principal("service", "external:robot")
    clock.move(seconds=1)
    assert await answer(auth, token) == "AuthenticationError: Illegal token"


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[1,{},{"kty":"EC"}]}'])
async def test_an_issuer_that_answers_nonsense_lets_nobody_in(
    make_auth: MakeAuth, issuer: Issuer, network: Network, content: bytes
) -> None:
    network.answer = lambda: content
    auth = make_auth(config_with([jwks(), static("token-of-the-first", "one")]))
    assert await answer(auth, issuer.token({"sub": "robot"})) == "AuthenticationError: Illegal token"
    assert await answer(auth, "token-of-the-first") == Principal("service", "external:one")


async def test_an_issuer_that_is_away_is_asked_again_later(
    make_auth: MakeAuth, issuer: Issuer, network: Network, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    network.answer = None
    auth = make_auth(config_with([jwks()]))
    token = issuer.token({"sub": "robot"})
    with caplog.at_level(logging.WARNING):
        assert await answer(auth, token) == "AuthenticationError: Illegal token"
    assert KEYS_URL in caplog.text
    network.answer = issuer.key_set
    clock.move(seconds=30)
    assert await answer(auth, token) == Principal("service", "external:robot")


# ------------------------------------------------------------------------------------------- configuration


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ({"type": "magic", "options": {}}, "backend.auth.externalAccess.0"),
        (static("short", "one"), "backend.auth.externalAccess.0.options.token"),
        (static("with a space", "one"), "backend.auth.externalAccess.0.options.token"),
        (static("token-of-the-first", "o ne"), "backend.auth.externalAccess.0.options.subject"),
        ({"type": "static", "options": {"token": "token-of-the-first"}}, "options.subject"),
        ({"type": "legacy", "options": {"secret": "no base64!", "subject": "a"}}, "options.secret"),
        (jwks(algorithm="HS256"), "options.algorithm"),
        (jwks(algorithm=["ES256", "none"]), "options.algorithm"),
        (static("token-of-the-first", "one", {"permission": "a"}), "accessRestrictions.0.plugin"),
        (static("token-of-the-first", "one", {"plugin": "a", "permissions": "b"}), "accessRestrictions.0.permissions"),
        (static("token-of-the-first", "one", {"plugin": "a"}, {"plugin": "a"}), "accessRestrictions"),
        (
            static("token-of-the-first", "one", {"plugin": "a", "permissionAttribute": {"action": "fly"}}),
            "permissionAttribute.action",
        ),
        (
            static("token-of-the-first", "one", {"plugin": "a", "permissionAttribute": {"colour": "red"}}),
            "permissionAttribute.colour",
        ),
    ],
)
async def test_a_wrong_entry_stops_the_start_and_is_named_without_its_secrets(
    make_auth: MakeAuth, entry: dict[str, Any], where: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        make_auth(config_with([entry]))
    assert where in str(refused.value)
    for secret in ("token-of-the-first", "with a space", "no base64!"):
        assert secret not in str(refused.value)


@pytest.mark.parametrize("wrong", ["soon", {"fortnights": 1}, [], True, 3600])
async def test_a_wrong_lifetime_stops_the_start(make_auth: MakeAuth, wrong: object) -> None:
    with pytest.raises(ConfigError, match=r"auth\.backstageTokenExpiration"):
        make_auth(config_of({"auth": {"backstageTokenExpiration": wrong}}))

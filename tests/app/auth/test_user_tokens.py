"""User tokens and their limited form. Source: spec/ui-backends.md §2.1."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import timedelta

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_decode, base64url_encode

from app.auth.service import AuthService
from app.auth.tokens import limited_user_token
from app.errors import AuthenticationError, InputError
from app.interfaces import Principal
from tests.app.auth.conftest import MakeAuth
from tests.app.auth.world import BASE_URL, NOW, SetClock, config_of

ZOE = "user:default/zoe"
OWNERSHIP = (ZOE, "group:default/lighthouse")
ISSUED = int(NOW.timestamp())


def parts(token: str) -> tuple[bytes, bytes, str]:
    header, payload, signature = token.split(".")
    return base64url_decode(header), base64url_decode(payload), signature


async def refusal(auth: AuthService, token: str, *, allow_limited: bool = False) -> str:
    with pytest.raises(AuthenticationError) as refused:
        await auth.authenticate(token, allow_limited=allow_limited)
    return str(refused.value)


async def test_a_user_token_says_what_the_reference_says_and_no_more(auth: AuthService) -> None:
    header, payload, _ = parts(await auth.issue_user_token(ZOE, OWNERSHIP))
    claims = orjson.loads(payload)
    kid = (await auth.jwks())[0]["kid"]
    assert orjson.loads(header) == {"typ": "vnd.backstage.user", "alg": "ES256", "kid": kid}
    assert list(claims) == ["iss", "sub", "aud", "iat", "exp", "uip"]
    del claims["uip"]
    assert claims == {
        "iss": f"{BASE_URL}/api/auth",
        "sub": ZOE,
        "aud": "backstage",
        "iat": ISSUED,
        "exp": ISSUED + 3600,
    }


async def test_the_bearer_of_a_user_token_is_that_user_with_everything_they_own_in_the_name_of(
    auth: AuthService,
) -> None:
    token = await auth.issue_user_token(ZOE, OWNERSHIP)
    assert await auth.authenticate(token) == Principal("user", ZOE, OWNERSHIP)


async def test_a_limited_token_can_be_put_together_from_the_full_one_byte_for_byte(auth: AuthService) -> None:
    token = await auth.issue_user_token(ZOE, OWNERSHIP)
    limited, expires_at = await auth.limited_user_token(token)
    header, payload, signature = parts(limited)
    kid = jwt.get_unverified_header(token)["kid"]
    assert header == f'{{"typ":"vnd.backstage.limited-user","alg":"ES256","kid":"{kid}"}}'.encode()
    assert payload == f'{{"sub":"{ZOE}","iat":{ISSUED},"exp":{ISSUED + 3600}}}'.encode()
    assert signature == orjson.loads(parts(token)[1])["uip"]
    assert expires_at == ISSUED + 3600


async def test_a_limited_token_is_good_only_where_it_is_asked_for(auth: AuthService) -> None:
    limited, _ = await auth.limited_user_token(await auth.issue_user_token(ZOE, OWNERSHIP))
    assert await auth.authenticate(limited, allow_limited=True) == Principal("user", ZOE, OWNERSHIP, limited=True)
    assert await refusal(auth, limited) == "Illegal limited user token"


async def test_nobody_gets_a_limited_token_for_a_limited_one(auth: AuthService) -> None:
    limited, _ = await auth.limited_user_token(await auth.issue_user_token(ZOE, OWNERSHIP))
    with pytest.raises(AuthenticationError):
        await auth.limited_user_token(limited)


async def test_a_token_ends_when_it_says(auth: AuthService, clock: SetClock) -> None:
    token = await auth.issue_user_token(ZOE, OWNERSHIP)
    clock.move(seconds=3599)
    assert (await auth.authenticate(token)).subject == ZOE
    clock.move(seconds=1)
    assert await refusal(auth, token) == "Failed user token verification"


async def test_a_token_may_be_shorter_lived_than_configured_but_not_longer(auth: AuthService) -> None:
    short = await auth.issue_user_token(ZOE, OWNERSHIP, lifetime=timedelta(minutes=15))
    long = await auth.issue_user_token(ZOE, OWNERSHIP, lifetime=timedelta(days=400))
    lives = [orjson.loads(parts(token)[1])["exp"] - ISSUED for token in (short, long)]
    assert lives == [900, 3600]


@pytest.mark.parametrize(
    ("configured", "lifetime"),
    [
        ({"minutes": 30}, timedelta(minutes=30)),
        ({"hours": 1, "minutes": 30}, timedelta(minutes=90)),
        ("PT2H", timedelta(hours=2)),
        ("45m", timedelta(minutes=45)),
        ("90 minutes", timedelta(minutes=90)),
        ({"seconds": 1}, timedelta(minutes=10)),
        ({"days": 30}, timedelta(hours=24)),
    ],
)
async def test_the_lifetime_is_configurable_between_ten_minutes_and_a_day(
    make_auth: MakeAuth, configured: object, lifetime: timedelta
) -> None:
    auth = make_auth(config_of({"auth": {"backstageTokenExpiration": configured}}))
    assert auth.user_token_lifetime == lifetime


@pytest.mark.parametrize("subject", ["", "zoe", "default/zoe", "user:default", "user:default/zoe extra"])
async def test_the_subject_has_to_be_an_entity_ref(auth: AuthService, subject: str) -> None:
    with pytest.raises(InputError):
        await auth.issue_user_token(subject, [])
    assert await auth.user_info(subject) is None


async def test_what_was_known_at_sign_in_is_found_by_every_process(make_auth: MakeAuth) -> None:
    here, there = make_auth(), make_auth()
    token = await here.issue_user_token(ZOE, OWNERSHIP)
    assert await there.authenticate(token) == Principal("user", ZOE, OWNERSHIP)
    assert await there.user_info(ZOE) == {"sub": ZOE, "ent": list(OWNERSHIP)}
    assert await there.user_info("user:default/stranger") is None


async def test_a_new_sign_in_changes_what_older_tokens_own(make_auth: MakeAuth, clock: SetClock) -> None:
    here, there = make_auth(), make_auth()
    token = await here.issue_user_token(ZOE, [ZOE])
    assert (await there.authenticate(token)).ownership == (ZOE,)
    await here.issue_user_token(ZOE, OWNERSHIP)
    assert (await here.authenticate(token)).ownership == OWNERSHIP
    clock.move(seconds=5)
    assert (await there.authenticate(token)).ownership == OWNERSHIP


async def test_a_changed_token_is_no_token(auth: AuthService) -> None:
    token = await auth.issue_user_token(ZOE, OWNERSHIP)
    header, payload, signature = token.split(".")
    claims = orjson.loads(base64url_decode(payload))
    root = jwt.utils.base64url_encode(orjson.dumps({**claims, "sub": "user:default/root"})).decode()
    other = await auth.issue_user_token("user:default/mallory", [])
    forged = [
        f"{header}.{root}.{signature}",
        f"{header}.{payload}.{other.split('.')[2]}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{claims['uip']}",
    ]
    assert [await refusal(auth, token) for token in forged] == ["Failed user token verification"] * 4
    assert (await auth.authenticate(token)).subject == ZOE


@pytest.mark.parametrize("typ", ["vnd.backstage.user", "vnd.backstage.limited-user", "JWT"])
async def test_a_token_of_another_key_is_no_token_whatever_key_it_names(auth: AuthService, typ: str) -> None:
    kid = (await auth.jwks())[0]["kid"]
    claims = {"sub": ZOE, "aud": "backstage", "iat": ISSUED, "exp": ISSUED + 3600}
    private = ec.generate_private_key(ec.SECP256R1())
    assert (
        await refusal(auth, jwt.encode(claims, private, "ES256", {"typ": typ, "kid": kid}), allow_limited=True)
        == "Failed user token verification"
    )


async def test_the_algorithm_is_ours_to_choose(auth: AuthService) -> None:
    """RFC 8725 §2.1: neither `none` nor the public key as a shared secret."""
    jwk = (await auth.jwks())[0]
    claims = {"sub": ZOE, "aud": "backstage", "iat": ISSUED, "exp": ISSUED + 3600}
    pem = jwt.PyJWK(jwk).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def forged(algorithm: str, signature: Callable[[bytes], bytes]) -> str:
        header = {"typ": "vnd.backstage.user", "alg": algorithm, "kid": jwk["kid"]}
        signed = b".".join(base64url_encode(orjson.dumps(part)) for part in (header, claims))
        return b".".join([signed, base64url_encode(signature(signed))]).decode()

    tokens = [
        forged("none", lambda _: b""),
        forged("HS256", lambda signed: hmac.digest(pem, signed, "sha256")),
        forged("HS256", lambda signed: hmac.digest(orjson.dumps(jwk), signed, "sha256")),
    ]
    assert [await refusal(auth, token) for token in tokens] == ["Failed user token verification"] * 3


async def test_a_token_without_a_type_is_a_users_if_it_is_for_backstage(auth: AuthService) -> None:
    """Old Backstage versions issued such."""
    kid = (await auth.jwks())[0]["kid"]
    signer = await auth._keys.signer("user")
    assert signer.kid == kid
    claims = {"sub": ZOE, "aud": "backstage", "iat": ISSUED, "exp": ISSUED + 60, "ent": list(OWNERSHIP)}
    token = jwt.encode(claims, signer.private, "ES256", {"typ": "JWT", "kid": kid})
    assert await auth.authenticate(token) == Principal("user", ZOE, OWNERSHIP)
    elsewhere = jwt.encode({**claims, "aud": "elsewhere"}, signer.private, "ES256", {"typ": "JWT", "kid": kid})
    assert await refusal(auth, elsewhere) == "Illegal token"


@pytest.mark.parametrize("missing", ["sub", "aud", "iat", "exp"])
async def test_no_claim_may_be_missing(auth: AuthService, missing: str) -> None:
    signer = await auth._keys.signer("user")
    claims = {"sub": ZOE, "aud": "backstage", "iat": ISSUED, "exp": ISSUED + 60}
    del claims[missing]
    token = signer.sign("vnd.backstage.user", claims)
    assert await refusal(auth, token) == "Failed user token verification"


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["soon", True, [1], {}])
async def test_moments_are_numbers(auth: AuthService, claim: str, value: object) -> None:
    signer = await auth._keys.signer("user")
    claims = {"sub": ZOE, "aud": "backstage", "iat": ISSUED, "exp": ISSUED + 60, claim: value}
    assert await refusal(auth, signer.sign("vnd.backstage.user", claims)) == "Failed user token verification"


async def test_a_token_for_later_is_not_good_now(auth: AuthService, clock: SetClock) -> None:
    signer = await auth._keys.signer("user")
    claims = {"sub": ZOE, "aud": "backstage", "iat": ISSUED, "nbf": ISSUED + 10, "exp": ISSUED + 60}
    token = signer.sign("vnd.backstage.user", claims)
    assert await refusal(auth, token) == "Failed user token verification"
    clock.move(seconds=10)
    assert (await auth.authenticate(token)).subject == ZOE


async def test_somebody_elses_full_token_yields_no_limited_one(auth: AuthService) -> None:
    assert limited_user_token("nope") is None
    assert limited_user_token(jwt.encode({"sub": ZOE}, "secret-of-thirty-two-bytes-length", "HS256")) is None

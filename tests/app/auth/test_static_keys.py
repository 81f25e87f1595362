"""Keys from files. Source: spec/ui-backends.md §2.2, §3.1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.auth.service import AuthService
from app.config.nodes import ConfigError
from app.database.sqlite import SqliteDatabase
from tests.app.auth.conftest import MakeAuth
from tests.app.auth.world import BASE_URL, Network, SetClock, config_of

ZOE = "user:default/zoe"
MAKE: dict[str, Callable[[], Any]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


def written(folder: Path, name: str, algorithm: str) -> dict[str, str]:
    """A key pair in two files, as the configuration names them."""
    private = MAKE[algorithm]()
    files = {"publicKeyFile": folder / f"{name}.pub", "privateKeyFile": folder / f"{name}.key"}
    files["privateKeyFile"].write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files["publicKeyFile"].write_bytes(
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return {**{key: str(path) for key, path in files.items()}, "keyId": name, "algorithm": algorithm}


def auth_with(folder: Path, *, user: Any = None, plugin: Any = None, **auth: Any) -> AuthService:
    tree = {
        "backend": {"baseUrl": BASE_URL, "auth": {"pluginKeyStore": plugin} if plugin else {}},
        "auth": {**({"keyStore": user} if user else {}), **auth},
    }
    return AuthService(config_of(tree), SqliteDatabase(folder / "x.sqlite"), SetClock(), Network())


def static(*keys: Any) -> dict[str, Any]:
    return {"provider": "static", "type": "static", "static": {"keys": list(keys)}}


@pytest.mark.parametrize("algorithm", list(MAKE))
async def test_the_first_key_signs_and_all_of_them_verify(tmp_path: Path, algorithm: str) -> None:
    first, second = written(tmp_path, "first", algorithm), written(tmp_path, "second", "ES256")
    auth = auth_with(tmp_path, user=static(first, second))
    keys = auth._keys
    signed = (await keys.signer("user")).sign("vnd.backstage.user", {"sub": ZOE})
    assert jwt.get_unverified_header(signed) == {"typ": "vnd.backstage.user", "alg": algorithm, "kid": "first"}
    published = await auth.jwks()
    assert [(key["kid"], key["alg"]) for key in published] == [("first", algorithm), ("second", "ES256")]
    assert not any("d" in key for key in published)
    assert jwt.PyJWS().decode(signed, jwt.PyJWK(published[0]).key, algorithms=[algorithm])
    found = await keys.verifying_key("second", "user")
    assert found is not None and found[1] == "ES256"
    assert await keys.verifying_key("third", "user") is None


async def test_tokens_of_static_keys_are_good_for_other_processes(tmp_path: Path) -> None:
    pair = written(tmp_path, "first", "ES256")
    database = SqliteDatabase(tmp_path / "x.sqlite")
    tree = {"backend": {"auth": {"pluginKeyStore": static(pair)}}}
    one, other = (AuthService(config_of(tree), database, SetClock(), Network()) for _ in range(2))
    token = await one.issue_service_token("search", "catalog")
    caller = await other.authenticate(token, plugin="catalog")
    assert (caller.kind, caller.subject) == ("service", "plugin:search")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder, keys: keys.clear(), "needs at least one key"),
        (lambda folder, keys: keys[0].pop("privateKeyFile"), "the first key signs"),
        (lambda folder, keys: keys[0].update(privateKeyFile=keys[1]["privateKeyFile"]), "not the public key's"),
        (lambda folder, keys: keys[0].update(publicKeyFile=str(folder / "none")), "cannot be read"),
        (lambda folder, keys: keys[0].update(publicKeyFile=keys[0]["privateKeyFile"]), "not a public key"),
        (lambda folder, keys: keys[0].update(algorithm="RS256"), "no key for RS256"),
        (lambda folder, keys: keys[1].update(keyId="first"), "there is a key 'first' already"),
    ],
)
def test_keys_that_cannot_be_used_stop_the_start(tmp_path: Path, spoil: Any, words: str) -> None:
    keys = [written(tmp_path, "first", "ES256"), written(tmp_path, "second", "ES256")]
    spoil(tmp_path, keys)
    with pytest.raises(ConfigError, match=words) as raised:
        auth_with(tmp_path, user=static(*keys))
    assert "PRIVATE KEY" not in str(raised.value)


async def test_a_token_may_carry_what_its_user_owns_things_in_the_name_of(make_auth: MakeAuth) -> None:
    auth = make_auth(
        config_of({"auth": {"omitIdentityTokenOwnershipClaim": False, "keyStore": {"provider": "memory"}}})
    )
    token = await auth.issue_user_token(ZOE, [ZOE, "group:default/lamps"])
    assert jwt.decode(token, options={"verify_signature": False})["ent"] == [ZOE, "group:default/lamps"]
    assert (await auth.authenticate(token)).ownership == (ZOE, "group:default/lamps")

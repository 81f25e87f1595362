"""Key pairs from files: for deployments that hand out keys themselves. Source: spec/ui-backends.md §2.2, §3.1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jwt
import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import get_default_algorithms

from app.auth.settings import StaticKeySettings
from app.auth.tokens import Signer
from app.config.nodes import ConfigError


class StaticKeys:
    """The first key signs, all of them verify. They are read once, at the start, and never end."""

    def __init__(self, entries: Sequence[StaticKeySettings], key: str) -> None:
        """`key` names the entries in messages. Raises ConfigError; no message quotes a file's content."""
        self._public: dict[str, tuple[Any, str]] = {}
        self._jwks: list[dict[str, Any]] = []
        self.signer: Signer
        for index, entry in enumerate(entries):
            place = f"configuration key '{key}[{index}]'"
            if entry.key_id in self._public:
                raise ConfigError(f"{place}: there is a key '{entry.key_id}' already")
            public = _loaded(entry.public_key_file, place, private=False)
            algorithm = get_default_algorithms()[entry.algorithm]
            try:
                jwk = orjson.loads(algorithm.to_jwk(algorithm.prepare_key(public)))
            except (jwt.PyJWTError, TypeError, AttributeError):
                raise ConfigError(f"{place}: {entry.public_key_file} is no key for {entry.algorithm}") from None
            self._public[entry.key_id] = public, entry.algorithm
            members = {name: value for name, value in jwk.items() if name not in ("key_ops", "d")}
            self._jwks.append({**members, "kid": entry.key_id, "alg": entry.algorithm})
            if index == 0:
                if entry.private_key_file is None:
                    raise ConfigError(f"{place}: the first key signs, so it needs a privateKeyFile")
                private = _loaded(entry.private_key_file, place, private=True)
                self.signer = Signer(entry.key_id, private, entry.algorithm)
                self._check_pair(place)

    def verifying_key(self, kid: str) -> tuple[Any, str] | None:
        return self._public.get(kid)

    def jwks(self) -> list[dict[str, Any]]:
        return list(self._jwks)

    def _check_pair(self, place: str) -> None:
        public, algorithm = self._public[self.signer.kid]
        try:
            jwt.PyJWS().decode(self.signer.sign("check", {}), public, algorithms=[algorithm])
        except (jwt.PyJWTError, TypeError, ValueError):
            raise ConfigError(f"{place}: the private key is not the public key's") from None


def _loaded(file: str, place: str, *, private: bool) -> Any:
    try:
        content = Path(file).read_bytes()
        return load_pem_private_key(content, None) if private else load_pem_public_key(content)
    except OSError as error:
        raise ConfigError(f"{place}: {file} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        what = "an unencrypted private key (PKCS #8)" if private else "a public key (SPKI)"
        raise ConfigError(f"{place}: {file} is not {what} in PEM") from None

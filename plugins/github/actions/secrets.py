"""Secrets and variables of workflows. Source: spec/scaffolder.md §5.3, docs.github.com "Encrypting secrets"."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox

from plugins.github.actions.repository import GithubRepository
from plugins.github.api.errors import GithubConflictError, GithubUnavailableError

REPOSITORY = "/actions"
ENVIRONMENT = "/environments/{environment_name}"


def sealed(public_key: str, secret: str) -> str:
    """A secret that only GitHub can read. Both ends are base64. Raises GithubUnavailableError for what is no key."""
    try:
        box = SealedBox(PublicKey(base64.b64decode(public_key, validate=True)))
    except (ValueError, CryptoError) as error:
        raise GithubUnavailableError("GitHub gave a public key that is none") from error
    return base64.b64encode(box.encrypt(secret.encode())).decode()


async def put_secrets(
    repository: GithubRepository, secrets: Mapping[str, str], place: str = REPOSITORY, **parts: Any
) -> None:
    """Secrets of a repository, or of one of its environments. The same again is no harm."""
    if not secrets:
        return
    key = await repository.ask("GET", f"{place}/secrets/public-key", **parts)
    for name, value in secrets.items():
        body = {"encrypted_value": sealed(key["key"], value), "key_id": key["key_id"]}
        await repository.ask("PUT", f"{place}/secrets/{{secret_name}}", body, secret_name=name, **parts)


async def put_variables(
    repository: GithubRepository, variables: Mapping[str, str], place: str = REPOSITORY, **parts: Any
) -> None:
    """Variables, made or set."""
    for name, value in variables.items():
        body = {"name": name, "value": value}
        try:
            await repository.ask("POST", f"{place}/variables", body, **parts)
        except GithubConflictError:
            await repository.ask("PATCH", f"{place}/variables/{{name}}", body, name=name, **parts)

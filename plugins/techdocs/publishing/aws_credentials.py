"""Credentials for S3: from the configuration, the environment, AWS's own files, a web identity, or a role.

No instance metadata is asked: its address is what forged requests are after, and the guarded client refuses it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

from app.errors import CallboardError, InputError, ServiceUnavailableError
from app.interfaces import Clock, Outgoing
from plugins.techdocs.settings import AwsAccountSettings, AwsSettings, IntegrationSettings, S3Settings

_SESSION: Final = "callboard-techdocs"
_EARLY: Final = timedelta(minutes=5)
"""Before they end, temporary credentials are renewed."""


@dataclass(frozen=True, slots=True)
class _Temporary:
    credentials: Credentials
    ends_at: datetime


class AwsCredentials:
    """`await credentials()` gives what to sign with now."""

    def __init__(
        self,
        settings: S3Settings,
        accounts: AwsSettings,
        integrations: IntegrationSettings,
        *,
        region: str,
        outgoing: Outgoing,
        clock: Clock,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._settings, self._accounts, self._integrations = settings, accounts, integrations
        self._region, self._outgoing, self._clock = region, outgoing, clock
        self._env = os.environ if env is None else env
        self._kept: _Temporary | None = None
        self._renewing = asyncio.Lock()

    async def __call__(self) -> Credentials:
        """Raises InputError: there are none. ServiceUnavailableError: the token service gives none."""
        async with self._renewing:
            if self._kept is not None and self._clock.now() < self._kept.ends_at - _EARLY:
                return self._kept.credentials
            found = await self._found()
            if isinstance(found, _Temporary):
                self._kept = found
                return found.credentials
            return found

    async def _found(self) -> Credentials | _Temporary:
        settings = self._settings
        if settings.account_id is not None:
            return await self._of_account(settings.account_id)
        given = settings.credentials
        key, secret = given.access_key_id, given.secret_access_key
        own: Credentials | _Temporary | None = None
        if key and secret:
            own = Credentials(key, secret.get_secret_value())
        else:
            own = self._of_integration(key) or await self._default()
        if given.role_arn:
            return await self._assumed(_plain(own), given.role_arn, None)
        return own

    def _of_integration(self, key: str | None) -> Credentials | None:
        known = [one for one in self._integrations.aws_s3 if one.access_key_id and one.secret_access_key]
        if key is not None:
            known = [one for one in known if one.access_key_id == key]
        elif len(self._integrations.aws_s3) != 1:
            return None
        for one in known:
            assert one.secret_access_key is not None
            return Credentials(one.access_key_id, one.secret_access_key.get_secret_value())
        return None

    async def _of_account(self, account_id: str) -> Credentials | _Temporary:
        named = next((one for one in self._accounts.accounts if one.account_id == account_id), None)
        account = named or self._accounts.account_defaults
        if named is None and account.role_name is None:
            raise InputError(f"There is no AWS account '{account_id}' in the configuration key 'aws.accounts'")
        own = self._keys_of(account) or self._keys_of(self._accounts.main_account) or await self._default()
        if account.role_name is None:
            return own
        arn = f"arn:{account.partition}:iam::{account_id}:role/{account.role_name}"
        external = account.external_id.get_secret_value() if account.external_id else None
        return await self._assumed(_plain(own), arn, external)

    def _keys_of(self, account: AwsAccountSettings) -> Credentials | None:
        if account.access_key_id and account.secret_access_key:
            return Credentials(account.access_key_id, account.secret_access_key.get_secret_value())
        return self._from_files(account.profile) if account.profile else None

    async def _default(self) -> Credentials | _Temporary:
        key, secret = self._env.get("AWS_ACCESS_KEY_ID"), self._env.get("AWS_SECRET_ACCESS_KEY")
        if key and secret:
            return Credentials(key, secret, self._env.get("AWS_SESSION_TOKEN"))
        if self._env.get("AWS_WEB_IDENTITY_TOKEN_FILE") and self._env.get("AWS_ROLE_ARN"):
            return await self._of_web_identity()
        found = self._from_files(self._env.get("AWS_PROFILE"))
        if found is None:
            raise InputError(
                "There are no AWS credentials: give techdocs.publisher.awsS3.credentials, an account of "
                "'aws.accounts', the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a web identity"
            )
        return found

    @staticmethod
    def _from_files(profile: str | None) -> Credentials | None:
        """Of `~/.aws/credentials` and `~/.aws/config`, and nothing that would ask anybody."""
        resolver = Session(profile=profile).get_component("credential_provider")
        for name in ("shared-credentials-file", "config-file"):
            found: Credentials | None = resolver.get_provider(name).load()
            if found is not None:
                return found
        return None

    async def _of_web_identity(self) -> _Temporary:
        file = Path(self._env["AWS_WEB_IDENTITY_TOKEN_FILE"])
        token = (await asyncio.to_thread(file.read_text)).strip()
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "RoleArn": self._env["AWS_ROLE_ARN"],
            "RoleSessionName": self._env.get("AWS_ROLE_SESSION_NAME", _SESSION),
            "WebIdentityToken": token,
        }
        return await self._asked(form, lambda _request: None)

    async def _assumed(self, own: Credentials, arn: str, external_id: str | None) -> _Temporary:
        form = {"Action": "AssumeRole", "RoleArn": arn, "RoleSessionName": _SESSION}
        if external_id is not None:
            form["ExternalId"] = external_id
        return await self._asked(form, SigV4Auth(own, "sts", self._region).add_auth)

    async def _asked(self, form: Mapping[str, str], sign: Callable[[AWSRequest], None]) -> _Temporary:
        endpoint = self._env.get("AWS_ENDPOINT_URL_STS")
        if endpoint:
            self._outgoing.trust(endpoint)
        url = (endpoint or f"https://sts.{self._region}.amazonaws.com").rstrip("/") + "/"
        body = urlencode({**form, "Version": "2011-06-15"})
        request = AWSRequest("POST", url, {"content-type": "application/x-www-form-urlencoded"}, body)
        sign(request)
        answer = await self._outgoing.request("POST", url, headers=dict(request.headers), content=body.encode())
        if not answer.is_success:
            raise ServiceUnavailableError(f"AWS gives no credentials for the role: {answer.status_code}")
        return _temporary(answer.content)


def _plain(found: Credentials | _Temporary) -> Credentials:
    return found.credentials if isinstance(found, _Temporary) else found


def _temporary(document: bytes) -> _Temporary:
    # From Amazon, or the operator's own endpoint; expat bounds what entities can grow to.
    root = ElementTree.fromstring(document)  # noqa: S314
    values = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
    try:
        ends_at = datetime.fromisoformat(values["Expiration"])
        credentials = Credentials(values["AccessKeyId"], values["SecretAccessKey"], values["SessionToken"])
    except (KeyError, ValueError) as error:
        raise CallboardError("AWS's answer holds no credentials") from error
    return _Temporary(credentials, ends_at if ends_at.tzinfo else ends_at.replace(tzinfo=UTC))

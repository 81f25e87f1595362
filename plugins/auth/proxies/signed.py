"""Proxies that sign what they say: Google's IAP, Cloudflare Access, AWS load balancers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import Request

from app.errors import AuthenticationError, CallboardError
from app.interfaces import Auth, Clock, Outgoing, SignInProfile
from plugins.auth.oauth.cookies import cookies_of
from plugins.auth.proxies.provider import ProxyResult
from plugins.auth.settings import AlbSettings, CloudflareSettings, IapSettings

IAP_ISSUER = "https://cloud.google.com/iap"
IAP_KEYS = "https://www.gstatic.com/iap/verify/public_key-jwk"
ALB_DATA = "x-amzn-oidc-data"
ALB_ACCESS_TOKEN = "x-amzn-oidc-accesstoken"  # noqa: S105 - a header's name
_KID = re.compile(r"[A-Za-z0-9-]{1,100}")
_MAX_KEYS = 20


class GoogleIap:
    def __init__(self, settings: IapSettings, auth: Auth) -> None:
        self._settings = settings
        self._tokens = auth.foreign_tokens(IAP_KEYS)

    async def authenticate(self, request: Request) -> ProxyResult:
        token = request.headers.get(self._settings.jwt_header)
        if not token:
            raise AuthenticationError("Missing Google IAP header")
        try:
            claims = await self._tokens.claims(
                token, algorithms=["ES256"], issuer=[IAP_ISSUER], audience=self._settings.audience
            )
        except AuthenticationError as error:
            raise AuthenticationError(f"Google IAP token verification failed, {error.message}") from None
        for claim, words in (("sub", "subject"), ("email", "email")):
            if not claims.get(claim):
                raise AuthenticationError(f"Google IAP token payload is missing {words} claim")
        found = {"iapToken": dict(claims)}
        return ProxyResult(SignInProfile(email=claims["email"]), found, found)


class CloudflareAccess:
    def __init__(self, settings: CloudflareSettings, auth: Auth, outgoing: Outgoing) -> None:
        self._settings = settings
        self._base = f"https://{settings.team_name}.cloudflareaccess.com"
        self._tokens = auth.foreign_tokens(f"{self._base}/cdn-cgi/access/certs")
        self._outgoing = outgoing

    async def authenticate(self, request: Request) -> ProxyResult:
        header, cookie = self._settings.jwt_header_name, self._settings.authorization_cookie_name
        token = request.headers.get(header) or cookies_of(request).get(cookie)
        if not token:
            raise AuthenticationError(f"Missing {header} and {cookie} from Cloudflare Access")
        claims = await self._tokens.claims(
            token, algorithms=["RS256", "ES256"], issuer=[self._base], audience=self._settings.audience
        )
        subject = claims.get("sub") or claims.get("common_name")
        if not subject:
            raise AuthenticationError("Missing both sub and common_name from Cloudflare Access JWT")
        if claims.get("sub"):
            identity = await self._identity(token)
        else:
            identity = self._service(subject)
        expires_in = int(claims["exp"]) - int(claims.get("iat", claims["exp"]))
        found = {"claims": dict(claims), "cfIdentity": identity, "expiresInSeconds": expires_in, "token": token}
        profile = SignInProfile(email=identity.get("email"), display_name=identity.get("name"))
        return ProxyResult(profile, found, found)

    def _service(self, subject: str) -> Mapping[str, Any]:
        known = {token.token: token.subject for token in self._settings.service_tokens}
        if subject not in known:
            raise AuthenticationError(f"{subject} is not a permitted Service Token.")
        return {"id": subject, "name": "Bot", "email": known[subject], "groups": []}

    async def _identity(self, token: str) -> Mapping[str, Any]:
        headers = {
            self._settings.jwt_header_name: token,
            "cookie": f"{self._settings.authorization_cookie_name}={token}",
            "accept": "application/json",
        }
        answer = await self._outgoing.request("GET", f"{self._base}/cdn-cgi/access/get-identity", headers=headers)
        if answer.status_code != 200:
            raise CallboardError(
                f"Failed to populate access identity information, Cloudflare answered {answer.status_code}"
            )
        found: Mapping[str, Any] = answer.json()
        return found


class AwsLoadBalancer:
    def __init__(self, settings: AlbSettings, outgoing: Outgoing, clock: Clock) -> None:
        self._settings, self._outgoing, self._clock = settings, outgoing, clock
        self._keys: dict[str, EllipticCurvePublicKey] = {}

    async def authenticate(self, request: Request) -> ProxyResult:
        token, access_token = request.headers.get(ALB_DATA), request.headers.get(ALB_ACCESS_TOKEN)
        for value, header in ((token, ALB_DATA), (access_token, ALB_ACCESS_TOKEN)):
            if value is None:
                raise AuthenticationError(f"Missing ALB OIDC header: {header}")
        assert token is not None
        claims = await self._claims(token)
        email = claims["email"]
        account = {
            "id": claims.get("sub"),
            "displayName": claims.get("name"),
            "username": email.partition("@")[0],
            "email": email,
        }
        profile = SignInProfile(
            email=email,
            display_name=claims.get("name") or account["username"],
            picture=claims.get("picture"),
        )
        provider_info = {"accessToken": access_token, "expiresInSeconds": claims["exp"]}
        return ProxyResult(profile, {"fullProfile": account, **provider_info}, provider_info)

    async def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(header.get("kid"))
            # The load balancer pads its base64; PyJWT does not mind.
            claims = jwt.decode(
                token,
                key,
                algorithms=["ES256"],
                options={"verify_exp": False, "verify_iat": False, "verify_aud": False, "require": ["exp"]},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise AuthenticationError("Exception occurred during JWT processing", cause=error) from error
        if int(claims["exp"]) <= self._clock.now().timestamp():
            raise AuthenticationError("The token has expired")
        if claims.get("iss") != self._settings.issuer:
            raise AuthenticationError("Issuer mismatch on JWT token")
        if self._settings.signer is not None and header.get("signer") != self._settings.signer:
            raise AuthenticationError("Signer mismatch on JWT token")
        if not isinstance(claims.get("email"), str):
            raise AuthenticationError("Missing email in the JWT token")
        found: Mapping[str, Any] = claims
        return found

    async def _key(self, kid: Any) -> EllipticCurvePublicKey:
        if not isinstance(kid, str) or not _KID.fullmatch(kid):
            raise AuthenticationError("No key id was specified in header")
        if kid not in self._keys:
            answer = await self._outgoing.request("GET", f"{self._key_url()}/{quote(kid, safe='')}", max_bytes=10_000)
            key = load_pem_public_key(answer.content) if answer.status_code == 200 else None
            if not isinstance(key, EllipticCurvePublicKey):
                raise AuthenticationError("The load balancer has no such key")
            if len(self._keys) >= _MAX_KEYS:
                self._keys.clear()
            self._keys[kid] = key
        return self._keys[kid]

    def _key_url(self) -> str:
        region = quote(self._settings.region, safe="")
        if region.startswith("us-gov"):
            return f"https://s3-{region}.amazonaws.com/aws-elb-public-keys-prod-{region}"
        return f"https://public-keys.auth.elb.{region}.amazonaws.com"

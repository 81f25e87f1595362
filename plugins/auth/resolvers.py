"""Who somebody is here, whom a provider has vouched for. Source: spec/ui-backends.md §3.6."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from app.errors import CallboardError, ConflictError, InputError, NotAllowedError, NotFoundError
from app.interfaces import SignedIn, SignInContext, SignInInfo, SignInResolver, SignInResolverFactory
from plugins.auth.identity import UserNotFoundError

GITHUB_USER_ID = "github.com/user-id"
_PLUS = re.compile(r"([^@+]+)(\+[^@]+)?(@.*)")

Names = Mapping[str, SignInResolverFactory]


class Options(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True)

    dangerously_allow_sign_in_without_user_in_catalog: bool = False


class EmailOptions(Options):
    allowed_domains: tuple[str, ...] | None = None


def options_of(given: Mapping[str, Any]) -> EmailOptions:
    """Raises InputError."""
    try:
        return EmailOptions.model_validate(given)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        words = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in problems)
        raise InputError(f"Invalid sign-in resolver options, {words}") from None


def first_of(resolvers: Sequence[SignInResolver], remembered: Sequence[str] = ()) -> SignInResolver | None:
    """The resolvers tried in order, until one finds somebody; None where there are none. `remembered` names what else
    of the provider's account becomes a claim."""
    if not resolvers:
        return None

    async def resolve(info: SignInInfo, users: SignInContext) -> SignedIn:
        for resolver in resolvers:
            try:
                found = await resolver(info, users)
            except NotFoundError:
                continue
            kept = {name: value for name in remembered if (value := _said(info, name)) is not None}
            return replace(found, claims={**kept, **found.claims}) if kept else found
        raise CallboardError(
            "Failed to sign-in, unable to resolve user identity. Please verify that your catalog contains the "
            "expected User entities that would match your configured sign-in resolver."
        )

    return resolve


async def _signed_in(
    users: SignInContext, options: Options, fallback: str, *, retry: Mapping[str, str] | None = None, **query: Any
) -> SignedIn:
    """The user that the query finds; else, if the options dare, somebody of the fallback's name."""
    try:
        return await users.sign_in(await users.find_user(**query))
    except NotFoundError:
        if retry is not None:
            return await _signed_in(users, options, fallback, fields=retry)
        if not options.dangerously_allow_sign_in_without_user_in_catalog:
            raise
        return users.sign_in_without_user(fallback)


def email_matching_profile(given: Mapping[str, Any]) -> SignInResolver:
    """`spec.profile.email`, and once more without a `+tag`."""
    options = options_of(given)

    async def resolve(info: SignInInfo, users: SignInContext) -> SignedIn:
        email = _email_of(info, options)
        plain = _PLUS.fullmatch(email)
        bare = f"{plain[1]}{plain[3]}" if plain else email
        field = "spec.profile.email"
        return await _signed_in(users, options, bare, fields={field: email}, retry={field: bare})

    return resolve


def email_local_part(given: Mapping[str, Any]) -> SignInResolver:
    """What stands before the `@` as the user's name. `allowedDomains` says whose addresses are trusted for that."""
    options = options_of(given)

    async def resolve(info: SignInInfo, users: SignInContext) -> SignedIn:
        name = _email_of(info, options).partition("@")[0]
        return await _signed_in(users, options, name, ref=name)

    return resolve


def _email_of(info: SignInInfo, options: EmailOptions) -> str:
    if not info.profile.email:
        raise CallboardError("Login failed, user profile does not contain an email")
    if options.allowed_domains is not None and info.profile.email.partition("@")[2] not in options.allowed_domains:
        raise NotAllowedError("Sign-in user email is not from an allowed domain")
    return info.profile.email


def by_annotation(annotation: str, read: Callable[[SignInInfo], str | None], missing: str) -> SignInResolverFactory:
    """A user who bears what the provider says in an annotation."""

    def factory(given: Mapping[str, Any]) -> SignInResolver:
        options = _plain_options(given)

        async def resolve(info: SignInInfo, users: SignInContext) -> SignedIn:
            value = _present(read(info), missing)
            return await _signed_in(users, options, value, annotations={annotation: value})

        return resolve

    return factory


def by_name(read: Callable[[SignInInfo], str | None], missing: str) -> SignInResolverFactory:
    """A user of the name that the provider knows."""

    def factory(given: Mapping[str, Any]) -> SignInResolver:
        options = _plain_options(given)

        async def resolve(info: SignInInfo, users: SignInContext) -> SignedIn:
            name = _present(read(info), missing)
            return await _signed_in(users, options, name, ref=name)

        return resolve

    return factory


def github_user_id(given: Mapping[str, Any]) -> SignInResolver:
    """GitHub's node id, compared exactly: two ids may differ in nothing but case."""
    options = _plain_options(given)

    async def resolve(info: SignInInfo, users: SignInContext) -> SignedIn:
        node_id = _present(_member("fullProfile", "nodeId")(info), "GitHub user profile does not contain a user ID")
        alike = await users.all_with(annotations={GITHUB_USER_ID: node_id}, limit=100)
        exact = [user for user in alike if user["metadata"]["annotations"].get(GITHUB_USER_ID) == node_id]
        if len(exact) > 1:
            raise ConflictError("User lookup resulted in multiple exact matches")
        if exact:
            return await users.sign_in(exact[0])
        if alike:
            raise CallboardError("GitHub user ID does not match the catalog user")
        if not options.dangerously_allow_sign_in_without_user_in_catalog:
            raise UserNotFoundError()
        return users.sign_in_without_user(node_id)

    return resolve


def gitlab_user_id(given: Mapping[str, Any]) -> SignInResolver:
    """The id at the instance that the profile is at: `<host>/user-id`."""
    options = _plain_options(given)

    async def resolve(info: SignInInfo, users: SignInContext) -> SignedIn:
        user_id = _present(_member("fullProfile", "id")(info), "GitLab user profile does not contain a user ID")
        url = _present(_member("fullProfile", "profileUrl")(info), "GitLab user profile does not contain a profile URL")
        return await _signed_in(users, options, user_id, annotations={f"{urlsplit(url).hostname}/user-id": user_id})

    return resolve


def _said(info: SignInInfo, name: str) -> Any:
    """What the provider says under a name, in whichever part of its account."""
    for part in ("userinfo", "claims", "iapToken", "cfIdentity", "fullProfile", "headers"):
        account = info.result.get(part)
        if isinstance(account, Mapping) and account.get(name) is not None:
            return account[name]
    return None


def _plain_options(given: Mapping[str, Any]) -> Options:
    options = options_of(given)
    if options.allowed_domains is not None:
        raise InputError("Invalid sign-in resolver options, allowedDomains is for resolvers by email address")
    return options


def _present(value: str | None, missing: str) -> str:
    if not value:
        raise CallboardError(missing)
    return value


def _member(*path: str) -> Callable[[SignInInfo], str | None]:
    def read(info: SignInInfo) -> str | None:
        value: Any = info.result
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) else None

    return read


def _email(info: SignInInfo) -> str | None:
    return info.profile.email


def _iap_user(info: SignInInfo) -> str | None:
    """`accounts.google.com:<id>`"""
    return (_member("iapToken", "sub")(info) or "").partition(":")[2] or None


COMMON: Names = {
    "emailMatchingUserEntityProfileEmail": email_matching_profile,
    "emailLocalPartMatchingUserEntityName": email_local_part,
}
_USERNAME, _ID = _member("fullProfile", "username"), _member("fullProfile", "id")

OF_PROVIDER: Mapping[str, Names] = {
    "github": {
        "usernameMatchingUserEntityName": by_name(_USERNAME, "GitHub user profile does not contain a username"),
        "userIdMatchingUserEntityAnnotation": github_user_id,
    },
    "gitlab": {
        "usernameMatchingUserEntityName": by_name(_USERNAME, "GitLab user profile does not contain a username"),
        "userIdMatchingUserEntityAnnotation": gitlab_user_id,
    },
    "google": {
        "emailMatchingUserEntityAnnotation": by_annotation(
            "google.com/email", _email, "Google profile contained no email"
        )
    },
    "microsoft": {
        "emailMatchingUserEntityAnnotation": by_annotation(
            "microsoft.com/email", _email, "Microsoft profile contained no email"
        ),
        "userIdMatchingUserEntityAnnotation": by_annotation(
            "graph.microsoft.com/user-id", _ID, "Microsoft profile contained no id"
        ),
    },
    "okta": {
        "emailMatchingUserEntityAnnotation": by_annotation("okta.com/email", _email, "Okta profile contained no email")
    },
    "bitbucket": {
        "userIdMatchingUserEntityAnnotation": by_annotation(
            "bitbucket.org/user-id", _ID, "Bitbucket user profile does not contain an ID"
        ),
        "usernameMatchingUserEntityAnnotation": by_annotation(
            "bitbucket.org/username", _USERNAME, "Bitbucket user profile does not contain a Username"
        ),
    },
    "gcpIap": {
        "emailMatchingUserEntityAnnotation": by_annotation(
            "google.com/email", _email, "Google IAP sign-in result is missing email"
        ),
        "idMatchingUserEntityAnnotation": by_annotation(
            "google.com/user-id", _iap_user, "Google IAP sign-in result is missing a user id"
        ),
    },
    "azureEasyAuth": {
        "idMatchingUserEntityAnnotation": by_annotation(
            "graph.microsoft.com/user-id", _ID, "User profile contained no id"
        )
    },
    "oauth2Proxy": {
        "forwardedUserMatchingUserEntityName": by_name(
            _member("headers", "x-forwarded-user"), "Request did not contain a user"
        ),
        "forwardedPreferredUsernameMatchingUserEntityName": by_name(
            _member("headers", "x-forwarded-preferred-username"), "Request did not contain a preferred username"
        ),
    },
}


def factory_of(
    provider: str, name: str, added: Mapping[tuple[str | None, str], SignInResolverFactory]
) -> SignInResolverFactory:
    """Raises InputError for a name that nobody has. What plugins have added goes before the stock ones."""
    found = added.get((provider, name)) or added.get((None, name))
    found = found or OF_PROVIDER.get(provider, {}).get(name) or COMMON.get(name)
    if found is None:
        raise InputError(f"Sign-in resolver '{name}' is not available")
    return found

"""Who sends webhooks, and how each of them does it. Source: spec/catalog.md §6.4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import SecretStr

from catalog.interfaces import ScmPush, ScmRepositoryChange
from plugins.events.settings import EventsSettings, IntegrationSettings
from plugins.events.signatures import Check, Headers, either, shared, signed
from plugins.events.translation import azure, bitbucket, gerrit, git, gitea, github, gitlab

Json = Any
Neutral = ScmPush | ScmRepositoryChange
Translate = Callable[[str, Json, Headers], Sequence[Neutral]]
"""Subtopic, body and headers to what happened in neutral terms; nothing for what is of no interest."""


@dataclass(frozen=True, slots=True)
class Source:
    """One ingress topic.

    `subtopic` names what sort of event a delivery is, `delivery_id` the delivery itself (a repetition has the same).
    `check` is None where deliveries are let in without proof, `refusal` what is said to those that fail it.
    """

    topic: str
    subtopic: Callable[[Headers, Json], str | None] = lambda headers, body: None
    delivery_id: Callable[[Headers, Json], str | None] = lambda headers, body: None
    translate: Translate = lambda subtopic, body, headers: ()
    check: Check | None = None
    refusal: str = "invalid signature"


def _from_header(*names: str) -> Callable[[Headers, Json], str | None]:
    return lambda headers, _body: next((headers[name] for name in names if headers.get(name)), None)


def _from_body(*keys: str) -> Callable[[Headers, Json], str | None]:
    def find(_headers: Headers, body: Json) -> str | None:
        if not isinstance(body, dict):
            return None
        return next((body[key] for key in keys if isinstance(body.get(key), str) and body[key]), None)

    return find


def sources(settings: EventsSettings, integrations: IntegrationSettings) -> dict[str, Source]:
    """The topics that are open: those with a secret, and those listed in `events.http.topics`."""
    modules = settings.modules

    def secret(module: object) -> SecretStr | None:
        found: SecretStr | None = getattr(module, "webhook_secret", None)
        return found if found is not None and found.get_secret_value() else None

    def check(module: object, make: Callable[[SecretStr], Check]) -> Check | None:
        found = secret(module)
        return make(found) if found is not None else None

    def hub(found: SecretStr) -> Check:
        return signed("x-hub-signature", [found])

    github_secrets = [found for found in (secret(modules.github), *integrations.app_secrets) if found is not None]
    known = [
        Source(
            "github",
            _from_header("x-github-event"),
            _from_header("x-github-delivery"),
            github.translate,
            signed("x-hub-signature-256", github_secrets) if github_secrets else None,
        ),
        Source(
            "gitlab",
            _from_body("object_kind", "event_name"),
            _from_header("idempotency-key", "x-gitlab-event-uuid"),
            gitlab.translate,
            check(modules.gitlab, partial(shared, "x-gitlab-token")),
            "invalid token",
        ),
        Source(
            "bitbucketCloud",
            _from_header("x-event-key"),
            _from_header("x-request-uuid"),
            bitbucket.translate_cloud,
            check(modules.bitbucket_cloud, hub),
        ),
        Source(
            "bitbucketServer",
            _from_header("x-event-key"),
            _from_header("x-request-id"),
            partial(bitbucket.translate_server, hosts=tuple(host.host for host in integrations.bitbucket_server)),
            check(modules.bitbucket_server, hub),
        ),
        Source(
            "gitea",
            _from_header("x-gitea-event", "x-forgejo-event"),
            _from_header("x-gitea-delivery", "x-forgejo-delivery"),
            gitea.translate,
            check(
                modules.gitea,
                lambda found: either(
                    signed("x-gitea-signature", [found], prefix=""), signed("x-hub-signature-256", [found])
                ),
            ),
        ),
        Source(
            "azureDevOps",
            _from_body("eventType"),
            _from_body("id"),
            azure.translate,
            check(modules.azure_dev_ops, partial(shared, "x-ado-webhook-secret")),
            "invalid webhook secret",
        ),
        Source(
            "gerrit",
            _from_body("type"),
            translate=partial(
                gerrit.translate,
                hosts=tuple((host.gitiles_base_url, host.clone_url or host.base_url) for host in integrations.gerrit),
            ),
        ),
        Source(
            "git",
            lambda headers, body: "push",
            _from_header("x-delivery-id", "webhook-id"),
            git.translate,
            check(modules.git, lambda found: signed("x-hub-signature-256", [found])),
        ),
    ]
    open_to_all = set(settings.http.topics)
    found = {source.topic: source for source in known if source.check or source.topic in open_to_all}
    return {**{topic: Source(topic) for topic in settings.http.topics}, **found}

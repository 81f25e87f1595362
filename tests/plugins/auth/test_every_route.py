"""Every route of the whole server, asked by everybody who must not be let in.

Answers CVE-2026-44374 (GHSA-p7g9-rp3g-mgfg), where a route had been forgotten: nothing here is listed but what is
public. The routes come from the server itself, so a new one is tried without anybody thinking of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.host import Host
from app.http.mounts import Mount
from app.interfaces import DENY, Decision, Permission, Principal
from app.main import application, create_host
from tests.app.auth.world import BASE_URL, config_of

PUBLIC = {
    "/",
    "/callboard",
    "/callboard/handbook",
    "/callboard/handbook/{page}",
    "/.well-known/skills/*",
    "/api/auth/*",
    "/api/events/http/{topic}",
    "/api/permission/health",
    "/api/devtools/health",
    "/api/signals/health",
    "*/.backstage/auth/v1/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/api/auth",
    "/.well-known/oauth-protected-resource/api/mcp-actions/v1",
    "/.well-known/oauth-protected-resource/api/mcp-actions/v1/{key}",
}
"""Paths that may answer somebody without credentials, and why: the landing page, the handbook, skills that agents
install, sign-in, webhooks with signatures, health, public keys, and where OAuth clients learn who signs users in."""

RESTRICTED = {
    "type": "static",
    "options": {"token": "token-for-elsewhere", "subject": "elsewhere"},
    "accessRestrictions": [{"plugin": "elsewhere"}],
}
SECRET = "canary-7f3a91"
"""In the entities that nobody may see, and in no request."""


def config_with(folder: Path, **more: Any) -> dict[str, Any]:
    backend = {
        "baseUrl": BASE_URL,
        "database": {"client": "better-sqlite3", "connection": {"directory": str(folder)}},
        "dataDirectory": str(folder),
        "auth": {"externalAccess": [RESTRICTED]},
    }
    # Everything that can be switched on is on: what is off has no routes to ask.
    auth = {"clientIdMetadataDocuments": {"enabled": True}, "experimentalDynamicClientRegistration": {"enabled": True}}
    return {"backend": backend, "app": {"bundle": False}, "auth": auth, **more}


class Server:
    def __init__(self, host: Host, client: httpx.AsyncClient) -> None:
        self.host, self.client = host, client

    def routes(self) -> Iterator[tuple[Mount, str, str]]:
        """Mount, method and full path template of everything that is served."""
        mounts = self.host.mounts
        for mount in (mounts.root, *mounts.all()):
            for leaf in mount.table._leaves(mount.table._root):
                for method, endpoint in leaf.endpoints.items():
                    yield mount, method, mount.prefix + endpoint.template


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    host = create_host(config_of(config_with(tmp_path)), roles=["api"], env={})
    await host.lifecycle.start()
    transport = httpx.ASGITransport(application(host, env={}))
    try:
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            yield Server(host, client)
    finally:
        await host.lifecycle.stop()


def is_public(path: str) -> bool:
    return path in PUBLIC or any(
        path.startswith(known[:-1]) or (known.startswith("*") and path.endswith(known[1:]))
        for known in PUBLIC
        if "*" in known
    )


def filled(template: str, **values: str) -> str:
    """A path of this template; parameters without a value are `x`."""
    parts = template.split("/")
    names = [part[1:-1].partition(":")[0] if part.startswith("{") else None for part in parts]
    return "/".join(part if name is None else values.get(name, "x") for part, name in zip(parts, names, strict=True))


async def credentials(host: Host) -> dict[str, dict[str, str]]:
    """Headers that are good for nothing, by what is wrong with them."""
    auth: Any = host.auth
    zoe = "user:default/zoe"
    good = await auth.issue_user_token(zoe, [zoe])
    limited, _ = await auth.limited_user_token(good)
    signer = await auth._keys.signer("user")
    times = {"iat": 1_000_000_000, "exp": 1_000_003_600}
    expired = signer.sign("vnd.backstage.user", {"sub": zoe, "aud": "backstage", **times})
    forged = jwt.encode(
        {"sub": zoe, "aud": "backstage", "iat": 1, "exp": 9_999_999_999},
        ec.generate_private_key(ec.SECP256R1()),
        "ES256",
        {"typ": "vnd.backstage.user", "kid": signer.kid},
    )
    tokens = {
        "garbage": "nope",
        "an unsigned token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyOmRlZmF1bHQvemVlIiwiYXVkIjoiYmFja3N0YWdlIn0.",
        "a forged token": forged,
        "an expired token": expired,
        "a service's token for another plugin": await auth.issue_service_token("search", "elsewhere"),
        "a limited token": limited,
        "a user's token for another audience": signer.sign(
            "vnd.backstage.user", {"sub": zoe, "aud": "elsewhere", "iat": 1_000_000_000, "exp": 9_999_999_999}
        ),
        "a token of another key's purpose": (await auth._keys.signer("plugin:search")).sign(
            "vnd.backstage.user", {"sub": zoe, "aud": "backstage", "iat": 1_000_000_000, "exp": 9_999_999_999}
        ),
        "a token restricted to another plugin": "token-for-elsewhere",
    }
    return {
        "nothing": {},
        "another scheme": {"authorization": f"Basic {good}"},
        "a cookie": {"cookie": f"backstage-auth={limited}"},
        **{name: {"authorization": f"Bearer {token}"} for name, token in tokens.items()},
    }


def takes_cookie(mount: Mount, path: str) -> bool:
    """Whether a limited token is good enough: for what a browser fetches by itself."""
    return filled(path.removeprefix(mount.prefix)).strip("/").split("/") in mount.cookie


COOKIE = ["/api/techdocs/static/docs/{namespace}/{kind}/{name}/{path:path}"]


async def test_the_cookie_opens_what_browsers_fetch_by_themselves(server: Server) -> None:
    assert [path for mount, _, path in server.routes() if takes_cookie(mount, path)] == COOKIE


async def test_no_route_is_open_that_should_not_be(server: Server) -> None:
    bad = await credentials(server.host)
    routes = [(mount, method, path) for mount, method, path in server.routes() if not is_public(path)]
    assert len(routes) > 50
    let_in = [
        f"{method} {path} with {name}: {answer.status_code}"
        for mount, method, path in routes
        for name, headers in bad.items()
        if not (name in ("a cookie", "a limited token") and takes_cookie(mount, path))
        if (answer := await server.client.request(method, filled(path), headers=headers)).status_code
        != (403 if name == "a token restricted to another plugin" else 401)
    ]
    assert let_in == []


async def test_what_is_public_is_public_on_purpose(server: Server) -> None:
    opened = {
        path
        for _, method, path in server.routes()
        if (await server.client.request(method, filled(path))).status_code not in (401, 403)
    }
    assert sorted(path for path in opened if not is_public(path)) == []
    assert {path for path in PUBLIC if "*" not in path} <= {path for _, _, path in server.routes()}


async def test_unknown_paths_of_a_plugin_are_not_told_from_known_ones(server: Server) -> None:
    for mount in server.host.mounts.all():
        if mount.plugin != "auth":
            answer = await server.client.get(f"{mount.prefix}/there/is/no/such/path")
            assert answer.status_code == 401, mount.plugin


# ------------------------------------------------------------------------- users without any right


class DenyEverything:
    async def decide(self, permission: Permission, user: Principal) -> Decision:
        return DENY


class NobodysBusiness:
    """Everybody may do everything but to entities of type `SECRET`."""

    async def decide(self, permission: Permission, user: Principal) -> Decision:
        hidden = {"rule": "HAS_SPEC", "resourceType": "catalog-entity", "params": {"key": "type", "value": SECRET}}
        if permission.resource_type == "catalog-entity":
            return Decision("CONDITIONAL", {"not": hidden})
        return DENY if permission.action == "read" else Decision("ALLOW")


MOVED_BY_ANYBODY = {
    # What users ask or do in their own name, with no right of anybody else's in it.
    "POST /api/permission/authorize",
    "POST /api/catalog/entities/by-query",
    "POST /api/catalog/entities/by-refs",
    "POST /api/catalog/entity-facets",
    "POST /api/catalog/locations/by-query",
    "POST /api/user-settings/multiget",
    "DELETE /api/user-settings/buckets/{bucket}/keys/{key:path}",
}
"""Routes beside GET that may succeed for a user whom the policy allows nothing. A new one is named here with its
reason, or asks for a right."""


async def test_a_user_whom_the_policy_allows_nothing_sets_nothing_in_motion(tmp_path: Path) -> None:
    host = create_host(config_of(config_with(tmp_path, permission={"enabled": True})), roles=["api"], env={})
    host.permissions.use_policy(DenyEverything())
    await host.lifecycle.start()
    transport = httpx.ASGITransport(application(host, env={}))
    try:
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            user = {"authorization": f"Bearer {await host.auth.issue_user_token('user:default/eve', [])}"}
            bodies: list[Any] = [None, {}, {"items": []}, {"entityRefs": []}, {"facets": ["kind"]}]
            done = {
                f"{method} {path}"
                for _, method, path in Server(host, client).routes()
                if method != "GET" and not is_public(path)
                for body in bodies
                if (await client.request(method, filled(path), json=body, headers=user)).status_code < 300
            }
    finally:
        await host.lifecycle.stop()
    assert sorted(route for route in done - MOVED_BY_ANYBODY if not route.endswith("/.backstage/auth/v1/cookie")) == []


DESCRIPTOR = f"""
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{ name: hidden, description: {SECRET} }}
spec: {{ type: {SECRET}, lifecycle: production, owner: group:default/keepers, system: vault }}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {{ name: vault, description: of the open sort }}
spec: {{ owner: group:default/keepers }}
"""

HIDDEN = {"kind": "component", "namespace": "default", "name": "hidden", "ref": "component:default/hidden"}


async def once_it_is_there(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    for _ in range(600):
        found = await client.get("/api/catalog/entities/by-name/component/default/hidden", headers=headers)
        if found.status_code == 200:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("the entity has not been read within a minute")


@pytest.fixture(params=[DenyEverything, NobodysBusiness])
async def guarded(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Server, dict[str, str]]]:
    """A server that holds the hidden entity, and the names that a service knows it by."""
    (tmp_path / "entities.yaml").write_text(DESCRIPTOR)
    location = {
        "type": "file",
        "target": str(tmp_path / "entities.yaml"),
        "rules": [{"allow": ["Component", "System"]}],
    }
    catalog = {"locations": [location]}
    config = config_with(tmp_path, permission={"enabled": True}, catalog=catalog)
    host = create_host(config_of(config), roles=["api", "ingest"], env={})
    host.permissions.use_policy(request.param())
    await host.lifecycle.start()
    transport = httpx.ASGITransport(application(host, env={}))
    try:
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            service = {"authorization": f"Bearer {await host.auth.issue_service_token('test', 'catalog')}"}
            found = await once_it_is_there(client, service)
            assert SECRET in found.text
            known = {**HIDDEN, "uid": found.json()["metadata"]["uid"]}
            yield Server(host, client), known
    finally:
        await host.lifecycle.stop()


REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "/api/catalog/entities", None),
    ("GET", "/api/catalog/entities?filter=kind=component", None),
    ("GET", "/api/catalog/entities?limit=10", None),
    ("GET", "/api/catalog/entities/by-query?fullTextFilterTerm=canary", None),
    ("GET", "/api/catalog/entities/by-query?filter=metadata.name=hidden&orderField=spec.type,asc", None),
    ("POST", "/api/catalog/entities/by-query", {"query": {"kind": "Component"}}),
    ("POST", "/api/catalog/entities/by-refs", {"entityRefs": ["component:default/hidden"]}),
    ("GET", "/api/catalog/entity-facets?facet=spec.type&facet=metadata.description", None),
    ("POST", "/api/catalog/entity-facets", {"facets": ["spec.type"]}),
    ("GET", "/api/catalog/graph?ref=system:default/vault", None),
    ("GET", "/api/catalog/graph?ref=component:default/hidden&format=mermaid", None),
    ("GET", "/api/catalog/owners/group:default/keepers", None),
    ("GET", "/api/catalog/explain?ref=component:default/hidden", None),
]


ABOUT_THE_NEIGHBOUR: list[tuple[str, str, Any]] = [
    ("GET", "/api/catalog/entities", None),
    ("GET", "/api/catalog/entities?limit=10", None),
    ("GET", "/api/catalog/entities?filter=kind=system&fields=relations", None),
    ("GET", "/api/catalog/entities/by-query?filter=kind=system", None),
    ("POST", "/api/catalog/entities/by-query", {"query": {"kind": "System"}}),
    ("POST", "/api/catalog/entities/by-refs", {"entityRefs": ["system:default/vault"]}),
    ("GET", "/api/catalog/entities/by-name/system/default/vault", None),
    ("GET", "/api/catalog/entities/by-name/system/default/vault/ancestry", None),
    ("GET", "/api/catalog/entity-facets?facet=relations.hasPart", None),
    ("GET", "/api/catalog/graph?ref=system:default/vault", None),
]
"""Where the relations of `system:default/vault` stand."""


async def test_a_user_without_the_right_is_told_nothing_by_any_route(
    guarded: tuple[Server, dict[str, str]],
) -> None:
    server, known = guarded
    user = {"authorization": f"Bearer {await server.host.auth.issue_user_token('user:default/eve', [])}"}
    generated = [
        ("GET", filled(path, **known, entity_id=known["uid"]), None)
        for _, method, path in server.routes()
        if method == "GET" and path.startswith("/api/catalog/")
    ]
    service = {"authorization": f"Bearer {await server.host.auth.issue_service_token('test', 'catalog')}"}

    async def telling(headers: dict[str, str]) -> list[str]:
        told = []
        for method, path, body in [*generated, *REQUESTS]:
            answer = await server.client.request(method, path, json=body, headers=headers)
            assert answer.status_code < 500, (path, answer.text)
            if SECRET in answer.text or SECRET in str(answer.headers):
                told.append(f"{method} {path}")
        return told

    assert len(await telling(service)) > 12
    assert await telling(user) == []

    async def naming(headers: dict[str, str]) -> list[str]:
        """Which answers about its neighbour name the hidden entity."""
        return [
            path
            for method, path, body in ABOUT_THE_NEIGHBOUR
            if known["ref"] in (await server.client.request(method, path, json=body, headers=headers)).text
        ]

    assert await naming(service) == [path for _, path, _ in ABOUT_THE_NEIGHBOUR]
    assert await naming(user) == []


async def test_a_user_without_the_right_changes_nothing(guarded: tuple[Server, dict[str, str]]) -> None:
    server, known = guarded
    user = {"authorization": f"Bearer {await server.host.auth.issue_user_token('user:default/eve', [])}"}
    service = {"authorization": f"Bearer {await server.host.auth.issue_service_token('test', 'catalog')}"}
    client = server.client
    deletion = await client.delete(f"/api/catalog/entities/by-uid/{known['uid']}", headers=user)
    refresh = await client.post("/api/catalog/refresh", json={"entityRef": known["ref"]}, headers=user)
    assert (deletion.status_code, refresh.status_code) == (403, 403)
    found = await client.get(f"/api/catalog/entities/by-uid/{known['uid']}", headers=service)
    assert found.status_code == 200

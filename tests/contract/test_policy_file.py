"""A policy in a file decides what a signed-in user sees and may do, on a running Callboard."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Iterator

import httpx
import pytest

from tests.contract.running import Callboard

SETTLE_S = 30.0
CATALOG = "\n---\n".join(
    f"""
apiVersion: backstage.io/v1alpha1
kind: {kind}
metadata: {{ name: {name} }}
spec: {{ type: x, lifecycle: production, owner: {owner}, definition: x }}"""
    for kind, name, owner in (
        ("Component", "mine", "user:default/guest"),
        ("Component", "theirs", "team-b"),
        ("API", "mine-too", "user:default/guest"),
        ("Resource", "secret", "user:default/guest"),
    )
)
POLICY = """
default: deny
rules:
  - effect: deny
    permissions: catalog.entity.*
    where: { kind: resource }
  - effect: allow
    actions: read
  - effect: allow
    permissions: [catalog.entity.delete, catalog.entity.refresh]
    where: { relations.ownedBy: $owners }
"""

pytestmark = pytest.mark.xdist_group("policy-file")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("policy-file")
    (folder / "catalog.yaml").write_text(CATALOG)
    (folder / "policy.yaml").write_text(POLICY)
    config = folder / "app-config.yaml"
    config.write_text(
        json.dumps(
            {
                "backend": {"baseUrl": "http://127.0.0.1", "listen": {"host": "127.0.0.1", "port": "${PORT}"}},
                "auth": {
                    "providers": {
                        "guest": {"dangerouslyAllowOutsideDevelopment": True, "userEntityRef": "user:default/guest"}
                    }
                },
                "permission": {"enabled": True, "policy": "./policy.yaml"},
                "catalog": {
                    "rules": [{"allow": ["Component", "API", "Resource", "Location"]}],
                    "locations": [{"type": "file", "target": "./catalog.yaml"}],
                },
            }
        )
    )
    server = Callboard(folder, [config]).start()
    try:
        token = httpx.get(f"{server.url}/api/auth/guest/refresh").json()["backstageIdentity"]["token"]
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{server.url}/api/catalog", headers=headers) as opened:
            deadline = time.monotonic() + SETTLE_S
            # Three entities and two Locations; the fourth entity is nobody's business.
            while len(opened.get("/entities").json()) < 4 and time.monotonic() < deadline:
                time.sleep(0.05)
            yield opened
    finally:
        server.stop()


def test_what_is_denied_is_in_no_list_and_no_count(client: httpx.Client) -> None:
    names = {entity["metadata"]["name"] for entity in client.get("/entities?fields=metadata.name").json()}
    assert {"mine", "theirs", "mine-too"} <= names
    assert "secret" not in names
    assert client.get("/entities/by-name/resource/default/secret").status_code == 404
    assert client.get("/entities/by-query?filter=kind=resource&limit=0").json()["totalItems"] == 0
    kinds = client.get("/entity-facets?facet=kind").json()["facets"]["kind"]
    assert [kind for kind in kinds if kind["value"] == "Resource"] == []
    page = client.get("/entities/by-query?limit=1&orderField=metadata.name").json()
    assert "resource" not in b64decode(page["pageInfo"]["nextCursor"]).decode()


def test_owners_may_do_to_their_own_what_others_may_not(client: httpx.Client) -> None:
    def refresh(ref: str) -> int:
        return client.post("/refresh", json={"entityRef": ref}).status_code

    assert [refresh(f"component:default/{name}") for name in ("mine", "theirs", "none")] == [200, 403, 403]
    uids = {
        entity["metadata"]["name"]: entity["metadata"]["uid"]
        for entity in client.get("/entities?filter=kind=component,kind=api").json()
    }
    assert client.delete(f"/entities/by-uid/{uids['theirs']}").status_code == 403
    assert client.delete(f"/entities/by-uid/{uids['mine-too']}").status_code == 204
    assert client.post("/locations", json={"type": "url", "target": "http://x.example"}).status_code == 403


def test_what_somebody_owns_leaves_out_what_may_not_be_seen(client: httpx.Client) -> None:
    # The guest has no entity of its own, so there is nobody to ask about.
    assert client.get("/owners/user:default/guest").status_code == 404
    graph = client.get("/graph?ref=component:default/mine&depth=3&direction=both").json()
    assert [node["ref"] for node in graph["nodes"] if node["kind"].lower() == "resource"] == []

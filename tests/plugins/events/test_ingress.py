"""`POST /api/events/http/{topic}`. Sources: spec/catalog.md §6.4; conformance ui-06-events; FIELD §5d."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from app.interfaces import Database
from plugins.events.body import MAX_BYTES
from plugins.events.ingress import MAX_ID_LENGTH
from tests.plugins.events.world import World, running

SECRETS = {
    "http": {"topics": ["github-open", "conformance", "bitbucketCloud"]},
    "modules": {
        name: {"webhookSecret": f"{name}-secret"}
        for name in ("github", "gitlab", "gitea", "azureDevOps", "git", "bitbucketServer")
    },
}
APPS = {"github": [{"apps": [{"webhookSecret": "app-secret"}]}]}
JSON = {"content-type": "application/json"}


@pytest.fixture
def world(database: Database) -> World:
    return World(database, {"events": SECRETS, "integrations": APPS})


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with running(world) as client:
        yield client


def mac(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def post(client: httpx.AsyncClient, topic: str, body: bytes, **headers: str) -> httpx.Response:
    return await client.post(
        f"/http/{topic}", content=body, headers=JSON | {k.replace("_", "-"): v for k, v in headers.items()}
    )


async def stored(world: World) -> int:
    return int((await world.database.read("SELECT count(*) FROM events_delivery"))[0][0])


async def test_a_delivery_is_accepted_at_once_and_stored(client: httpx.AsyncClient, world: World) -> None:
    response = await client.post("/http/conformance", json={"a": 1})
    assert (response.status_code, response.json()) == (202, {"status": "accepted"})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert (await client.post("/http/conformance", json=[1])).status_code == 202
    assert await stored(world) == 2


@pytest.mark.parametrize(
    ("headers", "body", "status", "name"),
    [
        ({"content-type": "text/plain"}, b"x", 415, "UnsupportedMediaTypeError"),
        ({"content-type": ""}, b"{}", 415, "UnsupportedMediaTypeError"),
        ({"content-type": "application/json; charset=nope"}, b"{}", 415, "UnsupportedCharsetError"),
        ({"content-type": "application/json; charset=latin-1"}, b"{}", 415, "UnsupportedCharsetError"),
        ({"content-type": "application/json", "content-encoding": "gzip"}, gzip.compress(b"{}", mtime=0), 415,
         "UnsupportedMediaTypeError"),
        (JSON, b"{", 400, "InputError"),
        (JSON, b"1", 400, "InputError"),
        (JSON, b"", 400, "InputError"),
        (JSON, b'"\xff"', 400, "InputError"),
        (JSON, b'{"a": "\\ud800"}', 400, "InputError"),
        (JSON, b"[" * 100_000, 400, "InputError"),
        (JSON, b" " * (MAX_BYTES + 1), 413, "PayloadTooLargeError"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_told_and_not_stored(
    headers: dict[str, str], body: bytes, status: int, name: str, client: httpx.AsyncClient, world: World
) -> None:
    response = await client.post("/http/conformance", content=body, headers=headers)
    assert response.status_code == status
    assert response.json()["error"]["name"] == name
    assert response.json()["request"] == {"method": "POST", "url": "/http/conformance"}
    if status != 400:
        assert response.json()["error"]["statusCode"] == status
    assert await stored(world) == 0


async def test_a_body_without_a_length_is_cut_off_too(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65536
            yield b" " * 65536

    response = await client.post("/http/conformance", content=endless(), headers=JSON)
    assert response.status_code == 413
    assert sent <= MAX_BYTES + 2 * 65536


async def test_utf_16_is_read(client: httpx.AsyncClient, world: World) -> None:
    body = '{"ä": "ö"}'.encode("utf-16")
    response = await client.post(
        "/http/conformance", content=body, headers={"content-type": "Application/JSON; charset=UTF-16"}
    )
    assert response.status_code == 202
    world.listen("conformance")
    await world.work()
    assert world.heard[0].payload == {"ä": "ö"}


@pytest.mark.parametrize(("method", "topic"), [("POST", "nope"), ("GET", "conformance"), ("POST", "gerrit")])
async def test_a_topic_that_is_not_open_is_not_there(method: str, topic: str, client: httpx.AsyncClient) -> None:
    response = await client.request(method, f"/http/{topic}", json={} if method == "POST" else None)
    assert (response.status_code, response.content) == (404, b"")


BODY = b'{"object_kind": "push", "eventType": "git.push", "id": "1"}'
PROOFS: dict[str, dict[str, str]] = {
    "github": {"x-hub-signature-256": "sha256=" + mac("github-secret", BODY)},
    "gitlab": {"x-gitlab-token": "gitlab-secret"},
    "gitea": {"x-gitea-signature": mac("gitea-secret", BODY)},
    "azureDevOps": {"x-ado-webhook-secret": "azureDevOps-secret"},
    "git": {"x-hub-signature-256": "sha256=" + mac("git-secret", BODY)},
    "bitbucketServer": {"x-hub-signature": "sha256=" + mac("bitbucketServer-secret", BODY)},
}
REFUSALS = {"gitlab": "invalid token", "azureDevOps": "invalid webhook secret"}


@pytest.mark.parametrize("topic", PROOFS)
async def test_a_proof_lets_a_delivery_in(topic: str, client: httpx.AsyncClient, world: World) -> None:
    response = await client.post(f"/http/{topic}", content=BODY, headers=JSON | PROOFS[topic])
    assert response.status_code == 202
    assert await stored(world) == 1


@pytest.mark.parametrize("topic", PROOFS)
@pytest.mark.parametrize("forgery", ["none", "empty", "other body", "longer", "non-ascii", "another's"])
async def test_a_forged_delivery_is_refused(topic: str, forgery: str, client: httpx.AsyncClient, world: World) -> None:
    header, proof = next(iter(PROOFS[topic].items()))
    body = BODY
    given: dict[str, str] = {header: proof}
    if forgery == "none":
        given = {}
    elif forgery == "empty":
        given[header] = ""
    elif forgery == "other body":
        if header in ("x-gitlab-token", "x-ado-webhook-secret"):
            given[header] = proof[:-1]
        body = BODY + b" "
    elif forgery == "longer":
        given[header] = proof + "0"
    elif forgery == "non-ascii":
        given[header] = "ä" * len(proof)
    else:
        given[header] = "sha256=" + mac("conformance-secret", BODY)
    encoded = {k.encode(): v.encode("utf-8") for k, v in (JSON | given).items()}
    response = await client.post(f"/http/{topic}", content=body, headers=encoded)
    assert response.status_code == 403
    assert response.json() == {"message": REFUSALS.get(topic, "invalid signature")}
    assert await stored(world) == 0


async def test_each_github_apps_secret_is_good(client: httpx.AsyncClient) -> None:
    response = await post(client, "github", BODY, x_hub_signature_256="sha256=" + mac("app-secret", BODY))
    assert response.status_code == 202


async def test_the_proof_is_over_the_bytes_as_they_came(client: httpx.AsyncClient) -> None:
    spaced = b'{ "a" :\t1.0, "b":"\\u00e4" }'
    response = await post(client, "github", spaced, x_hub_signature_256="sha256=" + mac("github-secret", spaced))
    assert response.status_code == 202
    compact = orjson.dumps(orjson.loads(spaced))
    response = await post(client, "github", compact, x_hub_signature_256="sha256=" + mac("github-secret", spaced))
    assert response.status_code == 403


async def test_without_its_secret_a_topic_must_be_listed(database: Database) -> None:
    world = World(database, {"events": {"http": {"topics": ["github"]}}})
    async with running(world) as client:
        assert (
            await client.post("/http/github", json={"zen": 1}, headers={"x-github-event": "ping"})
        ).status_code == 202
        assert (await client.post("/http/gitlab", json={})).status_code == 404


async def test_an_empty_secret_opens_nothing(database: Database) -> None:
    world = World(database, {"events": {"modules": {"gitlab": {"webhookSecret": ""}}}})
    async with running(world) as client:
        assert (await client.post("/http/gitlab", json={}, headers={"x-gitlab-token": ""})).status_code == 404


# ----------------------------------------------------------------------------------------------- repetitions


def github(body: bytes, delivery: str) -> dict[str, str]:
    return JSON | {
        "x-hub-signature-256": "sha256=" + mac("github-secret", body),
        "x-github-delivery": delivery,
        "x-github-event": "push",
    }


async def test_a_repetition_is_accepted_and_not_worked_again(client: httpx.AsyncClient, world: World) -> None:
    world.listen("github.push")
    for _ in range(3):
        response = await client.post("/http/github", content=b"{}", headers=github(b"{}", "d-1"))
        assert response.status_code == 202
        await world.work()
    assert len(world.heard) == 1
    await client.post("/http/github", content=b"{}", headers=github(b"{}", "d-2"))
    await world.work()
    assert len(world.heard) == 2


async def test_simultaneous_repetitions_are_one(client: httpx.AsyncClient, world: World) -> None:
    answers = await asyncio.gather(
        *(client.post("/http/github", content=b"{}", headers=github(b"{}", "d-1")) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert await stored(world) == 1


async def test_an_id_is_remembered_for_a_day_and_then_forgotten(client: httpx.AsyncClient, world: World) -> None:
    world.listen("github.push")
    store = world.worker._store
    await client.post("/http/github", content=b"{}", headers=github(b"{}", "d-1"))
    await world.work()
    world.clock.pass_by(hours=25)
    assert await store.forget(world.clock.now()) == 0
    await client.post("/http/github", content=b"{}", headers=github(b"{}", "d-1"))
    await world.work()
    assert len(world.heard) == 1
    world.clock.pass_by(hours=24)
    assert await store.forget(world.clock.now()) == 1


async def test_a_forged_delivery_does_not_use_up_an_id(client: httpx.AsyncClient, world: World) -> None:
    forged = github(b"{}", "d-1") | {"x-hub-signature-256": "sha256=00"}
    assert (await client.post("/http/github", content=b"{}", headers=forged)).status_code == 403
    await client.post("/http/github", content=b"{}", headers=github(b"{}", "d-1"))
    assert await stored(world) == 1


async def test_the_same_id_on_two_topics_is_two_deliveries(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/http/github", content=b"{}", headers=github(b"{}", "d-1"))
    gitea = JSON | {"x-gitea-signature": mac("gitea-secret", b"{}"), "x-gitea-delivery": "d-1"}
    await client.post("/http/gitea", content=b"{}", headers=gitea)
    assert await stored(world) == 2


async def test_a_monstrous_id_is_cut_to_size(client: httpx.AsyncClient, world: World) -> None:
    for delivery in ("x" * 5000, "tab\there"):
        await client.post("/http/github", content=b"{}", headers=github(b"{}", delivery))
    rows = await world.database.read("SELECT delivery FROM events_delivery")
    assert len(rows) == 2
    assert all(len(row[0]) <= MAX_ID_LENGTH for row in rows)


async def test_secrets_are_neither_stored_nor_published(client: httpx.AsyncClient, world: World) -> None:
    world.listen("gitlab")
    headers = {"x-gitlab-token": "gitlab-secret", "authorization": "Bearer hush", "cookie": "c=hush", "X-Seen": "yes"}
    await client.post("/http/gitlab", content=b"{}", headers=JSON | headers)
    (row,) = await world.database.read("SELECT headers, payload FROM events_delivery")
    assert "hush" not in row[0] and "gitlab-secret" not in row[0]
    await world.work()
    assert world.heard[0].metadata["x-seen"] == "yes"
    assert "x-gitlab-token" not in world.heard[0].metadata

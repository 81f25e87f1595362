"""`/.well-known/backstage/permissions/*`. Source: spec/catalog.md §7.3, §7.4; recordings catalog-12-permissions and
scaffolder-10-permissions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from app.auth.service import AuthService
from app.errors import NotFoundError
from app.interfaces import Permission, PermissionRule
from app.permissions.routes import permission_routes
from app.permissions.service import PermissionService
from tests.app.auth.conftest import MakeAuth
from tests.app.auth.mounted import client_of
from tests.app.auth.world import config_with
from tests.app.permissions.test_decisions import CREATE, HAS_ACTS, PLAYS, READ, RUMMAGE, has_acts

APPLY = "/.well-known/backstage/permissions/apply-conditions"
METADATA = "/.well-known/backstage/permissions/metadata"
FULL = {"type": "static", "options": {"token": "token-of-the-first", "subject": "one"}}
RESTRICTED = {
    "type": "static",
    "options": {"token": "token-of-the-second", "subject": "two"},
    "accessRestrictions": [{"plugin": "theatre", "permission": "theatre.play.create"}],
}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


class Stage:
    """A plugin with three sorts of resources: plays that load, tasks that complain, and props that have no loader."""

    def __init__(self) -> None:
        self.loads: list[Sequence[str]] = []
        self.permissions = PermissionService(enabled=True)
        self.permissions.declare("theatre", [READ, CREATE, RUMMAGE], rules=[HAS_ACTS], load=self._plays)
        self.permissions.declare("theatre", [Permission("theatre.task.read", "read", "task")], load=self._tasks)
        rule = PermissionRule("IS_RED", "Red ones", "prop", {"type": "object"}, lambda prop, params: True)
        self.permissions.declare("theatre", [], rules=[rule])

    async def _plays(self, refs: Sequence[str]) -> list[Any]:
        self.loads.append(list(refs))
        return [PLAYS.get(ref) for ref in refs]

    async def _tasks(self, refs: Sequence[str]) -> list[Any]:
        raise NotFoundError(f"No task with id '{refs[0]}' found")


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def auth(make_auth: MakeAuth) -> AuthService:
    return make_auth(config_with([FULL, RESTRICTED]))


@pytest.fixture
async def client(auth: AuthService, stage: Stage) -> httpx.AsyncClient:
    routes = permission_routes(stage.permissions.of("theatre"), auth)
    return await client_of(auth, "theatre", routes, headers=bearer("token-of-the-first"))


def item(conditions: Any, ref: Any = "hamlet", *, id: Any = "1", kind: Any = "play") -> dict[str, Any]:  # noqa: A002
    return {"id": id, "resourceRef": ref, "resourceType": kind, "conditions": conditions}


async def error_of(client: httpx.AsyncClient, body: Any, **how: Any) -> tuple[int, str, str]:
    answer = await client.post(APPLY, json=body, **how)
    error = answer.json()["error"]
    return answer.status_code, error["name"], error["message"]


async def test_metadata_lists_permissions_and_rules_in_the_order_they_were_declared(client: httpx.AsyncClient) -> None:
    answer = (await client.get(METADATA)).json()
    assert answer["permissions"] == [
        {"type": "resource", "name": READ.name, "attributes": {"action": "read"}, "resourceType": "play"},
        {"type": "basic", "name": CREATE.name, "attributes": {"action": "create"}},
        {"type": "basic", "name": RUMMAGE.name, "attributes": {}},
        {"type": "resource", "name": "theatre.task.read", "attributes": {"action": "read"}, "resourceType": "task"},
    ]
    assert [rule["name"] for rule in answer["rules"]] == ["HAS_ACTS", "IS_RED"]
    assert answer["rules"][0] == {
        "name": "HAS_ACTS",
        "description": "Plays of so many acts",
        "resourceType": "play",
        "paramsSchema": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "additionalProperties": False,
            "type": "object",
            "properties": {"acts": {"type": "integer"}},
            "required": ["acts"],
        },
    }


@pytest.mark.parametrize(
    ("conditions", "ref", "result"),
    [
        (has_acts(5), "hamlet", "ALLOW"),
        (has_acts(2), "hamlet", "DENY"),
        (has_acts(5), "macbeth", "DENY"),
        ({"not": has_acts(5)}, "macbeth", "DENY"),
        ({"not": has_acts(2)}, "hamlet", "ALLOW"),
        ({"anyOf": [has_acts(2), has_acts(5)]}, "hamlet", "ALLOW"),
        ({"allOf": [has_acts(2), has_acts(5)]}, "hamlet", "DENY"),
        (has_acts(5), "Hamlet", "DENY"),
        (has_acts(5), ["godot", "hamlet", "macbeth"], ["DENY", "ALLOW", "DENY"]),
        (has_acts(5), ["hamlet"], ["ALLOW"]),
        ({**has_acts(5), "params": {"acts": 5, "more": 1}}, "hamlet", "ALLOW"),
    ],
)
async def test_conditions_are_applied_to_the_named_resources(
    client: httpx.AsyncClient, conditions: Any, ref: Any, result: Any
) -> None:
    answer = await client.post(APPLY, json={"items": [item(conditions, ref)]})
    assert (answer.status_code, answer.json()) == (200, {"items": [{"id": "1", "result": result}]})


async def test_several_items_keep_their_order_and_share_one_load(client: httpx.AsyncClient, stage: Stage) -> None:
    items = [item(has_acts(5), id="z"), item(has_acts(5), "godot", id="a"), item(has_acts(2), "godot", id="z")]
    answer = (await client.post(APPLY, json={"items": items})).json()
    assert answer == {
        "items": [{"id": "z", "result": "ALLOW"}, {"id": "a", "result": "DENY"}, {"id": "z", "result": "ALLOW"}]
    }
    assert stage.loads == [["hamlet", "godot"]]
    assert (await client.post(APPLY, json={"items": []})).json() == {"items": []}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "items must be a list"),
        ([], "items must be a list"),
        ({"items": {}}, "items must be a list"),
        ({"items": [1]}, "items[0] must be an object"),
        ({"items": [item(has_acts(5), id=1)]}, "items[0].id must be a string"),
        ({"items": [item(has_acts(5), kind=None)]}, "items[0].resourceType must be a string"),
        ({"items": [item(has_acts(5), [])]}, "items[0].resourceRef must be"),
        ({"items": [item(has_acts(5), ["hamlet", 1])]}, "items[0].resourceRef must be"),
        ({"items": [item(has_acts(5)), item(None)]}, "items[1].conditions must be an object"),
        ({"items": [item({"allOf": []})]}, "items[0].conditions.allOf must be a list with at least one member"),
        ({"items": [item({"rule": "A", "resourceType": "b"}, kind="b")]}, "Unexpected resource types: b."),
        ({"items": [item({**has_acts(5), "rule": "NOPE"})]}, "Unexpected permission rule: NOPE"),
        ({"items": [item({**has_acts(5), "resourceType": "task"})]}, "Unexpected permission rule: HAS_ACTS"),
    ],
)
async def test_a_malformed_question_is_told_what_is_wrong_with_it(
    client: httpx.AsyncClient, body: Any, words: str
) -> None:
    status, name, message = await error_of(client, body)
    assert (status, name) == (400, "InputError")
    assert message.startswith(words)


@pytest.mark.parametrize("content", [b"", b"{", b"nonsense", b'{"items":[]', b"\xff", b'{"items":' + b"[" * 5000])
async def test_what_is_not_json_is_refused(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post(APPLY, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["name"]) == (400, "InputError")


async def test_a_huge_question_is_refused(client: httpx.AsyncClient) -> None:
    refs = [f"play-{number:060}" for number in range(20_000)]
    assert await error_of(client, {"items": [item(has_acts(5), refs)]}) == (
        400,
        "InputError",
        "request entity too large",
    )


@pytest.mark.parametrize("params", [{}, {"acts": "five"}])
async def test_params_that_are_not_the_rules_are_explained_in_the_cause(
    client: httpx.AsyncClient, params: dict[str, Any]
) -> None:
    answer = await client.post(APPLY, json={"items": [item({**has_acts(5), "params": params})]})
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["message"].startswith("Parameters to rule are invalid; caused by InputError: params")
    assert error["cause"]["name"] == "InputError"
    assert error["cause"]["message"] in ("params must have required property 'acts'", "params/acts must be integer")


async def test_resources_that_cannot_be_loaded_are_not_implemented(client: httpx.AsyncClient) -> None:
    conditions = {"rule": "IS_RED", "resourceType": "prop"}
    assert await error_of(client, {"items": [item(conditions, kind="prop")]}) == (
        501,
        "NotImplementedError",
        "This plugin does not expose any permission rule or can't evaluate the conditions request for prop",
    )


async def test_a_loaders_own_error_is_told(client: httpx.AsyncClient) -> None:
    conditions = {"rule": "IS_OWNER", "resourceType": "task"}
    expected = (404, "NotFoundError", "No task with id 'x' found")
    assert await error_of(client, {"items": [item(conditions, "x", kind="task")]}) == expected


async def test_only_services_and_users_behind_one_may_probe(auth: AuthService, client: httpx.AsyncClient) -> None:
    """CVE-2025-32791: what a policy's conditions say, or whom they let in, is not for everybody to find out."""
    user = await auth.issue_user_token("user:default/zoe", [])
    behind = await auth.issue_service_token("search", "theatre", user_token=user)
    body = {"items": [item(has_acts(5))]}
    assert await error_of(client, body, headers=bearer(user)) == (403, "NotAllowedError", "")
    assert await error_of(client, body, headers=bearer("token-of-the-second")) == (403, "NotAllowedError", "")
    assert (await client.post(APPLY, json=body, headers=bearer(behind))).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", METADATA), ("POST", APPLY)])
async def test_nobody_asks_without_credentials(
    auth: AuthService, stage: Stage, make_auth: MakeAuth, method: str, path: str
) -> None:
    open_house = make_auth(config_with(dangerouslyDisableDefaultAuthPolicy=True))
    for host in (auth, open_house):
        anonymous = await client_of(host, "theatre", permission_routes(stage.permissions.of("theatre"), host))
        answer = await anonymous.request(method, path, json={"items": []})
        assert (answer.status_code, answer.json()["error"]["message"]) == (401, "Missing credentials")

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from starlette.requests import Request

from app.actions.registry import ActionRegistry
from app.actions.routes import action_routes
from app.actions.settings import ActionSettings
from app.errors import CallboardError, ConflictError, InputError, NotAllowedError, NotFoundError
from app.http.application import Application
from app.http.mounts import Mounts
from app.http.pipeline import Pipeline
from app.interfaces import (
    DENY,
    NOBODY,
    AccessRestriction,
    ActionFilter,
    ActionInvocation,
    Decision,
    Permission,
    Principal,
    RegisteredAction,
    caller,
)
from app.lifecycle import Lifecycle
from app.permissions.service import PermissionService

ALICE = Principal("user", "user:default/alice")
EVE = Principal("user", "user:default/eve")
SECRET = Permission("lamp.secret")


class EveMaySeeNothingSecret:
    async def decide(self, permission: Permission, user: Principal) -> Decision:
        return DENY if user == EVE and permission == SECRET else Decision("ALLOW")


def record(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


async def dim(call: ActionInvocation) -> Any:
    if call.input["to"] > 100:
        raise ConflictError("too bright")
    return {"to": call.input["to"], "by": call.caller.subject, "token": call.token}


async def sign(call: ActionInvocation) -> Any:
    return {"length": len(call.secrets["key"])}


async def misbehave(call: ActionInvocation) -> Any:
    return {"to": "dark"}


NUMBER = {"type": "integer"}
ACTIONS = [
    RegisteredAction("lamps", "dim", "Dim", "Dims it.", record(("to",), to=NUMBER), record(("to",), to=NUMBER), dim),
    RegisteredAction(
        "lamps",
        "look",
        "Look",
        "Looks.",
        record(),
        record(to=NUMBER),
        misbehave,
        read_only=True,
        examples=({"title": "x"},),
    ),
    RegisteredAction(
        "doors", "sign", "Sign", "Signs.", record(), record(), sign, secrets=record(("key",), key={"type": "string"})
    ),
    RegisteredAction("doors", "hide", "Hide", "Hides.", record(), record(), sign, visibility=SECRET, idempotent=True),
]


def registry(**settings: Any) -> ActionRegistry:
    permissions = PermissionService(enabled=True)
    permissions.use_policy(EveMaySeeNothingSecret())
    made = ActionRegistry(permissions, ActionSettings.model_validate(settings))
    made.add(*ACTIONS)
    return made


async def ids(actions: ActionRegistry, caller: Principal = ALICE, **options: Any) -> list[str]:
    return [action.id for action in await actions.list(caller, **options)]


async def test_actions_of_all_plugins_are_listed_in_the_order_of_registration() -> None:
    assert await ids(registry()) == ["lamps:dim", "lamps:look", "doors:sign", "doors:hide"]
    assert await ids(registry(), plugin="doors") == ["doors:sign", "doors:hide"]


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ({"pluginSources": ["doors"]}, ["doors:sign", "doors:hide"]),
        ({"pluginSources": []}, []),
        ({"filter": {"include": [{"id": "*:{dim,sign}"}]}}, ["lamps:dim", "doors:sign"]),
        ({"filter": {"exclude": [{"attributes": {"destructive": True}}]}}, ["lamps:look"]),
        ({"filter": {"include": [{"id": "lamps:*"}], "exclude": [{"id": "lamps:look"}]}}, ["lamps:dim"]),
        ({"filter": {"include": [{"attributes": {"idempotent": True}}, {"id": "lamps:look"}]}}, None),
    ],
)
async def test_the_configuration_says_which_there_are(settings: dict[str, Any], left: list[str] | None) -> None:
    actions = registry(**settings)
    listed = ["lamps:look", "doors:hide"] if left is None else left
    assert await ids(actions) == listed
    for action in ACTIONS:
        if action.id not in listed:
            with pytest.raises(NotFoundError):
                await actions.invoke(action.id, {}, ALICE)


async def test_a_reader_of_the_registry_may_ask_for_less() -> None:
    readers = ActionFilter.model_validate({"include": [{"attributes": {"readOnly": True}}]})
    assert await ids(registry(), matching=readers) == ["lamps:look"]


async def test_an_action_that_may_not_be_seen_is_not_there() -> None:
    actions = registry()
    assert "doors:hide" not in await ids(actions, EVE)
    with pytest.raises(NotFoundError, match=r'^Action "doors:hide" not found$'):
        await actions.invoke("doors:hide", {}, EVE)


async def test_a_token_for_one_plugin_reaches_no_other_plugins_actions() -> None:
    restricted = Principal("service", "external:ci", restrictions=(AccessRestriction("doors"),))
    actions = registry()
    assert [one for one in await ids(actions, restricted) if one.startswith("lamps")] == []
    with pytest.raises(NotFoundError):
        await actions.invoke("lamps:dim", {"to": 1}, restricted)


async def test_nobody_lists_or_invokes() -> None:
    for attempt in (registry().list(NOBODY), registry().invoke("lamps:dim", {"to": 1}, NOBODY)):
        with pytest.raises(NotAllowedError, match="authenticated principal"):
            await attempt


@pytest.mark.parametrize(
    ("action", "given", "secrets", "message"),
    [
        ("lamps:dim", {}, None, 'Invalid input to action "lamps:dim": to: Required'),
        ("lamps:dim", {"to": "x"}, None, 'Invalid input to action "lamps:dim": to: must be integer'),
        ("lamps:dim", [], None, 'Invalid input to action "lamps:dim": input: must be object'),
        ("lamps:dim", {"to": 1}, {"a": "b"}, 'Action "lamps:dim" does not accept secrets'),
        ("lamps:look", {}, None, 'Invalid output from action "lamps:look": to: must be integer'),
        ("doors:sign", {}, None, 'Action "doors:sign" requires secrets but none were provided'),
        ("doors:sign", {}, {"a": "b"}, 'Invalid secrets for action "doors:sign": key: Required'),
    ],
)
async def test_what_does_not_fit_is_refused(action: str, given: Any, secrets: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        await registry().invoke(action, given, ALICE, secrets=secrets)
    assert refused.value.message == message


async def test_a_missing_member_is_told_with_the_type_it_should_have() -> None:
    with pytest.raises(InputError) as refused:
        await registry().invoke("lamps:dim", {}, ALICE)
    cause = refused.value.cause
    assert isinstance(cause, CallboardError)
    assert cause.extra["issues"][0]["expected"] == "integer"


async def test_an_id_is_taken_once() -> None:
    with pytest.raises(ValueError, match="already registered"):
        registry().add(ACTIONS[0])


async def found_caller(request: Request) -> Principal:
    return caller(request)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    mounts = Mounts()
    mounts.add("doors", APIRouter())
    mounts.add("lamps", APIRouter())
    mounts.add_framework(action_routes(registry(), found_caller))
    lifecycle = Lifecycle({"api"})
    await lifecycle.start()

    async def caller_of(scope: Any, *, allow_cookie: bool = False) -> Principal:
        return {b"alice": ALICE, b"eve": EVE}.get(dict(scope["headers"]).get(b"authorization", b""), NOBODY)

    app = Application(Pipeline(mounts, lifecycle, caller_of, security=[]), lifecycle)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://callboard.test/api") as opened:
        opened.headers["authorization"] = "alice"
        yield opened


async def test_every_mount_lists_its_plugins_actions(client: httpx.AsyncClient) -> None:
    lamps = (await client.get("/lamps/.backstage/actions/v1/actions")).json()["actions"]
    assert lamps[1] == {
        "id": "lamps:look",
        "name": "look",
        "title": "Look",
        "description": "Looks.",
        "pluginId": "lamps",
        "attributes": {"destructive": False, "idempotent": False, "readOnly": True},
        "examples": [{"title": "x"}],
        "schema": {"input": record(), "output": record(to=NUMBER)},
    }
    doors = (await client.get("/doors/.backstage/actions/v1/actions", headers={"authorization": "eve"})).json()
    assert [one["id"] for one in doors["actions"]] == ["doors:sign"]
    assert "secrets" in doors["actions"][0]["schema"]
    nobody = await client.get("/lamps/.backstage/actions/v1/actions", headers={"authorization": ""})
    assert nobody.status_code == 403


async def test_an_action_is_invoked_below_its_plugins_mount(client: httpx.AsyncClient) -> None:
    invoked = await client.post("/lamps/.backstage/actions/v1/actions/lamps:dim/invoke", json={"to": 5})
    assert invoked.json() == {"output": {"to": 5, "by": "user:default/alice", "token": None}}
    signed = await client.post(
        "/doors/.backstage/actions/v2/actions/doors%3Asign/invoke", json={"input": {}, "secrets": {"key": "abc"}}
    )
    assert signed.json() == {"output": {"length": 3}}


@pytest.mark.parametrize(
    ("path", "body", "status", "name"),
    [
        ("lamps/.backstage/actions/v1/actions/doors:sign/invoke", {}, 404, "NotFoundError"),
        ("lamps/.backstage/actions/v1/actions/lamps:nope/invoke", {}, 404, "NotFoundError"),
        ("lamps/.backstage/actions/v1/actions/lamps:dim/invoke", {"to": 500}, 409, "ConflictError"),
        ("lamps/.backstage/actions/v2/actions/lamps:dim/invoke", {"input": 5}, 400, "InputError"),
        ("lamps/.backstage/actions/v2/actions/lamps:dim/invoke", [], 400, "InputError"),
        ("lamps/.backstage/actions/v2/actions/lamps:dim/invoke", {"input": {"to": 1}, "secrets": 5}, 400, "InputError"),
    ],
)
async def test_what_cannot_be_invoked_is_told(
    client: httpx.AsyncClient, path: str, body: Any, status: int, name: str
) -> None:
    answer = await client.post(f"/{path}", json=body)
    assert (answer.status_code, answer.json()["error"]["name"]) == (status, name)

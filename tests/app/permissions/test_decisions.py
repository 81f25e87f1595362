"""Who may do what. Source: spec/catalog.md §7.6; spec/ui-backends.md §2.7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.errors import InputError
from app.interfaces import (
    ALLOW,
    DENY,
    NOBODY,
    AccessRestriction,
    Decision,
    Permission,
    PermissionQuery,
    PermissionRule,
    Principal,
)
from app.permissions.service import PermissionService

READ = Permission("theatre.play.read", "read", "play")
STAGE = Permission("theatre.play.stage", "update", "play")
CREATE = Permission("theatre.play.create", "create")
RUMMAGE = Permission("theatre.rummage")
ZOE = Principal("user", "user:default/zoe", ("user:default/zoe",))
PLAYS = {"hamlet": {"acts": 5}, "godot": {"acts": 2}}
HAS_ACTS = PermissionRule(
    "HAS_ACTS",
    "Plays of so many acts",
    "play",
    {"type": "object", "properties": {"acts": {"type": "integer"}}, "required": ["acts"]},
    lambda play, params: bool(play["acts"] == params["acts"]),
)


def has_acts(acts: int) -> dict[str, Any]:
    return {"rule": "HAS_ACTS", "resourceType": "play", "params": {"acts": acts}}


class Table:
    """A policy that is a table, everything else denied; and the plays, whose loads are counted."""

    def __init__(self, decisions: Mapping[str, Decision]) -> None:
        self.decisions = decisions
        self.asked: list[tuple[str, Principal]] = []
        self.loads: list[Sequence[str]] = []

    async def decide(self, permission: Permission, user: Principal) -> Decision:
        self.asked.append((permission.name, user))
        return self.decisions.get(permission.name, DENY)

    async def load(self, refs: Sequence[str]) -> list[Any]:
        self.loads.append(list(refs))
        return [PLAYS.get(ref) for ref in refs]


def service_with(table: Table | None, *, enabled: bool = True) -> PermissionService:
    service = PermissionService(enabled=enabled)
    if table is not None:
        service.use_policy(table)
        service.declare("theatre", [READ, STAGE, CREATE, RUMMAGE], rules=[HAS_ACTS], load=table.load)
    return service


def token(*restrictions: AccessRestriction) -> Principal:
    return Principal("service", "external:robot", restrictions=restrictions or None)


async def allowed(service: PermissionService, caller: Principal, plugin: str = "theatre") -> list[str]:
    permissions = (READ, STAGE, CREATE, RUMMAGE)
    return [p.name.rsplit(".")[-1] for p in permissions if await service.check(p, caller, plugin=plugin)]


EVERYTHING = ["read", "stage", "create", "rummage"]


async def test_without_a_policy_every_user_may_do_everything() -> None:
    assert await allowed(service_with(None), ZOE) == EVERYTHING


async def test_without_permissions_switched_on_the_policy_is_not_asked() -> None:
    table = Table({})
    assert await allowed(service_with(table, enabled=False), ZOE) == EVERYTHING
    assert table.asked == []


async def test_the_policy_decides_for_users_and_for_nobody_in_particular() -> None:
    table = Table({"theatre.play.create": ALLOW})
    service = service_with(table)
    assert await allowed(service, ZOE) == ["create"]
    assert await allowed(service, NOBODY) == ["create"]
    assert {caller for _, caller in table.asked} == {ZOE, NOBODY}


async def test_services_never_reach_the_policy() -> None:
    table = Table({})
    assert await allowed(service_with(table), token()) == EVERYTHING
    assert table.asked == []


@pytest.mark.parametrize(
    ("restriction", "may"),
    [
        (AccessRestriction("theatre"), EVERYTHING),
        (AccessRestriction("theatre", permissions=frozenset({"theatre.play.stage"})), ["stage"]),
        (AccessRestriction("theatre", actions=frozenset({"read", "create"})), ["read", "create"]),
        (AccessRestriction("theatre", frozenset({READ.name, CREATE.name}), frozenset({"create"})), ["create"]),
        (AccessRestriction("theatre", frozenset({RUMMAGE.name}), frozenset({"read"})), []),
        (AccessRestriction("cinema"), []),
    ],
)
@pytest.mark.parametrize("enabled", [True, False])
async def test_a_restricted_token_may_do_what_is_listed_and_nothing_else(
    restriction: AccessRestriction, may: list[str], enabled: bool
) -> None:
    service = service_with(Table({}), enabled=enabled)
    assert await allowed(service, token(restriction)) == may


async def test_restrictions_count_for_the_plugin_that_asks() -> None:
    caller = token(AccessRestriction("theatre", frozenset({READ.name})), AccessRestriction("cinema"))
    service = service_with(None)
    assert await allowed(service, caller) == ["read"]
    assert await allowed(service, caller, plugin="cinema") == EVERYTHING
    assert await allowed(service, caller, plugin="circus") == []


async def test_conditions_are_applied_to_the_resource_that_is_named() -> None:
    table = Table({READ.name: Decision("CONDITIONAL", has_acts(5))})
    service = service_with(table)
    answers = [
        await service.check(READ, ZOE, plugin="theatre", resource_ref=ref)
        for ref in ("hamlet", "godot", "macbeth", "HAMLET", None)
    ]
    assert answers == [True, False, False, False, False]
    assert await service.decide(READ, ZOE, plugin="theatre") == Decision("CONDITIONAL", has_acts(5))


async def test_what_is_not_there_is_denied_even_by_a_negative_condition() -> None:
    service = service_with(Table({READ.name: Decision("CONDITIONAL", {"not": has_acts(5)})}))
    answers = [await service.check(READ, ZOE, plugin="theatre", resource_ref=ref) for ref in ("godot", "macbeth")]
    assert answers == [True, False]


@pytest.mark.parametrize(
    "decision",
    [Decision("CONDITIONAL", has_acts(5)), Decision("CONDITIONAL", None)],
    ids=["a condition on nothing", "no condition"],
)
async def test_a_policys_impossible_answer_denies(decision: Decision) -> None:
    service = service_with(Table({CREATE.name: decision}))
    assert await service.decide(CREATE, ZOE, plugin="theatre") == DENY
    missing = service_with(Table({READ.name: Decision("CONDITIONAL", None)}))
    assert await missing.decide(READ, ZOE, plugin="theatre") == DENY


@pytest.mark.parametrize(
    "conditions",
    [
        {"rule": "HAS_GHOSTS", "resourceType": "play"},
        {"rule": "HAS_ACTS", "resourceType": "film", "params": {"acts": 5}},
        {"rule": "HAS_ACTS", "resourceType": "play", "params": {"acts": "five"}},
        {"rule": "HAS_ACTS", "resourceType": "play"},
        {"anyOf": []},
        {},
    ],
)
async def test_a_policys_broken_condition_lets_nobody_through(conditions: dict[str, Any]) -> None:
    service = service_with(Table({READ.name: Decision("CONDITIONAL", conditions)}))
    with pytest.raises(InputError):
        await service.check(READ, ZOE, plugin="theatre", resource_ref="hamlet")


async def test_many_questions_are_answered_in_order_with_one_load_and_one_decision_each() -> None:
    table = Table({READ.name: Decision("CONDITIONAL", has_acts(5)), STAGE.name: Decision("CONDITIONAL", has_acts(2))})
    queries = [
        PermissionQuery(CREATE),
        PermissionQuery(READ, "hamlet"),
        PermissionQuery(STAGE, ("hamlet", "godot", "macbeth")),
        PermissionQuery(READ, "godot"),
        PermissionQuery(READ),
        PermissionQuery(READ, ("godot",)),
        PermissionQuery(CREATE, ("a", "b")),
    ]
    answers = await service_with(table).authorize(queries, ZOE, plugin="permission")
    assert answers == ["DENY", "ALLOW", ["DENY", "ALLOW", "DENY"], "DENY", "DENY", ["DENY"], "DENY"]
    assert table.loads == [["hamlet", "godot", "macbeth"]]
    assert sorted(name for name, _ in table.asked) == sorted([CREATE.name, READ.name, STAGE.name])


async def test_a_permission_of_an_unknown_sort_of_resource_cannot_be_conditional() -> None:
    strange = Permission("circus.act.read", "read", "act")
    service = service_with(Table({strange.name: Decision("CONDITIONAL", has_acts(5))}))
    with pytest.raises(InputError, match="Unexpected resource types: act"):
        await service.authorize([PermissionQuery(strange, "lion")], ZOE, plugin="permission")


def test_there_is_one_policy_and_one_rule_of_a_name() -> None:
    table = Table({})
    service = service_with(table)
    with pytest.raises(ValueError, match="policy"):
        service.use_policy(table)
    with pytest.raises(ValueError, match="HAS_ACTS"):
        service.declare("theatre", [], rules=[HAS_ACTS])
    with pytest.raises(ValueError, match="loader"):
        service.declare("theatre", [READ], load=table.load)

"""Policies as data: what a document decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.interfaces import ALLOW, DENY, NOBODY, Decision, Permission, Principal
from app.permissions.conditions import matches, parse_criteria
from app.permissions.service import PermissionService
from catalog.permissions.conditions import query_of
from catalog.permissions.permissions import ENTITY_DELETE, ENTITY_READ, LOCATION_CREATE, PERMISSIONS
from catalog.permissions.rules import RULES
from plugins.permission.document import Document, read_document
from plugins.permission.policy import DocumentPolicy

ZOE = Principal("user", "user:default/zoe", ("user:default/zoe", "group:default/quay"))
MAX = Principal("user", "user:default/max", ("user:default/max", "group:default/admins"))
BERTH = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {
        "name": "berth-web",
        "tags": ["java", "web"],
        "labels": {"tier": "one"},
        "annotations": {"github.com/project-slug": "tidewater/berth-web"},
    },
    "spec": {"type": "website", "system": "payments", "replicas": 2, "public": True},
    "relations": [{"type": "ownedBy", "targetRef": "group:default/quay"}],
}


async def no_claims(_: str) -> None:
    return None


def policy_of(text: str, claims: Mapping[str, Mapping[str, Any]] | None = None) -> DocumentPolicy:
    async def claims_of(user: str) -> Mapping[str, Any] | None:
        return (claims or {}).get(user)

    return DocumentPolicy(read_document(text, "policy.yaml"), claims_of)


def catalog() -> PermissionService:
    permissions = PermissionService(enabled=True)
    permissions.declare("catalog", PERMISSIONS, rules=RULES)
    return permissions


# ------------------------------------------------------------------------------------------- who and what

WHO = """
default: deny
rules:
  - { effect: allow, subjects: { groups: group:default/admins } }
  - { effect: allow, subjects: { users: [User:Default/Zoe] }, permissions: catalog.entity.read }
  - { effect: allow, subjects: { anonymous: false }, permissions: [catalog.location.*], actions: read }
  - { effect: allow, subjects: { claims: { department: [finance] } }, permissions: catalog.entity.refresh }
"""


@pytest.mark.parametrize(
    ("user", "may"),
    [
        (MAX, {permission.name for permission in PERMISSIONS}),
        (ZOE, {"catalog.entity.read", "catalog.location.read", "catalog.entity.refresh"}),
        (Principal("user", "user:default/eve", ()), {"catalog.location.read"}),
        (NOBODY, set()),
    ],
    ids=["an admin", "somebody named", "any user", "nobody in particular"],
)
async def test_rules_are_for_whom_and_for_what_they_say(user: Principal, may: set[str]) -> None:
    policy = policy_of(WHO, {"user:default/zoe": {"department": "finance"}, "user:default/eve": {"department": "law"}})
    allowed = {p.name for p in PERMISSIONS if await policy.decide(p, user) == ALLOW}
    assert allowed == may


async def test_the_first_rule_that_applies_decides() -> None:
    text = """
    default: allow
    rules:
      - { effect: deny, permissions: catalog.entity.delete }
      - { effect: allow }
      - { effect: deny }
    """
    policy = policy_of(text)
    assert await policy.decide(ENTITY_DELETE, ZOE) == DENY
    assert await policy.decide(ENTITY_READ, ZOE) == ALLOW
    assert await policy_of("default: allow").decide(ENTITY_READ, ZOE) == ALLOW
    assert await policy_of("default: deny").decide(ENTITY_READ, ZOE) == DENY


async def test_a_star_in_a_name_stands_for_any_text_and_a_dot_for_itself() -> None:
    policy = policy_of("{default: deny, rules: [{effect: allow, permissions: ['catalog.*.read']}]}")
    names = [
        "catalog.entity.read",
        "catalog.a.b.read",
        "catalogXentity.read",
        "catalog.entity.readonly",
        "x.catalog.a.read",
    ]
    assert [(await policy.decide(Permission(name), ZOE)).result for name in names] == [
        "ALLOW",
        "ALLOW",
        "DENY",
        "DENY",
        "DENY",
    ]


async def test_a_rule_about_resources_says_nothing_of_other_permissions() -> None:
    text = "{default: deny, rules: [{effect: allow, where: {kind: Component}}]}"
    assert await policy_of(text).decide(LOCATION_CREATE, ZOE) == DENY
    assert (await policy_of(text).decide(ENTITY_READ, ZOE)).result == "CONDITIONAL"
    assert await policy_of(text).decide(Permission("scaffolder.task.read", "read", "scaffolder-task"), ZOE) == DENY


# --------------------------------------------------------------------------------------------------- where


def where(text: str) -> str:
    return f"{{default: deny, rules: [{{effect: allow, where: {text}}}]}}"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("{kind: component}", True),
        ("{kind: [API, Component]}", True),
        ("{kind: API}", False),
        ("{kind: {$not: API}}", True),
        ("{spec.system: payments}", True),
        ("{spec.system: [billing, payments]}", True),
        ("{spec.system: {$in: [billing]}}", False),
        ("{spec.system: {$exists: true}}", True),
        ("{spec.lifecycle: {$exists: false}}", True),
        ("{spec.system: {$not: {$in: [payments]}}}", False),
        ("{spec.replicas: 2}", True),
        ("{spec.public: true}", True),
        ("{metadata.tags: java}", True),
        ("{metadata.tags: rust}", False),
        ("{metadata.labels.tier: one}", True),
        ("{metadata.annotations.github.com/project-slug: {$exists: true}}", True),
        ("{relations.ownedBy: $owners}", True),
        ("{relations.ownedBy: [$owners, group:default/other]}", True),
        ("{relations.ownedBy: $user}", False),
        ("{spec.type: website, spec.system: payments}", True),
        ("{spec.type: website, spec.system: billing}", False),
        ("{any: [{spec.system: billing}, {kind: Component}]}", True),
        ("{all: [{spec.system: billing}, {kind: Component}]}", False),
        ("{not: {any: [{spec.system: billing}, {kind: API}]}}", True),
        ("{rule: HAS_LABEL, params: {label: tier, value: one}}", True),
        ("{rule: IS_ENTITY_OWNER, params: {claims: $owners}}", True),
    ],
)
async def test_conditions_hold_for_what_their_words_say_and_become_filters(text: str, holds: bool) -> None:
    decision = await policy_of(where(text)).decide(ENTITY_READ, ZOE)
    assert decision.result == "CONDITIONAL"
    assert decision.conditions is not None
    assert catalog().holds(decision.conditions, BERTH) is holds
    assert query_of(decision.conditions)


async def test_owners_are_all_refs_in_whose_name_the_user_owns_things() -> None:
    decision = await policy_of(where("{relations.ownedBy: [$user, $owners]}")).decide(ENTITY_READ, ZOE)
    claims = ["user:default/zoe", "user:default/zoe", "group:default/quay"]
    assert decision == Decision(
        "CONDITIONAL", {"rule": "IS_ENTITY_OWNER", "resourceType": "catalog-entity", "params": {"claims": claims}}
    )


leaves = st.sampled_from(["a", "b", "c"]).map(lambda name: {"rule": name, "params": {}})
wheres = st.one_of(st.none(), leaves, leaves.map(lambda leaf: {"not": leaf}))
rules = st.fixed_dictionaries({"effect": st.sampled_from(["allow", "deny"]), "where": wheres})


def naively(document: Mapping[str, Any], true: set[str]) -> bool:
    """A resource meets the rules one after the other."""
    for rule in document["rules"]:
        condition = rule["where"]
        applies = (
            condition is None
            or ("not" in condition and condition["not"]["rule"] not in true)
            or condition.get("rule") in true
        )
        if applies:
            return bool(rule["effect"] == "allow")
    return bool(document["default"] == "allow")


@given(
    st.fixed_dictionaries({"default": st.sampled_from(["allow", "deny"]), "rules": st.lists(rules, max_size=6)}),
    st.sets(st.sampled_from("abc")),
)
async def test_conditions_give_what_going_through_the_rules_for_each_resource_gives(
    document: dict[str, Any], true: set[str]
) -> None:
    decision = await DocumentPolicy(Document.model_validate(document), no_claims).decide(ENTITY_READ, ZOE)
    if decision.result == "CONDITIONAL":
        got = matches(parse_criteria(decision.conditions), lambda condition: condition.rule in true)
    else:
        got = decision == ALLOW
    assert got is naively(document, true)


# ------------------------------------------------------------------------------------------ wrong documents


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[]", "must hold an object"),
        ("", "must hold an object"),
        ("a: [", "is not YAML"),
        ("rules: []", "default"),
        ("default: maybe", "default"),
        ("{default: deny, rule: []}", "rule:"),
        ("{default: deny, rules: [{}]}", "rules[0].effect"),
        ("{default: deny, rules: [{effect: allow}, {effect: allow, permission: x}]}", "rules[1].permission"),
        ("{default: deny, rules: [{effect: allow, permissions: []}]}", "rules[0].permissions"),
        ("{default: deny, rules: [{effect: allow, actions: fly}]}", "rules[0].actions"),
        ("{default: deny, rules: [{effect: allow, subjects: {group: x}}]}", "rules[0].subjects.group"),
        ("{default: deny, rules: [{effect: allow, subjects: {groups: admins}}]}", "'admins' is not an entity ref"),
        ("{default: deny, rules: [{effect: allow, subjects: {groups: []}}]}", "rules[0].subjects.groups"),
        (where("{}"), "where must be an object"),
        (where("[]"), "where must be an object"),
        (where("{name: x}"), "where.name"),
        (where("{metadata.: x}"), "where.metadata."),
        (where("{spec.a: []}"), "where.spec.a"),
        (where("{spec.a: {$like: x}}"), "where.spec.a takes one of"),
        (where("{spec.a: {}}"), "where.spec.a takes one of"),
        (where("{spec.a: {$exists: 1}}"), "where.spec.a.$exists"),
        (where("{kind: {$exists: true}}"), "where.kind"),
        (where("{any: []}"), "where.any"),
        (where("{all: [{kind: a}, 1]}"), "where.all[1]"),
        (where("{rule: A, kind: b}"), "where has 'kind' beside its rule"),
        (
            "{default: deny, rules: [{effect: deny, resourceType: scaffolder-task, where: {kind: a}}]}",
            "scaffolder-task",
        ),
    ],
)
def test_a_wrong_document_is_refused_with_the_place(text: str, place: str) -> None:
    with pytest.raises(InputError) as refused:
        read_document(text, "policy.yaml")
    assert place in str(refused.value)

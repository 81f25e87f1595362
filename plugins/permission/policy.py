"""Decides by a policy document."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.interfaces import ALLOW, DENY, Decision, Permission, Principal
from plugins.permission.document import Document, Effect, Rule, Subjects
from plugins.permission.where import Conditions, fill_in

ClaimsOf = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""What was known of a user at their last sign-in."""

_REMEMBERED = 1_000
"""Permissions whose rules are remembered. Callers may make names up."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    number: int
    """Its place in the document, from 1."""
    rule: Rule
    names: re.Pattern[str]
    conditions: Conditions | None

    @classmethod
    def of(cls, number: int, rule: Rule) -> CompiledRule:
        patterns = (re.escape(name).replace(r"\*", ".*") for name in rule.permissions)
        return cls(number, rule, re.compile("|".join(patterns), re.DOTALL), rule.conditions())

    def concerns(self, permission: Permission) -> bool:
        """Whether it is about this permission at all. One with `where` is about permissions on its resources."""
        return (
            self.names.fullmatch(permission.name) is not None
            and (self.rule.actions is None or permission.action in self.rule.actions)
            and (self.conditions is None or permission.resource_type == self.rule.resource_type)
        )

    def __str__(self) -> str:
        return f"rule {self.number}" + (f" ({self.rule.name})" if self.rule.name else "")


class DocumentPolicy:
    """A `PermissionPolicy`: the first rule that applies decides; one with conditions applies to what fulfils them."""

    def __init__(self, document: Document, claims_of: ClaimsOf) -> None:
        self.document = document
        self._claims_of = claims_of
        self._rules = [CompiledRule.of(number, rule) for number, rule in enumerate(document.rules, start=1)]
        self._concerned: dict[Permission, list[CompiledRule]] = {}

    def knowing(self, claims: Mapping[str, Any]) -> DocumentPolicy:
        """The same policy, to which everybody has these claims: for trying it out."""

        async def given(_: str) -> Mapping[str, Any]:
            return claims

        return DocumentPolicy(self.document, given)

    async def decide(self, permission: Permission, user: Principal) -> Decision:
        return decision_of(await self.applying(permission, user), self.document.default, user)

    async def applying(self, permission: Permission, user: Principal) -> list[CompiledRule]:
        """The rules about this permission and this user, in order, up to the first that needs no conditions."""
        found: list[CompiledRule] = []
        claims: Mapping[str, Any] | None = None
        for compiled in self._about(permission):
            subjects = compiled.rule.subjects
            if subjects.claims is not None and claims is None:
                claims = (await self._claims_of(user.subject) if user.kind == "user" else None) or {}
            if _is_among(user, subjects, claims or {}):
                found.append(compiled)
                if compiled.conditions is None:
                    break
        return found

    def conditions(self) -> Iterator[tuple[str, Conditions]]:
        """What there is to check about the document before it decides anything: each rule's conditions, and all of
        one sort of resource together, which no decision goes beyond. Anybody's refs stand for the placeholders."""
        somebody = Principal("user", "user:default/somebody", ("user:default/somebody",))
        together: dict[str, list[CompiledRule]] = {}
        for compiled in self._rules:
            if compiled.conditions is not None:
                yield str(compiled), fill_in(compiled.conditions, somebody)
                together.setdefault(compiled.rule.resource_type, []).append(compiled)
        for resource_type, rules in together.items():
            whole = decision_of(rules, "deny", somebody).conditions
            if whole is not None:
                yield f"all rules about {resource_type}", dict(whole)

    def _about(self, permission: Permission) -> list[CompiledRule]:
        known = self._concerned.get(permission)
        if known is None:
            if len(self._concerned) >= _REMEMBERED:
                self._concerned.clear()
            known = self._concerned[permission] = [rule for rule in self._rules if rule.concerns(permission)]
        return known


def decision_of(applying: Iterable[CompiledRule], default: Effect, user: Principal) -> Decision:
    """What rules that apply in turn amount to: allowed is what the first that fits a resource allows."""
    rules = list(applying)
    if rules and rules[-1].conditions is None:
        default = rules.pop().rule.effect
    outcome: bool | Conditions = default == "allow"
    for compiled in reversed(rules):
        assert compiled.conditions is not None
        conditions = fill_in(compiled.conditions, user)
        if compiled.rule.effect == "allow":
            outcome = _either(conditions, outcome)
        else:
            outcome = _both({"not": conditions}, outcome)
    if isinstance(outcome, bool):
        return ALLOW if outcome else DENY
    return Decision("CONDITIONAL", outcome)


def _either(conditions: Conditions, rest: bool | Conditions) -> bool | Conditions:
    if isinstance(rest, bool):
        return True if rest else conditions
    return {"anyOf": [conditions, *rest.get("anyOf", [rest])]}


def _both(conditions: Conditions, rest: bool | Conditions) -> bool | Conditions:
    if isinstance(rest, bool):
        return conditions if rest else False
    return {"allOf": [conditions, *rest.get("allOf", [rest])]}


def _is_among(user: Principal, subjects: Subjects, claims: Mapping[str, Any]) -> bool:
    if subjects.anonymous is not None and subjects.anonymous != (user.kind == "none"):
        return False
    if subjects.users is not None and user.subject not in subjects.users:
        return False
    if subjects.groups is not None and not set(subjects.groups).intersection(user.ownership):
        return False
    return subjects.claims is None or all(_has(claims.get(name), values) for name, values in subjects.claims.items())


def _has(claim: Any, values: tuple[str, ...]) -> bool:
    held = claim if isinstance(claim, list) else [claim]
    return any(value in held for value in values)

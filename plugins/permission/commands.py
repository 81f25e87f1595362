"""`callboard policy test|explain`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from app.errors import CallboardError, InputError
from app.interfaces import NOBODY, PluginHost, Principal
from plugins.permission.cases import failures, known_permission, read_cases
from plugins.permission.file import PolicyFile
from plugins.permission.policy import CompiledRule, decision_of
from plugins.permission.where import fill_in

PolicyOption = Annotated[Path | None, typer.Option(help="The policy file, if not the configured permission.policy.")]
OpenPolicy = Callable[[Path], PolicyFile]


def policy_commands(host: PluginHost, configured: Path | None, open_policy: OpenPolicy) -> typer.Typer:
    commands = typer.Typer(help="Try out the permission policy.", no_args_is_help=True)

    def opened(given: Path | None) -> PolicyFile:
        path = given or configured
        if path is None:
            raise InputError("There is no policy: name a file with --policy, or configure permission.policy")
        return open_policy(path)

    @commands.command("test")
    def test(cases: Annotated[list[Path], typer.Argument(help="Files of cases.")], policy: PolicyOption = None) -> None:
        """Check the policy, and that it answers each case as expected (exit code 1 if not, 2 for broken files)."""

        def run() -> bool:
            document = opened(policy).load()
            total = wrong = 0
            for path in cases:
                found = read_cases(path)
                total += len(found)
                for case, got in asyncio.run(failures(found, document, host.permissions)):
                    wrong += 1
                    what = case.name or f"{case.permission} for {case.user or 'nobody in particular'}"
                    typer.echo(f"{path}: {what}: expected {case.expect}, got {got}")
            typer.echo(f"{total - wrong} of {total} cases as expected")
            return wrong == 0

        _ended(run)

    @commands.command("explain")
    def explain(
        permission: Annotated[str, typer.Argument(help="A permission's name.")],
        user: Annotated[str | None, typer.Option(help="The user's entity ref; absent: a caller without any.")] = None,
        group: Annotated[list[str] | None, typer.Option(help="A group the user is a member of.")] = None,
        claim: Annotated[list[str] | None, typer.Option(help="What is known of the user: name=value.")] = None,
        policy: PolicyOption = None,
    ) -> None:
        """Say what the policy decides, and by which of its rules."""
        caller = _caller(user, group or [])

        def run() -> bool:
            wanted = known_permission(permission, host.permissions)
            document = opened(policy).load().knowing(_claims(claim or []))
            applying = asyncio.run(document.applying(wanted, caller))
            for compiled in applying:
                typer.echo(_line(compiled, caller))
            if not applying or applying[-1].conditions is not None:
                typer.echo(f"otherwise: {document.document.default} (the default)")
            decision = decision_of(applying, document.document.default, caller)
            typer.echo(f"=> {decision.result}")
            if decision.conditions is not None:
                typer.echo(json.dumps(decision.conditions, indent=2))
            return True

        _ended(run)

    return commands


def _caller(user: str | None, groups: list[str]) -> Principal:
    if user is None:
        return NOBODY
    ref = user.lower()
    return Principal("user", ref, (ref, *(group.lower() for group in groups)))


def _claims(given: list[str]) -> dict[str, list[str]]:
    claims: dict[str, list[str]] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise InputError(f"--claim takes name=value, not '{one}'")
        claims.setdefault(name, []).append(value)
    return claims


def _line(compiled: CompiledRule, caller: Principal) -> str:
    if compiled.conditions is None:
        return f"{compiled}: {compiled.rule.effect}"
    return f"{compiled}: {compiled.rule.effect} where {json.dumps(fill_in(compiled.conditions, caller))}"


def _ended(run: Callable[[], bool]) -> None:
    try:
        good = run()
    except CallboardError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if not good:
        raise typer.Exit(1)

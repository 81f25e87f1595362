"""The policy file: read at start, followed when it changes, tried out on the command line."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from app.errors import InputError
from app.interfaces import ALLOW, DENY, PluginHost
from app.permissions.service import PermissionService
from plugins.permission.commands import policy_commands
from plugins.permission.file import PolicyFile
from plugins.permission.plugin import PermissionPlugin
from tests.app.permissions.test_decisions import CREATE, HAS_ACTS, PLAYS, READ, ZOE, Table
from tests.conftest import AnyDatabase
from tests.plugins.house import opened

NO = "default: deny"
YES = "default: allow"
FIVE_ACTS = "{default: deny, rules: [{effect: allow, resourceType: play, where: {rule: HAS_ACTS, params: {acts: 5}}}]}"


def theatre() -> PermissionService:
    permissions = PermissionService(enabled=True)
    permissions.declare("theatre", [READ, CREATE], rules=[HAS_ACTS], load=Table({}).load)
    return permissions


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def no_claims(_: str) -> None:
    return None


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def file(tmp_path: Path, watch: Watch) -> PolicyFile:
    path = tmp_path / "policy.yaml"
    path.write_text(NO)
    found = PolicyFile(path, theatre(), no_claims, monotonic=watch)
    found.load()
    return found


def rewrite(file: PolicyFile, text: str) -> None:
    before = file.path.stat().st_mtime_ns
    file.path.write_text(text)
    os.utime(file.path, ns=(before + 1_000_000, before + 1_000_000))


async def test_a_changed_file_is_in_force_after_two_looks(file: PolicyFile, watch: Watch) -> None:
    assert await file.decide(READ, ZOE) == DENY
    rewrite(file, YES)
    decisions = []
    for seconds in (0.5, 1.0, 1.5, 2.0):
        watch.now = seconds
        decisions.append(await file.decide(READ, ZOE))
    assert decisions == [DENY, DENY, DENY, ALLOW]


async def test_a_file_that_is_still_being_written_does_not_count(file: PolicyFile, watch: Watch) -> None:
    for second in range(1, 10):
        rewrite(file, YES + "\n" * second)
        watch.now = float(second)
        assert await file.decide(READ, ZOE) == DENY
    watch.now = 10.0
    assert await file.decide(READ, ZOE) == ALLOW


@pytest.mark.parametrize("broken", ["", "default: maybe", "rules: [", FIVE_ACTS.replace("HAS_ACTS", "NOPE"), None])
async def test_a_broken_or_missing_file_leaves_the_last_good_policy_in_force(
    file: PolicyFile, watch: Watch, caplog: pytest.LogCaptureFixture, broken: str | None
) -> None:
    if broken is None:
        file.path.unlink()
    else:
        rewrite(file, broken)
    with caplog.at_level(logging.ERROR):
        for second in range(1, 6):
            watch.now = float(second)
            assert await file.decide(READ, ZOE) == DENY
    assert len(caplog.records) == 1
    file.path.write_text(YES)
    for second in (6, 7):
        watch.now = float(second)
        decision = await file.decide(READ, ZOE)
    assert decision == ALLOW


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FIVE_ACTS.replace("HAS_ACTS", "NOPE"), "rule 1: Unexpected permission rule: NOPE"),
        (FIVE_ACTS.replace("acts: 5", "acts: five"), "rule 1: Parameters to rule are invalid"),
        (FIVE_ACTS.replace("play", "film"), "Unexpected resource types: film"),
    ],
)
def test_rules_that_nothing_could_apply_are_found_before_they_decide(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        PolicyFile(path, theatre(), no_claims).load()
    assert words in str(refused.value)


def test_a_tree_that_would_be_too_deep_to_apply_is_found_before_it_decides(tmp_path: Path) -> None:
    condition = "resourceType: play, where: {rule: HAS_ACTS, params: {acts: 5}}"
    pairs = f"{{effect: allow, {condition}}}, {{effect: deny, {condition}}}, " * 60
    path = tmp_path / "policy.yaml"
    path.write_text(f"{{default: deny, rules: [{pairs}]}}")
    with pytest.raises(InputError, match="levels deep"):
        PolicyFile(path, theatre(), no_claims).load()


class TheatrePlugin:
    id = "theatre"

    def register(self, host: PluginHost) -> None:
        host.permissions.declare("theatre", [READ, CREATE], rules=[HAS_ACTS], load=Table({}).load)


async def test_a_configured_policy_decides_for_users(database: AnyDatabase, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(FIVE_ACTS)
    config: dict[str, Any] = {"permission": {"enabled": True, "policy": str(path)}}
    async with opened(database, config, [PermissionPlugin(), TheatrePlugin()], folder=tmp_path) as (host, client):
        assert (await host.permissions.decide(READ, ZOE, plugin="theatre")).result == "CONDITIONAL"
        token = await host.auth.issue_user_token(ZOE.subject, ZOE.ownership)
        permission = {"type": "resource", "name": READ.name, "attributes": {}, "resourceType": "play"}
        items = [{"id": ref, "permission": permission, "resourceRef": ref} for ref in ("hamlet", "godot")]
        answer = await client.post(
            "/api/permission/authorize", json={"items": items}, headers={"authorization": f"Bearer {token}"}
        )
    assert [item["result"] for item in answer.json()["items"]] == ["ALLOW", "DENY"]


async def test_a_wrong_policy_stops_the_start(database: AnyDatabase, tmp_path: Path) -> None:
    config: dict[str, Any] = {"permission": {"enabled": True, "policy": str(tmp_path / "none.yaml")}}
    with pytest.raises(InputError, match="cannot be read"):
        async with opened(database, config, [PermissionPlugin()], folder=tmp_path):
            pass


class Bench:
    """The `policy` commands over the theatre's permissions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.permissions = theatre()

    def run(self, *arguments: str) -> tuple[int, str]:
        commands = typer.Typer()
        host: Any = self
        policy = self.folder / "policy.yaml"
        commands.add_typer(
            policy_commands(host, policy, lambda path: PolicyFile(path, self.permissions, no_claims)), name="policy"
        )
        result = CliRunner().invoke(commands, ["policy", *arguments])
        return result.exit_code, result.output


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "policy.yaml").write_text(FIVE_ACTS.replace("{effect", "{name: long plays, effect"))
    return Bench(tmp_path)


CASES = f"""
cases:
  - {{ user: user:default/zoe, permission: {READ.name}, expect: conditional }}
  - {{ user: user:default/zoe, permission: {READ.name}, resource: {PLAYS["hamlet"]}, expect: allow }}
  - {{ permission: {READ.name}, resource: {PLAYS["godot"]}, expect: deny }}
  - {{ name: creating, user: user:default/zoe, permission: {CREATE.name}, expect: allow }}
"""


def test_the_command_names_the_cases_that_fail(bench: Bench) -> None:
    cases = bench.folder / "cases.yaml"
    cases.write_text(CASES)
    code, output = bench.run("test", str(cases))
    assert (code, output.splitlines()) == (
        1,
        [f"{cases}: creating: expected allow, got deny", "3 of 4 cases as expected"],
    )
    cases.write_text(
        CASES.replace("expect: allow }\n", "expect: deny }\n").replace("5}, expect: deny", "5}, expect: allow")
    )
    assert bench.run("test", str(cases)) == (0, "4 of 4 cases as expected\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cases: []", "cases"),
        ("cases: [{permission: nope, expect: allow}]", "No plugin has a permission 'nope'"),
        ("cases: [{permission: a, expect: perhaps}]", "cases.0.expect"),
        ("cases: [", "is not YAML"),
    ],
)
def test_broken_cases_are_told(bench: Bench, text: str, words: str) -> None:
    cases = bench.folder / "cases.yaml"
    cases.write_text(text)
    code, output = bench.run("test", str(cases))
    assert code == 2
    assert words in output


def test_the_command_explains_which_rules_decide(bench: Bench) -> None:
    code, output = bench.run("explain", READ.name, "--user", "user:default/zoe")
    assert code == 0
    assert output.splitlines()[0].startswith("rule 1 (long plays): allow where {")
    assert output.splitlines()[1:3] == ["otherwise: deny (the default)", "=> CONDITIONAL"]
    assert bench.run("explain", CREATE.name) == (0, "otherwise: deny (the default)\n=> DENY\n")
    assert bench.run("explain", "nope")[0] == 2
    other = bench.folder / "other.yaml"
    other.write_text(YES)
    assert bench.run("explain", READ.name, "--policy", str(other))[1].endswith("=> ALLOW\n")


def test_claims_can_be_tried_out(bench: Bench) -> None:
    (bench.folder / "policy.yaml").write_text(
        "default: deny\nrules: [{ effect: allow, subjects: { claims: { department: [stage] } } }]"
    )
    cases = bench.folder / "cases.yaml"
    asked = f"user: user:default/zoe, permission: {CREATE.name}"
    cases.write_text(
        f"cases:\n  - {{ {asked}, claims: {{ department: [stage] }}, expect: allow }}\n"
        f"  - {{ {asked}, claims: {{ department: pit }}, expect: deny }}\n  - {{ {asked}, expect: deny }}\n"
    )
    assert bench.run("test", str(cases)) == (0, "3 of 3 cases as expected\n")
    explained = bench.run("explain", CREATE.name, "--user", "user:default/zoe", "--claim", "department=stage")
    assert explained == (0, "rule 1: allow\n=> ALLOW\n")
    code, words = bench.run("explain", CREATE.name, "--claim", "department")
    assert (code, "--claim takes name=value" in words) == (2, True)

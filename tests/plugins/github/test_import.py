"""`callboard import github`: what is proposed, and that it can be stopped and run again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from catalog.lint.entity_rules import EntityRules
from catalog.lint.linter import Linter, Options
from catalog.model.kinds import BUILTIN_KINDS
from catalog.validation.policies import enforce_policies
from plugins.github.onboarding.commands import Wanted, _Import
from plugins.github.onboarding.facts import Facts
from plugins.github.onboarding.journal import Entry, Journal
from plugins.github.onboarding.opening import BRANCH
from plugins.github.onboarding.proposal import entity_name, propose
from plugins.github.onboarding.survey import Choice
from tests.plugins.github.asking import asking
from tests.plugins.github.fake import FakeGithub, fake_github
from tests.plugins.github.fake.faults import Fault
from tests.plugins.github.fake.routing import Asked, failed


def facts(*paths: str, **known: Any) -> Facts:
    base = Facts("acme/lamps", "lamps", "https://github.com/acme/lamps", "main", paths=tuple(sorted(paths)))
    return dataclasses.replace(base, **known)


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        (facts("Dockerfile", "pyproject.toml"), "service"),
        (facts("services/x/Dockerfile", "go.mod"), "library"),
        (facts("package.json", package={"dependencies": {"react": "1"}}), "website"),
        (facts("package.json", package={"dependencies": {"left-pad": "1"}}), "library"),
        (facts("template.yaml", "skeleton/x"), "template"),
        (facts("main.tf"), "infrastructure"),
        (facts("README.md", "docs/a.md"), "documentation"),
        (facts("main.c"), "service"),
        (facts(), "service"),
    ],
)
def test_the_type_is_guessed_from_the_files(known: Facts, kind: str) -> None:
    made = propose(known)
    assert made.component["spec"]["type"] == kind
    assert made.reasons["type"]


def test_the_owner_is_whom_the_repository_names() -> None:
    assert propose(facts(codeowners="* @acme/night @ada\n/docs @x")).component["spec"]["owner"] == "night"
    several = propose(facts(teams=("night", "day")))
    assert several.component["spec"]["owner"] == "night"
    assert several.doubts == ["other teams may write too: day"]
    assert propose(facts(), default_owner="platform").component["spec"]["owner"] == "platform"
    assert propose(facts()).doubts == ["nobody is known to own it"]


def test_interfaces_become_apis_beside_their_component() -> None:
    made = propose(
        facts("api/openapi.yaml", "events/asyncapi.json", "proto/a.proto", "proto/b.proto", "tests/openapi.yaml")
    )
    found = {api["metadata"]["name"]: (api["spec"]["type"], api["spec"]["definition"]) for api in made.entities[1:]}
    assert found == {
        "lamps-openapi": ("openapi", {"$text": "./api/openapi.yaml"}),
        "lamps-asyncapi": ("asyncapi", {"$text": "./events/asyncapi.json"}),
        "lamps-a": ("grpc", {"$text": "./proto/a.proto"}),
        "lamps-b": ("grpc", {"$text": "./proto/b.proto"}),
    }
    assert made.component["spec"]["providesApis"] == list(found)
    assert [api["metadata"]["name"] for api in propose(facts("openapi.yml")).entities[1:]] == ["lamps-api"]


@given(st.text(max_size=90))
def test_any_name_becomes_one_that_the_catalog_takes(text: str) -> None:
    name = entity_name(text)
    assert 0 < len(name) <= 63
    enforce_policies({"apiVersion": "v1", "kind": "Component", "metadata": {"name": name}})


# ------------------------------------------------------------------------------------------------- whole runs


@pytest.fixture
async def github() -> AsyncIterator[FakeGithub]:
    async with fake_github() as fake:
        world = fake.world
        world.add_org("acme")
        world.add_team("acme", "night")
        add = world.add_repo
        add("acme", "described", {"catalog-info.yaml": "kind: Component"}, hook=False)
        add("acme", "empty", hook=False)
        add("acme", "old", {"a": "b"}, hook=False, archived=True)
        add("acme", "forked", {"a": "b"}, hook=False, fork=True)
        lamps = {
            "CODEOWNERS": "* @acme/night",
            "Dockerfile": "FROM x",
            "openapi.yaml": "openapi: 3.1.0",
            "mkdocs.yml": "site_name: x",
        }
        add("acme", "lamps", lamps, hook=False, description="Light", topics=["Night"], homepage="https://x.example")
        repo = add("acme", "signals", {"main.py": ""}, hook=False, languages={"Python": 10})
        repo.settings["repo_teams"] = [("night", "admin"), ("guests", "pull")]
        add("acme", "tracks", {"package.json": "{"}, hook=False)
        yield fake


def wanted(github: FakeGithub, **given: Any) -> Wanted:
    base = Wanted(
        "acme", github.host, Choice(), None, "catalog-info.yaml", BRANCH, 25, False, None, yes=True, again=False
    )
    return dataclasses.replace(base, **given)


async def run(github: FakeGithub, folder: Path, **given: Any) -> bool:
    async with asking(github) as hosts:
        return await _Import(wanted(github, **given), hosts, folder).run()


def pulls(github: FakeGithub) -> dict[str, list[str]]:
    return {
        repo.name: [pull["html_url"] for pull in repo.settings["pulls"]]
        for repo in github.world.repos.values()
        if repo.settings.get("pulls")
    }


async def test_each_repository_without_a_descriptor_gets_a_pull_request(
    github: FakeGithub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(github, tmp_path, owner="platform") is False
    assert sorted(pulls(github)) == ["lamps", "signals", "tracks"]
    repo = github.world.repo("acme", "lamps")
    assert repo is not None
    (tmp_path / "catalog-info.yaml").write_bytes(repo.read("catalog-info.yaml", BRANCH) or b"")
    component, api = yaml.safe_load_all((tmp_path / "catalog-info.yaml").read_text())
    assert component == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {
            "name": "lamps",
            "description": "Light",
            "annotations": {"github.com/project-slug": "acme/lamps", "backstage.io/techdocs-ref": "dir:."},
            "tags": ["night"],
            "links": [{"url": "https://x.example", "title": "Homepage"}],
        },
        "spec": {
            "type": "service",
            "lifecycle": "production",
            "owner": "night",
            "providesApis": ["lamps-api"],
        },
    }
    assert api["spec"]["definition"] == {"$text": "./openapi.yaml"}
    (pull,) = repo.settings["pulls"]
    assert "| owner | CODEOWNERS |" in pull["body"]
    signals = github.world.repo("acme", "signals")
    assert signals is not None
    read = yaml.safe_load(signals.read("catalog-info.yaml", BRANCH) or b"")
    assert (read["spec"]["owner"], read["metadata"]["tags"]) == ("night", ["python"])
    assert "1 with a descriptor, 1 empty, 3 to propose" in capsys.readouterr().out


async def test_what_is_proposed_passes_the_linter(github: FakeGithub, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert await run(github, tmp_path, output=out, owner="platform") is False
    assert pulls(github) == {}
    files = sorted(out.rglob("catalog-info.yaml"))
    assert [file.parent.name for file in files] == ["lamps", "signals", "tracks"]
    (out / "lamps/openapi.yaml").write_text("openapi: 3.1.0")
    report = Linter(EntityRules(BUILTIN_KINDS, lambda entity: False), Options()).run(files)
    assert [finding for finding in report.findings if finding.severity == "error"] == []


async def test_a_run_goes_on_where_the_last_one_stopped(
    github: FakeGithub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def opening_signals(asked: Asked) -> bool:
        return asked.method == "POST" and asked.path == "/repos/acme/signals/pulls"

    github.faults.append(Fault(opening_signals, failed(422, "Validation Failed"), times=1))
    assert await run(github, tmp_path, batch=2) is True
    assert sorted(pulls(github)) == ["lamps"]
    assert "1 more are left" in capsys.readouterr().out
    assert await run(github, tmp_path) is False
    assert sorted(pulls(github)) == ["lamps", "signals", "tracks"]
    # Without its journal it finds at GitHub what it has done; closed is closed.
    lamps = github.world.repo("acme", "lamps")
    assert lamps is not None
    lamps.settings["pulls"][0]["state"] = "closed"
    assert await run(github, tmp_path, again=True) is False
    assert {len(urls) for urls in pulls(github).values()} == {1}
    asked = len(github.asked)
    assert await run(github, tmp_path) is False
    # Who asks, the account, the list, and a look at the two that are not settled.
    assert len(github.asked) - asked <= 5


async def test_a_dry_run_changes_nothing(
    github: FakeGithub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(github, tmp_path, dry_run=True, choice=Choice(include=("L*",), forks=True))
    said = capsys.readouterr().out
    assert "# acme/lamps: catalog-info.yaml\napiVersion: backstage.io/v1alpha1\n" in said
    assert "signals" not in said
    assert {asked.method for asked in github.asked} == {"GET"}
    assert not (tmp_path / "import").exists()


def test_a_journal_survives_being_cut_off(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal.jsonl")
    journal.note(Entry("acme/a", "failed", "x"))
    journal.note(Entry("acme/a", "opened", "url"))
    journal.note(Entry("acme/b", "opened", "url"))
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-9])
    again = Journal(journal.path)
    again.read()
    assert again.settled("acme/a") == Entry("acme/a", "opened", "url")
    assert again.settled("acme/b") is None
    again.note(Entry("acme/b", "opened", "url"))
    last = Journal(journal.path)
    last.read()
    assert last.settled("acme/b") is not None
    assert json.loads(journal.path.read_bytes().splitlines()[-1])["repository"] == "acme/b"

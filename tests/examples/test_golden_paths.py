"""The example's golden paths, from the form to a pushed repository and a registered component, over HTTP."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.contract.running import Callboard

EXAMPLES = Path(__file__).parents[2] / "examples"
SETTLE_S = 60.0

pytestmark = pytest.mark.timeout(180)

PATHS: dict[str, tuple[dict[str, Any], set[str], tuple[str, str], str]] = {
    "python-service": (
        {"name": "seat-maps", "owner": "booking", "description": 'Which "seats" there are', "port": 9090},
        {
            "Makefile",
            "README.md",
            "catalog-info.yaml",
            "docs/index.md",
            "pipeline.yaml",
            "src/seat_maps/__init__.py",
            "src/seat_maps/__main__.py",
            "tests/test_greeting.py",
        },
        ("pipeline.yaml", "service: seat-maps\nsteps:\n  - run: make test\n  - run: deploy ${{ env.TARGET }}\n"),
        "Add seat-maps",
    ),
    "documentation-site": (
        {"name": "night-handbook", "title": "Night handbook", "owner": "platform", "pages": ["Crew", "Late trains"]},
        {"catalog-info.yaml", "docs/crew.md", "docs/index.md", "docs/late-trains.md", "mkdocs.yml"},
        (
            "mkdocs.yml",
            "site_name: Night handbook\nnav:\n  - Home: index.md\n  - Crew: crew.md\n  - Late trains: late-trains.md\n",
        ),
        "Add Night handbook",
    ),
    "library": (
        {"name": "berth-codes", "owner": "booking", "licence": "Apache-2.0"},
        {"README.md", "catalog-info.yaml", "src/berth_codes/__init__.py"},
        ("README.md", "# berth-codes\n\nLicence: Apache-2.0\n"),
        "Add berth-codes",
    ),
}


class Portal:
    """A running example, and its user."""

    def __init__(self, url: str, repositories: Path) -> None:
        self.repositories = repositories
        self.http = httpx.Client(base_url=url, timeout=60)
        token = self.http.get("/api/auth/guest/refresh").json()["backstageIdentity"]["token"]
        self.http.headers["authorization"] = f"Bearer {token}"

    def awaited(self, path: str) -> dict[str, Any]:
        """The answer, as soon as there is one."""
        deadline = time.monotonic() + SETTLE_S
        while (answer := self.http.get(path)).status_code != 200:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)
        found: dict[str, Any] = answer.json()
        return found

    def events(self, task: str) -> list[tuple[str, dict[str, Any]]]:
        """All server-sent events of a task, until the server closes the stream."""
        with self.http.stream("GET", f"/api/scaffolder/v2/tasks/{task}/eventstream") as stream:
            assert stream.headers["content-type"] == "text/event-stream"
            blocks = "".join(stream.iter_text()).split("\n\n")
        lines = [block.split("\n") for block in blocks if block]
        return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in lines]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("nightjar")
    shutil.copytree(EXAMPLES, folder / "examples")
    repositories = folder / ".callboard" / "repositories"
    own = folder / "app-config.port.yaml"
    server = Callboard(folder, [folder / "examples" / "app-config.yaml", own])
    own.write_text(json.dumps({"backend": {"listen": {"port": server.port}, "baseUrl": server.url}}))
    try:
        server.start()
        opened = Portal(server.url, repositories)
        yield opened
        opened.http.close()
    finally:
        server.stop()


def git(repository: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", repository, *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("template", PATHS)
def test_a_golden_path_leads_to_a_pushed_repository_and_a_registered_component(portal: Portal, template: str) -> None:
    values, files, (path, text), message = PATHS[template]
    form = portal.awaited(f"/api/scaffolder/v2/templates/default/template/{template}/parameter-schema")
    assert form["steps"]
    remote = portal.repositories / f"{values['name']}.git"
    portal.repositories.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", remote], check=True)

    asked = {"templateRef": f"template:default/{template}", "values": {**values, "remoteUrl": f"file://{remote}"}}
    created = portal.http.post("/api/scaffolder/v2/tasks", json=asked)
    assert created.status_code == 201, created.text
    events = portal.events(created.json()["id"])

    kind, last = events[-1]
    assert kind == "completion"
    assert last["body"]["message"] == "Run completed with status: completed", [one["body"] for _, one in events]
    assert last["body"]["output"]["links"][0]["entityRef"] == f"component:default/{values['name']}"
    assert set(git(remote, "ls-tree", "-r", "--name-only", "main").splitlines()) == files
    assert git(remote, "show", f"main:{path}") == text
    assert git(remote, "log", "--format=%s", "main").splitlines() == [message]
    component = portal.awaited(f"/api/catalog/entities/by-name/component/default/{values['name']}")
    described = yaml.safe_load(git(remote, "show", "main:catalog-info.yaml"))
    assert component["spec"]["owner"] == described["spec"]["owner"] == values["owner"]
    assert component["metadata"]["annotations"]["backstage.io/managed-by-location"].startswith(f"git:file://{remote}")


def test_a_form_that_is_filled_in_wrongly_makes_no_task(portal: Portal) -> None:
    portal.awaited("/api/scaffolder/v2/templates/default/template/library/parameter-schema")
    answer = portal.http.post(
        "/api/scaffolder/v2/tasks", json={"templateRef": "template:default/library", "values": {"name": "No"}}
    )
    assert answer.status_code == 400
    assert [problem["name"] for problem in answer.json()["errors"]] == ["required", "required", "pattern"]


REGISTERED = {
    "catalog:get-catalog-entity",
    "catalog:get-catalog-model-description",
    "catalog:query-catalog-entities",
    "catalog:refresh-catalog-entity",
    "catalog:register-entity",
    "catalog:unregister-entity",
    "catalog:validate-entity",
    "scaffolder:dry-run-template",
    "scaffolder:execute-template",
    "scaffolder:get-scaffolder-task-logs",
    "scaffolder:list-scaffolder-actions",
    "scaffolder:list-scaffolder-tasks",
}
STEPS = """
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: bridged}
spec:
  type: service
  steps:
    - {id: entity, action: catalog:get-catalog-entity, input: {name: python-service, kind: template}}
    - {id: gone, action: catalog:unregister-entity, input: {type: {locationId: nowhere}}}
    - {id: say, action: debug:log, input: {message: "Owned by ${{ steps.entity.output.spec.owner }}"}}
  output: {owner: "${{ steps.entity.output.spec.owner }}"}
"""


def invoked(portal: Portal, action: str, **given: Any) -> httpx.Response:
    return portal.http.post(f"/api/scaffolder/.backstage/actions/v1/actions/scaffolder:{action}/invoke", json=given)


def test_actions_of_the_registry_are_actions_of_templates(portal: Portal) -> None:
    portal.awaited("/api/scaffolder/v2/templates/default/template/python-service/parameter-schema")
    listed = {one["id"]: one for one in portal.http.get("/api/scaffolder/v2/actions").json()}
    assert listed.keys() >= REGISTERED
    assert listed["catalog:get-catalog-entity"]["schema"]["input"]["required"] == ["name"]
    assert listed.keys() == {
        one["id"] for one in invoked(portal, "list-scaffolder-actions").json()["output"]["actions"]
    }

    asked = {"template": yaml.safe_load(STEPS), "values": {}, "directoryContents": []}
    answer = portal.http.post("/api/scaffolder/v2/dry-run", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["output"] == {"owner": "platform"}
    said = [line["body"]["message"] for line in answer.json()["log"]]
    assert "Skipping because catalog:unregister-entity does not support dry-run" in said

    unnamed = {**asked, "template": yaml.safe_load(STEPS.replace("name: python-service, ", ""))}
    answer = portal.http.post("/api/scaffolder/v2/dry-run", json=unnamed)
    assert answer.status_code == 400
    said_of_input = 'Invalid input passed to action catalog:get-catalog-entity, instance requires property "name"'
    assert answer.json()["error"]["message"] == said_of_input


def test_agents_try_templates_out_and_run_them(portal: Portal) -> None:
    portal.awaited("/api/scaffolder/v2/templates/default/template/python-service/parameter-schema")
    tried = invoked(portal, "dry-run-template", templateYaml=STEPS).json()["output"]
    assert (tried["valid"], tried["output"]) == (True, {"owner": "platform"})
    tried = invoked(portal, "dry-run-template", templateYaml="a: [").json()["output"]
    assert (tried["valid"], len(tried["errors"])) == (False, 1)
    assert invoked(portal, "dry-run-template", templateYaml="kind: Component").status_code == 400

    remote = portal.repositories / "by-an-agent.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", remote], check=True)
    values = {"name": "by-an-agent", "owner": "booking", "remoteUrl": f"file://{remote}"}
    refused = invoked(portal, "execute-template", templateRef="template:default/python-service", values={"name": "x"})
    assert refused.status_code == 400
    started = invoked(portal, "execute-template", templateRef="template:default/python-service", values=values)
    task = started.json()["output"]["taskId"]
    assert portal.events(task)[-1][1]["body"]["message"] == "Run completed with status: completed"

    events = invoked(portal, "get-scaffolder-task-logs", taskId=task).json()["output"]["events"]
    assert events[-1]["type"] == "completion"
    last = invoked(portal, "get-scaffolder-task-logs", taskId=task, after=events[-2]["id"]).json()["output"]["events"]
    assert last == events[-1:]
    owned = invoked(portal, "list-scaffolder-tasks", owned=True, limit=1, status="completed").json()["output"]
    assert owned["tasks"][0]["id"] == task
    assert "createdBy" not in owned["tasks"][0]
    assert invoked(portal, "list-scaffolder-tasks", limit=1001).status_code == 400
    assert invoked(portal, "get-scaffolder-task-logs", taskId="no-such-task").status_code == 404

    pages = portal.http.get("/api/scaffolder/v2/tasks", params={"limit": 1, "cursor": "*"}).json()
    assert pages["tasks"][0]["id"] == task
    following = portal.http.get("/api/scaffolder/v2/tasks", params={"limit": 99, "cursor": pages["nextCursor"]}).json()
    assert task not in [one["id"] for one in following["tasks"]]
    assert "nextCursor" not in following
    assert "nextCursor" not in portal.http.get("/api/scaffolder/v2/tasks", params={"limit": 1}).json()

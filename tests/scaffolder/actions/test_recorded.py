"""The reference's recorded answers for actions in dry runs, replayed without a server."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.errors import CallboardError, name_of
from scaffolder.interfaces import TemplateInfo
from scaffolder.language import UNDEFINED, Context, Language, render_tree
from scaffolder.testing.context import Context as Given
from scaffolder.workspace import SafeFolder
from tests.scaffolder.actions.parts import Parts

RECORDED = Path(__file__).parents[2] / "contract/recordings/cases"
CASES = json.loads((RECORDED / "scaffolder-08-dryrun-files.json").read_text())["cases"]
SCHEMAS = json.loads((RECORDED / "scaffolder-02-actions.json").read_text())["cases"]
MIRROR = {
    "kind": "Component",
    "metadata": {"name": "mirror"},
    "spec": {
        "type": "library",
        "lifecycle": "experimental",
        "owner": "lighthouse",
        "dependsOn": ["component:default/mirror"],
    },
}


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    made = Parts(tmp_path / "data")
    made.catalog.known["component:default/mirror"] = MIRROR
    yield made
    await made.jobs.stop()


def _error_of(body: dict[str, Any]) -> tuple[str, str]:
    return body["error"]["name"], body["error"]["message"]


@pytest.mark.parametrize(
    "case",
    [one for one in CASES if "Invalid input passed" not in json.dumps(one["expect"])],
    ids=lambda one: one["name"],
)
async def test_an_action_does_what_the_reference_did(case: dict[str, Any], parts: Parts, tmp_path: Path) -> None:
    content, root = tmp_path / "content", tmp_path / "workspace"
    content.mkdir()
    root.mkdir()
    for file in case["body"]["directoryContents"]:
        path = content / file["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(file["base64Content"]))
    workspace, language = SafeFolder(root), Language(filters=parts.extensions.filters.values())
    values = {"parameters": case["body"].get("values", {}), "steps": {}}
    spec = case["body"]["template"]["spec"]
    said: list[str] = []

    def plain(text: str) -> str:
        # Written out, either folder of the reference's is the same to a recording.
        return text.replace(str(workspace.root), "{{workdir}}").replace(str(content.resolve()), "{{workdir}}")

    answers = [case["expect"], *({"status": one["status"]} for one in case.get("accept", []))]
    try:
        for step in spec["steps"]:
            action = parts.action(step["action"])
            if not action.supports_dry_run:
                assert "does not support dry-run" in json.dumps(case["expect"])
                return
            given = render_tree(language, step.get("input", {}), Context(values))
            context = Given(
                {} if given is UNDEFINED else given,
                workspace,
                parts.jobs,
                TemplateInfo("template:default/dry-run", f"file://{content}/template.yaml", {"metadata": {}}),
                is_dry_run=True,
            )
            await action.run(context)
            said += [plain(line) for line in context.said.lines]
            values["steps"][step["id"]] = {"output": context.outputs}
    except CallboardError as error:
        if any(answer["status"] in (400,) and "body" not in answer for answer in answers):
            assert name_of(error) == "InputError"
            return
        name, message = _error_of(case["expect"]["body"])
        assert name_of(error) == name
        # Where and how a template fails is held against the engine by the language's own tests.
        of_language = name == "TemplateRenderError" and error.message.startswith("Template error at line ")
        assert message == "{{any}}" or of_language or plain(error.message) == message
        return
    if case["expect"]["status"] != 200:
        assert any(answer["status"] == 200 for answer in answers)
        return
    body = case["expect"]["body"]
    files = {entry.path: (root / entry.path).read_bytes() for entry in workspace.entries() if entry.kind == "file"}
    assert {path: _shown(content) for path, content in files.items()} == {
        file["path"]: file["base64Content"] for file in body["directoryContents"]
    }
    assert sorted(said) == sorted(_lines(body["log"]))
    output = json.loads(plain(json.dumps(render_tree(language, spec.get("output", {}), Context(values)))))
    assert output == body["output"]


def _shown(content: bytes) -> str:
    # As the recording shows it: text where there is no NUL among the bytes.
    return "base64:" + base64.b64encode(content).decode() if b"\0" in content else content.decode("utf-8", "replace")


def _lines(log: list[dict[str, Any]]) -> list[str]:
    lines = []
    for one in log:
        text = one["body"]["message"]
        if text.startswith("\x1b[32minfo\x1b[39m: ") and "in dry-run mode with inputs" not in text:
            line = text.removeprefix("\x1b[32minfo\x1b[39m: ")
            # What the engine appends to a line's values is not the action's.
            lines.append(re.sub(r"( with input values) \{.*\}$", r"\1", line))
    return lines


def _bare(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _bare(value) for key, value in schema.items() if key != "description"}
    return [_bare(one) for one in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize(
    "case", [one for one in SCHEMAS if one["name"].startswith("schema of")], ids=lambda one: one["name"]
)
async def test_a_schema_is_the_references(case: dict[str, Any], parts: Parts) -> None:
    recorded = case["expect"]["body"][0]
    action = parts.action(recorded["id"])
    assert _bare(action.input_schema) == recorded["schema"]["input"]
    assert _bare(action.output_schema) == recorded["schema"].get("output")
    assert action.examples
    assert action.description

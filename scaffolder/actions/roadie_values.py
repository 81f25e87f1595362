"""`roadiehq:utils:sleep`, `json:merge`, `merge` and `serialize:*`. Source: spec/scaffolder.md §5.7."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from app.errors import CallboardError, InputError
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.merging import merged
from scaffolder.actions.schemas import ANY, BOOLEAN, NUMBER, RECORD, STRING, closed, described, listed, record
from scaffolder.actions.yaml_read import json_value, yaml_documents
from scaffolder.actions.yaml_text import yaml_text
from scaffolder.interfaces import Action, ActionContext
from scaffolder.stopping import wait
from scaffolder.workspace import SafeFolder

MAX_SLEEP_S: Final = 3600.0
_OUTPUT: Final = record({"path": STRING})
_SERIALIZED: Final = record({"serialized": STRING})
_CONTENT: Final = {"anyOf": [dict(RECORD), dict(STRING)]}


class RoadieSleep(Action):
    """Waits for some seconds."""

    id = "roadiehq:utils:sleep"
    description = "Halts the scaffolding for the given amount of seconds"
    supports_dry_run = True
    idempotent = True
    examples = (example("roadiehq:utils:sleep", "Wait for ten seconds", amount=10),)
    input_schema = record(
        {"amount": described(NUMBER, "Seconds"), "maxSleep": described(NUMBER, "Most seconds allowed")}, ["amount"]
    )

    async def run(self, context: ActionContext) -> None:
        amount = context.input["amount"]
        if isinstance(amount, bool) or not isinstance(amount, (int, float)):
            raise InputError("amount must be a number")
        most = min(context.input.get("maxSleep", MAX_SLEEP_S), MAX_SLEEP_S)
        if amount > most:
            raise InputError(f"sleep amount cannot be greater than {most:g} seconds")
        await context.log.info(f"Waiting {amount:g} seconds")
        await wait(context, amount)


class RoadieJsonMerge(Action):
    """Merges an object into a JSON file."""

    id = "roadiehq:utils:json:merge"
    description = "Merge new data into an existing JSON file."
    supports_dry_run = True
    idempotent = True
    examples = (
        example("roadiehq:utils:json:merge", "Add a script", path="./package.json", content={"scripts": {"x": "y"}}),
    )
    input_schema = record(
        {"path": STRING, "content": _CONTENT, "mergeArrays": BOOLEAN, "matchFileIndent": BOOLEAN}, ["path", "content"]
    )
    output_schema = _OUTPUT

    async def run(self, context: ActionContext) -> None:
        given = context.input
        workspace = workspace_of(context)
        path = workspace.relative(given["path"])
        old = await asyncio.to_thread(_text_of, workspace, path)
        new = json_value(given["content"]) if isinstance(given["content"], str) else given["content"]
        both = merged(json_value(old) if old else {}, new, merge_arrays=bool(given.get("mergeArrays")))
        indent = _indent_of(old) if old and given.get("matchFileIndent") else 2
        await asyncio.to_thread(workspace.write, path, json.dumps(both, indent=indent, ensure_ascii=False).encode())
        context.output("path", str(await asyncio.to_thread(workspace.path, path)))


class RoadieMerge(Action):
    """Merges an object into a JSON or YAML file."""

    id = "roadiehq:utils:merge"
    description = "Merges data into an existing structured file. Comments of YAML files are not kept."
    supports_dry_run = True
    idempotent = True
    examples = (
        example(
            "roadiehq:utils:merge",
            "Add a tag",
            path="./catalog-info.yaml",
            content={"metadata": {"tags": ["a"]}},
            mergeArrays=True,
        ),
    )
    input_schema = record(
        {
            "path": STRING,
            "content": _CONTENT,
            "mergeArrays": BOOLEAN,
            "preserveYamlComments": described(BOOLEAN, "Refused: comments cannot be kept"),
            "useDocumentIncludingField": closed({"key": STRING, "value": STRING}, ["key", "value"]),
            "options": described(RECORD, "How YAML is written: `lineWidth`"),
        },
        ["path", "content"],
    )
    output_schema = _OUTPUT

    async def run(self, context: ActionContext) -> None:
        given = context.input
        workspace = workspace_of(context)
        path = workspace.relative(given["path"])
        old = await asyncio.to_thread(_text_of, workspace, path)
        if old is None:
            raise CallboardError(f"The file {workspace.root / path} does not exist.")
        if path.endswith(".json"):
            new = json_value(given["content"]) if isinstance(given["content"], str) else given["content"]
            both = merged(json_value(old), new, merge_arrays=bool(given.get("mergeArrays")))
            text = json.dumps(both, indent=2, ensure_ascii=False)
        elif path.endswith((".yaml", ".yml")):
            if given.get("preserveYamlComments") and "#" in old:
                raise InputError("preserveYamlComments is not available: comments would be lost")
            text = await asyncio.to_thread(_merged_yaml, old, given)
        else:
            return
        await asyncio.to_thread(workspace.write, path, text.encode("utf-8", "replace"))
        context.output("path", str(await asyncio.to_thread(workspace.path, path)))


class RoadieSerializeJson(Action):
    """Turns a value into JSON text."""

    id = "roadiehq:utils:serialize:json"
    description = "Allows performing serialization on a JSON object"
    supports_dry_run = True
    idempotent = True
    examples = (example("roadiehq:utils:serialize:json", "As text", data={"hello": ["world"]}),)
    input_schema = record(
        {
            "data": ANY,
            "replacer": described(listed(STRING), "The keys to keep"),
            "space": described({"type": ["string", "number"]}, "Indentation"),
        },
        ["data"],
    )
    output_schema = _SERIALIZED

    async def run(self, context: ActionContext) -> None:
        given = context.input
        kept = given.get("replacer")
        space = given.get("space")
        indent = space[:10] if isinstance(space, str) else int(min(space or 0, 10))
        data = given["data"] if kept is None else kept_keys(given["data"], set(kept))
        text = json.dumps(data, indent=indent or None, ensure_ascii=False, separators=None if indent else (",", ":"))
        context.output("serialized", text)


class RoadieSerializeYaml(Action):
    """Turns a value into YAML text."""

    id = "roadiehq:utils:serialize:yaml"
    description = "Allows performing serialization on an object into YAML"
    supports_dry_run = True
    idempotent = True
    examples = (example("roadiehq:utils:serialize:yaml", "As text", data={"hello": ["world"]}),)
    input_schema = record(
        {
            "data": ANY,
            "replacer": described(listed(STRING), "The keys to keep"),
            "options": described(RECORD, "How YAML is written: `lineWidth`"),
        },
        ["data"],
    )
    output_schema = _SERIALIZED

    async def run(self, context: ActionContext) -> None:
        given = context.input
        kept = given.get("replacer")
        data = given["data"] if kept is None else kept_keys(given["data"], set(kept))
        context.output("serialized", yaml_text(data, width=line_width(given.get("options"))))


def _text_of(workspace: SafeFolder, path: str) -> str | None:
    try:
        return workspace.read(path).decode("utf-8", "replace")
    except FileNotFoundError:
        return None


def _merged_yaml(old: str, given: Any) -> str:
    new = given["content"]
    if isinstance(new, str):
        new = next(iter(yaml_documents(new)), {})
    documents = yaml_documents(old) or [{}]
    wanted = given.get("useDocumentIncludingField")
    if wanted:
        which = [at for at, one in enumerate(documents) if _field(one, wanted["key"]) == wanted["value"]]
    elif len(documents) > 1:
        raise InputError("The file holds several YAML documents: say which by useDocumentIncludingField")
    else:
        which = [0]
    if len(which) != 1:
        raise InputError(f"{len(which)} documents match useDocumentIncludingField, not one")
    documents[which[0]] = merged(documents[which[0]], new, merge_arrays=bool(given.get("mergeArrays")))
    width = line_width(given.get("options"))
    return "---\n".join(yaml_text(one, width=width) for one in documents)


def _field(document: Any, path: str) -> Any:
    for key in path.split("."):
        document = document.get(key) if isinstance(document, dict) else None
    return document


def line_width(options: Any) -> int:
    width = (options or {}).get("lineWidth", 80)
    return width if isinstance(width, int) and width > 0 else 0


def _indent_of(text: str) -> int | str:
    for line in text.splitlines():
        margin = line[: len(line) - len(line.lstrip())]
        if margin:
            return margin
    return 2


def kept_keys(value: Any, keys: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: kept_keys(one, keys) for key, one in value.items() if key in keys}
    return [kept_keys(one, keys) for one in value] if isinstance(value, list) else value

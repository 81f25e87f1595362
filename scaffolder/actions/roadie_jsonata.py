"""`roadiehq:utils:jsonata` and its transformations of files. Source: spec/scaffolder.md §5.7."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from app.errors import CallboardError
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.roadie_values import kept_keys, line_width
from scaffolder.actions.schemas import ANY, BOOLEAN, RECORD, STRING, described, listed, one_of, record
from scaffolder.actions.yaml_read import json_value, yaml_documents
from scaffolder.actions.yaml_text import yaml_text
from scaffolder.interfaces import Action, ActionContext

MISSING: Final = object()
_EXPRESSION: Final = described(STRING, "JSONata expression to perform on the input")
_OUTPUT: Final = record({"result": described(ANY, "Output result from JSONata")})
_AS: Final = described(one_of("string", "object"), "How the result is put out: as text, or as it is. Default: string")


class RoadieJsonata(Action):
    """Reshapes a value."""

    id = "roadiehq:utils:jsonata"
    description = "Evaluates a JSONata expression over a value"
    supports_dry_run = True
    idempotent = True
    examples = (
        example("roadiehq:utils:jsonata", "Pick names", data={"items": [{"name": "a"}]}, expression="items.name"),
    )
    input_schema = record(
        {"data": described(ANY, "Input data to be transformed"), "expression": _EXPRESSION}, ["expression"]
    )
    output_schema = _OUTPUT

    async def run(self, context: ActionContext) -> None:
        result = await evaluated(context, context.input.get("data"))
        if result is not MISSING:
            context.output("result", result)


class RoadieJsonataJson(Action):
    """Reshapes a JSON file of the workspace; the file itself stays as it is."""

    id = "roadiehq:utils:jsonata:json:transform"
    description = "Evaluates a JSONata expression over a JSON file of the workspace, which stays as it is"
    supports_dry_run = True
    idempotent = True
    examples = (
        example(
            "roadiehq:utils:jsonata:json:transform",
            "Add a member",
            path="package.json",
            expression='$ ~> | $ | { "private": true } |',
        ),
    )
    input_schema = record(
        {
            "path": described(STRING, "Input path to read json file"),
            "expression": _EXPRESSION,
            "replacer": described(listed(STRING), "The keys to keep in the text"),
            "space": described({"type": ["string", "number"]}, "Indentation of the text"),
            "as": _AS,
        },
        ["path", "expression"],
    )
    output_schema = _OUTPUT

    async def run(self, context: ActionContext) -> None:
        given = context.input
        result = await evaluated(context, json_value(await _text(context, given["path"])))
        if result is MISSING:
            return
        if given.get("as", "string") == "object":
            context.output("result", result)
            return
        kept, space = given.get("replacer"), given.get("space")
        if kept is not None:
            result = kept_keys(result, set(kept))
        text = json.dumps(result, indent=space or None, ensure_ascii=False, separators=None if space else (",", ":"))
        context.output("result", text)


class RoadieJsonataYaml(Action):
    """Reshapes a YAML file of the workspace; the file itself stays as it is."""

    id = "roadiehq:utils:jsonata:yaml:transform"
    description = "Evaluates a JSONata expression over a YAML file of the workspace, which stays as it is"
    supports_dry_run = True
    idempotent = True
    examples = (
        example(
            "roadiehq:utils:jsonata:yaml:transform",
            "Pick a member",
            path="catalog-info.yaml",
            expression="metadata.name",
        ),
    )
    input_schema = record(
        {
            "path": described(STRING, "Input path to read yaml file"),
            "expression": _EXPRESSION,
            "loadAll": described(BOOLEAN, "Use this if the yaml source file contains multiple yaml objects"),
            "options": described(RECORD, "How YAML is written: `lineWidth`"),
            "as": _AS,
        },
        ["path", "expression"],
    )
    output_schema = _OUTPUT

    async def run(self, context: ActionContext) -> None:
        given = context.input
        documents = yaml_documents(await _text(context, given["path"]))
        if not given.get("loadAll") and len(documents) > 1:
            raise CallboardError("The file holds several YAML documents: use loadAll")
        data = documents if given.get("loadAll") else documents[0] if documents else None
        result = await evaluated(context, data)
        if result is not MISSING:
            as_object = given.get("as", "string") == "object"
            context.output("result", result if as_object else yaml_text(result, width=line_width(given.get("options"))))


async def evaluated(context: ActionContext, data: Any) -> Any:
    """What the step's expression makes of the data; MISSING for undefined. Raises InputError."""
    done = await context.confined("jsonata", {"data": data, "expression": context.input["expression"]})
    return done.get("result", MISSING)


async def _text(context: ActionContext, path: str) -> str:
    workspace = workspace_of(context)
    inside = workspace.relative(path)
    try:
        return (await asyncio.to_thread(workspace.read, inside)).decode("utf-8", "replace")
    except FileNotFoundError:
        raise CallboardError(f"The file {workspace.root / inside} does not exist.") from None

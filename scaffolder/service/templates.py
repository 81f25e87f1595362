"""Templates as the API reads them: found in the catalog, cut to what a caller may see, turned into a task's spec.

Source: spec/scaffolder.md §1.1, §1.3, §3.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from app.errors import CallboardError, InputError, NotFoundError
from app.interfaces import Permissions, Principal
from catalog.interfaces import EntitiesCatalog
from catalog.model.locations import LocationRef, parse_location_ref
from catalog.model.refs import EntityRef, canonical, parse_ref
from catalog.model.well_known import LOCATION, SOURCE_LOCATION
from scaffolder.permissions.gate import Gate
from scaffolder.permissions.permissions import PARAMETER_READ, STEP_READ
from scaffolder.template.kind import API_VERSION

Json = Any
Entity = Mapping[str, Json]
FILE: Final = "file"
UNTITLED: Final = "Please enter the following information"
_WRONG_KIND: Final = "Invalid kind, only 'Template' kind is supported"


class Templates:
    """The catalog's templates, as one caller sees them."""

    def __init__(self, catalog: EntitiesCatalog, permissions: Permissions, gate: Gate) -> None:
        self._catalog, self._permissions, self._gate = catalog, permissions, gate

    async def entity(self, ref: str, caller: Principal) -> Entity | None:
        """An entity the caller may read; None where there is none, for them."""
        read = self._permissions.permission("catalog.entity.read")
        (document,) = await self._catalog.by_refs([ref])
        if document is None:
            return None
        if read is not None and not await self._permissions.check(read, caller, plugin="catalog", resource_ref=ref):
            return None
        found: Entity = orjson.loads(document)
        return found

    async def template(self, kind: str, namespace: str, name: str, caller: Principal) -> Entity:
        """Raises InputError for another kind or an unsupported version, and NotFoundError."""
        if kind.lower() != "template":
            raise InputError(_WRONG_KIND)
        ref = canonical(kind, namespace, name)
        entity = await self.entity(ref, caller)
        if entity is None:
            raise NotFoundError(f"Template {ref} not found")
        if entity["apiVersion"] != API_VERSION:
            raise InputError(f"Unsupported apiVersion field in schema entity, {entity['apiVersion']}")
        return entity

    async def by_ref(self, ref: EntityRef, caller: Principal) -> Entity:
        """Raises as `template` does."""
        return await self.template(ref.kind, ref.namespace, ref.name, caller)

    async def readable(self, template: Entity, caller: Principal) -> Entity:
        """The template without the pages and steps the caller may not see."""
        pages = await self._gate.readable(PARAMETER_READ, caller)
        steps = await self._gate.readable(STEP_READ, caller)
        spec = dict(template["spec"])
        if "parameters" in spec:
            spec["parameters"] = [page for page in pages_of(template) if pages(page)]
        spec["steps"] = [step for step in spec.get("steps") or () if steps(step)]
        return {**template, "spec": spec}


def template_ref(text: str) -> EntityRef:
    """A ref in which kind and namespace may be missing. Raises InputError."""
    try:
        return parse_ref(text, default_kind="template", default_namespace="default")
    except CallboardError as error:
        raise InputError(error.message) from error


def written_ref(template: Entity) -> str:
    """Its ref as the audit log has it: in the case it was written in."""
    metadata = template["metadata"]
    return f"{template['kind']}:{metadata.get('namespace') or 'default'}/{metadata['name']}"


def pages_of(template: Entity) -> list[Mapping[str, Json]]:
    """The pages of the form, one or many."""
    parameters = template["spec"].get("parameters")
    if parameters is None:
        return []
    return list(parameters) if isinstance(parameters, list) else [parameters]


def parameter_schema(template: Entity) -> dict[str, Json]:
    """What the form is made of. Source: §1.1."""
    metadata, spec = template["metadata"], template["spec"]
    shown = {"title": _first(metadata.get("title"), metadata["name"])}
    if spec.get("presentation") is not None:
        shown["presentation"] = spec["presentation"]
    shown |= _there(metadata, "description", "ui:options")
    shown["steps"] = [_page(page) for page in pages_of(template)]
    # The old name counts where the new one has no value, whatever that is.
    decorators = "EXPERIMENTAL_formDecorators" if spec.get("formDecorators") is None else "formDecorators"
    if decorators in spec:
        shown["formDecorators"] = spec[decorators]
    return shown


def _page(page: Mapping[str, Json]) -> dict[str, Json]:
    return {"title": _first(page.get("title"), UNTITLED), **_there(page, "description"), "schema": page}


def _there(source: Mapping[str, Json], *keys: str) -> dict[str, Json]:
    """Members as they are, null included."""
    return {key: source[key] for key in keys if key in source}


def _first(value: Json, otherwise: Json) -> Json:
    return otherwise if value is None else value


def numbered(steps: Sequence[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """Steps with an id and a name each. Source: §3.1."""
    return [
        {
            **step,
            "id": _first(step.get("id"), f"step-{index}"),
            "name": _first(step.get("name"), step["action"]),
        }
        for index, step in enumerate(steps, 1)
    ]


def base_url(template: Entity) -> str | None:
    """Where the template's relative URLs start; None where that is nowhere a reader could go.

    `source-location` is its author's word. A file of this machine, or a git remote, is where the catalog itself has
    read the template from: `file:/etc/x` must not make `/etc` a skeleton (CVE-2021-41151).
    """
    annotations = template["metadata"].get("annotations") or {}
    read_from = _location(annotations.get(LOCATION))
    found = _location(annotations.get(SOURCE_LOCATION)) or read_from
    if found is None:
        return None
    if found.type == "url":
        return found.target
    if found.type == FILE:
        if read_from is None or read_from.type != FILE:
            return None
        return f"file://{found.target}"
    return f"git:{found.target}" if found.type == "git" and found == read_from else None


def _location(text: Json) -> LocationRef | None:
    try:
        return parse_location_ref(text) if text else None
    except CallboardError:
        return None


def task_spec(
    template: Entity, values: Mapping[str, Json], user: Mapping[str, Json], *, ref: str, url: str | None
) -> dict[str, Json]:
    """What is stored of a task, and run. Source: §3.1."""
    spec = template["spec"]
    info: dict[str, Json] = {"entityRef": ref, "entity": {"metadata": template["metadata"]}}
    if url is not None:
        info["baseUrl"] = url
    made: dict[str, Json] = {
        "apiVersion": template["apiVersion"],
        "steps": numbered(spec.get("steps") or ()),
        "output": _first(spec.get("output"), {}),
        "parameters": values,
        "user": user,
        "templateInfo": info,
    }
    return {**made, **_there(spec, "EXPERIMENTAL_recovery")}

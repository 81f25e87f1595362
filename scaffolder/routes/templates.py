"""What templates are written with and filled in by. Source: spec/scaffolder.md §1.1, §1.2, §1.10, §1.11."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.errors import InputError
from app.interfaces import caller, parsed
from scaffolder.routes.answers import json_answer
from scaffolder.routes.ports import ScaffolderPorts
from scaffolder.service import audit
from scaffolder.service.listing import action_documents, extension_documents
from scaffolder.service.templates import parameter_schema, written_ref


def template_routes(ports: ScaffolderPorts) -> APIRouter:
    routes = APIRouter(tags=["Template"])

    @routes.get("/v2/templates/{namespace}/{kind}/{name}/parameter-schema")
    async def schema(request: Request) -> Response:
        who, name = caller(request), request.path_params
        ref = f"{name['kind']}:{name['namespace']}/{name['name']}"
        with audit.audited("template-parameter-schema", who, templateRef=ref) as meta:
            template = await ports.templates.template(name["kind"], name["namespace"], name["name"], who)
            meta["templateRef"] = written_ref(template)
            return json_answer(parameter_schema(await ports.templates.readable(template, who)))

    @routes.get("/v2/actions")
    async def actions(request: Request) -> Response:
        who = caller(request)
        with audit.audited("action-fetch", who):
            return json_answer(action_documents((await ports.actions_for(who)).values()))

    @routes.get("/v2/templating-extensions")
    async def extensions(request: Request) -> Response:
        return json_answer(extension_documents(ports.extensions.filters.values(), ports.extensions.globals.values()))

    @routes.post("/v2/autocomplete/{provider}/{resource}")
    async def autocomplete(request: Request) -> Response:
        body, name = parsed(request).body, request.path_params
        if not body["token"]:
            raise InputError("Missing token query parameter")
        complete = ports.extensions.autocomplete.get(name["provider"])
        if complete is None:
            raise InputError(f"Unsupported provider: {name['provider']}")
        results = await complete(name["resource"], body["token"], body["context"])
        return json_answer({"results": list(results)})

    return routes

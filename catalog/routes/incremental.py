"""How far incremental ingestions are, and how operators steer them. Source: spec/catalog.md §1.5."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.errors import NotFoundError
from app.interfaces import Principal, caller
from catalog.ingestion.explanation import iso
from catalog.routes.answers import json_answer
from catalog.routes.ports import CatalogPorts
from catalog.store.texts import storable


def incremental_routes(ports: CatalogPorts) -> APIRouter:
    routes = APIRouter(prefix="/incremental", tags=["Incremental"])

    @routes.get("/health")
    async def health(request: Request) -> Response:
        # A provider cannot have two open ones here: the database sees to it.
        await ports.ingestions.providers(caller(request))
        return json_answer({"healthy": True})

    @routes.post("/cleanup")
    async def cleanup(request: Request) -> Response:
        deleted = await ports.ingestions.purge_all(caller(request))
        return json_answer(
            {
                "ingestionsDeleted": deleted.ingestions,
                "ingestionMarksDeleted": deleted.marks,
                "markEntitiesDeleted": deleted.entities,
            }
        )

    @routes.get("/providers")
    async def providers(request: Request) -> Response:
        return json_answer({"success": True, "providers": await ports.ingestions.providers(caller(request))})

    @routes.get("/providers/{provider}")
    async def status(request: Request) -> Response:
        try:
            current = await ports.ingestions.current(_provider(request), caller(request))
        except NotFoundError as error:
            return json_answer({"success": False, "status": {}, "last_error": error.message}, 404)
        if current is None:
            return json_answer({"success": True, "status": {"current_action": "rest complete, waiting to start"}})
        return json_answer(
            {
                "success": True,
                "status": {"current_action": current.status, "next_action_at": iso(current.next_action_at)},
                "last_error": current.last_error,
            }
        )

    @routes.delete("/providers/{provider}")
    async def purge(request: Request) -> Response:
        name = _provider(request)
        try:
            deleted = await ports.ingestions.purge(name, caller(request))
        except NotFoundError as error:
            return _unknown(error)
        return json_answer(
            {
                "provider": name,
                "ingestionsDeleted": deleted.ingestions,
                "marksDeleted": deleted.marks,
                "markEntitiesDeleted": deleted.entities,
            }
        )

    @routes.post("/providers/{provider}/trigger")
    async def trigger(request: Request) -> Response:
        return await steered(
            request,
            ports.ingestions.hurry,
            "{}: Next action triggered.",
            "Unable to trigger next action (provider is restarting)",
        )

    @routes.post("/providers/{provider}/start")
    async def start(request: Request) -> Response:
        return await steered(
            request, ports.ingestions.restart, "{}: Next cycle triggered.", "Provider is already restarting"
        )

    @routes.post("/providers/{provider}/cancel")
    async def cancel(request: Request) -> Response:
        return await steered(
            request,
            ports.ingestions.stop,
            "{}: Current ingestion canceled.",
            "Provider is currently restarting, please wait.",
        )

    @routes.get("/providers/{provider}/marks")
    async def marks(request: Request) -> Response:
        try:
            found = await ports.ingestions.marks(_provider(request), caller(request))
        except NotFoundError as error:
            return json_answer({"success": False, "status": {}, "last_error": error.message}, 404)
        if found is None:
            return json_answer({"success": True, "message": "No records yet (provider is restarting)"})
        records = [
            {
                "id": one.id,
                "sequence": one.sequence,
                "ingestion_id": one.ingestion_id,
                "cursor": one.cursor,
                "created_at": iso(one.created_at),
            }
            for one in found
        ]
        return json_answer({"success": True, "records": records})

    @routes.delete("/providers/{provider}/marks")
    async def clear(request: Request) -> Response:
        name = _provider(request)
        try:
            deleted = await ports.ingestions.clear_finished(name, caller(request))
        except NotFoundError as error:
            return _unknown(error)
        return json_answer(
            {
                "success": True,
                "message": f"Expired marks for provider '{name}' removed.",
                # Twice, as the reference has it.
                "deletions": {
                    "deletions": {
                        "markEntitiesDeleted": deleted.entities,
                        "marksDeleted": deleted.marks,
                        "ingestionsDeleted": deleted.ingestions,
                    }
                },
            }
        )

    async def steered(
        request: Request, steer: Callable[[str, Principal], Awaitable[bool]], done: str, between: str
    ) -> Response:
        name = _provider(request)
        try:
            changed = await steer(name, caller(request))
        except NotFoundError as error:
            return _unknown(error)
        return json_answer({"success": True, "message": done.format(name) if changed else between})

    return routes


def _provider(request: Request) -> str:
    return storable(request.path_params["provider"])


def _unknown(error: NotFoundError) -> Response:
    return json_answer({"success": False, "message": error.message}, 404)

"""Tasks made, listed, stopped and started again, and dry runs. Source: spec/scaffolder.md §1.3 to §1.7, §1.9."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.interfaces import bearer, caller, parsed
from scaffolder.permissions.permissions import DRY_RUN, TASK_CREATE
from scaffolder.routes.answers import json_answer, with_problems
from scaffolder.routes.ports import ScaffolderPorts
from scaffolder.service import audit
from scaffolder.service.dry_run import DryRun, given_files
from scaffolder.service.tasks import NEWEST_FIRST, parse_order, task_document
from scaffolder.service.templates import written_ref

BEGINNING: Final = "*"
"""The cursor of a first page."""


def task_routes(ports: ScaffolderPorts) -> APIRouter:
    routes = APIRouter(tags=["Task"])

    async def created(request: Request) -> Response:
        body, who = parsed(request).body, caller(request)
        secrets = body.get("secrets") or {}
        task_id = await ports.tasks.create(body["templateRef"], body["values"], secrets, who, bearer(request))
        return json_answer({"id": task_id}, 201)

    @routes.post("/v2/tasks")
    async def create(request: Request) -> Response:
        return await with_problems(created(request))

    @routes.get("/v2/tasks")
    async def find(request: Request) -> Response:
        query = parsed(request).query
        orders = [parse_order(text) for text in query.get("order", ())]
        cursor, limit = query.get("cursor"), query.get("limit")
        tasks, total = await ports.tasks.find(
            caller(request),
            created_by=query.get("createdBy", ()),
            status=query.get("status", ()),
            order=orders or NEWEST_FIRST,
            limit=limit,
            offset=query.get("offset"),
            after=None if cursor == BEGINNING else cursor,
        )
        answer = {"tasks": [task_document(task) for task in tasks], "totalTasks": total}
        # Only for those who ask for it: the reference's answer has no such member.
        if cursor is not None and tasks and len(tasks) == limit:
            answer["nextCursor"] = tasks[-1].cursor
        return json_answer(answer)

    @routes.get("/v2/tasks/{taskId}")
    async def get(request: Request) -> Response:
        return json_answer(task_document(await ports.tasks.get(request.path_params["taskId"], caller(request))))

    @routes.post("/v2/tasks/{taskId}/cancel")
    async def cancel(request: Request) -> Response:
        await ports.tasks.cancel(request.path_params["taskId"], caller(request))
        return json_answer({"status": "cancelled"})

    async def retried(request: Request) -> Response:
        task_id, secrets = request.path_params["taskId"], parsed(request).body.get("secrets") or {}
        await ports.tasks.retry(task_id, secrets, caller(request), bearer(request))
        return json_answer({"id": task_id}, 201)

    @routes.post("/v2/tasks/{taskId}/retry")
    async def retry(request: Request) -> Response:
        return await with_problems(retried(request))

    async def tried(request: Request) -> Response:
        body, who, token = parsed(request).body, caller(request), bearer(request)
        with audit.audited("task", who, actionType="dry-run") as meta:
            await ports.gate.require(TASK_CREATE, who)
            await ports.gate.require(DRY_RUN, who)
            files = given_files(body["directoryContents"])
            secrets = dict(body.get("secrets") or {})
            if token is not None:
                secrets["backstageToken"] = token
            result = await ports.dry_runs.run(
                DryRun(
                    body["template"],
                    body["values"],
                    secrets,
                    files,
                    await ports.tasks.user(who),
                    who,
                    await ports.gate.actions(who),
                )
            )
            template = body["template"]
            meta |= {"templateRef": written_ref(template), "parameters": template["spec"].get("parameters")}
        return json_answer(result.document(), etag=False)

    @routes.post("/v2/dry-run")
    async def dry_run(request: Request) -> Response:
        return await with_problems(tried(request))

    return routes

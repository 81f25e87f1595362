"""`GET /api/lamps/lamps`."""

import asyncio
from dataclasses import asdict

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import NotAllowedError
from app.interfaces import JsonBytes, Permission, Permissions, caller, parsed
from callboard_lamps.shelf import Shelf

READ = Permission("lamps.lamp.read", "read")


def lamp_routes(shelf: Shelf, permissions: Permissions) -> APIRouter:
    routes = APIRouter()

    # By the contract, `track` and `limit` are what they should be when they get here.
    @routes.get("/lamps")
    async def lamps(request: Request) -> Response:
        if not await permissions.check(READ, caller(request), plugin="lamps"):
            raise NotAllowedError()
        query = parsed(request).query
        found = [
            asdict(lamp)
            for lamp in await asyncio.to_thread(shelf.lamps)
            if query.get("track", lamp.track) == lamp.track
        ]
        return JsonBytes(orjson.dumps({"items": found[: query.get("limit")]}))

    return routes

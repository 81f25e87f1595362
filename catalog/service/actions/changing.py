"""The actions that change the catalog: register and unregister a location, refresh an entity."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from app.errors import InputError, NotFoundError
from app.interfaces import ActionInvocation, RegisteredAction
from catalog.interfaces import LocationSpec
from catalog.model.refs import ref_of
from catalog.service.actions import schemas
from catalog.service.actions.reading import ReadingActions
from catalog.service.changes import Changes
from catalog.service.locations import AuthorizedLocations

Json = dict[str, Any]


class ChangingActions:
    def __init__(self, reading: ReadingActions, changes: Changes, locations: AuthorizedLocations) -> None:
        self._reading = reading
        self._changes = changes
        self._locations = locations

    async def _refresh(self, call: ActionInvocation) -> Json:
        ref = ref_of(await self._reading.one(call.input, call.caller))
        await self._changes.refresh(ref, call.caller)
        return {"entityRef": ref}

    async def _register(self, call: ActionInvocation) -> Json:
        url = call.input["locationUrl"]
        try:
            parts = urlsplit(url)
            known = parts.scheme in ("http", "https") and parts.hostname
        except ValueError:
            known = False
        if not known:
            raise InputError(f"{url} is an invalid URL")
        location = await self._locations.create(LocationSpec("url", url), None, call.caller)
        return {"locationId": location.id}

    async def _unregister(self, call: ActionInvocation) -> Json:
        which, caller = call.input["type"], call.caller
        if "locationId" in which:
            await self._locations.delete(which["locationId"], caller)
            return {}
        url = which["locationUrl"].lower()
        found = [one for one in await self._locations.list(caller) if one.target.lower() == url]
        if not found:
            raise NotFoundError(f"Location with URL {which['locationUrl']} not found")
        for location in found:
            await self._locations.delete(location.id, caller)
        return {}

    def actions(self) -> list[RegisteredAction]:
        one_of = [
            {"type": "object", "properties": {name: schemas.text(words)}, "required": [name]}
            for name, words in (
                ("locationId", "The id of the registered location"),
                ("locationUrl", "The URL that was registered; case does not matter"),
            )
        ]
        return [
            RegisteredAction(
                "catalog",
                "register-entity",
                "Register Entity",
                "Registers a descriptor file by its URL, so that the entities in it join the catalog.",
                schemas.of({"locationUrl": schemas.text("The URL of the descriptor")}, ["locationUrl"]),
                schemas.of({"locationId": schemas.text("The id of the registered location")}, ["locationId"]),
                self._register,
                destructive=False,
            ),
            RegisteredAction(
                "catalog",
                "unregister-entity",
                "Unregister Entity",
                "Removes a registered location and the entities that only it brought.",
                schemas.of({"type": {"anyOf": one_of}}, ["type"]),
                schemas.of({}),
                self._unregister,
                idempotent=True,
            ),
            RegisteredAction(
                "catalog",
                "refresh-catalog-entity",
                "Refresh Catalog Entity",
                "Reads an entity's source again now instead of when it is due.",
                schemas.of(schemas.NAMED, ["name"]),
                schemas.of({"entityRef": schemas.text("The ref of the refreshed entity")}, ["entityRef"]),
                self._refresh,
                destructive=False,
                idempotent=True,
            ),
        ]

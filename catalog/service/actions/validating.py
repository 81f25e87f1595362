"""The action that says whether a descriptor would be accepted."""

from __future__ import annotations

from typing import Any, Final

from app.errors import CallboardError
from app.interfaces import ActionInvocation, RegisteredAction
from catalog.ingestion.parsing import Document, parse_documents
from catalog.interfaces import LocationSpec
from catalog.model.locations import parse_location_ref
from catalog.service.actions import schemas
from catalog.service.changes import Changes
from catalog.validation.envelope import check_envelope

Json = dict[str, Any]
DEFAULT_LOCATION: Final = "url:https://localhost/entity-validator"
"""Where a descriptor counts as read from when nobody says."""


class ValidatingActions:
    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    async def _validate(self, call: ActionInvocation) -> Json:
        given, caller = call.input, call.caller
        documents = parse_documents(given["entity"])
        broken = [str(one) for one in documents if not isinstance(one, Document)]
        entities = [one.value for one in documents if isinstance(one, Document) and one.value is not None]
        if broken or len(entities) != 1:
            words = broken or [f"Expected one YAML document, found {len(entities)}"]
            return {"isValid": False, "isValidYaml": not broken, "errors": words}
        location = given.get("location") or DEFAULT_LOCATION
        entity = entities[0]
        try:
            check_envelope(entity)
            ref = parse_location_ref(location if location.startswith("url:") else f"url:{location}")
        except CallboardError as error:
            return {"isValid": False, "isValidYaml": True, "errors": [str(error)]}
        errors = await self._changes.validate(entity, LocationSpec(ref.type, ref.target), caller)
        return {
            "isValid": not errors,
            "isValidYaml": True,
            "errors": [str(error) for error in errors],
            "entity": entity,
        }

    def actions(self) -> list[RegisteredAction]:
        return [
            RegisteredAction(
                "catalog",
                "validate-entity",
                "Validate Catalog Entity",
                "Says whether an entity descriptor would be accepted, and what is wrong with it. Stores nothing.",
                schemas.of(
                    {
                        "entity": schemas.text("The descriptor as YAML or JSON, one document"),
                        "location": schemas.text("The URL it would be read from"),
                    },
                    ["entity"],
                ),
                schemas.of(
                    {
                        "isValid": schemas.truth("Whether it would be accepted"),
                        "isValidYaml": schemas.truth("Whether it could be read at all"),
                        "errors": schemas.texts("What is wrong with it"),
                        "entity": schemas.ENTITY,
                    },
                    ["isValid", "isValidYaml", "errors"],
                ),
                self._validate,
                read_only=True,
                idempotent=True,
            )
        ]

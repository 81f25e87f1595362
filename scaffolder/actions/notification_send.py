"""`notification:send`. Source: spec/scaffolder.md §5.6."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from app.errors import CallboardError, NotImplementedByServerError
from app.interfaces import NotificationSender
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import BOOLEAN, STRING, described, listed, one_of, record
from scaffolder.interfaces import Action, ActionContext

ORIGIN: Final = "plugin:scaffolder"


class NotificationSend(Action):
    """Sends a notification to users, groups or everybody."""

    id = "notification:send"
    description = "Sends a notification using NotificationService"
    examples = (
        example(
            "notification:send", "Notify everybody", recipients="broadcast", title="New service", info="It is there"
        ),
        example(
            "notification:send",
            "Notify the owner",
            recipients="entity",
            entityRefs=["group:default/team"],
            title="Done",
        ),
    )
    input_schema = record(
        {
            "recipients": described(one_of("broadcast", "entity"), "The recipient of the notification"),
            "entityRefs": described(listed(STRING), "The entity references to send the notification to"),
            "title": described(STRING, "Notification title"),
            "info": described(STRING, "Notification description"),
            "link": described(STRING, "Notification link"),
            "severity": described(one_of("low", "normal", "high", "critical"), "Notification severity"),
            "scope": described(STRING, "Notification scope"),
            "topic": described(STRING, "Notification topic"),
            "optional": described(BOOLEAN, "Do not fail the action if the notification cannot be sent"),
        },
        ["recipients", "title"],
    )

    def __init__(self, sender: Callable[[], NotificationSender | None]) -> None:
        self._sender = sender

    async def run(self, context: ActionContext) -> None:
        given = context.input
        refs: Sequence[str] = given.get("entityRefs") or ()
        if given["recipients"] == "entity" and not refs:
            if given.get("optional"):
                return
            raise CallboardError("Entity references must be provided")
        recipients: dict[str, Any] = {"type": "broadcast"}
        if given["recipients"] == "entity":
            recipients = {"type": "entity", "entityRef": list(refs)}
        payload = {name: given[name] for name in ("title", "link", "severity", "scope", "topic") if name in given}
        if "info" in given:
            payload["description"] = given["info"]

        async def send() -> bool:
            sender = self._sender()
            if sender is None:
                raise NotImplementedByServerError("Notifications cannot be sent: no notifications plugin is installed")
            await sender.send(recipients, payload, origin=ORIGIN)
            return True

        try:
            await context.checkpoint(f"send.notification.{given['title']}", send)
        except CallboardError as error:
            await context.log.error(f"Failed to send notification: {error.message}")
            if not given.get("optional"):
                raise

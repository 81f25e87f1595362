"""The event bus of one process."""

from app.events.bus import EventBus as EventBus

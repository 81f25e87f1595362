"""Webhooks as a plugin."""

from __future__ import annotations

from app.interfaces import PluginHost
from plugins.events.bus import bus_routes
from plugins.events.ingress import ingress_routes
from plugins.events.replay import event_commands
from plugins.events.settings import EventsSettings, IntegrationSettings
from plugins.events.sources import sources
from plugins.events.store import CHANNEL, DeliveryStore
from plugins.events.worker import DeliveryWorker


class EventsPlugin:
    """Takes webhooks in, and publishes them as Backstage does and in neutral terms (`scm.push`, `scm.repository`)."""

    id = "events"

    def register(self, host: PluginHost) -> None:
        known = sources(host.settings("events", EventsSettings), host.settings("integrations", IntegrationSettings))
        store = DeliveryStore(host.database)
        worker = DeliveryWorker(store, known, host.events, host.clock)
        host.migrations("plugins.events.migrations")
        host.commands(event_commands(host, store, known), name="events")
        host.mount("events", ingress_routes(known, store, host.clock))
        host.mount("events", bus_routes(host.events), contract="events.yaml")
        # Signatures, not credentials, tell who is calling.
        host.allow_unauthenticated("/api/events/http/*")
        if "ingest" in host.roles:
            host.database.listen(CHANNEL, worker.wake)
            host.background("events: deliveries", worker.run, role="ingest")

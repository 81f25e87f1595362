"""Webhooks as a plugin."""

from __future__ import annotations

from datetime import timedelta

from app.interfaces import PluginHost, ScheduledTask
from plugins.events.bus.relay import Relay
from plugins.events.bus.routes import bus_routes
from plugins.events.bus.store import CHANNEL as BUS_CHANNEL
from plugins.events.bus.store import BusStore
from plugins.events.bus.waiting import Waiters
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
        settings = host.settings("events", EventsSettings)
        known = sources(settings, host.settings("integrations", IntegrationSettings))
        store = DeliveryStore(host.database)
        worker = DeliveryWorker(store, known, host.events, host.clock)
        host.migrations("plugins.events.migrations")
        host.commands(event_commands(host, store, known), name="events")
        host.mount("events", ingress_routes(known, store, host.clock))
        _serve_bus(host, settings)
        # Signatures, not credentials, tell who is calling.
        host.allow_unauthenticated("/api/events/http/*")
        if "ingest" in host.roles:
            host.database.listen(CHANNEL, worker.wake)
            host.background("events: deliveries", worker.run, role="ingest")


def _serve_bus(host: PluginHost, settings: EventsSettings) -> None:
    store = BusStore(host.database)
    waiters = Waiters(store, host.database)
    relay = Relay(store, host.events, host.clock)
    hold = timedelta(milliseconds=settings.notify_timeout_ms)
    host.mount("events", bus_routes(store, waiters, relay, host.clock, hold), contract="events.yaml")
    host.events.observe(relay.outward)
    host.database.listen(BUS_CHANNEL, waiters.heard)
    host.on_stop(waiters.stop)

    async def forget() -> None:
        await store.forget(host.clock.now())

    host.schedule("events", ScheduledTask("event-bus-cleanup", forget, timedelta(minutes=1)))

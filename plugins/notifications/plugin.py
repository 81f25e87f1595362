"""Notifications as a plugin."""

from __future__ import annotations

import logging
from datetime import timedelta

from app.interfaces import NotificationExtensions, NotificationSender, PluginHost, ScheduledTask
from catalog.interfaces import EntitiesCatalog
from plugins.notifications.actions import notification_actions
from plugins.notifications.changes import NotificationChanges
from plugins.notifications.recipients import Recipients
from plugins.notifications.routes import NotificationRoutes
from plugins.notifications.sending import Sending
from plugins.notifications.settings import NotificationsSettings
from plugins.notifications.store import NotificationStore

log = logging.getLogger(__name__)


class NotificationsPlugin:
    """Tells users what concerns them, and remembers what they have read."""

    id = "notifications"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("notifications", NotificationsSettings)
        processors = host.extension(NotificationExtensions).processors
        store, changes = NotificationStore(host.database), NotificationChanges(host.database)
        recipients = Recipients(lambda: host.service(EntitiesCatalog))
        sending = Sending(changes, recipients, lambda: processors, settings, host.events, host.clock)
        routes = NotificationRoutes(host.auth, store, changes, sending, processors, settings, host.events, host.clock)

        host.migrations("plugins.notifications.migrations")
        host.provide(NotificationSender, sending)
        host.actions.add(*notification_actions(store))
        host.mount("notifications", routes.router(), contract="notifications.yaml")
        host.on_stop(sending.drain)

        if settings.retention:
            kept = settings.retention

            async def forget() -> None:
                removed = await changes.forget(int((host.clock.now() - kept).timestamp() * 1000))
                if removed:
                    log.info("Removed %s notifications that were older than %s days", removed, kept.days)

            host.schedule("notifications", ScheduledTask("notification-cleaner", forget, timedelta(days=1)))

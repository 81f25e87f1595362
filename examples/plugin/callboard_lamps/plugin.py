"""What the package adds to Callboard."""

from pathlib import Path

from app.interfaces import PluginHost, ScheduledTask
from callboard_lamps.processor import LampProcessor
from callboard_lamps.provider import LampProvider
from callboard_lamps.routes import READ, lamp_routes
from callboard_lamps.settings import LampsSettings
from callboard_lamps.shelf import Shelf
from catalog.interfaces import CatalogExtensions


class LampsPlugin:
    id = "lamps"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("lamps", LampsSettings)
        catalog = host.extension(CatalogExtensions)
        catalog.add_processor(LampProcessor())
        if settings.file is None:
            return
        shelf = Shelf(settings.file)
        provider = LampProvider(shelf)
        catalog.add_entity_provider(provider)
        host.schedule("lamps", ScheduledTask("lamps_refresh", provider.refresh, settings.refresh))
        host.permissions.declare("lamps", [READ])
        host.mount("lamps", lamp_routes(shelf, host.permissions), contract=str(Path(__file__).parent / "lamps.yaml"))

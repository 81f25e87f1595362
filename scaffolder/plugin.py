"""The scaffolder as a plugin of the host."""

from __future__ import annotations

from app.interfaces import PluginHost
from catalog.interfaces import CatalogExtensions
from scaffolder.template.kind import TEMPLATE, ScaffolderEntitiesProcessor


class ScaffolderPlugin:
    """Adds the kind Template to the catalog."""

    id = "scaffolder"

    def register(self, host: PluginHost) -> None:
        catalog = host.extension(CatalogExtensions)
        catalog.add_kind(TEMPLATE)
        catalog.add_processor(ScaffolderEntitiesProcessor())

"""The scaffolder as a plugin of the host."""

from __future__ import annotations

from app.interfaces import PluginHost
from catalog.interfaces import CatalogExtensions
from scaffolder.template.kind import ScaffolderEntitiesProcessor


class ScaffolderPlugin:
    """Adds the kind Template to the catalog."""

    id = "scaffolder"

    def register(self, host: PluginHost) -> None:
        host.extension(CatalogExtensions).add_processor(ScaffolderEntitiesProcessor())

"""The scaffolder as a plugin of the host."""

from __future__ import annotations

from fastapi import APIRouter

from app.interfaces import PluginHost
from catalog.interfaces import CatalogExtensions
from scaffolder.template.kind import TEMPLATE, ScaffolderEntitiesProcessor


class ScaffolderPlugin:
    """Adds the kind Template to the catalog."""

    id = "scaffolder"

    def register(self, host: PluginHost) -> None:
        # What every plugin's mount has is there already, and so is the refusal of tokens meant for other plugins.
        host.mount(self.id, APIRouter())
        catalog = host.extension(CatalogExtensions)
        catalog.add_kind(TEMPLATE)
        catalog.add_processor(ScaffolderEntitiesProcessor())

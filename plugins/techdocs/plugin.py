"""TechDocs as a plugin."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app.interfaces import PluginHost, SearchExtensions
from catalog.interfaces import EntitiesCatalog
from plugins.techdocs.builds import CHANNEL as BUILDS
from plugins.techdocs.publishing.cached import CHANNEL as PUBLISHED
from plugins.techdocs.readers import DocsReader
from plugins.techdocs.routes import docs_routes
from plugins.techdocs.services import TechdocsServices
from plugins.techdocs.static import static_routes

if TYPE_CHECKING:
    import typer

log = logging.getLogger(__name__)


class TechdocsPlugin:
    """Documentation sites of entities. Source: spec/ui-backends.md §7."""

    id = "techdocs"

    def register(self, host: PluginHost) -> None:
        services = TechdocsServices(host)
        reader = DocsReader(
            lambda: host.service(EntitiesCatalog),
            host.permissions,
            keep_case=services.settings.legacy_use_case_sensitive_triplet_paths,
        )

        def commands() -> typer.Typer:
            from plugins.techdocs.commands import docs_commands

            return docs_commands(host, services)

        guarded = bool(host.config.get("permission.enabled", False))
        host.migrations("plugins.techdocs.migrations")
        host.mount("techdocs", docs_routes(reader, services, host.reading))
        host.mount("techdocs", static_routes(reader, services, guarded=guarded))
        host.allow_cookie("/api/techdocs/static")
        host.extension(SearchExtensions).add_collator(services.collator)
        host.commands(commands, name="techdocs")
        host.database.listen(BUILDS, services.heard_released)
        host.database.listen(PUBLISHED, services.heard_published)
        host.on_start(services.start)
        host.on_stop(services.stop)
        if services.settings.generator.run_in == "docker":
            log.warning(
                "techdocs.generator.runIn is 'docker': sites are built in a confined process of this machine instead"
            )

"""Registers the frontend with the host, as far as there is a bundle."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Final

from app.errors import InputError
from app.interfaces import PluginHost, ScheduledTask
from plugins.frontend.assets import AssetStore
from plugins.frontend.bundle import find_bundle, read_entry_point
from plugins.frontend.routes import Site, frontend_routes
from plugins.frontend.schema import NEVER, SchemaError, schemas_of
from plugins.frontend.settings import FrontendSettings
from plugins.frontend.template import TemplateError
from plugins.frontend.visibility import Visible, visible_to_browsers

log = logging.getLogger(__name__)

REFRESH: Final = timedelta(hours=6)


class FrontendPlugin:
    """The plugin `app`: a Backstage frontend at the root, for everybody."""

    id = "app"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("app", FrontendSettings)
        host.migrations("plugins.frontend.migrations")
        if "api" not in host.roles:
            return
        try:
            folder = find_bundle(settings)
        except FileNotFoundError as error:
            raise InputError(str(error)) from None
        if folder is None:
            return
        portal = _Portal(host, settings, folder)
        store = None if settings.disable_static_fallback_cache else AssetStore(host.database)
        routes = frontend_routes(portal.site, host.auth, store, protected=portal.protected)
        host.mount_root(routes, public=True, instead=True)
        host.mount("app", routes, public=True)
        host.on_start(portal.read)
        if store is not None:

            async def keep() -> None:
                now = host.clock.now()
                for namespace, entry in portal.site().named().items():
                    await store.keep(namespace, entry.static, now)
                await store.forget(now)

            host.schedule("app", ScheduledTask("static-assets", keep, REFRESH, scope="local"), role="api")


class _Portal:
    """The bundle, from the moment it has been read."""

    def __init__(self, host: PluginHost, settings: FrontendSettings, folder: Path) -> None:
        self._host, self._settings, self._folder = host, settings, folder
        self.protected = (folder / "public" / "static").is_dir() and not settings.disable_public_entry_point
        self._site: Site | None = None

    def site(self) -> Site:
        """Raises LookupError before the start."""
        if self._site is None:
            raise LookupError
        return self._site

    async def read(self) -> None:
        """Raises InputError for a bundle that cannot be served with this configuration."""
        try:
            self._site = await asyncio.to_thread(self._read)
        except (SchemaError, TemplateError) as error:
            raise InputError(f"the frontend in {self._folder} cannot be served: {error}") from error
        log.info("The frontend in %s is served at /%s", self._folder, ", after sign-in" if self.protected else "")

    def _read(self) -> Site:
        base_url = self._settings.base_url
        visible: Visible | None = None
        if not self._settings.disable_config_injection:
            config = self._host.config.everything()
            visible = visible_to_browsers(config, schemas_of(self._folder), never=[NEVER])
        main = read_entry_point(self._folder, visible, base_url)
        public = read_entry_point(self._folder / "public", visible, base_url) if self.protected else None
        return Site(main, public)

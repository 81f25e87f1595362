"""What of `app` the server reads; all else there is for the frontend."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field


class FrontendSettings(BaseModel, frozen=True, extra="ignore", populate_by_name=True, defer_build=True):
    base_url: str = Field(default="/", alias="baseUrl")
    """Where users reach the frontend; its path is where its files are."""
    bundle: Path | Literal[False] | None = None
    """The folder of a built Backstage frontend, relative to the working directory; false for none. Without this key
    `ui/dist`, or `share/callboard/ui` where Callboard is installed, as far as one of them holds a bundle."""
    disable_config_injection: bool = Field(default=False, alias="disableConfigInjection")
    """Serve the bundle with the configuration it was built with."""
    disable_static_fallback_cache: bool = Field(default=False, alias="disableStaticFallbackCache")
    """Do not keep the files of earlier bundles for pages that are still open."""
    disable_public_entry_point: bool = Field(default=False, alias="disablePublicEntryPoint")
    """Serve the whole bundle to everybody, even if it has an entry point of its own for signing in."""

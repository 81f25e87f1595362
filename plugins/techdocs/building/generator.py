"""Builds a site in a confined child."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from app.confinement.launch import run_confined
from app.interfaces import Reading
from plugins.techdocs.building.configuration import DOCS_DIR_MARK, Options
from plugins.techdocs.references import DocsLocation
from plugins.techdocs.settings import GeneratorSettings

_WORK = "plugins.techdocs.building.child:build"
_WITH_EDIT_URLS = frozenset({"github", "gitlab", "bitbucketServer", "harness"})


class Generator:
    """`techdocs.generator`, as a function from a folder to a folder."""

    def __init__(self, settings: GeneratorSettings) -> None:
        self._settings = settings
        mkdocs = settings.mkdocs
        self._options = Options(
            site_name="",
            default_plugins=mkdocs.default_plugins,
            omit_core=mkdocs.omit_techdocs_core_plugin,
            additional_keys=mkdocs.dangerously_allow_additional_keys,
            additional_plugins=mkdocs.dangerously_allow_additional_plugins,
            disable_fonts=mkdocs.disable_external_fonts,
        )

    async def run(
        self,
        source: Path,
        output: Path,
        *,
        site_name: str,
        said: Callable[[str], None],
        etag: str | None = None,
        repository: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Build `source`, a private copy that is written to, into the empty folder `output`; gives the metadata.

        `repository` may hold `repo_url` and `edit_uri`.

        Raises:
            LimitReachedError: which of `techdocs.generator.limits` was hit.
            InputError: the source cannot be built.
        """
        options = replace(
            self._options,
            site_name=site_name,
            repo_url=(repository or {}).get("repo_url"),
            edit_uri=(repository or {}).get("edit_uri"),
        )
        arguments = {
            "source": str(source),
            "output": str(output),
            "options": asdict(options),
            "etag": etag,
            "copyReadme": self._settings.mkdocs.legacy_copy_readme_md_to_index_md,
        }
        metadata: Mapping[str, Any] = await run_confined(
            _WORK, arguments, write=[source, output], limits=self._settings.limits.of_child(), said=said
        )
        return metadata


def repository_of(location: DocsLocation, reading: Reading) -> dict[str, str]:
    """Where a site's pages can be seen and edited, for hosts that have such pages."""
    if location.type != "url":
        return {}
    integration = reading.integration_for(location.target)
    if integration is None or integration.type not in _WITH_EDIT_URLS:
        return {}
    place = integration.repository(location.target)
    if place is None or (place.ref is None and place.path is None):
        return {"repo_url": location.target}
    base = location.target if location.target.endswith("/") else f"{location.target}/"
    pages = integration.resolve_url(f"./{DOCS_DIR_MARK}", base)
    return {"repo_url": location.target, "edit_uri": integration.resolve_edit_url(pages)}


def new_folders(within: Path) -> tuple[Path, Path]:
    """Where a source is copied to, and where the site goes."""
    source, output = within / "source", within / "site"
    source.mkdir()
    output.mkdir()
    return source, output

"""A repository's `mkdocs.yml`, reduced to what cannot do harm. Pure.

Source: spec/ui-backends.md §7; CVE-2021-32662 (docs_dir), CVE-2026-25153 and CVE-2026-29186 (hooks, gaps in the list).
The child that runs mkdocs is confined besides: no list of what is harmless stays complete.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.errors import InputError
from plugins.techdocs.building.tagged_yaml import Tagged

CORE: Final = "techdocs-core"
KEYS: Final = frozenset(
    {
        *("site_name", "site_url", "site_description", "site_author"),
        *("repo_url", "repo_name", "edit_uri", "edit_uri_template"),
        *("docs_dir", "site_dir", "nav", "exclude_docs", "not_in_nav"),
        *("theme", "plugins", "markdown_extensions", "extra", "extra_css"),
        *("use_directory_urls", "strict", "dev_addr", "watch"),
        *("copyright", "remote_branch", "remote_name", "validation", "google_analytics"),
    }
)
THEME_KEYS: Final = frozenset(
    {"name", "font", "icon", "logo", "favicon", "language", "direction", "palette", "features"}
)
PLUGINS: Final = frozenset({CORE, "search", "material/search", "redirects", "group", "material/group"})
_GROUPS: Final = frozenset({"group", "material/group"})
_SNIPPETS: Final = ("pymdownx.snippets", "pymdownx.snippets:SnippetExtension")
_COMMANDS: Final = ("plantuml_cmd",)
DOCS_DIR_MARK: Final = "__docs_dir__"
"""In an edit URI: the folder of the pages, which only the configuration knows."""

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What the deployment says of all sites, and what the entity says of its own."""

    site_name: str
    default_plugins: tuple[str, ...] = ()
    omit_core: bool = False
    additional_keys: tuple[str, ...] = ()
    additional_plugins: tuple[str, ...] = ()
    disable_fonts: bool = False
    repo_url: str | None = None
    edit_uri: str | None = None


def default_configuration(options: Options) -> dict[str, Any]:
    """For a source without any."""
    return {"site_name": options.site_name, "docs_dir": "docs", "plugins": [CORE]}


def sanitized(given: Any, options: Options, warn: Warn) -> dict[str, Any]:
    """The configuration that mkdocs gets.

    Raises:
        InputError: it is no mapping, or `docs_dir` leads out of the source.
    """
    if not isinstance(given, dict):
        raise InputError("mkdocs.yml must hold a mapping")
    allowed_keys = KEYS | frozenset(options.additional_keys)
    removed = [str(key) for key in given if key not in allowed_keys]
    if removed:
        warn(f"Removed unsupported configuration keys from mkdocs.yml: {', '.join(removed)}")
    kept = {key: value for key, value in given.items() if key in allowed_keys}
    kept.setdefault("site_name", options.site_name)
    # Where the site is written is not the source's business.
    kept.pop("site_dir", None)
    kept["docs_dir"] = _docs_dir(kept.get("docs_dir"))
    if "markdown_extensions" in kept:
        kept["markdown_extensions"] = _extensions(kept["markdown_extensions"], warn)
    kept["plugins"] = _plugins(kept.get("plugins"), options, warn)
    _theme(kept, options, warn)
    _repository(kept, options)
    return kept


def _docs_dir(given: Any) -> str:
    if given is None:
        return "docs"
    path = posixpath.normpath(given) if isinstance(given, str) and "\0" not in given and "\\" not in given else ".."
    if path == ".." or path.startswith(("/", "../")):
        raise InputError(
            "docs_dir in mkdocs.yml must be a relative path to a folder below mkdocs.yml; absolute paths and those "
            "that start with ../ are not allowed"
        )
    return path


def _as_list(given: Any) -> list[Any] | None:
    """mkdocs takes a mapping for a list of mappings, too."""
    if isinstance(given, dict):
        return [{name: config} for name, config in given.items()]
    return list(given) if isinstance(given, list) else None


def _extensions(given: Any, warn: Warn) -> list[Any]:
    removed: list[str] = []
    kept: list[Any] = []
    entries = _as_list(given)
    if entries is None:
        warn("Removed markdown_extensions from mkdocs.yml: neither a list nor a mapping")
        return []
    for entry in entries:
        pairs = [(entry, None)] if isinstance(entry, str) else list(entry.items()) if isinstance(entry, dict) else []
        if not pairs or not all(isinstance(name, str) and isinstance(config, dict | None) for name, config in pairs):
            removed.append("malformed entry")
        for name, config in pairs:
            if not isinstance(name, str) or not isinstance(config, dict | None):
                continue
            if name in _SNIPPETS:
                # Its settings name folders to read and sites to fetch from.
                removed += [f"{name} configuration"] if config else []
                kept.append(name)
            elif ":" in name:
                removed.append(name)
            elif config is None:
                kept.append(name)
            else:
                removed += [command for command in _COMMANDS if command in config]
                kept.append({name: {key: value for key, value in config.items() if key not in _COMMANDS}})
    if removed:
        warn(f"Removed dangerous entries from markdown_extensions in mkdocs.yml: {', '.join(removed)}")
    return kept


def _plugins(given: Any, options: Options, warn: Warn) -> list[Any]:
    defaults = list(options.default_plugins)
    if not options.omit_core and CORE not in defaults:
        defaults.append(CORE)
    removed: dict[str, None] = {}
    allowed = PLUGINS | set(options.additional_plugins) | set(options.default_plugins)
    kept = _allowed_plugins(given, allowed, removed) if given is not None else []
    if removed:
        warn(
            f"Removed unsupported plugins from mkdocs.yml: {', '.join(removed)}. The setting "
            "techdocs.generator.mkdocs.dangerouslyAllowAdditionalPlugins allows more"
        )
    there = {entry if isinstance(entry, str) else next(iter(entry)) for entry in kept}
    return [*kept, *(plugin for plugin in defaults if plugin not in there)]


def _allowed_plugins(given: Any, allowed: Iterable[str], removed: dict[str, None]) -> list[Any]:
    entries = _as_list(given)
    if entries is None:
        removed["malformed plugin declaration"] = None
        return []
    kept: list[Any] = []
    for entry in entries:
        if isinstance(entry, Tagged):
            removed["dynamically configured plugin name"] = None
            continue
        name, config = entry, None
        if isinstance(entry, dict) and len(entry) == 1:
            name, config = next(iter(entry.items()))
        if not isinstance(name, str) or not name or not isinstance(config, dict | None):
            removed["malformed plugin declaration"] = None
        elif name not in allowed:
            removed[name] = None
        elif name in _GROUPS and isinstance(config, dict):
            kept.append({name: {**config, "plugins": _allowed_plugins(config.get("plugins", []), allowed, removed)}})
        else:
            kept.append(name if config is None else {name: config})
    return kept


def _theme(kept: dict[str, Any], options: Options, warn: Warn) -> None:
    theme = kept.get("theme")
    if theme is not None and not isinstance(theme, str | dict):
        warn("Removed theme from mkdocs.yml: neither a name nor a mapping")
        del kept["theme"]
        theme = None
    if isinstance(theme, dict):
        removed = [str(key) for key in theme if key not in THEME_KEYS]
        if removed:
            warn(f"Removed unsupported keys from theme in mkdocs.yml: {', '.join(removed)}")
        theme = kept["theme"] = {key: value for key, value in theme.items() if key in THEME_KEYS}
    if options.disable_fonts:
        if theme is None:
            kept["theme"] = {"name": "material", "font": False}
        elif isinstance(theme, dict) and theme.get("name") == "material":
            theme.setdefault("font", False)


def _repository(kept: dict[str, Any], options: Options) -> None:
    if "repo_url" in kept and "edit_uri" in kept:
        return
    if options.repo_url and not kept.get("repo_url"):
        kept["repo_url"] = options.repo_url
    if options.edit_uri and not kept.get("edit_uri"):
        kept["edit_uri"] = options.edit_uri.replace(DOCS_DIR_MARK, kept["docs_dir"])


def options_of(arguments: Mapping[str, Any]) -> Options:
    """From JSON, where tuples are lists."""
    given: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in arguments.items()}
    return Options(**given)

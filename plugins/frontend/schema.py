"""Which schemas say what a browser may see: the bundle's own, or a list of what stock frontends read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from plugins.frontend.visibility import Schema

SCHEMA_FILE: Final = ".config-schema.json"

# Paths of keys: `[]` is each entry of an array, `*` any key, a trailing `**` all below.
# Source: spec/ui-backends.md §14.
_STOCK: Final = """
app.title app.baseUrl app.support.url app.support.items[].title app.support.items[].icon
app.support.items[].links[].title app.support.items[].links[].url
app.routes.bindings.** app.extensions.** app.packages app.packages.** app.pluginOverrides.**
organization.name backend.baseUrl
discovery.endpoints[].target discovery.endpoints[].target.external discovery.endpoints[].plugins[]
auth.environment auth.providers.* enableExperimentalRedirectFlow
auth.autologout.enabled auth.autologout.idleTimeoutMinutes auth.autologout.promptBeforeIdleSeconds
auth.autologout.useWorkerTimers auth.autologout.logoutIfDisconnected
homepage.clocks[].label homepage.clocks[].timezone
permission.enabled permission.EXPERIMENTAL_enableBatchedRequests
search.defaultType search.query.pageLimit
techdocs.builder techdocs.legacyUseCaseSensitiveTripletPaths techdocs.sanitizer.allowedIframeHosts[]
techdocs.sanitizer.allowedCustomElementTagNameRegExp techdocs.sanitizer.allowedCustomElementAttributeNameRegExp
techdocs.sanitizer.additionalAllowedURIProtocols[]
catalog.experimentalPagination catalog.experimentalPagination.**
catalog.import.entityFilename catalog.import.pullRequestBranchName
devTools.scheduledTasks.plugins[]
kubernetes.frontend.podDelete.enabled kubernetes.podExecTerminal.enabled
kubernetes.clusterLocatorMethods[].clusters[].name kubernetes.clusterLocatorMethods[].clusters[].authProvider
kubernetes.clusterLocatorMethods[].clusters[].oidcTokenProvider
integrations.*[].host integrations.*[].baseUrl integrations.*[].apiBaseUrl integrations.*[].rawBaseUrl
integrations.*[].cloneUrl integrations.*[].gitilesBaseUrl integrations.*[].disableEditUrl integrations.*[].endpoint
"""

_SECRET: Final[Schema] = {"visibility": "secret", "deepVisibility": "secret"}
# At any depth: this schema holds for whatever is below it.
_NO_SECRETS: Final[dict[str, Any]] = {
    "patternProperties": {
        r"(?i)(secret|token|password|passphrase|secretskey|(access|api|private|signing)key|authorization)$": _SECRET
    }
}
_NO_SECRETS["additionalProperties"] = _NO_SECRETS["items"] = _NO_SECRETS
# Stays on the server whatever a bundle's schema says: what signs in to other systems, and what lets others sign in.
# Elsewhere a key of such a name may well be for browsers (`app.datadogRum.clientToken`).
NEVER: Final[Schema] = {
    "properties": {
        **dict.fromkeys(("catalog", "events", "integrations", "proxy", "scaffolder", "techdocs"), _NO_SECRETS),
        "auth": {
            "allOf": [
                _NO_SECRETS,
                # A guest is nobody that a person could sign in with on the page of providers.
                {
                    "properties": {
                        "session": _SECRET,
                        "keyStore": _SECRET,
                        "providers": {"properties": {"guest": _SECRET}, "additionalProperties": _NO_SECRETS},
                    }
                },
            ]
        },
        "backend": {"properties": dict.fromkeys(("auth", "cache", "database"), _SECRET)},
    }
}


class SchemaError(Exception):
    """The bundle's schema is not one that can be understood."""


def schemas_of(bundle: Path) -> list[Schema]:
    """All schemas that apply to a bundle's configuration, one for each package with a word in it.

    Raises SchemaError for a file that is there and is not what the build of a frontend writes.
    """
    file = bundle / SCHEMA_FILE
    try:
        document: Any = orjson.loads(file.read_bytes())
    except FileNotFoundError:
        return [stock_schema()]
    except ValueError as error:
        raise SchemaError(f"{file}: {error}") from None
    try:
        known = document["backstageConfigSchemaVersion"] == 1
        packages = [entry["value"] for entry in document["schemas"]]
    except (KeyError, TypeError):
        known, packages = False, []
    if not known or not all(isinstance(schema, dict) for schema in packages):
        raise SchemaError(f"{file}: the serialized configuration schema is invalid or of another version")
    return packages


def stock_schema() -> Schema:
    """What the packages of a stock frontend declare together."""
    root: dict[str, Any] = {}
    for path in _STOCK.split():
        deep = path.endswith(".**")
        _at(root, path.removesuffix(".**").replace("[]", ".[]").split("."))[
            "deepVisibility" if deep else "visibility"
        ] = "frontend"
    return root


def _at(schema: dict[str, Any], parts: Sequence[str]) -> dict[str, Any]:
    for part in parts:
        if part == "[]":
            schema = schema.setdefault("items", {})
        elif part == "*":
            schema = schema.setdefault("additionalProperties", {})
        else:
            schema = schema.setdefault("properties", {}).setdefault(part, {})
    return schema

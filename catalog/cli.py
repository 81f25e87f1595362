"""`callboard explain | query | catalog … | providers …`: the catalog from the command line."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import orjson
import typer
import yaml

from app.errors import CallboardError, InputError
from app.interfaces import PluginHost, Principal
from catalog.ingestion.exchange import IMPORT_PREFIX, exported, imported
from catalog.ingestion.parsing import parse_entities
from catalog.interfaces import (
    CatalogControl,
    EntitiesCatalog,
    Entity,
    FullMutation,
    Order,
    PageRequest,
    ProviderConnection,
)
from catalog.query.filters import parse_filters

OPERATOR = Principal("service", "operator")
Format = Literal["json", "yaml", "refs"]


class Connections:
    """How the import gets its connection: made by the plugin, which knows the store."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def to(self, provider: str) -> ProviderConnection:
        connection: ProviderConnection = self._make(provider)
        return connection

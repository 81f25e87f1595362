"""`search.*`, as Backstage names it. Source: spec/ui-backends.md §6."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.config import Duration


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, defer_build=True)


class CollatorSchedule(_Settings):
    frequency: Any = None
    """Taken and not needed: changes are followed as they happen."""
    initial_delay: Any = None
    """Taken and not needed."""
    timeout: Duration = timedelta(minutes=15)
    """How long it may take to collate everything."""


class CatalogCollatorSettings(_Settings):
    """Which entities can be found, and where results lead."""

    schedule: CollatorSchedule = CollatorSchedule()
    filter: Any = None
    """Entities to index, as the catalog's `filter` has it: an object or a list of objects; all if absent."""
    batch_size: int = Field(default=500, ge=1, le=10_000)
    """Entities of one transaction."""
    location_template: str = "/catalog/:namespace/:kind/:name"
    """The link of a result; the parts of the entity's ref are put in, and all is lower-cased."""


class CollatorsSettings(_Settings):
    catalog: CatalogCollatorSettings = Field(default_factory=CatalogCollatorSettings.model_construct)


class HighlightSettings(_Settings):
    """As PostgreSQL's `ts_headline` has them; they hold on both engines."""

    use_highlight: bool = True
    max_words: int = Field(default=35, ge=1, le=1000)
    """Words of an excerpt at most."""
    min_words: int = Field(default=15, ge=1, le=1000)
    """Words of an excerpt in which nothing was found."""
    highlight_all: bool = False
    """The whole text instead of an excerpt."""
    max_fragments: int = Field(default=0, ge=0, le=20)
    """Excerpts of a text at most; 0: one, from the first word found."""
    fragment_delimiter: str = " ... "


class PgSettings(_Settings):
    highlight_options: HighlightSettings = Field(default_factory=HighlightSettings.model_construct)


class SearchSettings(_Settings):
    max_page_limit: int = Field(default=100, ge=1, le=1000)
    """Results of a page at most."""
    max_term_length: int = Field(default=100, ge=1, le=10_000)
    """Characters of a term at most."""
    pg: PgSettings = Field(default_factory=PgSettings.model_construct)
    collators: CollatorsSettings = Field(default_factory=CollatorsSettings.model_construct)

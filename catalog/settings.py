"""What the configuration says under `catalog`. Source: spec/catalog.md §5.1."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.config import Duration
from catalog.ingestion.guard import GuardSettings


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True, populate_by_name=True)


class ConfiguredLocation(_Part):
    """`rules` allow further kinds from this very location."""

    type: str
    target: str
    rules: list[dict[str, Any]] = Field(default_factory=list)


class ProviderOptions(_Part):
    disabled: bool = False


class ProcessorOptions(_Part):
    disabled: bool = False
    priority: int | None = None


class ScmEventSettings(_Part):
    """What to do when a repository changes."""

    refresh: bool = True
    """Read again what a push may have changed."""
    unregister: bool = False
    """Forget registered locations whose file or repository is gone."""
    move: bool = False
    """Follow registered locations whose file or repository has moved."""


class CodeownersSettings(_Part):
    enabled: bool = False
    """Take the owner from CODEOWNERS where a descriptor names none."""


class BuiltinProcessorSettings(_Part):
    codeowners: CodeownersSettings = Field(default_factory=CodeownersSettings.model_construct)


class CatalogSettings(_Part):
    rules: list[Any] | None = None
    """Which kinds may come from where; Component, API and Location from anywhere if absent."""
    locations: list[ConfiguredLocation] = Field(default_factory=list)
    disable_default_processors: bool = Field(default=False, alias="disableDefaultProcessors")
    """Leave out the readers of files, URLs and git remotes, and the location annotations."""
    orphan_strategy: Literal["delete", "keep"] = Field(default="delete", alias="orphanStrategy")
    orphan_provider_strategy: Literal["delete", "keep"] = Field(default="delete", alias="orphanProviderStrategy")
    """What becomes of the entities of providers that are not installed any more."""
    default_location_conflict_strategy: Literal["reject", "refresh"] = Field(
        default="reject", alias="defaultLocationConflictStrategy"
    )
    processing_interval: Duration | Literal[False] = Field(default=timedelta(seconds=100), alias="processingInterval")
    """What reads outside is looked at again after so long, or up to half as long again. False: this process does not
    ingest at all."""
    provider_options: dict[str, ProviderOptions] = Field(default_factory=dict, alias="providerOptions")
    processor_options: dict[str, ProcessorOptions] = Field(default_factory=dict, alias="processorOptions")
    scm_events: bool | ScmEventSettings = Field(default_factory=ScmEventSettings, alias="scmEvents")
    """True or an object: which reactions to pushes and to changes of repositories are on."""
    processors: BuiltinProcessorSettings = Field(default_factory=BuiltinProcessorSettings.model_construct)
    index_memory_mb: int = Field(default=256, alias="indexMemoryMb", ge=16)
    """How much of documents, bitmaps and orders each process keeps to answer from, in MiB."""
    guard: GuardSettings = Field(default_factory=GuardSettings.model_construct)
    """When an answer of a provider is held back, since it would remove too much."""

    @property
    def interval_s(self) -> float | None:
        """Seconds, at least one; None where this process does not ingest."""
        if self.processing_interval is False:
            return None
        return max(self.processing_interval.total_seconds(), 1.0)

    @property
    def scm(self) -> ScmEventSettings:
        if isinstance(self.scm_events, ScmEventSettings):
            return self.scm_events
        on = self.scm_events
        return ScmEventSettings(refresh=on, unregister=on, move=on)

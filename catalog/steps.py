"""Which steps an entity goes through, in which order. Source: spec/catalog.md §4.5."""

from __future__ import annotations

from app.interfaces import Reading
from catalog.ingestion.parse_pool import ParsePool
from catalog.interfaces import CatalogExtensions, CatalogProcessor
from catalog.processing.steps.annotate_location import AnnotateLocationEntityProcessor
from catalog.processing.steps.builtin_kinds import BuiltinKindsEntityProcessor
from catalog.processing.steps.codeowners import CodeOwnersProcessor
from catalog.processing.steps.location_readers import FileReaderProcessor, GitReaderProcessor, UrlReaderProcessor
from catalog.processing.steps.placeholders import BUILTIN_PLACEHOLDERS, PlaceholderProcessor
from catalog.settings import CatalogSettings


def processing_steps(
    reading: Reading, parser: ParsePool, settings: CatalogSettings, extensions: CatalogExtensions
) -> list[CatalogProcessor]:
    """The built-in steps, then those of plugins; a plugin's step replaces the built-in one of its name."""
    added = {step.name for step in extensions.processors}
    steps: list[CatalogProcessor] = [
        PlaceholderProcessor({**BUILTIN_PLACEHOLDERS, **extensions.placeholders}, reading),
        BuiltinKindsEntityProcessor(),
    ]
    if not settings.disable_default_processors:
        steps += [
            FileReaderProcessor(reading, parser),
            UrlReaderProcessor(reading, parser),
            GitReaderProcessor(reading, parser),
            AnnotateLocationEntityProcessor(reading),
        ]
    if settings.processors.codeowners.enabled:
        steps.append(CodeOwnersProcessor(reading))
    chosen = []
    for step in [*(step for step in steps if step.name not in added), *extensions.processors]:
        options = settings.processor_options.get(step.name)
        if options is not None and options.disabled:
            continue
        if options is not None and options.priority is not None:
            step.priority = options.priority
        chosen.append(step)
    return chosen

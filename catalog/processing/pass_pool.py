"""Where passes run that need nothing but the entity: many at once in the child process, so that requests go on.

The child makes the steps anew (see `CatalogProcessor.portable`). It gives good passes alone; whatever else comes of one
is found out here, where the whole pipeline is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import orjson

from app.errors import CallboardError
from catalog.ingestion.rules import Rules
from catalog.interfaces import CatalogProcessor
from catalog.processing.outcome import cause_of, outcome_of
from catalog.processing.pipeline import Pipeline, location_of
from catalog.processing.steps.annotate_location import AnnotateLocationEntityProcessor
from catalog.store.documents import load_entity
from catalog.store.outcomes import DueRow, Outcome

if TYPE_CHECKING:
    from catalog.ingestion.child import Child

MANY = 32
"""From here on the child is asked: less is done here in a few milliseconds."""
AT_A_TIME = 250

_LOCATION = re.compile(r'"backstage\.io/managed-by-location":"([^"\\]*)"')
_UNTOUCHED = "{}"

Told = Mapping[str, dict[str, str]]
"""Location ref → annotations of the entities that were read there."""


class PassPool:
    def __init__(self, child: Child, pipeline: Pipeline) -> None:
        self._child = child
        self._pipeline = pipeline

    async def run(self, rows: Sequence[DueRow]) -> list[Outcome | None]:
        """What passes over entities that read nothing outside give; None for those that have to be run here."""
        steps = self._pipeline.portable_steps
        if len(rows) < MANY or steps is None:
            return [None] * len(rows)
        found: list[Outcome | None] = []
        for start in range(0, len(rows), AT_A_TIME):
            found += await self._ask(rows[start : start + AT_A_TIME], steps)
        return found

    async def _ask(self, rows: Sequence[DueRow], steps: Sequence[CatalogProcessor]) -> list[Outcome | None]:
        question = {
            "pass": [row.unprocessed if row.cache == _UNTOUCHED else "" for row in rows],
            "steps": [(type(step).__module__, type(step).__qualname__, step.priority) for step in steps],
            "told": self._told(rows, steps),
        }
        answer = await self._child.ask(orjson.dumps(question))
        given = [None] * len(rows) if answer is None else orjson.loads(answer)
        return [None if one is None else _outcome(row, *one) for row, one in zip(rows, given, strict=True)]

    def _told(self, rows: Sequence[DueRow], steps: Sequence[CatalogProcessor]) -> Told:
        """What the child cannot find out: it knows no integrations."""
        annotating = next((step for step in steps if isinstance(step, AnnotateLocationEntityProcessor)), None)
        if annotating is None:
            return {}
        told: dict[str, dict[str, str]] = {}
        for ref in {ref for row in rows for ref in _LOCATION.findall(row.unprocessed)}:
            # A pass over what has no proper location fails here, in words.
            with suppress(CallboardError):
                told[ref] = annotating.annotations(location_of(ref))
        return told


def _outcome(
    row: DueRow, processed: str, result_hash: str, relations: Sequence[Sequence[str]], refresh_keys: Sequence[str]
) -> Outcome:
    return Outcome(
        row,
        cause_of(row),
        result_hash,
        "[]",
        processed,
        children=[],
        relations=frozenset((source, kind, target) for source, kind, target in relations),
        refresh_keys=frozenset(refresh_keys),
    )


# ------------------------------------------------------------------------------------------------ in the child


def answer_passes(question: Mapping[str, Any]) -> list[Any]:
    """For each entity its processed form, result hash, relations and refresh keys; null for what is not so simple."""
    told: Told = question["told"]
    pipeline = _pipeline(tuple((module, name, priority) for module, name, priority in question["steps"]))
    for step in pipeline.steps:
        if isinstance(step, AnnotateLocationEntityProcessor):
            step.annotations = lambda location: told[str(location)]
    return [_passed(pipeline, text) if text else None for text in question["pass"]]


@lru_cache(maxsize=4)
def _pipeline(classes: tuple[tuple[str, str, int], ...]) -> Pipeline:
    nothing: Any = None  # Only Location entities are read, and those are not sent here.
    steps = []
    for module, name, priority in classes:
        step: CatalogProcessor = getattr(import_module(module), name)()
        step.priority = priority
        steps.append(step)
    return Pipeline(lambda: steps, Rules(()), nothing, ())


def _passed(pipeline: Pipeline, text: str) -> Any:
    try:
        run = pipeline.run(load_entity(text))
        run.send(None)
    except StopIteration as ended:
        done = ended.value
    except Exception:  # noqa: BLE001 -- it comes again where the pass is run, and is told there
        return None
    else:
        run.close()  # It waits for something: not so portable after all.
        return None
    if not done.ok or done.deferred or done.reads_outside or done.cache:
        return None
    one = outcome_of(DueRow(0, done.ref, text, "", None, False, "[]", _UNTOUCHED, 0, None, None), done)
    if not one.ok:
        return None
    return one.processed, one.result_hash, list(one.relations), list(one.refresh_keys)

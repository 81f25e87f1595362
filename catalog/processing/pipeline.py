"""One entity through every step. Values in, values out: nothing is stored here. Source: spec/catalog.md §4.4."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from app.errors import CallboardError, ConflictError, InputError, NotAllowedError
from catalog.ingestion.rules import Rules
from catalog.interfaces import CatalogProcessor, DeferredEntity, Entity, LocationSpec, ProcessingResult, Relation
from catalog.model.locations import parse_location_ref
from catalog.model.refs import ref_of
from catalog.model.well_known import LOCATION, ORIGIN_LOCATION
from catalog.processing.cache import PassCache, State, StepCache
from catalog.processing.collector import Collector
from catalog.processing.targets import absolute_target, check_type, is_folder, targets_of
from catalog.processing.trace import StepTaken, Trace, changed_paths
from catalog.validation.policies import enforce_policies

if TYPE_CHECKING:
    from app.interfaces import Reading

PLACEHOLDERS = "PlaceholderProcessor"
"""The one outside-reading step whose entities can be told from all others beforehand."""


@dataclass(slots=True)
class Pass:
    """What one pass gave. `entity` is None when it failed; then everything but the errors is void."""

    ref: str
    entity: Entity | None
    deferred: list[DeferredEntity] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    refresh_keys: list[str] = field(default_factory=list)
    cache: State = field(default_factory=dict)
    reads_outside: bool = False

    @property
    def ok(self) -> bool:
        return self.entity is not None and not self.errors

    @property
    def result(self) -> ProcessingResult:
        return ProcessingResult(self.entity, self.deferred, self.relations, self.errors, self.refresh_keys)


@lru_cache(maxsize=8192)
def location_of(ref: str) -> LocationSpec:
    """The location that a location ref names. Raises as `parse_location_ref` does."""
    found = parse_location_ref(ref)
    return LocationSpec(found.type, found.target)


def _annotated(entity: Entity, ref: str, name: str) -> LocationSpec:
    annotations = entity["metadata"].get("annotations")
    text = annotations.get(name) if isinstance(annotations, dict) else None
    if not text:
        raise InputError(f"Entity '{ref}' does not have the annotation {name}")
    return location_of(text)


def _class_name(step: CatalogProcessor) -> str:
    return type(step).__name__


def _overrides(steps: Iterable[CatalogProcessor], hook: str) -> tuple[CatalogProcessor, ...]:
    """Steps that do something at a hook: most do at one or two."""
    default = getattr(CatalogProcessor, hook)
    return tuple(step for step in steps if getattr(type(step), hook, default) is not default)


class Pipeline:
    """The steps in order of priority; those of equal priority in the order given."""

    def __init__(
        self,
        steps: Callable[[], Iterable[CatalogProcessor]],
        rules: Rules,
        reading: Reading,
        allowed_types: Collection[str],
    ) -> None:
        """`steps` is asked when the first entity comes: by then every plugin has added its own."""
        self._rules = rules
        self._reading = reading
        self._allowed_types = allowed_types
        self._find_steps = steps

    @cached_property
    def steps(self) -> tuple[CatalogProcessor, ...]:
        return tuple(sorted(self._find_steps(), key=lambda step: step.priority))

    @cached_property
    def pure(self) -> bool:
        """Whether only Location entities, and those with placeholders, may wait for something outside."""
        return not any(step.reads_outside and step.name != PLACEHOLDERS for step in self.steps)

    @cached_property
    def portable_steps(self) -> tuple[CatalogProcessor, ...] | None:
        """What entities without placeholders go through, where that can be done in another process."""
        busy = {*self._before, *self._kinds, *self._after}
        steps = tuple(step for step in self.steps if step in busy and step.name != PLACEHOLDERS)
        return steps if self.pure and all(step.portable for step in steps) else None

    @cached_property
    def _before(self) -> tuple[CatalogProcessor, ...]:
        return _overrides(self.steps, "pre_process")

    @cached_property
    def _kinds(self) -> tuple[CatalogProcessor, ...]:
        return _overrides(self.steps, "validate_entity_kind")

    @cached_property
    def _readers(self) -> tuple[CatalogProcessor, ...]:
        return _overrides(self.steps, "read_location")

    @cached_property
    def _after(self) -> tuple[CatalogProcessor, ...]:
        return _overrides(self.steps, "post_process")

    async def run(self, entity: Entity, cache: State | None = None, trace: Trace | None = None) -> Pass:
        """One pass. Never raises: what goes wrong is among the errors. Steps tell the trace what they did."""
        ref = ref_of(entity)
        try:
            own = _annotated(entity, ref, LOCATION)
            origin = _annotated(entity, ref, ORIGIN_LOCATION)
        except CallboardError as error:
            return Pass(ref, None, errors=[error])
        return await _Run(self, ref, own, origin, PassCache(cache or {}), trace).run(entity)


class _Run:
    """The state of one pass."""

    def __init__(
        self,
        pipeline: Pipeline,
        ref: str,
        own: LocationSpec,
        origin: LocationSpec,
        cache: PassCache,
        trace: Trace | None,
    ) -> None:
        self._pipeline = pipeline
        self._ref = ref
        self._own = own
        self._origin = origin
        self._cache = cache
        self._emit = Collector(ref, own, origin)
        self._reads_outside = False
        self._trace = trace

    async def run(self, entity: Entity) -> Pass:
        emit = self._emit
        done: Entity | None = None
        try:
            entity = await self._pre_process(entity)
            entity = self._policies(entity)
            await self._validate(entity)
            if entity["kind"] == "Location":
                await self._read_targets(entity)
            entity = await self._post_process(entity)
            self._check_rules()
            done = entity
        except CallboardError as error:
            emit.errors.append(error)
        return Pass(
            self._ref,
            done,
            emit.deferred,
            emit.relations,
            emit.errors,
            emit.refresh_keys,
            self._cache.state,
            self._reads_outside,
        )

    async def _pre_process(self, entity: Entity) -> Entity:
        emit = self._emit
        for step in self._pipeline._before:
            cache, heard, given = self._cache.of(step.name), self._heard(step), entity
            try:
                entity = await step.pre_process(entity, self._own, emit, self._origin, cache)
            except Exception as error:
                raise InputError(
                    f"Processor {_class_name(step)} threw an error while preprocessing", cause=error
                ) from error
            if step.reads_outside or self._trace is not None:
                self._noticed(step, "pre-process", cache, emit.heard - heard, given, entity)
        return entity

    def _heard(self, step: CatalogProcessor) -> int:
        return self._emit.heard if step.reads_outside or self._trace is not None else 0

    def _noticed(
        self, step: CatalogProcessor, phase: str, cache: StepCache, emitted: int, before: Entity, after: Entity
    ) -> None:
        if step.reads_outside:
            # If it did anything, it may do otherwise next time.
            self._reads_outside = self._reads_outside or emitted > 0 or after is not before or cache.touched
        if self._trace is not None and (emitted or after != before):
            self._trace.append(StepTaken(step.name, phase, emitted, tuple(changed_paths(before, after))))

    def _policies(self, entity: Entity) -> Entity:
        try:
            entity = enforce_policies(entity)
        except CallboardError as error:
            raise InputError(f"Policy check failed for {self._ref}", cause=error) from error
        if ref_of(entity) != self._ref:
            raise ConflictError("Fatal: The entity kind, namespace, or name changed during processing")
        return entity

    async def _validate(self, entity: Entity) -> None:
        known = False
        for step in self._pipeline._kinds:
            try:
                recognized = await step.validate_entity_kind(entity)
                known = recognized or known
                if recognized and self._trace is not None:
                    self._trace.append(StepTaken(step.name, "validate", 0, ()))
            except Exception as error:
                message = f"Processor {_class_name(step)} threw an error while validating the entity {self._ref}"
                raise InputError(message, cause=error) from error
        if not known:
            raise InputError(
                f"No processor recognized the entity {self._ref} as valid, "
                "possibly caused by a foreign kind or apiVersion"
            )

    async def _read_targets(self, entity: Entity) -> None:
        spec: dict[str, Any] = entity.get("spec") or {}
        kind = spec.get("type") or self._own.type
        presence: Literal["required", "optional"] = "optional" if spec.get("presence") == "optional" else "required"
        targets = targets_of(entity)
        self._reads_outside = self._reads_outside or bool(targets)
        for given in targets:
            check_type(kind, given, self._own, self._pipeline._allowed_types)
            if is_folder(kind, given):
                self._emit.error(
                    InputError(
                        f"LocationEntityProcessor cannot handle {kind} type location with target {self._own.target} "
                        "that ends with a path separator"
                    )
                )
                continue
            target = absolute_target(self._pipeline._reading, self._own, kind, given)
            await self._read(LocationSpec(kind, target, presence))

    async def _read(self, location: LocationSpec) -> None:
        for step in self._pipeline._readers:
            cache = self._cache.of(step.name, str(location))
            try:
                if await step.read_location(location, location.presence == "optional", self._emit, cache):
                    return
            except Exception as error:
                raise InputError(
                    f"Processor {_class_name(step)} threw an error while reading {location}", cause=error
                ) from error
        raise InputError(f"No processor was able to handle reading of {location}")

    async def _post_process(self, entity: Entity) -> Entity:
        emit = self._emit
        for step in self._pipeline._after:
            cache, heard, given = self._cache.of(step.name), self._heard(step), entity
            try:
                entity = await step.post_process(entity, self._own, emit, cache)
            except Exception as error:
                raise InputError(
                    f"Processor {_class_name(step)} threw an error while postprocessing", cause=error
                ) from error
            if step.reads_outside or self._trace is not None:
                self._noticed(step, "post-process", cache, emit.heard - heard, given, entity)
        return entity

    def _check_rules(self) -> None:
        rules = self._pipeline._rules
        for deferred in self._emit.deferred:
            if not rules.is_allowed(deferred.entity, self._origin):
                raise NotAllowedError(
                    f"Entity {ref_of(deferred.entity)} at {self._own}, originated at {self._origin}, is not of an "
                    "allowed kind for that location"
                )

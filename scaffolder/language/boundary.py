"""Where values enter and leave the engine: copied, checked, and as plain JSON on the outside."""

from collections.abc import Mapping
from typing import Any, Final

from scaffolder.language.errors import LanguageError, failure
from scaffolder.language.limits import MAX_DEPTH, MAX_ENTRIES, Meter
from scaffolder.language.numbers import number_text
from scaffolder.language.units import from_units, to_units
from scaffolder.language.values import (
    UNDEFINED,
    Regex,
    SafeText,
    Value,
    ordered,
    refuse_callable,
    to_text,
)

RESERVED: Final = frozenset({"constructor", "prototype", "__proto__"})
"""Names no template can speak of. Source: spec/scaffolder.md §4.2."""


class Context:
    """Values for templates to read, taken over once and reused by any number of renders.

    Rendering never changes them: a template that mutates an array works on a copy.
    """

    __slots__ = ("entries",)

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        """Take over `values`: JSON-like data, with UNDEFINED for what is not there.

        Raises:
            LanguageError: something else than null, booleans, numbers, strings, lists and mappings
                with string keys; nested deeper than 256; more than 100 000 entries; cyclic.
        """
        self.entries: dict[str, Value] = {}
        taking = _Import()
        try:
            for name, value in (values or {}).items():
                taken = taking.value(value, 1)
                if taken is not UNDEFINED:
                    self.entries[to_units(name)] = taken
        except LanguageError as error:
            error.locate("")
            raise

    def with_value(self, path: tuple[str, ...], value: Any) -> "Context":
        """A context with `value` at `path`; records on the way are made, everything else is shared."""
        if not path:
            raise failure("A path needs at least one name")
        derived = Context()
        derived.entries = _replaced(self.entries, tuple(map(to_units, path)), _Import().value(value, 1))
        return derived


class _Import:
    """One copy into the engine; an object met twice is copied once."""

    def __init__(self) -> None:
        self._left = MAX_ENTRIES
        self._copies: dict[int, Value] = {}
        # Keeps what has been copied alive: the keys above are addresses.
        self._originals: list[object] = []

    def value(self, value: object, depth: int) -> Value:
        if isinstance(value, str):
            return to_units(str(value))
        if value is None or value is UNDEFINED or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            try:
                return float(value)
            except OverflowError:
                return float("inf") if value > 0 else float("-inf")
        if not isinstance(value, (list, tuple, Mapping)):
            raise failure(f"Unsupported template value of type {type(value).__name__}")
        if depth > MAX_DEPTH:
            raise failure(f"Template value nesting cannot exceed {MAX_DEPTH} levels")
        known = self._copies.get(id(value))
        if known is not None:
            return known
        self._left -= len(value)
        if self._left < 0:
            raise failure(f"Template value copies cannot exceed {MAX_ENTRIES} structured entries")
        copy: Value
        if isinstance(value, Mapping):
            copy = ordered({_key(key): self.value(item, depth + 1) for key, item in value.items()})
        else:
            copy = [self.value(item, depth + 1) for item in value]
        self._copies[id(value)] = copy
        self._originals.append(value)
        return copy


def take(value: object) -> Value:
    """Copy one value of the host into the engine; see `Context` for what may fail."""
    return _Import().value(value, 1)


def give(value: Value, meter: Meter) -> Any:
    """`value` as the host sees it: JSON-like, numbers int where they are whole, UNDEFINED if it is that.

    Within records what is undefined is left out, within arrays it becomes None.

    Raises:
        LanguageError: it is or holds a callable, or is larger than the limits.
    """
    refuse_callable(value)
    return _given(value, meter, 0)


def duplicate(value: Value, copies: dict[int, Value]) -> Value:
    """A deep copy of a value without callables, for a render to mutate; `copies` keeps what is shared."""
    if not isinstance(value, (list, dict)):
        return value
    known = copies.get(id(value))
    if known is not None:
        return known
    copy: Value
    if isinstance(value, list):
        copy = [duplicate(item, copies) for item in value]
    else:
        copy = {key: duplicate(item, copies) for key, item in value.items()}
    copies[id(value)] = copy
    return copy


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise failure("Template records can have string keys only")
    return to_units(str(key))


def _replaced(entries: dict[str, Value], path: tuple[str, ...], value: Value) -> dict[str, Value]:
    name, rest = path[0], path[1:]
    if rest:
        child = entries.get(name, {})
        if not isinstance(child, dict):
            raise failure(f"Context path {name} is not a record")
        value = _replaced(child, rest, value)
    return ordered({**entries, name: value})


def _given(value: Value, meter: Meter, depth: int) -> Any:
    if isinstance(value, str):
        return from_units(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, SafeText):
        return from_units(value.text)
    if isinstance(value, Regex):
        return from_units(to_text(value, meter))
    if not isinstance(value, (list, dict)):
        return value
    if depth >= MAX_DEPTH:
        raise failure(f"Template value nesting cannot exceed {MAX_DEPTH} levels")
    meter.charge(len(value))
    refuse_callable(value)
    if isinstance(value, dict):
        return {from_units(key): _given(item, meter, depth + 1) for key, item in value.items() if item is not UNDEFINED}
    return [None if item is UNDEFINED else _given(item, meter, depth + 1) for item in value]


def _number(number: float) -> int | float:
    if not number.is_integer() or abs(number) >= 1e21:
        return number
    # Beyond 2**53 the digits JavaScript prints, not those the double happens to stand for.
    return int(number) if abs(number) < 2.0**53 else int(number_text(number))

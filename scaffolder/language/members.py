"""`target.key`: the only properties there are, and which methods a value has."""

from scaffolder.language.boundary import RESERVED
from scaffolder.language.environment import Cycler, CyclerMethod, Method
from scaffolder.language.errors import failure
from scaffolder.language.limits import Meter, refuse_size
from scaffolder.language.methods import method_names
from scaffolder.language.values import (
    UNDEFINED,
    Callable,
    SafeText,
    Value,
    add,
    is_index,
    order,
    to_number,
    to_text,
    truthy,
)


def property_key(key: Value, meter: Meter) -> str:
    """The text of a computed key."""
    return key if isinstance(key, str) else to_text(key, meter)


def member(target: Value, key: str, *, cookiecutter: bool) -> Value:
    """The own property `key` of `target`, else its method of that name, else UNDEFINED."""
    found = own(target, key)
    if found is not UNDEFINED or has_own(target, key):
        return found
    if isinstance(target, Cycler):
        if key == "current":
            return None if target.index < 0 else (target.values[target.index] if target.values else UNDEFINED)
        return CyclerMethod(target, key) if key in ("next", "reset") else UNDEFINED
    return Method(target, key) if key in method_names(target, cookiecutter=cookiecutter) else UNDEFINED


def own(target: Value, key: str) -> Value:
    """The own property, without methods."""
    if isinstance(target, dict):
        return UNDEFINED if key in RESERVED else target.get(key, UNDEFINED)
    if isinstance(target, list):
        return float(len(target)) if key == "length" else _item(target, key)
    if isinstance(target, str):
        return float(len(target)) if key == "length" else _item(target, key)
    if isinstance(target, SafeText):
        return target.text if key == "val" else own(target.text, key)
    return UNDEFINED


def has_own(target: Value, key: str) -> bool:
    """Whether the own property exists, be it undefined."""
    if isinstance(target, dict):
        return key in target and key not in RESERVED
    if isinstance(target, (list, str)):
        return key == "length" or (is_index(key) and int(key) < len(target))
    if isinstance(target, SafeText):
        return key == "val" or has_own(target.text, key)
    return False


def item(target: Value, key: Value, meter: Meter, *, cookiecutter: bool) -> Value:
    """`target[key]` with a computed key."""
    if isinstance(key, float) and isinstance(target, list) and 0 <= key < len(target) and key.is_integer():
        return target[int(key)]
    return member(target, property_key(key, meter), cookiecutter=cookiecutter)


def sliced(target: Value, start: Value, stop: Value, step: Value, meter: Meter) -> list[Value]:
    """`target[start:stop:step]`, with None for a bound that is missing: always an array."""
    if isinstance(target, Callable):
        raise failure("Callable values cannot be sliced")
    if not truthy(target):
        target = []
    length = own(target, "length")
    stride = to_number(step, meter)
    if stride == 0 or stride != stride or stride in (float("inf"), float("-inf")):
        raise failure("Slice step must have finite non-zero numeric coercion")
    backwards = stride < 0
    if start is None:
        start = to_number(length, meter) - 1 if backwards else 0.0
    if stop is None:
        stop = -1.0 if backwards else length
    elif order(stop, 0.0, meter) == -1:
        stop = add(stop, length, meter)
    if order(start, 0.0, meter) == -1:
        start = add(start, length, meter)
    if order(start, length, meter) is None and order(start, stop, meter) is None:
        # Neither bound is a number, so the reference goes on until its limit of work.
        raise meter.work_exhausted()
    items: list[Value] = []
    index = start
    while order(index, 0.0, meter) != -1 and order(index, length, meter) != 1:
        if order(index, stop, meter) in ((-1, 0) if backwards else (0, 1)):
            break
        meter.charge()
        value = own(target, property_key(index, meter))
        if isinstance(value, Callable):
            raise failure("Callable values cannot be coerced")
        items.append(value)
        index = add(index, step, meter)
    refuse_size(len(items))
    return items


def contains(container: Value, value: Value, meter: Meter) -> bool:
    """`value in container`."""
    if isinstance(container, str):
        meter.text(len(container))
        return to_text(value, meter) in container
    if isinstance(container, list):
        meter.charge(len(container))
        return any(_same(element, value) for element in container)
    if isinstance(container, dict):
        return has_own(container, property_key(value, meter))
    if isinstance(container, SafeText):
        return property_key(value, meter) in ("length", "val")
    raise failure("Membership requires an array, record, or string")


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, (str, float)):
        return type(left) is type(right) and left == right
    return left is right


def _item(target: list[Value] | str, key: str) -> Value:
    return target[int(key)] if is_index(key) and int(key) < len(target) else UNDEFINED

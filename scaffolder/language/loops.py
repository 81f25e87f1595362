"""`for`: what can be iterated, how targets are bound, and what `loop` is."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from scaffolder.language.closures import Execute, Region
from scaffolder.language.environment import Env, Scope
from scaffolder.language.errors import LanguageError, failure
from scaffolder.language.limits import Meter
from scaffolder.language.syntax import For
from scaffolder.language.values import UNDEFINED, SafeText, Value, to_number, truthy

if TYPE_CHECKING:
    from scaffolder.language.statements import StatementCompiler

Binding = list[tuple[str, int]]


class Variant:
    """A compiled body with the slots of its targets.

    A loop over several targets is compiled twice, as the reference's compiler does: for arrays, whose
    items are taken apart into slots only, and for records. The second is made when first needed.
    """

    __slots__ = ("binding", "body", "otherwise")

    def __init__(self, binding: Binding, body: Execute, otherwise: Execute | None) -> None:
        self.binding = binding
        self.body = body
        self.otherwise = otherwise


class LoopCompiler:
    """Compiles one `for`."""

    def __init__(self, compiler: "StatementCompiler", node: For, region: Region) -> None:
        self._compiler = compiler
        self._node = node
        self._region = region
        self._names = [target.name for target in node.targets]
        self._shows_loop = False

    def compile(self) -> Execute:
        """The closure of the loop."""
        node, depth = self._node, self._region.depth
        iterable = self._compiler.expression(node.iterable, self._region)
        length_slot = self._compiler.new_slot()
        region = self._region.inner()
        single = len(self._names) == 1
        array_variant = self._variant(region, self._names, with_else=single)
        record_variant = self._later(region, array_variant if single else None)
        shows_loop, at, names = self._shows_loop, node.at, self._names
        has_else = node.otherwise is not None

        def run(env: Env, output: list[str]) -> None:
            value = iterable(env)
            try:
                is_array, length, items = iterated(value, len(names), env.meter)
                variant = array_variant if is_array else record_variant()
                frame = env.frames[depth]
                if truthy(value):
                    frame[length_slot] = length
                length = frame.get(length_slot, UNDEFINED)
                inner = env.within(Scope(env.scope))
                bind = _binder(variant.binding, inner, depth, single=single, is_array=is_array)
                total = to_number(length, env.meter) if shows_loop else 0.0
            except LanguageError as error:
                error.near(at)
                raise
            index = 0.0
            for item in items:
                try:
                    bind(item)
                except LanguageError as error:
                    error.near(at)
                    raise
                if shows_loop:
                    inner.scope.names["loop"] = _loop_record(index, total, length)
                variant.body(inner, output)
                index += 1.0
            if has_else and not truthy(length):
                otherwise = record_variant().otherwise
                if otherwise is not None:
                    otherwise(inner, output)

        return run

    def _variant(self, region: Region, names: list[str], *, with_else: bool) -> Variant:
        compiler, node = self._compiler, self._node
        binding: Binding = []
        for name in names:
            slot = compiler.new_slot()
            region.slots[name] = (region.depth, slot)
            binding.append((name, slot))
        before = compiler.loop_names
        body = compiler.body(node.body, region)
        otherwise = compiler.body(node.otherwise, region) if with_else and node.otherwise is not None else None
        # The slot of a target named loop hides the record, and both bodies name the same things.
        self._shows_loop = self._shows_loop or compiler.loop_names > before or node.otherwise is not None
        return Variant(binding, body, otherwise)

    def _later(self, region: Region, variant: Variant | None) -> Callable[[], Variant]:
        made = [variant] if variant else []
        seen = region.inner()

        def make() -> Variant:
            if not made:
                made.append(self._variant(seen.inner(), self._names[:2], with_else=True))
            return made[0]

        return make


def iterated(value: Value, targets: int, meter: Meter) -> tuple[bool, Value, Iterator[Value]]:
    """Whether `value` is taken for an array, its length, and its items for so many targets."""
    if isinstance(value, list):
        return True, float(len(value)), _items(value)
    if isinstance(value, SafeText):
        return True, float(len(value.text)), iter(value.text)
    if isinstance(value, str):
        if targets == 1:
            return False, float(len(value)), iter(value)
        return False, float(len(value)), ([str(index), unit] for index, unit in enumerate(value))
    if isinstance(value, dict):
        if targets == 1:
            length = value.get("length", UNDEFINED)
            return False, length, _numbered(value, to_number(length, meter))
        return False, float(len(value)), ([key, item] for key, item in value.items())
    return False, UNDEFINED if targets == 1 else 0.0, iter(())


def _items(items: list[Value]) -> Iterator[Value]:
    # The body may lengthen the array it runs over.
    index = 0
    while index < len(items):
        yield items[index]
        index += 1


def _numbered(record: dict[str, Value], length: float) -> Iterator[Value]:
    index = 0
    while index < length:
        yield record.get(str(index), UNDEFINED)
        index += 1


def _binder(binding: Binding, inner: Env, depth: int, *, single: bool, is_array: bool) -> Callable[[Value], None]:
    names, frame = inner.scope.names, inner.frames[depth]
    if single:
        name, slot = binding[0]

        def bind_one(item: Value) -> None:
            names[name] = frame[slot] = item

        return bind_one

    def bind_parts(item: Value) -> None:
        for index, (name, slot) in enumerate(binding):
            frame[slot] = part = _part(item, index)
            if not is_array:
                names[name] = part

    return bind_parts


def _part(item: Value, index: int) -> Value:
    if item is UNDEFINED or item is None:
        raise failure("Cannot destructure a nullish loop value")
    if isinstance(item, (list, str)):
        return item[index] if index < len(item) else UNDEFINED
    return item.get(str(index), UNDEFINED) if isinstance(item, dict) else UNDEFINED


def _loop_record(index: float, total: float, length: Value) -> dict[str, Value]:
    return {
        "index": index + 1.0,
        "index0": index,
        "revindex": total - index,
        "revindex0": total - index - 1.0,
        "first": index == 0,
        "last": index == total - 1.0,
        "length": length,
    }

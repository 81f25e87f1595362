"""Calling: macros, methods, `range` and its like, and the functions of the host."""

from collections.abc import Callable
from dataclasses import dataclass

from scaffolder.language.environment import (
    Builtin,
    Cycler,
    CyclerMethod,
    Env,
    HostFunction,
    Joiner,
    Method,
    Scope,
    check_arity,
    fitted,
    refuse_keywords,
)
from scaffolder.language.errors import failure, quoted
from scaffolder.language.lexer import Dialect
from scaffolder.language.limits import Meter, refuse_size
from scaffolder.language.methods import call_method, method_names
from scaffolder.language.values import (
    UNDEFINED,
    SafeText,
    Value,
    add,
    kind_of,
    order,
    refuse_callable,
    truthy,
)
from scaffolder.language.values import Callable as CallableValue

MACRO_LEVELS = 7
"""How many levels of `Limits.nesting` a macro within a macro takes; the reference's count for the plainest."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The compiled arguments of a call."""

    positional: list[Callable[[Env], Value]]
    keywords: list[tuple[str, Callable[[Env], Value]]]


@dataclass(frozen=True, slots=True)
class MacroCode:
    """A compiled macro or call block."""

    names: list[str]
    slots: list[int]
    defaults: list[tuple[str, Callable[[Env], Value]]]
    body: Callable[[Env, list[str]], None]
    is_caller: bool


class Macro(CallableValue):
    """A macro, or the body of a call block: its code and where it was defined."""

    __slots__ = ("code", "exports", "frames", "scope")

    def __init__(self, code: MacroCode, scope: Scope, exports: Scope, frames: tuple[dict[int, Value], ...]) -> None:
        self.code = code
        self.scope = scope
        self.exports = exports
        self.frames = frames

    def invoke(self, env: Env, positional: list[Value], keywords: dict[str, Value]) -> SafeText:
        """Bind the arguments, render the body. Missing arguments are undefined, surplus ones fill defaults."""
        code = self.code
        env.meter.enter(MACRO_LEVELS)
        names, given = code.names, len(positional)
        if given > len(names):
            surplus = zip(code.defaults, positional[len(names) :], strict=False)
            keywords |= {name: value for (name, _), value in surplus}
        else:
            positional = positional + [keywords.pop(name, UNDEFINED) for name in names[given:]]
        frame: dict[int, Value] = {}
        scope = Scope(self.scope, isolated=True)
        inner = Env(env.run, scope, (*self.frames, frame), self.exports)
        for name, slot, value in zip(names, code.slots, positional, strict=False):
            scope.names[name] = frame[slot] = value
        for name, default in code.defaults:
            scope.names[name] = keywords[name] if name in keywords else default(inner)
        if "caller" in keywords and "caller" not in scope.names:
            scope.names["caller"] = keywords["caller"]
        pieces: list[str] = []
        code.body(inner, pieces)
        env.meter.depth -= MACRO_LEVELS
        return SafeText("".join(pieces))


def call_value(target: Value, arguments: Arguments, env: Env, path: str | None, dialect: Dialect) -> Value:
    """Call `target`, which the template spelled `path`; the arguments are evaluated if it takes them."""
    if isinstance(target, Method):
        signature = method_names(target.receiver, cookiecutter=dialect.cookiecutter)[target.name]
        operation = f"Template intrinsic {target.name}"
        values = _bounded(operation, arguments, env, signature.least, signature.most, dialect)
        return call_method(target.receiver, signature, values, env.meter)
    if isinstance(target, Macro):
        keywords = {key: value(env) for key, value in arguments.keywords}
        return target.invoke(env, _positional(arguments, env), keywords)
    if isinstance(target, HostFunction):
        refuse_keywords(len(arguments.keywords), f"Registered global {target.name}")
        return env.run.host.function(target.name, _positional(arguments, env), env.meter, env.run.loop)
    if isinstance(target, Builtin):
        most = {"range": 3, "joiner": 1}.get(target.name)
        values = _bounded(f"Built-in global {target.name}", arguments, env, 0, most, dialect)
        for value in values:
            refuse_callable(value)
        return _call_builtin(target.name, values, env.meter)
    if isinstance(target, (Joiner, CyclerMethod)):
        operation = "Joiner instance" if isinstance(target, Joiner) else f"Cycler {target.name}"
        _bounded(operation, arguments, env, 0, 0, dialect)
        return _call_stateful(target)
    if isinstance(target, Cycler):
        raise failure("Interpreter builtin object is not directly callable")
    subject = f"value {quoted(path)}" if path else "expression"
    raise failure(f"Template {subject} resolved to {kind_of(target)} and cannot be called")


def _bounded(
    operation: str, arguments: Arguments, env: Env, least: int, most: int | None, dialect: Dialect
) -> list[Value]:
    """Positional arguments of something that takes so many, checked before they are evaluated."""
    refuse_keywords(len(arguments.keywords), operation)
    if dialect.legacy:
        values = _positional(arguments, env)
        for value in values:
            refuse_callable(value)
        return fitted(values, least, most)
    check_arity(operation, len(arguments.positional), least, most)
    return _positional(arguments, env)


def _positional(arguments: Arguments, env: Env) -> list[Value]:
    return [value(env) for value in arguments.positional]


def _call_builtin(name: str, values: list[Value], meter: Meter) -> Value:
    if name == "range":
        return _range(values, meter)
    if name == "cycler":
        return Cycler(values)
    separator = values[0] if values else UNDEFINED
    return Joiner(separator if truthy(separator) else ",")


def _range(values: list[Value], meter: Meter) -> list[Value]:
    start, stop, step = (*values, UNDEFINED, UNDEFINED, UNDEFINED)[:3]
    if stop is UNDEFINED:
        start, stop, step = 0.0, start, 1.0
    elif not truthy(step):
        step = 1.0
    ascending = order(step, 0.0, meter) == 1
    items: list[Value] = []
    value = start
    while order(value, stop, meter) == (-1 if ascending else 1):
        items.append(value)
        meter.charge()
        refuse_size(len(items))
        value = add(value, step, meter)
    return items


def _call_stateful(target: Joiner | CyclerMethod) -> Value:
    if isinstance(target, Joiner):
        if target.used:
            return target.separator
        target.used = True
        return ""
    cycler = target.owner
    if target.name == "reset":
        cycler.index = -1
        return UNDEFINED
    if not cycler.values:
        cycler.index = 0
        return UNDEFINED
    cycler.index = (cycler.index + 1) % len(cycler.values)
    return cycler.values[cycler.index]

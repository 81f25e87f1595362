"""Expressions as closures: compiled once, run as often as wanted."""

from collections.abc import Callable
from itertools import count
from typing import Any, Final

from scaffolder.language import members
from scaffolder.language.boundary import duplicate
from scaffolder.language.calls import Arguments, call_value
from scaffolder.language.environment import Builtin, Env, HostFunction, Scope, fitted, refuse_keywords
from scaffolder.language.errors import LanguageError, failure, quoted
from scaffolder.language.filters import COOKIECUTTER_FILTERS, FILTERS
from scaffolder.language.filters.calling import call_filter, lowered
from scaffolder.language.filters.legacy import LEGACY_FILTERS
from scaffolder.language.host import Host
from scaffolder.language.lexer import Dialect
from scaffolder.language.limits import Meter
from scaffolder.language.methods import MUTATING
from scaffolder.language.numbers import divide, floor, number_text, power, remainder
from scaffolder.language.predicates import PREDICATES, ask, check_predicate_arity
from scaffolder.language.syntax import (
    And,
    ArrayLiteral,
    Call,
    Capture,
    Chain,
    Contains,
    Expression,
    Filter,
    Group,
    InlineIf,
    Literal,
    Member,
    Name,
    Not,
    Or,
    Power,
    RecordLiteral,
    RegexLiteral,
    Slice,
    Test,
    Unary,
)
from scaffolder.language.syntax import Arguments as ArgumentSyntax
from scaffolder.language.values import (
    UNDEFINED,
    Regex,
    Value,
    add,
    array,
    joined,
    kind_of,
    loosely_equal,
    order,
    record,
    refuse_callable,
    strictly_equal,
    to_number,
    to_text,
    truthy,
)

Evaluate = Callable[[Env], Value]
Execute = Callable[[Env, list[str]], None]
Operator = Callable[[Value, Value, Meter], Value]

OPERATORS: Final[dict[str, Operator]] = {
    "+": add,
    "~": lambda left, right, meter: joined(to_text(left, meter), to_text(right, meter), meter),
    "-": lambda left, right, meter: to_number(left, meter) - to_number(right, meter),
    "*": lambda left, right, meter: to_number(left, meter) * to_number(right, meter),
    "/": lambda left, right, meter: divide(to_number(left, meter), to_number(right, meter)),
    "%": lambda left, right, meter: remainder(to_number(left, meter), to_number(right, meter)),
    "==": loosely_equal,
    "!=": lambda left, right, meter: not loosely_equal(left, right, meter),
    "===": lambda left, right, meter: strictly_equal(left, right),
    "!==": lambda left, right, meter: not strictly_equal(left, right),
    "<": lambda left, right, meter: order(left, right, meter) == -1,
    "<=": lambda left, right, meter: order(left, right, meter) in (-1, 0),
    ">": lambda left, right, meter: order(left, right, meter) == 1,
    ">=": lambda left, right, meter: order(left, right, meter) in (0, 1),
}
_FILTERS: Final = {
    (cookiecutter, legacy): {**filters, **(LEGACY_FILTERS if legacy else {})}
    for cookiecutter, filters in ((False, FILTERS), (True, COOKIECUTTER_FILTERS))
    for legacy in (False, True)
}
_BUILTINS: Final = {name: Builtin(name) for name in ("range", "cycler", "joiner")}
_PYTHON_NAMES: Final[dict[str, Value]] = {"True": True, "False": False, "None": None}
_NOTHING: Final = object()


class Region:
    """Where a node stands: which names are slots there, and what macros and assignments export."""

    __slots__ = ("depth", "exports_assignments", "exports_macros", "slots")

    def __init__(
        self, depth: int, slots: dict[str, tuple[int, int]], *, macros: bool = False, assignments: bool = False
    ) -> None:
        self.depth = depth
        self.slots = slots
        self.exports_macros = macros
        self.exports_assignments = assignments

    def inner(self) -> "Region":
        """The body of a loop: sees the same slots, exports nothing."""
        return Region(self.depth, dict(self.slots))


class ExpressionCompiler:
    """Turns expressions into closures. `mutates` tells whether one of them may change the context."""

    def __init__(self, names: frozenset[str], dialect: Dialect, host: Host) -> None:
        self._names = names
        self._dialect = dialect
        self._cookiecutter = dialect.cookiecutter
        self._filters = _FILTERS[dialect.cookiecutter, dialect.legacy]
        self._host = host
        self._slots = count()
        self._computed_member = self._calls = self._mutating_name = False
        self.nodes = 0
        self.loop_names = 0

    @property
    def mutates(self) -> bool:
        """Whether a render needs its own copy of the context."""
        return self._mutating_name or (self._computed_member and self._calls)

    def expression(self, node: Expression, region: Region) -> Evaluate:
        """The closure of a node."""
        self.nodes += 1
        return _KINDS[type(node)](self, node, region)

    def capture(self, node: Capture, region: Region) -> Evaluate:
        """The text of a body; what bodies are, the compiler of statements knows."""
        raise NotImplementedError

    def new_slot(self) -> int:
        """A slot of its own."""
        return next(self._slots)

    def _literal(self, node: Literal, region: Region) -> Evaluate:
        value = node.value
        return lambda env: value

    def _regex(self, node: RegexLiteral, region: Region) -> Evaluate:
        source, flags, program = node.source, node.flags, node.program
        return lambda env: Regex(source, flags, program)

    def _name(self, node: Name, region: Region) -> Evaluate:
        name = node.name
        if name == "loop":
            self.loop_names += 1
        slot = region.slots.get(name)
        if slot is not None:
            frame, key = slot
            return lambda env: env.frames[frame].get(key, UNDEFINED)
        outside = self._outside(name)
        if name not in self._names:

            def from_context(env: Env) -> Value:
                value = env.run.context.get(name, _NOTHING)
                return value if value is not _NOTHING else outside(env)

            return from_context

        def from_scopes(env: Env) -> Value:
            scope: Scope | None = env.scope
            while scope is not None:
                value = scope.names.get(name, _NOTHING)
                if value is not _NOTHING:
                    return value
                scope = scope.parent
            value = env.run.context.get(name, _NOTHING)
            return value if value is not _NOTHING else outside(env)

        return from_scopes

    def _outside(self, name: str) -> Evaluate:
        """What a name means that neither a scope nor the context knows."""
        if self._cookiecutter and name in _PYTHON_NAMES:
            constant = _PYTHON_NAMES[name]
            return lambda env: constant
        if name in self._host.values:
            value = self._host.values[name]

            def from_host(env: Env) -> Value:
                if not self.mutates:
                    return value
                if name not in env.run.globals:
                    env.run.globals[name] = duplicate(value, {})
                return env.run.globals[name]

            return from_host
        found = HostFunction(name) if name in self._host.functions else _BUILTINS.get(name, UNDEFINED)
        return lambda env: found

    def _array(self, node: ArrayLiteral, region: Region) -> Evaluate:
        items = [self.expression(item, region) for item in node.items]
        return lambda env: array([item(env) for item in items])

    def _record(self, node: RecordLiteral, region: Region) -> Evaluate:
        entries = [(key, self.expression(value, region)) for key, value in node.entries]
        return lambda env: record({key: value(env) for key, value in entries})

    def _group(self, node: Group, region: Region) -> Evaluate:
        *others, last = [self.expression(item, region) for item in node.items]
        if not others:
            return last
        at = node.at

        def group(env: Env) -> Value:
            for other in others:
                value = other(env)
                try:
                    refuse_callable(value)
                except LanguageError as error:
                    error.near(at)
                    raise
            return last(env)

        return group

    def _member(self, node: Member, region: Region) -> Evaluate:
        if isinstance(node.key, Slice):
            return self._slice(node, node.key, region)
        target = self.expression(node.target, region)
        cookiecutter = self._cookiecutter
        if not isinstance(node.key, Literal):
            self._computed_member = True
            return self._computed(node, target, self.expression(node.key, region))
        constant = node.key.value
        key = number_text(constant) if isinstance(constant, float) else _key_text(constant)
        self._mutating_name = self._mutating_name or key in MUTATING

        def named(env: Env) -> Value:
            holder = target(env)
            if type(holder) is dict:
                value = holder.get(key, _NOTHING)
                if value is not _NOTHING:
                    return value
            return members.member(holder, key, cookiecutter=cookiecutter)

        return named

    def _computed(self, node: Member, target: Evaluate, key: Evaluate) -> Evaluate:
        at, cookiecutter = node.at, self._cookiecutter

        def computed(env: Env) -> Value:
            holder, name = target(env), key(env)
            try:
                return members.item(holder, name, env.meter, cookiecutter=cookiecutter)
            except LanguageError as error:
                error.near(at)
                raise

        return computed

    def _slice(self, node: Member, bounds: Slice, region: Region) -> Evaluate:
        target = self.expression(node.target, region)
        start, stop, step = (
            self.expression(bound, region) if bound is not None else None
            for bound in (bounds.start, bounds.stop, bounds.step)
        )
        at = node.at

        def sliced(env: Env) -> Value:
            holder = target(env)
            first = start(env) if start else None
            last = stop(env) if stop else None
            stride = step(env) if step else 1.0
            try:
                return members.sliced(holder, first, last, stride, env.meter)
            except LanguageError as error:
                error.near(at)
                raise

        return sliced

    def _not(self, node: Not, region: Region) -> Evaluate:
        operand = self.expression(node.operand, region)
        return lambda env: not truthy(operand(env))

    def _unary(self, node: Unary, region: Region) -> Evaluate:
        operand = self.expression(node.operand, region)
        operator, at = node.operator, node.at

        def unary(env: Env) -> Value:
            value = operand(env)
            try:
                number = to_number(value, env.meter)
            except LanguageError as error:
                error.near(at)
                raise
            return -number if operator == "-" else floor(number) if operator == "floor" else number

        return unary

    def _chain(self, node: Chain, region: Region) -> Evaluate:
        first, at = self.expression(node.first, region), node.at
        steps = [(OPERATORS[operator], self.expression(operand, region)) for operator, operand in node.steps]

        def chain(env: Env) -> Value:
            value = first(env)
            meter = env.meter
            for operator, operand in steps:
                right = operand(env)
                try:
                    value = operator(value, right, meter)
                except LanguageError as error:
                    error.near(at)
                    raise
            return value

        return chain

    def _power(self, node: Power, region: Region) -> Evaluate:
        base, exponent = self.expression(node.base, region), self.expression(node.exponent, region)
        at = node.at

        def raised(env: Env) -> Value:
            left, right = base(env), exponent(env)
            try:
                return power(to_number(left, env.meter), to_number(right, env.meter))
            except LanguageError as error:
                error.near(at)
                raise

        return raised

    def _contains(self, node: Contains, region: Region) -> Evaluate:
        item, container = self.expression(node.item, region), self.expression(node.container, region)
        at = node.at

        def contains(env: Env) -> Value:
            value = item(env)
            holder = container(env)
            try:
                return members.contains(holder, value, env.meter)
            except LanguageError as error:
                error.near(at)
                raise

        return contains

    def _and(self, node: And, region: Region) -> Evaluate:
        *others, last = [self.expression(operand, region) for operand in node.operands]

        def conjunction(env: Env) -> Value:
            for operand in others:
                value = operand(env)
                if not truthy(value):
                    return value
            return last(env)

        return conjunction

    def _or(self, node: Or, region: Region) -> Evaluate:
        *others, last = [self.expression(operand, region) for operand in node.operands]

        def disjunction(env: Env) -> Value:
            for operand in others:
                value = operand(env)
                if truthy(value):
                    return value
            return last(env)

        return disjunction

    def _inline_if(self, node: InlineIf, region: Region) -> Evaluate:
        condition, then = self.expression(node.condition, region), self.expression(node.then, region)
        otherwise = self.expression(node.otherwise, region) if node.otherwise is not None else None

        def conditional(env: Env) -> Value:
            if truthy(condition(env)):
                return then(env)
            return otherwise(env) if otherwise is not None else ""

        return conditional

    def arguments(self, node: ArgumentSyntax, region: Region) -> Arguments:
        """The arguments of a call, a filter or a test."""
        return Arguments(
            [self.expression(value, region) for value in node.positional],
            [(key, self.expression(value, region)) for key, value in node.keywords],
        )

    def _call(self, node: Call, region: Region) -> Evaluate:
        self._calls = True
        callee = self.expression(node.callee, region)
        arguments = self.arguments(node.arguments, region)
        at, path = node.at, _path(node.callee)
        dialect = self._dialect

        def call(env: Env) -> Value:
            target = callee(env)
            try:
                return call_value(target, arguments, env, path, dialect)
            except LanguageError as error:
                error.near(at)
                raise

        return call

    def _filter(self, node: Filter, region: Region) -> Evaluate:
        value = self.expression(node.input, region)
        arguments = self.arguments(node.arguments, region)
        name, at = node.name, node.at
        if name in self._host.filters:
            return self._host_filter(name, value, arguments, at)
        function = self._filters.get(name)
        if function is None:
            return _failing(f"Unknown template filter {quoted(name)}", at)
        shown = "dump" if name == "jsonify" else name
        applied = function

        def builtin(env: Env) -> Value:
            subject = value(env)
            positional = [argument(env) for argument in arguments.positional]
            try:
                if arguments.keywords:
                    keywords = {key: argument(env) for key, argument in arguments.keywords}
                    positional = lowered(name, positional, keywords)
                return call_filter(applied, subject, positional, env.meter)
            except LanguageError as error:
                if error.kind == "evaluation_error" and error.offset is None:
                    detail = f"Filter {quoted(shown)} failed for {kind_of(subject)} input: {error.detail}"
                    raise LanguageError("evaluation_error", detail, at) from None
                error.near(at)
                raise

        return builtin

    def _host_filter(self, name: str, value: Evaluate, arguments: Arguments, at: int) -> Evaluate:
        def filtered(env: Env) -> Value:
            try:
                refuse_keywords(len(arguments.keywords), f"Registered filter {name}")
                values = [value(env), *[argument(env) for argument in arguments.positional]]
                return env.run.host.filter(name, values, env.meter, env.run.loop)
            except LanguageError as error:
                error.near(at)
                raise

        return filtered

    def _test(self, node: Test, region: Region) -> Evaluate:
        value = self.expression(node.operand, region)
        arguments = self.arguments(node.arguments or ArgumentSyntax(), region)
        name, at = node.name, node.at
        predicate = PREDICATES.get(name)
        if predicate is None:
            return _failing(f"Unknown template test {quoted(name)}", at)
        try:
            refuse_keywords(len(arguments.keywords), f"Template test {name}")
            if not self._dialect.legacy:
                check_predicate_arity(name, len(arguments.positional))
        except LanguageError as error:
            return _failing(error.detail, at)

        def test(env: Env) -> Value:
            subject = value(env)
            values = [argument(env) for argument in arguments.positional]
            try:
                return ask(predicate, subject, fitted(values, predicate.arity, predicate.arity), env.meter)
            except LanguageError as error:
                if error.kind == "evaluation_error" and error.offset is None:
                    detail = f"Test {quoted(name)} failed for {kind_of(subject)} input: {error.detail}"
                    raise LanguageError("evaluation_error", detail, at) from None
                error.near(at)
                raise

        return test


def _failing(detail: str, at: int) -> Evaluate:
    """A closure for what is wrong only if it is ever evaluated."""

    def fail(env: Env) -> Value:
        error = failure(detail)
        error.near(at)
        raise error

    return fail


def _key_text(constant: Value) -> str:
    if isinstance(constant, str):
        return constant
    return "null" if constant is None else "true" if constant else "false"


def _path(callee: Expression) -> str | None:
    """What was called, for a message: `a.b.c`."""
    if isinstance(callee, Name):
        return callee.name
    if isinstance(callee, Member) and isinstance(callee.key, Literal) and isinstance(callee.key.value, str):
        parent = _path(callee.target)
        return f"{parent}.{callee.key.value}" if parent else None
    return None


_KINDS: Final[dict[type, Callable[[ExpressionCompiler, Any, Region], Evaluate]]] = {
    Literal: ExpressionCompiler._literal,
    RegexLiteral: ExpressionCompiler._regex,
    Name: ExpressionCompiler._name,
    ArrayLiteral: ExpressionCompiler._array,
    Group: ExpressionCompiler._group,
    RecordLiteral: ExpressionCompiler._record,
    Member: ExpressionCompiler._member,
    Call: ExpressionCompiler._call,
    Filter: ExpressionCompiler._filter,
    Test: ExpressionCompiler._test,
    Not: ExpressionCompiler._not,
    Unary: ExpressionCompiler._unary,
    Chain: ExpressionCompiler._chain,
    Power: ExpressionCompiler._power,
    Contains: ExpressionCompiler._contains,
    And: ExpressionCompiler._and,
    Or: ExpressionCompiler._or,
    InlineIf: ExpressionCompiler._inline_if,
    Capture: lambda compiler, node, region: compiler.capture(node, region),
}

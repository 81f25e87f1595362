"""Expressions as closures: compiled once, run as often as wanted."""

from collections.abc import Callable
from itertools import count
from typing import Any, Final

from scaffolder.language import applications, lookups, members
from scaffolder.language.boundary import duplicate
from scaffolder.language.calls import Arguments
from scaffolder.language.closures import Evaluate, Region, failing
from scaffolder.language.environment import Builtin, Env, HostFunction, Scope
from scaffolder.language.errors import LanguageError
from scaffolder.language.host import Host
from scaffolder.language.lexer import Dialect
from scaffolder.language.numbers import floor, power
from scaffolder.language.operators import OPERATORS
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
    Test,
    Unary,
)
from scaffolder.language.syntax import Arguments as ArgumentSyntax
from scaffolder.language.values import (
    UNDEFINED,
    Regex,
    Value,
    array,
    record,
    refuse_callable,
    to_number,
    truthy,
)

_BUILTINS: Final = {name: Builtin(name) for name in ("range", "cycler", "joiner")}
_PYTHON_NAMES: Final[dict[str, Value]] = {"True": True, "False": False, "None": None}
_NOTHING: Final = object()


class ExpressionCompiler:
    """Turns expressions into closures. `mutates` tells whether one of them may change the context."""

    def __init__(self, names: frozenset[str], dialect: Dialect, host: Host) -> None:
        self._names = names
        self.dialect = dialect
        self.host = host
        self._slots = count()
        self.computes_members = self.has_calls = self.names_mutation = False
        self.nodes = 0
        self.loop_names = 0
        self.doomed: list[tuple[str, int]] = []
        """What fails if it is ever evaluated, and where it stands."""

    @property
    def mutates(self) -> bool:
        """Whether a render needs its own copy of the context."""
        return self.names_mutation or (self.computes_members and self.has_calls)

    def expression(self, node: Expression, region: Region) -> Evaluate:
        """The closure of a node."""
        self.nodes += 1
        return _KINDS[type(node)](self, node, region)

    def failing(self, detail: str, at: int) -> Evaluate:
        """The closure of something that fails whenever it is evaluated."""
        self.doomed.append((detail, at))
        return failing(detail, at)

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
        if self.dialect.cookiecutter and name in _PYTHON_NAMES:
            constant = _PYTHON_NAMES[name]
            return lambda env: constant
        if name in self.host.values:
            value = self.host.values[name]

            def from_host(env: Env) -> Value:
                if not self.mutates:
                    return value
                if name not in env.run.globals:
                    env.run.globals[name] = duplicate(value, {})
                return env.run.globals[name]

            return from_host
        found = HostFunction(name) if name in self.host.functions else _BUILTINS.get(name, UNDEFINED)
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


_KINDS: Final[dict[type, Callable[[ExpressionCompiler, Any, Region], Evaluate]]] = {
    Literal: ExpressionCompiler._literal,
    RegexLiteral: ExpressionCompiler._regex,
    Name: ExpressionCompiler._name,
    ArrayLiteral: ExpressionCompiler._array,
    Group: ExpressionCompiler._group,
    RecordLiteral: ExpressionCompiler._record,
    Member: lookups.compile_member,
    Call: applications.compile_call,
    Filter: applications.compile_filter,
    Test: applications.compile_test,
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

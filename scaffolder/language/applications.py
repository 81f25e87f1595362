"""Calls, filters and tests as closures."""

from typing import TYPE_CHECKING, Final

from scaffolder.language.calls import Arguments, call_value
from scaffolder.language.closures import Evaluate, Region
from scaffolder.language.environment import Env, fitted, refuse_keywords
from scaffolder.language.errors import LanguageError, quoted
from scaffolder.language.filters import COOKIECUTTER_FILTERS, FILTERS
from scaffolder.language.filters.calling import call_filter, lowered
from scaffolder.language.filters.legacy import LEGACY_FILTERS
from scaffolder.language.predicates import PREDICATES, ask, check_predicate_arity
from scaffolder.language.suggestions import unknown
from scaffolder.language.syntax import Arguments as ArgumentSyntax
from scaffolder.language.syntax import Call, Expression, Filter, Literal, Member, Name, Test
from scaffolder.language.values import Value, kind_of, refuse_callable

if TYPE_CHECKING:
    from scaffolder.language.evaluator import ExpressionCompiler

_FILTERS: Final = {
    (cookiecutter, legacy): {**filters, **(LEGACY_FILTERS if legacy else {})}
    for cookiecutter, filters in ((False, FILTERS), (True, COOKIECUTTER_FILTERS))
    for legacy in (False, True)
}


def compile_call(compiler: "ExpressionCompiler", node: Call, region: Region) -> Evaluate:
    """The closure of a call; what is called is found out when it runs."""
    compiler.has_calls = True
    callee = compiler.expression(node.callee, region)
    arguments = compiler.arguments(node.arguments, region)
    at, path = node.at, _path(node.callee)
    dialect = compiler.dialect

    def call(env: Env) -> Value:
        target = callee(env)
        try:
            return call_value(target, arguments, env, path, dialect)
        except LanguageError as error:
            error.near(at)
            raise

    return call


def compile_filter(compiler: "ExpressionCompiler", node: Filter, region: Region) -> Evaluate:
    """The closure of a filter: the host's, else a built-in one; an unknown one fails when it runs."""
    value = compiler.expression(node.input, region)
    arguments = compiler.arguments(node.arguments, region)
    name, at = node.name, node.at
    if name in compiler.host.filters:
        return _host_filter(name, value, arguments, at)
    filters = _FILTERS[compiler.dialect.cookiecutter, compiler.dialect.legacy]
    function = filters.get(name)
    if function is None:
        return compiler.failing(unknown("template filter", name, [*sorted(filters), *compiler.host.filters]), at)
    shown = "dump" if name == "jsonify" else name
    applied = function

    def builtin(env: Env) -> Value:
        subject = value(env)
        positional = [argument(env) for argument in arguments.positional]
        try:
            if arguments.keywords:
                keywords = {key: argument(env) for key, argument in arguments.keywords}
                positional = lowered(name, positional, keywords)
            refuse_callable(subject)
            for given in positional:
                refuse_callable(given)
        except LanguageError as error:
            error.near(at)
            raise
        try:
            return call_filter(applied, subject, positional, env.meter)
        except LanguageError as error:
            if error.kind == "evaluation_error" and error.offset is None:
                detail = f"Filter {quoted(shown)} failed for {kind_of(subject)} input: {error.detail}"
                raise LanguageError("evaluation_error", detail, at) from None
            error.near(at)
            raise

    return builtin


def _host_filter(name: str, value: Evaluate, arguments: Arguments, at: int) -> Evaluate:
    def filtered(env: Env) -> Value:
        try:
            refuse_keywords(len(arguments.keywords), f"Registered filter {name}")
            values = [value(env), *[argument(env) for argument in arguments.positional]]
            return env.run.host.filter(name, values, env.meter, env.run.loop)
        except LanguageError as error:
            error.near(at)
            raise

    return filtered


def compile_test(compiler: "ExpressionCompiler", node: Test, region: Region) -> Evaluate:
    """The closure of a test; an unknown one, or wrong arguments, fail when it runs."""
    value = compiler.expression(node.operand, region)
    arguments = compiler.arguments(node.arguments or ArgumentSyntax(), region)
    name, at = node.name, node.at
    predicate = PREDICATES.get(name)
    if predicate is None:
        return compiler.failing(unknown("template test", name, PREDICATES), at)
    try:
        refuse_keywords(len(arguments.keywords), f"Template test {name}")
        if not compiler.dialect.legacy:
            check_predicate_arity(name, len(arguments.positional))
    except LanguageError as error:
        return compiler.failing(error.detail, at)

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


def _path(callee: Expression) -> str | None:
    """What was called, for a message: `a.b.c`."""
    if isinstance(callee, Name):
        return callee.name
    if isinstance(callee, Member) and isinstance(callee.key, Literal) and isinstance(callee.key.value, str):
        parent = _path(callee.target)
        return f"{parent}.{callee.key.value}" if parent else None
    return None

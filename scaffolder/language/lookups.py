"""Members and slices as closures."""

from typing import TYPE_CHECKING, Final

from scaffolder.language import members
from scaffolder.language.closures import Evaluate, Region
from scaffolder.language.environment import Env
from scaffolder.language.errors import LanguageError
from scaffolder.language.methods import MUTATING
from scaffolder.language.numbers import number_text
from scaffolder.language.syntax import Literal, Member, Slice
from scaffolder.language.values import Value

if TYPE_CHECKING:
    from scaffolder.language.evaluator import ExpressionCompiler

_NOTHING: Final = object()


def compile_member(compiler: "ExpressionCompiler", node: Member, region: Region) -> Evaluate:
    """The closure of a member or a slice, and a note of whether it could change its target."""
    if isinstance(node.key, Slice):
        return _slice(compiler, node, node.key, region)
    target = compiler.expression(node.target, region)
    cookiecutter = compiler.dialect.cookiecutter
    if not isinstance(node.key, Literal):
        compiler.computes_members = True
        return _computed(compiler, node, target, compiler.expression(node.key, region))
    constant = node.key.value
    key = number_text(constant) if isinstance(constant, float) else _key_text(constant)
    compiler.names_mutation = compiler.names_mutation or key in MUTATING

    def named(env: Env) -> Value:
        holder = target(env)
        if type(holder) is dict:
            value = holder.get(key, _NOTHING)
            if value is not _NOTHING:
                return value
        return members.member(holder, key, cookiecutter=cookiecutter)

    return named


def _computed(compiler: "ExpressionCompiler", node: Member, target: Evaluate, key: Evaluate) -> Evaluate:
    at, cookiecutter = node.at, compiler.dialect.cookiecutter

    def computed(env: Env) -> Value:
        holder, name = target(env), key(env)
        try:
            return members.item(holder, name, env.meter, cookiecutter=cookiecutter)
        except LanguageError as error:
            error.near(at)
            raise

    return computed


def _slice(compiler: "ExpressionCompiler", node: Member, bounds: Slice, region: Region) -> Evaluate:
    target = compiler.expression(node.target, region)
    start, stop, step = (
        compiler.expression(bound, region) if bound is not None else None
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


def _key_text(constant: Value) -> str:
    if isinstance(constant, str):
        return constant
    return "null" if constant is None else "true" if constant else "false"

"""JSON trees with templates in their strings: a step's input, condition and output."""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scaffolder.language.boundary import Context
from scaffolder.language.errors import LanguageError
from scaffolder.language.template import Language
from scaffolder.language.values import UNDEFINED

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class TreeProblem:
    """A string that could not be rendered and was left as it is."""

    path: Path
    """Keys and indices that lead to the string."""
    source: str
    error: LanguageError


def render_tree(
    language: Language,
    tree: Any,
    context: Context | Mapping[str, Any],
    problem: Callable[[TreeProblem], None] = lambda _: None,
    *,
    loop: AbstractEventLoop | None = None,
) -> Any:
    """Render every string value of a JSON tree, depth first. Source: spec/scaffolder.md §4.1.

    A string that is one expression becomes its value, of any type. What is undefined is dropped from
    records, and is None in lists. A string that fails stays as it is, and `problem` is told: nothing
    is raised. Keys are not rendered. UNDEFINED if the tree itself is a string of that value.
    """
    prepared = context if isinstance(context, Context) else Context(context)

    def rendered(source: str, path: Path) -> Any:
        if language.is_plain(source):
            return source
        try:
            return language.compile(source).value(prepared, loop=loop)
        except LanguageError as error:
            problem(TreeProblem(path, source, error))
            return source

    return _walked(tree, (), rendered)


async def render_tree_async(
    language: Language,
    tree: Any,
    context: Context | Mapping[str, Any],
    problem: Callable[[TreeProblem], None] = lambda _: None,
) -> Any:
    """Like `render_tree`, in a thread, so that filters and globals may be asynchronous."""
    prepared = context if isinstance(context, Context) else Context(context)
    loop = asyncio.get_running_loop()
    return await asyncio.to_thread(render_tree, language, tree, prepared, problem, loop=loop)


def _walked(tree: Any, path: Path, rendered: Callable[[str, Path], Any]) -> Any:
    if isinstance(tree, str):
        return rendered(tree, path)
    if isinstance(tree, Mapping):
        walked = ((key, _walked(item, (*path, key), rendered)) for key, item in tree.items())
        return {key: item for key, item in walked if item is not UNDEFINED}
    if isinstance(tree, (list, tuple)):
        items = [_walked(item, (*path, index), rendered) for index, item in enumerate(tree)]
        return [None if item is UNDEFINED else item for item in items]
    return tree

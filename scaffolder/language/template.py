"""The door of the language: compile a source once, render it or evaluate it as often as wanted."""

import asyncio
from collections.abc import Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from scaffolder.language.boundary import Context, duplicate, give
from scaffolder.language.environment import Env, Run, Scope
from scaffolder.language.errors import LanguageError, LimitError
from scaffolder.language.evaluator import Region
from scaffolder.language.host import Host
from scaffolder.language.lexer import Dialect
from scaffolder.language.limits import Limits, Meter
from scaffolder.language.parser import Tree, parse
from scaffolder.language.statements import StatementCompiler
from scaffolder.language.syntax import Output
from scaffolder.language.units import from_units, to_units

if TYPE_CHECKING:
    from scaffolder.interfaces import TemplateFilter, TemplateGlobal


class Language:
    """A dialect with the filters and globals of a host and limits. Immutable, shared between threads."""

    def __init__(
        self,
        *,
        filters: "Iterable[TemplateFilter]" = (),
        globals: "Iterable[TemplateGlobal]" = (),  # noqa: A002 - what templates and their docs call them
        dialect: Dialect | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Set a language up.

        Args:
            filters: called with the input and positional arguments as JSON-like values, UNDEFINED for
                what is not there; return one, or a coroutine for it (see `Template.render_async`).
            globals: functions, called likewise, and JSON-like values.
            dialect: delimiters, white space, legacy items.
            limits: what one template may use.

        Raises:
            ValueError: a filter or global has a name templates cannot speak of.
            LanguageError: a global value is not JSON-like.
        """
        self.host = Host(filters, globals)
        self.dialect = dialect or Dialect()
        self.limits = limits or Limits()
        self.loop: asyncio.AbstractEventLoop | None = None

    def waited_for_by(self, loop: asyncio.AbstractEventLoop) -> "Language":
        """The same language for use in another thread: `loop` runs what is asynchronous."""
        language = copy(self)
        language.loop = loop
        return language

    def compile(self, source: str) -> "Template":
        """Parse and compile `source`.

        Raises:
            LanguageError: `syntax_error`; LimitError of `source`, `nodes` or `nesting`.
        """
        return Template(source, self)


class Template:
    """A compiled source. Rendering takes a context and leaves both unchanged; safe to share."""

    def __init__(self, source: str, language: Language) -> None:
        self._source = to_units(source)
        self._limits = language.limits
        self._host = language.host
        self._loop = language.loop
        try:
            self.tree: Tree = parse(self._source, language.dialect, self._limits)
            self._compiler = StatementCompiler(self.tree.names, language.dialect, self._host)
            region = Region(0, {}, macros=True, assignments=True)
            self._sole = None
            if len(self.tree.body) == 1 and isinstance(self.tree.body[0], Output):
                self._sole = self._compiler.expression(self.tree.body[0].expression, region)
                region = Region(0, {}, macros=True, assignments=True)
            self._body = self._compiler.body(self.tree.body, region)
        except LanguageError as error:
            error.locate(self._source)
            raise
        except RecursionError:
            raise self._too_deep() from None

    @property
    def is_expression(self) -> bool:
        """Whether the source is one `${{ … }}` (comments beside it allowed), so that `value` keeps its type."""
        return self._sole is not None

    def render(self, context: Context | Mapping[str, Any] | None = None) -> str:
        """The text the template makes of `context`.

        Raises:
            LanguageError: `evaluation_error` or `capability_error`; LimitError.
        """
        return self._render(_context(context), self._loop)

    def value(self, context: Context | Mapping[str, Any] | None = None) -> Any:
        """The value of a source that is one expression: JSON-like, or UNDEFINED. Any other source's text.

        Raises:
            LanguageError: as `render`.
        """
        return self._value(_context(context), self._loop)

    def position(self, at: int) -> tuple[int, int]:
        """One-based line and column of an offset in the source."""
        return self._source.count("\n", 0, at) + 1, at - self._source.rfind("\n", 0, at)

    async def render_async(self, context: Context | Mapping[str, Any] | None = None) -> str:
        """Like `render`, in a thread, so that filters and globals may be asynchronous."""
        prepared = _context(context)
        return await asyncio.to_thread(self._render, prepared, asyncio.get_running_loop())

    async def value_async(self, context: Context | Mapping[str, Any] | None = None) -> Any:
        """Like `value`, in a thread, so that filters and globals may be asynchronous."""
        prepared = _context(context)
        return await asyncio.to_thread(self._value, prepared, asyncio.get_running_loop())

    def _render(self, context: Context, loop: asyncio.AbstractEventLoop | None) -> str:
        output: list[str] = []
        env = self._env(context, loop)
        try:
            self._body(env, output)
        except LanguageError as error:
            error.locate(self._source)
            raise
        except RecursionError:
            raise self._too_deep() from None
        return from_units("".join(output))

    def _value(self, context: Context, loop: asyncio.AbstractEventLoop | None) -> Any:
        if self._sole is None:
            return self._render(context, loop)
        env = self._env(context, loop)
        try:
            value = give(self._sole(env), env.meter)
            if isinstance(value, str):
                env.meter.emit(len(value))
        except LanguageError as error:
            error.locate(self._source)
            raise
        except RecursionError:
            raise self._too_deep() from None
        return value

    def _env(self, context: Context, loop: asyncio.AbstractEventLoop | None) -> Env:
        entries = context.entries
        if self._compiler.mutates:
            copies: dict[int, object] = {}
            entries = {name: duplicate(value, copies) for name, value in entries.items()}
        run = Run(Meter(self._limits), entries, self._host, {}, loop)
        exports = Scope(None, isolated=True)
        return Env(run, Scope(exports, isolated=True), ({},), exports)

    def _too_deep(self) -> LimitError:
        error = LimitError("nesting", self._limits.nesting)
        error.locate(self._source)
        return error


def _context(context: Context | Mapping[str, Any] | None) -> Context:
    if isinstance(context, Context):
        return context
    try:
        return Context(context)
    except LanguageError as error:
        error.locate("")
        raise

"""The door of the language: compile a source once, render it or evaluate it as often as wanted."""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from scaffolder.language.boundary import Context, duplicate, give
from scaffolder.language.closures import Evaluate, Execute, Region
from scaffolder.language.environment import Env, Run, Scope
from scaffolder.language.errors import LanguageError, LimitError, position
from scaffolder.language.host import Host
from scaffolder.language.lexer import Dialect
from scaffolder.language.limits import Limits, Meter
from scaffolder.language.parser import Tree, parse
from scaffolder.language.statements import StatementCompiler
from scaffolder.language.syntax import Output
from scaffolder.language.units import from_units, to_units

if TYPE_CHECKING:
    from scaffolder.interfaces import TemplateFilter, TemplateGlobal

REMEMBERED: Final = 512  # templates
REMEMBERED_LENGTH: Final = 1024  # characters of source; step inputs and file names are short


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
        self._remembered = lru_cache(REMEMBERED)(self._compiled)

    def compile(self, source: str) -> "Template":
        """Parse and compile `source`; short ones are remembered.

        Raises:
            LanguageError: `syntax_error`; LimitError of `source`, `nodes` or `nesting`.
        """
        return self._remembered(source) if len(source) <= REMEMBERED_LENGTH else self._compiled(source)

    def is_plain(self, source: str) -> bool:
        """Whether a source can only be its own text: it holds no delimiter, not even an unfinished one."""
        return "{" not in source and "#}" not in source

    def _compiled(self, source: str) -> "Template":
        return Template(source, self)


class Template:
    """A compiled source. Rendering takes a context and leaves both unchanged; safe to share.

    `context` may be a mapping, which is copied in at each render, or a Context, which has been.
    `loop` is for renders in another thread: the event loop there runs what asynchronous filters return.
    """

    def __init__(self, source: str, language: Language) -> None:
        self._language = language
        self._source = to_units(source)
        self._sole: Evaluate | None = None
        self._body: Execute | None = None
        self._mutates = False
        self._doomed: list[tuple[str, int]] = []
        self._limits = language.limits
        if not language.is_plain(source) or len(self._source) > self._limits.source:
            try:
                self._compile(parse(self._source, language.dialect, self._limits))
            except LanguageError as error:
                error.locate(self._source)
                raise
            except RecursionError:
                raise self._too_deep() from None

    def _compile(self, tree: Tree) -> None:
        compiler = StatementCompiler(tree.names, self._language.dialect, self._language.host)
        region = Region(0, {}, macros=True, assignments=True)
        if len(tree.body) == 1 and isinstance(tree.body[0], Output):
            self._sole = compiler.expression(tree.body[0].expression, region)
            self._body = compiler.output(self._sole, tree.body[0].at)
        else:
            self._body = compiler.body(tree.body, region)
        self._mutates = compiler.mutates
        self._doomed = compiler.doomed

    @property
    def is_expression(self) -> bool:
        """Whether the source is one `${{ … }}` (comments beside it allowed), so that `value` keeps its type."""
        return self._sole is not None

    @property
    def tree(self) -> Tree:
        """The syntax tree, for those who look at templates without running them."""
        return parse(self._source, self._language.dialect, self._limits)

    @property
    def doomed(self) -> list[tuple[str, int, int]]:
        """What fails whenever it is evaluated, such as an unknown filter, with line and column."""
        return [(detail, *self.position(at)) for detail, at in self._doomed]

    def position(self, at: int) -> tuple[int, int]:
        """One-based line and column of an offset in the source."""
        return position(self._source, at)

    def render(
        self, context: Context | Mapping[str, Any] | None = None, *, loop: AbstractEventLoop | None = None
    ) -> str:
        """The text the template makes of `context`. It may hold half a surrogate pair, as JavaScript's may.

        Raises:
            LanguageError: `evaluation_error` or `capability_error`; LimitError.
        """
        output: list[str] = []
        env = self._env(_prepared(context), loop)
        try:
            if self._body is None:
                env.meter.emit(len(self._source))
                output.append(self._source)
            else:
                self._body(env, output)
        except LanguageError as error:
            error.locate(self._source)
            raise
        except RecursionError:
            raise self._too_deep() from None
        return from_units("".join(output))

    def value(
        self, context: Context | Mapping[str, Any] | None = None, *, loop: AbstractEventLoop | None = None
    ) -> Any:
        """The value of a source that is one expression: JSON-like, or UNDEFINED. Any other source's text.

        Raises:
            LanguageError: as `render`.
        """
        if self._sole is None:
            return self.render(context, loop=loop)
        env = self._env(_prepared(context), loop)
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

    async def render_async(self, context: Context | Mapping[str, Any] | None = None) -> str:
        """Like `render`, in a thread, so that filters and globals may be asynchronous."""
        return await asyncio.to_thread(self.render, _prepared(context), loop=asyncio.get_running_loop())

    async def value_async(self, context: Context | Mapping[str, Any] | None = None) -> Any:
        """Like `value`, in a thread, so that filters and globals may be asynchronous."""
        return await asyncio.to_thread(self.value, _prepared(context), loop=asyncio.get_running_loop())

    def _env(self, context: Context, loop: AbstractEventLoop | None) -> Env:
        entries = context.entries
        if self._mutates:
            copies: dict[int, object] = {}
            entries = {name: duplicate(value, copies) for name, value in entries.items()}
        run = Run(Meter(self._limits), entries, self._language.host, {}, loop)
        exports = Scope(None, isolated=True)
        return Env(run, Scope(exports, isolated=True), ({},), exports)

    def _too_deep(self) -> LimitError:
        error = LimitError("nesting", self._limits.nesting)
        error.locate(self._source)
        return error


def _prepared(context: Context | Mapping[str, Any] | None) -> Context:
    return context if isinstance(context, Context) else Context(context)

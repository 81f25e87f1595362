"""The filters and globals a host registers: the only way out of the language."""

import asyncio
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from scaffolder.language.boundary import RESERVED, give, take
from scaffolder.language.errors import LanguageError, quoted
from scaffolder.language.limits import Meter
from scaffolder.language.values import Value

if TYPE_CHECKING:
    from scaffolder.interfaces import TemplateFilter, TemplateGlobal

HostCall = Callable[..., Any]
"""Takes JSON-like positional values, or UNDEFINED for one that is not there, and returns one; or a coroutine."""

_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")


class Host:
    """Registered filters and globals, by name. Immutable."""

    def __init__(self, filters: "Iterable[TemplateFilter]", globals_: "Iterable[TemplateGlobal]") -> None:
        """Take over the registrations; of two with one name the later counts.

        Raises:
            ValueError: a name that templates could not speak of.
            LanguageError: a global value that is not JSON-like.
        """
        self.filters = {one.id: one.apply for one in filters}
        self.functions: dict[str, HostCall] = {}
        self.values: dict[str, Value] = {}
        for one in globals_:
            if one.call is not None:
                self.functions[one.id] = one.call
            else:
                self.values[one.id] = take(one.value)
        for name in self.filters:
            if any(segment in RESERVED or not _NAME.fullmatch(segment) for segment in name.split(".")):
                raise ValueError(f"{name!r} cannot be the name of a template filter")
        for name in (*self.functions, *self.values):
            if name in RESERVED or not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot be the name of a template global")
        self.asynchronous = any(
            inspect.iscoroutinefunction(one) for one in (*self.filters.values(), *self.functions.values())
        )
        """Whether anything registered has to be awaited."""

    def filter(self, name: str, values: Sequence[Value], meter: Meter, loop: asyncio.AbstractEventLoop | None) -> Value:
        """Call filter `name` with its input and arguments."""
        return _called(f"filter {quoted(name)}", self.filters[name], values, meter, loop)

    def function(
        self, name: str, values: Sequence[Value], meter: Meter, loop: asyncio.AbstractEventLoop | None
    ) -> Value:
        """Call global function `name`."""
        return _called(f"global {quoted(name)}", self.functions[name], values, meter, loop)


def _called(
    what: str,
    function: HostCall,
    values: Sequence[Value],
    meter: Meter,
    loop: asyncio.AbstractEventLoop | None,
) -> Value:
    given = [give(value, meter) for value in values]
    meter.host_call()
    try:
        result = function(*given)
        if inspect.iscoroutine(result):
            if loop is None:
                result.close()
                raise TypeError("it is asynchronous; render with render_async or value_async")
            result = asyncio.run_coroutine_threadsafe(result, loop).result()
        return take(result)
    except LanguageError as error:
        raise LanguageError("capability_error", f"Template {what} failed: {error.detail}") from None
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is its failure, not ours
        detail = f"Template {what} failed: {error}" if str(error) else f"Template {what} failed"
        raise LanguageError("capability_error", detail) from None

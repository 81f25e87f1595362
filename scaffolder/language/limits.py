"""How much one render may use, and the meter that counts it."""

from dataclasses import dataclass
from typing import Final

from scaffolder.language.errors import LimitError, failure

MAX_ENTRIES: Final = 100_000
"""Entries of one array or record, and of one value that crosses the boundary."""

MAX_DEPTH: Final = 256
"""How deep arrays and records may nest."""

UNITS_PER_READ: Final = 8
"""Reading so much text counts as making one unit of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single template may use. Source: spec/scaffolder.md §4.2; the last two are ours."""

    source: int = 4 * 1024 * 1024
    """Length of the source, in UTF-16 code units."""
    nodes: int = 1_000_000
    """Nodes of the syntax tree."""
    nesting: int = 512
    """Depth of nested syntax, and of macros calling macros."""
    work: int = 1_000_000
    """Steps of one render: statements and expressions run, items visited."""
    output: int = 16 * 1024 * 1024
    """Text rendered, in UTF-16 code units."""
    host_calls: int = 4096
    """Calls of filters and globals the host has registered."""
    text: int = 128 * 1024 * 1024
    """Text that operators, filters and methods read and make while rendering, in UTF-16 code units."""
    regex_steps: int = 1_000_000
    """Steps of regular-expression matching."""


class Meter:
    """Counts what one render has used so far; every method raises LimitError beyond the limit."""

    __slots__ = (
        "_limits",
        "_max_output",
        "_max_text",
        "_max_work",
        "depth",
        "host_calls",
        "output",
        "regex_steps",
        "text_used",
        "work",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._max_work = limits.work
        self._max_text = limits.text
        self._max_output = limits.output
        self.work = 0
        self.text_used = 0
        self.output = 0
        self.host_calls = 0
        self.depth = 0
        self.regex_steps = limits.regex_steps

    def charge(self, steps: int = 1) -> None:
        """Count steps of work."""
        self.work += steps
        if self.work > self._max_work:
            raise self.work_exhausted()

    def work_exhausted(self) -> LimitError:
        """The error of a render that would work for longer than allowed."""
        return LimitError("work", self._max_work)

    def text(self, units: int) -> None:
        """Count text read or made in between."""
        self.text_used += units
        if self.text_used > self._max_text:
            raise LimitError("text", self._max_text)

    def read(self, value: object) -> None:
        """Count a string or container that native code goes through, as it does with strings in no time."""
        if isinstance(value, str):
            self.text(len(value) // UNITS_PER_READ)
        elif isinstance(value, (list, dict)):
            self.charge(len(value))

    def emit(self, units: int) -> None:
        """Count text rendered."""
        self.output += units
        if self.output > self._max_output:
            raise LimitError("output", self._max_output)

    def host_call(self) -> None:
        """Count one call out of the language."""
        self.host_calls += 1
        if self.host_calls > self._limits.host_calls:
            raise LimitError("host_calls", self._limits.host_calls)

    def enter(self, levels: int) -> None:
        """Go `levels` deeper, into the body of a macro; undone by `depth -= levels`."""
        self.depth += levels
        if self.depth > self._limits.nesting:
            raise LimitError("nesting", self._limits.nesting)

    def entries(self, count: float) -> None:
        """Refuse an array or record of more than MAX_ENTRIES, and count its entries as work."""
        refuse_size(count)
        self.charge(int(count))

    def regex_exhausted(self) -> LimitError:
        """The error of a match that ran out of steps."""
        return LimitError("regex_steps", self._limits.regex_steps)


def refuse_size(count: float) -> None:
    """Raise when an array or record would have more than MAX_ENTRIES."""
    if count > MAX_ENTRIES:
        raise failure(f"Template value containers cannot exceed {MAX_ENTRIES} entries")

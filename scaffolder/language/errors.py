"""What a template may fail with: one error, its kind, and where in the source it happened."""

import re
from typing import Final, Literal

from app.errors import CallboardError

Kind = Literal["syntax_error", "evaluation_error", "capability_error", "limit_error"]

MESSAGE_LENGTH: Final = 1024  # UTF-16 code units; beyond it the message ends in an ellipsis
QUOTED_LENGTH: Final = 200

_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class LanguageError(CallboardError):
    """The only error parsing and rendering a template raises.

    Attributes:
        kind: `syntax_error` (found by parsing), `evaluation_error`, `capability_error` (a filter or
            global of the host failed) or `limit_error` (see `LimitError`).
        detail: What went wrong, without the place. Control and bidirectional characters are escaped.
        message: With the place, in the reference's wording: `Template error at line 1, column 5: …`.
        line, column: One-based; columns count UTF-16 code units. None only before the error has left
            the engine.
    """

    name = "TemplateRenderError"

    def __init__(self, kind: Kind, detail: str, offset: int | None = None) -> None:
        self.detail = printable(detail)
        super().__init__(self.detail)
        self.kind: Kind = kind
        self.offset = offset
        self.line: int | None = None
        self.column: int | None = None

    def __str__(self) -> str:
        return self.message

    def near(self, offset: int) -> None:
        """Remember the innermost place that saw the error; later calls change nothing."""
        if self.offset is None:
            self.offset = offset

    def locate(self, source: str) -> None:
        """Turn the offset into `source` (in UTF-16 code units) into line and column."""
        if self.line is None:
            self.line, self.column = position(source, self.offset or 0)
            self.message = f"Template error at line {self.line}, column {self.column}: {self.detail}"


class LimitError(LanguageError):
    """A limit of `Limits` was hit; `limit` is the name of its field, `allowed` its value."""

    name = "TemplateLimitError"

    def __init__(self, limit: str, allowed: int, offset: int | None = None) -> None:
        super().__init__("limit_error", f"Template exceeded the {limit} limit of {allowed}", offset)
        self.limit = limit
        self.allowed = allowed


def position(source: str, offset: int) -> tuple[int, int]:
    """One-based line and column of an offset."""
    return source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset)


def failure(detail: str) -> LanguageError:
    """An evaluation error whose place the node being evaluated adds."""
    return LanguageError("evaluation_error", detail)


def printable(text: str) -> str:
    """Bound `text` and escape what could forge log lines or hide in a terminal."""
    text = _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text if len(text) <= MESSAGE_LENGTH else text[:MESSAGE_LENGTH] + "…"


def quoted(text: str) -> str:
    """`text` in double quotes, cut after 200 characters."""
    cut = text if len(text) <= QUOTED_LENGTH else text[:QUOTED_LENGTH] + "…"
    return '"' + cut.replace("\\", "\\\\").replace('"', '\\"') + '"'

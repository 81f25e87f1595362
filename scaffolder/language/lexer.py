"""From source to pieces: text, and tags cut into tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from scaffolder.language.errors import LanguageError, quoted
from scaffolder.language.regex.program import Program, compiled
from scaffolder.language.regex.syntax import RegexError
from scaffolder.language.units import WHITESPACE

TokenKind = Literal["name", "number", "string", "regex", "operator", "path", "end"]

MAX_REGEX: Final = 16_384


class Token(NamedTuple):
    """One token of an expression; a string's value is unescaped, a regex's is `source/flags`.

    A path, `a.b.c`, is a whole expression and the only token of its tag: most tags are just that.
    """

    kind: TokenKind
    value: str
    at: int


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a source is cut: spec/scaffolder.md §4.1 and §4.2, `legacy` see docs/template-language.md."""

    cookiecutter: bool = False
    """Variables are `{{ … }}` instead of `${{ … }}`, and some of Jinja's names exist."""
    trim_blocks: bool = False
    """Drop one newline right after a block tag."""
    lstrip_blocks: bool = False
    """Drop the indentation of a block tag on an otherwise blank line."""
    legacy: bool = True
    """Accept what Nunjucks 3.2.4 accepted and the newest reference rejects."""


class Piece(NamedTuple):
    """A stretch of the source: text, a variable or a block tag; `at` is where it starts."""

    kind: Literal["text", "variable", "block"]
    text: str
    tokens: tuple[Token, ...]
    at: int


_SPACE: Final = f"[{WHITESPACE}]"
_OPENING: Final = {
    False: re.compile(r"\$\{\{|\{%|\{#|#\}"),
    True: re.compile(r"\{\{|\{%|\{#|#\}"),
}
_LEADING: Final = re.compile(f"{_SPACE}*")
_NEWLINE: Final = re.compile("\r?\n")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t"}
_REGEX: Final = re.compile(r"((?:[^/\\]|\\.)*)/([gimy]*)", re.DOTALL)
_RAW_MARKER: Final = {
    name: re.compile(rf"\{{%{_SPACE}*(?P<end>end)?{name}{_SPACE}*%\}}") for name in ("raw", "verbatim")
}


def _code(name: str, closing: str) -> re.Pattern[str]:
    return re.compile(
        r"[ \t\n\r\xa0]*(?:"
        rf"(?P<end>-?{closing})"
        rf"|(?P<name>{name})"
        r"|(?P<number>[0-9]+(?:\.[0-9]*)?)"
        r'|(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"' + r"|'[^'\\]*(?:\\.[^'\\]*)*')"
        r"|(?P<operator>===|!==|\*\*|//|==|!=|<=|>=|[()\[\]{}.,:|~+\-*/%<>=]))",
        re.DOTALL,
    )


_STRICT_NAME: Final = "[A-Za-z_][A-Za-z0-9_]*"
_PATH: Final = re.compile(rf"[ \t\n\r\xa0]*({_STRICT_NAME}(?:\.{_STRICT_NAME})*)[ \t\n\r\xa0]*-?\}}\}}")
_LEGACY_NAME: Final = r"(?:[^\W0-9]|[$\ud800-\udfff])(?:\w|[$\ud800-\udfff])*"
_CODE: Final = {
    (legacy, block): _code(_LEGACY_NAME if legacy else _STRICT_NAME, "%\\}" if block else "\\}\\}")
    for legacy in (False, True)
    for block in (False, True)
}


def pieces(source: str, dialect: Dialect) -> Iterator[Piece]:
    """Cut `source`, in UTF-16 code units, into pieces; text between two tags is one piece.

    Raises:
        LanguageError: `syntax_error`.
    """
    opening = _OPENING[dialect.cookiecutter]
    position = 0
    text, text_at = "", 0
    while True:
        found = opening.search(source, position)
        if found is None:
            break
        start = found.start()
        mark = found[0]
        if mark == "#}":
            raise LanguageError("syntax_error", "Unexpected end of comment", start)
        text_at = text_at if text else position
        text += source[position:start]
        block = mark == "{%"
        if block and dialect.lstrip_blocks:
            text = _without_indent(text, source, start)
        position = found.end()
        if source.startswith("-", position):
            text = text.rstrip(WHITESPACE)
            position += 1
        if text:
            yield Piece("text", text, (), text_at)
            text = ""
        if mark == "{#":
            position = _after_comment(source, position, start)
            continue
        tokens: tuple[Token, ...]
        path = None if block else _PATH.match(source, position)
        if path:
            tokens = (Token("path", path[1], path.start(1)),)
            position = path.end()
        else:
            tokens, position = _tokens(source, position, start, _CODE[dialect.legacy, block])
        trims = source[position - 3] == "-"
        name = tokens[0].value if block and tokens[0].kind == "name" else ""
        if name in _RAW_MARKER:
            raw, raw_at, position = _raw(source, position, start, name, tokens, dialect)
            text, text_at = raw, raw_at
        else:
            yield Piece("block" if block else "variable", "", tokens, start)
            if block and dialect.trim_blocks and not trims:
                newline = _NEWLINE.match(source, position)
                position = newline.end() if newline else position
        if trims:
            position = _after_space(source, position)
    text_at = text_at if text else position
    text += source[position:]
    if text:
        yield Piece("text", text, (), text_at)


def _without_indent(text: str, source: str, start: int) -> str:
    if source[source.rfind("\n", 0, start) + 1 : start].strip(WHITESPACE):
        return text
    line = text.rfind("\n") + 1
    return text if text[line:].strip(WHITESPACE) else text[:line]


def _after_comment(source: str, position: int, start: int) -> int:
    end = source.find("#}", position)
    if end < 0:
        raise LanguageError("syntax_error", "Unterminated comment tag", start)
    return _after_space(source, end + 2) if source[end - 1] == "-" else end + 2


def _after_space(source: str, position: int) -> int:
    found = _LEADING.match(source, position)
    return found.end() if found else position


def _raw(
    source: str, position: int, start: int, name: str, tokens: tuple[Token, ...], dialect: Dialect
) -> tuple[str, int, int]:
    """What stands between a raw tag and its end, where that starts, and where the end tag ends."""
    if len(tokens) > 2:
        raise LanguageError("syntax_error", f"{name} tag does not accept trailing content", start)
    if dialect.trim_blocks:
        newline = _NEWLINE.match(source, position)
        position = newline.end() if newline else position
    depth = 1
    for marker in _RAW_MARKER[name].finditer(source, position):
        depth += -1 if marker["end"] else 1
        if depth == 0:
            if "\n" in marker[0]:
                raise LanguageError("syntax_error", f"{name} closing tag cannot contain a line break", marker.start())
            return source[position : marker.start()], position, marker.end()
    raise LanguageError("syntax_error", f'Missing "end{name}" tag', start)


def _tokens(source: str, position: int, start: int, code: re.Pattern[str]) -> tuple[tuple[Token, ...], int]:
    """The tokens up to the end of the tag, and where that is; the last token is of kind `end`."""
    tokens: list[Token] = []
    while True:
        found = code.match(source, position)
        if found is None:
            raise _unreadable(source, position, start)
        kind: TokenKind = found.lastgroup  # type: ignore[assignment]
        value = found[kind]
        at = found.end() - len(value)
        position = found.end()
        if kind == "operator":
            if value == "." and source[position : position + 1] in _DIGITS:
                raise LanguageError("syntax_error", "Invalid numeric literal", at)
        elif kind == "name":
            if value == "r" and source.startswith("/", position):
                kind = "regex"
                value, position = _regex(source, position, at)
        elif kind == "string":
            value = value[1:-1]
            if "\\" in value:
                value = _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), value)
        elif kind == "number":
            follower = source[position : position + 1]
            if follower.isascii() and (follower.isalpha() or follower == "_"):
                raise LanguageError("syntax_error", "Invalid numeric literal", at)
        else:
            # A block's content ends with its last token, a variable's where its end mark begins.
            tokens.append(Token("end", "", found.start() if source.startswith("{%", start) else at))
            return tuple(tokens), position
        tokens.append(Token(kind, value, at))


_DIGITS: Final = tuple("0123456789")


def _unreadable(source: str, position: int, start: int) -> LanguageError:
    while source[position : position + 1] in tuple(" \t\n\r\xa0"):
        position += 1
    unit = source[position : position + 1]
    if not unit or unit in "'\"":
        # A string that does not end hides the end of its tag.
        kind = "block" if source.startswith("{%", start) else "variable"
        return LanguageError("syntax_error", f"Unterminated {kind} tag", start)
    return LanguageError("syntax_error", f"Unexpected character {quoted(unit)}", position)


def _regex(source: str, slash: int, at: int) -> tuple[str, int]:
    """A regex from its first slash on, as `pattern/flags`, and where it ends."""
    found = _REGEX.match(source, slash + 1)
    if found is None:
        raise LanguageError("syntax_error", "Unterminated regular-expression literal", at)
    pattern, flags = found[1], found[2]
    follower = source[found.end() : found.end() + 1]
    problem = ""
    if len(pattern) > MAX_REGEX:
        problem = "Regular-expression literal exceeds the maximum length"
    elif pattern.endswith("\\"):
        problem = "Ambiguous regular-expression delimiter escape"
    elif len(set(flags)) < len(flags):
        problem = "Duplicate regular-expression flag"
    elif follower.isascii() and follower.isalpha():
        problem = "Unsupported regular-expression flag"
    if problem:
        raise LanguageError("syntax_error", problem, at)
    return f"{pattern}/{flags}", found.end()


def regex_program(pattern: str, flags: str, at: int) -> Program:
    """Compile a regex literal."""
    try:
        return compiled(pattern, flags)
    except RegexError:
        raise LanguageError("syntax_error", "Invalid regular-expression literal", at) from None

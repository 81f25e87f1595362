"""From the raw text of a scalar to its content: folding, escapes, block scalars. Source: YAML 1.2.2 §7.3, §8.1.

Raw texts have `\\n` as their only line break; a lone `\\r` is a character like others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "\t": "\t",
}
_CODE_LENGTHS = {"x": 2, "u": 4, "U": 8}
_HEX = re.compile(r"[0-9a-fA-F]+")
_BLANK = " \t"


class TextError(Exception):
    """What is wrong, and how far behind the start of the raw text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def fold(raw: str) -> str:
    """Line folding: one break is a space, n breaks are n-1; blanks around breaks are dropped."""
    if "\n" not in raw:
        return raw
    first, *middle, last = raw.split("\n")
    folded = [first.rstrip(_BLANK)]
    separator = " "
    for line in middle:
        content = line.strip(_BLANK)
        if content:
            folded += (separator, content)
            separator = " "
        elif separator == "\n":
            folded.append("\n")
        else:
            separator = "\n"
    folded += (separator, last.lstrip(_BLANK))
    return "".join(folded)


def single_quoted(inner: str) -> str:
    """The content between single quotes."""
    return fold(inner).replace("''", "'")


def double_quoted(inner: str) -> str:
    """The content between double quotes. Raises TextError for an escape that is none."""
    if "\\" not in inner and "\n" not in inner:
        return inner
    out: list[str] = []
    position = 0
    end = len(inner)
    while position < end:
        character = inner[position]
        if character == "\\":
            position = _unescape(inner, position, out)
        elif character == "\n":
            position = _fold_break(inner, position, out)
        elif character in _BLANK:
            start = position
            while position < end and inner[position] in _BLANK:
                position += 1
            if position >= end or inner[position] != "\n":
                out.append(inner[start:position])
        else:
            out.append(character)
            position += 1
    return _joined_surrogates("".join(out))


def _fold_break(inner: str, position: int, out: list[str]) -> int:
    breaks = 0
    while position < len(inner) and inner[position] in " \t\n":
        breaks += inner[position] == "\n"
        position += 1
    out.append(" " if breaks == 1 else "\n" * (breaks - 1))
    return position


def _unescape(inner: str, position: int, out: list[str]) -> int:
    code = inner[position + 1 : position + 2]
    if code in _CODE_LENGTHS:
        length = _CODE_LENGTHS[code]
        digits = inner[position + 2 : position + 2 + length]
        if len(digits) < length or not _HEX.fullmatch(digits) or int(digits, 16) > 0x10FFFF:
            raise TextError(f"Invalid escape sequence \\{code}{digits}", position + 1)
        out.append(chr(int(digits, 16)))
        return position + 2 + length
    if code == "\n":
        position += 2
        while inner[position : position + 1] in (" ", "\t"):
            position += 1
        return position
    if code not in _ESCAPES:
        raise TextError(f"Invalid escape sequence \\{code}", position + 1)
    out.append(_ESCAPES[code])
    return position + 2


def _joined_surrogates(text: str) -> str:
    """Two escapes may be the halves of one character; a half on its own is no character and is replaced."""
    if all(not "\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """`|` or `>`, with the indentation that is given and what happens to the line breaks at the end."""

    folded: bool
    indent: int
    chomp: str


def block_header(raw: str) -> BlockHeader:
    """Reads `|2-` and the like. Raises TextError for anything else behind the indicator."""
    indent = 0
    chomp = ""
    for offset, character in enumerate(raw[1:], 1):
        if not chomp and character in "+-":
            chomp = character
        elif not indent and character in "123456789":
            indent = int(character)
        else:
            raise TextError(f"Block scalar header includes extra characters: {raw}", offset)
    return BlockHeader(raw[0] == ">", indent, chomp)


def block_text(header: BlockHeader, raw: str, parent: int, *, at_root: bool) -> str:
    """The content of a block scalar; `raw` are its lines, `parent` is the indentation of the collection around it."""
    lines = [_split_indent(line) for line in raw.split("\n")] if raw else []
    content_end = len(lines)
    while content_end and not lines[content_end - 1][1]:
        content_end -= 1
    if content_end == 0:
        return "\n" * max(1, len(lines) - 1) if header.chomp == "+" and lines else ""
    trim, start = _indentation(lines[:content_end], header, parent, at_root=at_root)
    for index in range(len(lines) - 1, content_end - 1, -1):
        if lines[index][0] > trim:
            content_end = index + 1
            break
    out = [" " * (indent - trim) + "\n" for indent, _ in lines[:start]]
    body = [(max(indent - trim, 0), text) for indent, text in lines[start:content_end]]
    _check_body(lines, start, content_end, trim, header)
    out.append(_folded(body) if header.folded else "\n".join(" " * more + text for more, text in body))
    if header.chomp == "-":
        return "".join(out)
    if header.chomp == "+":
        out.extend("\n" + " " * (indent - trim) for indent, _ in lines[content_end:])
        text = "".join(out)
        return text if text.endswith("\n") else text + "\n"
    return "".join(out) + "\n"


def _split_indent(line: str) -> tuple[int, str]:
    text = line.lstrip(" ")
    return len(line) - len(text), text


def _indentation(lines: list[tuple[int, str]], header: BlockHeader, parent: int, *, at_root: bool) -> tuple[int, int]:
    """How many spaces are no content, and the first line that has some."""
    trim = parent + header.indent
    offset = 0
    for index, (indent, text) in enumerate(lines):
        if not text:
            if header.indent == 0:
                trim = max(trim, indent)
            offset += indent + 1
            continue
        if indent < trim:
            raise TextError(
                "Block scalars with more-indented leading empty lines must use an explicit indentation indicator",
                offset + indent,
            )
        if header.indent == 0:
            trim = indent
        if trim == 0 and not at_root:
            raise TextError("Block scalar values in collections must be indented", offset)
        return trim, index
    return trim, len(lines)


def _check_body(lines: list[tuple[int, str]], start: int, end: int, trim: int, header: BlockHeader) -> None:
    offset = sum(indent + len(text) + 1 for indent, text in lines[:start])
    for indent, text in lines[start:end]:
        if text and indent < trim:
            of = "explicit indentation indicator" if header.indent else "first line"
            raise TextError(f"Block scalar lines must not be less indented than their {of}", offset + indent)
        offset += indent + len(text) + 1


def _folded(body: list[tuple[int, str]]) -> str:
    """Breaks between lines of plain text fold; those around more indented lines stay."""
    out: list[str] = []
    separator = ""
    after_indented = False
    for more, text in body:
        if more or text.startswith("\t"):
            if separator == " ":
                separator = "\n"
            elif not after_indented and separator == "\n":
                separator = "\n\n"
            out += (separator, " " * more, text)
            separator = "\n"
            after_indented = True
        elif not text:
            if separator == "\n":
                out.append("\n")
            else:
                separator = "\n"
        else:
            out += (separator, text)
            separator = " "
            after_indented = False
    return "".join(out)

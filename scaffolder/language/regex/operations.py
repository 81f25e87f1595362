"""What strings do with regular expressions: replace, split, test."""

from collections.abc import Iterator

from scaffolder.language.limits import Meter
from scaffolder.language.regex.matcher import Found, search
from scaffolder.language.regex.program import Program


def matches(program: Program, flags: str, text: str, start: int, meter: Meter) -> Iterator[Found]:
    """What `replace` would replace: one match, or with the flag `g` all of them."""
    sticky = "y" in flags
    position = start if sticky and "g" not in flags else 0
    while True:
        found = search(program, text, position, meter, sticky=sticky)
        if found is None:
            return
        yield found
        if "g" not in flags:
            return
        position = found.end + (found.end == found.start)


def replaced(found: Iterator[Found], text: str, replacement: str, meter: Meter) -> str:
    """`text` with every match replaced; `$1`, `$&` and the like in `replacement` are filled in."""
    pieces: list[str] = []
    end = 0
    for match in found:
        piece = expand(replacement, text, match.start, match.end, match)
        meter.text(len(piece))
        meter.charge()
        pieces += (text[end : match.start], piece)
        end = match.end
    pieces.append(text[end:])
    meter.text(len(text))
    return "".join(pieces)


def split(program: Program, text: str, limit: int | None, meter: Meter) -> list[str | None]:
    """`text.split(regex, limit)`; None for a group that took no part."""
    most = 2**32 - 1 if limit is None else limit
    if not text:
        return [text] if most and search(program, text, 0, meter, sticky=True) is None else []
    parts: list[str | None] = []
    begin = position = 0
    while position < len(text) and len(parts) < most:
        found = search(program, text, position, meter)
        if found is None or found.start >= len(text):
            break
        if found.end == begin:
            position = found.start + 1
            continue
        meter.charge(1 + found.groups)
        parts.append(text[begin : found.start])
        parts += [found.group(index) for index in range(1, found.groups + 1)]
        begin = position = found.end
    parts.append(text[begin:])
    return parts[:most]


def expand(template: str, text: str, start: int, end: int, found: Found | None) -> str:
    """`GetSubstitution`: fill `$$`, `$&`, `` $` ``, `$'`, `$n` and `$<name>` into `template`."""
    if "$" not in template:
        return template
    groups = found.groups if found else 0
    pieces: list[str] = []
    at = 0
    while True:
        dollar = template.find("$", at)
        if dollar < 0:
            pieces.append(template[at:])
            return "".join(pieces)
        pieces.append(template[at:dollar])
        mark = template[dollar + 1 : dollar + 2]
        at = dollar + 2
        if mark == "$":
            pieces.append("$")
        elif mark == "&":
            pieces.append(text[start:end])
        elif mark == "`":
            pieces.append(text[:start])
        elif mark == "'":
            pieces.append(text[end:])
        elif mark and mark in "0123456789" and found:
            number, at = _group_number(template, dollar + 1, groups)
            pieces.append(template[dollar:at] if number == 0 else found.group(number) or "")
        elif mark == "<" and found and found.has_names and template.find(">", at) >= 0:
            close = template.find(">", at)
            pieces.append(found.named(template[at:close]) or "")
            at = close + 1
        else:
            pieces.append("$")
            at = dollar + 1


def _group_number(template: str, at: int, groups: int) -> tuple[int, int]:
    """The group `$n` or `$nn` means and where it ends; 0 if there is no such group."""
    two = template[at : at + 2]
    if len(two) == 2 and two.isascii() and two.isdigit() and 1 <= int(two) <= groups:
        return int(two), at + 2
    one = int(template[at])
    return (one if 1 <= one <= groups else 0), at + 1

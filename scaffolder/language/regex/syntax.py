"""The grammar of patterns: ECMAScript 2025 without `u`, with the web's leniencies (Annex B)."""

from typing import Final

from scaffolder.language.regex.charset import (
    ALL,
    DIGITS,
    NOT_LINE_END,
    SPACE,
    WORD,
    Ranges,
    ignoring_case,
    inverted,
    single,
    union,
)
from scaffolder.language.regex.nodes import Back, Chars, Choice, Edge, Group, Look, Node, Repeat, Sequence

MAX_NESTING: Final = 100
MAX_GROUPS: Final = 1000
UNBOUNDED: Final = 2**31 - 1


class RegexError(ValueError):
    """The pattern is not a regular expression."""


_CLASSES: Final = {
    "d": DIGITS,
    "D": inverted(DIGITS),
    "w": WORD,
    "W": inverted(WORD),
    "s": SPACE,
    "S": inverted(SPACE),
}
_CONTROL: Final = {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Parser:
    """Parses one pattern; `groups` and `names` hold what it captures."""

    def __init__(self, pattern: str, flags: str) -> None:
        self._text = pattern
        self._at = 0
        self._nesting = 0
        self._ignore_case = "i" in flags
        self._multiline = "m" in flags
        self._dot_all = False
        self.groups = 0
        self.names: dict[str, list[int]] = {}
        self._references: list[tuple[str, Back]] = []
        self._total, self._named = _count_groups(pattern)

    def parse(self) -> Node:
        """The tree of the pattern.

        Raises:
            RegexError: not a pattern, or nested deeper than MAX_NESTING.
        """
        if self._total > MAX_GROUPS:
            raise RegexError("Too many captures")
        node = self._choice({})
        if self._at < len(self._text):
            raise RegexError("Unmatched ')'")
        for name, reference in self._references:
            if name not in self.names:
                raise RegexError("Invalid named reference")
            reference.groups = self.names[name]
        return node

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, expected: str) -> bool:
        if self._text.startswith(expected, self._at):
            self._at += len(expected)
            return True
        return False

    def _choice(self, taken: dict[str, int]) -> Node:
        """Alternatives. Names in `taken` are in use outside; two alternatives may share a name."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise RegexError("Regular expression too large")
        options: list[Node] = []
        found: dict[str, int] = {}
        while True:
            names = dict(taken)
            options.append(self._sequence(names))
            found.update(names)
            if not self._take("|"):
                break
        taken.update(found)
        self._nesting -= 1
        return options[0] if len(options) == 1 else Choice(options)

    def _sequence(self, taken: dict[str, int]) -> Node:
        parts: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            first = self.groups + 1
            atom, repeatable = self._term(taken)
            parts.append(self._quantified(atom, first) if repeatable else self._not_quantified(atom))
        return parts[0] if len(parts) == 1 else Sequence(parts)

    def _not_quantified(self, atom: Node) -> Node:
        if self._peek() in ("*", "+", "?") or self._braces() is not None:
            raise RegexError("Nothing to repeat")
        return atom

    def _quantified(self, atom: Node, first: int) -> Node:
        unit = self._peek()
        if unit in ("*", "+", "?"):
            self._at += 1
            least, most = {"*": (0, UNBOUNDED), "+": (1, UNBOUNDED), "?": (0, 1)}[unit]
        else:
            bounds = self._braces()
            if bounds is None:
                return atom
            least, most, self._at = bounds
            if least > most:
                raise RegexError("Numbers out of order in quantifier")
        return Repeat(atom, least, most, not self._take("?"), first, self.groups)

    def _braces(self) -> tuple[int, int, int] | None:
        """`{n}`, `{n,}` or `{n,m}` at this place: its bounds and where it ends."""
        if self._peek() != "{":
            return None
        end = self._text.find("}", self._at)
        if end < 0:
            return None
        least, comma, most = self._text[self._at + 1 : end].partition(",")
        if not _is_number(least) or (most and not _is_number(most)):
            return None
        low = _bounded(least)
        return low, (_bounded(most) if most else UNBOUNDED if comma else low), end + 1

    def _term(self, taken: dict[str, int]) -> tuple[Node, bool]:
        unit = self._peek()
        if unit == "(":
            return self._group(taken)
        self._at += 1
        if unit == "^":
            return Edge("start", self._multiline), False
        if unit == "$":
            return Edge("end", self._multiline), False
        if unit == ".":
            return Chars(ALL if self._dot_all else NOT_LINE_END), True
        if unit == "[":
            return self._class(), True
        if unit == "\\":
            return self._escape()
        if unit in ("*", "+", "?"):
            raise RegexError("Nothing to repeat")
        if unit == "{":
            self._at -= 1
            if self._braces() is not None:
                raise RegexError("Nothing to repeat")
            self._at += 1
        return self._chars(single(unit)), True

    def _chars(self, ranges: Ranges) -> Chars:
        return Chars(ignoring_case(ranges) if self._ignore_case else ranges)

    def _group(self, taken: dict[str, int]) -> tuple[Node, bool]:
        self._at += 1
        for opening, ahead, negative in (("?=", True, False), ("?!", True, True)):
            if self._take(opening):
                return Look(self._closed(taken), ahead, negative), True
        for opening, ahead, negative in (("?<=", False, False), ("?<!", False, True)):
            if self._take(opening):
                return Look(self._closed(taken), ahead, negative), False
        if self._peek() != "?":
            return self._capture(taken, None), True
        if self._take("?<"):
            return self._capture(taken, self._group_name()), True
        return self._modified(taken), True

    def _capture(self, taken: dict[str, int], name: str | None) -> Node:
        self.groups += 1
        index = self.groups
        if name is not None:
            if name in taken:
                raise RegexError("Duplicate capture group name")
            taken[name] = index
            self.names.setdefault(name, []).append(index)
        return Group(index, self._closed(taken))

    def _modified(self, taken: dict[str, int]) -> Node:
        """`(?:…)` and `(?i-ms:…)`."""
        end = self._text.find(":", self._at)
        adding, minus, removing = self._text[self._at + 1 : max(end, 0)].partition("-")
        letters = adding + removing
        if end < 0 or set(letters) - set("ims") or len(set(letters)) < len(letters) or (minus and not letters):
            raise RegexError("Invalid group")
        self._at = end + 1
        before = self._ignore_case, self._multiline, self._dot_all
        self._ignore_case = (before[0] or "i" in adding) and "i" not in removing
        self._multiline = (before[1] or "m" in adding) and "m" not in removing
        self._dot_all = (before[2] or "s" in adding) and "s" not in removing
        body = self._closed(taken)
        self._ignore_case, self._multiline, self._dot_all = before
        return body if isinstance(body, Sequence | Choice) else Sequence([body])

    def _closed(self, taken: dict[str, int]) -> Node:
        body = self._choice(taken)
        if not self._take(")"):
            raise RegexError("Unterminated group")
        return body

    def _group_name(self) -> str:
        end = self._text.find(">", self._at)
        name = self._text[self._at : max(end, 0)]
        plain = name.replace("$", "_")
        if end < 0 or not (plain.isidentifier() and name):
            raise RegexError("Invalid capture group name")
        self._at = end + 1
        return name

    def _escape(self) -> tuple[Node, bool]:
        unit = self._peek()
        if not unit:
            raise RegexError("\\ at end of pattern")
        if unit in ("b", "B"):
            self._at += 1
            return Edge("word" if unit == "b" else "inside", self._multiline), False
        if unit in "123456789":
            end = self._at + 1
            while self._text[end : end + 1] in tuple("0123456789"):
                end += 1
            number = _bounded(self._text[self._at : end])
            if number <= self._total:
                self._at = end
                return Back([number], self._ignore_case), True
        if unit == "k" and self._named:
            self._at += 1
            if not self._take("<"):
                raise RegexError("Invalid named reference")
            reference = Back([], self._ignore_case)
            self._references.append((self._group_name(), reference))
            return reference, True
        return self._chars(self._class_escape(in_class=False)), True

    def _class(self) -> Chars:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        while True:
            unit = self._peek()
            if not unit:
                raise RegexError("Unterminated character class")
            if unit == "]":
                self._at += 1
                break
            low = self._class_atom()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("", "]"):
                self._at += 1
                high = self._class_atom()
                if _is_single(low) and _is_single(high):
                    if low[0][0] > high[0][0]:
                        raise RegexError("Range out of order in character class")
                    ranges.append((low[0][0], high[0][0]))
                    continue
                low = (*low, (0x2D, 0x2D), *high)
            ranges += low
        members = union(ranges)
        if self._ignore_case:
            members = ignoring_case(members)
        return Chars(inverted(members) if negated else members)

    def _class_atom(self) -> Ranges:
        unit = self._peek()
        self._at += 1
        if unit != "\\":
            return single(unit)
        if not self._peek():
            raise RegexError("\\ at end of pattern")
        return self._class_escape(in_class=True)

    def _class_escape(self, *, in_class: bool) -> Ranges:
        """An escape that stands for units, after its backslash."""
        unit = self._peek()
        self._at += 1
        if unit in _CLASSES:
            return _CLASSES[unit]
        if unit in _CONTROL:
            return single(_CONTROL[unit])
        if in_class and unit == "b":
            return single("\b")
        if unit == "c":
            letter = self._peek()
            if letter.isascii() and (letter.isalpha() or (in_class and (letter.isdigit() or letter == "_"))):
                self._at += 1
                return single(chr(ord(letter) % 32))
            self._at -= 1
            return single("\\")
        if unit in ("x", "u"):
            return single(self._hexadecimal(unit))
        if unit in "01234567":
            return single(self._octal(unit))
        if unit == "k" and self._named:
            raise RegexError("Invalid escape")
        return single(unit)

    def _hexadecimal(self, unit: str) -> str:
        length = 2 if unit == "x" else 4
        digits = self._text[self._at : self._at + length]
        if len(digits) == length and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            self._at += length
            return chr(int(digits, 16))
        return unit

    def _octal(self, first: str) -> str:
        digits = first
        while len(digits) < (3 if first <= "3" else 2) and self._peek() in tuple("01234567"):
            digits += self._peek()
            self._at += 1
        return chr(int(digits, 8))


def _is_single(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _bounded(digits: str) -> int:
    stripped = digits.lstrip("0") or "0"
    return min(int(stripped), UNBOUNDED) if len(stripped) <= 10 else UNBOUNDED


def _count_groups(pattern: str) -> tuple[int, bool]:
    """How many groups capture, and whether one has a name: needed before the first back reference."""
    count, named, in_class, at = 0, False, False, 0
    while at < len(pattern):
        unit = pattern[at]
        if unit == "\\":
            at += 1
        elif unit == "[":
            in_class = True
        elif unit == "]":
            in_class = False
        elif unit == "(" and not in_class:
            name = pattern.startswith("?<", at + 1) and pattern[at + 3 : at + 4] not in ("=", "!")
            named = named or name
            count += name or not pattern.startswith("?", at + 1)
        at += 1
    return count, named

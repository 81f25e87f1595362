"""`index.html.tmpl`: the page with holes that are filled from the configuration. Source: spec/ui-backends.md §14.

The holes are JavaScript to the reference. Here they are a handful of forms, which is what pages use: `publicPath`, a
few methods of `config`, texts and numbers, `??`, `||`, `&&`, `!`, `+`, `? :` and brackets, and `<% if (…) { %>` around
parts. Values are written so that they stay text, whatever they contain.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

Value = Any
_HOLE: Final = re.compile(r"<%([=-]?)(.*?)%>", re.DOTALL)
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`$\\]*`)|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<name>[A-Za-z_$][\w$]*)|(?P<sign>\?\?|\|\||&&|[().,?:!+]))"""
)
_IF: Final = re.compile(r"\s*if\s*\((.*)\)\s*\{\s*\Z", re.DOTALL)
_ELSE: Final = re.compile(r"\s*\}\s*else\s*\{\s*\Z")
_END: Final = re.compile(r"\s*\}\s*\Z")
_KINDS: Final[Mapping[str, Callable[[Value], bool]]] = {
    "": lambda value: True,
    "String": lambda value: isinstance(value, str) and value != "",
    "Boolean": lambda value: isinstance(value, bool),
    "Number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
_METHOD: Final = re.compile(r"get(Optional)?(String|Boolean|Number|)\Z")


class TemplateError(Exception):
    """The template holds something else than the forms above, or asks for a value that is not there."""


def fill(template: str, config: Mapping[str, Value], public_path: str) -> str:
    """The page. `config` is what browsers may see. Raises TemplateError, which names the hole."""
    shown: list[bool] = []
    page: list[str] = []
    end = 0
    for hole in _HOLE.finditer(template):
        if all(shown):
            page.append(template[end : hole.start()])
        end = hole.end()
        kind, text = hole[1], hole[2]
        try:
            if kind:
                if all(shown):
                    page.append(html.escape(_written(_evaluate(text, config, public_path)), quote=True))
            elif found := _IF.match(text):
                shown.append(all(shown) and _truth(_evaluate(found[1], config, public_path)))
            elif _ELSE.match(text) and shown:
                shown[-1] = all(shown[:-1]) and not shown[-1]
            elif _END.match(text) and shown:
                shown.pop()
            else:
                raise TemplateError("is not understood")
        except TemplateError as error:
            raise TemplateError(f"'{hole[0].strip()}' {error}") from None
    if shown:
        raise TemplateError("an 'if' is not closed")
    return "".join(page) + template[end:]


def _evaluate(text: str, config: Mapping[str, Value], public_path: str) -> Value:
    reader = _Expression(list(_tokens(text)), config, public_path)
    value = reader.choice()
    reader.expect_end()
    return value


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise TemplateError("is not understood")
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


class _Expression:
    """Reads an expression and has its value at once: there are no effects that a branch not taken could have."""

    def __init__(self, tokens: Sequence[tuple[str, str]], config: Mapping[str, Value], public_path: str) -> None:
        self._tokens, self._at = tokens, 0
        self._config, self._public_path = config, public_path
        self._needed = True
        """False in a branch that is not taken, where a missing value is no error."""

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise TemplateError("is not understood")

    def choice(self) -> Value:
        test = self._chain()
        if not self._take("?"):
            return test
        needed, chosen = self._needed, _truth(test)
        self._needed = needed and chosen
        first = self.choice()
        self._expect(":")
        self._needed = needed and not chosen
        second = self.choice()
        self._needed = needed
        return first if chosen else second

    def _chain(self) -> Value:
        value = self._sum()
        while (sign := self._peek()) in ("??", "||", "&&"):
            self._at += 1
            stays = value is not None if sign == "??" else _truth(value) == (sign == "||")
            needed, self._needed = self._needed, self._needed and not stays
            other = self._sum()
            self._needed = needed
            value = value if stays else other
        return value

    def _sum(self) -> Value:
        value = self._single()
        while self._take("+"):
            other = self._single()
            numbers = all(_KINDS["Number"](part) for part in (value, other))
            value = value + other if numbers else _joined(value) + _joined(other)
        return value

    def _single(self) -> Value:
        if self._take("!"):
            return not _truth(self._single())
        if self._take("("):
            value = self.choice()
            self._expect(")")
            return value
        kind, text = self._next()
        if kind == "text":
            return _unquoted(text)
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "name":
            return self._named(text)
        raise TemplateError("is not understood")

    def _named(self, name: str) -> Value:
        constants = {"true": True, "false": False, "null": None, "undefined": None, "publicPath": self._public_path}
        if name in constants:
            return constants[name]
        if name != "config":
            raise TemplateError(f"asks for '{name}', which there is not")
        self._expect(".")
        kind, method = self._next()
        self._expect("(")
        key = self.choice()
        self._expect(")")
        if kind != "name" or not isinstance(key, str):
            raise TemplateError("is not understood")
        return self._config_value(method, key)

    def _config_value(self, method: str, key: str) -> Value:
        value: Value = self._config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if method == "has":
            return value is not None
        found = _METHOD.match(method)
        if found is None:
            raise TemplateError(f"asks for 'config.{method}', which there is not")
        if not self._needed:
            return None
        if value is None:
            if found[1]:
                return None
            raise TemplateError(f"needs the configuration key '{key}', which is not set or not for browsers")
        if not _KINDS[found[2]](value):
            raise TemplateError(f"needs another type of value at the configuration key '{key}'")
        return value

    def _peek(self) -> str | None:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else None

    def _take(self, sign: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("sign", sign):
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise TemplateError("is not understood")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise TemplateError("is not understood")
        self._at += 1
        return self._tokens[self._at - 1]


def _unquoted(text: str) -> str:
    if text[0] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            raise TemplateError("is not understood") from None
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _truth(value: Value) -> bool:
    return value is not None and value is not False and value != "" and value != 0


def _written(value: Value) -> str:
    """As the reference writes a hole: nothing for no value."""
    return "" if value is None else _joined(value)


def _joined(value: Value) -> str:
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list):
        return json.dumps(value)
    return str(value)

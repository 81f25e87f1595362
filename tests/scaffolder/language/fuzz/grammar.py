"""Random templates: mostly well-formed, rich in what engines disagree about."""

from random import Random
from typing import Any

CONTEXT: dict[str, Any] = {
    "p": {
        "s": "Hello World",
        "es": "",
        "uni": "Åäö 😀x",
        "html": "<b>&\"'</b> \\",
        "multi": "one\r\ntwo\n\nthree",
        "n": 3,
        "neg": -7.5,
        "z": 0,
        "big": 12345678901234567890,
        "f": 1.5,
        "num": "42",
        "hex": "0x1F",
        "ws": " \t3 ",
        "t": True,
        "fl": False,
        "nul": None,
        "arr": ["a", "b", "c"],
        "empty": [],
        "nums": [3, 1, 2, 10],
        "mix": [3, "b", None, True, {"n": 1}, [2, [3]]],
        "obj": {"a": 1, "b": {"c": 2}, "2": "two", "10": "x", "1": "y"},
        "list": [{"n": "x", "v": 2, "t": True}, {"n": "Y", "v": 1}, {"n": "x", "v": None}],
        "pairs": [["k", 1], ["l", 2]],
        "alike": {"length": 2, "0": "p", "1": "q"},
        "eo": {},
        "words": "the quick  brown fox, http://x.org (www.y.com) a@b.io",
    },
    "x": 5,
    "xs": ["q", "w"],
}


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


FILTERS = words(
    """
    abs batch capitalize center d default dictsort dump e escape first float forceescape groupby indent int join
    last length list lower nl2br reject rejectattr replace reverse round safe select selectattr slice sort string
    striptags sum title trim truncate upper urlencode urlize wordcount
    """
)
TESTS = words(
    """
    callable defined divisibleby escaped eq equalto even falsy ge greaterthan gt iterable le lessthan lower lt
    mapping ne null number odd sameas string truthy undefined upper none
    """
)
METHODS = {
    "s": "charAt charCodeAt concat endsWith includes indexOf lastIndexOf replace slice split startsWith substring "
    "toLowerCase toUpperCase trim trimEnd trimStart length",
    "arr": "at concat copyWithin fill flat includes indexOf join lastIndexOf pop push reverse shift slice sort splice "
    "unshift length",
    "n": "toFixed toExponential toPrecision toString",
    "python": "append count find index insert remove pop get has_key items keys values upper",
}
REGEXES = (
    "r/o/g",
    "r/[aeiou]/gi",
    "r/(l+)/",
    r"r/\s+/g",
    r"r/(?<a>\w)(\w)/g",
    "r/^/gm",
    r"r/\b/g",
    "r/x*/g",
    "r/(a|b)*?c/",
    r"r/(?=l)/g",
    r"r/(?<!o)l/g",
    r"r/[^\W_]+/y",
    r"r/(.)\1/",
    "r/o/y",
    r"r/\u0048|\x65/g",
    "r/]/",
    "r/{/",
    r"r/a{1,2}/g",
)
BINARY = ("not in", *words("+ + - * / // % ** ~ == != === !== < > <= >= and or in"))
LITERALS = (
    "0",
    "1",
    "2",
    "3",
    "10",
    "1.5",
    "2.50",
    "-1",
    "-0",
    "0.1",
    "''",
    "'a'",
    '"b"',
    "' '",
    "'10'",
    "'3'",
    "'\\n'",
    "'$&'",
    "'$1-$2'",
    "'%d'",
    "'length'",
    "true",
    "false",
    "null",
    "none",
    "[]",
    "{}",
    "[1,2]",
    "['b','a']",
    "{a: 1}",
    "{'b': [1]}",
    "p",
    "xs",
    "x",
    "missing",
    "missing.a.b",
    "'n'",
    "'v'",
    "'key'",
    "'value'",
    "'ceil'",
    "'floor'",
    "1000",
    "'-'",
)


class Grammar:
    """Makes templates from a random source."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._names = ["x", "xs"]

    def template(self) -> str:
        """A whole template."""
        self._names = ["x", "xs"]
        if self._random.random() < 0.6:
            return "${{ " + self.expression(3) + " }}"
        return self.body(3)

    def _one(self, *choices: str) -> str:
        return self._random.choice(choices)

    def _path(self) -> str:
        key = self._random.choice(list(CONTEXT["p"]))
        return f"p.{key}" if self._random.random() < 0.85 else f"p['{key}']"

    def atom(self) -> str:
        roll = self._random.random()
        if roll < 0.5:
            return self._path()
        if roll < 0.6:
            return self._random.choice(self._names)
        return self._random.choice(LITERALS)

    def expression(self, depth: int) -> str:
        """An expression, nested at most so deep."""
        if depth <= 0:
            return self.atom()
        roll = self._random.random()
        deeper = depth - 1
        if roll < 0.14:
            return self.atom()
        if roll < 0.34:
            return f"{self.expression(deeper)} {self._random.choice(BINARY)} {self.expression(deeper)}"
        if roll < 0.56:
            return f"{self.expression(deeper)} | {self.filter(deeper)}"
        if roll < 0.63:
            return f"{self.expression(deeper)} is {self._one('', 'not ')}{self.test(deeper)}"
        if roll < 0.74:
            return self.method(deeper)
        if roll < 0.78:
            return f"{self._one('not', '-', '+')} {self.expression(deeper)}"
        if roll < 0.82:
            otherwise = f" else {self.expression(deeper)}" if self._random.random() < 0.6 else ""
            return f"{self.expression(deeper)} if {self.expression(deeper)}{otherwise}"
        if roll < 0.86:
            return f"({self.expression(deeper)})"
        if roll < 0.9:
            return self.subscript(deeper)
        if roll < 0.94:
            items = ", ".join(self.expression(deeper) for _ in range(self._random.randrange(4)))
            return f"[{items}]"
        if roll < 0.97:
            keys = [self._one("a", "b", "'c'", "'7'", "'3'") for _ in range(2)]
            return "{" + ", ".join(f"{key}: {self.expression(deeper)}" for key in keys) + " }"
        return self._one(
            "range(3)",
            "range(1, 6, 2)",
            "range(5, 0, -2)",
            "range(p.n)",
            "range('2')",
            "cycler('a','b').next()",
            "joiner('; ')()",
        )

    def subscript(self, depth: int) -> str:
        """An item or a slice; slices of sequences only, all else makes the reference run into its limit."""
        if self._random.random() < 0.4:
            return f"{self.atom()}[{self.expression(depth)}]"
        parts = [self._one("", "", "0", "1", "-1", "-2", "2", "p.n") for _ in range(self._random.choice((2, 3)))]
        return f"{self._one('p.arr', 'p.s', 'p.nums', 'p.uni', 'p.empty', 'range(5)')}[{':'.join(parts)}]"

    def arguments(self, depth: int, most: int = 3) -> str:
        return ", ".join(self.expression(depth) for _ in range(self._random.randrange(most + 1)))

    def filter(self, depth: int) -> str:
        name = self._random.choice(FILTERS)
        roll = self._random.random()
        if roll < 0.4:
            return name
        if roll < 0.5:
            key = self._one("reverse", "attribute", "case_sensitive", "default", "base", "boolean", "width")
            return f"{name}({key}={self.expression(depth)})"
        if name == "replace" and roll < 0.8:
            return f"replace({self._random.choice(REGEXES)}, {self.expression(depth)})"
        return f"{name}({self.arguments(depth)})"

    def test(self, depth: int) -> str:
        name = self._random.choice(TESTS)
        if name in ("divisibleby", "eq", "equalto", "ge", "gt", "greaterthan", "le", "lessthan", "lt", "ne", "sameas"):
            return f"{name}({self.expression(depth)})"
        return name

    def method(self, depth: int) -> str:
        kind = self._random.choice(list(METHODS))
        receivers = {
            "s": ("p.s", "p.uni", "p.words", "p.es", "p.multi"),
            "arr": ("p.arr", "p.nums", "p.mix", "xs", "p.list"),
            "python": ("p.arr", "p.nums", "p.obj", "p.alike", "xs", "p.s"),
            "n": ("p.n", "p.neg", "p.f", "p.big", "x"),
        }
        receiver = self._random.choice(receivers[kind])
        name = self._random.choice(METHODS[kind].split())
        if name in ("replace", "split") and kind == "s" and self._random.random() < 0.5:
            tail = f", {self.expression(depth)}" if name == "replace" else ""
            return f"{receiver}.{name}({self._random.choice(REGEXES)}{tail})"
        if self._random.random() < 0.05:
            return f"{receiver}.{name}"
        return f"{receiver}.{name}({self.arguments(depth)})"

    def body(self, depth: int) -> str:
        """Text and tags."""
        return "".join(self.statement(depth) for _ in range(self._random.randrange(1, 4)))

    def _text(self) -> str:
        return self._one(" ", "\n", "a", "  b\n", "\r\n", "{", "$", "x }} y", "\t\n ", "%}", "- ", "Å😀", "{{ y }}")

    def _tag(self, content: str) -> str:
        return f"{{%{self._one('', '', '', '-')} {content} {self._one('', '', '', '-')}%}}"

    def statement(self, depth: int) -> str:
        roll = self._random.random()
        if roll < 0.25 or depth <= 0:
            return self._text()
        if roll < 0.45:
            return f"${{{{{self._one('', '', '-')} {self.expression(2)} {self._one('', '', '-')}}}}}"
        deeper = depth - 1
        if roll < 0.55:
            branches = self._tag(f"if {self.expression(1)}") + self.body(deeper)
            if self._random.random() < 0.3:
                branches += self._tag(f"{self._one('elif', 'elseif')} {self.expression(1)}") + self.body(deeper)
            if self._random.random() < 0.5:
                branches += self._tag("else") + self.body(deeper)
            return branches + self._tag("endif")
        if roll < 0.7:
            return self._for(deeper)
        if roll < 0.8:
            return self._set(deeper)
        if roll < 0.88:
            return self._macro(deeper)
        if roll < 0.91:
            return f"{{#{self._one('', '-')} c {self._one('', '-')}#}}"
        if roll < 0.94:
            name = self._one("raw", "verbatim")
            return f"{{%{self._one('', '-')} {name} {self._one('', '-')}%}}{self._text()}${{{{ x }}}}{{% end{name} %}}"
        if roll < 0.96:
            return self._tag(f"filter {self.filter(0)}") + self.body(deeper) + self._tag("endfilter")
        if roll < 0.97:
            return self._tag(f"block b{self._random.randrange(1000)}") + self.body(deeper) + self._tag("endblock")
        cases = "".join(self._tag(f"case {self.atom()}") + self._one("", self.body(deeper)) for _ in range(2))
        default = self._tag("default") + self.body(deeper) if self._random.random() < 0.5 else ""
        return self._tag(f"switch {self.atom()}") + cases + default + self._tag("endswitch")

    def _for(self, depth: int) -> str:
        targets = self._one("i", "i", "k, v", "a, b, c", "x")
        iterable = self._one(
            "p.arr", "p.obj", "p.list", "p.pairs", "p.mix", "range(3)", "p.s", "p.empty", "missing", self.expression(1)
        )
        outer = list(self._names)
        self._names += targets.split(", ")
        self._names += ("loop.index", "loop.last", "loop.revindex0", "loop.length", "loop.first")
        inside = self.body(depth)
        otherwise = self._tag("else") + self.body(depth) if self._random.random() < 0.3 else ""
        self._names = outer
        return self._tag(f"for {targets} in {iterable}") + inside + otherwise + self._tag("endfor")

    def _set(self, depth: int) -> str:
        name = self._one("x", "y", "z, w", "i", "k")
        self._names += name.split(", ")
        if self._random.random() < 0.7:
            return self._tag(f"set {name} = {self.expression(2)}")
        return self._tag(f"set {name}") + self.body(depth) + self._tag("endset")

    def _macro(self, depth: int) -> str:
        name = self._one("m", "w")
        parameters = self._one("", "a", "a, b", "a, b=1", "a=x, b=2", "x, caller")
        outer = list(self._names)
        self._names += [part.split("=")[0] for part in parameters.split(", ") if part] + ["caller()"]
        macro = self._tag(f"macro {name}({parameters})") + self.body(depth) + self._tag("endmacro")
        self._names = [*outer, name]
        arguments = self._one("", "1", "1, 2, 3", "b=3", "x, b='q'")
        if self._random.random() < 0.4:
            inner = self._one("", "(q)", "(q, r=1)")
            return macro + self._tag(f"call{inner} {name}({arguments})") + self.body(depth) + self._tag("endcall")
        self._names.append(f"{name}({arguments})")
        return macro + f"${{{{ {name}({arguments}) }}}}"

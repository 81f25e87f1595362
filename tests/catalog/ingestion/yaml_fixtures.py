"""YAML of every sort, right and wrong, and a generator of more."""

from __future__ import annotations

import random

FIXTURES: tuple[str, ...] = (
    # streams
    *("", "\n", "# only a comment\n", "---\n", "---\n---\n", "a: 1\n---\n", "a: 1\n---\nb: 2\n...\nc: 3\n", "...\n"),
    *("--- a\n--- b\n", "--- {a: b}\n", "---\n- a\n", "--- # c\na: b\n", "--- a: b\n", "--- - a\n", "--- |\n text\n"),
    *("%YAML 1.2\n---\na: yes\n", "%YAML 1.1\n---\na: [yes, 017, 12:30:45, 1_000, 0b11, 2001-12-14]\n"),
    *("%YAML 1.1\n---\nx: &x {a: 1}\ny: {<<: *x, b: 2}\n---\nz: no\n", "%YAML 1.3\n---\na: b\n", "%YAML x\n---\na\n"),
    *("%TAG ! tag:x,2000:\n---\n!a b\n", "%FOO bar\n---\na\n", "%YAML 1.2\na: b\n", "a: b\n... x\n", "a: b\n... # x\n"),
    *(
        "a: [unclosed\n---\nb: 1\n",
        'a: "unclosed\n---\nb: 1\n',
        "a: b: c\n---\nd: 1\n",
        "\ufeffa: 1\n",
        "a: 1\r\nb: 2\r\n",
    ),
    # scalars
    *("[~, null, Null, NULL, nUll, true, True, TRUE, tRUE, yes, off]\n", "[1, +1, -1, 0o17, 017, 0x1F, 1e3, 1., .5]\n"),
    *("[.inf, -.inf, .nan, .NaN, .Inf, +.INF]\n", "[12345678901234567890, 1e400, -0, -0.0, 1e21, 0.0000001]\n"),
    *(
        "[1_000, 0b1, 0o8, 0xG, 1e, .e1, +-1, '1', \"1\"]\n",
        "a: 2024-02-30\nb: 12:30:45\nc: 2001-12-14t21:59:43.10-05:00\n",
    ),
    *(
        "a: !!str 12\n",
        'a: !!int "12"\n',
        "a: !mytag 12\n",
        "a: !mytag [1]\n",
        "a: ! 12\n",
        "a: !!null x\n",
        "a: !!float 1\n",
    ),
    *("a: !!binary aGVsbG8=\n", "a: !!binary |\n  aGVs\n  bG8\n", "a: !!set { a, b }\n", "a: !!set { a: 1 }\n"),
    *("a: !!omap [ a: 1, b: 2 ]\n", "a: !!omap [ a: 1, a: 2 ]\n", "a: !!pairs [ a: 1, a: 2, c ]\n", "a: !!set [a]\n"),
    *(
        "a: !!timestamp 2001-12-14 21:59:43.1 -5\n",
        "a: !!timestamp x\n",
        "a: !<tag:yaml.org,2002:int> 5\n",
        "a: !<!> x\n",
    ),
    *(
        "a: !e!x y\n",
        "a: !! x\n",
        "a: !!str\nb: 1\n",
        "!!map {a: b}\n",
        "!!seq\n- a\n",
        "a: !!a !!b c\n",
        "a: !x%41 y\n",
    ),
    *(
        "a: plain\n  more\n\n  lines\n",
        "a: 'it''s\n  folded'\n",
        'a: "x\\ny \\u00e9 \\x41 \\\n  z"\n',
        'a: "\\ud83d\\ude00"\n',
    ),
    *(
        'a: "\\q"\n',
        'a: "\\u12"\n',
        "a: x # c\n",
        "a: x#c\n",
        'a: "x"#c\n',
        "a: x:y\n",
        "a: x: y\n",
        "a: -x\n",
        "a: - x\n",
    ),
    *(
        "a: @x\n",
        "a: `x`\n",
        "a: %x\n",
        "a: ,x\n",
        "a: ]\n",
        "a: 'x' y\n",
        "a: http://x/y?z#w\n",
        "a: b\nc\n",
        "a: b\n c\n",
    ),
    *('"x\ny": 1\n', "a: 'x\ny'\n", "a: {{ x }}\n", "{{ x }}: 1\n", "a: {{ x }} y\n", "name: ${{ values.name }}\n"),
    # block scalars
    *(
        "a: |\n  x\n   y\n\n  z\n\n",
        "a: |-\n  x\n\n",
        "a: |+\n  x\n\n",
        "a: >\n  a\n  b\n\n  c\n   d\n  e\n",
        "a: >-\n  a\n",
    ),
    *(
        "a: |2\n   x\n",
        "a: |1-\n x\n",
        "a: |\n\n\n  x\n",
        "a: |\n   \n  x\n",
        "a: |\nb: 1\n",
        "a: |",
        "a: |\n  x",
        "a: | # c\n  x\n",
    ),
    *(
        "a: |x\n",
        "a: |#c\n",
        "a: | x\n",
        "a: |\n x\n\ty\n",
        "a: |\n  x\n \t\nb: 1\n",
        "- |\n x\n- >\n y\n",
        "a: |0\n x\n",
        "|\nx\n",
    ),
    *("a: >\n  x\n\ty\n", "a: |\n  tab\there\n", "a: |\n  x\n    \n  \nb: 1\n", "a:\n  |\n  x\n", "a:\n|\n x\n"),
    # collections
    *(
        "a:\n- b\n- c\n",
        "a:\n  - b\n  -\n  - c: d\n    e: f\n",
        "- - a\n  - b\n- c\n",
        "-\n  a: b\n",
        "- a: b\n c: d\n",
    ),
    *(
        "a:\n  b: 1\n c: 2\n",
        "a:\n   b: 1\n  c: 2\n",
        "a: 1\n  b: 2\n",
        "  a: 1\n  b: 2\n",
        "  a: 1\nb: 2\n",
        "- a\nb: c\n",
    ),
    *(
        "a: - b\n",
        "a: b: c\n",
        "a: 'b': c\n",
        "- ? a\n  : b\n",
        "? a\n: b\n? c\n",
        "? [a, b]\n: c\n",
        "? {a: b}\n: c\n",
        "? |\n  k\n: v\n",
    ),
    *(
        "? - a\n  - b\n: - c\n",
        "[a, b]: c\n",
        "{a: b}: c\n",
        "[a,\n b]: c\n",
        ": a\n",
        "a:\n:\n",
        "a\n",
        "a\nb: c\n",
        "a: b\na: c\n",
    ),
    *(
        "1: a\n1.0: b\n",
        "1: a\n'1': b\n",
        "~: a\n'': b\n",
        "true: a\n1.5: b\n",
        "{a: 1, a: 2}\n",
        ".nan: a\n.NaN: b\n",
        "<<: a\n<<: b\n",
    ),
    *(
        "__proto__: 1\na: {__proto__: {b: 1}}\n",
        "constructor: 1\ntoString: 2\n",
        f"{'k' * 1030}: 1\n",
        f"{{{'k' * 1030}: 1}}\n",
    ),
    # flow
    *(
        "[]\n",
        "{}\n",
        "[a, b,]\n",
        "[a,, b]\n",
        "[,]\n",
        "[a b, c]\n",
        "['a' b]\n",
        "['a', 'b' 'c']\n",
        "{a, b: c, d: , : e}\n",
    ),
    *(
        "{a:1}\n",
        '{"a":1}\n',
        "{a: b, c}\n",
        "{? a : b}\n",
        "[a: b, c]\n",
        "[? a : b]\n",
        "[: b]\n",
        "['a':b]\n",
        "[a:b]\n",
        "[a :b]\n",
    ),
    *(
        "[a\n]\n",
        "a: [\n  b,\n  c\n]\n",
        "a: [\nb\n]\n",
        "a: {\n  b: c\n }\n",
        "a: [b, # c\n  d]\n",
        "a: [b,#c\n  d]\n",
        "a: [b]#c\n",
    ),
    *(
        "[a, - b]\n",
        "[-, a]\n",
        "[-1, --x]\n",
        "[?x]\n",
        "{a: [b, {c: d}]}\n",
        "{a: b}}\n",
        "[a]]\n",
        "{a: [b}\n",
    ),
    *(
        "a: [b: c,\n  d: e]\n",
        "[a\n: b]\n",
        "{a\n: b}\n",
        "{'a'\n:b}\n",
        "a: ['x\n  y']\n",
        "a: ['x\ny']\n",
        "[http://a, b:c]\n",
    ),
    # anchors
    *(
        "a: &x 1\nb: *x\n",
        "a: &x [1, 2]\nb: {c: *x}\n",
        "a: *x\n",
        "a: &x\nb: *x\n",
        "&x a: b\nc: *x\n",
        "a: &x b\n*x : c\n",
    ),
    *(
        "a: &x &y b\n",
        "a: &x *x\n",
        "a: &x [*x]\n",
        "a: & b\n",
        "a: * b\n",
        "&x\na: b\n",
        "a:\n  &x\n  b: c\n",
        "a: &x b: c\n",
    ),
    *(
        "a: &x {b: 1}\n? *x\n: c\n",
        "a: &x 1\nb: &x 2\nc: *x\n",
        "a: &é 1\nb: *é\n",
        "- &a [x]\n" + "- *a\n" * 120,
        "- &a []\n" + "- *a\n" * 120,
    ),
    "a: &a [x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n",
    # tabs and other characters
    *(
        "a:\tb\n",
        "\ta: b\n",
        "a:\n\tb: c\n",
        "a:\n  \tb\n",
        "-\ta\n",
        "-\t- a\n",
        "-\ta: b\n",
        "a: b\t# c\n",
        "a:\n  b: 1\n\t\n  c: 2\n",
    ),
    *(
        "a:\n\t\nb: 1\n",
        "{\ta: b }\n",
        "\t{a: b}\n",
        "a: [\n\tb]\n",
        "a: 'x\n\ty'\n",
        "a: x\x85y\n",
        "a: x\u2028y\n",
        "a: x\x07y\n",
    ),
    *("a: x\ry\n", "a: x\x7f\n", "a: \ufffe\n", "a: \U0001f6a2\n", "ключ: значение\n", "a: \x00\n", "- \ufeffa\n"),
)

_PIECES = (
    *(
        "a: 1\n",
        "b: x y\n",
        "  c: z\n",
        "  - i\n",
        "- j\n",
        "    d: |\n",
        "      lit\n",
        "\n",
        "# com\n",
        "  # com\n",
        "e:\n",
    ),
    *(
        "  f:\n",
        "    - g: h\n",
        "      k: l\n",
        "m: [a, b]\n",
        "n: {a: b, c}\n",
        "o: >-\n",
        "  fold\n",
        "  more\n",
        'p: "x\n',
    ),
    *(
        '  y"\n',
        "   q: r\n",
        " s\n",
        "t: 'u\n",
        "v: [a,\n",
        "  b]\n",
        "]\n",
        "w: {x: 1,\n",
        "}\n",
        "---\n",
        "x:\n",
        "x: &a\n",
    ),
    *(
        "y: *a\n",
        "z: !!str 1\n",
        "- - a\n",
        "  - b\n",
        "-\n",
        "  -\n",
        "    \n",
        "aa: b # c\n",
        "bb: c: d\n",
        "cc: |2\n",
    ),
)
_SPOTS = (*"abc:- \n'\"[]{}#,&*!|>%@0.~", "  ", "\n  ", ": ", "- ", "\n- ", " #", "---\n")


def built(count: int, seed: int) -> list[str]:
    """Texts put together from lines that may or may not fit."""
    order = random.Random(seed)
    return ["".join(order.choices(_PIECES, k=order.randint(1, 9))) for _ in range(count)]


def damaged(texts: list[str], count: int, seed: int) -> list[str]:
    """Texts with one to three small changes each."""
    order = random.Random(seed)
    return [_damage(order.choice(texts), order) for _ in range(count)]


def _damage(text: str, order: random.Random) -> str:
    lines = text.split("\n")
    if len(lines) > 20:
        start = order.randrange(len(lines) - 10)
        lines = lines[start : start + order.randint(3, 20)]
    for _ in range(order.randint(1, 3)):
        row = order.randrange(len(lines))
        line = lines[row]
        column = order.randint(0, len(line))
        lines[row] = order.choice(
            (
                line[:column] + order.choice(_SPOTS) + line[column:],
                line[:column] + line[column + order.randint(1, 3) :],
                " " + line,
                line[1:],
            )
        )
    return "\n".join(lines)

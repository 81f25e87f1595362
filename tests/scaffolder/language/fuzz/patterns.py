"""Random regular expressions, compared with the RegExp of Node."""

from collections.abc import Iterator, Sequence
from random import Random

from scaffolder.language import LimitError, Limits
from scaffolder.language.limits import Meter
from scaffolder.language.regex.operations import matches, replaced, split
from scaffolder.language.regex.program import compiled
from scaffolder.language.regex.syntax import RegexError
from scaffolder.language.units import from_units, to_units
from tests.scaffolder.language.fuzz.engines import Engines, Outcome, Pattern, canonical

ATOMS = (
    *("a", "b", "ab", "A", ".", "x", "1", "_", " ", "é", "K", "ſ", "]", "}", "{", "-", ",", "{1", "a{,2}"),
    *(
        r"\d",
        r"\D",
        r"\w",
        r"\W",
        r"\s",
        r"\S",
        r"\b",
        r"\B",
        r"\n",
        r"\t",
        r"\0",
        r"\1",
        r"\2",
        r"\3",
        r"\8",
        r"\12",
        r"\x61",
    ),
    *(
        r"\u0062",
        r"\u{61}",
        r"\cA",
        r"\c",
        r"\c1",
        r"\k",
        r"\k<n>",
        r"\-",
        r"\.",
        r"\a",
        r"\/",
        "^",
        "$",
        "[ab]",
        "[^ab]",
        "[a-c]",
    ),
    *(
        "[]",
        "[^]",
        "[a-]",
        "[-a]",
        r"[\d-x]",
        r"[\w]",
        r"[^\W]",
        r"[\b]",
        "[A-z]",
        "[é-ü]",
        "[\\]]",
        r"[\c_]",
        "[c-a]",
        "[^\\s]",
    ),
)
QUANTIFIERS = ("", "", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,1}?", "{2,}", "{2,1}", "**", "{0}")
GROUPS = ("(", "(", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?<n>", "(?<m>", "(?")
TEXTS = (
    "",
    "a",
    "ab",
    "aab",
    "abab",
    "AaBb",
    "xx1 a_b",
    "a\nb\r\nc",
    "Éé Kk ſs",
    "aaaa",
    "{1}] a-b,{,2}",
    "😀a😀",
    "a1b2 c3",
    "\x01\x00a",
)
REPLACEMENTS = ("-", "", "[$&]", "<$1$2>", "$$", "$`|$'", "$10", "$01", "$0", "$<n>", "$<", "$")


def random_patterns(seed: int, count: int) -> list[Pattern]:
    """So many patterns, always the same for a seed."""
    random = Random(seed)
    return [
        Pattern(
            _pattern(random, 3),
            "".join(flag for flag in "gimy" if random.random() < 0.3),
            random.choice(TEXTS),
            random.choice(REPLACEMENTS),
        )
        for _ in range(count)
    ]


def _pattern(random: Random, depth: int) -> str:
    pattern = _nested(random, depth)
    # Versions of Node differ about two groups of one name.
    for name in ("n", "m"):
        group = f"(?<{name}>"
        first, _, rest = pattern.partition(group)
        pattern = first + group + rest.replace(group, "(") if rest else pattern
    return pattern


def _nested(random: Random, depth: int) -> str:
    pieces: list[str] = []
    for _ in range(random.randrange(1, 4)):
        if depth > 0 and random.random() < 0.35:
            atom = random.choice(GROUPS) + _nested(random, depth - 1) + ")"
        else:
            atom = random.choice(ATOMS)
        pieces.append(atom + random.choice(QUANTIFIERS))
        if random.random() < 0.12:
            pieces.append("|")
    return "".join(pieces)


def ours(pattern: Pattern) -> Outcome:
    """What our matcher makes of a pattern."""
    meter = Meter(Limits())
    text = to_units(pattern.text)
    try:
        program = compiled(to_units(pattern.pattern), pattern.flags)
    except RegexError as error:
        return Outcome(None, "error", str(error))
    try:
        new = replaced(matches(program, pattern.flags, text, 0, meter), text, to_units(pattern.replacement), meter)
        parts = [None if part is None else from_units(part) for part in split(program, text, None, meter)]
        flags = pattern.flags if "g" in pattern.flags else pattern.flags + "g"
        groups = [
            [found.start, *[_joined(found.group(index)) for index in range(found.groups + 1)]]
            for found in matches(program, flags, text, 0, meter)
        ]
    except LimitError:
        return Outcome(None, "timeout")
    return Outcome(canonical([from_units(new), parts, groups]))


def _joined(group: str | None) -> str | None:
    return None if group is None else from_units(group)


def pattern_differences(engines: Engines, patterns: Sequence[Pattern]) -> Iterator[str]:
    """Where our matcher and Node's disagree."""
    for pattern, theirs in zip(patterns, engines.match(patterns), strict=True):
        mine = ours(pattern)
        if not mine.agrees_with(theirs):
            yield f"{pattern}\n  ours {mine}\n  node {theirs}"

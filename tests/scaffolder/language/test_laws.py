"""Laws that hold for every template and every value."""

import copy
import json
import math
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scaffolder.language import Context, Dialect, Language, LanguageError, Limits, references
from scaffolder.language.limits import Meter
from scaffolder.language.numbers import number_text, text_number
from scaffolder.language.regex.operations import matches, replaced, split
from scaffolder.language.regex.program import compiled
from scaffolder.language.regex.syntax import RegexError
from scaffolder.language.units import from_units, to_units
from tests.scaffolder.language.fuzz.grammar import CONTEXT, Grammar, words
from tests.scaffolder.language.rendering import LEGACY, STRICT, text, value
from tests.scaffolder.language.test_escape import is_json_like

TIGHT = Language(limits=Limits(work=20_000, text=1_000_000, output=100_000, regex_steps=20_000))
DIALECTS = [
    Language(dialect=Dialect(cookiecutter, trim, lstrip, legacy), limits=TIGHT.limits)
    for cookiecutter in (False, True)
    for trim in (False, True)
    for lstrip in (False, True)
    for legacy in (False, True)
]

characters = st.characters(exclude_categories=["Cs"])
FRAGMENTS = """
${{ }} {{ {% %} {# #} - ' " \\ ( ) [ ] { } . , : | ~ + * / // ** % = == === != < >= r/ /g if else elif endif for
in endfor set endset macro endmacro call endcall caller filter endfilter block endblock switch case default endswitch
raw endraw verbatim not and or is defined true null none loop loop.index range cycler joiner p p.s p.arr p.obj x 0 1
2.5 'a' upper join dump replace sort first include asyncEach endeach constructor __proto__ å $ @
"""
fragments = st.sampled_from([*words(FRAGMENTS), " ", " ", "\n", "\t", "\r\n", "\u00a0", "\u2028", "😀", "\x00"])
sources = st.lists(st.one_of(fragments, fragments, fragments, st.text(characters, max_size=4)), max_size=25).map(
    "".join
)
templates = st.integers(0, 2**32).map(lambda seed: Grammar(Random(seed)).template())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(characters),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(characters, max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(sources, st.sampled_from(DIALECTS), st.booleans())
@settings(max_examples=1500, deadline=None)
def test_whatever_the_source_only_a_language_error_is_raised(source: str, language: Language, as_value: bool) -> None:
    try:
        template = language.compile(source)
        result = template.value(CONTEXT) if as_value else template.render(CONTEXT)
    except LanguageError as error:
        assert error.line is not None
        assert error.column is not None
        assert 1 <= error.line <= source.count("\n") + 1
        assert error.column >= 1
        assert error.message.startswith(f"Template error at line {error.line}, column {error.column}: ")
        return
    assert is_json_like(result)


@given(templates)
@settings(max_examples=600, deadline=None)
def test_a_template_yields_json_like_values_only_and_leaves_its_context_alone(source: str) -> None:
    values = copy.deepcopy(CONTEXT)
    context = Context(values)
    outcomes = []
    for given_context in (values, context, context):
        try:
            outcomes.append(TIGHT.compile(source).value(given_context))
        except LanguageError as error:
            outcomes.append(error.message)
    assert values == CONTEXT
    assert all(map(is_json_like, outcomes))
    assert [json.dumps(outcome, default=str) for outcome in outcomes].count(json.dumps(outcomes[0], default=str)) == 3


@given(templates)
@settings(max_examples=300, deadline=None)
def test_the_legacy_setting_changes_no_template_the_strict_language_accepts(source: str) -> None:
    try:
        strict = STRICT.compile(source).value(CONTEXT)
    except LanguageError:
        return
    assert json.dumps(LEGACY.compile(source).value(CONTEXT), default=str) == json.dumps(strict, default=str)


@given(templates, st.integers(1, 200))
@settings(max_examples=300, deadline=None)
def test_work_is_bounded_whatever_the_template(source: str, work: int) -> None:
    language = Language(limits=Limits(work=work, text=10_000, output=10_000, regex_steps=1000))
    try:
        assert is_json_like(language.compile(source).value(CONTEXT))
    except LanguageError as error:
        assert error.kind in ("syntax_error", "evaluation_error", "limit_error")


@given(st.text(characters).filter(lambda source: "{" not in source and "#}" not in source))
def test_text_without_delimiters_is_itself(source: str) -> None:
    assert LEGACY.is_plain(source)
    assert text(source) == value(source) == source


@given(json_values)
def test_a_json_value_goes_in_and_comes_out_the_same(given_value: Any) -> None:
    assert same(value("${{ v }}", v=given_value), given_value)


@given(json_values)
def test_dump_writes_json_that_reads_back_as_the_value(given_value: Any) -> None:
    dumped = value("${{ v | dump }}", v=given_value)
    assert same(json.loads(dumped), finite(given_value))
    indented = value("${{ v | dump(2) }}", v=given_value)
    assert same(json.loads(indented), finite(given_value))


@given(json_values, json_values)
def test_equality_is_symmetric_and_strict_implies_loose(left: Any, right: Any) -> None:
    loose, converse, strict = value("${{ [a == b, b == a, a === b] }}", a=left, b=right)
    assert loose == converse
    assert loose or not strict


@given(json_values, json_values)
def test_exactly_one_of_and_or_not_is_consistent(left: Any, right: Any) -> None:
    assert value("${{ (not (a and b)) === ((not a) or (not b)) }}", a=left, b=right) is True


@given(st.text(characters), st.text(characters))
def test_joining_units_joins_texts(left: str, right: str) -> None:
    assert from_units(to_units(left) + to_units(right)) == left + right
    assert value("${{ a ~ b }}", a=left, b=right) == left + right
    assert value("${{ (a ~ b) | length }}", a=left, b=right) == len((left + right).encode("utf-16-le")) // 2


@given(st.floats(allow_nan=False))
def test_a_number_reads_back_from_its_text(number: float) -> None:
    assert text_number(number_text(number)) == number


@given(st.lists(st.integers() | st.text(characters, max_size=3), max_size=20))
def test_sorting_keeps_every_item_and_twice_is_once(items: list[Any]) -> None:
    once, twice = value("${{ [v | sort, v | sort | sort] }}", v=items)
    assert sorted(map(repr, map(floated, once))) == sorted(map(repr, map(floated, items)))
    if not any(isinstance(item, str) for item in items):
        assert [floated(item) for item in once] == [floated(item) for item in twice] == sorted(map(floated, items))


@given(
    st.text(st.sampled_from("ab(|)*+?.[]^$\\d{}1,-<>=!:kx"), max_size=14),
    st.text(st.sampled_from("ab1 \n"), max_size=12),
)
@settings(max_examples=1000, deadline=None)
def test_a_pattern_is_refused_or_matches_within_its_steps(pattern: str, subject: str) -> None:
    try:
        program = compiled(pattern, "g")
    except RegexError:
        return
    meter = Meter(Limits(regex_steps=50_000))
    try:
        assert replaced(matches(program, "g", subject, 0, meter), subject, "$&", meter) == subject
        pieces = split(program, subject, None, meter)
    except LanguageError as error:
        assert error.kind == "limit_error"
        return
    if program.groups == 0:
        assert len("".join(piece or "" for piece in pieces)) <= len(subject)


@given(templates)
@settings(max_examples=200, deadline=None)
def test_references_stand_where_they_say(source: str) -> None:
    try:
        template = LEGACY.compile(source)
    except LanguageError:
        return
    lines = to_units(source).split("\n")
    for reference in references(template):
        if reference.kind != "test":
            found = lines[reference.line - 1][reference.column - 1 :]
            assert found.startswith(reference.path[0]), (source, reference)


def same(left: Any, right: Any) -> bool:
    """Equality of JSON, with all numbers taken for doubles."""
    if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return float(left) == float(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def finite(given_value: Any) -> Any:
    """What JSON makes of a value: infinities are null."""
    if isinstance(given_value, list):
        return [finite(item) for item in given_value]
    if isinstance(given_value, dict):
        return {key: finite(item) for key, item in given_value.items()}
    return None if isinstance(given_value, float) and math.isinf(given_value) else given_value


def floated(item: Any) -> Any:
    return float(item) if isinstance(item, int) else item

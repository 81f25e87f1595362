"""Every limit ends a template, and says which one it was (ASVS V1.3.12)."""

import time

import pytest

from scaffolder.interfaces import TemplateFilter
from scaffolder.language import Language, LanguageError, LimitError, Limits
from tests.scaffolder.language.rendering import limited

DOUBLING = "{% set s = 'xxxxxxxxxxxxxxxx' %}{% for i in range(60) %}{% set s = s ~ s %}{% endfor %}${{ s | length }}"
NESTING_ARRAYS = "{% set a = [1, 2] %}{% for i in range(60) %}{% set a = [a, a] %}{% endfor %}"

HOSTILE = {
    "a loop within a loop": ("work", "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}"),
    "a record that claims a length": ("work", "{% for i in {length: 1e9} %}x{% endfor %}".replace("1e9", "999999999")),
    "a slice without an end": ("work", "${{ {a: 1}[0:] }}"),
    "aliases printed": ("work", NESTING_ARRAYS + "${{ a }}"),
    "aliases as JSON": ("work", NESTING_ARRAYS + "${{ a | dump | length }}"),
    "aliases given to the host": ("work", NESTING_ARRAYS + "${{ a | host }}"),
    "aliases flattened": ("work", NESTING_ARRAYS + "${{ a.flat(99) | length }}"),
    "aliases compared": ("work", NESTING_ARRAYS + "${{ a == 'x' }}"),
    "macros that call each other twice": (
        "work",
        "{% macro m(n) %}{% if n %}${{ m(n - 1) }}${{ m(n - 1) }}{% endif %}{% endmacro %}${{ m(30) }}",
    ),
    "endless recursion": ("nesting", "{% macro m() %}${{ m() }}{% endmacro %}${{ m() }}"),
    "recursion through a caller": (
        "nesting",
        "{% macro m() %}${{ caller() }}{% endmacro %}"
        "{% macro w() %}{% call m() %}${{ w() }}{% endcall %}{% endmacro %}${{ w() }}",
    ),
    "brackets": ("nesting", "${{ " + "(" * 5000 + "1" + ")" * 5000 + " }}"),
    "arrays": ("nesting", "${{ " + "[" * 5000 + "]" * 5000 + " }}"),
    "negations": ("nesting", "${{ " + "not " * 5000 + "1 }}"),
    "signs": ("nesting", "${{ " + "-+" * 5000 + "1 }}"),
    "calls": ("nesting", "${{ " + "range(" * 5000 + "1" + ")" * 5000 + " }}"),
    "subscripts": ("nesting", "${{ " + "a[" * 5000 + "1" + "]" * 5000 + " }}"),
    "members": ("nesting", "${{ a" + ".b" * 50_000 + " }}"),
    "calls of calls": ("nesting", "${{ a" + "()" * 50_000 + " }}"),
    "filters": ("nesting", "${{ 1" + " | abs" * 50_000 + " }}"),
    "ifs": ("nesting", "{% if 1 %}" * 5000 + "{% endif %}" * 5000),
    "doubled strings": ("text", DOUBLING),
    "a string replaced into itself": (
        "text",
        "{% set s = 'aaaaaaaaaaaaaaaa' %}{% for i in range(30) %}{% set s = s | replace('a', s) %}{% endfor %}",
    ),
    "substitutions": (
        "regex_steps",
        "{% set s = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' %}"
        '{% for i in range(20) %}{% set s = s.replace(r/a/g, "$`$\'") %}{% endfor %}',
    ),
    "wide indentation": ("text", "{% for i in range(99) %}${{ 'a\\nb' | indent(9999999) | length }}{% endfor %}"),
    "a filter over a long text again and again": (
        "text",
        "{% set s = 'x' | center(9999999) %}{% for i in range(9999) %}{% set t = s | upper %}{% endfor %}",
    ),
    "much text": ("output", "{% set s = 'x' | center(9999999) %}${{ s }}${{ s }}"),
    "a long value": ("output", "${{ 'x' | center(9999999) ~ ('x' | center(9999999)) }}"),
    "nested quantifiers": (
        "regex_steps",
        "${{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | replace(r/(a+)+$/, '') }}",
    ),
    "alternatives that overlap": (
        "regex_steps",
        "${{ r/^(a|a|aa)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab') }}",
    ),
    "a polynomial pattern": (
        "regex_steps",
        "${{ ('a' | center(20000) | replace(' ', 'a')).split(r/a*a*a*a*b/) | length }}",
    ),
    "back references": (
        "regex_steps",
        "${{ r/(a*)(a*)(a*)(a*)(a*)\\1\\2\\3\\4\\5b/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') }}",
    ),
    "counted repetition": (
        "regex_steps",
        "${{ r/((a{1,50}){1,50}){1,50}b/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') }}",
    ),
    "calls of the host": ("host_calls", "{% for i in range(9999) %}${{ i | host }}{% endfor %}"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_ends_within_limits_that_say_their_name(name: str) -> None:
    limit, source = HOSTILE[name]
    language = Language(filters=[TemplateFilter("host", lambda value: value)])
    begun = time.process_time()
    with pytest.raises(LimitError) as caught:
        language.compile(source).value()
    assert caught.value.limit == limit
    assert caught.value.line == 1
    assert limit in caught.value.message
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    ("limits", "source"),
    [
        ({"source": 10}, "x" * 11),
        ({"nodes": 10}, "${{ [1, 2, 3, 4, 5] }}"),
        ({"nesting": 3}, "${{ [[[[1]]]] }}"),
        ({"work": 5}, "{% for i in [1, 2, 3, 4] %}${{ i }}{% endfor %}"),
        ({"output": 10}, "12345${{ 678901 }}"),
        ({"output": 10}, "12345678901"),
        ({"text": 10}, "${{ 'abcdef' ~ 'abcdef' }}"),
        ({"regex_steps": 10}, "${{ 'aaaaaaaaaa' | replace(r/(a)(?=a)/g, 'b') }}"),
    ],
)
def test_a_limit_can_be_tightened(limits: dict[str, int], source: str) -> None:
    with pytest.raises(LimitError) as caught:
        limited(**limits).compile(source).value()
    assert caught.value.limit == next(iter(limits))
    assert caught.value.allowed == next(iter(limits.values()))


def test_what_stays_below_the_limits_is_rendered() -> None:
    assert limited(output=10, source=10).compile("1234567890").render() == "1234567890"
    depth = Limits().nesting // 4
    deep = "${{ " + "(" * depth + "1" + ")" * depth + " }}"
    assert Language().compile(deep).value() == 1
    many = "{% for i in range(20000) %}${{ i }},{% endfor %}"
    assert len(Language().compile(many).render().split(",")) == 20001


def test_arrays_and_strings_of_too_many_items_are_refused() -> None:
    growing = "{% set a = [1] %}{% for i in a %}{% set b = a.push(i) %}{% endfor %}"
    with pytest.raises(LanguageError, match="cannot exceed 100000 entries"):
        Language().compile(growing).render()
    for source in ("range(100001)", "'x' | center(100001) | list", "('x' | center(100001)).split('')"):
        with pytest.raises(LanguageError, match="cannot exceed 100000 entries"):
            Language().compile("${{ " + source + " }}").value()


def test_a_limit_hit_in_a_loop_says_where() -> None:
    source = "first line\n{% for i in range(99999) %}\n  {% for j in range(99999) %}{% endfor %}\n{% endfor %}"
    with pytest.raises(LimitError) as caught:
        Language().compile(source).render()
    assert (caught.value.line, caught.value.limit) == (3, "work")

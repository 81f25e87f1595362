"""What only Nunjucks 3.2.4 accepted: each item of docs/template-language.md, held against both engines."""

from pathlib import Path

import pytest

from scaffolder.language import LanguageError
from tests.scaffolder.language.fuzz.differences import ours
from tests.scaffolder.language.fuzz.engines import Case, Engines
from tests.scaffolder.language.fuzz.grammar import CONTEXT
from tests.scaffolder.language.rendering import LEGACY, STRICT

ITEMS = {
    "asyncEach": "{% asyncEach i in p.arr %}${{ loop.index }}${{ i }}{% else %}none{% endeach %}",
    "asyncEach over nothing": "{% asyncEach i in p.empty %}${{ i }}{% else %}none{% endeach %}",
    "asyncEach over a record": "{% asyncEach k, v in p.obj %}${{ k }}={{ v }};{% endeach %}",
    "asyncEach over pairs": "{% asyncEach a, b in p.pairs %}${{ a }}${{ b }}{% endeach %}",
    "asyncAll": "{% asyncAll i in p.arr %}${{ i }}${{ loop.last }}{% endall %}",
    "ifAsync": "{% ifAsync missing %}a{% elif x %}b{% else %}c{% endif %}",
    "include ignore missing": 'a{% include "x" ignore missing %}b',
    "content before the first case": "{% switch x %}\n  {% case 5 %}five{% default %}other{% endswitch %}",
    "in without white space": "{% for i in[1,2] %}${{ i }}{% endfor %}{% for i in(p.arr) %}${{ i }}{% endfor %}",
    "macro within a set capture": "{% set y %}{% macro m(a) %}<${{ a }}>{% endmacro %}${{ m(1) }}{% endset %}${{ y }}",
    "macro within a filter capture": (
        "{% filter upper %}{% macro m(a) %}a${{ a }}{% endmacro %}${{ m(1) }}{% endfilter %}"
    ),
    "computed macro in a call block": (
        "{% macro m() %}[${{ caller() }}]{% endmacro %}{% set n = 'm' %}{% set q = {m: m} %}"
        "{% call q[n]() %}x{% endcall %}"
    ),
    "names beyond ASCII": "{% set größe = 3 %}${{ größe + 1 }}${{ {größe: 1} | dump }}",
    "names with a dollar": "{% set $a = 3 %}${{ $a }}${{ p.$ref }}",
    "surplus arguments of a test": "${{ x is defined(1) }}${{ x is odd(2, 3) }}",
    "missing arguments of a test": "${{ x is eq }}${{ missing is eq }}${{ x is lt }}${{ x is divisibleby }}",
    "arguments of a test in select": "${{ p.nums | select('odd', 1) | join }}${{ p.arr | select('eq') }}",
    "arguments of a test in reject": "${{ p.nums | reject('odd', 1) | join }}${{ p.arr | reject('eq') }}",
    "surplus arguments of a method": "${{ p.s.startsWith('H', 0, 1) }}${{ p.arr.slice(1, 2, 3) }}${{ p.s.trim(1) }}",
    "missing arguments of a method": "${{ p.arr.indexOf() }}${{ p.s.includes() }}${{ p.s.replace() }}",
    "surplus arguments of a global": "${{ range(1, 10, 2, 5) }}${{ joiner('a', 'b')() }}",
    "batch without a count": "${{ p.arr | batch | dump }}${{ p.s | batch(0) | dump }}${{ p.alike | batch | dump }}",
    "batch by a fraction": "${{ p.nums | batch(0.5) | dump }}${{ p.nums | batch(-2) | dump }}",
    "slice without a count": "${{ p.arr | slice | dump }}${{ 5 | slice(0) | dump }}${{ p.s | slice(-1) | dump }}",
    "slice by a fraction": "${{ p.nums | slice(2.5) | dump }}${{ p.nums | slice(0.5, 'x') | dump }}",
}


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_is_accepted_with_nunjucks_meaning(engines: Engines, item: str) -> None:
    case = Case(ITEMS[item], CONTEXT, "text")
    (newest,) = engines.render("nunjitsu", [case])
    (nunjucks,) = engines.render("nunjucks", [case])
    assert newest.error is not None, "the newest reference accepts it: this is no legacy item"
    assert nunjucks.error is None, nunjucks.message
    assert ours(case).value == nunjucks.value


@pytest.mark.parametrize("item", ITEMS)
def test_the_setting_turns_an_item_off(item: str) -> None:
    with pytest.raises(LanguageError):
        STRICT.compile(ITEMS[item]).render(CONTEXT)


def test_every_item_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "template-language.md").read_text("utf-8")
    assert [item for item in ITEMS if f"| {item} |" not in page] == []


REFUSED = {
    "other methods": "${{ p.s.replaceAll('o', '0') }}",
    "names beginning with a digit": "${{ p.1a }}",
    "names with other signs": "${{ @x }}",
    "reserved names": "${{ p.constructor }}",
    "printing functions": "${{ range }}",
    "arrays that hold themselves": "${{ p.arr.push(p.arr) }}",
    "call blocks on other functions": "{% call p.arr.join('-') %}x{% endcall %}",
}


@pytest.mark.parametrize("item", REFUSED)
def test_what_is_not_taken_over_fails_in_both_languages(engines: Engines, item: str) -> None:
    case = Case(REFUSED[item], CONTEXT, "text")
    (nunjucks,) = engines.render("nunjucks", [case])
    assert nunjucks.error is None
    for language in (LEGACY, STRICT):
        with pytest.raises(LanguageError):
            language.compile(case.template).render(CONTEXT)

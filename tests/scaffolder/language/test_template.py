"""Templates, contexts and errors, as others use them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.errors import CallboardError
from scaffolder.language import UNDEFINED, Context, Dialect, Language, LanguageError, Reference, references
from tests.scaffolder.language.rendering import COOKIECUTTER, STRICT, failing, text, value


def test_a_context_with_a_value_shares_the_rest_and_leaves_the_first_alone() -> None:
    first = Context({"parameters": {"a": 1}, "steps": {}})
    second = first.with_value(("steps", "build", "output"), {"image": "x"})
    template = Language().compile("${{ [parameters.a, steps.build.output.image, steps.build] }}")
    assert template.value(first) == [1, None, None]
    assert template.value(second) == [1, "x", {"output": {"image": "x"}}]


def test_a_context_path_through_something_else_than_a_record_is_refused() -> None:
    with pytest.raises(LanguageError, match="not a record"):
        Context({"a": [1]}).with_value(("a", "b"), 1)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"a": object()}, "Unsupported template value"),
        ({"a": {1: 2}}, "string keys"),
        ({"a": list(range(100_001))}, "cannot exceed 100000"),
    ],
)
def test_a_context_of_something_else_than_json_is_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(LanguageError, match=reason):
        Context(values)


def test_a_context_that_holds_itself_is_refused() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(LanguageError, match="nesting"):
        Context({"a": cycle})


def test_a_template_may_change_an_array_for_itself_only() -> None:
    context = Context({"list": [1], "same": {"list": [1]}})
    template = Language().compile("${{ list.push(2) }}${{ list }}")
    assert [template.render(context) for _ in range(3)] == ["21,2"] * 3
    assert Language().compile("${{ list }}").value(context) == [1]


def test_one_template_may_render_in_many_threads_at_once() -> None:
    source = "{% set a = [] %}{% for k, v in o %}{% if a.push(k ~ v) %}{% endif %}{% endfor %}${{ a }}"
    template = Language().compile(source)
    contexts = [{"o": [[str(n), n], ["x", n]]} if n % 2 else {"o": {str(n): n}} for n in range(200)]
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(template.render, contexts))
    assert results == [f"{n}{n},x{n}" if n % 2 else f"{n}{n}" for n in range(200)]


def test_an_error_says_what_and_where_and_is_one_of_ours() -> None:
    error = failing("first\n  {% if x %}\n ${{ a.b() }}{% endif %}", x=1)
    assert isinstance(error, CallboardError)
    assert (error.kind, error.line, error.column) == ("evaluation_error", 3, 8)
    assert error.detail == 'Template value "a.b" resolved to undefined and cannot be called'
    assert str(error) == error.message == f"Template error at line 3, column 8: {error.detail}"
    assert error.name == "TemplateRenderError"


def test_columns_count_utf_16_code_units() -> None:
    assert failing("😀${{ 1 + }}").column == 11


def test_an_error_cannot_forge_log_lines() -> None:
    error = failing("${{ 'a' | replace }}${{ x['a\n\u202e\x1b[31m'] () }}")
    assert "\n" not in error.message
    assert "\u202e" not in error.message
    assert "\x1b" not in error.message
    assert len(failing("${{ " + "x" * 5000 + "() }}").message) < 1200


def test_cookiecutter_templates_have_other_delimiters_and_some_of_pythons_names() -> None:
    context = {"cookiecutter": {"list": ["a"], "record": {"b": 1}, "yes": True}}
    source = (
        "{{ cookiecutter.list.append('c') }}{{ cookiecutter.list }} {{ cookiecutter.record.items() | jsonify }} "
        "{{ 'y' if cookiecutter.yes == True }} {{ None }}${{ 1 }}"
    )
    assert COOKIECUTTER.compile(source).render(context) == '2a,c [["b",1]] y $1'
    assert text("{{ x }}${{ True }}", x=1) == "{{ x }}"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "a\n  \n  b\n  \nc"),
        ({"trim_blocks": True}, "a\n    b\n  c"),
        ({"lstrip_blocks": True}, "a\n\n  b\n\nc"),
        ({"trim_blocks": True, "lstrip_blocks": True}, "a\n  b\nc"),
    ],
)
def test_white_space_around_block_tags(options: dict[str, bool], expected: str) -> None:
    language = Language(dialect=Dialect(**options))
    assert language.compile("a\n  {% if true %}\n  b\n  {% endif %}\nc").render() == expected


def test_half_a_surrogate_pair_survives_and_pairs_are_joined() -> None:
    assert value("${{ s[0:2].join('') }}", s="😀") == "😀"
    assert value("${{ s | first }}", s="😀") == "\ud83d"
    assert value("${{ s | upper }}", s="𐐨") == "𐐀"


def test_references_are_what_a_template_does_not_define_itself() -> None:
    template = Language().compile(
        "{% for x in parameters.list %}${{ x.y | upper }}${{ loop.index }}{% endfor %}\n"
        "${{ steps['a'].output[key].z if missing is defined }}"
    )
    assert references(template) == [
        Reference("variable", ("parameters", "list"), 1, 13),
        Reference("filter", ("upper",), 1, 41),
        Reference("variable", ("steps", "a", "output"), 2, 5),
        Reference("variable", ("key",), 2, 23),
        Reference("variable", ("missing",), 2, 33),
        Reference("test", ("defined",), 2, 44),
    ]


def test_an_undefined_value_is_a_value_of_its_own() -> None:
    assert value("${{ missing }}") is UNDEFINED
    assert not UNDEFINED
    assert repr(UNDEFINED) == "UNDEFINED"
    assert text("${{ missing }}") == ""


def test_the_strict_language_has_no_legacy_items() -> None:
    with pytest.raises(LanguageError, match="Unknown template tag"):
        STRICT.compile("{% asyncEach x in y %}{% endeach %}")

"""Filters and globals that plugins add."""

import asyncio
from typing import Any

import pytest

from scaffolder.interfaces import TemplateFilter, TemplateGlobal
from scaffolder.language import UNDEFINED, Language, LanguageError


def language_with(call: Any) -> Language:
    return Language(filters=[TemplateFilter("f", call)], globals=[TemplateGlobal("g", call=call)])


def test_a_filter_is_given_its_input_and_positional_arguments_as_plain_values() -> None:
    seen: list[tuple[Any, ...]] = []

    def spy(*values: Any) -> str:
        seen.append(values)
        return "done"

    language = language_with(spy)
    source = "${{ v | f(1, 1.5, 'a', null, missing, [1, missing], {b: true, c: missing}, 'x' | safe, r/a/g) }}"
    assert language.compile(source).value({"v": {"n": 2**53}}) == "done"
    assert seen == [({"n": 2**53}, 1, 1.5, "a", None, UNDEFINED, [1, None], {"b": True}, "x", "/a/g")]
    assert [type(value) for value in seen[0][1:3]] == [int, float]


def test_a_global_may_be_a_function_or_a_value_and_the_context_hides_it() -> None:
    language = Language(globals=[TemplateGlobal("always", call=lambda: True), TemplateGlobal("site", value={"n": [1]})])
    template = language.compile("${{ [always(), site.n[0], site.n.push(2)] }}")
    assert template.value() == [True, 1, 2]
    assert template.value() == [True, 1, 2], "what a template changes, the next render does not see"
    assert language.compile("${{ site }}").value({"site": "mine"}) == "mine"


def test_filter_ids_may_be_dotted_and_hide_built_in_ones() -> None:
    language = Language(
        filters=[TemplateFilter("acme.shout", lambda text: f"{text}!"), TemplateFilter("upper", lambda text: "mine")]
    )
    assert language.compile("${{ 'a' | acme.shout }}${{ 'a' | upper }}").render() == "a!mine"


@pytest.mark.parametrize("name", ["", "a b", "a..b", "1a", "a.constructor", "__proto__", "å"])
def test_a_filter_nobody_could_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        Language(filters=[TemplateFilter(name, str)])


def test_a_global_nobody_could_name_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        Language(globals=[TemplateGlobal("a.b", value=1)])


def test_what_a_filter_raises_is_a_capability_error_with_its_message_and_place() -> None:
    def fails(value: Any) -> Any:
        raise ValueError("no such\nthing")

    with pytest.raises(LanguageError) as caught:
        language_with(fails).compile("first\n  ${{ 1 | f }}").render()
    assert caught.value.kind == "capability_error"
    message = 'Template error at line 2, column 11: Template filter "f" failed: no such\\u000athing'
    assert caught.value.message == message
    with pytest.raises(LanguageError, match='Template global "g" failed'):
        language_with(fails).compile("${{ g(1) }}").value()


@pytest.mark.parametrize("result", [object(), {1: "a"}, {"a": {2, 3}}, b"bytes", lambda: 1])
def test_a_filter_that_returns_something_else_than_json_fails(result: Any) -> None:
    with pytest.raises(LanguageError) as caught:
        language_with(lambda value: result).compile("${{ 1 | f }}").value()
    assert caught.value.kind == "capability_error"


@pytest.mark.parametrize("source", ["1 | f(a=1)", "g(a=1)"])
def test_registered_filters_and_globals_take_no_keyword_arguments(source: str) -> None:
    with pytest.raises(LanguageError, match="does not accept keyword arguments"):
        language_with(lambda *values: 1).compile("${{ " + source + " }}").value()


async def test_asynchronous_filters_and_globals_are_waited_for() -> None:
    async def later(value: Any) -> Any:
        await asyncio.sleep(0)
        return [value, asyncio.get_running_loop() is running]

    running = asyncio.get_running_loop()
    language = language_with(later)
    assert await language.compile("${{ 1 | f }}").value_async() == [1, True]
    assert await language.compile("${{ g('a') }} ${{ 2 | f }}").render_async() == "a,true 2,true"


async def test_the_event_loop_is_not_blocked_by_a_render() -> None:
    language = Language()
    busy = language.compile("{% for i in range(60000) %}${{ i }}{% endfor %}")
    render = asyncio.create_task(busy.render_async())
    turns = 0
    while not render.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 1
    assert len(await render) > 60_000


def test_an_asynchronous_filter_cannot_be_used_where_nothing_waits() -> None:
    async def later(value: Any) -> Any:
        return value

    with pytest.raises(LanguageError, match="asynchronous") as caught:
        language_with(later).compile("${{ 1 | f }}").value()
    assert caught.value.kind == "capability_error"


async def test_what_an_asynchronous_filter_raises_is_a_capability_error() -> None:
    async def fails(value: Any) -> Any:
        raise RuntimeError("not today")

    with pytest.raises(LanguageError, match="not today") as caught:
        await language_with(fails).compile("${{ 1 | f }}").value_async()
    assert caught.value.kind == "capability_error"


def test_an_unknown_filter_fails_only_where_it_is_used() -> None:
    language = Language()
    assert language.compile("${{ true or (1 | nosuch) }}").value() is True
    with pytest.raises(LanguageError, match='Unknown template filter "nosuch"'):
        language.compile("${{ 1 | nosuch }}").value()

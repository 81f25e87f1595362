"""Step inputs: JSON trees with templates in their strings."""

from typing import Any

from scaffolder.interfaces import TemplateFilter
from scaffolder.language import UNDEFINED, Language, TreeProblem, render_tree, render_tree_async

CONTEXT = {"parameters": {"name": "app", "tags": ["a", "b"], "n": 3, "nothing": None}}


def rendered(tree: Any) -> Any:
    return render_tree(Language(), tree, CONTEXT)


def test_every_string_value_is_rendered_and_keeps_its_type_if_it_is_one_expression() -> None:
    tree = {
        "text": "Hello ${{ parameters.name }}",
        "number": "${{ parameters.n }}",
        "spaced": " ${{ parameters.n }}",
        "list": ["${{ parameters.tags }}", {"deep": "{# why #}${{ parameters }}"}],
        "untouched": [1, None, True, 1.5, "plain"],
    }
    assert rendered(tree) == {
        "text": "Hello app",
        "number": 3,
        "spaced": " 3",
        "list": [["a", "b"], {"deep": CONTEXT["parameters"]}],
        "untouched": [1, None, True, 1.5, "plain"],
    }


def test_keys_are_not_rendered() -> None:
    assert rendered({"${{ parameters.name }}": 1}) == {"${{ parameters.name }}": 1}


def test_what_is_undefined_leaves_a_record_and_is_null_in_a_list() -> None:
    assert rendered({"a": "${{ missing }}", "b": "${{ parameters.nothing }}", "c": ["${{ missing }}", 1]}) == {
        "b": None,
        "c": [None, 1],
    }
    assert rendered("${{ missing }}") is UNDEFINED


def test_a_string_that_fails_stays_as_it_is_and_is_reported() -> None:
    problems: list[TreeProblem] = []
    tree = {"a": [{"b": "x\n${{ parameters.name | nosuch }}"}], "c": "${{ 1 + }}", "d": "${{ parameters.n }}"}
    result = render_tree(Language(), tree, CONTEXT, problems.append)
    assert result == {**tree, "d": 3}
    assert [(problem.path, problem.source, problem.error.line, problem.error.column) for problem in problems] == [
        (("a", 0, "b"), "x\n${{ parameters.name | nosuch }}", 2, 23),
        (("c",), "${{ 1 + }}", 1, 9),
    ]


def test_the_tree_that_was_given_is_not_changed() -> None:
    tree = {"a": ["${{ parameters.name }}"]}
    rendered(tree)
    assert tree == {"a": ["${{ parameters.name }}"]}


async def test_trees_may_be_rendered_with_asynchronous_filters() -> None:
    async def later(value: Any) -> Any:
        return [value]

    language = Language(filters=[TemplateFilter("later", later)])
    assert await render_tree_async(language, {"a": "${{ parameters.n | later }}"}, CONTEXT) == {"a": [3]}

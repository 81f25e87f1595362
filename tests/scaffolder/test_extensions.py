"""What plugins add, at once or when somebody looks."""

from __future__ import annotations

import pytest

from scaffolder.interfaces import Action, ScaffolderExtensions, TemplateFilter, TemplateGlobal


class Greet(Action):
    id = "greet"


def test_what_is_added_later_is_added_once_when_somebody_looks() -> None:
    extensions, calls = ScaffolderExtensions(), []

    def add() -> None:
        calls.append(1)
        extensions.add_action(Greet())
        extensions.add_template_filter(TemplateFilter("loud", str.upper))
        extensions.add_template_global(TemplateGlobal("one", value=1))

    extensions.add_later(add)
    assert calls == []
    assert list(extensions.filters) == ["loud"]
    assert list(extensions.actions) == ["greet"]
    assert list(extensions.globals) == ["one"]
    assert calls == [1]


def test_a_second_action_of_one_id_is_refused_whenever_it_comes() -> None:
    extensions = ScaffolderExtensions()
    extensions.add_later(lambda: extensions.add_action(Greet()))
    extensions.add_action(Greet())
    for _ in range(2):
        with pytest.raises(ValueError, match="'greet' has already been registered"):
            _ = extensions.actions

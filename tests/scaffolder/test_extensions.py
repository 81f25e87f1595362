"""What plugins add, at once or when somebody looks."""

from __future__ import annotations

import pytest

from app.config.config import LayeredConfig
from app.config.nodes import parse_yaml
from app.main import create_host
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


CONFIGURED = """
backend: {database: {client: better-sqlite3, connection: ':memory:'}}
scaffolder:
  requireScmUserCredentials: true
  defaultAuthor: {name: Platform, email: platform@example.com}
  defaultCommitMessage: made by a template
  workspaceTemplateActions: true
  cookiecutter: {trustedTemplates: [https://git.example/]}
  git: {folders: [.callboard/repositories]}
  http: {allowedMethods: [GET], allowedHosts: [api.example]}
  legacyTemplates: true
  nobodyKnows: this
"""


def test_settings_of_actions_are_known_before_anybody_looks_at_actions() -> None:
    config = LayeredConfig(parse_yaml(CONFIGURED, "app-config.yaml"))
    host = create_host(config, roles=())
    assert [key for key, _ in config.unclaimed()] == ["scaffolder.nobodyKnows"]
    assert host.extension(ScaffolderExtensions).actions
    assert [key for key, _ in config.unclaimed()] == ["scaffolder.nobodyKnows"]

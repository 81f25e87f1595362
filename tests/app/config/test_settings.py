"""Settings models: wrong types name key, file and line; unknown keys are named once; secrets stay unseen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.config import ConfigError, Duration, LayeredConfig, load_config
from app.config.durations import iso_duration, parse_duration
from app.config.nodes import Node, Place
from app.main import create_host


class Listen(BaseModel, frozen=True):
    host: str = "0.0.0.0"
    port: int = 7007


class Other(BaseModel, frozen=True):
    url: str


class Server(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)

    listen: Listen = Listen()
    base_url: str = Field(default="", alias="baseUrl")
    token: str | None = None
    interval: Duration = timedelta(seconds=1)
    many: list[Listen] = Field(default_factory=list)
    named: dict[str, Listen] = Field(default_factory=dict)
    either: Listen | Other | str | None = None
    anything: dict[str, Any] = Field(default_factory=dict)


@pytest.fixture
def config_of(tmp_path: Path) -> Any:
    def load(text: str, **env: str) -> LayeredConfig:
        (tmp_path / "app-config.yaml").write_text(text)
        return load_config(folder=tmp_path, env=env)

    return load


def test_an_absent_part_is_the_models_defaults(config_of: Any) -> None:
    assert config_of("").settings("backend", Server) == Server()


def test_values_are_read_by_their_alias_and_texts_become_numbers(config_of: Any) -> None:
    settings = config_of("backend: {baseUrl: http://x, listen: {port: '${PORT}'}, interval: 2 hours}", PORT="80")
    assert settings.settings("backend", Server) == Server(
        base_url="http://x", listen=Listen(port=80), interval=timedelta(hours=2)
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "backend:\n  listen:\n    port: many",
            "configuration key 'backend.listen.port' must be a valid integer, unable to parse string as an integer "
            "(app-config.yaml:3)",
        ),
        ("backend: []", "configuration key 'backend' must be an object (app-config.yaml:1)"),
        ("backend:\n  token: 5", "configuration key 'backend.token' must be a valid string (app-config.yaml:2)"),
        (
            "backend:\n  many:\n    - port: 1\n    - port: x",
            "configuration key 'backend.many.1.port' must be a valid integer, unable to parse string as an integer "
            "(app-config.yaml:4)",
        ),
        (
            "backend:\n  interval: soon",
            "configuration key 'backend.interval' is not a duration such as '30s', '2 hours' or 'PT30S' "
            "(app-config.yaml:2)",
        ),
    ],
)
def test_a_wrong_type_names_key_file_and_line(config_of: Any, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config_of(text).settings("backend", Server)
    assert str(caught.value) == complaint


def test_a_missing_key_points_to_the_object_that_lacks_it(config_of: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        config_of("\nbackend:\n  x: 1").settings("backend", Other)
    assert str(caught.value) == "configuration key 'backend.url' is required (app-config.yaml:3)"


def test_a_complaint_never_shows_the_value(config_of: Any) -> None:
    config = config_of("backend: {listen: {port: hunter2}, token: [hunter2], many: hunter2, interval: hunter2}")
    with pytest.raises(ConfigError) as caught:
        config.settings("backend", Server)
    assert "hunter2" not in str(caught.value) + repr(caught.value) + repr(config) + repr(caught.value.__cause__)


def test_a_wrong_value_from_the_environment_names_the_variable(config_of: Any) -> None:
    with pytest.raises(ConfigError, match=r"\(environment variable APP_CONFIG_backend_listen_port\)"):
        config_of("", APP_CONFIG_backend_listen_port="x").settings("backend", Server)


def test_unknown_keys_are_named_once_and_the_topmost_only(config_of: Any) -> None:
    config = config_of(
        "backend: {listen: {hots: 1}, baseUrl: x, base_url: y, many: [{port: 1}, {prot: {a: 1}}],\n"
        "  named: {one: {port: 1, x: 1}}, either: {url: a, hsot: 1}, anything: {at: {all: 1}}}\n"
        "gizmo: {builder: local, more: 1}\napp: {title: T}\ncatalog: {import: {entityFilename: x}, other: 1}\n"
        "asked: {for: 1}"
    )
    config.settings("backend", Server)
    assert config.get("asked.for") == 1
    assert [key for key, _ in config.unclaimed()] == [
        "backend.listen.hots",
        "backend.base_url",
        "backend.many.1.prot",
        "backend.named.one.x",
        "backend.either.hsot",
        "gizmo",
        "catalog.other",
    ]
    assert str(next(iter(config.unclaimed()))[1]) == "app-config.yaml:1"


def test_a_part_that_another_reader_knows_is_not_unknown(config_of: Any) -> None:
    config = config_of("a: {b: {port: 1}, c: 1}")
    config.settings("a.b", Listen)
    assert [key for key, _ in config.unclaimed()] == ["a.c"]


@pytest.mark.parametrize(
    ("given_", "seconds"),
    [
        ("PT30S", 30),
        ("P1DT2H", 93600),
        ("P2W", 1209600),
        ("PT0.5S", 0.5),
        ("P1Y2M", (365 + 60) * 86400),
        ("30s", 30),
        ("2 hours", 7200),
        ("1.5h", 5400),
        ("100", 0.1),
        ("1 Day", 86400),
        ("250ms", 0.25),
        ({"seconds": 30}, 30),
        ({"minutes": 1, "milliseconds": 500}, 60.5),
        ({"hours": "2"}, 7200),
    ],
)
def test_durations_are_read_in_every_spelling(given_: Any, seconds: float) -> None:
    assert parse_duration(given_).total_seconds() == seconds


@pytest.mark.parametrize(
    "given_",
    [
        "",
        "P",
        "PT",
        "soon",
        "-1s",
        "30 parsecs",
        30,
        None,
        True,
        {},
        {"second": 1},
        {"seconds": -1},
        {"seconds": True},
        {"years": 1e11},
    ],
)
def test_what_is_no_duration_is_refused(given_: Any) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(given_)


@given(st.integers(0, 10**9).map(lambda n: timedelta(milliseconds=n)))
def test_a_duration_survives_iso_8601(duration: timedelta) -> None:
    assert parse_duration(iso_duration(duration)) == duration


class Small(BaseModel, defer_build=True):
    port: int = 7007
    many: list[int] = Field(default_factory=list)


class Checked(BaseModel, defer_build=True):
    port: int = 7007

    @model_validator(mode="after")
    def _moved(self) -> Checked:
        return self.model_copy(update={"port": 8000})


class Whole(BaseModel, defer_build=True):
    small: Small = Field(default_factory=Small.model_construct)


class Needy(BaseModel, defer_build=True):
    name: str


def test_what_nobody_configured_is_the_defaults_without_building_a_validator(tmp_path: Path) -> None:
    (tmp_path / "app-config.yaml").write_text("other: 1\n")
    config = load_config([tmp_path / "app-config.yaml"])
    assert config.settings("whole", Whole) == Whole(small=Small(port=7007, many=[]))
    assert config.settings("small", Small).many is not config.settings("small", Small).many
    assert config.settings("checked", Checked).port == 8000
    with pytest.raises(ConfigError, match=r"needy\.name"):
        config.settings("needy", Needy)


def test_every_settings_model_of_the_installed_plugins_has_defaults_that_are_valid(tmp_path: Path) -> None:
    """What is not configured is taken as it is, so it must be what an empty section would give."""
    empty = LayeredConfig(Node({}, Place("defaults", 0)))
    host = create_host(empty, roles=(), env={"CALLBOARD_DATA_DIR": str(tmp_path)})
    models = {model for _, model in host.config.models}
    assert len(models) > 20
    for model in models:
        if not any(field.is_required() for field in model.model_fields.values()):
            assert empty.settings("nothing.there", model) == model.model_validate({}), model

"""Layers, variables and includes, as Backstage has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.config import ConfigError, load_config


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(text)


def loaded(folder: Path, text: str, env: dict[str, str] | None = None) -> Any:
    (folder / "app-config.yaml").write_text(text)
    return load_config(folder=folder, env=env or {}).get("")


def test_the_default_files_need_not_exist(tmp_path: Path) -> None:
    assert load_config(folder=tmp_path, env={}).files == ()


def test_objects_are_merged_and_lists_replaced(tmp_path: Path) -> None:
    write(tmp_path, one="a: {b: {c: 1, d: 1}, l: [1, 2]}", two="a: {b: {c: 2}, l: [3]}")
    config = load_config(["one.yaml", "two.yaml"], folder=tmp_path, env={})
    assert config.get("a") == {"b": {"c": 2, "d": 1}, "l": [3]}


def test_the_local_file_wins_over_the_shared_one(tmp_path: Path) -> None:
    (tmp_path / "app-config.yaml").write_text("a: {b: 1, keep: 1}")
    (tmp_path / "app-config.local.yaml").write_text("a: {b: 2}")
    assert load_config(folder=tmp_path, env={}).get("a") == {"b": 2, "keep": 1}


def test_named_files_turn_the_default_ones_off_and_the_last_wins(tmp_path: Path) -> None:
    write(tmp_path, app_config="a: default", one="a: 1\nb: 1", two="a: 2")
    config = load_config(["one.yaml", "two.yaml"], folder=tmp_path, env={})
    assert (config.get("a"), config.get("b"), config.files) == (2, 1, ("one.yaml", "two.yaml"))


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the configuration file none\.yaml"):
        load_config(["none.yaml"], folder=tmp_path, env={})


def test_null_is_absent_and_lets_the_lower_layer_through(tmp_path: Path) -> None:
    write(tmp_path, one="a: 1\nb: 1\nl: [1, null, 2]", two="a: null\nb: ~")
    config = load_config(["one.yaml", "two.yaml"], folder=tmp_path, env={})
    assert config.get("") == {"a": 1, "b": 1, "l": [1, 2]}
    assert not load_config(["two.yaml"], folder=tmp_path, env={}).has("a")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${SET}", "value"),
        ("a ${SET} and ${SET}", "a value and value"),
        ("${ SET }", "value"),
        ("$${SET}", "${SET}"),
        ("$${SET} ${SET}", "${SET} value"),
        ("${UNSET:-other}", "other"),
        ("${SET:-other}", "value"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY}x", "x"),
        ("${UNSET}", None),
        ("x${UNSET}y", None),
        ("${UNSET:-}", None),
        ("$SET {SET}", "$SET {SET}"),
        ("http://host:${PORT}", "http://host:7007"),
    ],
)
def test_variables_are_put_in_and_a_missing_one_makes_the_value_absent(
    tmp_path: Path, text: str, value: str | None
) -> None:
    env = {"SET": "value", "EMPTY": "", "PORT": " 7007\n"}
    assert (loaded(tmp_path, f"a: '{text}'", env) or {}).get("a") == value


def test_a_missing_variable_lets_the_lower_layer_through(tmp_path: Path) -> None:
    write(tmp_path, one="a: 1", two="a: ${UNSET}")
    assert load_config(["one.yaml", "two.yaml"], folder=tmp_path, env={}).get("a") == 1


def test_env_file_and_include_are_relative_to_the_file_that_has_them(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (below / "secret.txt").write_text("s3cret\n")
    (below / "more.yaml").write_text("deep: {er: [1, {$file: secret.txt}], env: {$env: NAME}}")
    (below / "more.json").write_text('{"x": "${NAME}"}')
    (tmp_path / "secret.txt").write_text("wrong one")
    config = loaded(
        tmp_path,
        "a: {$file: below/secret.txt}\nb: {$include: 'below/more.yaml#deep.er'}\nc: {$include: below/more.yaml}\n"
        "d: {$env: NAME}\ne: {$env: UNSET}\nf: {$include: '${DIR}/more.json'}",
        {"NAME": "nightjar", "DIR": "below"},
    )
    assert config == {
        "a": "s3cret",
        "b": [1, "s3cret"],
        "c": {"deep": {"er": [1, "s3cret"], "env": "nightjar"}},
        "d": "nightjar",
        "f": {"x": "nightjar"},
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a:\n  $file: none.txt", r"app-config\.yaml:2: cannot read .*none\.txt"),
        ("a: {$file: x, b: 1}", r"app-config\.yaml:1: '\$file' must be the only key"),
        ("a: {$other: x}", r"app-config\.yaml:1: unknown include '\$other'"),
        ("a: {$file: [x]}", r"'\$file' takes a text"),
        ("a: {$include: x.txt}", r"'\$include' takes a \.yaml"),
        ("a: {$include: 'app-config.yaml#none.there'}", r"there is no 'none\.there'"),
        ("a: {$include: app-config.yaml}", r"nested too deeply"),
        ("a: 1\na: 2", r"app-config\.yaml:2: the key 'a' appears twice"),
        ("a: 1\nb: [", r"app-config\.yaml:3: "),
        ("- a", r"a configuration file holds an object"),
    ],
)
def test_what_cannot_be_read_is_told_with_file_and_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        loaded(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("2024-01-01", "2024-01-01"),
        ("12:30:00", "12:30:00"),
        ("'5'", "5"),
        ("|\n  5\n", "5\n"),
    ],
)
def test_scalars_are_read_by_yaml_1_2(tmp_path: Path, text: str, value: Any) -> None:
    read = loaded(tmp_path, f"a: {text}")["a"]
    assert (read, type(read)) == (value, type(value))


def test_merge_keys_and_anchors_work(tmp_path: Path) -> None:
    assert loaded(tmp_path, "base: &b {x: 1, y: 1}\na: {<<: *b, y: 2}") == {
        "base": {"x": 1, "y": 1},
        "a": {"x": 1, "y": 2},
    }


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9))
    with pytest.raises(ConfigError, match="too large"):
        loaded(tmp_path, f"l0: &l0 [1]\n{levels}")


def test_environment_overrides_win_over_files_and_are_json_or_text(tmp_path: Path) -> None:
    env = {
        "APP_CONFIG_backend_listen_port": "8080",
        "APP_CONFIG_backend_csp": '{"a": [1]}',
        "APP_CONFIG_app_title": "My title",
        "APP_CONFIG_x_with-dash": "true",
        "OTHER": "x",
    }
    assert loaded(tmp_path, "backend: {listen: {port: 1, host: h}}", env) == {
        "backend": {"listen": {"port": 8080, "host": "h"}, "csp": {"a": [1]}},
        "app": {"title": "My title"},
        "x": {"with-dash": True},
    }


@pytest.mark.parametrize("name", ["APP_CONFIG_", "APP_CONFIG_a__b", "APP_CONFIG_1a", "APP_CONFIG_a_"])
def test_a_malformed_override_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="is not the name of a configuration key"):
        loaded(tmp_path, "", {name: "1"})

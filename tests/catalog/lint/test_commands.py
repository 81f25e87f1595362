from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import jsonschema_rs
import orjson
import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from catalog.interfaces import CatalogExtensions, CatalogProcessor, Entity
from catalog.lint.commands import lint_commands
from catalog.lint.editor_schema import editor_schema
from catalog.model.ai_kinds import AI_KINDS
from catalog.model.kinds import BUILTIN_KINDS
from tests.catalog.lint.test_linter import VALID, component

PROJECT = Path(__file__).parents[3]


class Gizmos(CatalogProcessor):
    name: ClassVar[str] = "Gizmos"

    async def validate_entity_kind(self, entity: Entity) -> bool:
        return bool(entity["kind"] == "Gizmo")


class Settings:
    """A configuration with what a test puts in."""

    def __init__(self, **values: Any) -> None:
        self._values = {key.replace("__", "."): value for key, value in values.items()}

    def get(self, path: str, default: Any = None) -> Any:
        return self._values.get(path, default)

    def has(self, path: str) -> bool:
        return path in self._values


def run(*arguments: str, config: Settings | None = None) -> tuple[int, str, str]:
    extensions = CatalogExtensions()
    extensions.add_processor(Gizmos())
    result = CliRunner().invoke(lint_commands(extensions, config), arguments)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def descriptor(tmp_path: Path) -> Path:
    file = tmp_path / "catalog-info.yaml"
    file.write_text(VALID)
    return file


def test_nothing_wrong_ends_with_0(descriptor: Path) -> None:
    assert run("lint", str(descriptor)) == (0, "1 entity in 1 file: all is well\n", "")


def test_errors_end_with_1(descriptor: Path) -> None:
    descriptor.write_text(VALID.replace("owner: crew", "owner: ''"))
    code, out, _ = run("lint", str(descriptor.parent))
    assert code == 1
    assert out.startswith(f"{descriptor}:8:3: error: /spec/owner must NOT have fewer than 1 characters")


def test_warnings_end_with_0_unless_they_count_as_errors(descriptor: Path) -> None:
    code, out, _ = run("lint", "--strict-refs", str(descriptor))
    assert (code, "There is no group:default/crew here" in out) == (0, True)
    assert run("lint", "--strict-refs", "--warnings-as-errors", str(descriptor))[0] == 1
    assert (
        run("lint", "--strict-refs", "--warnings-as-errors", "--known", "Group:default/Crew", str(descriptor))[0] == 0
    )


@pytest.mark.parametrize("arguments", [["none.yaml"], [], ["--format", "morse", "x"]])
def test_what_cannot_be_done_ends_with_2(arguments: list[str]) -> None:
    assert run("lint", *arguments)[0] == 2


@pytest.mark.parametrize("form", ["json", "github", "sarif"])
def test_findings_come_in_the_form_asked_for(descriptor: Path, form: str) -> None:
    descriptor.write_text("a: [\n")
    code, out, _ = run("lint", "--format", form, str(descriptor))
    assert code == 1
    if form == "github":
        assert out.startswith("::error file=")
    else:
        assert orjson.loads(out)


def test_kinds_of_plugins_are_known(descriptor: Path) -> None:
    descriptor.write_text(VALID.replace("Component", "Gizmo"))
    assert run("lint", str(descriptor))[0] == 0


def test_rules_of_the_configuration_apply(descriptor: Path) -> None:
    descriptor.write_text(VALID + "---\n" + component("desk").replace("Component", "Resource"))
    rules = [
        {"allow": ["component"]},
        {"allow": ["Resource"], "locations": [{"type": "url", "pattern": "https://x.example/**"}]},
    ]
    config = Settings(catalog__rules=rules)
    path = str(descriptor)
    assert run("lint", path, config=config)[0] == 0
    assert run("lint", "--origin", "url:https://x.example/a/b.yaml", path, config=config)[0] == 0
    code, out, _ = run("lint", "--origin", "url:https://y.example/b.yaml", path, config=config)
    assert (code, "resource:default/desk is not of a kind" in out) == (1, True)
    assert run("lint", "--no-rules", "--origin", "url:https://y.example/b.yaml", path, config=config)[0] == 0
    assert run("lint", path, config=Settings())[0] == 0


def test_rules_that_make_no_sense_end_with_2(descriptor: Path) -> None:
    code, _, err = run("lint", str(descriptor), config=Settings(catalog__rules=[5]))
    assert (code, "catalog.rules[0]" in err) == (2, True)


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    code, out, _ = run("schema")
    assert code == 0
    file = tmp_path / "schema.json"
    assert run("schema", "--output", str(file))[:2] == (0, "")
    assert file.read_text() == out


def test_the_schema_may_be_of_some_kinds() -> None:
    written = orjson.loads(run("schema", "--kind", "api", "--kind", "Group")[1])
    assert written["properties"]["kind"]["enum"] == ["API", "Group"]
    assert run("schema", "--kind", "gizmo")[0] == 2


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (VALID, True),
        (VALID.replace("  owner: crew\n", ""), False),
        (VALID.replace("till", "-till"), False),
        (VALID.replace("Component", "API") + "  definition: { $text: ./a.yaml }\n", True),
        (VALID.replace("Component", "API") + "  definition: { $txt: ./a.yaml }\n", False),
        (VALID + "extra: 1\n", False),
        (VALID.replace("Component", "component"), False),
    ],
)
def test_editors_see_what_the_server_would_say(text: str, valid: bool) -> None:
    validator = jsonschema_rs.validator_for(editor_schema(BUILTIN_KINDS))
    assert validator.is_valid(yaml.safe_load(text)) is valid


@pytest.mark.parametrize(
    ("spec", "valid"),
    [
        ({"type": "mcp-server", "remotes": [{"type": "http", "url": "https://x"}]}, True),
        ({"type": "mcp-server", "definition": "x"}, False),
        ({"type": "openapi", "definition": "x"}, True),
        ({"type": "openapi", "remotes": [{"type": "http", "url": "https://x"}]}, False),
    ],
)
def test_editors_see_what_holds_for_a_type(spec: dict[str, Any], valid: bool) -> None:
    api = yaml.safe_load(VALID.replace("Component", "API"))
    validator = jsonschema_rs.validator_for(editor_schema(AI_KINDS))
    assert validator.is_valid({**api, "spec": {**api["spec"], **spec}}) is valid


def test_the_hook_and_the_action_call_commands_that_exist() -> None:
    for hook in yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text()):
        assert hook["entry"] in ("callboard lint", "callboard template lint", "callboard template test")
    action = yaml.safe_load((PROJECT / "action.yml").read_text())
    script = action["runs"]["steps"][-1]["run"]
    options = {
        word for word in script.replace("(", " ").replace(")", " ").split() if word.startswith("--") and word[2:]
    }
    commands: Any = get_command(lint_commands(CatalogExtensions()))
    known = {name for parameter in commands.commands["lint"].params for name in parameter.opts}
    assert options == {"--format", "--strict-refs", "--warnings-as-errors", "--config"}
    assert options - {"--config"} <= known

"""`callboard template`: templates are checked, tried and tested by the server's own code, without a server."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from typer import Typer
from typer.testing import CliRunner

from app.cli import commands
from app.config import LayeredConfig
from app.config.nodes import Node, Place
from app.main import create_host

EXAMPLES = Path(__file__).parents[3] / "examples" / "templates"
HEAD = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: probe}\nspec:\n  type: service\n"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", autouse=True)
def _program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The program with all plugins, as it starts without a configuration."""
    data = str(tmp_path_factory.mktemp("data"))
    host = create_host(LayeredConfig(Node({}, Place("defaults", 0))), roles=(), env={"CALLBOARD_DATA_DIR": data})
    _PROGRAM.append(commands(host))
    yield
    _PROGRAM.clear()


_PROGRAM: list[Typer] = []


def callboard(folder: Path, *arguments: str, stdin: str = "") -> tuple[int, str]:
    with contextlib.chdir(folder):
        done = CliRunner().invoke(_PROGRAM[0], ["template", *arguments], input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def linted(folder: Path, spec: str) -> tuple[int, str]:
    (folder / "template.yaml").write_text(HEAD + spec)
    return callboard(folder, "lint", "template.yaml")


def test_the_examples_have_no_fault(tmp_path: Path) -> None:
    code, said = callboard(tmp_path, "lint", str(EXAMPLES))
    assert (code, said.count("\n")) == (0, 1), said
    assert said.endswith(": all is well\n")


def test_the_examples_pass_their_own_tests(tmp_path: Path) -> None:
    code, said = callboard(tmp_path, "test", str(EXAMPLES))
    assert code == 0, said
    assert "ok library/plain\n" in said


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("  steps: [{action: 'no:such'}]\n", "steps.step-1.action: There is no action no:such"),
        ("  steps: [{id: a}]\n", "/spec/steps/0 must have required property 'action'"),
        (
            "  steps: [{id: a, action: 'debug:log', input: {colour: red}}]\n",
            'steps.a.input: instance is not allowed to have the additional property "colour"',
        ),
        (
            "  steps: [{id: a, action: 'debug:log', input: {message: 5}}]\n",
            "steps.a.input: instance.message is not of a type(s) string",
        ),
        (
            "  steps: [{id: a, action: 'debug:log', input: {message: '${{ name }}'}}]\n",
            "steps.a.input.message: name is not defined (line 1, column 5)",
        ),
        (
            "  parameters: {properties: {b: {}}}\n"
            "  steps: [{id: a, action: 'debug:log', input: {message: '${{ parameters.c }}'}}]\n",
            "steps.a.input.message: The form has no parameter c; did you mean b? (line 1, column 5)",
        ),
        (
            "  steps: [{id: a, action: 'debug:log', input: {message: '${{ steps.z.output.x }}'}}]\n",
            "steps.a.input.message: There is no step z before this one",
        ),
        (
            "  steps: [{id: p, action: 'publish:git', input: {remoteUrl: 'https://a.example/b.git'}}]\n"
            "  output: {x: '${{ steps.p.output.nope }}'}\n",
            "output.x: Step p has no output nope",
        ),
        (
            "  steps: [{id: a, action: 'debug:log', input: {message: '${{ each.value }}'}}]\n",
            "each is there only in steps with an each",
        ),
        ("  steps: [{id: a, action: 'debug:log', input: {message: '${{ 1 + }}'}}]\n", "steps.a.input.message: "),
        ("  steps: [{id: a, action: debug:log}, {id: a, action: debug:log}]\n", "There is a step a before this one"),
        ("  steps: [{id: a, action: 'fetch:template', input: {url: ./gone}}]\n", "There is no folder ./gone"),
        ("  steps: [{id: a, action: 'fetch:plain', input: {url: ../..}}]\n", "leads out of the template's repository"),
        (
            "  steps: [{id: a, action: 'debug:log', input: {message: '${{ 1 | uper }}'}}]\n",
            'steps.a.input.message: Unknown template filter "uper"; did you mean "upper"? (line 1, column 9)',
        ),
        (
            "  steps: [{id: a, action: 'debug:log', input: {message: '${{ user.ref || 1 }}'}}]\n",
            'Expected name, received "|": write `or` for ||',
        ),
        ("  steps: [{id: a, action: 'debug:lgo'}]\n", "There is no action debug:lgo; did you mean debug:log? [action]"),
        ("  steps: {$yaml: ./gone.yaml}\n", "6:3: error: Placeholder $yaml points to ./gone.yaml, which is not there"),
        ("  steps: {$yaml: ../../x.yaml}\n", "points to ../../x.yaml, which is not in the same repository"),
        ("  steps: {$yaml: 'https://a.example/x.yaml'}\n", "which is not read offline [placeholder]"),
        ("  parameters: {properties: {a: {pattern: '('}}, required: [a]}\n  steps: [{action: 'no:such'}]\n", "no:such"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, spec: str, told: str) -> None:
    code, said = linted(tmp_path, spec)
    assert code == 1
    assert told in said


@pytest.mark.parametrize("condition", ["false", "'${{ false }}'", "'${{ [] }}'"])
def test_a_step_that_is_never_run_is_warned_of(tmp_path: Path, condition: str) -> None:
    code, said = linted(tmp_path, f"  steps: [{{id: a, action: 'debug:log', if: {condition}}}]\n")
    assert code == 0
    assert "warning: steps.a: The step is never run" in said


def test_a_skeleton_is_held_against_what_its_step_gives(tmp_path: Path) -> None:
    (tmp_path / "skeleton").mkdir()
    (tmp_path / "skeleton" / "${{ values.name }}.txt").write_text("Hello ${{ values.nmae }}\n\n{% if values.name %}\n")
    (tmp_path / "skeleton" / "verbatim.txt").write_text("{% if %}")
    given = "{url: ./skeleton, values: {name: tern}, copyWithoutTemplating: [verbatim.txt]}"
    code, said = linted(tmp_path, f"  steps: [{{action: 'fetch:template', input: {given}}}]\n")
    assert code == 1
    assert said.splitlines() == [
        "skeleton/${{ values.name }}.txt:3:1: error: Missing endif tag [skeleton]",
        "1 template in 2 files: 1 error, 0 warnings",
    ]
    (tmp_path / "skeleton" / "${{ values.name }}.txt").write_text("Hello\n  ${{ values.nmae }}\n")
    assert callboard(tmp_path, "lint", ".") == (
        0,
        "skeleton/${{ values.name }}.txt:2:7: warning: values.nmae is not among the values that the step gives"
        " [skeleton]\n1 template in 2 files: 0 errors, 1 warning\n",
    )
    assert callboard(tmp_path, "lint", ".", "--warnings-as-errors")[0] == 1


def test_steps_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "log.yaml").write_text("id: log\naction: debug:log\ninput: {message: 'for ${{ parameters.name }}'}\n")
    code, said = linted(
        tmp_path, "  parameters: {properties: {name: {type: string}}}\n  steps: [{$yaml: ./log.yaml}]\n"
    )
    assert (code, said) == (0, "1 template in 1 file: all is well\n")
    code, said = callboard(tmp_path, "run", "template.yaml", "--output", "made", "--set", "name=terns")
    assert code == 0
    assert "for terns" in said


def test_a_list_of_steps_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(
        "- {id: one, action: 'debug:log', input: {message: 'first for ${{ parameters.name }}'}}\n"
        "- {id: two, action: 'debug:log', input: {message: 'second'}}\n"
    )
    (tmp_path / "pages.yaml").write_text("- {properties: {name: {type: string}}}\n- {title: Two}\n")
    head = "  parameters: [{$yaml: ./pages.yaml}]\n  steps:\n    - {$yaml: ./two.yaml}\n"
    code, said = linted(tmp_path, f"{head}    - {{id: three, action: 'debug:log', input: {{message: third}}}}\n")
    assert (code, said) == (0, "1 template in 1 file: all is well\n")
    code, said = callboard(tmp_path, "run", "template.yaml", "--output", "made", "--set", "name=terns")
    assert code == 0
    assert said.index("first for terns") < said.index("second") < said.index("third")
    # What follows the list is told in its own line, what is wrong in the list where it is put in.
    code, said = linted(tmp_path, f"{head}    - {{id: two, action: 'no:such'}}\n")
    assert code == 1
    assert "template.yaml:9:8: error: steps.two.id: There is a step two before this one [step]" in said
    (tmp_path / "two.yaml").write_text("- {action: 'debug:log'}\n- {action: 'no:such'}\n")
    code, said = linted(tmp_path, head)
    assert "template.yaml:8:7: error: steps.step-2.action: There is no action no:such" in said


def test_a_skeleton_may_be_shared_within_a_repository(tmp_path: Path) -> None:
    for folder in (".git", "common", "one"):
        (tmp_path / folder).mkdir()
    (tmp_path / "common" / "a.txt").write_text("shared\n")
    (tmp_path / "elsewhere.txt").write_text("no part of it\n")
    step = "{action: 'fetch:template', input: {url: ../common}}"
    code, said = linted(tmp_path / "one", f"  steps: [{step}]\n")
    assert code == 0
    assert "warning: steps.step-1.input.url: ../common leads out of the template's folder" in said
    code, said = callboard(tmp_path / "one", "run", "template.yaml", "--output", "made")
    assert (code, (tmp_path / "one" / "made" / "a.txt").read_text()) == (0, "shared\n"), said


def test_programs_read_findings_as_json_and_code_hosts_as_annotations(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(f"{HEAD}  steps: [{{action: 'no:such'}}]\n")
    code, said = callboard(tmp_path, "lint", ".", "--format", "json")
    (finding,) = orjson.loads(said)["findings"]
    assert (code, finding["line"], finding["rule"]) == (1, 6, "action")
    _, said = callboard(tmp_path, "lint", ".", "--format", "github")
    assert said.startswith("::error file=template.yaml,line=6,col=12,title=callboard template lint%3A action::")
    _, said = callboard(tmp_path, "lint", ".", "--format", "sarif")
    assert orjson.loads(said)["runs"][0]["tool"]["driver"]["name"] == "callboard template lint"


def test_what_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\na: b: c\n")
    (tmp_path / "old.yaml").write_text("apiVersion: backstage.io/v1beta2\nkind: Template\nmetadata: {name: old}\n")
    (tmp_path / "template.yaml").write_text(f"{HEAD}  steps: [{{action: 'no:such'}}]\n")
    code, said = callboard(tmp_path, "lint", ".")
    assert code == 1
    assert [line.partition(":")[0] for line in said.splitlines()[:3]] == ["broken.yaml", "old.yaml", "template.yaml"]
    assert "old.yaml:1:1: error: apiVersion: A template of backstage.io/v1beta2 cannot be run" in said


def test_a_changed_tree_fails_until_it_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "skeleton").mkdir()
    skeleton = tmp_path / "skeleton" / "${{ values.name }}.txt"
    skeleton.write_text("Hello ${{ values.name }}\n")
    (tmp_path / "template.yaml").write_text(
        HEAD + "  steps:\n    - action: fetch:template\n      input: {url: ./skeleton, values: '${{ parameters }}'}\n"
    )
    case = tmp_path / "tests" / "one"
    case.mkdir(parents=True)
    (case / "values.yaml").write_text("name: no\n")

    assert callboard(tmp_path, "test", ".")[0] == 1
    assert callboard(tmp_path, "test", ".", "--update")[0] == 0
    assert (case / "expected" / "no.txt").read_text() == "Hello no\n"
    assert callboard(tmp_path, "test", ".")[0] == 0
    skeleton.write_text("Bye ${{ values.name }}\n")
    code, said = callboard(tmp_path, "test", ".")
    assert code == 1
    assert "-Hello no\n+Bye no" in said


def test_a_dry_run_writes_a_folder_and_tells_its_output(tmp_path: Path) -> None:
    given = ("--set", "name=axles", "--set", "owner=platform", "--set", "remoteUrl=https://a.example/x.git")
    code, said = callboard(tmp_path, "run", str(EXAMPLES / "python-service"), "--output", "made", *given)
    assert code == 0, said
    assert (tmp_path / "made" / "README.md").read_text().startswith("# axles\n\nA service of Nightjar Rail.\n")
    assert "Skipping because catalog:register does not support dry-run" in said


def test_values_that_fail_the_form_end_the_run(tmp_path: Path) -> None:
    code, said = callboard(tmp_path, "run", str(EXAMPLES / "library"), "--output", "made", "--set", "name=axles")
    assert code == 2
    assert 'the form refuses the values: instance requires property "owner"' in said


def test_a_file_is_rendered_with_values(tmp_path: Path) -> None:
    assert callboard(tmp_path, "render", "-", "--set", "a=b", stdin="${{ values.a | upper }}\n") == (0, "B\n")


def test_a_step_that_fails_ends_the_run_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        HEAD + "  steps:\n"
        "    - {action: 'debug:log', input: {message: 'before ${{ 1 | nope }}'}}\n"
        "    - {action: 'fetch:plain', input: {url: ./gone}}\n"
    )
    code, said = callboard(tmp_path, "run", "template.yaml", "--output", "made")
    assert code == 1
    assert "Starting up task with 2 steps" in said
    assert "warning: steps.step-1.input.message is left as it is: Template error at line 1, column 16: Unknown" in said
    assert said.splitlines()[-1].startswith("callboard template: Error: ENOENT: no such file or directory")
    assert not (tmp_path / "made").exists()


def test_a_value_that_a_file_wants_and_nobody_gives_is_warned_of(tmp_path: Path) -> None:
    code, said = callboard(tmp_path, "render", "-", "--set", "a=b", stdin="${{ values.a }} ${{ values.c.d }}\n")
    assert (code, said) == (0, "warning: values.c is not given (line 1, column 21)\nb \n")


def test_a_folder_of_many_templates_is_no_template_to_run(tmp_path: Path) -> None:
    code, said = callboard(tmp_path, "run", str(EXAMPLES), "--output", "made")
    assert code == 2
    assert re.fullmatch(f"callboard template: {EXAMPLES} holds [0-9]+ templates: name the file of one\n", said)


def test_a_path_without_a_template_is_a_mistake(tmp_path: Path) -> None:
    code, said = callboard(tmp_path, "lint", ".")
    assert (code, said) == (2, "callboard template: there is no template\n")

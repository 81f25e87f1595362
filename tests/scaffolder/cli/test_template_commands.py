"""`callboard template`: templates are checked, tried and tested by the server's own code, without a server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples" / "templates"
HEAD = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: probe}\nspec:\n  type: service\n"

pytestmark = pytest.mark.timeout(120)


def callboard(folder: Path, *arguments: str, stdin: str = "") -> tuple[int, str]:
    done = subprocess.run(
        [Path(sys.executable).with_name("callboard"), "template", *arguments],
        cwd=folder,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )
    return done.returncode, done.stdout


def linted(folder: Path, spec: str) -> tuple[int, str]:
    (folder / "template.yaml").write_text(HEAD + spec)
    return callboard(folder, "lint", "template.yaml")


def test_the_examples_have_no_fault(tmp_path: Path) -> None:
    assert callboard(tmp_path, "lint", str(EXAMPLES)) == (0, "")


def test_the_examples_pass_their_own_tests(tmp_path: Path) -> None:
    code, said = callboard(tmp_path, "test", str(EXAMPLES))
    assert (code, said.splitlines()[-1]) == (0, "3 of 3 passed"), said


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
            "steps.a.input.message: The form has no parameter c (line 1, column 5)",
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
        ("  steps: [{id: a, action: 'fetch:plain', input: {url: ../..}}]\n", "leads out of the template's folder"),
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
    assert 'instance requires property "owner"' in said


def test_a_file_is_rendered_with_values(tmp_path: Path) -> None:
    assert callboard(tmp_path, "render", "-", "--set", "a=b", stdin="${{ values.a | upper }}\n") == (0, "B\n")


def test_a_path_without_a_template_is_a_mistake(tmp_path: Path) -> None:
    code, said = callboard(tmp_path, "lint", ".")
    assert (code, said) == (2, "callboard template: there is no template\n")

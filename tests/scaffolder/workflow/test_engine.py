"""The step engine against spec/scaffolder.md §3.5 and §3.6, and the cases of the conformance kit."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.errors import InputError, NotAllowedError, NotFoundError
from scaffolder.interfaces import Action, ActionContext
from scaffolder.workflow import Cancellation, Environment, MemoryState
from tests.scaffolder.workflow.bench import run


async def test_a_step_begins_speaks_and_finishes(tmp_path: Path) -> None:
    outcome, log = await run(tmp_path, {"id": "a", "name": "A", "action": "say", "input": {"message": "hi"}})
    assert outcome.status == "completed"
    assert log.lines == [
        ("Starting up task with 1 steps", None, None),
        ("Beginning step A", "a", "processing"),
        ("\x1b[32minfo\x1b[39m: hi", "a", None),
        ("Finished step A", "a", "completed"),
    ]


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        (True, True),
        (False, False),
        (1, True),
        ("false", True),
        ("${{ 'false' }}", True),
        ("${{ [] }}", False),
        ("${{ {} }}", True),
        ("${{ 0 }}", False),
        ("${{ '' }}", False),
        ("${{ parameters.missing }}", False),
        ("${{ parameters.list }}", True),
        ("${{ parameters.list | nope }}", True),
        ("${{ 0 / 0 }}", False),
    ],
)
async def test_a_condition_is_true_as_javascript_has_it_but_for_empty_lists(
    tmp_path: Path, condition: Any, runs: bool
) -> None:
    step = {"id": "a", "action": "say", "if": condition, "input": {"message": "ran"}}
    outcome, log = await run(tmp_path, step, parameters={"list": [1]}, output={"a": "${{ steps.a }}"}, is_dry_run=True)
    assert ("ran" in log.said) is runs
    skipped = ("Skipping step a because its if condition was false", "a", "skipped")
    assert (skipped in log.lines) is not runs
    assert ("a" in outcome.output) is runs


async def test_after_a_failure_only_steps_that_ask_for_it_run(tmp_path: Path) -> None:
    outcome, log = await run(
        tmp_path,
        {"id": "boom", "action": "fail", "input": {"message": "first"}},
        {"id": "plain", "action": "say", "input": {"message": "plain"}},
        {"id": "true", "action": "say", "if": True, "input": {"message": "true"}},
        {"id": "always", "action": "say", "if": "${{ always() }}", "input": {"message": "cleanup"}},
        {"id": "failure", "action": "say", "if": "${{ failure() }}", "input": {"message": "rescue"}},
        {"id": "not", "action": "say", "if": "${{ not failure() }}", "input": {"message": "fine"}},
        {"id": "again", "action": "fail", "if": "${{ always() }}", "input": {"message": "second"}},
    )
    assert outcome.status == "failed"
    assert isinstance(outcome.error, InputError)
    assert str(outcome.error) == "first"
    assert log.said == ["cleanup", "rescue"]
    assert ("InputError: first", "boom", "failed") in log.lines
    assert ("Skipping step plain because a previous step failed", "plain", "skipped") in log.lines
    assert ("Skipping step true because a previous step failed", "true", "skipped") in log.lines
    assert ("Skipping step not because its if condition was false", "not", "skipped") in log.lines
    assert log.lines[-1] == ("Additional error occurred: second\nInputError: second", "again", "failed")


async def test_without_a_failure_always_runs_and_failure_does_not(tmp_path: Path) -> None:
    _, log = await run(
        tmp_path,
        {"action": "say", "if": "${{ always() }}", "input": {"message": "always"}},
        {"action": "say", "if": "${{ failure() }}", "input": {"message": "failure"}},
    )
    assert log.said == ["always"]


async def test_each_runs_once_per_entry_and_gathers_outputs(tmp_path: Path) -> None:
    outcome, log = await run(
        tmp_path,
        {
            "id": "l",
            "action": "say",
            "each": "${{ parameters.items }}",
            "input": {"message": "${{ each.key }}=${{ each.value }}"},
        },
        parameters={"items": ["a", 1, {"b": 2}, None, [3, 4]]},
        output={"all": "${{ steps.l.output.said }}"},
    )
    assert log.said[::2] == [
        'Running step each: {"key":"0","value":"a"}',
        'Running step each: {"key":"1","value":"1"}',
        'Running step each: {"key":"2","value":"[object Object]"}',
        'Running step each: {"key":"3","value":"null"}',
        'Running step each: {"key":"4","value":"3,4"}',
    ]
    assert log.said[1::2] == ["0=a", "1=1", "2=[object Object]", "3=", "4=3,4"]
    assert outcome.output == {"all": ["0=a", "1=1", "2=[object Object]", "3=", "4=3,4"]}


async def test_each_over_an_object_and_a_list_with_a_hole(tmp_path: Path) -> None:
    step = {"action": "say", "input": {"message": "${{ each.key }}:${{ each.value }}"}}
    _, log = await run(tmp_path, {**step, "each": "${{ parameters.o }}"}, parameters={"o": {"b": 1, "2": 3}})
    assert log.said[1::2] == ["2:3", "b:1"]
    _, log = await run(tmp_path, {**step, "each": ["${{ parameters.n }}", "${{ parameters.no }}"]}, parameters={"n": 3})
    assert log.said == ['Running step each: {"key":"0","value":"3"}', "0:3"]


async def test_each_skips_entries_by_the_condition(tmp_path: Path) -> None:
    step = {
        "action": "say",
        "each": [3, 1, 2],
        "if": "${{ each.value > 1 }}",
        "input": {"message": "${{ each.value }}!"},
    }
    _, log = await run(tmp_path, step)
    assert log.said == [
        'Running step each: {"key":"0","value":"3"}',
        "3!",
        'Skipping step each: {"key":"1","value":"1"}',
        'Running step each: {"key":"2","value":"2"}',
        "2!",
    ]


@pytest.mark.parametrize(
    ("each", "message"),
    [
        ("${{ parameters.no }}", '"${{ parameters.no }}" cannot be resolved to a value'),
        ("${{ 5 }}", "must resolve to an array or object"),
        ("abc", "must resolve to an array or object"),
        ("${{ null }}", "must resolve to an array or object"),
    ],
)
async def test_each_must_be_something_to_iterate(tmp_path: Path, each: str, message: str) -> None:
    outcome, _ = await run(tmp_path, {"action": "say", "each": each})
    assert isinstance(outcome.error, InputError)
    assert str(outcome.error) == f"Invalid value on action say.each parameter, {message}"


async def test_no_iteration_runs_when_one_is_not_valid(tmp_path: Path) -> None:
    step = {"action": "say", "each": ["a", 2], "input": {"message": "${{ each.value }}"}}
    outcome, log = await run(tmp_path, step)
    assert str(outcome.error) == "Invalid input passed to action say[1], instance.message is not of a type(s) string"
    assert log.said == []


async def test_unknown_actions_wrong_inputs_and_forbidden_actions_fail(tmp_path: Path) -> None:
    outcome, _ = await run(tmp_path, {"action": "no:such"})
    assert isinstance(outcome.error, NotFoundError)
    assert str(outcome.error).startswith("Template action with ID 'no:such' is not registered. See https://")
    outcome, _ = await run(tmp_path, {"action": "say", "input": {"message": 5, "extra": 1}})
    assert str(outcome.error) == (
        "Invalid input passed to action say, instance.message is not of a type(s) string, "
        'instance is not allowed to have the additional property "extra"'
    )
    outcome, log = await run(
        tmp_path, {"action": "say", "input": {"message": "x"}}, permitted=lambda action, given: given["message"] != "x"
    )
    assert isinstance(outcome.error, NotAllowedError)
    assert str(outcome.error) == "Unauthorized action: say. The action is not allowed."
    assert log.said == []


async def test_outputs_keep_their_types_and_links_their_conditions(tmp_path: Path) -> None:
    outcome, _ = await run(
        tmp_path,
        {"id": "a", "action": "put", "input": {"n": 3, "deep": {"x": [1, None]}}},
        output={
            "n": "${{ steps.a.output.n }}",
            "x": "${{ steps['a'].output.deep.x }}",
            "none": "${{ steps.b.output.n }}",
            "links": [{"title": "A", "if": "${{ false }}"}, {"title": "B", "if": "${{ true }}"}, {"title": "C"}],
            "text": [{"title": "T", "if": "${{ [] }}"}],
        },
    )
    assert outcome.output == {"n": 3, "x": [1, None], "links": [{"title": "B"}, {"title": "C"}], "text": []}


async def test_what_cannot_be_rendered_stays_and_is_reported_with_its_place(tmp_path: Path) -> None:
    outcome, log = await run(
        tmp_path, {"id": "a", "action": "say", "input": {"message": "x ${{ parameters.s | nope }}"}}
    )
    assert log.said[-1] == "x ${{ parameters.s | nope }}"
    assert [(one.where, one.line) for one in outcome.problems] == [("steps.a.input.message", 1)]
    assert "line 1, column" in log.said[0]
    _, log = await run(tmp_path, {"action": "say", "input": {"message": "${{ a | nope }}"}}, report_problems=False)
    assert log.said == ["${{ a | nope }}"]


async def test_a_dry_run_shows_inputs_and_makes_examples_up(tmp_path: Path) -> None:
    outcome, log = await run(
        tmp_path,
        {"id": "s", "action": "say", "input": {"message": "t ${{ secrets.T }} ${{ environment.secrets.K }}"}},
        {"id": "p", "action": "put", "input": {"url": "u"}},
        output={"p": "${{ steps.p.output }}"},
        secrets={"T": "abc123"},
        environment=Environment(secrets={"K": "key-value"}),
        is_dry_run=True,
        hidden_steps=1,
    )
    assert log.messages[0] == "Starting up task with 3 steps"
    assert log.said[0] == ('Running say in dry-run mode with inputs (secrets redacted): {\n  "message": "t *** ***"\n}')
    assert log.said[1] == "***"
    assert log.lines[-1] == ("Skipping because put does not support dry-run", "p", "skipped")
    example = {"url": "<example>", "n": 0, "ok": False, "list": ["<example>"], "any": "<unknown>"}
    assert outcome.output == {"p": example}


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("error", ["e"]),
        ("warn", ["w", "e"]),
        ("info", ["i", "w", "e"]),
        ("DEBUG", ["d", "i", "w", "e"]),
        ("nonsense", ["i", "w", "e"]),
    ],
)
async def test_the_log_level_says_which_lines_of_actions_are_kept(tmp_path: Path, level: str, said: list[str]) -> None:
    """`LOG_LEVEL`. Source: §3.5."""

    class Speak(Action):
        id = "speak"

        async def run(self, context: ActionContext) -> None:
            for name in ("debug", "info", "warn", "error"):
                await getattr(context.log, name)(name[0])

    _, log = await run(tmp_path, {"action": "speak"}, actions={"speak": Speak()}, log_level=level)
    assert log.said == said
    assert log.messages[-1] == "Finished step speak"


async def test_a_dry_run_knows_no_secret_of_the_deployment(tmp_path: Path) -> None:
    """CVE-2026-32237: an action that writes its input to a file shows it to whoever asked, whatever the log masks."""
    kept: list[Any] = []

    class Keep(Action):
        id = "keep"
        supports_dry_run = True

        async def run(self, context: ActionContext) -> None:
            kept.append(dict(context.input))

    step = {"action": "keep", "input": {"own": "${{ secrets.T }}", "theirs": "<${{ environment.secrets.K }}>"}}
    settings: dict[str, Any] = {"secrets": {"T": "mine"}, "environment": Environment(secrets={"K": "key-value"})}
    for is_dry_run in (True, False):
        await run(tmp_path, step, actions={"keep": Keep()}, is_dry_run=is_dry_run, **settings)
    assert kept == [{"own": "mine", "theirs": "<>"}, {"own": "mine", "theirs": "<key-value>"}]


async def test_secrets_are_seen_in_inputs_and_nowhere_else(tmp_path: Path) -> None:
    outcome, log = await run(
        tmp_path,
        {"id": "a", "action": "say", "input": {"message": "${{ secrets.T }}"}},
        {"id": "b", "action": "say", "if": "${{ secrets.T }}", "input": {"message": "leak"}},
        {"id": "c", "action": "crash", "input": {"message": "no ${{ secrets.T | upper }} in errors"}},
        output={"leak": "${{ secrets.T }}", "said": "${{ steps.a.output.said }}"},
        secrets={"T": "s3cr3t-value"},
    )
    assert log.said == ["***"]
    assert str(outcome.error) == "***"
    assert not any("s3cr3t" in line.lower() for line in log.messages)
    outcome, _ = await run(
        tmp_path,
        {"id": "a", "action": "say", "input": {"message": "${{ secrets.T }}"}},
        output={"leak": "${{ secrets.T }}", "said": "${{ steps.a.output.said }}"},
        secrets={"T": "s3cr3t-value"},
    )
    assert outcome.output == {"said": "***"}


async def test_a_cancelled_step_ends_the_task(tmp_path: Path) -> None:
    cancellation = Cancellation()
    asyncio.get_running_loop().call_later(0.05, cancellation.cancel)
    outcome, log = await run(
        tmp_path,
        {"id": "w", "name": "Wait", "action": "wait"},
        {"id": "z", "action": "say", "if": "${{ always() }}", "input": {"message": "never"}},
        cancellation=cancellation,
    )
    assert outcome.status == "failed"
    assert outcome.cancelled
    assert str(outcome.error) == "Step w (Wait) of task task-1 has been cancelled."
    assert ("Error: Step w (Wait) of task task-1 has been cancelled.", "w", "failed") in [
        (text.partition("\n")[0], step, status) for text, step, status in log.lines
    ]
    assert log.said == ["waiting"]


async def test_a_checkpoint_runs_once_whatever_it_gives(tmp_path: Path) -> None:
    calls: list[str] = []

    class Twice(Action):
        id = "twice"

        async def run(self, context: ActionContext) -> None:
            async def make() -> int:
                calls.append("made")
                return 0

            context.output("values", [await context.checkpoint("k", make) for _ in range(2)])

    state = MemoryState()
    for _ in range(2):
        outcome, _ = await run(
            tmp_path,
            {"id": "t", "action": "twice"},
            output={"v": "${{ steps.t.output.values }}"},
            state=state,
            actions={"twice": Twice()},
        )
        assert outcome.output == {"v": [0, 0]}
    assert calls == ["made"]

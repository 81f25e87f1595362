"""One step: its condition, its iterations, its input, its action. Source: spec/scaffolder.md §3.6."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from app.errors import InputError, NotAllowedError, NotFoundError
from scaffolder.interfaces import Action, Workspace
from scaffolder.language import UNDEFINED
from scaffolder.secrets.masking import Mask
from scaffolder.workflow.action_context import CancelledStepError, RunningAction, StepLog
from scaffolder.workflow.examples import example_of
from scaffolder.workflow.redaction import owed_to_secrets
from scaffolder.workflow.rendering import Values, truthy
from scaffolder.workflow.seam import Confined, Job, Json, Sink, StepState, Validate
from scaffolder.workflow.texts import DOCS, js_text, json_line, json_pretty

GRACE_S: Final = 5.0
"""How long an action may take to stop by itself once its task is cancelled."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every step of a task is run with."""

    actions: Mapping[str, Action]
    validate: Validate
    confined: Confined
    sink: Sink
    state: StepState
    workspace: Workspace
    mask: Mask
    """Of the task's own secrets."""
    log_level: str = "info"


@dataclass(frozen=True, slots=True)
class _Iteration:
    each: tuple[str, Json] | None
    rendered: Mapping[str, Json]
    runs: bool = True

    @property
    def text(self) -> str:
        key, value = self.each or ("", None)
        return json_line({"key": key, "value": js_text(value)})


class StepRun:
    """One step of one task. `run` raises what the step fails with."""

    def __init__(self, job: Job, step: Mapping[str, Json], values: Values, tools: Tools) -> None:
        self._job, self._step, self._values, self._tools = job, step, values, tools
        self._id: str = step["id"]
        self.log = StepLog(tools.sink, self._id, tools.mask, level=tools.log_level)
        self._outputs: dict[str, Json] = {}
        self._reported = len(values.problems)

    @property
    def mask(self) -> Mask:
        """Also hides what this step's input owes to secrets."""
        return self.log.mask

    async def eligible_after_failure(self) -> bool:
        """Whether the condition asks for the state of the task: only such steps run after another has failed."""
        condition = self._step.get("if")
        if not isinstance(condition, str):
            return False
        self._values.status.asked = False
        await self._values.render(condition, self._condition_context(None))
        return self._values.status.asked

    async def run(self) -> Mapping[str, Json] | None:
        """The output; None for a step that was skipped."""
        sink, step_id = self._tools.sink, self._id
        await sink.log(f"Beginning step {self._step['name']}", step_id=step_id, status="processing")
        self._stop_if_cancelled()
        if not await self._condition_holds():
            text = f"Skipping step {step_id} because its if condition was false"
            await sink.log(text, step_id=step_id, status="skipped")
            return None
        action = self._action()
        if self._job.is_dry_run and not await self._dry_runs(action):
            return self._outputs
        iterations = await self._iterations(action)
        await self._report()
        await self._tools.state.begin(step_id)
        for one in iterations:
            if one.each is not None:
                await self.log.info(f"{'Running' if one.runs else 'Skipping'} step each: {one.text}")
            if one.runs:
                self._stop_if_cancelled()
                await self._run_action(action, one)
        self._stop_if_cancelled()
        return self._outputs

    async def completed(self) -> None:
        text = f"Finished step {self._step['name']}"
        await self._tools.sink.log(text, step_id=self._id, status="completed")

    def _stop_if_cancelled(self) -> None:
        if self._job.cancellation.wished:
            raise CancelledStepError(self._job, self._step)

    def _condition_context(self, each: tuple[str, Json] | None) -> Any:
        return self._values.plain if each is None else self._values.secret(each)

    async def _condition_holds(self, each: tuple[str, Json] | None = None) -> bool:
        condition = self._step.get("if")
        if condition is False:
            return False
        # With `each`, the condition is asked for every iteration instead.
        if not isinstance(condition, str) or (each is None and "each" in self._step):
            return True
        where = f"steps.{self._id}.if"
        return truthy(await self._values.render(condition, self._condition_context(each), where))

    def _action(self) -> Action:
        name = self._step["action"]
        action = self._tools.actions.get(name)
        if action is None:
            raise NotFoundError(
                f"Template action with ID '{name}' is not registered. See {DOCS} on how to add a custom action."
            )
        return action

    async def _dry_runs(self, action: Action) -> bool:
        """Say what would be run; False, with an example for output, where the action takes no part in dry runs."""
        preview = await self._values.render(self._step.get("input") or {}, self._values.masked())
        await self.log.info(
            f"Running {action.id} in dry-run mode with inputs (secrets redacted): {json_pretty(preview)}"
        )
        if self._job.runs(action):
            return True
        text = f"Skipping because {action.id} does not support dry-run"
        await self._tools.sink.log(text, step_id=self._id, status="skipped")
        example = example_of(action.output_schema) if action.output_schema else {}
        self._outputs = example if isinstance(example, dict) else {}
        return False

    @property
    def was_example(self) -> bool:
        """Whether the output is made up, since the action takes no part in dry runs."""
        action = self._tools.actions.get(self._step["action"])
        return action is not None and not self._job.runs(action)

    async def _iterations(self, action: Action) -> list[_Iteration]:
        """All iterations, rendered, validated and authorised before any runs."""
        if "each" not in self._step:
            iterations = [_Iteration(None, await self._rendered_input(None))]
        else:
            iterations = []
            for each in await self._each_entries():
                runs = await self._condition_holds(each)
                iterations.append(_Iteration(each, await self._rendered_input(each) if runs else {}, runs))
        for one in iterations:
            if one.runs:
                self._check(action, one)
        return iterations

    async def _each_entries(self) -> list[tuple[str, Json]]:
        raw, action = self._step["each"], self._step["action"]
        context, where = self._values.secret(), f"steps.{self._id}.each"
        if isinstance(raw, (list, tuple)):
            # What is undefined leaves a hole, and holes are not entries.
            rendered = [await self._values.render(item, context, where) for item in raw]
            plain = [await self._values.render(item, self._values.plain) for item in raw]
            self._hide(rendered, plain)
            return [(str(index), item) for index, item in enumerate(rendered) if item is not UNDEFINED]
        found = await self._values.render(raw, context, where)
        self._hide(found, await self._values.render(raw, self._values.plain))
        if found is UNDEFINED:
            raise InputError(
                f'Invalid value on action {action}.each parameter, "{js_text(raw)}" cannot be resolved to a value'
            )
        if isinstance(found, Mapping):
            return [(str(key), value) for key, value in found.items()]
        if isinstance(found, list):
            return [(str(index), value) for index, value in enumerate(found)]
        raise InputError(f"Invalid value on action {action}.each parameter, must resolve to an array or object")

    async def _rendered_input(self, each: tuple[str, Json] | None) -> Mapping[str, Json]:
        raw = self._step.get("input")
        if not raw:
            return {}
        rendered = await self._values.render(raw, self._values.secret(each), f"steps.{self._id}.input")
        self._hide(rendered, await self._values.render(raw, self._values.without(each)))
        return rendered if isinstance(rendered, Mapping) else {}

    def _hide(self, rendered: Json, without: Json) -> None:
        self.log.mask = self.log.mask.with_texts(owed_to_secrets(rendered, without))

    def _check(self, action: Action, one: _Iteration) -> None:
        if action.input_schema is not None:
            problems = self._tools.validate(action.input_schema, one.rendered)
            if problems:
                where = f"{action.id}[{one.each[0]}]" if one.each is not None else action.id
                raise InputError(f"Invalid input passed to action {where}, {', '.join(problems)}")
        if not self._job.permitted(action.id, one.rendered):
            raise NotAllowedError(f"Unauthorized action: {action.id}. The action is not allowed.")

    async def _run_action(self, action: Action, one: _Iteration) -> None:
        context = RunningAction(
            self._job,
            self._step,
            one.rendered,
            workspace=self._tools.workspace,
            log=self.log,
            state=self._tools.state,
            confined=self._tools.confined,
            output=self._put_out if one.each is None else self._append_output,
        )
        running = asyncio.ensure_future(action.run(context))
        stop = asyncio.ensure_future(self._job.cancellation.wait())
        try:
            await asyncio.wait((running, stop), return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await asyncio.wait((running,), timeout=GRACE_S)
        finally:
            stop.cancel()
            if not running.done():
                running.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await running
        failure = None if running.cancelled() else running.exception()
        self._stop_if_cancelled()
        if failure is not None:
            raise failure
        running.result()

    def _put_out(self, name: str, value: Json) -> None:
        self._outputs[name] = value

    def _append_output(self, name: str, value: Json) -> None:
        self._outputs.setdefault(name, []).append(value)

    async def _report(self) -> None:
        """Tell of templates that could not be rendered, which the reference keeps to itself."""
        problems, self._reported = self._values.problems[self._reported :], len(self._values.problems)
        if self._job.report_problems:
            for one in problems:
                await self.log.warn(f"{one.where} is left as it is: {one.message}")

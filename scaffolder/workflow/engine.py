"""All steps of a task, in order, to its end. Source: spec/scaffolder.md §3.5, §3.6."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import uuid4

from app.confinement.failures import system_text
from app.errors import CallboardError
from app.interfaces import Principal
from scaffolder.interfaces import Action, Workspace
from scaffolder.language import Language, LanguageError
from scaffolder.secrets.masking import Mask, mask_of
from scaffolder.workflow.action_context import CancelledStepError
from scaffolder.workflow.metrics import step_timer
from scaffolder.workflow.rendering import Environment, Values, truthy
from scaffolder.workflow.seam import Confined, Job, Json, LeaseLostError, Outcome, Sink, StepState, Validate
from scaffolder.workflow.step import StepRun, Tools
from scaffolder.workflow.texts import error_name, error_text

Bridged = Callable[[Principal], Awaitable[Mapping[str, Action]]]
"""Further actions, as far as whoever started the task may use them; asked for where a step names one."""


class Engine:
    """Runs tasks. Holds nothing of any one of them."""

    def __init__(
        self,
        actions: Mapping[str, Action],
        language: Language,
        *,
        validate: Validate,
        confined: Confined,
        environment: Environment | None = None,
        bridged: Bridged | None = None,
        log_level: str = "info",
    ) -> None:
        self._log_level = log_level
        self._bridged = bridged
        self._actions, self._language = actions, language
        self._validate, self._confined = validate, confined
        self._environment = environment or Environment()

    async def run(self, job: Job, sink: Sink, state: StepState, workspace: Workspace) -> Outcome:
        """Run the steps that are not done yet.

        Raises LeaseLostError when another has taken the task over; nothing else but cancellation of the coroutine.
        """
        try:
            return await self._run(job, sink, state, workspace)
        except LanguageError as error:
            # The parameters or outputs are more than the template language takes.
            return Outcome("failed", error=error)

    async def _run(self, job: Job, sink: Sink, state: StepState, workspace: Workspace) -> Outcome:
        values = Values(job, self._language, self._environment)
        mask = mask_of((*job.secrets.values(), *self._environment.secrets.values()))
        tools = Tools(
            await self._actions_of(job), self._validate, self._confined, sink, state, workspace, mask, self._log_level
        )
        run = _TaskRun(job, values, tools)
        error = await run.steps()
        if error is None:
            for _ in range(job.hidden_steps):
                # Templates that show all steps show the reference's hidden ones, too.
                values.set_output(str(uuid4()), {})
            output = await _rendered_output(job.spec.get("output") or {}, values)
            return Outcome("completed", mask.value(output), problems=values.problems)
        return Outcome("failed", error=error, problems=values.problems, cancelled=run.cancelled)

    async def _actions_of(self, job: Job) -> Mapping[str, Action]:
        steps: Sequence[Mapping[str, Json]] = job.spec.get("steps") or ()
        if self._bridged is None or all(step["action"] in self._actions for step in steps):
            return self._actions
        return {**await self._bridged(job.initiator), **self._actions}


class _TaskRun:
    def __init__(self, job: Job, values: Values, tools: Tools) -> None:
        self._job, self._values, self._tools = job, values, tools
        self._first: Exception | None = None
        self.cancelled = False

    async def steps(self) -> Exception | None:
        """The masked error of the first step that failed."""
        steps: Sequence[Mapping[str, Json]] = self._job.spec.get("steps") or ()
        sink = self._tools.sink
        await sink.log(f"Starting up task with {len(steps) + self._job.hidden_steps} steps")
        done = self._tools.state.completed()
        failures = self._tools.state.failures()
        if done:
            await sink.log(
                f"Task recovered - resuming from last known good state. {len(done)} step(s) already completed."
            )
        for step in steps:
            if step["id"] in done:
                self._values.set_output(step["id"], done[step["id"]])
                text = f"Skipping step {step['id']} because it was already completed in a previous run"
                await sink.log(text, step_id=step["id"], status="completed")
            elif step["id"] in failures:
                self._values.status.failed = True
                self._first = self._first or EarlierError(failures[step["id"]])
                text = f"Skipping step {step['id']} because it already failed in a previous run"
                await sink.log(text, step_id=step["id"], status="failed")
            else:
                await self._step(step)
        return self._first

    async def _step(self, step: Mapping[str, Json]) -> None:
        run = StepRun(self._job, step, self._values, self._tools)
        sink, state, template = self._tools.sink, self._tools.state, self._job.template.entity_ref
        if self._first is not None and (self.cancelled or not await run.eligible_after_failure()):
            text = f"Skipping step {step['id']} because a previous step failed"
            await sink.log(text, step_id=step["id"], status="skipped")
            return
        with step_timer(template, step["name"]) as result:
            try:
                self._refuse_half_done(step)
                output = await run.run()
                if output is None:
                    result("skipped")
                    return
                self._values.set_output(step["id"], output)
                if not run.was_example:
                    await run.completed()
                await state.complete(step["id"], output)
                result("ok")
            except LeaseLostError:
                raise
            except CancelledStepError as error:
                result("cancelled")
                self.cancelled = True
                # The wish has an event of its own; the step ends as any other that fails. Source: §1.6.
                await sink.log(error_text(error), step_id=step["id"], status="failed")
                self._first = self._first or error
            except Exception as error:  # noqa: BLE001 - whatever an action raises is its step's failure
                result("failed")
                await self._failed(step, masked_error(_told(error), run.mask))

    async def _failed(self, step: Mapping[str, Json], error: Exception) -> None:
        self._values.status.failed = True
        sink, step_id = self._tools.sink, step["id"]
        await sink.log(error_text(error), step_id=step_id, status="failed")
        if self._first is None:
            self._first = error
        else:
            text = f"Additional error occurred: {error}\n{error_text(error)}"
            await sink.log(text, step_id=step_id, status="failed")
        await self._tools.state.failed(step_id, error_body(error))

    def _refuse_half_done(self, step: Mapping[str, Json]) -> None:
        """A step cut off half-way is only run again where that does no harm."""
        state, action = self._tools.state, self._tools.actions.get(step["action"])
        if state.interrupted() != step["id"] or self._job.start_over or action is None:
            return
        if not (action.idempotent or action.resumable or state.checkpoints(step["id"])):
            raise InterruptedStepError(step)


class EarlierError(CallboardError):
    """What a step failed with before the task was recovered."""

    def __init__(self, body: Mapping[str, str]) -> None:
        super().__init__(body["message"])
        # The name the error had then, which may be any.
        vars(self)["name"] = body["name"]


class InterruptedStepError(CallboardError):
    """The worker stopped in the middle of a step that must not be run twice."""

    name = "Error"

    def __init__(self, step: Mapping[str, Json]) -> None:
        super().__init__(
            f"Step {step['id']} ({step['name']}) was interrupted because its worker stopped, and is not run again: "
            f"the action {step['action']} may have done part of its work already"
        )


def _told(error: Exception) -> Exception:
    """What the operating system refuses is told in words."""
    return CallboardError(system_text(error)) if isinstance(error, OSError) and error.errno else error


def masked_error(error: Exception, mask: Mask) -> Exception:
    """The error itself if it shows no secret, else one of the same name and status with its texts masked."""
    message = str(error)
    masked = mask(message)
    extra = error.extra if isinstance(error, CallboardError) else {}
    if masked == message and mask.value(extra) == extra and not getattr(error, "cause", None):
        return error
    if not isinstance(error, CallboardError):
        return CallboardError(masked)
    copy = CallboardError.__new__(type(error))
    CallboardError.__init__(copy, masked, extra=mask.value(extra))
    return copy


def error_body(error: Exception) -> dict[str, str]:
    """An error as completion events hold it."""
    return {"name": error_name(error), "message": str(error) or type(error).__name__}


async def _rendered_output(raw: Mapping[str, Json], values: Values) -> dict[str, Json]:
    """The task's output. Links and texts whose `if` does not hold are left out, and the others lose the key."""
    rendered = await values.render(raw, values.plain, "output")
    if not isinstance(rendered, Mapping):
        return {}
    output = dict(rendered)
    for key in ("links", "text"):
        items, written = output.get(key), raw.get(key)
        if isinstance(items, list) and isinstance(written, (list, tuple)):
            output[key] = [
                _without_if(item) for item, source in zip(items, written, strict=True) if _shown(item, source)
            ]
    return output


def _shown(item: Json, source: Json) -> bool:
    if not isinstance(item, Mapping) or not isinstance(source, Mapping) or "if" not in item:
        return True
    return truthy(item.get("if"))


def _without_if(item: Json) -> Json:
    return {key: value for key, value in item.items() if key != "if"} if isinstance(item, Mapping) else item

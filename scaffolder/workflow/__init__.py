"""One task through its steps: what the worker, the dry run and `callboard template` all use.

    engine = Engine(actions, language, validate=…, confined=…, environment=…)
    outcome = await engine.run(job, sink, state, workspace)

`Engine.run` never raises for what a template or an action does wrong: that is in the outcome.
"""

from scaffolder.workflow.engine import Engine
from scaffolder.workflow.rendering import Environment, workflow_language
from scaffolder.workflow.seam import (
    Cancellation,
    Confined,
    Job,
    LeaseLostError,
    MemoryState,
    Outcome,
    Permitted,
    Problem,
    Sink,
    StepState,
    Validate,
)

__all__ = [
    "Cancellation",
    "Confined",
    "Engine",
    "Environment",
    "Job",
    "LeaseLostError",
    "MemoryState",
    "Outcome",
    "Permitted",
    "Problem",
    "Sink",
    "StepState",
    "Validate",
    "workflow_language",
]

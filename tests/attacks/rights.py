"""Rights."""

from typing import Final

from tests.attacks.attack import Attack, Edit

_ENGINE: Final = "tests/scaffolder/workflow/test_engine.py"

RIGHTS: Final = (
    Attack(
        "CVE-2026-44374",
        "tasks of others, read through a route that forgot to ask",
        "scaffolder/service/tasks.py:AuthorizedTasks._readable",
        (
            Edit(
                "scaffolder/service/tasks.py",
                "        await self._gate.require_task(TASK_READ, caller, task)\n        return task",
                "        return task",
            ),
        ),
        ("tests/plugins/permission/test_leaks.py::test_what_a_policy_hides_is_not_there_for_whom_it_binds",),
    ),
    Attack(
        "CVE-2026-44374",
        "an action that the policy forbids to whoever started the task",
        "scaffolder/workflow/step.py:StepRun._check",
        (Edit("scaffolder/workflow/step.py", "if not self._job.permitted(action.id, one.rendered):", "if False:"),),
        (f"{_ENGINE}::test_unknown_actions_wrong_inputs_and_forbidden_actions_fail",),
    ),
)

"""The scaffolder's permissions, as policies and frontends know them. Source: spec/scaffolder.md §6."""

from __future__ import annotations

from typing import Final

from app.interfaces import Permission

PLUGIN: Final = "scaffolder"
TEMPLATE: Final = "scaffolder-template"
"""The resource type of a form's pages and a template's steps."""
ACTION: Final = "scaffolder-action"
"""The resource type of one call of an action: its id and rendered input."""
TASK: Final = "scaffolder-task"
"""The resource type of tasks; a resource ref is a task's id."""

DRY_RUN: Final = Permission("scaffolder.template.dry-run")
PARAMETER_READ: Final = Permission("scaffolder.template.parameter.read", "read", TEMPLATE)
STEP_READ: Final = Permission("scaffolder.template.step.read", "read", TEMPLATE)
ACTION_EXECUTE: Final = Permission("scaffolder.action.execute", None, ACTION)
TASK_CANCEL: Final = Permission("scaffolder.task.cancel", None, TASK)
TASK_CREATE: Final = Permission("scaffolder.task.create", "create")
TASK_READ: Final = Permission("scaffolder.task.read", "read", TASK)
TEMPLATE_MANAGEMENT: Final = Permission("scaffolder.template.management")

OF_TEMPLATES: Final = (DRY_RUN, PARAMETER_READ, STEP_READ, ACTION_EXECUTE)
OF_TASKS: Final = (TASK_CANCEL, TASK_CREATE, TASK_READ)
OF_FRONTENDS: Final = (TEMPLATE_MANAGEMENT,)
"""Three lots in the order of the reference's list; only tasks are resources that can be loaded."""

"""What is asked in which order before a task is made, seen or started again: it decides between several answers.

Source: spec/scaffolder.md §1.3, §1.6, §1.7; the order is that of the reference's router.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import orjson
import pytest

from app.errors import CallboardError, InputError, NotAllowedError, NotFoundError
from app.interfaces import Decision, Permissions, Principal
from catalog.interfaces import EntitiesCatalog
from scaffolder.interfaces import Task, Tasks
from scaffolder.permissions.gate import Gate
from scaffolder.service.tasks import AuthorizedTasks
from scaffolder.service.templates import Templates, parameter_schema, task_spec
from scaffolder.service.values import InvalidValuesError

ALICE = Principal("user", "user:default/alice")
TEMPLATE = {
    "apiVersion": "scaffolder.backstage.io/v1beta3",
    "kind": "Template",
    "metadata": {"name": "lamp", "namespace": "default"},
    "spec": {
        "type": "service",
        "parameters": {"required": ["name"]},
        "secrets": {"schema": {"required": ["KEY"]}},
        "steps": [{"action": "debug:log"}],
    },
}
TASK = Task("t1", {"templateInfo": {"entityRef": "template:default/lamp"}}, "failed", "2026-01-01T00:00:00.000Z")
GIVEN = {"name": "x"}
SECRETS = {"KEY": "s3cret"}


class House:
    """A catalog with one template and a queue with one ended task, under a policy that denies what it is told to."""

    def __init__(self, *denied: str) -> None:
        self.denied = denied
        self.done: list[tuple[Any, ...]] = []
        gate = Gate(cast(Permissions, self))
        templates = Templates(cast(EntitiesCatalog, self), cast(Permissions, self), gate)
        self.tasks = AuthorizedTasks(cast(Tasks, self), templates, gate)

    # ------------------------------------------------------------------------------------------ the policy

    def permission(self, _name: str) -> None:
        return None

    async def check(self, permission: Any, _caller: Principal, **_: Any) -> bool:
        return permission.name not in self.denied

    async def decide(self, permission: Any, _caller: Principal, **_: Any) -> Decision:
        return Decision("DENY" if permission.name in self.denied else "ALLOW")

    # ------------------------------------------------------------------------------- the catalog, the queue

    async def by_refs(self, refs: list[str]) -> list[bytes | None]:
        return [orjson.dumps(TEMPLATE) if ref == "template:default/lamp" else None for ref in refs]

    async def get(self, task_id: str) -> Task:
        if task_id != TASK.id:
            raise NotFoundError(f"No task with id '{task_id}' found")
        return TASK

    async def dispatch(self, spec: Mapping[str, Any], **more: Any) -> str:
        self.done.append(("dispatch", spec, more["secrets"]))
        return "new"

    async def retry(self, task_id: str, **more: Any) -> None:
        self.done.append(("retry", task_id, more["secrets"]))

    async def cancel(self, task_id: str) -> None:
        self.done.append(("cancel", task_id))


CREATE, READ, CANCEL = "scaffolder.task.create", "scaffolder.task.read", "scaffolder.task.cancel"


@pytest.mark.parametrize(
    ("denied", "task_id", "secrets", "error"),
    [
        ((), "none", {}, NotFoundError),
        ((CREATE,), "none", {}, NotFoundError),
        ((CREATE, READ), "none", {}, NotFoundError),
        ((CREATE,), "t1", SECRETS, NotAllowedError),
        ((READ,), "t1", SECRETS, NotAllowedError),
        ((CREATE,), "t1", {}, NotAllowedError),
        ((READ,), "t1", {}, NotAllowedError),
        ((), "t1", {}, InvalidValuesError),
    ],
)
async def test_a_retry_asks_for_the_task_then_the_policy_then_the_secrets(
    denied: tuple[str, ...], task_id: str, secrets: dict[str, str], error: type[CallboardError]
) -> None:
    house = House(*denied)
    with pytest.raises(error):
        await house.tasks.retry(task_id, secrets, ALICE, None)
    assert house.done == []


async def test_a_retry_that_may_be_is_done() -> None:
    house = House()
    await house.tasks.retry("t1", SECRETS, ALICE, None)
    assert house.done == [("retry", "t1", SECRETS)]


@pytest.mark.parametrize(
    ("denied", "ref", "values", "secrets", "error"),
    [
        ((CREATE,), "template:default/none", GIVEN, SECRETS, NotAllowedError),
        ((CREATE,), "component:default/lamp", GIVEN, SECRETS, NotAllowedError),
        ((CREATE,), "lamp", {}, {}, NotAllowedError),
        ((CREATE,), ":::", GIVEN, SECRETS, InputError),
        ((), "none", GIVEN, SECRETS, NotFoundError),
        ((), "component:default/lamp", GIVEN, SECRETS, InputError),
        ((), "lamp", {}, {}, InvalidValuesError),
        ((), "lamp", GIVEN, {}, InvalidValuesError),
    ],
)
async def test_a_task_asks_for_its_ref_then_the_policy_then_the_template_then_the_values(
    denied: tuple[str, ...],
    ref: str,
    values: dict[str, Any],
    secrets: dict[str, str],
    error: type[CallboardError],
) -> None:
    house = House(*denied)
    with pytest.raises(error):
        await house.tasks.create(ref, values, secrets, ALICE, None)
    assert house.done == []


async def test_a_task_that_may_be_is_made() -> None:
    house = House()
    assert await house.tasks.create("lamp", GIVEN, SECRETS, ALICE, None) == "new"
    [(_, spec, secrets)] = house.done
    assert (spec["parameters"], spec["templateInfo"]["entityRef"], secrets) == (GIVEN, "template:default/lamp", SECRETS)


@pytest.mark.parametrize(
    ("denied", "task_id", "error"),
    [
        ((CANCEL, READ), "none", NotFoundError),
        ((CANCEL,), "t1", NotAllowedError),
        ((READ,), "t1", NotAllowedError),
    ],
)
async def test_a_cancellation_asks_for_the_task_then_the_policy(
    denied: tuple[str, ...], task_id: str, error: type[CallboardError]
) -> None:
    house = House(*denied)
    with pytest.raises(error):
        await house.tasks.cancel(task_id, ALICE)
    assert house.done == []


# ------------------------------------------------------------------------------------- what a template's form holds


def a_template(metadata: Mapping[str, Any], **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v", "metadata": {"name": "lamp", **metadata}, "spec": {"steps": [], **spec}}


def test_members_of_the_form_are_there_as_javascript_has_them() -> None:
    """`x: template.x` keeps null and leaves out what is not there; `??` and `... ? {x} : {}` pass over null."""
    titled = {"title": "lamp", "steps": []}
    assert parameter_schema(a_template({})) == titled
    assert parameter_schema(a_template({"title": None}, presentation=None)) == titled
    assert parameter_schema(a_template({"ui:options": None})) == {**titled, "ui:options": None}
    assert parameter_schema(a_template({}, presentation={})) == {**titled, "presentation": {}}
    page = {"title": None, "description": None}
    assert parameter_schema(a_template({}, parameters=[page]))["steps"] == [
        {"title": "Please enter the following information", "description": None, "schema": page}
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, {}),
        ({"formDecorators": []}, {"formDecorators": []}),
        ({"EXPERIMENTAL_formDecorators": [{"id": "a"}]}, {"formDecorators": [{"id": "a"}]}),
        ({"formDecorators": [], "EXPERIMENTAL_formDecorators": [{"id": "a"}]}, {"formDecorators": []}),
        ({"formDecorators": None, "EXPERIMENTAL_formDecorators": []}, {"formDecorators": []}),
        ({"EXPERIMENTAL_formDecorators": None}, {"formDecorators": None}),
    ],
)
def test_decorators_of_the_form(given: dict[str, Any], shown: dict[str, Any]) -> None:
    assert parameter_schema(a_template({}, **given)) == {"title": "lamp", "steps": [], **shown}


def test_a_tasks_spec_holds_its_recovery_as_it_is_written() -> None:
    def made(**spec: Any) -> dict[str, Any]:
        return task_spec(a_template({}, **spec), {}, {}, ref="template:default/lamp", url=None)

    assert "EXPERIMENTAL_recovery" not in made()
    assert made(EXPERIMENTAL_recovery=None)["EXPERIMENTAL_recovery"] is None

"""`github:actions:dispatch`. Source: spec/scaffolder.md §5.3."""

from __future__ import annotations

from typing import Any

from plugins.github.actions.action import GithubAction
from plugins.github.actions.inputs import REPO_URL, TEXTS, TOKEN
from plugins.github.actions.repository import GithubRepository
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import BOOLEAN, NUMBER, STRING, described, record
from scaffolder.interfaces import ActionContext


class GithubActionsDispatch(GithubAction):
    id = "github:actions:dispatch"
    description = "Dispatches a GitHub Action workflow for a given branch or tag."
    examples = (
        example(
            "github:actions:dispatch",
            "Run a workflow",
            repoUrl="github.com?owner=acme&repo=lamps",
            workflowId="release.yaml",
            branchOrTagName="main",
            workflowInputs={"level": "patch"},
        ),
    )
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            "workflowId": described(STRING, "The workflow's file name or number"),
            "branchOrTagName": described(STRING, "The branch or tag to run it on"),
            "workflowInputs": described(TEXTS, "The workflow's inputs"),
            "returnWorkflowRunDetails": described(BOOLEAN, "Give the run that was started. Default: false"),
            "token": TOKEN,
        },
        ["repoUrl", "workflowId", "branchOrTagName"],
    )
    output_schema = record(
        {
            "workflowRunId": described(NUMBER, "The run's number, if details were asked for"),
            "workflowRunUrl": described(STRING, "The run's URL in the API, if details were asked for"),
            "workflowRunHtmlUrl": described(STRING, "A URL to the run, if details were asked for"),
        }
    )

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        given = context.input
        details = given.get("returnWorkflowRunDetails", False)
        body: dict[str, Any] = {"ref": given["branchOrTagName"], "inputs": given.get("workflowInputs") or {}}
        if details:
            body["return_run_details"] = True

        async def dispatch() -> dict[str, Any]:
            answered = await repository.ask(
                "POST", "/actions/workflows/{workflow_id}/dispatches", body, workflow_id=given["workflowId"]
            )
            return answered or {}

        run = await context.checkpoint(f"dispatch.{repository.full_name}.{given['workflowId']}", dispatch)
        await context.log.info(f"Workflow {given['workflowId']} dispatched successfully")
        if details:
            for name, member in (
                ("workflowRunId", "workflow_run_id"),
                ("workflowRunUrl", "run_url"),
                ("workflowRunHtmlUrl", "html_url"),
            ):
                if member in run:
                    context.output(name, run[member])

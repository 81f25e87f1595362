"""Actions put together, and a quick way to run one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from scaffolder.interfaces import TemplateInfo
from scaffolder.testing.context import Context
from scaffolder.workspace import SafeFolder
from tests.scaffolder.actions.parts import Parts

Run = Callable[..., Awaitable[Context]]


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    made = Parts(tmp_path / "data", with_workspace_templates=True, git_folders=[tmp_path / "git"])
    yield made
    await made.jobs.stop()


@pytest.fixture
def workspace(tmp_path: Path) -> SafeFolder:
    (tmp_path / "workspace").mkdir()
    return SafeFolder(tmp_path / "workspace")


@pytest.fixture
def run(parts: Parts, workspace: SafeFolder, tmp_path: Path) -> Run:
    """Run an action with input by keyword; `beside` are files beside the template."""
    content = tmp_path / "template"
    content.mkdir()

    async def run(action: str, given: dict[str, Any], *, beside: dict[str, str] | None = None, **rest: Any) -> Context:
        for path, text in (beside or {}).items():
            (content / path).parent.mkdir(parents=True, exist_ok=True)
            (content / path).write_text(text)
        template = TemplateInfo("template:default/t", f"file://{content}/template.yaml", {"metadata": {"name": "t"}})
        context = Context(given, workspace, parts.jobs, **{"template": template, **rest})
        await parts.action(action).run(context)
        return context

    return run

"""The examples of actions, written as templates are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from scaffolder.interfaces import ActionExample


def example(action: str, description: str, /, **given: Any) -> ActionExample:
    """One step that runs `action` with this input."""
    step: dict[str, Any] = {"id": action.replace(":", "-"), "action": action, "name": description}
    if given:
        step["input"] = given
    return ActionExample(description, _text({"steps": [step]}))


def _text(document: Mapping[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)

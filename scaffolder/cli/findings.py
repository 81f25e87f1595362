"""What lint finds in templates: its rules, and how a place in a template is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Steps = tuple[str | int, ...]

RULES: Final = {
    "yaml": "The document is not YAML that the catalog reads.",
    "unreadable": "A file could not be read.",
    "placeholder": "A placeholder cannot be followed.",
    "template": "The entity breaks a rule of templates.",
    "form": "A page of the form is no JSON Schema.",
    "step": "Two steps have one id.",
    "action": "No action has this id.",
    "input": "The input breaks the action's schema.",
    "language": "A template expression cannot be parsed.",
    "reference": "An expression speaks of something that is not there.",
    "unreachable": "A step is never run.",
    "file": "A file or folder of the template is not there.",
    "skeleton": "A file of the skeleton cannot be rendered, or speaks of values it is not given.",
}
"""All rules, by the id that findings carry."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a template: `shown` names steps by their ids, `path` leads to it in the YAML."""

    shown: str = ""
    path: Steps = ()

    def __truediv__(self, key: str | int) -> Where:
        shown = f"[{key}]" if isinstance(key, int) else f".{key}" if self.shown else key
        return Where(self.shown + shown, (*self.path, key))

    def told(self, message: str) -> str:
        return f"{self.shown}: {message}" if self.shown else message

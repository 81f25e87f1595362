"""What lint finds, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]

RULES = {
    "yaml": "The document is not YAML that the catalog reads.",
    "envelope": "The document is no entity: apiVersion, kind or metadata are missing or malformed.",
    "policy": "The entity breaks a rule that holds for all kinds.",
    "kind": "The entity is of an unknown kind, or breaks a rule of its kind.",
    "reference": "A ref cannot be understood.",
    "collision": "Two keys of the entity differ in nothing but case, so it could not be searched.",
    "duplicate": "The same entity is described twice.",
    "not-allowed": "The configuration does not allow this kind.",
    "target": "A file that the descriptor points to is not there.",
    "unresolved": "A ref names an entity that is not among those looked at.",
    "unreadable": "A file could not be read.",
}
"""All rules, by the id that findings carry."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend. `line` and `column` count from 1. `entity` is its canonical ref, where it has one."""

    path: str
    line: int
    column: int
    rule: str
    message: str
    severity: Severity = "error"
    entity: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of a run, in the order of files and lines."""

    findings: tuple[Finding, ...]
    files: int
    entities: int
    tool: str = "callboard lint"
    rules: Mapping[str, str] = field(default_factory=lambda: RULES)
    """The rules that findings may name, with what each means."""
    counted: tuple[str, str] = ("entity", "entities")

    def count(self, severity: Severity) -> int:
        return sum(finding.severity == severity for finding in self.findings)

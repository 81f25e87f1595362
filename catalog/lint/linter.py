"""A whole run: files in, findings out. Reads nothing but the files it is given and those they point to beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import Any

from catalog.lint.documents import PlacedDocument, placed_documents
from catalog.lint.entity_rules import Checked, EntityRules
from catalog.lint.findings import Finding, Report, Severity

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """`allows` is the configuration's word on kinds, if one was given. `known` are refs that exist elsewhere."""

    allows: Callable[[Entity], bool] | None = None
    strict_refs: bool = False
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Document:
    path: str
    placed: PlacedDocument
    checked: Checked

    def finding(self, rule: str, message: str, path: Iterable[str | int], severity: Severity = "error") -> Finding:
        line, column = self.placed.place(tuple(path))
        return Finding(self.path, line, column, rule, message, severity, self.checked.ref)


class Linter:
    def __init__(self, rules: EntityRules, options: Options) -> None:
        self._rules = rules
        self._options = options
        self._documents: list[_Document] = []
        self._findings: list[Finding] = []

    def run(self, files: Iterable[Path]) -> Report:
        """Looks at all files, then at what only the whole set can tell."""
        count = 0
        for file in files:
            count += 1
            self._read(file)
        for document in self._documents:
            self._findings.extend(self._about(document))
        self._findings.extend(self._duplicates())
        if self._options.strict_refs:
            self._findings.extend(self._unresolved())
        return Report(tuple(sorted(set(self._findings), key=_order)), count, len(self._documents))

    def _read(self, file: Path) -> None:
        for document in placed_documents(file):
            if isinstance(document, Finding):
                self._findings.append(document)
            else:
                self._documents.append(_Document(str(file), document, self._rules.check(document.value, file)))

    def _about(self, document: _Document) -> Iterator[Finding]:
        checked = document.checked
        for problem in checked.problems:
            yield document.finding(problem.rule, problem.message, problem.path)
        if checked.ref is None:
            return
        if self._options.allows is not None and not self._options.allows(checked.entity):
            yield document.finding("not-allowed", f"{checked.ref} is not of a kind that catalog.rules allow", ("kind",))
        for placeholder in checked.placeholders:
            if placeholder.missing:
                message = f"Placeholder ${placeholder.key} points to {placeholder.value}, which is not there"
                yield document.finding("target", message, placeholder.path)
        yield from _missing_targets(document)

    def _duplicates(self) -> Iterator[Finding]:
        """In one file the last description of an entity wins, between files whichever was there first."""
        first: dict[str, _Document] = {}
        for document in self._documents:
            ref = document.checked.ref
            if ref is None:
                continue
            other = first.setdefault(ref, document)
            if other is not document:
                line, _ = other.placed.place(())
                yield document.finding(
                    "duplicate", f"{ref} is described before, at {other.path}:{line}", ("metadata", "name")
                )

    def _unresolved(self) -> Iterator[Finding]:
        known = {document.checked.ref for document in self._documents} | self._options.known
        for document in self._documents:
            for use in document.checked.uses:
                if use.target not in known:
                    yield document.finding("unresolved", f"There is no {use.target} here", use.path, "warning")


def _missing_targets(document: _Document) -> Iterator[Finding]:
    """Relative targets of a Location that match no file. Absolute ones and URLs are not followed."""
    entity = document.checked.entity
    spec = entity.get("spec")
    if entity.get("kind") != "Location" or not isinstance(spec, dict) or spec.get("presence") == "optional":
        return
    targets: list[tuple[tuple[str | int, ...], Any]] = [(("spec", "target"), spec.get("target"))]
    if isinstance(spec.get("targets"), list):
        targets += [(("spec", "targets", index), target) for index, target in enumerate(spec["targets"])]
    folder = Path(document.path).parent
    for path, target in targets:
        if isinstance(target, str) and target.startswith(("./", "../")) and not _matches(folder, target):
            yield document.finding("target", f"{target} matches no file", path, "warning")


def _matches(folder: Path, target: str) -> bool:
    """Whether a relative target names files. A directory is none; URLs' queries and strange globs are let pass."""
    if "?" in target:
        return True
    if not has_magic(target):
        return (folder / target).is_file()
    try:
        return any(file.is_file() for file in folder.glob(target))
    except ValueError:
        return True


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.path, finding.line, finding.column, finding.rule, finding.message

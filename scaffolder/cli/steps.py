"""What is wrong with a template, as far as can be told without running it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.errors import InputError
from catalog.lint.findings import Finding, Severity
from scaffolder.cli.findings import Where
from scaffolder.cli.skeletons import Skeletons
from scaffolder.cli.source import Source, is_absolute
from scaffolder.interfaces import Action
from scaffolder.language import Language, LanguageError
from scaffolder.language.analysis import references
from scaffolder.language.suggestions import closest
from scaffolder.service.dry_run import check_template
from scaffolder.service.templates import numbered, pages_of
from scaffolder.service.validation import validate
from scaffolder.template.kind import API_VERSION

Json = Any
_ROOTS: Final = frozenset({"parameters", "steps", "user", "context", "environment", "secrets", "undefined"})
"""What is there, and the one name by which people mean that nothing is."""
_FROM_FILES: Final = frozenset({"fetch:plain:file", "fetch:template:file"})
_FROM_FOLDERS: Final = frozenset({"fetch:plain", "fetch:template", "fetch:cookiecutter"})
_JAVASCRIPT: Final = (
    (re.compile(r"\|\|"), "write `or` for ||"),
    (re.compile(r"&&"), "write `and` for &&"),
    (re.compile(r"\?\?"), "write `a if a else b` for a ?? b"),
    (re.compile(r"\?\."), "write a plain dot: what is missing is undefined at any depth"),
    (re.compile(r"\?.*:"), "write `b if a else c` for a ? b : c"),
    (re.compile(r"!(?!=)"), "write `not` for !"),
)
"""What people write who take the language for JavaScript."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a template at some place may speak of. `parameters` None: the form says nothing."""

    parameters: frozenset[str] | None
    steps: Mapping[str, Action | None]
    each: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    severity: Severity
    rule: str
    where: Where
    message: str


def _error(rule: str, where: Where, message: str) -> Problem:
    return Problem("error", rule, where, message)


class TemplateLinter:
    """Checks templates against the actions and the language of this deployment."""

    def __init__(self, actions: Mapping[str, Action], language: Language) -> None:
        self._actions, self._language = actions, language
        host = language.host
        self._globals = frozenset(host.functions) | frozenset(host.values)
        self._skeletons = Skeletons(host)

    def findings(self, source: Source) -> list[Finding]:
        """All that is wrong, with its place in the file; what is wrong with a skeleton, in the skeleton's file."""
        found = [
            Finding(
                str(source.path),
                *source.document.place(one.where.path),
                one.rule,
                one.where.told(one.message),
                one.severity,
            )
            for one in self.problems(source)
        ]
        if any(one.rule == "template" for one in found):
            return found
        return [*found, *self._skeletons.findings(source)]

    def problems(self, source: Source) -> list[Problem]:
        version = source.entity.get("apiVersion")
        if version != API_VERSION:
            message = f"A template of {version} cannot be run: it must be of {API_VERSION}"
            return [_error("template", Where("apiVersion", ("apiVersion",)), message)]
        try:
            check_template(source.entity)
        except InputError as error:
            return [_error("template", _placed(error.message), error.message)]
        return [*self._of_form(source), *self._of_steps(source)]

    def _of_form(self, source: Source) -> Iterator[Problem]:
        for index, page in enumerate(pages_of(source.entity)):
            try:
                validate(page, {})
            except InputError as error:
                where = Where(f"parameters[{index}]", source.place("parameters", index))
                yield _error("form", where, error.message)

    def _of_steps(self, source: Source) -> Iterator[Problem]:
        template = source.entity
        pages = pages_of(template)
        parameters = frozenset(_properties(pages)) if pages else None
        done: dict[str, Action | None] = {}
        for index, step in enumerate(numbered(template["spec"]["steps"])):
            where = Where(f"steps.{step['id']}", source.place("steps", index))
            action = self._actions.get(step["action"])
            if step["id"] in done:
                yield _error("step", where / "id", f"There is a step {step['id']} before this one")
            if action is None:
                message = f"There is no action {step['action']}{_hint(step['action'], self._actions)}"
                yield _error("action", where / "action", message)
            known = Known(parameters, dict(done), "each" in step)
            yield from self._of_condition(step, where)
            for key in ("if", "each", "input"):
                yield from self._of_texts(step.get(key), where / key, known)
            if action is not None:
                yield from _of_input(step, action, where / "input")
            yield from _of_files(step, source, where / "input" / "url")
            done[step["id"]] = action
        known = Known(parameters, done)
        yield from self._of_texts(template["spec"].get("output"), Where("output", ("spec", "output")), known)

    def _of_condition(self, step: Mapping[str, Json], where: Where) -> Iterator[Problem]:
        condition, place = step.get("if"), Where(where.shown, (*where.path, "if"))
        if condition is False:
            yield Problem("warning", "unreachable", place, "The step is never run: its if is false")
        elif isinstance(condition, str) and not self._speaks_of_anything(condition):
            try:
                value = self._language.compile(condition).value({})
            except LanguageError:
                return
            if not value:
                yield Problem("warning", "unreachable", place, "The step is never run: its if is always false")

    def _speaks_of_anything(self, text: str) -> bool:
        try:
            return any(one.kind == "variable" for one in references(self._language.compile(text)))
        except LanguageError:
            return True

    def _of_texts(self, tree: Json, where: Where, known: Known) -> Iterator[Problem]:
        if isinstance(tree, Mapping):
            for key, value in tree.items():
                yield from self._of_texts(value, where / key, known)
        elif isinstance(tree, list):
            for index, value in enumerate(tree):
                yield from self._of_texts(value, where / index, known)
        elif isinstance(tree, str):
            yield from self.of_text(tree, where, known)

    def of_text(self, text: str, where: Where, known: Known) -> Iterator[Problem]:
        """What is wrong with one template text."""
        if self._language.is_plain(text):
            return
        try:
            compiled = self._language.compile(text)
        except LanguageError as error:
            yield _error("language", where, f"{error}{_translation(text, error)}")
            return
        for detail, line, column in compiled.doomed:
            yield _error("language", where, f"{detail} (line {line}, column {column})")
        found = references(compiled)
        for one in found:
            if one.kind == "variable" and (message := self._unknown(one.path, known)):
                yield _error("reference", where, f"{message} (line {one.line}, column {one.column})")

    def _unknown(self, path: Sequence[str], known: Known) -> str | None:
        root, rest = path[0], path[1:]
        if root == "each":
            return None if known.each else "each is there only in steps with an each"
        if root not in _ROOTS:
            return None if root in self._globals else f"{root} is not defined{_hint(root, _ROOTS | self._globals)}"
        if root == "parameters" and rest and known.parameters is not None and rest[0] not in known.parameters:
            return f"The form has no parameter {rest[0]}{_hint(rest[0], known.parameters)}"
        if root == "steps" and rest:
            if rest[0] not in known.steps:
                return f"There is no step {rest[0]} before this one{_hint(rest[0], known.steps)}"
            return _unknown_output(rest, known.steps[rest[0]])
        return None


def _hint(name: str, candidates: Iterable[str]) -> str:
    meant = closest(name, candidates, most=2)
    return f"; did you mean {meant}?" if meant else ""


def _translation(text: str, error: LanguageError) -> str:
    lines = text.split("\n")
    line = lines[(error.line or 1) - 1] if (error.line or 1) <= len(lines) else ""
    around = line[max(0, (error.column or 1) - 2) :].partition("}}")[0]
    for pattern, advice in _JAVASCRIPT:
        if pattern.match(around) or pattern.match(around[1:]):
            return f": {advice}"
    return ""


def _placed(message: str) -> Where:
    """Where a schema's message says that it is: `/spec/steps/0 must have …`."""
    pointer = message.partition(" ")[0]
    if not pointer.startswith("/"):
        return Where()
    return Where("", tuple(int(part) if part.isdigit() else part for part in pointer[1:].split("/")))


def _unknown_output(rest: Sequence[str], action: Action | None) -> str | None:
    schema = action.output_schema if action is not None else None
    if len(rest) < 3 or rest[1] != "output" or schema is None or not isinstance(schema.get("properties"), Mapping):
        return None
    known = schema["properties"]
    return None if rest[2] in known else f"Step {rest[0]} has no output {rest[2]}{_hint(rest[2], known)}"


def _properties(tree: Json) -> Iterator[str]:
    """The names of all properties that a form may ever show."""
    if isinstance(tree, Mapping):
        properties = tree.get("properties")
        if isinstance(properties, Mapping):
            yield from properties
        for value in tree.values():
            yield from _properties(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _properties(value)


def _of_input(step: Mapping[str, Json], action: Action, where: Where) -> Iterator[Problem]:
    """The input against the action's schema; what is still a template may become anything."""
    if action.input_schema is None:
        return
    given = step.get("input") or {}
    for problem in validate(action.input_schema, given):
        structural = problem.name in ("required", "additionalProperties")
        if structural or not _is_template(problem.instance):
            place = Where(where.shown, (*where.path, *problem.path))
            if problem.name == "additionalProperties" and isinstance(problem.argument, str):
                place = place / problem.argument
            yield _error("input", Where(where.shown, place.path), problem.stack)


def _is_template(value: Json) -> bool:
    if isinstance(value, str):
        return "${{" in value or "{%" in value
    parts: Iterable[Json] = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(_is_template(part) for part in parts)


def _of_files(step: Mapping[str, Json], source: Source, where: Where) -> Iterator[Problem]:
    given = step.get("input")
    url = given.get("url") if isinstance(given, Mapping) else None
    if not isinstance(url, str) or _is_template(url) or is_absolute(url):
        return
    if step["action"] not in _FROM_FOLDERS | _FROM_FILES:
        return
    target = (source.folder / url).resolve()
    if not target.is_relative_to(source.root.resolve()):
        yield _error("file", where, f"{url} leads out of the template's repository")
    elif step["action"] in _FROM_FOLDERS and not target.is_dir():
        yield _error("file", where, f"There is no folder {url}")
    elif step["action"] in _FROM_FILES and not target.is_file():
        yield _error("file", where, f"There is no file {url}")
    elif not target.is_relative_to(source.folder.resolve()):
        message = f"{url} leads out of the template's folder: it is found in a repository, not from a file location"
        yield Problem("warning", "file", where, message)

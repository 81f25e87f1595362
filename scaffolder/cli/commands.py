"""The commands `callboard template lint|render|run|test`: offline, with the server's own code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import orjson
import typer

from app.errors import CallboardError, InputError, describe
from app.interfaces import NOBODY, Principal
from catalog.lint.findings import Report
from catalog.lint.output import FORMATS, as_text
from scaffolder.actions.yaml_read import yaml_documents
from scaffolder.cli.findings import RULES
from scaffolder.cli.snapshots import VALUES, cases, differences, update, write
from scaffolder.cli.source import Source, read_templates, templates
from scaffolder.cli.steps import TemplateLinter
from scaffolder.language.analysis import Reference, references
from scaffolder.runtime import Runtime
from scaffolder.service.dry_run import DryRun, DryRunResult, DryRuns
from scaffolder.service.values import InvalidValuesError
from scaffolder.workflow import workflow_language

EXIT_FOUND: Final = 1
EXIT_USAGE: Final = 2
TOOL: Final = "callboard template lint"
SERVER: Final = Principal("service", "plugin:scaffolder")
USER: Final = "user:default/guest"

Paths = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Templates, or folders that hold them.")]
ValuesFile = Annotated[Path | None, typer.Option("--values", metavar="FILE", help="A YAML file of values.")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A value, in YAML.")]


class Format(StrEnum):
    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


def template_commands(runtime: Runtime) -> typer.Typer:
    """The group `template`, with the actions and filters of all plugins."""
    commands = typer.Typer(help="Check, try out and test software templates, offline.", no_args_is_help=True)

    @commands.command()
    def lint(
        paths: Paths,
        output: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.text,
        warnings_as_errors: Annotated[
            bool, typer.Option("--warnings-as-errors", help="Fail for warnings, too.")
        ] = False,
    ) -> None:
        """Check templates: forms, actions, inputs, variables, steps that never run, skeletons, files that are missing.

        Ends with 0 when nothing is wrong, 1 when there are errors, 2 when a path is not usable.
        """
        extensions = runtime.extensions
        language = workflow_language(extensions.filters.values(), extensions.globals.values())
        actions = {**asyncio.run(runtime.bridge.actions(SERVER)), **extensions.actions}
        linter = TemplateLinter(actions, language)
        try:
            sources, findings = read_templates(paths)
        except InputError as error:
            _fail(error)
        for source in sources:
            findings += linter.findings(source)
        counts = len({one.path for one in sources} | {Path(one.path) for one in findings}), len(sources)
        report = Report(tuple(sorted(set(findings))), *counts, TOOL, RULES, ("template", "templates"))
        typer.echo(as_text(report, _style) if output is Format.text else FORMATS[output](report))
        if report.count("error") or (warnings_as_errors and report.findings):
            raise typer.Exit(EXIT_FOUND)

    @commands.command()
    def render(
        file: Annotated[Path, typer.Argument(help="A file of templated text, - for standard input.")],
        values: ValuesFile = None,
        settings: Settings = None,
    ) -> None:
        """Print what one file of a skeleton becomes: the values are there as `values` and as `parameters`."""
        extensions = runtime.extensions
        language = workflow_language(extensions.filters.values(), extensions.globals.values())
        try:
            given = _values(values, settings)
            text = sys.stdin.read() if str(file) == "-" else file.read_text()
            compiled = language.compile(text)
            for one in references(compiled):
                if _is_missing(one, given):
                    place = f"(line {one.line}, column {one.column})"
                    typer.echo(f"warning: {'.'.join(one.path[:2])} is not given {place}", err=True)
            typer.echo(compiled.render({"values": given, "parameters": given}), nl=False)
        except (CallboardError, OSError, UnicodeDecodeError) as error:
            _fail(error)

    @commands.command()
    def run(
        path: Annotated[Path, typer.Argument(help="A template.")],
        output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write to.")],
        values: ValuesFile = None,
        settings: Settings = None,
    ) -> None:
        """Run a template as a dry run with given values into a folder, and print its log and output.

        Ends with 0 when it ran to its end, 1 when a step failed, 2 when the template or the values cannot be used.
        """
        (source, *others) = _templates([path])
        if others:
            _fail(InputError(f"{path} holds {len(others) + 1} templates: name the file of one"))
        try:
            result = _dry_run(runtime, source, _values(values, settings))
        except InvalidValuesError as error:
            _fail(InputError(f"the form refuses the values: {error}; give them by --set KEY=VALUE or --values FILE"))
        except CallboardError as error:
            _fail(error)
        for line in result.log:
            typer.echo(f"{line.get('stepId', '-')}: {line['message']}")
        for problem in result.outcome.problems:
            typer.echo(f"warning: {problem.where} is left as it is: {problem.message}", err=True)
        if result.outcome.error is not None:
            typer.echo(f"callboard template: {describe(result.outcome.error)}", err=True)
            raise typer.Exit(EXIT_FOUND)
        write(output, result.files)
        typer.echo(orjson.dumps(result.outcome.output, option=orjson.OPT_INDENT_2).decode())

    @commands.command()
    def test(
        paths: Paths,
        accept: Annotated[bool, typer.Option("--update", help="Make what comes out the expectation.")] = False,
    ) -> None:
        """Run the cases in the `tests` folder beside each template, and compare the trees they make."""
        found = [case for source in _templates(paths) for case in cases(source)]
        if not found:
            _fail(InputError("there are no test cases"))
        failed = 0
        for case in found:
            result, error = None, None
            try:
                result = _dry_run(runtime, case.source, _values(case.folder / VALUES, None))
                error = describe(result.outcome.error) if result.outcome.error is not None else None
            except CallboardError as caught:
                error = describe(caught)
            files = result.files if result is not None else ()
            if accept:
                update(case, files, error)
            wrong = differences(case, files, error)
            failed += bool(wrong)
            typer.echo(f"{'FAILED' if wrong else 'ok'} {case.name}")
            for line in wrong:
                typer.echo(line)
        typer.echo(f"{len(found) - failed} of {len(found)} passed")
        if failed:
            raise typer.Exit(EXIT_FOUND)

    return commands


def _is_missing(one: Reference, given: Mapping[str, Any]) -> bool:
    in_values = one.kind == "variable" and one.path[0] in ("values", "parameters")
    return in_values and len(one.path) > 1 and one.path[1] not in given


def _templates(paths: Sequence[Path]) -> list[Source]:
    try:
        return templates(paths)
    except InputError as error:
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    typer.echo(f"callboard template: {error}", err=True)
    raise typer.Exit(EXIT_USAGE) from None


def _style(text: str, colour: str) -> str:
    if not sys.stdout.isatty():
        return text
    return typer.style(text, bold=True) if colour == "bold" else typer.style(text, fg=colour)


def _documents(file: Path) -> list[Any]:
    try:
        return yaml_documents(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise InputError(f"{file}: {error}") from error


def _values(file: Path | None, settings: Sequence[str] | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if file is not None:
        (first, *_) = _documents(file) or [{}]
        if not isinstance(first, dict):
            raise InputError(f"{file} does not hold an object")
        values |= first
    for setting in settings or ():
        key, equals, text = setting.partition("=")
        if not equals:
            raise InputError(f"{setting} is not of the form KEY=VALUE")
        (values[key],) = yaml_documents(text) or [None]
    return values


def _dry_run(runtime: Runtime, source: Source, values: dict[str, Any]) -> DryRunResult:
    """Raises CallboardError: there is no template, or the form refuses the values."""

    async def work() -> DryRunResult:
        asked = DryRun(
            source.entity,
            values,
            {},
            source.files(),
            {"ref": USER},
            NOBODY,
            lambda _action, _input: True,
            source.name_below_base,
            runs_local=True,
        )
        try:
            return await DryRuns(lambda: runtime.engine).tried(asked)
        finally:
            await runtime.confined.stop()

    return asyncio.run(work())

"""The commands `callboard lint` and `callboard schema`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from app.errors import CallboardError
from app.interfaces import Config
from catalog.ingestion.rules import parse_rules
from catalog.interfaces import CatalogExtensions, Entity, LocationSpec
from catalog.lint.editor_schema import editor_schema
from catalog.lint.entity_rules import EntityRules
from catalog.lint.linter import Linter, Options
from catalog.lint.output import FORMATS, as_text
from catalog.lint.sources import NoSuchPathError, descriptors
from catalog.model.locations import parse_location_ref

EXIT_FOUND = 1
EXIT_USAGE = 2


class Format(StrEnum):
    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


def lint_commands(extensions: CatalogExtensions, config: Config | None = None) -> typer.Typer:
    """`lint` and `schema`, with the kinds of all plugins, and the rules of a configuration if there is one."""
    commands = typer.Typer()

    @commands.command()
    def lint(
        paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, directories or globs.")],
        output: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.text,
        strict_refs: Annotated[
            bool, typer.Option("--strict-refs", help="Warn of refs to entities that are not among those looked at.")
        ] = False,
        known: Annotated[
            list[str] | None, typer.Option("--known", metavar="REF", help="An entity that exists elsewhere.")
        ] = None,
        rules: Annotated[
            bool, typer.Option("--rules/--no-rules", help="Apply catalog.rules of the configuration.")
        ] = True,
        origin: Annotated[
            str | None,
            typer.Option(metavar="TYPE:TARGET", help="Where the files will be registered from, for rules of places."),
        ] = None,
        warnings_as_errors: Annotated[
            bool, typer.Option("--warnings-as-errors", help="Fail for warnings, too.")
        ] = False,
    ) -> None:
        """Check descriptors by the server's own rules, offline.

        Ends with 0 when nothing is wrong, 1 when there are errors, 2 when a path, option or the configuration is not
        usable.
        """
        try:
            files = descriptors(paths)
            allows = _allows(config, origin) if rules and config is not None else None
        except (NoSuchPathError, CallboardError) as error:
            typer.echo(f"callboard lint: {error}", err=True)
            raise typer.Exit(EXIT_USAGE) from None
        options = Options(allows, strict_refs, frozenset(ref.lower() for ref in known or ()))
        report = Linter(EntityRules(extensions.kinds, _recognizer(extensions)), options).run(files)
        typer.echo(as_text(report, _style) if output is Format.text else FORMATS[output](report))
        if report.count("error") or (warnings_as_errors and report.findings):
            raise typer.Exit(EXIT_FOUND)

    @commands.command()
    def schema(
        kind: Annotated[list[str] | None, typer.Option(help="Only this kind; may be repeated.")] = None,
        output: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    ) -> None:
        """Print a JSON Schema of all kinds, for editors."""
        wanted = {name.lower() for name in kind or ()}
        kinds = [one for one in extensions.kinds if not wanted or one.name.lower() in wanted]
        missing = wanted - {one.name.lower() for one in kinds}
        if missing:
            typer.echo(f"callboard schema: there is no kind {', '.join(sorted(missing))}", err=True)
            raise typer.Exit(EXIT_USAGE)
        written = orjson.dumps(editor_schema(kinds), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        if output is None:
            typer.echo(written.decode(), nl=False)
        else:
            output.write_bytes(written)

    return commands


def _recognizer(extensions: CatalogExtensions) -> Callable[[Entity], bool]:
    """Asks the processors of plugins about kinds that are not known as data."""

    async def ask(entity: Entity) -> bool:
        answers = [await processor.validate_entity_kind(entity) for processor in extensions.processors]
        return any(answers)

    return lambda entity: asyncio.run(ask(entity))


def _allows(config: Config, origin: str | None) -> Callable[[Entity], bool] | None:
    """Without an origin, a rule that is for some places counts as one for all: nothing is refused that may be right."""
    rules: Any = config.get("catalog.rules")
    if rules is None:
        return None
    if origin is None and isinstance(rules, list):
        rules = [
            {key: value for key, value in rule.items() if key != "locations"} if isinstance(rule, dict) else rule
            for rule in rules
        ]
    place = LocationSpec(*parse_location_ref(origin)) if origin else LocationSpec("file", "")
    parsed = parse_rules(rules, _own_rules(config, everywhere=origin is None, place=place))
    return lambda entity: parsed.is_allowed(entity, place)


def _own_rules(config: Config, *, everywhere: bool, place: LocationSpec) -> list[tuple[LocationSpec, list[Any]]]:
    """The rules that configured locations have of their own."""
    found = []
    for location in config.get("catalog.locations") or []:
        if isinstance(location, dict) and location.get("rules"):
            spec = LocationSpec(str(location.get("type")), str(location.get("target")))
            found.append((place if everywhere else spec, list(location["rules"])))
    return found


def _style(text: str, colour: str) -> str:
    if not sys.stdout.isatty():
        return text
    return typer.style(text, bold=True) if colour == "bold" else typer.style(text, fg=colour)

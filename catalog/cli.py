"""`callboard explain`, `query`, `catalog export|import`, `providers held|release|discard`."""

from __future__ import annotations

import os.path
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer
import yaml

from app.errors import CallboardError, InputError, describe
from app.interfaces import PluginHost, Principal
from catalog.graph.explanation import as_text
from catalog.ingestion.connection import Connection
from catalog.ingestion.exchange import IMPORT_PREFIX, exported, imported
from catalog.ingestion.parsing import parse_entities
from catalog.interfaces import CatalogControl, EntitiesCatalog, Entity, FullMutation, MutationResult, Query
from catalog.model.refs import parse_ref
from catalog.query.filters import parse_filters

T = TypeVar("T")
Connect = Callable[[str], Connection]
OPERATOR = Principal("service", "operator")
BATCH = 500


class Format(StrEnum):
    json = "json"
    yaml = "yaml"
    refs = "refs"


def catalog_commands(host: PluginHost, connect: Connect) -> typer.Typer:
    """The catalog's commands. `connect` opens a provider's way in."""
    commands = typer.Typer()
    commands.add_typer(_asking(host))
    commands.add_typer(_exchange(host, connect), name="catalog")
    commands.add_typer(_providers(host), name="providers")
    return commands


def _run(host: PluginHost, work: Callable[[], Awaitable[T]]) -> T:
    try:
        return host.run(work)
    except CallboardError as error:
        typer.echo(describe(error), err=True)
        raise typer.Exit(1) from error


def _asking(host: PluginHost) -> typer.Typer:
    commands = typer.Typer()

    @commands.command()
    def explain(
        subject: Annotated[str, typer.Argument(metavar="REF|URL", help="An entity ref, or the URL of a descriptor.")],
        json: Annotated[bool, typer.Option("--json", help="Everything that is known, as JSON.")] = False,
    ) -> None:
        """Say where an entity came from and what happened to it, or why it is not there."""
        story = _run(host, lambda: _story(host.service(CatalogControl), subject))
        typer.echo(_json(story) if json else as_text(story))

    @commands.command()
    def query(
        filters: Annotated[
            list[str] | None,
            typer.Argument(metavar="FILTER...", help="kind=component,spec.owner=team-a; several are or-ed."),
        ] = None,
        output: Annotated[Format, typer.Option("--format", help="How entities are written.")] = Format.refs,
        limit: Annotated[int, typer.Option(min=1, help="So many at most.")] = 1000,
    ) -> None:
        """List entities of the catalog."""
        found = _run(host, lambda: _entities(host.service(EntitiesCatalog), parse_filters(filters), limit))
        _write(found, output)

    return commands


def _exchange(host: PluginHost, connect: Connect) -> typer.Typer:
    commands = typer.Typer(help="Take entities out of the catalog, or put them in.", no_args_is_help=True)

    @commands.command("export")
    def export(
        filters: Annotated[list[str] | None, typer.Argument(metavar="FILTER...", help="Which; all if absent.")] = None,
        output: Annotated[Format, typer.Option("--format", help="How entities are written.")] = Format.yaml,
    ) -> None:
        """Write entities as their sources had them, one document each."""
        found = _run(host, lambda: _entities(host.service(EntitiesCatalog), parse_filters(filters), None))
        _write([exported(entity) for entity in found], output)

    @commands.command("import")
    def import_(
        file: Annotated[
            Path, typer.Argument(help="YAML or JSON documents, as export writes them; `-` for standard input.")
        ],
        name: Annotated[
            str, typer.Option(help="What is imported under one name replaces what was under it.")
        ] = "default",
    ) -> None:
        """Put the entities of a file in; a server that is running processes them."""
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        result = _run(host, lambda: _import(connect, content, str(file), name))
        typer.echo(f"{result.added} added, {result.updated} updated, {result.removed} removed")
        if result.held is not None:
            typer.echo(f"held back as {result.held}: it would remove too much", err=True)
            raise typer.Exit(1)

    return commands


def _providers(host: PluginHost) -> typer.Typer:
    commands = typer.Typer(help="Answers of providers that were held back.", no_args_is_help=True)

    @commands.command()
    def held(json: Annotated[bool, typer.Option("--json")] = False) -> None:
        """List mutations that would have removed too much and wait for a word."""
        found = _run(host, lambda: host.service(CatalogControl).held_mutations())
        if json:
            typer.echo(_json(found))
            return
        for one in found:
            typer.echo(f"{one['id']}  {one['at']}  {one['provider']}: removes {one['wouldRemove']} of {one['owned']}")

    @commands.command()
    def release(mutation: Annotated[str, typer.Argument(metavar="ID")]) -> None:
        """Apply a held mutation after all."""
        result = _run(host, lambda: host.service(CatalogControl).release_mutation(mutation, actor=OPERATOR))
        typer.echo(f"{result.added} added, {result.updated} updated, {result.removed} removed")

    @commands.command()
    def discard(mutation: Annotated[str, typer.Argument(metavar="ID")]) -> None:
        """Throw a held mutation away."""
        _run(host, lambda: host.service(CatalogControl).discard_mutation(mutation, actor=OPERATOR))

    return commands


async def _story(control: CatalogControl, subject: str) -> dict[str, Any]:
    if "://" in subject or subject.startswith("/"):
        return await control.explain(url=subject)
    return await control.explain(ref=str(parse_ref(subject, default_kind="component")))


async def _entities(catalog: EntitiesCatalog, query: Query | None, limit: int | None) -> list[Entity]:
    found: list[Entity] = []
    if limit is not None:
        documents, _ = await catalog.listing(query, (), limit=limit)
        return [orjson.loads(document) for document in documents]
    async for batch in catalog.everything(query, None):
        found.extend(orjson.loads(document) for document in batch)
    return found


async def _import(connect: Connect, content: bytes, file: str, name: str) -> MutationResult:
    where = f"file:{os.path.abspath(file)}" if file != "-" else f"import:{name}"  # noqa: PTH100, ASYNC240
    entities: list[Entity] = []
    for document in parse_entities(content, where):
        if isinstance(document, Exception):
            raise InputError("The file cannot be imported", cause=document)
        entities.append(document)
    provider = IMPORT_PREFIX + name
    try:
        deferred = list(imported(entities, provider, where))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError("The file cannot be imported: not every document is an entity") from error
    return await connect(provider).apply_mutation(FullMutation(deferred), cause={"file": file})


def _write(entities: list[Entity], output: Format) -> None:
    for entity in entities:
        if output is Format.refs:
            metadata = entity["metadata"]
            typer.echo(f"{entity['kind']}:{metadata.get('namespace', 'default')}/{metadata['name']}".lower())
        elif output is Format.json:
            typer.echo(orjson.dumps(entity).decode())
        else:
            typer.echo(
                "---\n" + yaml.dump(entity, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True), nl=False
            )


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()

"""`callboard search reindex|status`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from app.errors import CallboardError, InputError, describe
from app.interfaces import PluginHost, SearchCollator
from plugins.search.indexer import Indexer
from plugins.search.store import SearchStore


def search_commands(
    host: PluginHost, store: SearchStore, indexer: Indexer, collators: Mapping[str, SearchCollator]
) -> typer.Typer:
    commands = typer.Typer(help="The search index.", no_args_is_help=True)

    @commands.command()
    def reindex(
        types: Annotated[list[str] | None, typer.Argument(metavar="TYPE...", help="Which; all if absent.")] = None,
    ) -> None:
        """Collate all documents anew, here or in the server that is running. Searches go on meanwhile."""
        _run(host, lambda: reindex_types(store, indexer, collators, types or list(collators)))

    @commands.command()
    def status() -> None:
        """How many documents of each type are found, and when all were collated."""
        _run(host, lambda: status_of(store, collators))

    return commands


def _run(host: PluginHost, work: object) -> None:
    try:
        host.run(work)  # type: ignore[arg-type]
    except CallboardError as error:
        typer.echo(describe(error), err=True)
        raise typer.Exit(1) from error


async def reindex_types(
    store: SearchStore, indexer: Indexer, collators: Mapping[str, SearchCollator], types: Sequence[str]
) -> None:
    unknown = [one for one in types if one not in collators]
    if unknown:
        raise InputError(f"Nobody collates documents of type '{unknown[0]}'; there are: {', '.join(collators)}")
    await store.request(types)
    here = asyncio.create_task(indexer.collate_requested())
    try:
        for one in types:
            waiting = asyncio.create_task(store.done(one))
            await asyncio.wait((here, waiting), return_when=asyncio.FIRST_COMPLETED)
            if here.done():
                here.result()
            await waiting
            typer.echo(f"{one}: {(await store.counts()).get(one, 0)} documents")
    finally:
        here.cancel()
        await asyncio.gather(here, return_exceptions=True)


async def status_of(store: SearchStore, collators: Mapping[str, SearchCollator]) -> None:
    counts = await store.counts()
    for one in collators:
        state = await store.collated(one)
        when = (
            "never" if state is None or state.collated_at is None else state.collated_at.isoformat(timespec="seconds")
        )
        waiting = ", to be collated anew" if state is not None and state.requested else ""
        position = f", at {state.position}" if state is not None and state.position is not None else ""
        typer.echo(f"{one}: {counts.get(one, 0)} documents, all collated {when}{position}{waiting}")

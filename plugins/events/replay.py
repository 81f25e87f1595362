"""`callboard events replay`: deliveries from files, as if they had come just now.

For whoever wants to know what a webhook does, or has to make up for one that was lost. A file holds a body, or a record
of GitHub's delivery log (`GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}`), which has the headers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from app.errors import CallboardError, InputError, describe
from app.interfaces import Clock, PluginHost
from plugins.events.body import MAX_BYTES, parse_body
from plugins.events.ingress import kept_headers
from plugins.events.sources import Source
from plugins.events.store import DeliveryStore

_EVENT_HEADER: Final = {
    "github": "x-github-event",
    "gitea": "x-gitea-event",
    "bitbucketCloud": "x-event-key",
    "bitbucketServer": "x-event-key",
}
Json = Any


@dataclass(frozen=True, slots=True)
class Recorded:
    headers: Mapping[str, str]
    text: str
    value: Json


def recorded(content: bytes, topic: str, event: str | None) -> Recorded:
    """What a file holds. Raises InputError."""
    if len(content) > MAX_BYTES:
        raise InputError(f"More than {MAX_BYTES} bytes are no delivery")
    text, value = parse_body(content, "utf-8")
    headers: dict[str, str] = {}
    request = value.get("request") if isinstance(value, dict) else None
    if isinstance(request, dict) and isinstance(request.get("payload"), dict) and "event" in value:
        headers = {str(key).lower(): str(one) for key, one in (request.get("headers") or {}).items()}
        headers.setdefault("x-github-event", str(value["event"]))
        value = request["payload"]
        text = orjson.dumps(value).decode()
    if event is not None:
        if topic not in _EVENT_HEADER:
            raise InputError(f"Deliveries of '{topic}' say in their body which event they are: leave --event out")
        headers[_EVENT_HEADER[topic]] = event
    return Recorded(kept_headers(headers), text, value)


def meaning(source: Source, delivery: Recorded) -> list[str]:
    """The events a delivery is published as, and what it says in neutral terms. Raises InputError."""
    subtopic = source.subtopic(delivery.headers, delivery.value)
    if subtopic is None:
        return [source.topic]
    try:
        happened = source.translate(subtopic, delivery.value, delivery.headers)
    except Exception as error:
        raise InputError(f"A delivery of '{source.topic}.{subtopic}' looks different: {error!r}") from error
    told = [f"{type(one).__name__} {orjson.dumps(asdict(one)).decode()}" for one in happened]
    return [source.topic, f"{source.topic}.{subtopic}", *told]


async def replay(store: DeliveryStore, topic: str, deliveries: Sequence[Recorded], clock: Clock) -> None:
    """Put deliveries in line, in this order. They have no id: the same one may be replayed again and again."""
    for one in deliveries:
        await store.remember(topic, None, one.headers, one.text, clock.now())


def event_commands(host: PluginHost, store: DeliveryStore, sources: Mapping[str, Source]) -> typer.Typer:
    commands = typer.Typer(help="Webhooks and their deliveries.", no_args_is_help=True)

    @commands.callback()
    def group() -> None:
        """Webhooks and their deliveries."""

    @commands.command("replay")
    def replayed(
        files: Annotated[
            list[Path], typer.Argument(help="JSON: a body each, or a record of GitHub's delivery log.", exists=True)
        ],
        topic: Annotated[str, typer.Option(help="Whose deliveries they are.")] = "github",
        event: Annotated[str | None, typer.Option(help="push, repository, …, where a header would say it.")] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what they mean.")] = False,
    ) -> None:
        """Take deliveries from files as if they had come just now. A server that runs works them at once, or the next
        one that starts."""
        try:
            source = sources.get(topic) or Source(topic)
            given = [recorded(file.read_bytes(), topic, event) for file in files]
            for file, one in zip(files, given, strict=True):
                typer.echo(f"{file}: {'; '.join(meaning(source, one))}")
            if not dry_run:
                host.run(lambda: replay(store, topic, given, host.clock))
        except CallboardError as error:
            typer.echo(describe(error), err=True)
            raise typer.Exit(1) from error

    return commands

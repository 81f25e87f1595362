"""The page at `/`: what runs, how much is in, what failed and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from plugins.home.html import Markup, element, join, page, table

SHOWN: Final = 50
"""Failures listed at most; the API has them all."""


@dataclass(frozen=True, slots=True)
class Running:
    """What runs."""

    title: str
    version: str
    database: str
    roles: Sequence[str]
    plugins: Sequence[str]
    up: timedelta


@dataclass(frozen=True, slots=True)
class Contents:
    """What the catalog holds. `kinds` counts entities by kind, `failures` are rows of the unprocessed entities'
    endpoint."""

    kinds: Sequence[tuple[str, int]]
    failures: Sequence[Mapping[str, Any]]
    held: int


def overview(running: Running, contents: Contents | None, documented: Sequence[str], *, portal: bool = True) -> bytes:
    """The page for somebody who may see what is in the catalog. `contents` is None where there is no catalog;
    without a portal the page says how to get one."""
    parts: list[Markup] = [_heading(running.title), *([] if portal else [_how_to_get_a_portal()]), _running(running)]
    if contents is not None:
        parts += [_contents(contents), _failures(contents)]
    parts.append(_links(documented))
    return page(running.title, *parts)


def closed(title: str) -> bytes:
    """The page for everybody else."""
    return page(
        title,
        _heading(title),
        element("p", "Callboard is running. What it holds is shown to those who may see it: send a bearer token."),
        element("p", element("a", "Health", href="/.backstage/health/v1/readiness"), class_="dim"),
    )


def _heading(title: str) -> Markup:
    return element("h1", title)


def _how_to_get_a_portal() -> Markup:
    return element(
        "p",
        "This is the backend alone. ",
        element("code", "make ui"),
        " builds a portal for it, which then is at this address; ",
        element("code", "app.bundle"),
        " in the configuration names a Backstage frontend that you have built yourself. This page stays at ",
        element("a", "/callboard", href="/callboard"),
        ".",
    )


def _running(running: Running) -> Markup:
    lines = [
        ("Version", running.version),
        ("Up for", _span(running.up)),
        ("Database", running.database),
        ("Roles", ", ".join(running.roles)),
        ("Plugins", ", ".join(running.plugins)),
    ]
    return join(
        [element("h2", "What runs"), table([], [(element("span", name, class_="dim"), value) for name, value in lines])]
    )


def _contents(contents: Contents) -> Markup:
    total = sum(count for _, count in contents.kinds)
    figures = [("entities", total), *contents.kinds]
    shown = join(element("span", element("b", f"{count:,}"), element("small", name)) for name, count in figures)
    notes = []
    if contents.held:
        notes.append(
            element("p", f"{contents.held} change(s) would remove very many entities and wait for an operator's word.")
        )
    if not total:
        notes.append(
            element("p", "Nothing yet. Name locations under catalog.locations, or register one.", class_="dim")
        )
    return join([element("h2", "What is in"), element("div", shown, class_="figures"), *notes])


def _failures(contents: Contents) -> Markup:
    heading = element("h2", "What failed to ingest")
    if not contents.failures:
        return join([heading, element("p", "Nothing.", class_="dim")])
    rows = [(_entity(row), _errors(row)) for row in contents.failures[:SHOWN]]
    rest = len(contents.failures) - len(rows)
    more = [element("p", f"… and {rest:,} more.", class_="dim")] if rest > 0 else []
    return join([heading, table(["Entity", "Why"], rows), *more])


def _entity(row: Mapping[str, Any]) -> Markup:
    key = row.get("location_key")
    where = element("small", key) if key else ""
    return join([element("code", row.get("entity_ref", "?")), Markup("<br>") if key else "", where])


def _errors(row: Mapping[str, Any]) -> Markup:
    errors = row.get("errors") or []
    return join(element("p", f"{error.get('name', 'Error')}: {error.get('message', '')}") for error in errors)


def _links(documented: Sequence[str]) -> Markup:
    items = [
        element("li", element("a", "Handbook", href="/callboard/handbook")),
        element("li", element("a", "API documentation", href="/callboard/docs")),
    ]
    items += [
        element("li", element("a", f"OpenAPI document of {plugin}", href=f"/api/{plugin}/openapi.json"))
        for plugin in documented
    ]
    items += [
        element("li", element("a", "Metrics", href="/metrics")),
        element("li", element("a", "Health", href="/.backstage/health/v1/readiness")),
    ]
    return join([element("h2", "Where to go"), element("ul", join(items))])


def _span(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"

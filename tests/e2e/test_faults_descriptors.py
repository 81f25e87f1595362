"""A hundred broken descriptors beside good ones: each gives one clear error, and hinders nobody else."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.faults import callboard, is_idle, seen_from_outside, sqlite_in, until

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("faults-descriptors")]

GOOD = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "x"},
    "spec": {"type": "service", "lifecycle": "production", "owner": "team-a"},
}
SPECS: dict[str, dict[str, Any]] = {
    "Component": {"type": "service", "lifecycle": "production", "owner": "team-a"},
    "API": {"type": "openapi", "lifecycle": "production", "owner": "team-a", "definition": "x"},
    "Resource": {"type": "database", "owner": "team-a"},
    "System": {"owner": "team-a"},
    "Domain": {"owner": "team-a"},
    "Group": {"type": "team", "children": []},
    "User": {"memberOf": []},
}
REQUIRED = [
    *(("Component", field) for field in ("type", "lifecycle", "owner")),
    *(("API", field) for field in ("type", "lifecycle", "owner", "definition")),
    *(("Resource", field) for field in ("type", "owner")),
    ("System", "owner"),
    ("Domain", "owner"),
    *(("Group", field) for field in ("type", "children")),
    ("User", "memberOf"),
]
"""Members of `spec` that each kind demands. Source: spec/catalog.md §3."""


@dataclass(frozen=True)
class Broken:
    """`place` is what the error has to name: a line and a column, a path, or the value at fault."""

    name: str
    text: str
    place: str


def changed(path: str, value: Any, kind: str = "Component") -> str:
    """A good descriptor but for one member; None takes it away."""
    descriptor = json.loads(json.dumps({**GOOD, "kind": kind, "spec": SPECS[kind]}))
    *parents, last = path.split(".")
    holder = descriptor
    for parent in parents:
        holder = holder.setdefault(parent, {})
    if value is None:
        holder.pop(last, None)
    else:
        holder[last] = value
    return json.dumps(descriptor)


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def syntax() -> Iterator[tuple[str, str]]:
    for number, line in enumerate(
        (
            "metadata: [a, b",
            "metadata: { name: a",
            "\tmetadata: x",
            'metadata: "unclosed',
            "metadata: 'unclosed",
            "metadata: *nowhere",
            "metadata: @x",
            "metadata: `x`",
            "metadata: a: b",
            "metadata: ]",
            "metadata: }",
            "metadata: %x",
            "kind: System",
            '"kind": System',
            "metadata: {name: a, name: b}",
            "metadata: &a &b x",
            'metadata: "\\q"',
            "metadata: [a]]",
            "- a",
        )
    ):
        yield f"syntax-{number}", f"apiVersion: backstage.io/v1alpha1\nkind: Component\n{line}\n"


def broken() -> list[Broken]:
    found = [Broken(name, text, r"at line [345], column \d+") for name, text in syntax()]
    found += [Broken(f"bomb-{levels}", bomb(levels), r"at line \d+, column \d+") for levels in (4, 6, 9, 12)]
    roots = {"text": "just words", "number": "42", "list": "[1, 2]", "true": "true", "zero": "\x00"}
    found += [
        Broken(f"root-{name}", text, r"at root, got (string|number|array|object|boolean)|<root>")
        for name, text in roots.items()
    ]
    found += [
        Broken(f"no-{path.replace('.', '-').lower()}", changed(path, None), rf"'{path.rpartition('.')[2]}'")
        for path in ("apiVersion", "kind", "metadata", "metadata.name")
    ]
    found += [
        Broken(f"number-{path.lower().replace('.', '-')}", changed(path, 5), f"/{path.replace('.', '/')}")
        for path in ("apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace")
    ]
    for kind, field in REQUIRED:
        found.append(
            Broken(f"{kind}-without-{field}".lower(), changed(f"spec.{field}", None, kind), rf"/spec .*'{field}'")
        )
        if field not in ("children", "memberOf"):
            found.append(
                Broken(f"{kind}-number-{field}".lower(), changed(f"spec.{field}", 5, kind), rf"/spec/{field}\b")
            )
            found.append(
                Broken(f"{kind}-empty-{field}".lower(), changed(f"spec.{field}", "", kind), rf"/spec/{field}\b")
            )
        else:
            found.append(
                Broken(f"{kind}-text-{field}".lower(), changed(f"spec.{field}", "a", kind), rf"/spec/{field}\b")
            )
    for number, name in enumerate(("a b", "-a", "a-", "a" * 64, "a/b", "ä")):
        found.append(Broken(f"name-{number}", changed("metadata.name", name), r'"metadata.name" is not valid'))
    for number, namespace in enumerate(("a b", "UPPER_x", "a.b", "n" * 64)):
        found.append(
            Broken(
                f"namespace-{number}", changed("metadata.namespace", namespace), r'"metadata.namespace" is not valid'
            )
        )
    found += [
        Broken("tag-space", changed("metadata.tags", ["a b"]), r"tags\.0"),
        Broken("tag-second", changed("metadata.tags", ["a", "B"]), r"tags\.1"),
        Broken("tag-number", changed("metadata.tags", [5]), r"/metadata/tags/0"),
        Broken("tag-text", changed("metadata.tags", "a"), r"/metadata/tags"),
        Broken("label-number", changed("metadata.labels", {"a": 5}), r"/metadata/labels/a"),
        Broken("label-key", changed("metadata.labels", {"a b": "c"}), r"labels"),
        Broken("annotation-number", changed("metadata.annotations", {"a": 5}), r"/metadata/annotations/a"),
        Broken("annotation-key", changed("metadata.annotations", {"a b": "c"}), r"annotations"),
        Broken("link-without-url", changed("metadata.links", [{"title": "a"}]), r"/metadata/links/0"),
        Broken("link-bad-url", changed("metadata.links", [{"url": "nowhere"}]), r"links\.0"),
        Broken("title-number", changed("metadata.title", 5), r"/metadata/title"),
        Broken("description-list", changed("metadata.description", ["a"]), r"/metadata/description"),
        Broken("ref-empty-part", changed("spec.owner", "group:default/"), r"group:default/"),
        Broken("ref-colon", changed("spec.system", ":x"), r'":x"'),
        Broken("depends-on-no-kind", changed("spec.dependsOn", ["just-a-name"]), r"just-a-name"),
        Broken("depends-on-text", changed("spec.dependsOn", "component:a"), r"/spec/dependsOn"),
        Broken("kind-unknown", changed("kind", "Zomponent"), r"zomponent:default/"),
        Broken("kind-not-allowed", changed("kind", "Widget"), r"widget:default/"),
        Broken("version-unknown", changed("apiVersion", "backstage.io/v99"), r"component:default/version-unknown"),
        Broken("version-foreign", changed("apiVersion", "example.com/v1"), r"component:default/version-foreign"),
        Broken("placeholder-missing", changed("metadata.description", {"$text": "./none.txt"}), r"none\.txt"),
        Broken(
            "placeholder-unknown",
            changed("metadata.description", {"$unknown": "x"}),
            r"\$unknown|/metadata/description",
        ),
    ]
    return [Broken(one.name, named(one), one.place) for one in found]


def named(one: Broken) -> str:
    """Most are called as their case is, so that they do not take each other's name."""
    return one.text.replace('"name": "x"', f'"name": "{one.name}"', 1)


CASES = broken()


@dataclass(frozen=True)
class Told:
    """What a server says of the cases."""

    warnings: list[str]
    failed: list[dict[str, Any]]
    names: set[str]

    def rows_of(self, case: Broken) -> list[dict[str, Any]]:
        return [row for row in self.failed if row["location_key"].endswith(f"/{case.name}.yaml")]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Every case has a good neighbour in a file of its own, and another one in the same file."""
    folder = tmp_path_factory.mktemp("broken")
    locations = []
    for case in CASES:
        beside, below = f"beside-{case.name}"[:63], f"below-{case.name}"[:63]
        (folder / f"{case.name}.yaml").write_text(f"{case.text}\n---\n{changed('metadata.name', below)}\n")
        (folder / f"{case.name}.good.yaml").write_text(changed("metadata.name", beside))
        locations += [("file", str(folder / f"{case.name}.yaml")), ("file", str(folder / f"{case.name}.good.yaml"))]
    database = sqlite_in(folder / "db")
    server = callboard(folder / "server", database, locations).start()
    try:
        asyncio.run(everything_processed(database, folder, len(locations)))
        api = f"{server.url}/api/catalog"
        failed = httpx.get(f"{api}/entities/unprocessed/failed", timeout=30).json()["entities"]
        entities = httpx.get(f"{api}/entities", params={"filter": "kind=component"}, timeout=30).json()
    finally:
        server.stop()
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    return Told(
        [line["message"] for line in lines if line["level"] in ("warn", "error")],
        failed,
        {entity["metadata"]["name"] for entity in entities},
    )


async def everything_processed(database: dict[str, Any], folder: Path, locations: int) -> None:
    async with seen_from_outside(database, folder) as seen:

        async def all_in() -> bool:
            ((count,),) = await seen.read("SELECT count(*) FROM catalog_refresh_state WHERE last_pass_at IS NOT NULL")
            return int(count) > locations and await is_idle(seen)

        await until("everything is processed", all_in)


def test_there_are_a_hundred_of_them() -> None:
    assert len(CASES) >= 100
    assert max(Counter(case.name for case in CASES).values()) == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_descriptor_gives_one_error_that_names_file_and_place(case: Broken, told: Told) -> None:
    (row,) = told.rows_of(case)
    (error,) = row["errors"]
    assert re.search(case.place, error["message"]), error["message"]
    (warning,) = [one for one in told.warnings if f"/{case.name}.yaml" in one]
    assert warning.endswith(error["message"])


def test_nothing_else_is_wrong(told: Told) -> None:
    assert len(told.failed) == len(CASES)
    assert len(told.warnings) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_its_good_neighbours_are_in(case: Broken, told: Told) -> None:
    """Those of other files in any case; those of the same one where the error is the entity's and not the file's."""
    assert f"beside-{case.name}"[:63] in told.names
    (row,) = told.rows_of(case)
    if not row["entity_ref"].startswith("location:"):
        assert f"below-{case.name}"[:63] in told.names

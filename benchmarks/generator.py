"""Writes a catalog of any size as YAML files, the same for the same size and seed.

The shape is that of a company: one group for every 300 entities, people in them, domains and systems, and
repositories with
one descriptor each that holds a component, often its API, sometimes a resource. Repositories are found by
Location entities of
100 repositories each, so that one change makes one Location be read again.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TYPES = ("service", "website", "library", "batch-job", "mobile-app")
LIFECYCLES = ("production", "experimental", "deprecated")
LANGUAGES = ("java", "python", "go", "typescript", "kotlin", "rust", "scala", "data", "ml", "grpc", "kafka", "react")
RESOURCES = ("database", "topic", "bucket", "cache")
REPOSITORIES_PER_LOCATION = 100
WORDS = (
    "amber",
    "anchor",
    "apple",
    "arrow",
    "aspen",
    "autumn",
    "bay",
    "beacon",
    "birch",
    "bridge",
    "brook",
    "canyon",
    "cedar",
    "cliff",
    "cloud",
    "comet",
    "coral",
    "crane",
    "dawn",
    "delta",
    "drift",
    "dune",
    "eagle",
    "echo",
    "ember",
    "falcon",
    "fern",
    "field",
    "fjord",
    "flint",
    "forest",
    "frost",
    "garden",
    "glade",
    "harbor",
    "hazel",
    "heron",
    "hill",
    "island",
    "ivory",
    "jade",
    "juniper",
    "lake",
    "lantern",
    "larch",
    "lark",
    "maple",
    "meadow",
    "mist",
    "moon",
    "moss",
    "north",
    "oak",
    "ocean",
    "olive",
    "opal",
    "orchid",
    "otter",
)


@dataclass(frozen=True, slots=True)
class Written:
    """What a generated catalog holds. `locations` counts the Location entities that lead to the rest."""

    entities: int
    locations: int
    groups: int
    files: int

    @property
    def total(self) -> int:
        return self.entities + self.locations


def _component(n: int, name: str, owner: str, system: str, dice: random.Random, api: str | None) -> str:
    tags = ", ".join(dice.sample(LANGUAGES, 2))
    consumes = f"  consumesApis: [api-{dice.randrange(max(n // 2, 1)):07d}]\n" if n > 4 and dice.random() < 0.5 else ""
    depends = f"  dependsOn: [component:default/{api_of(n, dice)}]\n" if n > 4 and dice.random() < 0.3 else ""
    provides = f"  providesApis: [{api}]\n" if api else ""
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n"
        f"  name: {name}\n  title: {name.replace('-', ' ').title()}\n"
        f"  description: The {dice.choice(WORDS)} {dice.choice(WORDS)} of the {dice.choice(WORDS)} team, number {n}\n"
        f"  tags: [{tags}]\n"
        f"  labels: {{ example.com/tier: {dice.choice(('gold', 'silver', 'bronze'))} }}\n"
        f"  annotations:\n    github.com/project-slug: acme/{name}\n    backstage.io/techdocs-ref: dir:.\n"
        f"  links:\n    - {{ url: 'https://{name}.example.com', title: Dashboard }}\n"
        f"spec:\n  type: {dice.choice(TYPES)}\n  lifecycle: {dice.choice(LIFECYCLES)}\n  owner: {owner}\n"
        f"  system: {system}\n{provides}{consumes}{depends}"
    )


def api_of(n: int, dice: random.Random) -> str:
    """The name of an earlier component, so that dependencies point to something that exists."""
    return component_name(dice.randrange(n))


def component_name(n: int) -> str:
    """Names in no order: neighbours in the files are far apart by name."""
    return f"{WORDS[n * 7 % len(WORDS)]}-{WORDS[n * 13 % len(WORDS)]}-{n:07d}"


def _api(name: str, owner: str, system: str, dice: random.Random) -> str:
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n"
        f"  name: {name}\n  description: {dice.choice(WORDS).title()} over HTTP\n"
        f"spec:\n  type: openapi\n  lifecycle: {dice.choice(LIFECYCLES)}\n  owner: {owner}\n  system: {system}\n"
        f"  definition: |\n    openapi: 3.0.3\n    info: {{ title: {name}, version: 1.0.0 }}\n    paths:\n"
        f"      /{dice.choice(WORDS)}:\n        get:\n          responses:\n            '200': {{ description: OK }}\n"
    )


def _resource(name: str, owner: str, system: str, dice: random.Random) -> str:
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Resource\nmetadata:\n"
        f"  name: {name}\n  description: {dice.choice(WORDS).title()}\n"
        f"spec:\n  type: {dice.choice(RESOURCES)}\n  owner: {owner}\n  system: {system}\n"
    )


def _organisation(groups: int, users: int, dice: random.Random) -> Iterator[str]:
    for g in range(groups):
        parent = f"  parent: team-{g // 8:05d}\n" if g else ""
        yield (
            "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n"
            f"  name: team-{g:05d}\n  description: The {dice.choice(WORDS)} team\n"
            f"spec:\n  type: team\n  profile: {{ displayName: Team {g}, email: team-{g:05d}@example.com }}\n"
            f"{parent}  children: []\n"
        )
    for u in range(users):
        yield (
            "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n"
            f"  name: user-{u:06d}\n"
            f"spec:\n  profile: {{ displayName: User {u}, email: user-{u:06d}@example.com }}\n"
            f"  memberOf: [team-{dice.randrange(groups):05d}]\n"
        )


def _structure(systems: int, domains: int, groups: int, dice: random.Random) -> Iterator[str]:
    for d in range(domains):
        yield (
            f"apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata:\n  name: domain-{d:05d}\n"
            f"spec:\n  owner: team-{dice.randrange(groups):05d}\n"
        )
    for s in range(systems):
        yield (
            f"apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata:\n  name: system-{s:05d}\n"
            f"spec:\n  owner: team-{dice.randrange(groups):05d}\n  domain: domain-{s % domains:05d}\n"
        )


def _in_files(folder: Path, stem: str, documents: Iterator[str], per_file: int) -> Iterator[Path]:
    batch: list[str] = []
    count = 0
    for document in documents:
        batch.append(document)
        if len(batch) == per_file:
            yield _write(folder / f"{stem}-{count:05d}.yaml", batch)
            batch, count = [], count + 1
    if batch:
        yield _write(folder / f"{stem}-{count:05d}.yaml", batch)


def _write(file: Path, documents: list[str]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("---\n".join(documents), encoding="utf-8")
    return file


def _location(name: str, target: str) -> str:
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: {name}\n"
        f"spec:\n  targets: ['{target}']\n"
    )


def generate(folder: Path, entities: int, *, seed: int = 1) -> Written:
    """Write about `entities` entities below `folder`; `folder/all.yaml` is the Location to register.

    The number is exact: what is left after the organisation is filled up with components, APIs and resources.
    """
    dice = random.Random(seed)
    groups = max(entities // 300, 2)
    users = entities // 12
    domains = max(entities // 500, 1)
    systems = max(entities // 60, 1)
    files = len(list(_in_files(folder / "org", "org", _organisation(groups, users, dice), 100)))
    files += len(list(_in_files(folder / "structure", "part", _structure(systems, domains, groups, dice), 100)))
    left = entities - groups - users - domains - systems
    repository = 0
    while left > 0:
        name = component_name(repository)
        owner, system = f"team-{dice.randrange(groups):05d}", f"system-{dice.randrange(systems):05d}"
        api = f"api-{repository:07d}" if left > 1 and dice.random() < 0.6 else None
        documents = [_component(repository, name, owner, system, dice, api)]
        if api:
            documents.append(_api(api, owner, system, dice))
        if left > len(documents) and dice.random() < 0.3:
            documents.append(_resource(f"{name}-store", owner, system, dice))
        shard = f"shard-{repository // REPOSITORIES_PER_LOCATION:05d}"
        _write(folder / "repos" / shard / name / "catalog-info.yaml", documents)
        left -= len(documents)
        files += 1
        repository += 1
    shards = -(-repository // REPOSITORIES_PER_LOCATION)
    for s in range(shards):
        shard = f"shard-{s:05d}"
        _write(folder / "shards" / f"{shard}.yaml", [_location(shard, f"../repos/{shard}/*/catalog-info.yaml")])
    targets = "'./org/*.yaml', './structure/*.yaml', './shards/*.yaml'"
    _write(
        folder / "all.yaml",
        [f"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: all\nspec:\n  targets: [{targets}]\n"],
    )
    # `all` and the shards are Locations of their own; the configured location adds its generated one.
    return Written(entities=entities, locations=shards + 2, groups=groups, files=files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(generate(given.folder, given.entities, seed=given.seed))


if __name__ == "__main__":
    main()

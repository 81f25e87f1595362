"""From what is known of a repository to its descriptor. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from catalog.interfaces import Entity
from catalog.model.codeowners import codeowner_for
from plugins.github.onboarding.facts import Facts

MAX_NAME: Final = 63
MAX_APIS: Final = 20
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9\-_.]+")
_NO_TAG: Final = re.compile(r"[^a-z0-9+#]+")
_SPEC: Final = (
    ("openapi", re.compile(r"(?:^|/)(?:[\w.-]*openapi|[\w.-]*swagger)[\w.-]*\.(?:ya?ml|json)$", re.IGNORECASE)),
    ("asyncapi", re.compile(r"(?:^|/)[\w.-]*asyncapi[\w.-]*\.(?:ya?ml|json)$", re.IGNORECASE)),
    ("graphql", re.compile(r"(?:^|/)schema\.graphqls?$", re.IGNORECASE)),
    ("grpc", re.compile(r"\.proto$")),
)
_NOT_OURS: Final = re.compile(
    r"(?:^|/)(?:node_modules|vendor|third_party|testdata|tests?|__tests__|fixtures|examples?|dist|build|\.[^/]+)/"
)
_WEB: Final = ("react", "vue", "@angular/core", "svelte", "next", "nuxt", "solid-js", "preact")
_IMAGES: Final = ("Dockerfile", "Containerfile", "Procfile", "app.yaml", "serverless.yml", "fly.toml")
_PACKAGES: Final = (
    *("setup.py", "pyproject.toml", "Cargo.toml", "package.json", "go.mod", "pom.xml", "build.gradle"),
    *("build.gradle.kts", "composer.json", "mix.exs", "Package.swift"),
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """`reasons` say in words where each answer comes from; `doubts` what somebody should look at."""

    full_name: str
    filename: str
    entities: Sequence[Entity]
    reasons: Mapping[str, str]
    doubts: Sequence[str] = ()

    @property
    def component(self) -> Entity:
        return self.entities[0]

    @property
    def text(self) -> str:
        documents = (yaml.safe_dump(one, sort_keys=False, allow_unicode=True, width=110) for one in self.entities)
        return "---\n".join(documents)


def propose(facts: Facts, *, default_owner: str | None = None, filename: str = "catalog-info.yaml") -> Proposal:
    """A Component, and an API for each interface that the repository describes."""
    reasons: dict[str, str] = {}
    doubts: list[str] = []
    name = entity_name(facts.name)
    owner = _owner(facts, default_owner, reasons, doubts)
    kind = _type(facts, reasons)
    apis = _apis(facts, name, owner)
    if facts.truncated:
        doubts.append("the repository is too large for GitHub to list all its files")
    metadata: dict[str, Any] = {"name": name}
    if name != facts.name:
        metadata["title"] = facts.name
    if facts.description:
        metadata["description"] = facts.description
    annotations = {"github.com/project-slug": facts.full_name}
    if any(path in facts.paths for path in ("mkdocs.yml", "mkdocs.yaml")):
        annotations["backstage.io/techdocs-ref"] = "dir:."
        reasons["docs"] = "mkdocs.yml"
    metadata["annotations"] = annotations
    tags = _tags(facts)
    if tags:
        metadata["tags"] = tags
    if facts.homepage and re.match(r"https?://", facts.homepage):
        metadata["links"] = [{"url": facts.homepage, "title": "Homepage"}]
    spec: dict[str, Any] = {
        "type": kind,
        "lifecycle": "experimental" if "experimental" in facts.topics else "production",
        "owner": owner,
    }
    if apis:
        spec["providesApis"] = [api["metadata"]["name"] for api in apis]
        reasons["APIs"] = ", ".join(api["spec"]["definition"]["$text"].removeprefix("./") for api in apis)
    component = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": metadata, "spec": spec}
    return Proposal(facts.full_name, filename, [component, *apis], reasons, doubts)


def has_descriptor(facts: Facts, filename: str) -> bool:
    stem = filename.rpartition(".")[0]
    return any(path in facts.paths for path in (filename, f"{stem}.yaml", f"{stem}.yml"))


def entity_name(text: str) -> str:
    """The nearest name that the catalog takes: `[A-Za-z0-9]`, separated by `-_.`, at most 63 characters."""
    plain = _NO_NAME.sub("-", text)
    plain = re.sub(r"[-_.]{2,}", "-", plain)[:MAX_NAME].strip("-_.")
    return plain or "unnamed"


def _owner(facts: Facts, default: str | None, reasons: dict[str, str], doubts: list[str]) -> str:
    found = codeowner_for(facts.codeowners, "catalog-info.yaml") if facts.codeowners else None
    if found:
        reasons["owner"] = "CODEOWNERS"
        return found
    if facts.teams:
        reasons["owner"] = "the team with the most rights"
        if len(facts.teams) > 1:
            doubts.append(f"other teams may write too: {', '.join(facts.teams[1:])}")
        return facts.teams[0]
    if default:
        reasons["owner"] = "--owner"
        return default
    doubts.append("nobody is known to own it")
    reasons["owner"] = "nothing is known"
    return "unknown"


def _type(facts: Facts, reasons: dict[str, str]) -> str:
    names = {posixpath.basename(path) for path in facts.paths if path.count("/") <= 1}
    needs = (
        {**facts.package.get("dependencies", {}), **facts.package.get("devDependencies", {})} if facts.package else {}
    )
    framework = next((one for one in _WEB if one in needs), None)
    if framework is not None:
        reasons["type"] = f"package.json needs {framework}"
        return "website"
    image = next((one for one in _IMAGES if one in names), None)
    if image is not None:
        reasons["type"] = image
        return "service"
    if "template.yaml" in names and "skeleton" in {path.partition("/")[0] for path in facts.paths}:
        reasons["type"] = "a skeleton"
        return "template"
    manifest = next((one for one in _PACKAGES if one in names), None)
    if manifest is not None:
        reasons["type"] = f"{manifest}, and nothing that says how it runs"
        return "library"
    if any(path.endswith(".tf") for path in facts.paths):
        reasons["type"] = "Terraform files"
        return "infrastructure"
    if "index.html" in names:
        reasons["type"] = "index.html"
        return "website"
    if facts.paths and all(path.endswith((".md", ".txt", ".png", ".svg", ".yml", ".yaml")) for path in facts.paths):
        reasons["type"] = "nothing but texts"
        return "documentation"
    reasons["type"] = "nothing says otherwise"
    return "service"


def _tags(facts: Facts) -> list[str]:
    found = [facts.language, *facts.topics]
    tags = [_NO_TAG.sub("-", one.lower()).strip("-")[:MAX_NAME] for one in found if one]
    return list(dict.fromkeys(tag for tag in tags if tag))


def _apis(facts: Facts, component: str, owner: str) -> list[Entity]:
    apis: list[Entity] = []
    names: set[str] = set()
    found = [
        (kind, path)
        for kind, pattern in _SPEC
        for path in facts.paths
        if pattern.search(path) and not _NOT_OURS.search(path)
    ]
    for kind, path in found[:MAX_APIS]:
        stem = posixpath.basename(path).rpartition(".")[0]
        name = entity_name(f"{component}-{stem}" if len(found) > 1 else f"{component}-api")
        if name.lower() in names:
            name = entity_name(f"{component}-{path.rpartition('.')[0].replace('/', '-')}")
        if name.lower() in names:
            continue
        names.add(name.lower())
        apis.append(
            {
                "apiVersion": "backstage.io/v1alpha1",
                "kind": "API",
                "metadata": {"name": name, "annotations": {"github.com/project-slug": facts.full_name}},
                "spec": {
                    "type": kind,
                    "lifecycle": "production",
                    "owner": owner,
                    "definition": {"$text": f"./{path}"},
                },
            }
        )
    return apis

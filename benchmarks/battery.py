"""The questions that a portal asks again and again, over a generated catalog. Each rotates through many values."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from benchmarks.generator import LIFECYCLES, TYPES, WORDS, Written, component_name
from benchmarks.load import Request

API = "/api/catalog"
UI_FIELDS = (
    "kind,metadata.name,metadata.namespace,metadata.title,metadata.description,spec.profile.displayName,spec.type"
)
VARIANTS = 64
"""Different requests of one sort, sent in turn."""


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    requests: Sequence[Request]


class Battery:
    """All questions for one server and one generated catalog. The same seed asks the same questions of every server."""

    def __init__(self, written: Written, host: str, *, token: str | None = None, seed: int = 7) -> None:
        self._written = written
        self._host = host
        self._token = token
        self._dice = random.Random(seed)
        self._components = max(int(written.entities * 0.4), 1)

    def _get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Request:
        target = API + path + ("?" + urlencode(query, quote_via=quote) if query else "")
        return Request.make("GET", target, host=self._host, token=self._token)

    def _post(self, path: str, body: object) -> Request:
        return Request.make("POST", API + path, host=self._host, token=self._token, body=json.dumps(body).encode())

    def _team(self) -> str:
        return f"team-{self._dice.randrange(self._written.groups):05d}"

    def _name(self) -> str:
        return component_name(self._dice.randrange(self._components))

    def questions(self) -> list[Question]:
        many = range(VARIANTS)
        kinds = ("component", "api", "resource", "user", "system")
        pick = self._dice.choice
        ref = "component:default/"
        branches = [
            {"$all": [{"kind": "component"}, {"spec.type": pick(TYPES)}, {"spec.lifecycle": pick(LIFECYCLES)}]}
            for _ in many
        ]
        return [
            Question(
                "first page by name",
                [
                    self._get(
                        "/entities/by-query",
                        [("filter", f"kind={pick(kinds)}"), ("orderField", "metadata.name,asc"), ("limit", "20")],
                    )
                    for _ in many
                ],
            ),
            Question(
                "page by owner and type",
                [
                    self._get(
                        "/entities/by-query",
                        [
                            (
                                "filter",
                                f"kind=component,relations.ownedBy=group:default/{self._team()},spec.type={pick(TYPES)}",
                            ),
                            ("orderField", "metadata.name,asc"),
                            ("limit", "20"),
                        ],
                    )
                    for _ in many
                ],
            ),
            Question(
                "count",
                [
                    self._get(
                        "/entities/by-query",
                        [("filter", f"kind=component,spec.lifecycle={pick(LIFECYCLES)}"), ("limit", "0")],
                    )
                    for _ in many
                ],
            ),
            Question(
                "three facets",
                [
                    self._get(
                        "/entity-facets",
                        [
                            ("facet", "spec.type"),
                            ("facet", "metadata.tags"),
                            ("facet", "spec.lifecycle"),
                            ("filter", f"kind={pick(('component', 'api'))}"),
                        ],
                    )
                    for _ in many
                ],
            ),
            Question(
                "owner facet",
                [
                    self._get("/entity-facets", [("facet", "relations.ownedBy"), ("filter", f"kind={pick(kinds)}")])
                    for _ in many
                ],
            ),
            Question(
                "full text",
                [
                    self._get(
                        "/entities/by-query",
                        [
                            ("filter", "kind=component"),
                            ("orderField", "metadata.name,asc"),
                            ("limit", "20"),
                            ("fullTextFilterTerm", pick(WORDS)),
                            ("fullTextFilterFields", "metadata.name,metadata.title"),
                        ],
                    )
                    for _ in many
                ],
            ),
            Question("by name", [self._get(f"/entities/by-name/component/default/{self._name()}") for _ in range(512)]),
            Question(
                "by refs of 100",
                [
                    self._post(
                        "/entities/by-refs",
                        {"entityRefs": [ref + self._name() for _ in range(100)], "fields": UI_FIELDS.split(",")},
                    )
                    for _ in many
                ],
            ),
            Question(
                "ancestry",
                [self._get(f"/entities/by-name/component/default/{self._name()}/ancestry") for _ in range(256)],
            ),
            Question(
                "ordered OR",
                [
                    self._post(
                        "/entities/by-query",
                        {
                            "query": {"$any": [a, b]},
                            "orderBy": [{"field": "metadata.name", "order": "asc"}],
                            "limit": 20,
                        },
                    )
                    for a, b in zip(branches, branches[1:] + branches[:1], strict=True)
                ],
            ),
            Question(
                "projected page",
                [
                    self._get(
                        "/entities/by-query",
                        [
                            ("filter", f"kind={pick(kinds)}"),
                            ("orderField", "metadata.name,desc"),
                            ("limit", "100"),
                            ("fields", UI_FIELDS),
                        ],
                    )
                    for _ in many
                ],
            ),
        ]

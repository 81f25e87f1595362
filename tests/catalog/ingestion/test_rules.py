"""Which kinds may come from where. Source: spec/catalog.md §4.8."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import InputError
from catalog.ingestion.rules import Rules, parse_rules
from catalog.interfaces import LocationSpec

HERE = LocationSpec("url", "https://git.example/team-a/catalog-info.yaml")
FILE = LocationSpec("file", "/etc/catalog/all.yaml")


def entity(kind: str, spec: Any = None) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x"}, "spec": spec}


def rules(*given: Any) -> Rules:
    return parse_rules(given, ())


def test_without_rules_components_apis_and_locations_come_from_anywhere() -> None:
    default = parse_rules(None, ())
    allowed = [
        kind
        for kind in ("Component", "API", "Location", "User", "Group", "System")
        if default.is_allowed(entity(kind), HERE)
    ]
    assert allowed == ["Component", "API", "Location"]


def test_an_empty_list_of_rules_allows_nothing() -> None:
    assert not rules().is_allowed(entity("Component"), HERE)


def test_kinds_and_types_are_told_apart_without_their_case() -> None:
    given = rules({"allow": ["COMPONENT", {"kind": "resource", "spec.type": "Website"}]})
    assert given.is_allowed(entity("Component"), HERE)
    assert given.is_allowed(entity("Resource", {"type": "webSITE"}), HERE)
    for spec in ({"type": "database"}, {"type": 5}, {}, None, "website", ["website"]):
        assert not given.is_allowed(entity("Resource", spec), HERE)


def test_rules_may_be_bound_to_places() -> None:
    exact = rules({"allow": ["User"], "locations": [{"type": "url", "exact": HERE.target}]})
    assert exact.is_allowed(entity("User"), HERE)
    assert not exact.is_allowed(entity("User"), LocationSpec("url", HERE.target.upper()))
    assert not exact.is_allowed(entity("User"), LocationSpec("file", HERE.target))
    pattern = rules(
        {"allow": ["User"], "locations": [{"type": "url", "pattern": "https://GIT.example/*/catalog*.yaml"}]}
    )
    assert pattern.is_allowed(entity("User"), HERE)
    assert not pattern.is_allowed(entity("User"), LocationSpec("url", "https://git.example/a/b/catalog-info.yaml"))
    assert rules({"allow": ["User"], "locations": [{"type": "url"}]}).is_allowed(entity("User"), HERE)
    assert not rules({"allow": ["User"], "locations": []}).is_allowed(entity("User"), HERE)


def test_a_configured_location_may_have_rules_of_its_own() -> None:
    given = parse_rules([], [(FILE, [{"allow": ["Group"]}])])
    assert given.is_allowed(entity("Group"), FILE)
    assert not given.is_allowed(entity("Group"), HERE)


@pytest.mark.parametrize(
    "broken",
    [
        "User",
        {"allow": [5]},
        {"allow": [{"spec.type": "x"}]},
        {"allow": ["User"], "locations": ["url"]},
        {"allow": ["User"], "locations": [{"type": "url", "exact": "a", "pattern": "b"}]},
    ],
)
def test_a_malformed_rule_stops_the_start(broken: Any) -> None:
    with pytest.raises(InputError, match=r"catalog\.rules\[0\]"):
        rules(broken)

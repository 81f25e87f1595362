"""parseRepoUrl, projectSlug, parseEntityRef and pick."""

from typing import Any

import pytest

from scaffolder.language import UNDEFINED, Language, LanguageError
from scaffolder.language.default_filters import default_filters

TYPES = {
    "github.com": "github",
    "ghe.example:8443": "github",
    "gitlab.com": "gitlab",
    "bitbucket.org": "bitbucketCloud",
    "bitbucket.example": "bitbucketServer",
    "dev.azure.com": "azure",
    "gitea.example": "gitea",
    "gerrit.example": "gerrit",
    "10.0.0.1": "gitea",
    "[::1]": "gitea",
}
LANGUAGE = Language(filters=default_filters(TYPES.get))


def filtered(source: str, /, **context: Any) -> Any:
    return LANGUAGE.compile("${{ " + source + " }}").value(context)


def reason(source: str, /, **context: Any) -> str:
    with pytest.raises(LanguageError) as caught:
        filtered(source, **context)
    assert caught.value.kind == "capability_error"
    return caught.value.detail.split(" failed: ", 1)[1]


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("github.com?owner=o&repo=r", {"host": "github.com", "owner": "o", "repo": "r"}),
        ("GitHub.com:443/ignored?repo=/r/&owner=o&x=y", {"host": "github.com", "owner": "o", "repo": "r"}),
        ("user:secret@ghe.example:8443?owner=o&repo=r", {"host": "ghe.example:8443", "owner": "o", "repo": "r"}),
        ("gitlab.com?owner=a%2Fb&repo=r+s", {"host": "gitlab.com", "owner": "a/b", "repo": "r s"}),
        ("gitlab.com?project=7", {"host": "gitlab.com", "project": "7"}),
        ("gitea.example?repo=r", {"host": "gitea.example", "repo": "r"}),
        ("bitbucket.example?project=P&repo=r", {"host": "bitbucket.example", "project": "P", "repo": "r"}),
        (
            "bitbucket.org?workspace=w&project=P&repo=r",
            {"host": "bitbucket.org", "workspace": "w", "project": "P", "repo": "r"},
        ),
        (
            "dev.azure.com?organization=o&project=p&repo=r",
            {"host": "dev.azure.com", "organization": "o", "project": "p", "repo": "r"},
        ),
        ("0x0a.1?repo=r", {"host": "10.0.0.1", "repo": "r"}),
        ("[0:0::1]?repo=r", {"host": "[::1]", "repo": "r"}),
    ],
)
def test_a_repository_url_has_parts(url: str, parts: dict[str, str]) -> None:
    assert filtered("url | parseRepoUrl", url=url) == parts


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (
            "unknown.example?owner=o&repo=r",
            "No matching integration configuration for host unknown.example, please check",
        ),
        ("github.com?owner=o", "Invalid repo URL passed to publisher: https://github.com/?owner=o, missing repo"),
        ("gitlab.com?repo=r", "Invalid repo URL passed to publisher: https://gitlab.com/?repo=r, missing owner"),
        ("bitbucket.example?repo=r", "missing project"),
        ("bitbucket.org?project=p&repo=r", "missing workspace"),
        ("not a host", "Invalid repo URL passed to publisher, got not a host, TypeError: Invalid URL"),
        ("", "Invalid repo URL passed to publisher, got , TypeError: Invalid URL"),
        ("1.2.3.4.5", "Invalid URL"),
        ("256.1", "Invalid URL"),
        ("github.com:99999", "Invalid URL"),
        ("[::1", "Invalid URL"),
        ("a%00b", "Invalid URL"),
    ],
)
def test_a_repository_url_that_is_none_is_refused(url: str, complaint: str) -> None:
    assert complaint in reason("url | parseRepoUrl", url=url)


def test_a_project_slug_is_owner_and_repository() -> None:
    assert filtered("'github.com?owner=o&repo=r' | projectSlug") == "o/r"
    assert filtered("'gitlab.com?project=7' | projectSlug") == "undefined/undefined"


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("'Component:ns/n' | parseEntityRef", ("Component", "ns", "n")),
        ("'component:n' | parseEntityRef", ("component", "default", "n")),
        ("'n' | parseEntityRef({defaultKind: 'Group'})", ("Group", "default", "n")),
        ("'ns/n' | parseEntityRef({defaultKind: 'Group', defaultNamespace: 'x'})", ("Group", "ns", "n")),
        ("'n' | parseEntityRef({defaultKind: 'Group', defaultNamespace: 'x'})", ("Group", "x", "n")),
        ("{kind: 'User', name: 'u'} | parseEntityRef", ("User", "default", "u")),
        ("'a/b:c' | parseEntityRef({defaultKind: 'K'})", ("K", "a", "b:c")),
    ],
)
def test_an_entity_reference_has_parts(source: str, parts: tuple[str, str, str]) -> None:
    assert filtered(source) == dict(zip(("kind", "namespace", "name"), parts, strict=True))


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("'' | parseEntityRef", "Entity reference must not be empty"),
        ("missing | parseEntityRef", "Entity reference must not be empty"),
        (
            "'n' | parseEntityRef",
            'Entity reference "n" had missing or empty kind (e.g. did not start with "component:"',
        ),
        ("':n' | parseEntityRef", 'Entity reference ":n" was not on the form [<kind>:][<namespace>/]<name>'),
        ("{kind: 'k'} | parseEntityRef", 'Entity reference {"kind":"k"} had missing or empty name'),
    ],
)
def test_an_entity_reference_that_is_none_is_refused(source: str, complaint: str) -> None:
    assert complaint in reason(source)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b[1].c", 2),
        ("a['b'][0]", 1),
        ('["x.y"]', "dotted"),
        ("x.y", "dotted"),
        ("a.b.length", 2),
        ("s[1]", "t"),
        ("s.length", 2),
        ("a.nope.c", UNDEFINED),
        ("n.x", UNDEFINED),
        ("__class__", UNDEFINED),
        ("s.__class__", UNDEFINED),
        ("a.b.append", UNDEFINED),
    ],
)
def test_pick_takes_a_property_by_its_path(path: str, expected: Any) -> None:
    values = {"a": {"b": [1, {"c": 2}]}, "x.y": "dotted", "s": "st", "n": None}
    assert filtered("v | pick(path)", v=values, path=path) == expected


def test_the_filters_describe_themselves() -> None:
    described = {one.id: one for one in default_filters(TYPES.get)}
    assert list(described) == ["parseRepoUrl", "parseEntityRef", "pick", "projectSlug"]
    assert all(one.description and one.schema and one.examples for one in described.values())

"""Where an entity's documentation lies. Source: spec/ui-backends.md §7."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.errors import CallboardError, InputError, NotAllowedError
from app.interfaces import Reading
from catalog.model.refs import EntityRef
from plugins.github.integration import GithubIntegration
from plugins.techdocs.building.configuration import DOCS_DIR_MARK
from plugins.techdocs.building.generator import repository_of
from plugins.techdocs.content_types import content_type
from plugins.techdocs.interfaces import Site
from plugins.techdocs.references import DocsLocation, forwarded_to, location_of, site_of
from tests.app.reading.plugin_host import ReadingHost


def entity(**annotations: str) -> dict[str, Any]:
    known = {name.replace("_", "-"): value for name, value in annotations.items()}
    return {
        "kind": "Component",
        "metadata": {"name": "train", "annotations": {f"backstage.io/{name}": v for name, v in known.items()}},
    }


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    reading = ReadingHost({}, tmp_path).reading
    reading.add_integration(GithubIntegration("github.com"))
    return reading


FILE = "file:/srv/catalog/trains/catalog-info.yaml"
GIT = "git:https://git.example/o/r.git?ref=main&path=/trains/catalog-info.yaml"
URL = "url:https://github.com/o/r/tree/main/trains/catalog-info.yaml"


@pytest.mark.parametrize(
    ("annotations", "location"),
    [
        ({"techdocs_ref": "url:https://github.com/o/r/tree/main"}, ("url", "https://github.com/o/r/tree/main")),
        ({"techdocs_ref": "dir:.", "managed_by_location": FILE}, ("dir", "/srv/catalog/trains")),
        ({"techdocs_ref": "dir:./night", "managed_by_location": FILE}, ("dir", "/srv/catalog/trains/night")),
        ({"techdocs_ref": "dir:.", "managed_by_location": "file:catalog-info.yaml"}, ("dir", ".")),
        (
            {"techdocs_ref": "dir:.", "managed_by_location": GIT},
            ("git", "https://git.example/o/r.git?ref=main&path=/trains"),
        ),
        (
            {"techdocs_ref": "dir:docs", "managed_by_location": "git:https://git.example/o/r.git"},
            ("git", "https://git.example/o/r.git?path=/docs"),
        ),
        (
            {"techdocs_ref": "dir:.", "managed_by_location": "git:https://git.example/o/r.git?ref=v1"},
            ("git", "https://git.example/o/r.git?ref=v1&path=/"),
        ),
        ({"techdocs_ref": "dir:.", "managed_by_location": URL}, ("url", "https://github.com/o/r/tree/main/trains/")),
        (
            {
                "techdocs_ref": "dir:./x",
                "managed_by_location": FILE,
                "source_location": "url:https://github.com/o/r/tree/main/",
            },
            ("url", "https://github.com/o/r/tree/main/x"),
        ),
    ],
)
def test_references_are_resolved(reading: Reading, annotations: dict[str, str], location: tuple[str, str]) -> None:
    assert location_of(entity(**annotations), reading)[:2] == location


@pytest.mark.parametrize("source", ["file:/etc/passwd", "git:file:///srv/secret.git"])
def test_an_author_cannot_make_a_place_of_this_machine_their_source(reading: Reading, source: str) -> None:
    given = entity(techdocs_ref="dir:.", managed_by_location=FILE, source_location=source)
    assert location_of(given, reading)[:2] == ("dir", "/srv/catalog/trains")


@pytest.mark.parametrize("path", ["..", "../other", "/etc", "x/../../y", "a\0b"])
@pytest.mark.parametrize("source", [FILE, "file:catalog-info.yaml"])
def test_no_path_leads_out_of_the_descriptors_folder(reading: Reading, path: str, source: str) -> None:
    with pytest.raises(NotAllowedError):
        location_of(entity(techdocs_ref=f"dir:{path}", managed_by_location=source), reading)


@pytest.mark.parametrize(
    ("annotations", "kind", "message"),
    [
        ({}, InputError, "No backstage.io/techdocs-ref annotation provided in entity: train"),
        ({"techdocs_ref": "git:x"}, CallboardError, "Invalid reference annotation git"),
        ({"techdocs_ref": "dir:."}, InputError, "is missing location"),
        ({"techdocs_ref": "dir:.", "managed_by_location": "ldap:x"}, InputError, "Unable to resolve location type"),
        ({"techdocs_ref": "nothing"}, CallboardError, "Unable to parse location ref"),
    ],
)
def test_what_cannot_be_resolved_says_why(
    reading: Reading, annotations: dict[str, str], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        location_of(entity(**annotations), reading)


def test_an_entity_without_its_own_documentation_may_point_at_another() -> None:
    assert forwarded_to(entity(techdocs_entity="system:lines/night")) == EntityRef("system", "lines", "night")
    assert forwarded_to(entity(techdocs_entity="night")) == EntityRef("component", "default", "night")
    assert forwarded_to(entity(techdocs_entity="system:night", techdocs_ref="dir:.")) is None
    assert forwarded_to(entity()) is None
    with pytest.raises(InputError):
        forwarded_to(entity(techdocs_entity=":"))


def test_a_site_is_named_in_lower_case_and_is_one_folder() -> None:
    ref = EntityRef("Component", "Lines", "Night.Train")
    assert site_of(ref) == Site("lines", "component", "night.train")
    assert site_of(ref, keep_case=True).prefix == "Lines/Component/Night.Train"
    for part in ("", ".", "..", "a/b", "a\\b", "a\0"):
        with pytest.raises(NotAllowedError):
            site_of(EntityRef("component", "default", part))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(
            (f"x.{active}", "text/plain; charset=utf-8")
            for active in ("html", "HTM", "xhtml", "svg", "xml", "xsl", "rdf")
        ),
        *((f"x.{active}", "text/plain; charset=utf-8") for active in ("webmanifest", "svgz", "vtt", "owl", "shtml")),
        ("x", "text/plain; charset=utf-8"),
        (".html", "text/plain; charset=utf-8"),
        ("x.unknown", "text/plain; charset=utf-8"),
        ("x.bin", "text/plain; charset=utf-8"),
        ("a/b/main.min.css", "text/css; charset=utf-8"),
        ("bundle.js", "application/javascript; charset=utf-8"),
        ("slides.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("sitemap.xml.gz", "application/gzip"),
        ("mail.mht", "text/plain; charset=utf-8"),
        ("search_index.json", "application/json; charset=utf-8"),
        ("x.PNG", "image/png"),
        ("font.woff2", "font/woff2"),
        ("plan.pdf", "application/pdf"),
    ],
)
def test_what_a_browser_might_run_is_text(name: str, expected: str) -> None:
    """CVE-2021-32660."""
    assert content_type(name) == expected


def test_pages_link_to_where_they_can_be_edited(reading: Reading) -> None:
    def of(url: str) -> dict[str, str]:
        return repository_of(DocsLocation("url", url), reading)

    assert of("https://github.com/o/r") == {"repo_url": "https://github.com/o/r"}
    assert of("https://github.com/o/r/tree/main/sub") == {
        "repo_url": "https://github.com/o/r/tree/main/sub",
        "edit_uri": f"https://github.com/o/r/edit/main/sub/{DOCS_DIR_MARK}",
    }
    assert of("https://elsewhere.example/o/r") == {}
    assert repository_of(DocsLocation("dir", "/srv"), reading) == {}

"""Where a template's relative URLs start."""

from __future__ import annotations

from typing import Any

import pytest

from scaffolder.service.templates import base_url

READ_FROM, SAID = "backstage.io/managed-by-location", "backstage.io/source-location"


def a_template(**annotations: str) -> dict[str, Any]:
    return {"metadata": {"name": "t", "annotations": annotations}}


@pytest.mark.parametrize(
    ("annotations", "base"),
    [
        ({READ_FROM: "url:https://host/t.yaml"}, "https://host/t.yaml"),
        ({READ_FROM: "url:https://host/t.yaml", SAID: "url:https://host/tree/main/"}, "https://host/tree/main/"),
        ({READ_FROM: "file:/srv/t.yaml"}, "file:///srv/t.yaml"),
        ({READ_FROM: "file:/srv/t.yaml", SAID: "file:/srv/skeletons/"}, "file:///srv/skeletons/"),
        ({READ_FROM: "git:https://host/t.git?path=/t.yaml"}, "git:https://host/t.git?path=/t.yaml"),
        ({READ_FROM: "dir:x"}, None),
        ({READ_FROM: "nonsense"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_relative_urls_start_where_the_template_comes_from(annotations: dict[str, str], base: str | None) -> None:
    assert base_url(a_template(**annotations)) == base


@pytest.mark.parametrize(
    "said", ["file:/etc/passwd", "file:../../app-config.yaml", " file : /etc/x", "git:file:///etc"]
)
@pytest.mark.parametrize("read_from", ["url:https://host/t.yaml", "git:https://host/t.git?path=/t.yaml", None])
def test_a_descriptor_cannot_make_the_servers_files_its_own(said: str, read_from: str | None) -> None:
    """CVE-2021-41151 and its like: the annotation is the author's word."""
    annotations = {SAID: said} if read_from is None else {SAID: said, READ_FROM: read_from}
    assert base_url(a_template(**annotations)) is None

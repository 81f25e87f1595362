from __future__ import annotations

from typing import Any

import pytest

from catalog.model.errors import FormError
from catalog.model.locations import LocationRef, location_entity_name, location_ref, parse_location_ref
from catalog.model.well_known import is_script_url


def test_a_location_ref_is_split_at_its_first_colon() -> None:
    ref = parse_location_ref("url: https://host/path:x ")
    assert ref == LocationRef("url", "https://host/path:x")
    assert str(ref) == "url:https://host/path:x"


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("nope", "Unable to parse location ref 'nope', expected '<type>:<target>', e.g. 'url:https://host/path'"),
        ("url:", "Unable to parse location ref 'url:', expected '<type>:<target>', e.g. 'url:https://host/path'"),
        (" : ", "Unable to parse location ref ' : ', expected '<type>:<target>', e.g. 'url:https://host/path'"),
        ("http://x", "Invalid location ref 'http://x', please prefix it with 'url:', e.g. 'url:http://x'"),
        ("url:java\tscript:x", "Invalid location ref 'url:java\tscript:x', target is a javascript: URL"),
        (5, "Unable to parse location ref '5', expected text"),
    ],
)
def test_a_bad_location_ref_is_refused(ref: Any, message: str) -> None:
    with pytest.raises(FormError) as caught:
        parse_location_ref(ref)
    assert (caught.value.name, str(caught.value)) == ("TypeError", message)


@pytest.mark.parametrize(("kind", "target"), [("", "x"), ("url", ""), ("url", " JavaScript:x")])
def test_a_location_ref_is_not_written_from_bad_parts(kind: str, target: str) -> None:
    with pytest.raises(FormError):
        location_ref(kind, target)


def test_a_location_ref_is_written() -> None:
    assert location_ref("file", "/a/b") == "file:/a/b"


def test_location_entities_have_the_names_that_the_reference_gives_them() -> None:
    # Recorded: conformance group catalog-16.
    name = location_entity_name("url", "http://127.0.0.1:8790/dyn/b.yaml")
    assert name == "generated-2f82498ebb327240443a40e551508002da8b5a54"


@pytest.mark.parametrize(
    "text", ["javascript:x", "JavaScript:void(0)", "java\tscript:a", "\0 j\na\rv\tascript\n:x", "\x1fjavascript:"]
)
def test_script_urls_are_seen_through_their_disguise(text: str) -> None:
    assert is_script_url(text)


@pytest.mark.parametrize(
    "text", ["https://x/javascript:y", "java script:x", "javascript", "xjavascript:", "\xa0javascript:"]
)
def test_other_urls_are_no_script_urls(text: str) -> None:
    assert not is_script_url(text)

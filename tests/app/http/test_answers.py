"""What all answers share: CORS, compression, ETags, security headers. Recorded in catalog-10; spec/catalog.md §8."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.compression import negotiate
from app.http.cors import origin_pattern
from app.http.etag import fresh, weak_etag
from app.http.security_headers import content_security_policy
from tests.app.http.site import Site, running_site

CORS = {
    "origin": ["http://127.0.0.1:3000", "http://*.ui.example:3000"],
    "methods": ["GET", "HEAD", "PATCH", "POST", "PUT", "DELETE"],
    "credentials": True,
}


def cors_of(answer: Any) -> dict[str, str]:
    return {k: v for k, v in answer.headers.items() if k.startswith("access-control") or k == "vary"}


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:3000", "http://two.ui.example:3000", "HTTP://Two.UI.example:3000"]
)
async def test_a_preflight_of_an_allowed_origin_is_answered_without_credentials(origin: str) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-thing",
    }
    async with running_site(cors=CORS) as site:
        for path in ("/api/shelf/books", "/api/nothing-here"):
            answer = await site.get(path, method="OPTIONS", token=None, headers=asked)
            assert (answer.status_code, answer.content, answer.headers["content-length"]) == (204, b"", "0")
            assert cors_of(answer) == {
                "access-control-allow-origin": origin,
                "access-control-allow-credentials": "true",
                "access-control-allow-methods": "GET,HEAD,PATCH,POST,PUT,DELETE",
                "access-control-allow-headers": "authorization,x-thing",
                "vary": "Origin, Access-Control-Request-Headers",
            }


async def test_a_simple_request_of_an_allowed_origin_carries_cors_headers() -> None:
    async with running_site(cors=CORS) as site:
        answer = await site.get("/api/shelf/books", headers={"origin": "http://127.0.0.1:3000"})
        assert cors_of(answer) == {
            "access-control-allow-origin": "http://127.0.0.1:3000",
            "access-control-allow-credentials": "true",
            "vary": "Origin, Accept-Encoding",
        }
        refused = await site.get("/api/shelf/books", token=None, headers={"origin": "http://127.0.0.1:3000"})
        assert refused.headers["access-control-allow-origin"] == "http://127.0.0.1:3000"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:30000",
        "http://a.b/.ui.example:3000",
        "http://.ui.example:3000",
        "http://127.0.0.1:3000.evil.example",
    ],
)
async def test_a_foreign_origin_gets_no_cors_headers_and_its_preflight_meets_the_barrier(origin: str) -> None:
    async with running_site(cors=CORS) as site:
        answer = await site.get("/api/shelf/books", headers={"origin": origin})
        assert (answer.status_code, cors_of(answer)) == (200, {"vary": "Accept-Encoding"})
        preflight = await site.get("/api/shelf/books", method="OPTIONS", token=None, headers={"origin": origin})
        assert (preflight.status_code, cors_of(preflight)) == (401, {"vary": "Accept-Encoding"})


async def test_cors_has_its_other_settings_too() -> None:
    more = {**CORS, "allowedHeaders": "a, b", "exposedHeaders": ["x"], "maxAge": 60, "optionsSuccessStatus": 200}
    async with running_site(cors=more) as site:
        headers = {"origin": "http://127.0.0.1:3000", "access-control-request-headers": "c"}
        answer = await site.get("/api/shelf/books", method="OPTIONS", token=None, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-headers"] == "a,b"
        assert answer.headers["access-control-max-age"] == "60"
        assert (answer.headers["access-control-expose-headers"], answer.headers["vary"]) == ("x", "Origin")


async def test_without_cors_settings_there_are_no_cors_headers(site: Site) -> None:
    answer = await site.get("/api/shelf/books", headers={"origin": "http://127.0.0.1:3000"})
    assert cors_of(answer) == {"vary": "Accept-Encoding"}


@pytest.mark.parametrize(
    ("pattern", "origin", "matches"),
    [
        ("https://{a,b}.example", "https://b.example", True),
        ("https://{a,b}.example", "https://c.example", False),
        ("https://?.example", "https://x.example", True),
        ("https://*.example", "https://a.b.example", True),
        ("https://a.example", "https://axexample", False),
        ("*", "https://a.example", False),
    ],
)
def test_origin_patterns(pattern: str, origin: str, matches: bool) -> None:
    assert bool(origin_pattern(pattern).fullmatch(origin)) == matches


async def raw(site: Site, path: str, encoding: str, **options: Any) -> tuple[Any, bytes]:
    request = site.client.build_request(
        options.pop("method", "GET"), path, headers={"authorization": "Bearer full", "accept-encoding": encoding}
    )
    answer = await site.client.send(request, stream=True)
    return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize("path", ["/api/other/big", "/api/other/stream"])
async def test_large_answers_are_compressed_as_asked(site: Site, path: str) -> None:
    plain = (await raw(site, path, "identity"))[1]
    zipped, content = await raw(site, path, "gzip")
    assert (gzip.decompress(content), len(content) < len(plain)) == (plain, True)
    assert (zipped.headers["content-encoding"], zipped.headers["vary"]) == ("gzip", "Accept-Encoding")
    deflated, content = await raw(site, path, "deflate")
    assert (zlib.decompress(content), deflated.headers["content-encoding"]) == (plain, "deflate")
    brotli, content = await raw(site, path, "br")
    assert (content, brotli.headers.get("content-encoding")) == (plain, None)


async def test_small_answers_and_head_are_not_compressed(site: Site) -> None:
    small, _ = await raw(site, "/api/shelf/books", "gzip")
    assert ("content-encoding" in small.headers, small.headers["vary"]) == (False, "Accept-Encoding")
    head, body = await raw(site, "/api/other/big", "gzip", method="HEAD")
    assert ("content-encoding" in head.headers, body) == (False, b"")


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        (None, None),
        (b"", None),
        (b"gzip", b"gzip"),
        (b"gzip, deflate, br", b"gzip"),
        (b"deflate", b"deflate"),
        (b"gzip;q=0, deflate", b"deflate"),
        (b"gzip;q=0.5, deflate;q=0.8", b"deflate"),
        (b"gzip;q=0", None),
        (b"*", b"gzip"),
        (b"*;q=0", None),
        (b"identity, gzip;q=0.5", None),
        (b"gzip;q=x", None),
        (b"br", None),
    ],
)
def test_an_encoding_is_chosen_by_weight(accept: bytes | None, encoding: bytes | None) -> None:
    assert negotiate(accept) == encoding


async def test_buffered_json_has_a_weak_etag_that_saves_the_body(site: Site) -> None:
    first = await site.get("/api/shelf/books")
    assert first.headers["etag"].startswith('W/"')
    again = await site.get("/api/shelf/books", headers={"if-none-match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert "content-type" not in again.headers
    assert (await site.get("/api/shelf/books", headers={"if-none-match": 'W/"other"'})).status_code == 200
    refused = await site.get("/api/shelf/books?bogus=1", headers={"if-none-match": "*"})
    assert refused.status_code == 400


async def test_streams_and_answers_that_want_none_have_no_etag(site: Site) -> None:
    assert "etag" not in (await site.get("/api/other/stream")).headers
    assert "etag" not in (await site.get("/api/other/big")).headers
    assert "etag" in (await site.get("/api/other/big?etag")).headers


async def test_an_etag_of_the_routes_own_is_kept_and_honoured(site: Site) -> None:
    answer = await site.get("/api/other/own-etag")
    assert (answer.headers["etag"], answer.headers["vary"]) == ('"mine"', "X-Own, Accept-Encoding")
    assert (await site.get("/api/other/own-etag", headers={"if-none-match": 'W/"mine"'})).status_code == 304


def test_an_etag_is_written_as_the_reference_writes_it() -> None:
    # The empty array and its ETag as the reference's framework documents it.
    assert weak_etag(b"[]") == b'W/"2-l9Fw4VUO7kr8CvBlt4zaMCqXZ0w"'


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_an_etag_is_fresh_for_its_own_content_alone(one: bytes, other: bytes) -> None:
    assert fresh(weak_etag(one), weak_etag(other)) == (one == other)


async def test_every_answer_has_the_security_headers(site: Site) -> None:
    for path in ("/api/shelf/books", "/api/shelf/nothing", "/nothing", "/.backstage/health/v1/liveness"):
        headers = (await site.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["strict-transport-security"] == "max-age=15552000; includeSubDomains"
        assert headers["x-xss-protection"] == "0"
        assert "script-src 'self' 'unsafe-eval'" in headers["content-security-policy"]


async def test_a_policy_of_the_routes_own_replaces_the_common_one(site: Site) -> None:
    assert (await site.get("/api/other/page")).headers.get_list("content-security-policy") == ["default-src 'none'"]


def test_configured_directives_replace_add_and_remove() -> None:
    policy = content_security_policy({"connect-src": ["'self'", "https:"], "img-src": ["*"], "object-src": False})
    assert b"connect-src 'self' https:" in policy
    assert b"img-src *;" in policy
    assert b"object-src" not in policy

"""Paths, methods, errors, credentials. Source: spec/catalog.md §1.1, §1.2; recorded in catalog-10 and catalog-11."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tests.app.http.site import Site, running_site


def is_no_route(answer: Any) -> bool:
    return (answer.status_code, answer.content) == (404, b"") and "content-type" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/shelf/nothing"),
        ("POST", "/api/shelf/books"),
        ("PUT", "/api/shelf/books"),
        ("PATCH", "/api/shelf/search"),
        ("GET", "/api/shelf/search"),
        ("GET", "/api/shelf/"),
        ("GET", "/api/shelf"),
        ("GET", "/api/shelf/books/a/b"),
        ("GET", "/api/shelf/unimplemented"),
        ("OPTIONS", "/api/shelf/nothing"),
        ("GET", "/api/nothing-here"),
        ("GET", "/api/nothing-here/x"),
        ("GET", "/api"),
        ("GET", "/nothing"),
    ],
)
async def test_no_route_and_wrong_method_are_a_404_without_body_and_type(site: Site, method: str, path: str) -> None:
    assert is_no_route(await site.get(path, method=method))


@pytest.mark.parametrize(
    "path", ["/api/shelf/Books", "/API/Shelf/BOOKS/", "/api/shelf//books", "/api//shelf/books", "/api/shelf/books/"]
)
async def test_paths_are_found_in_any_case_with_any_slashes(site: Site, path: str) -> None:
    assert (await site.get(path)).status_code == 200
    assert await site.message(f"{path}?bogus=1") == "Unknown query parameter 'bogus'"


@pytest.mark.parametrize(
    ("segment", "name"),
    [
        ("Some%20Name", "Some Name"),
        ("svc%2Done", "svc-one"),
        ("a%2Fb", "a/b"),
        ("%C3%A9", "é"),
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
    ],
)
async def test_segments_are_decoded_one_by_one_and_keep_their_case(site: Site, segment: str, name: str) -> None:
    assert (await site.get(f"/api/shelf/books/{segment}")).json() == {"name": name}


@pytest.mark.parametrize("segment", ["%E0%A4%A", "%ff", "%zz", "%"])
async def test_an_undecodable_segment_is_a_400_that_quotes_it_as_sent(site: Site, segment: str) -> None:
    answer = await raw_get(site, f"/api/shelf/books/{segment}".encode(), b"x=%41")
    assert answer == {
        "error": {"name": "InputError", "message": "malformed uri'"},
        "request": {"method": "GET", "url": f"/books/{segment}?x=%41"},
        "response": {"statusCode": 400},
    }


async def test_credentials_are_asked_for_before_an_undecodable_path(site: Site) -> None:
    answer = await raw_get(site, b"/api/shelf/books/%zz", b"", token=None)
    assert answer["error"]["name"] == "AuthenticationError"


async def raw_get(site: Site, path: bytes, query: bytes, *, token: str | None = "full") -> Any:
    """What httpx would correct on the way is sent as it is."""
    import orjson

    sent: list[Any] = []
    headers = [(b"authorization", b"Bearer " + token.encode())] if token else []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": path,
        "query_string": query,
        "headers": headers,
        "client": None,
    }
    await site.app(scope, receive, send)
    return orjson.loads(b"".join(message.get("body", b"") for message in sent))


async def test_fixed_names_go_before_parameters_and_rests_take_what_is_left(site: Site) -> None:
    assert (await site.get("/api/other/static/readme")).json() == "read me"
    assert (await site.get("/api/other/static/other")).json() == "static"
    assert (await site.get("/api/other/files/a/B%2Fc/d.txt")).json() == {"path": "a/B/c/d.txt"}


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ("conflict", 409, {"name": "ConflictError", "message": "taken"}),
        ("empty", 403, {"name": "NotAllowedError", "message": ""}),
        ("missing", 404, {"name": "NotFoundError", "message": "none", "code": "E1"}),
        (
            "caused",
            400,
            {
                "name": "InputError",
                "message": "outer; caused by InputError: inner",
                "cause": {"name": "InputError", "message": "inner", "line": 3},
            },
        ),
        (
            "foreign",
            400,
            {
                "name": "InputError",
                "message": "Error: not ours",
                "cause": {"name": "Error", "message": "not ours"},
            },
        ),
        ("coded", 418, {"name": "NotFoundError", "message": "teapot", "statusCode": 418}),
    ],
)
async def test_errors_have_the_references_envelope(site: Site, how: str, status: int, error: dict[str, Any]) -> None:
    answer = await site.get(f"/api/other/fail/{how}?q=a%20b&c=d")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == {
        "error": error,
        "request": {"method": "GET", "url": f"/fail/{how}?q=a%20b&c=d"},
        "response": {"statusCode": status},
    }


async def test_an_unforeseen_error_is_hidden_behind_a_number_that_the_log_has(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await site.get("/api/other/fail/else")
    assert answer.status_code == 500
    assert answer.json()["error"]["name"] == "Error"
    found = re.fullmatch(r"An internal error occurred logId=([0-9a-f]{20})", answer.json()["error"]["message"])
    assert found is not None
    assert found[1] in caplog.text
    assert "SELECT" not in answer.text


async def test_stacks_are_shown_in_development_only() -> None:
    async with running_site(development=True) as site:
        error = (await site.get("/api/other/fail/conflict")).json()["error"]
        assert "ConflictError: taken" in error["stack"]
        assert (await site.get("/api/other/fail/else")).json()["error"]["message"].startswith("SELECT")


async def test_an_error_after_the_answer_has_begun_breaks_the_connection(site: Site) -> None:
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/api/other/fail-late",
        "raw_path": b"/api/other/fail-late",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer full")],
        "client": None,
    }

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        return None

    with pytest.raises(RuntimeError, match="half way"):
        await site.app(scope, receive, send)


@pytest.mark.parametrize(
    ("path", "method", "url"),
    [
        ("/api/shelf/books", "GET", "/books"),
        ("/api/shelf/books?bogus=1", "GET", "/books?bogus=1"),
        ("/api/shelf/nothing", "GET", "/nothing"),
        ("/api/shelf/search", "POST", "/search"),
        ("/api/shelf/books", "OPTIONS", "/books"),
        ("/api/shelf", "GET", "/"),
    ],
)
async def test_credentials_are_asked_for_before_anything_else(site: Site, path: str, method: str, url: str) -> None:
    answer = await site.get(path, method=method, token=None)
    assert (answer.status_code, answer.json()) == (
        401,
        {
            "error": {"name": "AuthenticationError", "message": "Missing credentials"},
            "request": {"method": method, "url": url},
            "response": {"statusCode": 401},
        },
    )


async def test_a_401_is_as_long_as_the_recorded_one() -> None:
    async with running_site() as site:
        answer = await site.get("/api/shelf/entities", method="OPTIONS", token=None)
        assert (answer.headers["content-length"], answer.headers["vary"]) == ("151", "Accept-Encoding")


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("Basic abc", "Missing credentials"),
        ("Bearer", "Missing credentials"),
        ("Bearer full extra", "Missing credentials"),
        ("Bearer nope", "Illegal token"),
        ("Bearer limited", "Illegal token"),
    ],
)
async def test_wrong_credentials_are_a_401(site: Site, authorization: str, message: str) -> None:
    answer = await site.get("/api/shelf/books", token=None, headers={"authorization": authorization})
    assert (answer.status_code, answer.json()["error"]["message"]) == (401, message)


@pytest.mark.parametrize("authorization", ["Bearer full", "bearer full", "BEARER   full"])
async def test_the_bearer_scheme_is_read_in_any_case(site: Site, authorization: str) -> None:
    answer = await site.get("/api/shelf/books", token=None, headers={"authorization": authorization})
    assert answer.status_code == 200


async def test_a_restricted_token_is_kept_to_its_plugins(site: Site) -> None:
    answer = await site.get("/api/shelf/books", token="restricted")
    assert (answer.status_code, answer.json()["error"]["name"]) == (403, "NotAllowedError")
    assert (await site.get("/api/other/big", token="restricted")).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/other/page", 200),
        ("/API/Other/PAGE/", 200),
        ("/api/other/page/below", 401),
        ("/api/other/files/public", 200),
        ("/api/other/files/public/a/b", 200),
        ("/api/other/files/publicity", 401),
        ("/api/other/files/public%2F..%2Fsecret", 401),
        ("/api/other/files/public%2Fa", 401),
        ("/api/other/files", 401),
    ],
)
async def test_public_paths_are_open_and_their_neighbours_are_not(site: Site, path: str, status: int) -> None:
    assert (await site.get(path, token=None)).status_code == status


async def test_the_cookie_is_taken_where_it_is_allowed_and_nowhere_else(site: Site) -> None:
    cookie = {"cookie": "a=b; backstage-auth=limited"}
    assert (await site.get("/api/other/files/docs/x", token=None, headers=cookie)).status_code == 200
    assert (await site.get("/api/other/files/x", token=None, headers=cookie)).status_code == 401
    assert (await site.get("/api/other/files/docs/x", token=None)).status_code == 401


async def test_without_the_default_policy_nobody_needs_credentials_but_wrong_ones_are_refused() -> None:
    async with running_site(open_policy=True) as site:
        assert (await site.get("/api/shelf/books", token=None)).json()["caller"] == ""
        assert (await site.get("/api/shelf/books")).json()["caller"] == "external:full"
        assert (await site.get("/api/shelf/books", token="nope")).status_code == 401


async def test_head_is_get_without_its_body(site: Site) -> None:
    get, head = await site.get("/api/shelf/books"), await site.get("/api/shelf/books", method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert {k: v for k, v in head.headers.items() if k != "date"} == {
        k: v for k, v in get.headers.items() if k != "date"
    }


@pytest.mark.parametrize(
    ("path", "allow"),
    [("/api/shelf/books", "GET,HEAD"), ("/api/shelf/search", "POST"), ("/api/shelf/books/a", "GET,HEAD,DELETE")],
)
async def test_options_tells_the_methods(site: Site, path: str, allow: str) -> None:
    answer = await site.get(path, method="OPTIONS")
    assert (answer.status_code, answer.text, answer.headers["allow"]) == (200, allow, allow)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_bodies_of_routes_without_contract_are_bounded_too(site: Site) -> None:
    async def endless() -> Any:
        while True:
            yield b"x" * 1_000_000

    answer = await site.post("/api/other/echo", content=endless())
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "request entity too large")


@pytest.mark.parametrize("probe", ["readiness", "liveness"])
async def test_health_is_asked_without_credentials(site: Site, probe: str) -> None:
    answer = await site.get(f"/.backstage/health/v1/{probe}", token=None)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    head = await site.get(f"/.backstage/health/v1/{probe}", method="HEAD", token=None)
    assert (head.status_code, head.content) == (200, b"")


async def test_while_starting_requests_wait_and_readiness_says_no() -> None:
    async with running_site(started=False) as site:
        ready = await site.get("/.backstage/health/v1/readiness", token=None)
        assert (ready.status_code, ready.json()) == (
            503,
            {"message": "Backend has not started yet", "status": "error"},
        )
        assert (await site.get("/.backstage/health/v1/liveness", token=None)).status_code == 200
        late = await site.get("/api/shelf/books")
        assert (late.status_code, late.json()["error"]) == (
            503,
            {"name": "ServiceUnavailableError", "message": "Service has not started up yet"},
        )
        site.lifecycle.pause = 60
        waiting = asyncio.create_task(site.get("/api/shelf/books"))
        await asyncio.sleep(0)
        await site.app.start()
        assert (await waiting).status_code == 200


async def test_while_leaving_requests_are_served_and_readiness_says_no(site: Site) -> None:
    site.lifecycle.leaving = True
    ready = await site.get("/.backstage/health/v1/readiness", token=None)
    assert (ready.status_code, ready.json()["message"]) == (503, "Backend is shutting down")
    assert (await site.get("/api/shelf/books")).status_code == 200
    await site.app.stop()
    stopped = await site.get("/api/shelf/books")
    assert (stopped.status_code, stopped.json()["error"]["message"]) == (503, "Service is shutting down")


# ---------------------------------------------------------------- routers that are public, or stand for others


def _words(*paths: str, method: str = "GET", say: str) -> APIRouter:
    routes = APIRouter()

    async def answer(request: Request) -> Response:
        return Response(say)

    for path in paths:
        routes.add_api_route(path, answer, methods=[method])
    return routes


async def test_a_public_router_opens_its_routes_and_no_others() -> None:
    async with running_site() as site:
        site.mounts.add_root(_words("/closed", "/both", say="closed"))
        site.mounts.add_root(_words("/{path:path}", say="open"), public=True)
        site.mounts.add("other", _words("/open", say="open"), public=True)
        site.mounts.add_root(_words("/both", method="POST", say="open"), public=True)
        seen = {
            (method, path): (await site.get(path, method=method, token=None)).status_code
            for method, path in (
                ("GET", "/closed"),
                ("GET", "/both"),
                ("POST", "/both"),
                ("GET", "/closed/not"),
                ("POST", "/anywhere"),
                ("GET", "/api/other/open"),
                ("POST", "/api/other/open"),
                ("GET", "/api/other/big"),
                ("GET", "/api/nobody"),
            )
        }
    assert list(seen.values()) == [401, 401, 200, 200, 404, 200, 404, 401, 404]


@pytest.mark.parametrize("first", [True, False])
async def test_a_router_may_stand_instead_of_others_whichever_came_first(first: bool) -> None:
    async with running_site() as site:
        for instead in (first, not first):
            say = "instead" if instead else "usual"
            site.mounts.add_root(_words("/", say=say), public=True, instead=instead)
        assert (await site.get("/", token=None)).text == "instead"
        site.mounts.add_root(_words("/", say="late"), public=True, instead=True)
        assert (await site.get("/", token=None)).text == "instead"

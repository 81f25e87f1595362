"""The proxy before a real server. Source: spec/ui-backends.md §12, §18 (13)."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from prometheus_client import REGISTRY

from app.auth.credentials import caller_of
from app.database.sqlite import SqliteDatabase
from app.errors import InputError
from app.host import Host
from app.http.pipeline import Pipeline
from app.reading.outgoing import GuardedClient
from plugins.proxy.plugin import ProxyPlugin
from tests.app.reading.web_server import Asked, WebServer, reply, serving
from tests.plugins.house import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY = timedelta(days=1)
ZOE = "user:default/zoe"
SECRET = "canary-7f3a91"
ELSEWHERE = {
    "type": "static",
    "options": {"token": "token-for-elsewhere", "subject": "elsewhere"},
    "accessRestrictions": [{"plugin": "elsewhere"}],
}


class Proxied:
    def __init__(self, host: Host, client: httpx.AsyncClient, upstream: WebServer, token: str) -> None:
        self.host, self.client, self.upstream, self.token = host, client, upstream, token

    async def ask(self, path: str, method: str = "GET", **more: Any) -> tuple[httpx.Response, Asked | None]:
        """The answer, and what the target was asked, if it was."""
        before = len(self.upstream.asked)
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        answer = await self.client.request(method, f"/api/proxy{path}", headers=headers, **more)
        return answer, self.upstream.asked[-1] if len(self.upstream.asked) > before else None


def said(asked: Asked) -> bytes:
    if asked.path.endswith("/teapot"):
        return reply(b"short and stout", "418 I'm a teapot", set_cookie="a=b", x_mine="1", content_type="text/plain")
    if asked.path.endswith("/moved"):
        return reply(b"", "302 Found", location="https://elsewhere.example/")
    return reply(b'{"ok": true}', content_type="application/json", x_api_key=SECRET, server="upstream/1.0")


@asynccontextmanager
async def proxied(folder: Path, proxy: Any, **config: Any) -> AsyncIterator[Proxied]:
    database = SqliteDatabase(folder / "callboard.sqlite")
    await database.start()
    outgoing = GuardedClient()
    async with serving(said) as upstream:
        given = proxy(upstream.url) if callable(proxy) else proxy
        whole = {"proxy": given, "backend": {"auth": {"externalAccess": [ELSEWHERE]}}, **config}
        async with opened(database, whole, [ProxyPlugin()], folder=folder, outgoing=outgoing) as (host, client):
            yield Proxied(host, client, upstream, await host.auth.issue_user_token(ZOE, [ZOE]))
    await outgoing.close()
    await database.close()


def endpoints(url: str) -> dict[str, Any]:
    return {
        "endpoints": {
            "/ci": f"{url}/base",
            "/api": {
                "target": url,
                "headers": {"X-Api-Key": SECRET, "Authorization": f"Basic {SECRET}"},
                "allowedHeaders": ["X-Mine"],
            },
            "/read-only": {"target": url, "allowedMethods": ["GET"]},
            "/forward": {"target": url, "credentials": "forward", "changeOrigin": False},
            "/open": {"target": url, "credentials": "dangerously-allow-unauthenticated"},
            "/mixed": {"target": url, "pathRewrite": {"^/api/proxy/mixed/(\\d+)": "/number/$1"}},
            "/mixed/open": {"target": url, "credentials": "dangerously-allow-unauthenticated"},
            "/gone": "http://127.0.0.1:9",
        }
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxied]:
    async with proxied(tmp_path_factory.mktemp("proxy"), endpoints) as made:
        yield made


async def test_a_request_reaches_the_target_and_its_answer_comes_back(proxy: Proxied) -> None:
    answer, asked = await proxy.ask("/ci/job/x%20y?q=a%2Fb&r", "POST", json={"a": 1}, headers={"x-mine": "1"})
    assert asked is not None
    assert (asked.method, asked.target, asked.body) == ("POST", "/base/job/x%20y?q=a%2Fb&r", b'{"a":1}')
    assert asked.headers["host"] == proxy.upstream.host
    assert asked.headers["content-type"] == "application/json"
    assert not {"authorization", "cookie", "x-mine", "accept-encoding"} & set(asked.headers)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert answer.headers["content-type"] == "application/json"
    assert not {"server", "x-api-key"} & set(answer.headers)


async def test_secrets_go_to_the_target_and_nowhere_else(proxy: Proxied, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer, asked = await proxy.ask("/api/teapot", headers={"x-api-key": "guess", "x-mine": "2"})
    assert asked is not None
    assert (asked.headers["x-api-key"], asked.headers["authorization"]) == (SECRET, f"Basic {SECRET}")
    assert asked.headers["x-mine"] == "2"
    assert (answer.status_code, answer.text, answer.headers["x-mine"]) == (418, "short and stout", "1")
    assert "set-cookie" not in answer.headers
    echoed, _ = await proxy.ask("/api/x")
    assert SECRET not in str(echoed.headers) + caplog.text


async def test_redirects_are_not_followed(proxy: Proxied) -> None:
    answer, _ = await proxy.ask("/ci/moved")
    assert answer.status_code == 302 and "location" not in answer.headers


async def test_methods_that_are_not_allowed_are_not_there(proxy: Proxied) -> None:
    for method, status in (("GET", 200), ("HEAD", 404), ("DELETE", 404), ("POST", 404), ("OPTIONS", 404)):
        answer, asked = await proxy.ask("/read-only/x", method)
        assert (answer.status_code, asked is not None) == (status, status == 200), method
        assert status == 200 or answer.content == b""
    answer, asked = await proxy.ask("/ci/x", "HEAD")
    assert (answer.status_code, answer.content, asked and asked.method) == (200, b"", "HEAD")
    assert "etag" not in answer.headers


async def test_paths_are_matched_in_any_case_and_rewritten(proxy: Proxied) -> None:
    assert [(await proxy.ask(path))[1].target for path in ("/MIXED/12/x", "//mixed/12", "/ci", "/ci/")] == [  # type: ignore[union-attr]
        "/api/proxy/MIXED/12/x",
        "/number/12",
        "/base/",
        "/base/",
    ]
    assert (await proxy.ask("/unknown"))[0].status_code == 404
    assert (await proxy.ask(""))[0].status_code == 404
    assert (await proxy.ask("/cix"))[0].status_code == 404


@pytest.mark.parametrize(
    "path", ["/ci/%2e%2e/x", "/ci/a%2f..%2f..%2fx", "/ci/..%5cx", "/open/%2e%2e/x", "/ci/%252e%252e/x", "/ci/%zz"]
)
async def test_no_path_leads_out_of_the_target(proxy: Proxied, path: str) -> None:
    answer, asked = await proxy.ask(path)
    assert (answer.status_code, asked) == (400, None)


async def test_the_caller_must_be_known_unless_told_otherwise(proxy: Proxied) -> None:
    async def status(path: str, **headers: str) -> int:
        return (await proxy.client.get(f"/api/proxy{path}", headers=headers)).status_code

    auth: Any = proxy.host.auth
    limited, _ = await auth.limited_user_token(proxy.token)
    assert await status("/ci/x") == 401
    assert await status("/ci/x", authorization="Bearer nonsense") == 401
    assert await status("/ci/x", authorization=f"Bearer {limited}") == 401
    assert await status("/ci/x", cookie=f"backstage-auth={limited}") == 401
    assert await status("/ci/x", authorization="Bearer token-for-elsewhere") == 403
    assert await status("/open/x") == 200
    # `/mixed` comes first and takes what lies below it, open or not.
    assert await status("/mixed/open/x") == 401
    assert await status("/unknown") == 401
    service = await proxy.host.auth.issue_service_token("scaffolder", "proxy")
    assert await status("/ci/x", authorization=f"Bearer {service}") == 200


async def test_credentials_are_forwarded_where_told(proxy: Proxied) -> None:
    _, asked = await proxy.ask("/forward/x", headers={"host": "portal.example"})
    assert asked is not None
    assert asked.headers["authorization"] == f"Bearer {proxy.token}"
    assert asked.headers["host"] == "portal.example"
    _, asked = await proxy.ask("/open/x")
    assert asked is not None and "authorization" not in asked.headers


async def test_a_target_that_is_gone_is_a_gateway_error(proxy: Proxied) -> None:
    answer, _ = await proxy.ask("/gone/x")
    assert answer.status_code == 504
    assert answer.text == "Error occurred while trying to proxy: localhost:7007/x"
    assert answer.headers["content-type"].startswith("text/plain")
    counted = REGISTRY.get_sample_value("proxy_requests_count_total", {"endpoint": "/gone", "status": "504"})
    assert counted is not None and counted >= 1


async def test_where_the_default_policy_is_off_nobody_is_asked(tmp_path: Path) -> None:
    off = {"auth": {"dangerouslyDisableDefaultAuthPolicy": True}}
    async with proxied(tmp_path, endpoints, backend=off) as made:
        assert (await made.client.get("/api/proxy/ci/x")).status_code == 200


async def test_the_older_form_works(tmp_path: Path) -> None:
    async with proxied(tmp_path, lambda url: {"/old": {"target": url}}) as made:
        answer, asked = await made.ask("/old/x")
        assert answer.status_code == 200 and asked is not None and asked.target == "/x"


@pytest.mark.parametrize("target", ["ftp://x", "nonsense", "https://user:pass@x.example", "file:///etc/passwd"])
async def test_a_target_that_is_no_url_stops_the_start_or_is_skipped(target: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a valid URL"):
        async with proxied(tmp_path, {"endpoints": {"/x": target}}):
            raise AssertionError("it has started")
    async with proxied(tmp_path, {"endpoints": {"/x": target}, "skipInvalidProxies": True}) as made:
        assert (await made.ask("/x"))[0].status_code == 404


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + DAY)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(private + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


async def test_a_certificate_is_checked_unless_told_otherwise(tmp_path: Path) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(b"secured"))
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=self_signed(tmp_path))
    url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    given = {"endpoints": {"/checked": url, "/trusted": {"target": url, "secure": False}}}
    async with proxied(tmp_path, given) as made:
        assert (await made.ask("/checked/x"))[0].status_code == 504
        assert (await made.ask("/trusted/x"))[0].content == b"secured"
    listening.close()
    await listening.wait_closed()


class Slow:
    """A target that says one thing, waits to be let, and says another; and hears bodies piece by piece."""

    def __init__(self) -> None:
        self.may, self.heard = asyncio.Event(), asyncio.Queue[bytes]()
        self.url = ""

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while size := int((await reader.readline()).strip() or b"0", 16):
            await self.heard.put(await reader.readexactly(size))
            await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await writer.drain()
        await self.may.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        await writer.drain()
        writer.close()


async def test_bodies_are_passed_on_as_they_come(tmp_path: Path) -> None:
    slow = Slow()
    listening = await asyncio.start_server(slow.connected, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with proxied(tmp_path, {"endpoints": {"/slow": url}}) as made:
        auth: Any = made.host.auth
        pipeline = Pipeline(made.host.mounts, made.host.lifecycle, partial(caller_of, auth), security=[])
        pieces = asyncio.Queue[dict[str, Any]]()
        answers = asyncio.Queue[Any]()
        running = asyncio.create_task(pipeline(scope_of("/api/proxy/slow/x", made.token), pieces.get, answers.put))
        await pieces.put({"type": "http.request", "body": b"first", "more_body": True})
        assert await slow.heard.get() == b"first"
        await pieces.put({"type": "http.request", "body": b"second", "more_body": False})
        assert await slow.heard.get() == b"second"
        start, nothing, part = await answers.get(), await answers.get(), await answers.get()
        assert (start["status"], nothing["body"], part["body"], part["more_body"]) == (200, b"", b"one", True)
        slow.may.set()
        assert (await answers.get())["body"] == b"two"
        await running
    listening.close()
    await listening.wait_closed()


def scope_of(path: str, token: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {token}".encode()), (b"transfer-encoding", b"chunked")],
        "client": None,
    }

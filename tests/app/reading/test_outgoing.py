"""The guarded client. Sources: CVE-2026-24048, CVE-2026-32236, CVE-2026-29185 and their like."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from app.errors import InputError, NotAllowedError, ServiceUnavailableError
from app.reading.addresses import reach
from app.reading.outgoing import GuardedClient
from tests.app.reading.configuration import PlainConfig, allowing
from tests.app.reading.web_server import HANG, Asked, reply, serving

Client = Callable[..., Awaitable[GuardedClient]]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    made: list[GuardedClient] = []

    async def make(*hosts: str, names: dict[str, list[str]] | None = None) -> GuardedClient:
        async def resolve(host: str, port: int) -> list[str]:
            return (names or {}).get(host, [host])

        made.append(GuardedClient(allowing(*hosts), resolve=resolve))
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", "public"),
        ("2606:2800:220:1:248:1893:25c8:1946", "public"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("fd12::1", "private"),
        ("fec0::1", "private"),
        ("127.0.0.1", "local"),
        ("127.255.255.254", "local"),
        ("0.0.0.0", "local"),
        ("::", "local"),
        ("::1", "local"),
        ("::ffff:127.0.0.1", "local"),
        ("::ffff:10.0.0.1", "private"),
        ("::127.0.0.1", "local"),
        ("64:ff9b::7f00:1", "local"),
        ("64:ff9b::a9fe:a9fe", "never"),
        ("2002:7f00:1::", "local"),
        ("2002:a9fe:a9fe::1", "never"),
        ("169.254.169.254", "never"),
        ("::ffff:169.254.169.254", "never"),
        ("169.254.1.1", "never"),
        ("fe80::1%eth0", "never"),
        ("fd00:ec2::254", "never"),
        ("168.63.129.16", "never"),
        ("100.100.100.200", "never"),
        ("224.0.0.1", "never"),
        ("ff02::1", "never"),
        ("240.0.0.1", "never"),
        ("255.255.255.255", "never"),
    ],
)
def test_how_far_an_address_reaches(address: str, expected: str) -> None:
    assert reach(address) == expected


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
    ],
)
async def test_loopback_is_refused_however_it_is_spelt(host: str) -> None:
    async with serving(lambda _: reply(b"inner secret")) as server:
        # The system's own resolver: it is the one that reads decimal and octal forms.
        client = GuardedClient(PlainConfig())
        with pytest.raises((NotAllowedError, InputError, ServiceUnavailableError)):
            await client.request("GET", f"http://{host}:{server.port}/")
        await client.close()
        assert server.asked == []


async def test_a_name_that_leads_to_an_inner_address_is_refused(client: Client) -> None:
    async with serving(lambda _: reply(b"inner secret")) as server:
        guarded = await client(names={"evil.example": ["127.0.0.1"]})
        with pytest.raises(NotAllowedError):
            await guarded.request("GET", f"http://evil.example:{server.port}/")
        assert server.asked == []


async def test_one_inner_address_among_public_ones_condemns_a_name(client: Client) -> None:
    guarded = await client(names={"evil.example": ["93.184.216.34", "10.0.0.1"]})
    with pytest.raises(NotAllowedError):
        await guarded.request("GET", "http://evil.example/")


async def test_the_checked_address_is_the_one_that_is_dialled() -> None:
    """DNS rebinding: the second answer of the name server must not matter."""
    async with serving(lambda _: reply(b"mirror")) as server:
        answers = iter([["127.0.0.1"], ["169.254.169.254"]])

        async def resolve(host: str, port: int) -> list[str]:
            return next(answers)

        client = GuardedClient(allowing(f"mirror.example:{server.port}"), resolve=resolve)
        response = await client.request("GET", f"http://mirror.example:{server.port}/")
        await client.close()
        assert response.content == b"mirror"
        assert server.asked[0].headers["host"] == f"mirror.example:{server.port}"


async def test_a_configured_host_may_be_an_inner_one(client: Client) -> None:
    async with serving(lambda _: reply(b"mine")) as server:
        guarded = await client(server.host)
        assert (await guarded.request("GET", f"{server.url}/x")).content == b"mine"


async def test_another_port_of_a_configured_host_is_not_vouched_for(client: Client) -> None:
    async with serving(lambda _: reply(b"inner secret")) as server:
        guarded = await client("127.0.0.1:1")
        with pytest.raises(NotAllowedError):
            await guarded.request("GET", server.url)


async def test_a_wildcard_vouches_for_private_addresses_but_not_for_loopback(client: Client) -> None:
    async with serving(lambda _: reply(b"inner secret")) as server:
        guarded = await client(f"*.corp.example:{server.port}", names={"a.corp.example": ["127.0.0.1"]})
        with pytest.raises(NotAllowedError):
            await guarded.request("GET", f"http://a.corp.example:{server.port}/")


async def test_metadata_is_refused_even_under_a_configured_name(client: Client) -> None:
    guarded = await client("metadata.example", names={"metadata.example": ["169.254.169.254"]})
    with pytest.raises(NotAllowedError):
        await guarded.request("GET", "http://metadata.example/latest/meta-data/")


async def test_a_redirect_to_an_inner_host_is_refused(client: Client) -> None:
    async with serving(lambda _: reply(b"inner secret")) as inner:
        target = f"http://inner.example:{inner.port}/"
        async with serving(lambda _: reply(status="302 Found", location=target)) as server:
            guarded = await client(server.host, names={"inner.example": ["127.0.0.1"]})
            with pytest.raises(NotAllowedError):
                await guarded.request("GET", server.url, max_redirects=5)
        assert inner.asked == []


async def test_a_redirect_is_vetted_like_the_first_url(client: Client) -> None:
    async with serving(lambda _: reply(b"other")) as other:
        async with serving(lambda _: reply(status="302 Found", location=other.url)) as server:
            guarded = await client(server.host, other.host)
            with pytest.raises(NotAllowedError):
                await guarded.request("GET", server.url, max_redirects=5, allow=lambda url: url.startswith(server.url))
        assert other.asked == []


async def test_credentials_do_not_follow_a_redirect_to_another_host(client: Client) -> None:
    async with serving(lambda _: reply(b"other")) as other:
        async with serving(lambda _: reply(status="302 Found", location=other.url)) as server:
            guarded = await client(server.host, other.host)
            sent = {"authorization": "token t", "PRIVATE-TOKEN": "t", "cookie": "c=1", "accept": "a/b"}
            await guarded.request("GET", server.url, headers=sent, max_redirects=5)
        assert server.asked[0].headers["private-token"] == "t"
        kept = other.asked[0].headers
        assert kept["accept"] == "a/b"
        assert not {"authorization", "private-token", "cookie"} & set(kept)


async def test_redirects_end(client: Client) -> None:
    async with serving(lambda _: reply(status="302 Found", location="/again")) as server:
        guarded = await client(server.host)
        with pytest.raises(NotAllowedError, match="Too many redirects"):
            await guarded.request("GET", server.url, max_redirects=5)
        assert len(server.asked) == 6


async def test_a_redirect_is_an_answer_when_none_may_be_followed(client: Client) -> None:
    async with serving(lambda _: reply(status="302 Found", location="http://127.0.0.1:1/")) as server:
        guarded = await client(server.host)
        assert (await guarded.request("GET", server.url)).status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "/a/%2e%2e/b",
        "/a/%2E%2e%2Fb",
        "/a/..%2fb",
        "/a%2F..%2Fb",
        "/a/%252e%252e/b",
        "/a%252F..%252Fb",
        "/a%5c..%5cb",
        "/a%00b",
        "/%" + "25" * 20 + "2e",
    ],
)
async def test_hidden_dot_segments_never_leave_the_house(client: Client, path: str) -> None:
    """With the server's token on it, such a URL reads another API than the one that was checked."""
    async with serving(lambda _: reply(b"other API")) as server:
        guarded = await client(server.host)
        with pytest.raises(InputError):
            await guarded.request("GET", server.url + path, headers={"authorization": "token t"})
        assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://user:password@{host}/",
        "http://{host}\\@evil.example/",
        "ftp://{host}/",
        "file:///etc/passwd",
        "gopher://{host}/",
        "http:///x",
        "//{host}/",
        "http://{host}/a b",
        "http://{host}/\r\nx: y",
        "unix:///var/run/x",
    ],
)
async def test_urls_that_parsers_could_read_differently_are_refused(client: Client, url: str) -> None:
    async with serving(lambda _: reply(b"x")) as server:
        guarded = await client(server.host)
        with pytest.raises(InputError):
            await guarded.request("GET", url.format(host=server.host))
        assert server.asked == []


async def test_an_endless_answer_is_cut_off(client: Client) -> None:
    async with serving(lambda _: reply(b"x" * 100_000)) as server:
        guarded = await client(server.host)
        with pytest.raises(InputError, match="larger than 50000 bytes"):
            await guarded.request("GET", server.url, max_bytes=50_000)


async def test_a_compressed_answer_is_measured_unpacked(client: Client) -> None:
    bomb = gzip.compress(b"\x00" * 30_000_000)
    async with serving(lambda _: reply(bomb, content_encoding="gzip")) as server:
        guarded = await client(server.host)
        with pytest.raises(InputError, match="larger"):
            await guarded.request("GET", server.url, max_bytes=1_000_000)
        response = await guarded.request("GET", server.url, max_bytes=30_000_000)
        assert len(response.content) == 30_000_000


async def test_a_compressed_answer_is_never_unpacked_further_than_allowed(client: Client) -> None:
    bomb = gzip.compress(b"\x00" * 100_000_000)  # one chunk of the network is dozens of megabytes unpacked
    async with serving(lambda _: reply(bomb, content_encoding="gzip")) as server:
        guarded = await client(server.host)
        tracemalloc.start()
        try:
            with pytest.raises(InputError, match="larger"):
                await guarded.request("GET", server.url, max_bytes=1_000_000)
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()


async def test_half_an_answer_is_no_answer(client: Client) -> None:
    async with serving(lambda _: reply(b"half", content_length="8")) as server:
        guarded = await client(server.host)
        with pytest.raises(ServiceUnavailableError):
            await guarded.request("GET", server.url)


async def test_half_a_compressed_answer_is_no_answer(client: Client) -> None:
    packed = gzip.compress(b"whole" * 1000)[:-12]
    async with serving(lambda _: reply(packed, content_encoding="gzip")) as server:
        guarded = await client(server.host)
        with pytest.raises(ServiceUnavailableError):
            await guarded.request("GET", server.url)


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n"])
async def test_no_proper_answer_is_said_so(client: Client, said: bytes) -> None:
    async with serving(lambda _: said) as server:
        guarded = await client(server.host)
        with pytest.raises(ServiceUnavailableError):
            await guarded.request("GET", server.url)


async def test_a_host_that_never_answers_is_given_up(client: Client) -> None:
    async with serving(lambda _: HANG) as server:
        guarded = await client(server.host)
        with pytest.raises(ServiceUnavailableError, match=r"within 0\.2 seconds"):
            await guarded.request("GET", server.url, timeout=0.2)


async def test_nothing_listening_is_said_so(client: Client) -> None:
    guarded = await client("127.0.0.1:1")
    with pytest.raises(ServiceUnavailableError):
        await guarded.request("GET", "http://127.0.0.1:1/")


async def test_proxies_of_the_environment_are_not_used(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(lambda _: reply(b"proxy")) as proxy, serving(lambda _: reply(b"direct")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        guarded = await client(server.host)
        assert (await guarded.request("GET", server.url)).content == b"direct"


async def test_errors_do_not_show_what_a_query_holds(client: Client) -> None:
    guarded = await client("127.0.0.1:1")
    with pytest.raises(ServiceUnavailableError) as caught:
        await guarded.request("GET", "http://127.0.0.1:1/x?private_token=hush")
    assert "hush" not in str(caught.value)


async def test_a_body_is_sent_as_given(client: Client) -> None:
    async with serving(lambda _: reply(b"")) as server:
        guarded = await client(server.host)
        await guarded.request("POST", f"{server.url}/p?q=1", content=b'{"a":1}', headers={"content-type": "a/json"})
        asked: Asked = server.asked[0]
        assert (asked.method, asked.target, asked.body) == ("POST", "/p?q=1", b'{"a":1}')


async def test_a_trusted_url_vouches_for_its_host_and_port(client: Client) -> None:
    async with serving(lambda _: reply(b"mine")) as server:
        guarded = await client()
        guarded.trust(f"{server.url}/api/v4")
        assert (await guarded.request("GET", server.url)).content == b"mine"

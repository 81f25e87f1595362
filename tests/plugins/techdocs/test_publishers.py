"""Sites on disk and in S3 (a real server of its protocol)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from botocore.session import Session
from moto.server import ThreadedMotoServer

from app.errors import CallboardError, InputError, NotAllowedError, NotFoundError, ServiceUnavailableError
from app.reading.outgoing import GuardedClient
from plugins.techdocs.interfaces import Publisher, Site, StoredFile
from plugins.techdocs.publishing.cached import CachedPublisher
from plugins.techdocs.publishing.choice import Publishers
from plugins.techdocs.publishing.local import LocalPublisher
from plugins.techdocs.settings import (
    AwsSettings,
    IntegrationSettings,
    PublisherSettings,
    S3Settings,
)
from tests.app.auth.world import SetClock
from tests.app.reading.web_server import Asked, reply, serving
from tests.plugins.techdocs.sites import SITE, STAMP, built_site

KEYS = {"accessKeyId": "AKIAEXAMPLE", "secretAccessKey": "canary-secret"}
OTHER = Site("lines", "component", "night-train-2")


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@asynccontextmanager
async def publishers(
    folder: Path, *, aws_settings: dict[str, Any] | None = None, integrations: dict[str, Any] | None = None
) -> AsyncIterator[Publishers]:
    outgoing = GuardedClient()
    yield Publishers(
        AwsSettings.model_validate(aws_settings or {}),
        IntegrationSettings.model_validate(integrations or {}),
        outgoing=outgoing,
        clock=SetClock(),
        data_dir=folder,
        others={},
    )
    await outgoing.close()


def s3_settings(aws: str, bucket: str, **more: Any) -> S3Settings:
    given = {"endpoint": aws, "bucketName": bucket, "s3ForcePathStyle": True, "credentials": KEYS, "maxAttempts": 2}
    return S3Settings.model_validate({**given, **more})


def new_bucket(aws: str) -> str:
    bucket = f"docs-{uuid4().hex}"
    assert httpx.put(f"{aws}/{bucket}").is_success
    return bucket


@pytest.fixture(params=["local", "S3", "S3 below a root"])
async def publisher(request: pytest.FixtureRequest, aws: str, tmp_path: Path) -> AsyncIterator[Publisher]:
    async with publishers(tmp_path) as known:
        if request.param == "local":
            made = known.of(PublisherSettings())
        else:
            root = "/backstage/docs/" if "root" in request.param else ""
            made = known.of(
                PublisherSettings(
                    type="awsS3", aws_s3=s3_settings(aws, new_bucket(aws), bucketRootPath=root, sse="AES256")
                )
            )
        await made.ready()
        yield made


async def content(found: StoredFile | None) -> bytes:
    assert found is not None
    if found.path is not None:
        return await asyncio.to_thread(found.path.read_bytes)
    assert found.chunks is not None
    return b"".join([chunk async for chunk in found.chunks])


async def test_a_published_site_is_there_as_it_was_built(publisher: Publisher, tmp_path: Path) -> None:
    assert not await publisher.has_site(SITE)
    with pytest.raises(NotFoundError):
        await publisher.metadata(SITE)
    site = built_site(tmp_path / "site")
    files = await publisher.publish(SITE, site)
    assert sorted(files) == sorted(str(p.relative_to(site)) for p in site.rglob("*") if p.is_file())
    assert await publisher.has_site(SITE)
    assert (await publisher.metadata(SITE))["build_timestamp"] == STAMP
    for path in files:
        found = await publisher.open(SITE, path)
        assert found is not None and found.size == (site / path).stat().st_size
        assert await content(found) == (site / path).read_bytes(), path
    assert await publisher.open(SITE, "nothing.html") is None
    assert await publisher.open(SITE, "stops") is None
    assert not await publisher.has_site(OTHER)


async def test_what_a_site_has_no_more_is_removed_and_its_neighbours_stay(publisher: Publisher, tmp_path: Path) -> None:
    await publisher.publish(SITE, built_site(tmp_path / "old", gone_0_html="gone"))
    await publisher.publish(OTHER, built_site(tmp_path / "other", gone_0_html="kept"))
    assert await publisher.open(SITE, "gone.html") is not None
    await publisher.publish(SITE, built_site(tmp_path / "new", stamp=STAMP + 1, added_0_html="new"))
    assert await publisher.open(SITE, "gone.html") is None
    assert await content(await publisher.open(SITE, "added.html")) == b"new"
    assert (await publisher.metadata(SITE))["build_timestamp"] == STAMP + 1
    assert await content(await publisher.open(OTHER, "gone.html")) == b"kept"


async def test_links_in_a_built_site_are_not_published(publisher: Publisher, tmp_path: Path) -> None:
    site = built_site(tmp_path / "site")
    (site / "passwd.txt").symlink_to("/etc/passwd")
    with pytest.raises(NotAllowedError):
        await publisher.publish(SITE, site)
    assert not await publisher.has_site(SITE)


async def test_reading_is_bounded(publisher: Publisher, tmp_path: Path) -> None:
    await publisher.publish(SITE, built_site(tmp_path / "site"))
    assert await publisher.read(SITE, "assets/logo.png", max_bytes=4) == b"\x89PNG"
    with pytest.raises(InputError):
        await publisher.read(SITE, "index.html", max_bytes=4)
    with pytest.raises(NotFoundError):
        await publisher.read(SITE, "nothing", max_bytes=4)


async def test_metadata_that_makes_no_sense_counts_as_none(publisher: Publisher, tmp_path: Path) -> None:
    site = built_site(tmp_path / "site")
    for odd in ("[1]", "{"):
        (site / "techdocs_metadata.json").write_text(odd)
        await publisher.publish(SITE, site)
        with pytest.raises(NotFoundError):
            await publisher.metadata(SITE)


# ------------------------------------------------------------------------------------------------------- on disk


async def test_a_site_on_disk_is_never_half_there(tmp_path: Path) -> None:
    publisher = LocalPublisher(tmp_path / "docs")
    await publisher.ready()
    old, new = built_site(tmp_path / "old"), built_site(tmp_path / "new", index_0_html="new")
    await publisher.publish(SITE, old)
    (new / "broken").symlink_to("nowhere")
    with pytest.raises(NotAllowedError):
        await publisher.publish(SITE, new)
    assert b"Night train" in await content(await publisher.open(SITE, "index.html"))
    assert sorted(path.name for path in (tmp_path / "docs").iterdir()) == ["lines"]


async def test_links_below_the_published_folder_are_not_followed(tmp_path: Path) -> None:
    publisher = LocalPublisher(tmp_path / "docs")
    await publisher.publish(SITE, built_site(tmp_path / "site"))
    place = tmp_path / "docs" / SITE.prefix
    (place / "etc").symlink_to("/etc")
    (place / "passwd").symlink_to("/etc/passwd")
    for path in ("etc/passwd", "passwd", "../night-train/index.html", "index.html/x", "a\0b", "stops/../../x"):
        assert await publisher.open(SITE, path) is None, path
    assert await publisher.is_folder(SITE, "stops")
    assert not await publisher.is_folder(SITE, "etc")


# --------------------------------------------------------------------------------------------------------- in S3


async def test_a_bucket_that_is_not_there_is_told_at_the_start(
    aws: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with publishers(tmp_path) as known:
        publisher = known.s3(s3_settings(aws, "no-such-bucket"), pause=0)
        with caplog.at_level(logging.ERROR):
            await publisher.ready()
        assert "no-such-bucket" in caplog.text and "404" in caplog.text
        with pytest.raises(ServiceUnavailableError, match="404"):
            await publisher.publish(SITE, built_site(tmp_path / "site"))
        assert not await publisher.has_site(SITE)


async def test_a_key_never_leaves_the_root(aws: str, tmp_path: Path) -> None:
    """CVE-2024-45816."""
    async with publishers(tmp_path) as known:
        publisher = known.s3(s3_settings(aws, "x", bucketRootPath="docs"))
        for path in ("../../../other", "a/../b", "./x"):
            with pytest.raises(NotAllowedError):
                await publisher.open(SITE, path)


async def test_a_busy_service_is_asked_again(tmp_path: Path) -> None:
    answers = [reply(b"", "503 Slow Down"), reply(b"", "500 Oops"), reply(b"")]
    async with serving(lambda _: answers.pop(0)) as server, publishers(tmp_path) as known:
        publisher = known.s3(s3_settings(server.url, "docs", maxAttempts=3), pause=0.01)
        assert await publisher.has_site(SITE)
        assert [asked.method for asked in server.asked] == ["HEAD"] * 3
        assert "canary-secret" not in str(server.asked)


async def test_requests_are_signed_and_name_the_bucket_in_the_host_unless_told_otherwise(tmp_path: Path) -> None:
    async with serving(lambda _: reply(b"")) as server, publishers(tmp_path) as known:
        settings = s3_settings(server.url.replace("127.0.0.1", "localhost"), "docs", s3ForcePathStyle=False)
        with pytest.raises(CallboardError):
            # The name docs.localhost need not resolve; that it is asked for is what counts.
            await known.s3(settings.model_copy(update={"max_attempts": 1})).metadata(SITE)
        publisher = known.s3(s3_settings(server.url, "docs", sse="aws:kms", region="eu-north-1"))
        await publisher.has_site(SITE)
    headers = server.asked[-1].headers
    assert "/eu-north-1/s3/aws4_request" in headers["authorization"]
    assert server.asked[-1].target == "/docs/lines/component/night-train/index.html"


@pytest.fixture
def demanding(aws: str) -> Iterator[dict[str, str]]:
    """The keys of a user, at a time when the server checks every signature."""
    session = Session()
    session.set_credentials("any", "any")
    iam = session.create_client("iam", "us-east-1", endpoint_url=aws)
    iam.create_user(UserName="train")
    key = iam.create_access_key(UserName="train")["AccessKey"]
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="train", PolicyName="all", PolicyDocument=json.dumps(everything))
    assert httpx.post(f"{aws}/moto-api/reset-auth", content=b"0").is_success
    yield {"accessKeyId": key["AccessKeyId"], "secretAccessKey": key["SecretAccessKey"]}
    assert httpx.post(f"{aws}/moto-api/reset-auth", content=b"inf").is_success
    iam.close()


async def test_signatures_hold_whatever_the_names(aws: str, demanding: dict[str, str], tmp_path: Path) -> None:
    bucket = await asyncio.to_thread(signed_bucket, aws, demanding)
    more = {"bucketRootPath": "a b+c", "credentials": demanding}
    async with publishers(tmp_path) as known:
        publisher = known.s3(s3_settings(aws, bucket, **more))
        site = built_site(tmp_path / "site", **{"sub__ü&=?#%41_0_txt": "odd"})  # type: ignore[arg-type]
        files = await publisher.publish(SITE, site)
        assert "sub/ü&=?#%41.txt" in files
        for path in files:
            assert await content(await publisher.open(SITE, path)) == (site / path).read_bytes(), path
        await publisher.publish(SITE, built_site(tmp_path / "other"))
        assert await publisher.open(SITE, "sub/ü&=?#%41.txt") is None
        wrong = {**demanding, "secretAccessKey": "another"}
        with pytest.raises(ServiceUnavailableError, match="403"):
            await known.s3(s3_settings(aws, bucket, credentials=wrong)).publish(SITE, site)


def signed_bucket(aws: str, keys: dict[str, str]) -> str:
    bucket, session = f"docs-{uuid4().hex}", Session()
    session.set_credentials(keys["accessKeyId"], keys["secretAccessKey"])
    client = session.create_client("s3", "us-east-1", endpoint_url=aws)
    client.create_bucket(Bucket=bucket)
    client.close()
    return bucket


CREDENTIALS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, str], str]] = [
    (
        "the environment",
        {"credentials": {}},
        {},
        {},
        {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s"},
        "AKENV",
    ),
    (
        "an account",
        {"accountId": "111", "credentials": {}},
        {"accounts": [{"accountId": "111", "accessKeyId": "AKACC", "secretAccessKey": "s"}]},
        {},
        {},
        "AKACC",
    ),
    (
        "the one integration",
        {"credentials": {}},
        {},
        {"awsS3": [{"accessKeyId": "AKINT", "secretAccessKey": "s"}]},
        {},
        "AKINT",
    ),
    (
        "the integration of that key",
        {"credentials": {"accessKeyId": "AKB"}},
        {},
        {"awsS3": [{"accessKeyId": key, "secretAccessKey": "s"} for key in ("AKA", "AKB")]},
        {},
        "AKB",
    ),
]


@pytest.mark.parametrize(("where", "s3", "aws_settings", "integrations", "env", "key"), CREDENTIALS)
async def test_credentials_are_found(
    where: str,
    s3: dict[str, Any],
    aws_settings: dict[str, Any],
    integrations: dict[str, Any],
    env: dict[str, str],
    key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    async with (
        serving(lambda _: reply(b"")) as server,
        publishers(tmp_path, aws_settings=aws_settings, integrations=integrations) as known,
    ):
        await known.s3(s3_settings(server.url, "docs", **s3)).has_site(SITE)
    assert f"Credential={key}/" in server.asked[0].headers["authorization"], where


ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Result><Credentials>
<AccessKeyId>AKTEMP</AccessKeyId><SecretAccessKey>temp</SecretAccessKey><SessionToken>session-1</SessionToken>
<Expiration>2030-01-31T13:00:00Z</Expiration></Credentials></Result></AssumeRoleResponse>"""


@pytest.mark.parametrize("how", ["a role", "an account's role", "a web identity"])
async def test_temporary_credentials_are_taken_once_and_used(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Asked) -> bytes:
        return reply(ASSUMED.encode()) if asked.method == "POST" else reply(b"")

    s3: dict[str, Any] = {"credentials": {**KEYS, "roleArn": "arn:aws:iam::1:role/docs"}}
    accounts: dict[str, Any] = {}
    if how == "an account's role":
        s3 = {"accountId": "42", "credentials": {}}
        accounts = {"accountDefaults": {"roleName": "docs"}, "mainAccount": KEYS}
    elif how == "a web identity":
        (tmp_path / "token").write_text("jwt-of-the-pod")
        s3 = {"credentials": {}}
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/docs")
    async with serving(answer) as server, publishers(tmp_path, aws_settings=accounts) as known:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
        publisher = known.s3(s3_settings(server.url, "docs", **s3))
        await publisher.has_site(SITE)
        await publisher.has_site(SITE)
    assert [asked.method for asked in server.asked] == ["POST", "HEAD", "HEAD"]
    form = server.asked[0].body.decode()
    assert "role%2Fdocs" in form
    assert ("jwt-of-the-pod" in form) == (how == "a web identity")
    assert ("authorization" in server.asked[0].headers) == (how != "a web identity")
    assert server.asked[1].headers["x-amz-security-token"] == "session-1"


async def test_without_credentials_the_error_says_where_to_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    async with publishers(tmp_path) as known:
        with pytest.raises(InputError, match=r"aws\.accounts"):
            await known.s3(s3_settings("http://127.0.0.1:1", "docs", credentials={})).has_site(SITE)
        with pytest.raises(InputError, match="'777'"):
            await known.s3(s3_settings("http://127.0.0.1:1", "docs", accountId="777")).has_site(SITE)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (PublisherSettings(type="googleGcs"), "no publisher 'googleGcs'"),
        (PublisherSettings(type="awsS3"), "bucketName"),
        (PublisherSettings(type="awsS3", aws_s3=S3Settings(bucket_name="a/b")), "not the name of a bucket"),
        (
            PublisherSettings(type="awsS3", aws_s3=S3Settings(bucket_name="a", endpoint="s3.example")),
            "must be a URL",
        ),
    ],
)
async def test_settings_that_cannot_work_are_refused(given: PublisherSettings, problem: str, tmp_path: Path) -> None:
    async with publishers(tmp_path) as known:
        with pytest.raises(InputError, match=problem):
            known.of(given)


# ------------------------------------------------------------------------------------------------------- the cache


class Counting:
    """Counts what the cache lets through."""

    def __init__(self, inner: Publisher) -> None:
        self._inner, self.opened = inner, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def open(self, site: Site, path: str) -> StoredFile | None:
        self.opened += 1
        found = await self._inner.open(site, path)
        return None if found is None else replace(found, path=None, chunks=self._chunks(await content(found)))

    async def _chunks(self, whole: bytes) -> AsyncIterator[bytes]:
        yield whole


async def nothing_said(_prefix: str) -> None:
    """Nobody else is there."""


async def test_a_cache_answers_until_time_or_a_publication_ends_it(tmp_path: Path) -> None:
    clock, inner = SetClock(), Counting(LocalPublisher(tmp_path / "docs"))
    cache = CachedPublisher(inner, clock, ttl=timedelta(minutes=5), megabytes=1, published=nothing_said)
    await cache.publish(SITE, built_site(tmp_path / "site"))

    async def opened() -> int:
        assert await content(await cache.open(SITE, "assets/main.css")) == b"h1 { color: navy }"
        return inner.opened

    assert [await opened(), await opened()] == [1, 1]
    clock.move(minutes=6)
    assert await opened() == 2
    await cache.publish(SITE, built_site(tmp_path / "site"))
    assert [await opened(), await opened()] == [3, 3]
    cache.invalidate(SITE.prefix)
    assert await opened() == 4


async def test_a_cache_notices_what_ci_has_published(tmp_path: Path) -> None:
    store = LocalPublisher(tmp_path / "docs")
    cache = CachedPublisher(Counting(store), SetClock(), ttl=timedelta(hours=1), megabytes=1, published=nothing_said)
    await store.publish(SITE, built_site(tmp_path / "site", page_0_html="old"))
    await cache.metadata(SITE)
    assert await content(await cache.open(SITE, "page.html")) == b"old"
    assert not await cache.refreshed(SITE)
    await store.publish(SITE, built_site(tmp_path / "site", stamp=STAMP + 5, page_0_html="new"))
    assert await content(await cache.open(SITE, "page.html")) == b"old"
    assert await cache.refreshed(SITE)
    assert await content(await cache.open(SITE, "page.html")) == b"new"
    assert not await cache.refreshed(SITE)


async def test_a_cache_keeps_to_its_memory(tmp_path: Path) -> None:
    inner = Counting(LocalPublisher(tmp_path / "docs"))
    cache = CachedPublisher(inner, SetClock(), ttl=timedelta(hours=1), megabytes=1, published=nothing_said)
    names: dict[str, Any] = {f"file{number}_0_txt": "x" * 400_000 for number in range(4)}
    await cache.publish(SITE, built_site(tmp_path / "site", **names, huge_0_txt="x" * 2_000_000))
    for number in (0, 1, 2, 3, 3, 2):
        await content(await cache.open(SITE, f"file{number}.txt"))
    assert inner.opened == 4
    await content(await cache.open(SITE, "file0.txt"))
    assert inner.opened == 5
    for _ in range(2):
        assert len(await content(await cache.open(SITE, "huge.txt"))) == 2_000_000
    assert inner.opened == 7

"""Repositories of three organizations, from the first scan to the last webhook, whatever their order.

The journey of three hundred is at the emulator: test_emulator.py. Source: issue 5.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.plugins.github.fake import FakeGithub, fake_github
from tests.plugins.github.fake.world import Repo
from tests.plugins.github.portal import Portal, descriptor, portal

ORGS = ("acme", "globex", "initech")
EACH = 25
MANUAL = {"schedule": {"frequency": {"trigger": "manual"}, "timeout": {"minutes": 5}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def github(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FakeGithub]:
    async with fake_github(tmp_path_factory.mktemp("git")) as fake:
        for org in ORGS:
            fake.world.add_org(org)
            for number in range(EACH):
                name = f"{org}-{number}"
                fake.world.add_repo(org, name, {"catalog-info.yaml": descriptor(name)}, hook=False)
        fake.world.take_hooks()
        yield fake


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(github: FakeGithub, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Portal]:
    providers = {"github": {org: {"organization": org, "host": github.host, **MANUAL} for org in ORGS}}
    folder = tmp_path_factory.mktemp("portal")
    async with portal(github, folder, providers) as opened:
        for org in ORGS:
            await opened.refresh(f"github-provider:{org}")
        await opened.until_counted(3 * EACH)
        yield opened


pytestmark = pytest.mark.asyncio(loop_scope="module")


def repo(github: FakeGithub, name: str) -> Repo:
    found = github.world.repo(name.partition("-")[0], name)
    assert found is not None
    return found


async def uid(running: Portal, name: str) -> str:
    return str((await running.components())[name]["metadata"]["uid"])


def place(entity: Any) -> str:
    return str(entity["metadata"]["annotations"]["backstage.io/managed-by-location"])


async def test_what_is_found_says_where_it_comes_from(running: Portal, github: FakeGithub) -> None:
    annotations = (await running.components())["acme-7"]["metadata"]["annotations"]
    assert (
        annotations["backstage.io/managed-by-location"] == f"url:{github.url}/acme/acme-7/tree/main/catalog-info.yaml"
    )
    assert annotations["backstage.io/source-location"] == f"url:{github.url}/acme/acme-7/tree/main/"
    (location,) = await running.entities(
        filter=f"kind=location,spec.target={github.url}/acme/acme-7/blob/main/catalog-info.yaml"
    )
    assert location["metadata"]["name"].startswith("generated-") and location["spec"]["presence"] == "optional"


async def test_a_push_is_seen_within_a_second_of_its_delivery(running: Portal, github: FakeGithub) -> None:
    github.world.push(repo(github, "acme-1"), {"catalog-info.yaml": descriptor("acme-1", version=2)})
    took = time.perf_counter()
    await running.deliver_all()
    await running.until_components(lambda found: found["acme-1"]["spec"].get("version") == 2)
    # One second is the promise; a busy machine that runs the tests gets more.
    assert time.perf_counter() - took < 5


async def test_a_new_repository_appears_with_its_first_push(running: Portal, github: FakeGithub) -> None:
    github.world.add_repo("acme", "acme-new", {"README.md": "soon"})
    await running.deliver_all()
    github.world.push(repo(github, "acme-new"), {"catalog-info.yaml": descriptor("acme-new")})
    await running.deliver_all()
    await running.until_components(lambda found: "acme-new" in found)


async def test_a_renamed_repository_keeps_its_entities(running: Portal, github: FakeGithub) -> None:
    before = await uid(running, "acme-2")
    renamed = repo(github, "acme-2")
    github.world.rename_repo(renamed, "acme-two")
    await running.deliver_all()
    await running.until_components(lambda found: "acme-2" in found and "/acme-two/" in place(found["acme-2"]))
    assert await uid(running, "acme-2") == before


async def test_a_transferred_repository_keeps_its_entities_in_the_other_organization(
    running: Portal, github: FakeGithub
) -> None:
    before = await uid(running, "acme-3")
    github.world.transfer_repo(repo(github, "acme-3"), "globex")
    await running.deliver_all()
    await running.until_components(lambda found: "acme-3" in found and "/globex/" in place(found["acme-3"]))
    assert await uid(running, "acme-3") == before


async def test_an_archived_repository_goes_and_comes_back(running: Portal, github: FakeGithub) -> None:
    github.world.archive_repo(repo(github, "acme-4"))
    await running.deliver_all()
    await running.until_components(lambda found: "acme-4" not in found)
    github.world.archive_repo(repo(github, "acme-4"), False)
    await running.deliver_all()
    await running.until_components(lambda found: "acme-4" in found)


async def test_a_deleted_repository_goes(running: Portal, github: FakeGithub) -> None:
    github.world.delete_repo(repo(github, "acme-5"))
    await running.deliver_all()
    await running.until_components(lambda found: "acme-5" not in found)


async def test_a_descriptor_that_is_taken_away_takes_its_entities_along(running: Portal, github: FakeGithub) -> None:
    github.world.push(repo(github, "acme-6"), {"catalog-info.yaml": None, "README.md": "bare"})
    await running.deliver_all()
    await running.until_components(lambda found: "acme-6" not in found)


async def test_deliveries_in_the_wrong_order_and_twice_end_as_they_should(running: Portal, github: FakeGithub) -> None:
    gone, renamed = repo(github, "acme-8"), repo(github, "acme-9")
    before = await uid(running, "acme-9")
    github.world.push(gone, {"catalog-info.yaml": descriptor("acme-8", version=3)})
    github.world.delete_repo(gone)
    github.world.rename_repo(renamed, "acme-nine")
    github.world.rename_repo(renamed, "acme-neun")
    hooks = github.world.take_hooks()
    for number in (1, 0, 3, 2, 1, 3):
        event, payload = hooks[number]
        await running.deliver(event, payload, delivery=f"odd-{number}")
    for event, payload in hooks:  # and all of them again, as new deliveries
        await running.deliver(event, payload)
    await running.until_components(
        lambda found: "acme-8" not in found and "acme-9" in found and "/acme-neun/" in place(found["acme-9"])
    )
    assert await uid(running, "acme-9") == before
    await running.settled()
    assert "acme-8" not in await running.components()


async def test_a_name_that_is_used_again_is_another_repository(running: Portal, github: FakeGithub) -> None:
    moved = repo(github, "acme-10")
    github.world.rename_repo(moved, "acme-ten")
    late = github.world.take_hooks()
    github.world.add_repo("acme", "acme-10", {"catalog-info.yaml": descriptor("acme-10-again")})
    await running.deliver_all()
    for event, payload in late:
        await running.deliver(event, payload)
    await running.until_components(
        lambda found: "acme-10-again" in found and "acme-10" in found and "/acme-ten/" in place(found["acme-10"])
    )


async def test_a_scan_follows_what_no_webhook_told(running: Portal, github: FakeGithub) -> None:
    renamed, moved = await uid(running, "acme-20"), await uid(running, "acme-21")
    github.world.rename_repo(repo(github, "acme-20"), "acme-twenty")
    github.world.transfer_repo(repo(github, "acme-21"), "initech")
    github.world.delete_repo(repo(github, "acme-22"))
    github.world.archive_repo(repo(github, "acme-23"))
    github.world.add_repo("acme", "acme-later", {"catalog-info.yaml": descriptor("acme-later")})
    github.world.take_hooks()
    await running.refresh("github-provider:acme")
    await running.until_components(
        lambda found: (
            not {"acme-22", "acme-23"} & found.keys()
            and "acme-later" in found
            and "/acme-twenty/" in place(found["acme-20"])
            and "acme-21" in found
            and "/initech/" in place(found["acme-21"])
        )
    )
    assert (await uid(running, "acme-20"), await uid(running, "acme-21")) == (renamed, moved)


async def test_a_delivery_with_a_wrong_signature_changes_nothing(running: Portal, github: FakeGithub) -> None:
    github.world.delete_repo(repo(github, "globex-20"))
    ((event, payload),) = github.world.take_hooks()
    assert (await running.deliver(event, payload, secret="wrong")).status_code == 403
    await running.settled()
    assert "globex-20" in await running.components()


async def test_an_organization_that_all_but_vanishes_is_held_until_somebody_agrees(
    running: Portal, github: FakeGithub
) -> None:
    """A token that has lost its rights lists little, and says that all is well. Source: FIELD, row 17."""
    held_at = "/api/catalog/ingestion/held"

    async def held() -> list[Any]:
        found: list[Any] = (await running.client.get(held_at)).json()["items"]
        return found

    everything, before = dict(github.world.repos), await running.components()
    for name in [name for name in everything if name.startswith("initech/")][:22]:
        del github.world.repos[name]
    await running.refresh("github-provider:initech")
    await running.settled()
    assert await running.components() == before
    (waits,) = await held()
    assert waits["provider"] == "github-provider:initech"

    left, github.world.repos = github.world.repos, everything
    await running.refresh("github-provider:initech")
    await running.settled()
    assert (await running.components(), await held()) == (before, [])

    github.world.repos = left
    await running.refresh("github-provider:initech")
    (waits,) = await held()
    released = await running.client.post(f"{held_at}/{waits['id']}/release")
    assert released.status_code in (200, 204), released.text
    await running.until_components(lambda found: len(before) - len(found) == 22)

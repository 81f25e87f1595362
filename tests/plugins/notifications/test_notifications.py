"""Notifications over HTTP, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import InputError
from app.host import Host
from app.interfaces import (
    Event,
    NotificationExtensions,
    NotificationFilters,
    NotificationProcessor,
    NotificationSender,
    Plugin,
    Principal,
)
from catalog.interfaces import EntitiesCatalog
from plugins.notifications.links import check_link
from plugins.notifications.plugin import NotificationsPlugin
from plugins.notifications.recipients import Recipients
from tests.app.auth.world import SetClock
from tests.conftest import AnyDatabase
from tests.plugins.house import EntitiesPlugin, opened

ALICE, BOB, CAROL = "user:default/alice", "user:default/bob", "user:default/carol"


def entity(kind: str, name: str, **relations: list[str]) -> dict[str, Any]:
    listed = [{"type": kind_, "targetRef": ref} for kind_, refs in relations.items() for ref in refs]
    return {"kind": kind, "metadata": {"name": name, "namespace": "default"}, "relations": listed}


CATALOG = [
    entity("Group", "team", hasMember=[ALICE], parentOf=["group:default/squad"]),
    entity("Group", "squad", hasMember=[BOB, ALICE], parentOf=["group:default/team"]),
    entity("Component", "web", ownedBy=["group:default/squad"]),
    entity("System", "orphan"),
    entity("User", "carol", memberOf=["group:default/team"]),
]


class Portal:
    """A running backend, its users, and the signals it gave."""

    def __init__(self, host: Host, client: httpx.AsyncClient, clock: SetClock) -> None:
        self.host, self.client, self.clock = host, client, clock
        self.signals: list[Any] = []
        self._tokens: dict[str, str] = {}
        host.events.subscribe(["signals"], self._heard)

    async def _heard(self, event: Event) -> None:
        self.signals += event.payload if isinstance(event.payload, list) else [event.payload]

    async def token(self, who: str) -> str:
        if who not in self._tokens:
            auth = self.host.auth
            user = who.startswith("user:")
            self._tokens[who] = await (
                auth.issue_user_token(who, [who]) if user else auth.issue_service_token(who, "notifications")
            )
        return self._tokens[who]

    async def ask(self, who: str, path: str, *, body: Any = None, **query: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {await self.token(who)}"}
        url = f"/api/notifications{path}"
        if body is None:
            return await self.client.get(url, params=query, headers=headers)
        return await self.client.post(url, json=body, headers=headers)

    async def send(self, *refs: str, title: str = "t", exclude: list[str] | None = None, **payload: Any) -> Any:
        recipients: dict[str, Any] = {"type": "entity", "entityRef": list(refs)} if refs else {"type": "broadcast"}
        if exclude:
            recipients["excludeEntityRef"] = exclude
        self.clock.move(seconds=1)
        answer = await self.ask(
            "ci", "/notifications", body={"recipients": recipients, "payload": {"title": title, **payload}}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def titles(self, who: str = ALICE, **query: Any) -> list[str]:
        found = (await self.ask(who, "/notifications", **query)).json()
        return [one["payload"]["title"] for one in found["notifications"]]

    async def mark(self, who: str, *ids: str, **state: bool) -> Any:
        return (await self.ask(who, "/notifications/update", body={"ids": ids, **state})).json()


class Mail(NotificationProcessor):
    name = "Email"
    filters = NotificationFilters(minimum="high", excluded_topics=frozenset({"noise"}))

    def __init__(self) -> None:
        self.sent: list[tuple[str | None, str]] = []
        self.broken = False

    async def pre_process(self, notification: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        if self.broken:
            raise RuntimeError("no mail")
        return {**notification, "payload": {**notification["payload"], "icon": "mail"}}

    async def post_process(self, notification: dict[str, Any], options: dict[str, Any]) -> None:
        self.sent.append((notification["user"], notification["payload"]["title"]))


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def mail() -> Mail:
    return Mail()


@pytest.fixture
async def portal(database: AnyDatabase, tmp_path: Path, settings: dict[str, Any], mail: Mail) -> AsyncIterator[Portal]:
    class MailPlugin:
        id = "mail"

        def register(self, host: Any) -> None:
            host.extension(NotificationExtensions).add_processor(mail)

    clock = SetClock()
    plugins: list[Plugin] = [EntitiesPlugin(*CATALOG), NotificationsPlugin(), MailPlugin()]
    async with opened(database, {"notifications": settings}, plugins, folder=tmp_path, clock=clock) as (host, client):
        yield Portal(host, client, clock)


@pytest.mark.parametrize(
    ("refs", "exclude", "users"),
    [
        (["user:default/alice", "User:Default/Alice"], [], [ALICE]),
        (["user:default/nobody-knows"], [], ["user:default/nobody-knows"]),
        (["group:default/team"], [], [ALICE, BOB]),
        (["component:default/web"], [], [ALICE, BOB]),
        (["component:default/web", CAROL], [ALICE], [BOB, CAROL]),
        (["component:default/web"], ["group:default/squad"], []),
        (["system:default/orphan", "component:default/missing"], [], []),
    ],
)
async def test_recipients_are_the_users_behind_entities(refs: list[str], exclude: list[str], users: list[str]) -> None:
    catalog: Any = EntitiesPlugin(*CATALOG)
    assert sorted(await Recipients(lambda: catalog).users(refs, exclude)) == users


async def test_without_a_catalog_there_are_users_alone() -> None:
    def none() -> EntitiesCatalog:
        raise LookupError

    assert await Recipients(none).users([ALICE, "group:default/team"]) == [ALICE]


async def test_everybody_behind_a_group_is_notified(portal: Portal) -> None:
    sent = await portal.send("group:default/team", CAROL, exclude=[BOB])
    assert sorted(one["user"] for one in sent) == [ALICE, CAROL]
    assert sorted(signal["recipients"]["entityRef"][0] for signal in portal.signals) == [ALICE, CAROL]


async def test_a_new_notification_is_told_whole_and_read_back(portal: Portal) -> None:
    (made,) = await portal.send(ALICE, title="Build", description="d", link="/x", topic="ci", metadata={"a": 1})
    created = made["created"]
    assert made == {
        "id": made["id"],
        "user": ALICE,
        "origin": "plugin:ci",
        "created": created,
        "payload": {
            "title": "Build",
            "description": "d",
            "link": "/x",
            "topic": "ci",
            "metadata": {"a": 1},
            "severity": "normal",
        },
    }
    assert created.endswith(".000Z")
    assert portal.signals == [
        {
            "recipients": {"type": "user", "entityRef": [ALICE]},
            "channel": "notifications",
            "message": {"action": "new_notification", "notification_id": made["id"]},
        }
    ]
    stored = {
        "id": made["id"],
        "user": ALICE,
        "origin": "plugin:ci",
        "created": created,
        "saved": None,
        "read": None,
        "updated": None,
        "payload": {
            "title": "Build",
            "description": "d",
            "link": "/x",
            "topic": "ci",
            "severity": "normal",
            "scope": None,
            "icon": None,
        },
    }
    for path in (f"/{made['id']}", f"/notifications/{made['id']}"):
        assert (await portal.ask(ALICE, path)).json() == stored
        assert (await portal.ask(BOB, path)).status_code == 404
    assert (await portal.ask(ALICE, "/")).json() == {"totalCount": 1, "notifications": [stored]}


async def test_a_broadcast_is_one_for_everybody_and_read_by_each(portal: Portal) -> None:
    (made,) = await portal.send(title="All")
    assert made["user"] is None
    assert portal.signals[0]["recipients"] == {"type": "broadcast"}
    assert await portal.titles(ALICE) == await portal.titles(BOB) == ["All"]
    (marked,) = await portal.mark(ALICE, made["id"], read=True)
    assert (marked["user"], marked["read"] is not None, marked["saved"]) == (None, True, None)
    assert (await portal.ask(ALICE, "/status")).json() == {"unread": 0, "read": 1}
    assert (await portal.ask(BOB, "/status")).json() == {"unread": 1, "read": 0}
    assert await portal.titles(ALICE, read="false") == []
    await portal.mark(ALICE, made["id"], saved=True)
    await portal.mark(ALICE, made["id"], read=False)
    assert await portal.titles(ALICE, read="false", saved="true") == ["All"]
    assert await portal.host.database.read("SELECT count(*) FROM notifications_broadcast") == [(1,)]


async def test_the_same_scope_renews_what_the_user_had(portal: Portal) -> None:
    (first,) = await portal.send(ALICE, title="one", scope="deploy", icon="x")
    await portal.mark(ALICE, first["id"], read=True, saved=True)
    portal.signals.clear()
    (second,) = await portal.send(ALICE, title="two", scope="deploy", severity="high", icon="y")
    assert (second["id"], second["read"], second["created"]) == (first["id"], None, first["created"])
    assert second["updated"] > second["created"]
    assert (second["payload"]["title"], second["payload"]["severity"], second["payload"]["icon"]) == (
        "two",
        "high",
        "x",
    )
    assert second["saved"] is not None
    assert portal.signals[0]["message"]["notification_id"] == first["id"]
    assert await portal.titles() == ["two"]
    both = await portal.send(ALICE, BOB, title="three", scope="deploy")
    assert {one["user"]: one["id"] == first["id"] for one in both} == {ALICE: True, BOB: False}
    assert "updated" not in next(one for one in both if one["user"] == BOB)


async def test_the_same_scope_renews_a_broadcast(portal: Portal) -> None:
    (first,) = await portal.send(title="one", scope="outage")
    (second,) = await portal.send(title="over", scope="outage")
    assert (second["id"], second["payload"]["title"]) == (first["id"], "over")
    assert await portal.titles(BOB) == ["over"]


async def test_lists_are_filtered_ordered_and_paged(portal: Portal) -> None:
    await portal.send(ALICE, title="50% done", topic="ci", severity="low")
    since = portal.clock.now().isoformat()
    await portal.send(ALICE, title="Broken", description="The BUILD", topic="ci", severity="critical")
    await portal.send(title="Lunch", topic="office")
    assert await portal.titles() == ["Lunch", "Broken", "50% done"]
    assert await portal.titles(limit=1) == ["Lunch"]
    assert await portal.titles(limit=2, offset=1) == ["Broken", "50% done"]
    assert await portal.titles(offset=2) == ["50% done"]
    assert await portal.titles(orderField="title,asc") == ["50% done", "Broken", "Lunch"]
    assert await portal.titles(orderField=["topic", "created,asc"]) == ["50% done", "Broken", "Lunch"]
    assert await portal.titles(topic="ci") == ["Broken", "50% done"]
    assert await portal.titles(search="build") == ["Broken"]
    assert await portal.titles(search="%") == ["50% done"]
    assert await portal.titles(minimumSeverity="normal") == ["Lunch", "Broken"]
    assert await portal.titles(createdAfter=since) == ["Lunch", "Broken", "50% done"]
    assert await portal.titles(createdAfter="2099") == []
    counted = (await portal.ask(ALICE, "/notifications", limit=1, topic="ci")).json()
    assert counted["totalCount"] == 2
    assert (await portal.ask(ALICE, "/topics")).json() == {"topics": ["ci", "office"]}
    assert (await portal.ask(ALICE, "/topics", minimumSeverity="critical")).json() == {"topics": ["ci"]}
    assert (await portal.ask(BOB, "/topics")).json() == {"topics": ["office"]}


async def test_what_cannot_be_listed_is_told(portal: Portal) -> None:
    for query, message in (
        ({"createdAfter": "yesterday"}, "Unexpected date format"),
        ({"orderField": "created,up"}, "Invalid order field order, must be asc or desc"),
        ({"limit": "-1"}, "request/query/limit must be >= 0"),
        ({"read": "yes"}, "request/query/read must be equal to one of the allowed values: true, false"),
    ):
        refused = await portal.ask(ALICE, "/notifications", **query)
        assert (refused.status_code, refused.json()["error"]["message"]) == (400, message)
    for field in ("password", "id; DROP TABLE x", "created desc"):
        refused = await portal.ask(ALICE, "/notifications", orderField=field)
        assert (refused.status_code, refused.json()["error"]["name"]) == (400, "InputError")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", " java\nscript:alert(1)", "/javascript:x", "data:text/html,x", "http:", "ftp://x"]
)
def test_a_link_runs_nothing(link: str) -> None:
    with pytest.raises(InputError, match=r"^Invalid link provided; caused by Error: "):
        check_link(link)


@pytest.mark.parametrize("link", ["/catalog", "catalog/x?y#z", "https://example.com/a", "//example.com", "", "a b"])
def test_links_into_the_portal_and_to_web_pages_pass(link: str) -> None:
    check_link(link)


async def test_what_cannot_be_sent_is_refused(portal: Portal) -> None:
    everybody = {"type": "broadcast"}
    for recipients, payload in (
        ({"type": "entity"}, {"title": "t"}),
        ({"type": "everybody"}, {"title": "t"}),
        ({"type": "entity", "entityRef": "user:"}, {"title": "t"}),
        (everybody, {"title": ""}),
        (everybody, {"title": "t", "severity": "worst"}),
        (everybody, {"title": "t", "scope": "x" * 256}),
        (everybody, {"title": "t", "link": "javascript:alert(1)"}),
    ):
        refused = await portal.ask("ci", "/notifications", body={"recipients": recipients, "payload": payload})
        assert (refused.status_code, refused.json()["error"]["name"]) == (400, "InputError")
    assert await portal.titles() == []


async def test_texts_that_databases_refuse_are_mended(portal: Portal) -> None:
    await portal.send(ALICE, title="a\0b", scope="s\0")
    (renewed,) = await portal.send(ALICE, title="c", scope="s\0")
    assert renewed["updated"] is not None
    assert await portal.titles(search="\0") == []
    assert (await portal.ask(ALICE, "/%00")).status_code == 404


async def test_users_read_and_services_send(portal: Portal) -> None:
    body = {"recipients": {"type": "broadcast"}, "payload": {"title": "t"}}
    assert (await portal.ask(ALICE, "/notifications", body=body)).status_code == 403
    for path in ("/", "/notifications", "/status", "/topics", "/settings", "/x", "/notifications/x"):
        assert (await portal.ask("ci", path)).status_code == 403, path
    assert (await portal.ask("ci", "/update", body={"ids": [], "read": True})).status_code == 403


async def test_what_others_have_is_not_changed(portal: Portal) -> None:
    (made,) = await portal.send(ALICE)
    assert await portal.mark(BOB, made["id"], read=True) == []
    assert (await portal.ask(ALICE, "/status")).json() == {"unread": 1, "read": 0}
    portal.signals.clear()
    assert len(await portal.mark(ALICE, made["id"], read=False)) == 1
    assert portal.signals[0]["message"] == {"action": "notification_unread", "notification_ids": [made["id"]]}


async def choose(portal: Portal, who: str, *origins: dict[str, Any], channel: str = "Web") -> httpx.Response:
    return await portal.ask(who, "/settings", body={"channels": [{"id": channel, "origins": list(origins)}]})


async def test_what_a_user_has_switched_off_is_not_stored(portal: Portal) -> None:
    await portal.send(ALICE, BOB, topic="ci")
    off = {"id": "plugin:ci", "enabled": True, "topics": [{"id": "ci", "enabled": False}]}
    chosen = (await choose(portal, ALICE, off)).json()
    assert chosen["channels"][0] == {"id": "Web", "origins": [off]}
    portal.signals.clear()
    assert [one["user"] for one in await portal.send(ALICE, BOB, topic="ci")] == [BOB]
    assert [one["user"] for one in await portal.send(ALICE, topic="other")] == [ALICE]
    assert len(portal.signals) == 2
    await choose(portal, ALICE, {"id": "plugin:ci", "enabled": False})
    assert await portal.send(ALICE, topic="other") == []
    assert len(await portal.send(topic="other")) == 1
    await choose(portal, ALICE)
    assert len(await portal.send(ALICE, topic="ci")) == 1
    refused = await choose(portal, ALICE, channel="Pigeon")
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "Invalid channel")


OPT_IN = {
    "defaultSettings": {
        "channels": [
            {"id": "Web", "enabled": False},
            {"id": "Email", "origins": [{"id": "plugin:ci", "enabled": False}]},
        ]
    }
}


@pytest.mark.parametrize("settings", [OPT_IN])
async def test_defaults_are_for_whoever_has_not_chosen(portal: Portal, mail: Mail) -> None:
    assert await portal.send(ALICE, severity="critical") == []
    shown = (await portal.ask(ALICE, "/settings")).json()
    assert shown == {
        "channels": [
            {"id": "Web", "enabled": False, "origins": [{"id": "plugin:ci", "enabled": False, "topics": []}]},
            {"id": "Email", "origins": [{"id": "plugin:ci", "enabled": False, "topics": []}]},
        ]
    }
    await choose(portal, ALICE, {"id": "plugin:ci", "enabled": True})
    assert len(await portal.send(ALICE, severity="critical")) == 1
    assert mail.sent == []


async def test_processors_take_part(portal: Portal, mail: Mail, caplog: pytest.LogCaptureFixture) -> None:
    await portal.send(ALICE, title="quiet", severity="low")
    await portal.send(ALICE, title="noise", severity="critical", topic="noise")
    (made,) = await portal.send(ALICE, title="loud", severity="high")
    assert made["payload"]["icon"] == "mail"
    await choose(portal, BOB, {"id": "plugin:ci", "enabled": False}, channel="Email")
    await portal.send(BOB, title="unwanted", severity="high")
    await portal.send(title="all", severity="critical")
    mail.broken = True
    await portal.send(ALICE, title="still", severity="high")
    async with asyncio.timeout(5):
        while len(mail.sent) < 3:  # noqa: ASYNC110 - processors work beside requests
            await asyncio.sleep(0.01)
    assert mail.sent == [(ALICE, "loud"), (None, "all"), (ALICE, "still")]
    assert "The notification processor 'Email' failed" in caplog.text
    assert await portal.titles(search="still") == ["still"]


@pytest.mark.parametrize("settings", [{"retention": "30 days"}])
async def test_what_is_old_is_forgotten(portal: Portal) -> None:
    await portal.send(ALICE, title="old")
    await portal.send(ALICE, title="kept", scope="s")
    (all_,) = await portal.send(title="old for all")
    await portal.mark(ALICE, all_["id"], read=True)
    portal.clock.move(days=29)
    portal._tokens.clear()
    await portal.send(ALICE, title="renewed", scope="s")
    portal.clock.move(days=2)
    portal._tokens.clear()
    (entry,) = [one for one in portal.host.scheduler._entries.values() if one.task.id == "notification-cleaner"]
    await entry.task.run()
    assert await portal.titles() == ["renewed"]
    assert (await portal.ask(ALICE, "/status")).json() == {"unread": 1, "read": 0}


async def test_other_plugins_send_within_the_process(portal: Portal) -> None:
    sender = portal.host.service(NotificationSender)
    await sender.send(
        {"type": "entity", "entityRef": BOB}, {"title": "Done", "scope": "task"}, origin="plugin:scaffolder"
    )
    found = (await portal.ask(BOB, "/notifications")).json()["notifications"]
    assert [(one["origin"], one["payload"]["title"]) for one in found] == [("plugin:scaffolder", "Done")]
    with pytest.raises(InputError, match="missing title"):
        await sender.send({"type": "broadcast"}, {}, origin="plugin:x")


async def test_agents_ask_for_their_users_notifications(portal: Portal) -> None:
    (made,) = await portal.send(ALICE, title="one", severity="high")
    await portal.send(ALICE, title="two")
    await portal.mark(ALICE, made["id"], read=True, saved=True)
    actions, alice = portal.host.actions, Principal("user", ALICE)

    async def titles(**given: Any) -> list[str]:
        output = await actions.invoke("notifications:get-notifications", given, alice)
        assert output["totalCount"] == len(output["notifications"])
        return [one["payload"]["title"] for one in output["notifications"]]

    assert [await titles(view=view) for view in ("unread", "read", "saved", "all")] == [
        ["two"],
        ["one"],
        ["one"],
        ["two", "one"],
    ]
    assert await titles() == ["two"]
    assert await titles(view="all", minimumSeverity="high") == ["one"]
    invoked = await portal.ask(ALICE, "/.backstage/actions/v1/actions/notifications:get-notifications/invoke", body={})
    assert invoked.json()["output"]["totalCount"] == 1
    for body, who, status in (({"limit": 0}, ALICE, 400), ({"limt": 5}, ALICE, 400), ({}, "ci", 403)):
        path = "/.backstage/actions/v1/actions/notifications:get-notifications/invoke"
        assert (await portal.ask(who, path, body=body)).status_code == status

"""Who a user is, told to their agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.interfaces import NOBODY, Principal
from plugins.auth.plugin import AuthPlugin
from tests.conftest import AnyDatabase
from tests.plugins.house import EntitiesPlugin, opened

ALICE = {"kind": "User", "metadata": {"name": "alice"}, "spec": {}}


async def test_a_user_is_told_who_they_are(database: AnyDatabase, tmp_path: Path) -> None:
    async with opened(database, {}, [AuthPlugin(), EntitiesPlugin(ALICE)], folder=tmp_path) as (host, client):

        async def ask(token: str | None) -> tuple[int, Any]:
            headers = {} if token is None else {"authorization": f"Bearer {token}"}
            path = "/api/auth/.backstage/actions/v1/actions/auth:who-am-i/invoke"
            answer = await client.post(path, json={}, headers=headers)
            body = answer.json()
            return answer.status_code, body["output"] if answer.is_success else body["error"]["name"]

        alice = ["user:default/alice", "group:default/team"]
        token = await host.auth.issue_user_token(alice[0], alice)
        assert await ask(token) == (
            200,
            {"entity": ALICE, "userInfo": {"userEntityRef": alice[0], "ownershipEntityRefs": alice}},
        )
        stranger = await host.auth.issue_user_token("user:default/bob", ["user:default/bob"])
        assert await ask(stranger) == (404, "NotFoundError")
        assert await ask(await host.auth.issue_service_token("ci", "auth")) == (403, "NotAllowedError")
        assert await ask(None) == (403, "NotAllowedError")
        assert [one.id for one in await host.actions.list(Principal("user", "user:default/x"))] == ["auth:who-am-i"]
        with pytest.raises(Exception, match="authenticated principal"):
            await host.actions.list(NOBODY)

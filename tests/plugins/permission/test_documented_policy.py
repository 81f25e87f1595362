"""The policy that docs/permissions.md shows is one."""

from __future__ import annotations

import re
from pathlib import Path

from app.interfaces import Principal
from catalog.permissions.permissions import ENTITY_DELETE
from plugins.permission.document import read_document
from plugins.permission.policy import DocumentPolicy
from tests.plugins.permission.test_policy import ZOE, catalog, no_claims

PAGE = Path(__file__).parents[3] / "docs" / "permissions.md"


def documented() -> str:
    (block,) = re.findall(r"```yaml\n(# policy\.yaml.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(block)


async def test_the_page_shows_a_policy_that_does_what_it_says() -> None:
    policy = DocumentPolicy(read_document(documented(), "permissions.md"), no_claims)
    admin = Principal("user", "user:default/max", ("group:default/admins",))
    assert (await policy.decide(ENTITY_DELETE, admin)).result == "ALLOW"
    conditions = (await policy.decide(ENTITY_DELETE, ZOE)).conditions
    assert conditions is not None
    nobodys = {"kind": "Component", "metadata": {"name": "a"}}
    mine = {**nobodys, "relations": [{"type": "ownedBy", "targetRef": "group:default/quay"}]}
    treasury = {**mine, "spec": {"system": "treasury"}}
    assert [catalog().holds(conditions, entity) for entity in (mine, treasury, nobodys)] == [
        True,
        False,
        False,
    ]

"""The configuration as people may look at it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel

from app.config import Duration
from app.config.redaction import SECRET, redacted
from tests.app.auth.world import config_of

CANARY = "canary-7f3a91"


class Inner(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)
    plain: SecretStr
    words: list[SecretStr] = []
    name: str = ""


class Outer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)
    token_lifetime: Duration = timedelta(hours=1)
    secret_mode: Literal["on", "off"] = "off"
    inner: list[Inner] = []
    by_name: dict[str, Inner] = {}


def test_what_a_model_calls_a_secret_is_one_whatever_its_name() -> None:
    tree = {
        "part": {
            "tokenLifetime": "1h",
            "secretMode": "on",
            "inner": [{"plain": CANARY, "words": [CANARY, CANARY], "name": "shown"}],
            "byName": {"any": {"plain": CANARY, "words": CANARY, "name": "shown"}},
        }
    }
    assert redacted(tree, [("part", Outer)]) == {
        "part": {
            "tokenLifetime": "1h",
            "secretMode": "on",
            "inner": [{"plain": SECRET, "words": [SECRET, SECRET], "name": "shown"}],
            "byName": {"any": {"plain": SECRET, "words": SECRET, "name": "shown"}},
        }
    }


@pytest.mark.parametrize(
    "tree",
    [
        {"integrations": {"github": [{"host": "github.com", "token": CANARY}]}},
        {
            "integrations": {
                "github": [{"apps": [{"privateKey": CANARY, "clientSecret": CANARY, "webhookSecret": CANARY}]}]
            }
        },
        {"backend": {"auth": {"keys": [{"secret": CANARY}], "externalAccess": [{"options": {"token": CANARY}}]}}},
        {"backend": {"database": {"connection": f"postgresql://cat:{CANARY}@db:5432/x"}}},
        {"backend": {"database": {"connection": f"host=db password={CANARY} user=cat"}}},
        {"backend": {"cache": {"store": "redis", "connection": f"redis://:{CANARY}@cache:6379"}}},
        {"backend": {"database": {"connection": {"password": CANARY, "ssl": {"key": CANARY}}}}},
        {"proxy": {"endpoints": {"/ci": {"target": "https://ci", "headers": {"X-Odd": CANARY, "Cookie": CANARY}}}}},
        {"proxy": {"/ci": {"headers": {"Authorization": f"Basic {CANARY}"}}}},
        {"unknown": {"apiKey": CANARY, "sub": {"credentials": {"deep": [CANARY, {"x": CANARY}]}}}},
        {"azure": {"connectionString": f"AccountName=x;AccountKey={CANARY}"}},
        {"azure": {"blob": f"DefaultEndpointsProtocol=https;AccountKey={CANARY};EndpointSuffix=x"}},
        {"hooks": {"url": f"https://chat.example/hook?token={CANARY}&room=1"}},
        {"sentry": {"dsn": CANARY}, "mail": {"auth": {"pass": CANARY}}, "session": {"signingKeys": [CANARY]}},
        {"pins": {"accessKey": 12345, "apiKeys": [67890]}},
    ],
)
def test_what_is_named_like_a_secret_is_hidden(tree: dict[str, Any]) -> None:
    shown = orjson.dumps(redacted(tree, [])).decode()
    assert CANARY not in shown and "12345" not in shown and "67890" not in shown
    assert SECRET in shown


def test_everything_else_is_shown() -> None:
    tree = {
        "app": {"title": "Night train", "baseUrl": "https://portal.example"},
        "backend": {"listen": {"port": 7007}, "cors": {"credentials": True, "origin": ["https://a.example"]}},
        "catalog": {"locations": [{"type": "url", "target": "https://user@git.example/x?path=/y"}], "rules": None},
    }
    assert redacted(tree, []) == tree


leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
trees = st.recursive(
    leaves,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(trees, st.sampled_from(["token", "clientSecret", "PASSWORD", "privateKey", "headers"]))
def test_nothing_below_a_secret_name_is_shown_and_shapes_stay(tree: Any, name: str) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(below) for key, below in value.items()}
        return [shape(below) for below in value] if isinstance(value, list) else None

    def texts(value: Any) -> set[Any]:
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        if below is None:
            return set() if value is None or isinstance(value, bool) else {value}
        return {text for one in below for text in texts(one)}

    shown = redacted({name: tree}, [])
    assert shape(shown) == shape({name: tree})
    assert texts(shown) <= {SECRET}


def test_the_configuration_redacts_itself_by_what_has_been_asked_for() -> None:
    config = config_of({"part": {"byName": {"x": {"plain": CANARY}}}, "other": CANARY})
    config.settings("part", Outer)
    assert config.redacted() == {"part": {"byName": {"x": {"plain": SECRET}}}, "other": CANARY}
    assert sorted(key for key, _ in config.unclaimed()) == ["other"]

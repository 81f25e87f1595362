"""What a browser may see, held against answers of `@backstage/config-loader` 1.11.3 (visibility.json)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import load_config
from plugins.frontend.schema import NEVER, SchemaError, schemas_of, stock_schema
from plugins.frontend.visibility import visible_to_browsers
from tests.plugins.frontend.bundles import write_bundle

RECORDED = json.loads(Path(__file__).with_name("visibility.json").read_text())


@pytest.mark.parametrize("case", RECORDED, ids=[case["name"] for case in RECORDED])
def test_the_same_is_visible_as_in_the_reference(case: Mapping[str, Any]) -> None:
    visible = visible_to_browsers(case["config"], case["schemas"])
    assert (visible.data, visible.deprecated) == (case["data"], case["deprecatedKeys"])


# ---------------------------------------------------------------------------------------------- laws

KEYS = st.sampled_from(["a", "b", "token"])
CONFIGS = st.recursive(
    st.integers() | st.booleans() | st.text(max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=12,
)
SCHEMAS = st.recursive(
    st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(["frontend", "secret"]) for name in ("visibility", "deepVisibility")}
    ),
    lambda below: st.fixed_dictionaries(
        {},
        optional={
            "visibility": st.sampled_from(["frontend", "secret", "backend"]),
            "deepVisibility": st.sampled_from(["frontend", "secret"]),
            "properties": st.dictionaries(KEYS, below, max_size=3),
            "additionalProperties": below,
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "en$"]), below, max_size=1),
            "items": below,
            "anyOf": st.lists(below, max_size=2),
            "allOf": st.lists(below, max_size=2),
        },
    ),
    max_leaves=8,
)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Plain values with their keys; places in arrays are left out, since entries move up."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    elif isinstance(value, list):
        for below in value:
            yield from leaves(below, path)
    else:
        yield path, value


@given(st.dictionaries(KEYS, CONFIGS, max_size=3), st.lists(SCHEMAS, max_size=3))
def test_nothing_is_made_up(config: dict[str, Any], schemas: list[dict[str, Any]]) -> None:
    known = list(leaves(config))
    assert all(leaf in known for leaf in leaves(visible_to_browsers(config, schemas).data))


@given(st.dictionaries(KEYS, CONFIGS, max_size=3), st.lists(SCHEMAS, max_size=3))
def test_what_is_secret_to_one_schema_is_secret_whatever_others_say(
    config: dict[str, Any], schemas: list[dict[str, Any]]
) -> None:
    secret = {"properties": {"a": {"visibility": "secret", "deepVisibility": "secret"}}}
    assert "a" not in visible_to_browsers(config, [*schemas, secret]).data
    assert "a" not in visible_to_browsers(config, schemas, never=[secret]).data


@given(st.dictionaries(KEYS, CONFIGS, max_size=3), st.lists(SCHEMAS, max_size=3))
def test_what_no_schema_calls_frontend_stays(config: dict[str, Any], schemas: list[dict[str, Any]]) -> None:
    text = json.dumps(schemas).replace('"frontend"', '"backend"')
    assert visible_to_browsers(config, json.loads(text)).data == {}


# -------------------------------------------------------------------------------- real configurations

SECRET = "canary-5e1f"
CONFIG = f"""
app:
  title: Nightjar
  baseUrl: http://localhost:3000
  support: {{ url: https://help.example.com, items: [{{ title: Help, links: [{{ title: Docs, url: https://x }}] }}] }}
  extensions: [ {{ 'page:catalog': {{ config: {{ path: / }} }} }} ]
organization: {{ name: Nightjar, internalNumber: {SECRET} }}
backend:
  baseUrl: http://localhost:7007
  database: {{ client: pg, connection: {{ host: {SECRET}, password: {SECRET} }} }}
  auth:
    keys: [{{ secret: {SECRET} }}]
    externalAccess: [{{ type: static, options: {{ token: {SECRET}, subject: {SECRET} }} }}]
auth:
  environment: production
  session: {{ secret: {SECRET} }}
  providers:
    github: {{ production: {{ clientId: {SECRET}, clientSecret: {SECRET} }} }}
    guest: {{}}
integrations:
  github:
    - {{ host: github.com, token: {SECRET}, apps: [{{ appId: 1, privateKey: {SECRET}, clientSecret: {SECRET} }}] }}
    - {{ host: ghe.example.com, apiBaseUrl: https://ghe.example.com/api/v3, token: {{ $env: FROM_ENV }} }}
  gitlab: [{{ host: gitlab.com, token: '${{FROM_ENV}}' }}]
  awsS3: [{{ endpoint: https://s3.example.com, secretAccessKey: {{ $file: key.txt }} }}]
  bitbucketServer: [{{ host: bb.example.com, username: {SECRET}, password: {SECRET} }}]
proxy: {{ endpoints: {{ /ci: {{ target: https://ci.example.com, headers: {{ Authorization: {SECRET} }} }} }} }}
scaffolder: {{ secretsKey: {SECRET} }}
techdocs: {{ builder: local, publisher: {{ awsS3: {{ credentials: {{ secretAccessKey: {SECRET} }} }} }} }}
"""
ENV = {
    "FROM_ENV": SECRET,
    "APP_CONFIG_backend_listen_host": SECRET,
    "APP_CONFIG_integrations_azure": json.dumps([{"host": "dev.azure.com", "credentials": [{"clientSecret": SECRET}]}]),
    "APP_CONFIG_app_title": "From the environment",
}
# A bundle's schema that gives everything away.
CARELESS = {"visibility": "frontend", "deepVisibility": "frontend"}


def everything(folder: Path) -> dict[str, Any]:
    (folder / "app-config.yaml").write_text(CONFIG)
    (folder / "key.txt").write_text(SECRET)
    config: dict[str, Any] = load_config(env=ENV, folder=folder).everything()
    assert json.dumps(config).count(SECRET) > 15
    return config


def test_the_stock_list_shows_what_stock_frontends_read_and_no_secret(tmp_path: Path) -> None:
    visible = visible_to_browsers(everything(tmp_path), [stock_schema()], never=[NEVER]).data
    assert SECRET not in json.dumps(visible)
    assert visible == {
        "app": {
            "title": "From the environment",
            "baseUrl": "http://localhost:3000",
            "support": {
                "url": "https://help.example.com",
                "items": [{"title": "Help", "links": [{"title": "Docs", "url": "https://x"}]}],
            },
            "extensions": [{"page:catalog": {"config": {"path": "/"}}}],
        },
        "organization": {"name": "Nightjar"},
        "backend": {"baseUrl": "http://localhost:7007"},
        "auth": {"environment": "production", "providers": {"github": {}}},
        "integrations": {
            "github": [
                {"host": "github.com"},
                {"host": "ghe.example.com", "apiBaseUrl": "https://ghe.example.com/api/v3"},
            ],
            "gitlab": [{"host": "gitlab.com"}],
            "awsS3": [{"endpoint": "https://s3.example.com"}],
            "bitbucketServer": [{"host": "bb.example.com"}],
            "azure": [{"host": "dev.azure.com"}],
        },
        "techdocs": {"builder": "local"},
    }


def test_even_a_careless_bundle_gets_no_credentials(tmp_path: Path) -> None:
    config = everything(tmp_path)
    visible = visible_to_browsers(config, [{"properties": dict.fromkeys(config, CARELESS)}], never=[NEVER]).data
    assert visible["app"] == config["app"]
    assert "database" not in visible["backend"]
    assert "auth" not in visible["backend"]
    assert "session" not in visible["auth"]
    assert "secretsKey" not in visible.get("scaffolder", {})
    # Left is what only a schema can know to be a secret, by names that say nothing.
    left = {".".join(path) for path, value in leaves(visible) if value == SECRET}
    assert left == {
        "organization.internalNumber",
        "backend.listen.host",
        "auth.providers.github.production.clientId",
        "integrations.bitbucketServer.username",
    }


# ---------------------------------------------------------------------------------- the bundle's schema


def test_a_bundle_brings_its_schema(tmp_path: Path) -> None:
    [schema] = schemas_of(write_bundle(tmp_path / "dist"))
    config = {"app": {"title": "T", "support": {"url": "https://x"}}, "backend": {"baseUrl": "http://b", "listen": 1}}
    assert visible_to_browsers(config, [schema]).data == {"app": {"title": "T"}, "backend": {"baseUrl": "http://b"}}


def test_without_a_schema_the_stock_list_counts(tmp_path: Path) -> None:
    assert schemas_of(write_bundle(tmp_path / "dist", schemas=None)) == [stock_schema()]


@pytest.mark.parametrize("text", ["", "[]", '{"backstageConfigSchemaVersion": 2, "schemas": []}', '{"schemas": [1]}'])
def test_a_schema_of_another_sort_is_named(tmp_path: Path, text: str) -> None:
    bundle = write_bundle(tmp_path / "dist")
    (bundle / ".config-schema.json").write_text(text)
    with pytest.raises(SchemaError, match=r"\.config-schema\.json"):
        schemas_of(bundle)

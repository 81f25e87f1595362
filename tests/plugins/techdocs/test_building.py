"""mkdocs itself, on sources that mean harm: over the wire, and by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner

from app.errors import InputError
from app.interfaces import PluginHost
from app.main import create_host
from plugins.techdocs.building.generator import Generator, new_folders
from plugins.techdocs.commands import docs_commands
from plugins.techdocs.services import TechdocsServices
from plugins.techdocs.settings import GeneratorSettings
from tests.app.auth.world import config_of
from tests.plugins.techdocs.test_routes import ENTITIES, PATH, STATIC, server

CANARY = "canary-7f3a91"


def hostile_source(folder: Path, outside: Path) -> Path:
    """Documentation that tries to read a secret, run code and leave its marks."""
    (folder / "docs").mkdir(parents=True)
    (folder / "docs/index.md").write_text(
        f'# Night train\n\n--8<-- "{outside}/secret.txt"\n\n--8<-- "../../secret.txt"\n\n'
        "[Stops](stops.md)\n\n<script>steal()</script>\n"
    )
    (folder / "docs/stops.md").write_text("# Stops\n\nDover, Calais\n")
    (folder / "evil.py").write_text(f"open({str(outside / 'owned')!r}, 'w').write('x')\n")
    (folder / "mkdocs.yml").write_text(
        f"""
site_name: Night train
site_description: From Dover to Calais
site_dir: {outside}/site
hooks: [evil.py]
theme: {{ name: material, custom_dir: {outside} }}
plugins: [techdocs-core, macros: {{ module_name: evil }}]
markdown_extensions:
  pymdownx.snippets: {{ base_path: ["{outside}", "/"], check_paths: false }}
  evil:Extension: {{}}
"""
    )
    return folder


async def test_a_hostile_source_becomes_a_harmless_site(tmp_path: Path) -> None:
    """CVE-2026-25152, CVE-2026-25153, CVE-2026-29186: over the wire, with mkdocs in its child."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text(CANARY)
    hostile_source(tmp_path / "night", outside)
    ENTITIES[0]["metadata"]["annotations"]["backstage.io/managed-by-location"] = f"file:{tmp_path}/catalog-info.yaml"
    try:
        async with server(tmp_path / "server", {}, published=False) as site:
            told = await site.get(f"/api/techdocs/sync/{PATH}", timeout=60)
            assert told.text.endswith('event: finish\ndata: {"updated":true}\n\n'), told.text
            assert all(word in told.text for word in ("hooks", "custom_dir", "macros", "evil:Extension", "snippets"))
            metadata = (await site.get(f"/api/techdocs/metadata/techdocs/{PATH}")).json()
            page = await site.get(f"{STATIC}/index.html")
            again = await site.get(f"/api/techdocs/sync/{PATH}")
            pages = [(await site.get(f"{STATIC}/{path}")).text for path in metadata["files"]]
    finally:
        ENTITIES[0]["metadata"]["annotations"]["backstage.io/managed-by-location"] = "file:/srv/lines/catalog-info.yaml"
    assert metadata["site_name"] == "Night train" and metadata["site_description"] == "From Dover to Calais"
    assert {"index.html", "stops/index.html", "search/search_index.json", "techdocs_metadata.json"} <= set(
        metadata["files"]
    )
    assert isinstance(metadata["build_timestamp"], int) and metadata["etag"]
    assert "Night train" in page.text and page.headers["content-type"].startswith("text/plain")
    assert again.text == 'event: finish\ndata: {"updated":false}\n\n'
    assert CANARY not in "".join([*pages, told.text])
    assert [path.name for path in outside.iterdir()] == ["secret.txt"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


def test_ci_builds_and_publishes_without_node(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "README.md").write_text("# Read me\n")
    made = create_host(config_of({}), roles=[], env={"CALLBOARD_DATA_DIR": str(folder / "data")}, plugins=[])
    host = cast(PluginHost, made)
    commands = docs_commands(host, TechdocsServices(host))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(commands, list(arguments))
        return done.exit_code, done.output

    refused = run("publish", "--entity", "default/component/train")
    assert refused[0] == 1 and "is no built site" in refused[1]
    built = run("build", "--etag", "commit-1", "--site-name", "Trains", "--legacy-copy-readme-md-to-index-md")
    assert built[0] == 0, built[1]
    metadata = json.loads((folder / "site/techdocs_metadata.json").read_text())
    assert (metadata["etag"], metadata["site_name"]) == ("commit-1", "Trains")
    published = run("publish", "--entity", "Lines/Component/Train")
    assert published[0] == 0, published[1]
    assert "Read me" in (folder / "data/techdocs/lines/component/train/index.html").read_text()
    assert run("publish", "--entity", "component:lines/../x")[0] == 1
    assert run("publish", "--entity", "x", "--publisher-type", "awsS3")[0] == 1


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"mkdocs.yml": "docs_dir: ../.."}, "docs_dir"),
        ({"mkdocs.yml": "x: !!python/object/apply:os.system [id]"}, "Unsupported Python YAML tag"),
        ({"mkdocs.yml": "site_name: x\nstrict: 12\nnav: 7"}, "mkdocs"),
        ({"README.md": "no pages here"}, "mkdocs"),
    ],
)
async def test_what_cannot_be_built_says_why(tmp_path: Path, files: dict[str, str], problem: str) -> None:
    source, output = new_folders(tmp_path)
    for name, text in files.items():
        (source / name).write_text(text)
    said: list[str] = []
    with pytest.raises(InputError) as caught:
        await Generator(GeneratorSettings()).run(source, output, site_name="x", said=said.append)
    assert problem in caught.value.message + "".join(said)

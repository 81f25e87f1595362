from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.errors import InputError
from plugins.mcp.skill_files import BUILT_IN, read_skills, skill_routes


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "SKILL.md").write_text(text)


GOOD = "---\nname: {}\ndescription: Does it\n---\n# How\n"


async def test_skills_are_listed_and_their_files_served(tmp_path: Path) -> None:
    write(tmp_path, "deploy", GOOD.format("deploy"))
    (tmp_path / "deploy" / "references").mkdir()
    (tmp_path / "deploy" / "references" / "a.txt").write_text("a")
    (tmp_path / "secret.txt").write_text("no")
    app = FastAPI()
    app.include_router(skill_routes(read_skills([BUILT_IN, tmp_path])))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x/.well-known/skills") as client:
        skills = (await client.get("/index.json")).json()["skills"]
        assert [skill["name"] for skill in skills] == ["callboard-catalog", "deploy"]
        assert skills[1] == {"name": "deploy", "description": "Does it", "files": ["SKILL.md", "references/a.txt"]}
        assert (await client.get("/callboard-catalog/SKILL.md")).text.startswith("---\nname: callboard-catalog\n")
        served = await client.get("/deploy/references/a.txt")
        assert (served.text, served.headers["content-type"]) == ("a", "text/plain; charset=utf-8")
        for path in ("/deploy/%2e%2e/secret.txt", "/deploy/..%2fsecret.txt", "/deploy/nope", "/nope/SKILL.md"):
            assert (await client.get(path)).status_code != 200, path


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("deploy", "# no front matter", "must name the skill"),
        ("deploy", GOOD.format("other"), "must name the skill"),
        ("Deploy", GOOD.format("Deploy"), "must name the skill"),
        ("deploy", "---\nname: [\n---\n", "must name the skill"),
        ("deploy", "---\nname: deploy\n---\n", "must have a description"),
    ],
)
def test_what_is_no_skill_stops_the_start(tmp_path: Path, name: str, text: str, message: str) -> None:
    write(tmp_path, name, text)
    with pytest.raises(InputError, match=message):
        read_skills([tmp_path])


def test_a_skill_holds_what_is_in_its_folder_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        read_skills([tmp_path / "nope"])
    write(tmp_path, "deploy", GOOD.format("deploy"))
    (tmp_path / "secret.txt").write_text("no")
    (tmp_path / "deploy" / "a.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(InputError, match="a link that leaves it"):
        read_skills([tmp_path])

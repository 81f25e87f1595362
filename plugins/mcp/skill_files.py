"""Skills that agents can install, as files beneath `/.well-known/skills/`. Source: FIELD.md, row Agent skills.

A skill is a folder with a `SKILL.md`, whose front matter says its name and what it is for. All are read at the start:
what is served is what was there then, and nothing else can be reached.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

import orjson
import yaml
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import InputError, NotFoundError
from app.interfaces import JsonBytes

PREFIX: Final = "/.well-known/skills"
BUILT_IN: Final = Path(__file__).parent / "skills"
MAX_BYTES: Final = 10 * 1024 * 1024
"""Of all files of one skill."""
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FRONT_MATTER: Final = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Skill:
    name: str
    description: str
    files: dict[str, bytes]
    """By path relative to the skill's folder, `SKILL.md` first."""


def read_skills(folders: Sequence[Path]) -> dict[str, Skill]:
    """The skills of folders, by name; those of a later folder replace earlier ones of the same name.

    Raises InputError for a folder that is not there, or a skill that is none.
    """
    skills: dict[str, Skill] = {}
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"There is no folder of skills '{folder}'")
        for manifest in sorted(folder.glob("*/SKILL.md")):
            skill = _read(manifest.parent)
            skills[skill.name] = skill
    return skills


def skill_routes(skills: dict[str, Skill]) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, include_in_schema=False)
    index = orjson.dumps(
        {
            "skills": [
                {"name": skill.name, "description": skill.description, "files": list(skill.files)}
                for skill in skills.values()
            ]
        }
    )

    @routes.get("/index.json")
    async def listed(request: Request) -> Response:
        return JsonBytes(index)

    @routes.get("/{name}/{path:path}")
    async def file(request: Request) -> Response:
        skill = skills.get(request.path_params["name"])
        path = request.path_params["path"]
        content = None if skill is None else skill.files.get(path)
        if content is None:
            raise NotFoundError("No such file of a skill")
        media_type = "text/markdown" if path.endswith(".md") else guess_type(path)[0] or "application/octet-stream"
        # A skill may hold anything; opened in a browser it runs nothing.
        return Response(content, media_type=media_type, headers={"content-security-policy": "sandbox"})

    return routes


def _read(folder: Path) -> Skill:
    files = [folder / "SKILL.md", *sorted(one for one in folder.rglob("*") if one.is_file() and one.name != "SKILL.md")]
    root = folder.resolve()
    if any(not one.resolve().is_relative_to(root) for one in files):
        raise InputError(f"A file of the skill '{folder}' is a link that leaves it")
    if sum(one.stat().st_size for one in files) > MAX_BYTES:
        raise InputError(f"The skill '{folder}' has more than {MAX_BYTES // 1024 // 1024} MiB")
    contents = {one.relative_to(folder).as_posix(): one.read_bytes() for one in files}
    found = _FRONT_MATTER.match(contents["SKILL.md"].decode("utf-8", "replace"))
    try:
        about: Any = yaml.safe_load(found[1]) if found is not None else None
    except yaml.YAMLError:
        about = None
    name, description = (about.get("name"), about.get("description")) if isinstance(about, dict) else (None, None)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name != folder.name:
        raise InputError(
            f"SKILL.md in '{folder}' must name the skill as its folder: lower-case letters, digits, dashes"
        )
    if not isinstance(description, str) or not description.strip():
        raise InputError(f"SKILL.md in '{folder}' must have a description")
    return Skill(name, description.strip(), contents)

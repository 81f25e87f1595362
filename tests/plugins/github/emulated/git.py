"""git over HTTP for the emulator: `git http-backend`, in front of the git objects that its REST API holds.

What git asks for is read from the emulator before, what it pushes is put there after; both sides name every object by
the same SHA.
"""

from __future__ import annotations

import asyncio
import base64
import re
import subprocess
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.app.reading.git_server import ENVIRONMENT, backend, git
from tests.app.reading.web_server import Asked, reply
from tests.plugins.github.fake.objects import FOLDER, Objects

if TYPE_CHECKING:
    from tests.plugins.github.emulated.bridge import Emulator

Json = Any
_PATH = re.compile(r"/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
_PERSON = re.compile(r"(.*) <(.*)> (\d+) \+0000")


class EmulatedGit:
    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self._emulator = emulator
        self._folder = folder
        self._held: dict[str, Objects] = {}
        self._lock = asyncio.Lock()
        self.served: list[str] = []
        """`<owner>/<name> <service>` of each request, in order."""

    def is_for(self, asked: Asked) -> bool:
        return _PATH.fullmatch(asked.path) is not None

    async def answer(self, asked: Asked) -> bytes:
        match = _PATH.fullmatch(asked.path)
        assert match is not None
        repo = f"{match[1]}/{match[2]}"
        token = _token(asked)
        about = await self._emulator.say("GET", f"/repos/{repo}", token=token or "nobody")
        writes = "git-receive-pack" in asked.target
        if about.status_code == 401 or (writes and token is None):
            return reply(b"", "401 Unauthorized", www_authenticate='Basic realm="GitHub"')
        if about.status_code != 200:
            return reply(b"", "404 Not Found")
        number = about.json()["id"]
        async with self._lock:
            bare = await self._written(repo, number, about.json()["default_branch"])
            said = await backend(asked, bare.parent, f"/{bare.name}/{match[3]}", user="x-access-token")
            self.served.append(f"{repo} {match[3]}")
            if writes and asked.method == "POST":
                assert token is not None
                await self._taken(repo, number, bare, token)
        return said

    # ----------------------------------------------------------------------------------------- out of the emulator

    async def _written(self, repo: str, number: int, branch: str) -> Path:
        bare = self._folder / f"{number}.git"
        if not bare.exists():
            bare.mkdir(parents=True)
            git("init", "--quiet", "--bare", f"--initial-branch={branch}", cwd=bare)
            git("config", "uploadpack.allowFilter", "true", cwd=bare)
            git("config", "http.receivepack", "true", cwd=bare)
        held = self._held.setdefault(repo, Objects())
        for name, sha in (await self._heads(repo)).items():
            await self._commit(repo, held, sha)
            place = bare / "refs" / "heads" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(sha + "\n")
        for sha, (kind, content) in held.held.items():
            place = bare / "objects" / sha[:2] / sha[2:]
            if not place.exists():
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(zlib.compress(f"{kind} {len(content)}\0".encode() + content, 1))
        return bare

    async def _heads(self, repo: str) -> dict[str, str]:
        told = await self._emulator.say("GET", f"/repos/{repo}/git/matching-refs/heads/")
        refs = told.json() if told.status_code == 200 else []
        return {one["ref"].removeprefix("refs/heads/"): one["object"]["sha"] for one in refs}

    async def _commit(self, repo: str, held: Objects, sha: str) -> None:
        if sha in held.held:
            return
        told = await self._emulator.call("GET", f"/repos/{repo}/git/commits/{sha}")
        parents = [one["sha"] for one in told["parents"]]
        people = [
            f"{what} {told[what]['name']} <{told[what]['email']}> "
            f"{int(datetime.fromisoformat(told[what]['date']).timestamp())} +0000"
            for what in ("author", "committer")
        ]
        lines = [f"tree {told['tree']['sha']}", *(f"parent {one}" for one in parents), *people]
        text = "\n".join(lines) + "\n\n" + told["message"].removesuffix("\n") + "\n"
        assert held.put("commit", text.encode()) == sha
        await self._tree(repo, held, told["tree"]["sha"])
        for parent in parents:
            await self._commit(repo, held, parent)

    async def _tree(self, repo: str, held: Objects, sha: str) -> None:
        if sha in held.held:
            return
        told = await self._emulator.call("GET", f"/repos/{repo}/git/trees/{sha}")
        entries = sorted(told["tree"], key=lambda one: one["path"] + ("/" if one["type"] == "tree" else ""))
        content = b"".join(
            f"{one['mode'].lstrip('0')} {one['path']}\0".encode() + bytes.fromhex(one["sha"]) for one in entries
        )
        assert held.put("tree", content) == sha
        for one in entries:
            if one["type"] == "tree":
                await self._tree(repo, held, one["sha"])
            elif one["sha"] not in held.held:
                blob = await self._emulator.call("GET", f"/repos/{repo}/git/blobs/{one['sha']}")
                assert held.put("blob", base64.b64decode(blob["content"])) == one["sha"]

    # --------------------------------------------------------------------------------------------- into the emulator

    async def _taken(self, repo: str, number: int, bare: Path, token: str) -> None:
        """Everything a push has brought, in the pusher's name."""
        held = self._held[repo]
        known = set(held.held)
        listed = git("cat-file", "--batch-all-objects", "--batch-check", cwd=bare).splitlines()
        for sha, kind, _ in (line.split() for line in listed):
            if sha not in known:
                assert held.put(kind, _content(bare, kind, sha)) == sha
        before = await self._heads(repo)
        refs = git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", cwd=bare).splitlines()
        for sha, _, name in (line.partition(" refs/heads/") for line in refs):
            if before.get(name) != sha:
                await self._give_commit(repo, held, sha, known, token)
                await self._move(repo, number, held, name, before.get(name), sha, token)

    async def _give_commit(self, repo: str, held: Objects, sha: str, known: set[str], token: str) -> None:
        if sha in known:
            return
        for parent in held.parents_of(sha):
            await self._give_commit(repo, held, parent, known, token)
        await self._give_tree(repo, held, held.tree_of(sha), known, token)
        head = held.held[sha][1].decode().partition("\n\n")[0]
        people = dict(line.split(" ", 1) for line in head.split("\n") if line.startswith(("author ", "committer ")))
        body = {
            "message": held.message_of(sha),
            "tree": held.tree_of(sha),
            "parents": held.parents_of(sha),
            **{what: _person(who) for what, who in people.items()},
        }
        await self._give(repo, "commits", body, sha, known, token)

    async def _give_tree(self, repo: str, held: Objects, sha: str, known: set[str], token: str) -> None:
        if sha in known:
            return
        entries = held.tree(sha)
        for entry in entries.values():
            if entry.mode == FOLDER:
                await self._give_tree(repo, held, entry.sha, known, token)
            elif entry.sha not in known:
                content = base64.b64encode(held.blob(entry.sha) or b"").decode()
                body = {"content": content, "encoding": "base64"}
                await self._give(repo, "blobs", body, entry.sha, known, token)
        listed = [
            {"path": name, "mode": one.mode.rjust(6, "0"), "type": one.type, "sha": one.sha}
            for name, one in entries.items()
        ]
        await self._give(repo, "trees", {"tree": listed}, sha, known, token)

    async def _give(self, repo: str, what: str, body: Json, sha: str, known: set[str], token: str) -> None:
        made = await self._emulator.call("POST", f"/repos/{repo}/git/{what}", body, token=token)
        assert made["sha"] == sha, f"the emulator has made another of {what}"
        known.add(sha)

    async def _move(
        self, repo: str, number: int, held: Objects, branch: str, before: str | None, after: str, token: str
    ) -> None:
        change = {"commits": [_change(held, before, after)], "forced": False}
        if before is not None:
            self._emulator.pushed_by_git(number, after, change)
            body = {"sha": after, "force": True}
            await self._emulator.call("PATCH", f"/repos/{repo}/git/refs/heads/{branch}", body, token=token)
            return
        body = {"ref": f"refs/heads/{branch}", "sha": after}
        await self._emulator.call("POST", f"/repos/{repo}/git/refs", body, token=token)
        # The emulator says `create` alone.
        about = await self._emulator.call("GET", f"/repos/{repo}")
        push = {"ref": body["ref"], "before": "0" * 40, "after": after, "created": True, "repository": about, **change}
        await self._emulator.tell("push", push)


def _content(bare: Path, kind: str, sha: str) -> bytes:
    command = ["git", "cat-file", kind, sha]
    return subprocess.run(command, cwd=bare, env=ENVIRONMENT, check=True, capture_output=True).stdout


def _token(asked: Asked) -> str | None:
    given = asked.headers.get("authorization", "")
    return base64.b64decode(given[6:]).decode().partition(":")[2] if given.lower().startswith("basic ") else None


def _person(who: str) -> Json:
    match = _PERSON.fullmatch(who)
    assert match is not None, f"not in UTC: {who}"
    when = datetime.fromtimestamp(int(match[3]), UTC).isoformat().replace("+00:00", "Z")
    return {"name": match[1], "email": match[2], "date": when}


def _change(held: Objects, before: str | None, after: str) -> Json:
    old, new = (held.files(held.tree_of(one)) if one else {} for one in (before, after))
    return {
        "id": after,
        "message": held.message_of(after),
        "added": _sorted(new.keys() - old.keys()),
        "removed": _sorted(old.keys() - new.keys()),
        "modified": _sorted(path for path in new.keys() & old.keys() if new[path] != old[path]),
    }


def _sorted(paths: Iterable[str]) -> list[str]:
    return sorted(paths)

"""The emulator's state as GraphQL needs it, read over its REST API. Git objects keep their SHAs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.plugins.github.fake.objects import FILE, Entry
from tests.plugins.github.fake.world import Account, Repo, Team, World

if TYPE_CHECKING:
    from tests.plugins.github.emulated.bridge import Emulator

AT_ONCE = 8
PAGE = 100
Json = Any


class Mirror:
    """Reads again what was written since it last looked: all writing goes through the bridge."""

    def __init__(self, emulator: Emulator) -> None:
        self.world = World()
        self._emulator = emulator
        self._stale = True
        self.parents: dict[int, int] = {}
        """Ids of teams → those of the teams above them."""
        self._unread: set[str] = set()
        self._begun: dict[str, Repo] = {}
        self._read: dict[int, Repo] = {}
        self._turn = asyncio.Lock()

    def written(self, method: str, path: str) -> None:
        if method in ("GET", "HEAD"):
            return
        self._stale = True
        parts = path.partition("?")[0].strip("/").split("/")
        if parts[0] == "repos":
            self._unread.add("/".join(parts[1:3]).lower())

    def begun(self, repo: str, path: str, blob: str, commit: Json) -> None:
        """What is in a repository after its first commit, without asking for it."""
        owner, _, name = repo.partition("/")
        known = self._begun[repo.lower()] = Repo(Account(owner, 0), name, 0)
        _hold(known, {path: Entry(FILE, blob)}, commit["sha"], commit["tree"]["sha"])
        self._unread.discard(repo.lower())

    async def current(self) -> World:
        async with self._turn:
            if self._stale:
                self._stale = False
                unread, self._unread = self._unread, set()
                await self._look(unread)
        return self.world

    async def _look(self, unread: set[str]) -> None:
        before = {name: repo.id for name, repo in self.world.repos.items()}
        self.world.repos, self.world.teams = {}, []
        for org in self._emulator.orgs:
            await self._people(org)
            for told in await self._pages(f"/search/repositories?q=org:{org}", "items"):
                self._repository(told)
        self.world.moved |= before
        for name in self.world.repos:
            self.world.moved.pop(name, None)
        one_of = asyncio.Semaphore(AT_ONCE)
        for name, begun in self._begun.items():
            repo = self.world.repos[name]
            repo.objects, repo.branches = begun.objects, {repo.default_branch: begun.branches["main"]}
            self._read[repo.id] = repo
        self._begun = {}
        new = [repo for name, repo in self.world.repos.items() if name in unread or repo.id not in self._read]
        await asyncio.gather(*(self._contents(repo, one_of) for repo in new))

    def _repository(self, told: Json) -> None:
        owner = self.world.accounts[told["owner"]["login"].lower()]
        repo = self._read.get(told["id"]) or Repo(owner, told["name"], told["id"])
        repo.owner, repo.name, repo.archived = owner, told["name"], told["archived"]
        repo.visibility, repo.default_branch = told["visibility"], told["default_branch"]
        repo.topics = told.get("topics") or []
        self.world.repos[repo.full_name.lower()] = repo

    async def _contents(self, repo: Repo, one_of: asyncio.Semaphore) -> None:
        """The files of the default branch."""
        async with one_of:
            base = f"/repos/{repo.full_name}"
            told = await self._emulator.say("GET", f"{base}/commits/{repo.default_branch}")
            self._read[repo.id] = repo
            if told.status_code != 200:
                repo.branches = {}
                return
            commit = told.json()
            tree = (await self._emulator.call("GET", f"{base}/git/trees/{commit['sha']}?recursive=1"))["tree"]
            held = {one["path"]: Entry(one["mode"], one["sha"]) for one in tree if one["type"] == "blob"}
            _hold(repo, held, commit["sha"], commit["commit"]["tree"]["sha"])

    async def _people(self, org: str) -> None:
        accounts = self.world.accounts
        told = await self._emulator.call("GET", f"/orgs/{org}")
        group = accounts[org.lower()] = Account(org, told["id"], "Organization")
        members = await self._pages(f"/orgs/{org}/members?")
        for one in members:
            known = await self._emulator.call("GET", f"/users/{one['login']}")
            accounts[one["login"].lower()] = Account(
                one["login"], one["id"], name=known["name"], email=known["email"], bio=known["bio"]
            )
        self.world.members[org.lower()] = [accounts[one["login"].lower()] for one in members]
        teams: dict[int, Team] = {}
        for one in await self._pages(f"/orgs/{org}/teams?"):
            if one["slug"] == "members":
                continue  # The emulator's own: that is how it keeps an organization's members.
            team = teams[one["id"]] = Team(group, one["slug"], one["name"], one["id"], one["description"])
            inside = await self._pages(f"/orgs/{org}/teams/{one['slug']}/members?")
            team.members = [accounts[member["login"].lower()] for member in inside]
        for number, team in teams.items():
            team.parent = teams.get(self.parents.get(number, 0))
        self.world.teams += teams.values()

    async def _pages(self, path: str, key: str | None = None) -> list[Json]:
        found: list[Json] = []
        for page in range(1, 100):
            told = await self._emulator.call("GET", f"{path}&per_page={PAGE}&page={page}".replace("?&", "?"))
            some = told if key is None else told[key]
            found += some
            if len(some) < PAGE:
                break
        return found


def _hold(repo: Repo, files: dict[str, Entry], commit: str, tree: str) -> None:
    """The default branch stands at `commit`, which has these files."""
    for one in files.values():
        # That they have content is all that is asked for.
        repo.objects.held.setdefault(one.sha, ("blob", b"x"))
    sha = repo.objects.changed_tree(None, dict(files))
    assert sha == tree, f"{repo.full_name} is not what its tree says"
    repo.objects.held[commit] = ("commit", f"tree {sha}\n\n".encode())
    repo.branches = {repo.default_branch: commit}

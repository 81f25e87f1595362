"""What the fake knows: accounts, teams, repositories. Changes are methods; each leaves its webhook behind."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.plugins.github.fake.objects import EXECUTABLE, FILE, Entry, Objects

Json = Any


@dataclass(eq=False)
class Account:
    """A user or an organization."""

    login: str
    id: int
    type: str = "User"
    name: str | None = None
    email: str | None = None
    bio: str | None = None
    verified_emails: tuple[str, ...] = ()
    suspended: bool = False

    @property
    def node_id(self) -> str:
        return base64.b64encode(f"0{len(self.type)}:{self.type}{self.id}".encode()).decode()


@dataclass(eq=False)
class Team:
    org: Account
    slug: str
    name: str
    id: int
    description: str | None = None
    parent: Team | None = None
    members: list[Account] = field(default_factory=list)


@dataclass(eq=False)
class Repo:
    owner: Account
    name: str
    id: int
    visibility: str = "public"
    fork: bool = False
    archived: bool = False
    topics: list[str] = field(default_factory=list)
    description: str | None = None
    homepage: str | None = None
    default_branch: str = "main"
    languages: dict[str, int] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    objects: Objects = field(default_factory=Objects)
    settings: dict[str, Json] = field(default_factory=dict)
    """Whatever requests have put there, by what it is: `protection`, `collaborators`, `secrets`, `issues`, …"""

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    def resolve(self, ref: str | None) -> str | None:
        """The commit of a branch, tag or SHA; of the default branch for None and HEAD."""
        ref = self.default_branch if ref in (None, "", "HEAD") else ref
        assert ref is not None
        ref = ref.removeprefix("refs/").removeprefix("heads/").removeprefix("tags/")
        found = self.branches.get(ref) or self.tags.get(ref)
        if found is None and self.objects.held.get(ref, ("",))[0] == "commit":
            return ref
        return found

    def read(self, path: str, ref: str | None = None) -> bytes | None:
        commit = self.resolve(ref)
        entry = self.objects.find(self.objects.tree_of(commit), path) if commit else None
        return self.objects.blob(entry.sha) if entry else None


@dataclass(eq=False)
class App:
    id: int
    public_key: Any
    slug: str = "callboard"


@dataclass(eq=False)
class InstallationOf:
    id: int
    app: App
    account: Account
    suspended: bool = False


@dataclass
class World:
    url: str = ""
    clones: str = ""
    """Where git is told to clone from, if not there."""
    accounts: dict[str, Account] = field(default_factory=dict)
    """By lower-case login."""
    members: dict[str, list[Account]] = field(default_factory=dict)
    """By lower-case login of the organization."""
    teams: list[Team] = field(default_factory=list)
    repos: dict[str, Repo] = field(default_factory=dict)
    """By lower-case full name."""
    moved: dict[str, int] = field(default_factory=dict)
    """Former full names → id: GitHub redirects them."""
    apps: list[App] = field(default_factory=list)
    installations: list[InstallationOf] = field(default_factory=list)
    hooks: list[tuple[str, Json]] = field(default_factory=list)
    """(event, payload) that were not delivered yet."""
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1000))

    # ------------------------------------------------------------------------------------------------ look-ups

    def account(self, login: str) -> Account | None:
        return self.accounts.get(login.lower())

    def org(self, login: str) -> Account | None:
        found = self.account(login)
        return found if found is not None and found.type == "Organization" else None

    def repo(self, owner: str, name: str) -> Repo | None:
        return self.repos.get(f"{owner}/{name}".lower())

    def repo_by_id(self, number: int) -> Repo | None:
        return next((one for one in self.repos.values() if one.id == number), None)

    def repos_of(self, login: str) -> list[Repo]:
        return [one for one in self.repos.values() if one.owner.login.lower() == login.lower()]

    def members_of(self, login: str) -> list[Account]:
        return self.members.get(login.lower(), [])

    def teams_of(self, login: str) -> list[Team]:
        return [one for one in self.teams if one.org.login.lower() == login.lower()]

    def team(self, org: str, slug: str) -> Team | None:
        return next((one for one in self.teams_of(org) if one.slug == slug), None)

    # ------------------------------------------------------------------------------------------------- changes

    def next_id(self) -> int:
        return next(self._ids)

    def add_org(self, login: str, **known: Any) -> Account:
        made = Account(login, self.next_id(), "Organization", **known)
        self.accounts[login.lower()] = made
        self.members[login.lower()] = []
        return made

    def add_user(self, login: str, *, orgs: tuple[str, ...] = (), **known: Any) -> Account:
        made = self.accounts[login.lower()] = Account(login, self.next_id(), **known)
        for org in orgs:
            self.join(org, login)
        return made

    def join(self, org: str, login: str) -> None:
        group, user = self._org(org), self._account(login)
        self.members[org.lower()].append(user)
        membership = {"state": "active", "role": "member", "user": self._user(user)}
        self.hook("organization", group, {"action": "member_added", "membership": membership})

    def leave(self, org: str, login: str) -> None:
        group, user = self._org(org), self._account(login)
        self.members[org.lower()].remove(user)
        for team in self.teams_of(org):
            if user in team.members:
                team.members.remove(user)
        membership = {"state": "active", "role": "member", "user": self._user(user)}
        self.hook("organization", group, {"action": "member_removed", "membership": membership})

    def add_team(
        self,
        org: str,
        slug: str,
        *,
        parent: str | None = None,
        members: tuple[str, ...] = (),
        name: str | None = None,
        description: str | None = None,
    ) -> Team:
        group = self._org(org)
        above = self.team(org, parent) if parent else None
        made = Team(group, slug, name or slug, self.next_id(), description, above)
        made.members = [self._account(one) for one in members]
        self.teams.append(made)
        self.hook("team", group, {"action": "created", "team": self._team(made)})
        return made

    def edit_team(self, org: str, slug: str, *, name: str | None = None, description: str | None = None) -> Team:
        """A new name gives a new slug, as at GitHub."""
        team = self._find_team(org, slug)
        changes: dict[str, Json] = {}
        if name is not None:
            changes["name"] = {"from": team.name}
            team.name, team.slug = name, name.lower().replace(" ", "-")
        if description is not None:
            changes["description"] = {"from": team.description}
            team.description = description
        self.hook("team", team.org, {"action": "edited", "changes": changes, "team": self._team(team)})
        return team

    def delete_team(self, org: str, slug: str) -> None:
        team = self._find_team(org, slug)
        self.teams.remove(team)
        for other in self.teams:
            if other.parent is team:
                other.parent = team.parent
        self.hook("team", team.org, {"action": "deleted", "team": self._team(team)})

    def add_to_team(self, org: str, slug: str, login: str) -> None:
        team, user = self._find_team(org, slug), self._account(login)
        team.members.append(user)
        body = {"action": "added", "scope": "team", "member": self._user(user), "team": self._team(team)}
        self.hook("membership", team.org, body)

    def remove_from_team(self, org: str, slug: str, login: str) -> None:
        team, user = self._find_team(org, slug), self._account(login)
        team.members.remove(user)
        body = {"action": "removed", "scope": "team", "member": self._user(user), "team": self._team(team)}
        self.hook("membership", team.org, body)

    def add_repo(
        self, owner: str, name: str, files: Mapping[str, str | bytes] | None = None, *, hook: bool = True, **known: Any
    ) -> Repo:
        repo = Repo(self._account(owner), name, self.next_id(), **known)
        self.repos[repo.full_name.lower()] = repo
        self.moved.pop(repo.full_name.lower(), None)
        if hook:
            self.repo_hook(repo, {"action": "created"})
        if files:
            self.push(repo, files, hook=hook)
        return repo

    def push(
        self,
        repo: Repo,
        files: Mapping[str, str | bytes | None],
        branch: str | None = None,
        *,
        message: str = "change",
        hook: bool = True,
    ) -> str:
        """One commit on a branch (None takes a file away); gives the commit."""
        branch = branch or repo.default_branch
        before = repo.branches.get(branch) or repo.resolve(None)
        base = repo.objects.tree_of(before) if before else None
        known = repo.objects.files(base) if base else {}
        changes: dict[str, Entry | None] = {}
        for path, content in files.items():
            raw = content.encode() if isinstance(content, str) else content
            mode = known[path].mode if path in known else FILE
            changes[path] = None if raw is None else Entry(mode, repo.objects.put("blob", raw))
        tree = repo.objects.changed_tree(base, changes)
        commit = repo.objects.commit(tree, [before] if before else [], message)
        self.move_branch(repo, branch, commit, hook=hook)
        return commit

    def move_branch(self, repo: Repo, branch: str, commit: str, *, hook: bool = True) -> None:
        """Let a branch point at a commit that is there already, as a push does."""
        before = repo.branches.get(branch)
        repo.branches[branch] = commit
        if not hook:
            return
        old = repo.objects.files(repo.objects.tree_of(before)) if before else {}
        new = repo.objects.files(repo.objects.tree_of(commit))
        changed = {
            "id": commit,
            "message": repo.objects.message_of(commit),
            "added": sorted(new.keys() - old.keys()),
            "removed": sorted(old.keys() - new.keys()),
            "modified": sorted(path for path in new.keys() & old.keys() if new[path] != old[path]),
        }
        body = {
            "ref": f"refs/heads/{branch}",
            "before": before or "0" * 40,
            "after": commit,
            "created": before is None,
            "deleted": False,
            "forced": False,
            "commits": [changed],
            "head_commit": changed,
        }
        self.repo_hook(repo, body, event="push")

    def rename_repo(self, repo: Repo, name: str) -> None:
        before, former = repo.name, repo.full_name.lower()
        del self.repos[former]
        repo.name = name
        self.repos[repo.full_name.lower()] = repo
        self.moved[former] = repo.id
        self.repo_hook(repo, {"action": "renamed", "changes": {"repository": {"name": {"from": before}}}})

    def transfer_repo(self, repo: Repo, owner: str) -> None:
        before, former = repo.owner, repo.full_name.lower()
        del self.repos[former]
        repo.owner = self._account(owner)
        self.repos[repo.full_name.lower()] = repo
        self.moved[former] = repo.id
        kind = "organization" if before.type == "Organization" else "user"
        changes = {"owner": {"from": {kind: self._user(before)}}}
        self.repo_hook(repo, {"action": "transferred", "changes": changes})

    def archive_repo(self, repo: Repo, archived: bool = True) -> None:
        repo.archived = archived
        self.repo_hook(repo, {"action": "archived" if archived else "unarchived"})

    def delete_repo(self, repo: Repo) -> None:
        del self.repos[repo.full_name.lower()]
        self.repo_hook(repo, {"action": "deleted"})

    def edit_repo(self, repo: Repo, **known: Any) -> None:
        """Topics, description, homepage, default branch."""
        changes = {key: {"from": getattr(repo, key)} for key in known}
        for key, value in known.items():
            setattr(repo, key, value)
        self.repo_hook(repo, {"action": "edited", "changes": changes})

    def publish_repo(self, repo: Repo, visibility: str) -> None:
        repo.visibility = visibility
        self.repo_hook(repo, {"action": "publicized" if visibility == "public" else "privatized"})

    def install(self, app: App, login: str, *, suspended: bool = False) -> InstallationOf:
        made = InstallationOf(self.next_id(), app, self._account(login), suspended)
        self.installations.append(made)
        body = {"action": "created", "installation": self._installation(made), "repositories": []}
        self.hook("installation", None, body)
        return made

    def uninstall(self, installation: InstallationOf) -> None:
        self.installations.remove(installation)
        self.hook("installation", None, {"action": "deleted", "installation": self._installation(installation)})

    # ------------------------------------------------------------------------------------------------ webhooks

    def hook(self, event: str, org: Account | None, body: Json) -> None:
        with_org = {"organization": self._user(org)} if org is not None else {}
        self.hooks.append((event, {**body, **with_org, "sender": {"login": "ada", "id": 1, "type": "User"}}))

    def repo_hook(self, repo: Repo, body: Json, *, event: str = "repository") -> None:
        from tests.plugins.github.fake.shapes import repository

        org = repo.owner if repo.owner.type == "Organization" else None
        self.hook(event, org, {**body, "repository": repository(self, repo)})

    def take_hooks(self) -> list[tuple[str, Json]]:
        taken, self.hooks = self.hooks, []
        return taken

    def _account(self, login: str) -> Account:
        return self.accounts[login.lower()]

    def _org(self, login: str) -> Account:
        found = self._account(login)
        assert found.type == "Organization"
        return found

    def _find_team(self, org: str, slug: str) -> Team:
        found = self.team(org, slug)
        assert found is not None, f"there is no team {org}/{slug}"
        return found

    def _user(self, account: Account) -> Json:
        from tests.plugins.github.fake.shapes import account as shape

        return shape(self, account)

    def _team(self, team: Team) -> Json:
        from tests.plugins.github.fake.shapes import team as shape

        return shape(self, team)

    def _installation(self, installation: InstallationOf) -> Json:
        from tests.plugins.github.fake.shapes import installation as shape

        return shape(self, installation)


__all__ = ["EXECUTABLE", "Account", "App", "InstallationOf", "Repo", "Team", "World"]

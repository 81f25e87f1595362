"""REST routes of the fake: accounts, teams, repositories and what is in them. Others add theirs to `ROUTES`."""

from __future__ import annotations

import base64
import io
import tarfile
from typing import TYPE_CHECKING, Any

from tests.plugins.github.fake.objects import EXECUTABLE, FOLDER, Entry
from tests.plugins.github.fake.routing import NOT_FOUND, Asked, Reply, Routes, failed, paged
from tests.plugins.github.fake.shapes import account, full_account, installation, repository, team
from tests.plugins.github.fake.world import Repo

if TYPE_CHECKING:
    from tests.plugins.github.fake.server import FakeGithub

Json = Any
ROUTES = Routes()
on = ROUTES.on


def repo_of(github: FakeGithub, asked: Asked) -> Repo | Reply:
    """The repository a path names, if the caller may see it; a redirect for a former name."""
    owner, name = asked.parts["owner"], asked.parts["repo"]
    found = github.world.repo(owner, name)
    if found is None:
        moved = github.world.repo_by_id(github.world.moved.get(f"{owner}/{name}".lower(), -1))
        if moved is None:
            return failed(*NOT_FOUND)
        rest = asked.path.split("/", 4)[4:]
        place = "/".join([f"{github.api}/repositories/{moved.id}", *rest])
        return Reply({"message": "Moved Permanently", "url": place}, 301, {"location": place})
    return found if github.sees(asked.who, found) else failed(*NOT_FOUND)


# ------------------------------------------------------------------------------------------------- apps, accounts


@on("GET", "/app/installations")
def app_installations(github: FakeGithub, asked: Asked) -> Reply:
    app = github.app_of(asked.who)
    if app is None:
        return failed(401, "A JSON web token could not be decoded")
    return paged(github, asked, [installation(github.world, i) for i in github.world.installations if i.app is app])


@on("POST", "/app/installations/{installation_id}/access_tokens")
def installation_token(github: FakeGithub, asked: Asked) -> Reply:
    app, number = github.app_of(asked.who), int(asked.parts["installation_id"])
    found = next((one for one in github.world.installations if one.id == number and one.app is app), None)
    if app is None or found is None:
        return failed(*NOT_FOUND)
    token, ends = github.issue_token(found)
    return Reply({"token": token, "expires_at": ends, "permissions": {"contents": "write"}}, 201)


@on("GET", "/user")
def user(github: FakeGithub, asked: Asked) -> Reply:
    found = github.user_of(asked.who)
    return Reply(full_account(github.world, found)) if found else failed(403, "Resource not accessible by integration")


@on("GET", "/user/repos")
def user_repos(github: FakeGithub, asked: Asked) -> Reply:
    seen = [repository(github.world, one) for one in github.world.repos.values() if github.sees(asked.who, one)]
    return paged(github, asked, seen)


@on("GET", "/user/orgs")
def user_orgs(github: FakeGithub, asked: Asked) -> Reply:
    mine = github.user_of(asked.who)
    orgs = [one for one in github.world.accounts.values() if one.type == "Organization"]
    found = [one for one in orgs if mine is None or mine in github.world.members_of(one.login)]
    return paged(github, asked, [account(github.world, one) for one in found])


@on("GET", "/users/{username}")
def one_user(github: FakeGithub, asked: Asked) -> Reply:
    found = github.world.account(asked.parts["username"])
    return Reply(full_account(github.world, found)) if found else failed(*NOT_FOUND)


@on("GET", "/orgs/{org}")
def one_org(github: FakeGithub, asked: Asked) -> Reply:
    found = github.world.org(asked.parts["org"])
    return Reply(full_account(github.world, found)) if found else failed(*NOT_FOUND)


@on("GET", "/orgs/{org}/members")
def org_members(github: FakeGithub, asked: Asked) -> Reply:
    if github.world.org(asked.parts["org"]) is None:
        return failed(*NOT_FOUND)
    return paged(github, asked, [account(github.world, one) for one in github.world.members_of(asked.parts["org"])])


@on("GET", "/orgs/{org}/teams")
def org_teams(github: FakeGithub, asked: Asked) -> Reply:
    return paged(github, asked, [team(github.world, one) for one in github.world.teams_of(asked.parts["org"])])


@on("GET", "/orgs/{org}/teams/{team_slug}")
def one_team(github: FakeGithub, asked: Asked) -> Reply:
    found = github.world.team(asked.parts["org"], asked.parts["team_slug"])
    return Reply(team(github.world, found)) if found else failed(*NOT_FOUND)


@on("GET", "/orgs/{org}/repos")
def org_repos(github: FakeGithub, asked: Asked) -> Reply:
    if github.world.org(asked.parts["org"]) is None:
        return failed(*NOT_FOUND)
    seen = [one for one in github.world.repos_of(asked.parts["org"]) if github.sees(asked.who, one)]
    return paged(github, asked, [repository(github.world, one) for one in seen])


# -------------------------------------------------------------------------------------------------- repositories


@on("GET", "/repositories/{repository_id}")
def repo_by_id(github: FakeGithub, asked: Asked) -> Reply:
    found = github.world.repo_by_id(int(asked.parts["repository_id"]))
    return Reply(repository(github.world, found)) if found else failed(*NOT_FOUND)


@on("GET", "/repos/{owner}/{repo}")
def one_repo(github: FakeGithub, asked: Asked) -> Reply:
    found = repo_of(github, asked)
    return found if isinstance(found, Reply) else Reply(repository(github.world, found))


@on("GET", "/repos/{owner}/{repo}/languages")
def languages(github: FakeGithub, asked: Asked) -> Reply:
    found = repo_of(github, asked)
    return found if isinstance(found, Reply) else Reply(found.languages)


@on("GET", "/repos/{owner}/{repo}/branches")
def branches(github: FakeGithub, asked: Asked) -> Reply:
    found = repo_of(github, asked)
    if isinstance(found, Reply):
        return found
    listed = [
        {"name": name, "commit": {"sha": sha, "url": ""}, "protected": name in found.settings.get("protection", {})}
        for name, sha in sorted(found.branches.items())
    ]
    return paged(github, asked, listed)


@on("GET", "/repos/{owner}/{repo}/branches/{+branch}")
def one_branch(github: FakeGithub, asked: Asked) -> Reply:
    found = repo_of(github, asked)
    if isinstance(found, Reply):
        return found
    sha = found.branches.get(asked.parts["branch"])
    if sha is None:
        return failed(404, "Branch not found")
    protected = asked.parts["branch"] in found.settings.get("protection", {})
    return Reply({"name": asked.parts["branch"], "commit": {"sha": sha}, "protected": protected})


@on("GET", "/repos/{owner}/{repo}/commits/{+ref}")
def one_commit(github: FakeGithub, asked: Asked) -> Reply:
    found = repo_of(github, asked)
    if isinstance(found, Reply):
        return found
    sha = found.resolve(asked.parts["ref"])
    if sha is None:
        if not found.branches:
            return failed(409, "Git Repository is empty.")
        return failed(422, f"No commit found for SHA: {asked.parts['ref']}")
    if asked.accept == "application/vnd.github.sha":
        return Reply(raw=sha.encode())
    return Reply(commit_shape(github, found, sha))


def commit_shape(github: FakeGithub, repo: Repo, sha: str) -> Json:
    tree = repo.objects.tree_of(sha)
    parents = [{"sha": one} for one in repo.objects.parents_of(sha)]
    before = repo.objects.files(repo.objects.tree_of(parents[0]["sha"])) if parents else {}
    after = repo.objects.files(tree)
    files = [
        {
            "filename": path,
            "status": "added" if path not in before else "removed" if path not in after else "modified",
            "sha": (after.get(path) or before[path]).sha,
        }
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]
    inner = {"message": repo.objects.message_of(sha), "tree": {"sha": tree}}
    return {"sha": sha, "commit": inner, "parents": parents, "files": files}


@on("GET", "/repos/{owner}/{repo}/contents/{+path}")
def contents(github: FakeGithub, asked: Asked) -> Reply:
    found = repo_of(github, asked)
    if isinstance(found, Reply):
        return found
    commit = found.resolve(asked.query.get("ref"))
    path = asked.parts["path"].strip("/")
    entry = found.objects.find(found.objects.tree_of(commit), path) if commit else None
    if entry is None:
        return failed(*NOT_FOUND)
    if entry.mode == FOLDER:
        listed = found.objects.tree(entry.sha).items()
        return Reply([_content(github, found, f"{path}/{name}".lstrip("/"), one) for name, one in listed])
    content = found.objects.blob(entry.sha) or b""
    if ".raw" in asked.accept:
        return Reply(raw=content)
    encoded = base64.encodebytes(content).decode()
    return Reply({**_content(github, found, path, entry), "encoding": "base64", "content": encoded})


def _content(github: FakeGithub, repo: Repo, path: str, entry: Entry) -> Json:
    kind = "dir" if entry.mode == FOLDER else "file"
    size = len(repo.objects.blob(entry.sha) or b"")
    page = f"{github.url}/{repo.full_name}/blob/{repo.default_branch}/{path}"
    name = path.rpartition("/")[2]
    return {"type": kind, "name": name, "path": path, "sha": entry.sha, "size": size, "html_url": page}


@on("GET", "/repos/{owner}/{repo}/tarball/{+ref}")
def tarball(github: FakeGithub, asked: Asked) -> Reply:
    found = repo_of(github, asked)
    if isinstance(found, Reply):
        return found
    commit = found.resolve(asked.parts["ref"])
    if commit is None:
        return failed(*NOT_FOUND)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, entry in found.objects.files(found.objects.tree_of(commit)).items():
            content = found.objects.blob(entry.sha) or b""
            info = tarfile.TarInfo(f"{found.owner.login}-{found.name}-{commit[:7]}/{path}")
            info.size, info.mode = len(content), 0o755 if entry.mode == EXECUTABLE else 0o644
            archive.addfile(info, io.BytesIO(content))
    return Reply(raw=packed.getvalue(), headers={"content-type": "application/x-gzip"})


# ------------------------------------------------------------------------------------------------------ git data


@on("GET", "/repos/{owner}/{repo}/git/trees/{+tree_sha}")
def one_tree(github: FakeGithub, asked: Asked) -> Reply:
    found = repo_of(github, asked)
    if isinstance(found, Reply):
        return found
    given = asked.parts["tree_sha"]
    commit = found.resolve(given)
    sha = found.objects.tree_of(commit) if commit else given
    if found.objects.held.get(sha, ("",))[0] != "tree":
        return failed(*NOT_FOUND)
    entries = found.objects.files(sha) if "recursive" in asked.query else found.objects.tree(sha)
    listed = [
        {"path": path, "mode": one.mode.rjust(6, "0"), "type": one.type, "sha": one.sha}
        for path, one in entries.items()
    ]
    return Reply({"sha": sha, "tree": listed, "truncated": bool(github.truncates)})


@on("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}")
def one_blob(github: FakeGithub, asked: Asked) -> Reply:
    found = repo_of(github, asked)
    if isinstance(found, Reply):
        return found
    content = found.objects.blob(asked.parts["file_sha"])
    if content is None:
        return failed(*NOT_FOUND)
    if ".raw" in asked.accept:
        return Reply(raw=content)
    encoded = base64.b64encode(content).decode()
    return Reply({"sha": asked.parts["file_sha"], "encoding": "base64", "content": encoded, "size": len(content)})


@on("GET", "/rate_limit")
def rate_limit(github: FakeGithub, asked: Asked) -> Reply:
    return Reply({"resources": {}, "rate": {}})

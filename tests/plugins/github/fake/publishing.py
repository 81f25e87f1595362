"""REST routes of the fake that make and change things: repositories, their settings, commits, issues, pull requests.

What a repository was given is kept in `Repo.settings`.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from nacl.public import PrivateKey, SealedBox

from tests.plugins.github.fake.graphql import MUTATIONS, RefusedError
from tests.plugins.github.fake.objects import Entry
from tests.plugins.github.fake.rest import on, repo_of
from tests.plugins.github.fake.routing import NOT_FOUND, Asked, Reply, failed, paged
from tests.plugins.github.fake.shapes import repository
from tests.plugins.github.fake.world import Repo

if TYPE_CHECKING:
    from tests.plugins.github.fake.server import FakeGithub

Json = Any
KEY = PrivateKey(b"k" * 32)
"""Of every repository and environment: tests open what was sealed for GitHub."""


def opened(sealed: str) -> str:
    return SealedBox(KEY).decrypt(base64.b64decode(sealed)).decode()


def _kept(repo: Repo, what: str) -> dict[str, Json]:
    found: dict[str, Json] = repo.settings.setdefault(what, {})
    return found


# -------------------------------------------------------------------------------------------------- repositories

_SETTINGS = ("allow_", "delete_branch", "squash_", "has_")


def _create(github: FakeGithub, asked: Asked, owner: str) -> Reply:
    body = asked.json
    if github.world.repo(owner, body["name"]) is not None:
        detail = {"resource": "Repository", "code": "custom", "message": "name already exists on this account"}
        return failed(422, "Repository creation failed.", errors=[detail])
    visibility = body.get("visibility") or ("private" if body.get("private") else "public")
    repo = github.world.add_repo(
        owner,
        body["name"],
        {"README.md": f"# {body['name']}"} if body.get("auto_init") else None,
        visibility=visibility,
        description=body.get("description"),
        homepage=body.get("homepage"),
    )
    repo.settings["settings"] = {key: value for key, value in body.items() if key.startswith(_SETTINGS)}
    repo.settings["custom_properties"] = body.get("custom_properties", {})
    return Reply(repository(github.world, repo), 201)


@on("POST", "/orgs/{org}/repos")
def create_in_org(github: FakeGithub, asked: Asked) -> Reply:
    if github.world.org(asked.parts["org"]) is None:
        return failed(*NOT_FOUND)
    return _create(github, asked, asked.parts["org"])


@on("POST", "/user/repos")
def create_for_user(github: FakeGithub, asked: Asked) -> Reply:
    user = github.user_of(asked.who)
    return failed(403, "Resource not accessible by integration") if user is None else _create(github, asked, user.login)


@on("PATCH", "/repos/{owner}/{repo}")
def update(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    _kept(repo, "settings").update(asked.json)
    return Reply(repository(github.world, repo))


@on("POST", "/repos/{owner}/{repo}/forks")
def fork(github: FakeGithub, asked: Asked) -> Reply:
    repo, user = repo_of(github, asked), github.user_of(asked.who)
    if isinstance(repo, Reply):
        return repo
    if user is None:
        return failed(403, "Resource not accessible by integration")
    made = github.world.repo(user.login, repo.name) or github.world.add_repo(user.login, repo.name, fork=True)
    made.objects.held.update(repo.objects.held)
    made.branches |= {name: sha for name, sha in repo.branches.items() if name not in made.branches}
    made.default_branch = repo.default_branch
    return Reply(repository(github.world, made), 202)


def _setting(method: str, below: str, what: str, key: str | None = None, status: int = 204) -> None:
    """A route that keeps its body: by a part of its path, or as the one there is."""

    @on(method, f"/repos/{{owner}}/{{repo}}{below}")
    def keep(github: FakeGithub, asked: Asked) -> Reply:
        repo = repo_of(github, asked)
        if isinstance(repo, Reply):
            return repo
        if key is None:
            repo.settings[what] = asked.json
        else:
            _kept(repo, what)[asked.parts[key]] = asked.json
        return Reply(None if status == 204 else {}, status)


_setting("PUT", "/topics", "topics", status=200)
_setting("PUT", "/actions/oidc/customization/sub", "oidc", status=201)
_setting("PUT", "/subscription", "subscription", status=200)
_setting("PUT", "/actions/permissions/access", "access")
_setting("PUT", "/actions/secrets/{secret_name}", "secrets", "secret_name")


@on("PUT", "/repos/{owner}/{repo}/collaborators/{username}")
def collaborator(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    if github.world.account(asked.parts["username"]) is None:
        return failed(*NOT_FOUND)
    _kept(repo, "collaborators")[asked.parts["username"]] = asked.json["permission"]
    return Reply(None, 204)


@on("PUT", "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}")
def team_access(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    if github.world.team(asked.parts["org"], asked.parts["team_slug"]) is None:
        return failed(*NOT_FOUND)
    _kept(repo, "teams")[asked.parts["team_slug"]] = asked.json["permission"]
    return Reply(None, 204)


# ----------------------------------------------------------------------------------------- secrets and variables


@on("GET", "/repos/{owner}/{repo}/actions/secrets/public-key")
@on("GET", "/repos/{owner}/{repo}/environments/{environment_name}/secrets/public-key")
def public_key(github: FakeGithub, asked: Asked) -> Reply:
    return Reply({"key_id": "1", "key": base64.b64encode(bytes(KEY.public_key)).decode()})


@on("POST", "/repos/{owner}/{repo}/actions/variables")
@on("POST", "/repos/{owner}/{repo}/environments/{environment_name}/variables")
def variable(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    kept = _kept(repo, f"variables:{asked.parts.get('environment_name', '')}")
    if asked.json["name"] in kept:
        return failed(409, "Variable already exists")
    kept[asked.json["name"]] = asked.json["value"]
    return Reply({}, 201)


@on("PATCH", "/repos/{owner}/{repo}/actions/variables/{name}")
@on("PATCH", "/repos/{owner}/{repo}/environments/{environment_name}/variables/{name}")
def set_variable(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    _kept(repo, f"variables:{asked.parts.get('environment_name', '')}")[asked.parts["name"]] = asked.json["value"]
    return Reply(None, 204)


@on("PUT", "/repos/{owner}/{repo}/environments/{environment_name}/secrets/{secret_name}")
def environment_secret(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    _kept(repo, f"secrets:{asked.parts['environment_name']}")[asked.parts["secret_name"]] = asked.json
    return Reply(None, 204)


@on("PUT", "/repos/{owner}/{repo}/environments/{environment_name}")
def environment(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    _kept(repo, "environments")[asked.parts["environment_name"]] = asked.json
    return Reply({"id": 1, "name": asked.parts["environment_name"]})


@on("POST", "/repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies")
def deployment_policy(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    repo.settings.setdefault("policies", []).append(asked.json)
    return Reply({"id": 1, **asked.json})


# ---------------------------------------------------------------------------------- protection, hooks, keys, pages


@on("PUT", "/repos/{owner}/{repo}/branches/{branch}/protection")
def protection(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    if asked.parts["branch"] not in repo.branches:
        return failed(404, "Branch not found")
    _kept(repo, "protection")[asked.parts["branch"]] = asked.json
    return Reply({})


@on("POST", "/repos/{owner}/{repo}/branches/{branch}/protection/required_signatures")
def signatures(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    _kept(repo, "signatures")[asked.parts["branch"]] = True
    return Reply({"enabled": True})


def _listed(below: str, what: str) -> None:
    """A route that adds its body to a list."""

    @on("POST", f"/repos/{{owner}}/{{repo}}{below}")
    def add(github: FakeGithub, asked: Asked) -> Reply:
        repo = repo_of(github, asked)
        if isinstance(repo, Reply):
            return repo
        repo.settings.setdefault(what, []).append(asked.json)
        return Reply({"id": len(repo.settings[what]), **asked.json}, 201)


_listed("/hooks", "hooks")
_listed("/keys", "keys")
_listed("/pages", "pages")
_listed("/autolinks", "autolinks")


@on("POST", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches")
def dispatch(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    repo.settings.setdefault("dispatches", []).append((asked.parts["workflow_id"], asked.json))
    if not asked.json.get("return_run_details"):
        return Reply(None, 204)
    run = f"{repo.full_name}/actions/runs/7"
    return Reply({"workflow_run_id": 7, "run_url": f"{github.api}/repos/{run}", "html_url": f"{github.url}/{run}"})


# ------------------------------------------------------------------------------------------------------- commits


@on("GET", "/repos/{owner}/{repo}/git/ref/{+ref}")
def one_ref(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    sha = repo.branches.get(asked.parts["ref"].removeprefix("heads/"))
    if sha is None:
        return failed(*NOT_FOUND)
    return Reply({"ref": f"refs/{asked.parts['ref']}", "object": {"type": "commit", "sha": sha}})


@on("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}")
def git_commit(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    sha = asked.parts["commit_sha"]
    if repo.objects.held.get(sha, ("",))[0] != "commit":
        return failed(*NOT_FOUND)
    parents = [{"sha": one} for one in repo.objects.parents_of(sha)]
    tree = {"sha": repo.objects.tree_of(sha)}
    return Reply({"sha": sha, "tree": tree, "parents": parents, "message": repo.objects.message_of(sha)})


@on("PUT", "/repos/{owner}/{repo}/contents/{+path}")
def put_contents(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    given = asked.json
    branch = given.get("branch") or repo.default_branch
    if not repo.branches:
        repo.default_branch = branch
    elif branch not in repo.branches:
        return failed(404, f"Branch {branch} not found")
    content = base64.b64decode(given["content"])
    sha = github.world.push(repo, {asked.parts["path"]: content}, branch, message=given["message"])
    return Reply({"content": {"path": asked.parts["path"]}, "commit": {"sha": sha}}, 201)


def create_commit(github: FakeGithub, asked: Asked, given: Json) -> Json:
    """GraphQL's `createCommitOnBranch`."""
    owner, _, name = given["branch"]["repositoryNameWithOwner"].partition("/")
    repo, branch = github.world.repo(owner, name), given["branch"]["branchName"]
    if repo is None or branch not in repo.branches:
        raise RefusedError("NOT_FOUND", f"No ref found for {branch}")
    if repo.branches[branch] != given["expectedHeadOid"]:
        raise RefusedError("STALE_DATA", f'Expected branch to point to "{given["expectedHeadOid"]}" but it did not.')
    files: dict[str, bytes | None] = {one["path"]: None for one in given["fileChanges"].get("deletions") or ()}
    files |= {one["path"]: base64.b64decode(one["contents"]) for one in given["fileChanges"].get("additions") or ()}
    message = "\n\n".join(part for part in (given["message"]["headline"], given["message"].get("body")) if part)
    sha = github.world.push(repo, files, branch, message=message)
    return {"commit": {"__typename": "Commit", "id": f"C_{sha}", "oid": sha}}


MUTATIONS["createCommitOnBranch"] = create_commit


@on("POST", "/repos/{owner}/{repo}/git/blobs")
def make_blob(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    raw = asked.json["content"]
    content = base64.b64decode(raw) if asked.json.get("encoding") == "base64" else raw.encode()
    return Reply({"sha": repo.objects.put("blob", content)}, 201)


@on("POST", "/repos/{owner}/{repo}/git/trees")
def make_tree(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    base: str | None = asked.json.get("base_tree")
    changes: dict[str, Entry | None] = {}
    for one in asked.json["tree"]:
        if one.get("sha", "") is None:
            if base is None or repo.objects.find(base, one["path"]) is None:
                return failed(422, "GitRPC::BadObjectState")
            changes[one["path"]] = None
            continue
        sha = one.get("sha") or repo.objects.put("blob", one["content"].encode())
        if repo.objects.blob(sha) is None:
            return failed(422, "tree.sha is not a valid blob")
        changes[one["path"]] = Entry(one["mode"], sha)
    return Reply({"sha": repo.objects.changed_tree(base, changes)}, 201)


@on("POST", "/repos/{owner}/{repo}/git/commits")
def make_commit(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    body = asked.json
    author = body.get("author") or {"name": "Token", "email": "token@example.com"}
    who = f"{author['name']} <{author['email']}> 1767225600 +0000"
    sha = repo.objects.commit(body["tree"], body.get("parents", []), body["message"], who)
    return Reply({"sha": sha, "tree": {"sha": body["tree"]}, "parents": []}, 201)


@on("POST", "/repos/{owner}/{repo}/git/refs")
def make_ref(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    name = asked.json["ref"].removeprefix("refs/heads/")
    if name in repo.branches:
        return failed(422, "Reference already exists")
    github.world.move_branch(repo, name, asked.json["sha"])
    return Reply({"ref": asked.json["ref"], "object": {"sha": asked.json["sha"]}}, 201)


@on("PATCH", "/repos/{owner}/{repo}/git/refs/{+ref}")
def move_ref(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    name, sha = asked.parts["ref"].removeprefix("heads/"), asked.json["sha"]
    if not asked.json.get("force") and repo.branches[name] not in repo.objects.parents_of(sha):
        return failed(422, "Update is not a fast forward")
    github.world.move_branch(repo, name, sha)
    return Reply({"ref": asked.parts["ref"], "object": {"sha": sha}})


# ------------------------------------------------------------------------------------- issues and pull requests


def _numbered(github: FakeGithub, repo: Repo, what: str, page: str, body: Json) -> Json:
    number = len(repo.settings.get("issues", [])) + len(repo.settings.get("pulls", [])) + 1
    made = {**body, "number": number, "html_url": f"{github.url}/{repo.full_name}/{page}/{number}", "state": "open"}
    repo.settings.setdefault(what, []).append(made)
    return made


def _by_number(repo: Repo, number: int) -> Json | None:
    known = [*repo.settings.get("issues", []), *repo.settings.get("pulls", [])]
    return next((one for one in known if one["number"] == number), None)


@on("POST", "/repos/{owner}/{repo}/issues")
def make_issue(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    return repo if isinstance(repo, Reply) else Reply(_numbered(github, repo, "issues", "issues", asked.json), 201)


def _add_to(below: str, what: tuple[str, ...]) -> None:
    @on("POST", f"/repos/{{owner}}/{{repo}}/{below}")
    def add(github: FakeGithub, asked: Asked) -> Reply:
        repo = repo_of(github, asked)
        if isinstance(repo, Reply):
            return repo
        number = asked.parts.get("issue_number") or asked.parts["pull_number"]
        found = _by_number(repo, int(number))
        if found is None:
            return failed(*NOT_FOUND)
        for key in what:
            found.setdefault(key, []).extend(asked.json.get(key, []))
        return Reply(found, 201)


_add_to("issues/{issue_number}/labels", ("labels",))
_add_to("issues/{issue_number}/assignees", ("assignees",))
_add_to("pulls/{pull_number}/requested_reviewers", ("reviewers", "team_reviewers"))


@on("GET", "/repos/{owner}/{repo}/pulls")
def pulls(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    wanted = {key: asked.query[key] for key in ("head", "base") if key in asked.query}
    state = asked.query.get("state", "open")
    found = [
        one
        for one in repo.settings.get("pulls", [])
        if state in ("all", one["state"]) and all(one[key] == value for key, value in wanted.items())
    ]
    return paged(github, asked, found)


@on("POST", "/repos/{owner}/{repo}/pulls")
def make_pull(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    owner, _, branch = asked.json["head"].partition(":")
    source = github.world.repo(owner, repo.name)
    if source is None or branch not in source.branches:
        return failed(422, "Validation Failed", errors=[{"field": "head", "code": "invalid"}])
    if source.branches[branch] == repo.branches.get(asked.json["base"]):
        return failed(422, "Validation Failed", errors=[{"message": "No commits between"}])
    return Reply(_numbered(github, repo, "pulls", "pull", asked.json), 201)


@on("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}")
def change_pull(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    found = _by_number(repo, int(asked.parts["pull_number"]))
    if found is None:
        return failed(*NOT_FOUND)
    found.update(asked.json)
    return Reply(found)


@on("GET", "/repos/{owner}/{repo}/teams")
def repo_teams(github: FakeGithub, asked: Asked) -> Reply:
    repo = repo_of(github, asked)
    if isinstance(repo, Reply):
        return repo
    return paged(
        github, asked, [{"slug": slug, "permission": right} for slug, right in repo.settings.get("repo_teams", [])]
    )

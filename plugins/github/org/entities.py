"""People and teams as entities. Pure. Source: spec/catalog.md §6.2 (GitHub org)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from catalog.interfaces import DeferredEntity, Entity
from catalog.model.refs import ref_of
from catalog.model.well_known import EDIT_URL, LOCATION, ORIGIN_LOCATION
from plugins.github.org.queries import Team

Json = Any
API_VERSION: Final = "backstage.io/v1alpha1"
USER_LOGIN: Final = "github.com/user-login"
USER_ID: Final = "github.com/user-id"
TEAM_SLUG: Final = "github.com/team-slug"


def user_entity(data: Json, *, verified: bool = False) -> Entity:
    """`verified`: an address that the organization has verified goes before the one of the profile."""
    profile = {}
    if data.get("name"):
        profile["displayName"] = data["name"]
    emails = data.get("organizationVerifiedDomainEmails") or []
    if verified and emails:
        profile["email"] = emails[0]
    elif data.get("email"):
        profile["email"] = data["email"]
    if data.get("avatarUrl"):
        profile["picture"] = data["avatarUrl"]
    annotations = {USER_LOGIN: data["login"], **({USER_ID: data["id"]} if data.get("id") else {})}
    metadata: Entity = {"name": data["login"], "annotations": annotations}
    if data.get("bio"):
        metadata["description"] = data["bio"]
    return {
        "apiVersion": API_VERSION,
        "kind": "User",
        "metadata": metadata,
        "spec": {"profile": profile, "memberOf": []},
    }


def group_entity(team: Team, namespace: str | None) -> Entity:
    data = team.data
    profile = {}
    if data.get("name"):
        profile["displayName"] = data["name"]
    if data.get("avatarUrl"):
        profile["picture"] = data["avatarUrl"]
    annotations = {TEAM_SLUG: data["combinedSlug"]}
    if data.get("editTeamUrl"):
        annotations[EDIT_URL] = data["editTeamUrl"]
    metadata: Entity = {"name": data["slug"], "annotations": annotations}
    if namespace is not None:
        metadata["namespace"] = namespace
    if data.get("description"):
        metadata["description"] = data["description"]
    # A member without a namespace would be taken to be in the group's.
    members = [f"default/{member['login']}" for member in team.members]
    spec: Entity = {"type": "team", "profile": profile, "children": [], "members": members}
    if data.get("parentTeam"):
        spec["parent"] = data["parentTeam"]["slug"]
    return {"apiVersion": API_VERSION, "kind": "Group", "metadata": metadata, "spec": spec}


def with_hierarchy(groups: Iterable[Entity]) -> None:
    """Tell parents of their children. Changes the groups."""
    groups = list(groups)
    by_name = {group["metadata"]["name"]: group for group in groups}
    for group in groups:
        parent = by_name.get(group["spec"].get("parent"))
        name = group["metadata"]["name"]
        if parent is not None and name not in parent["spec"]["children"]:
            parent["spec"]["children"].append(name)


def located(entity: Entity, base_url: str, org: str, provider: str) -> DeferredEntity:
    """The entity with where it comes from, as the provider emits it."""
    annotations = entity["metadata"].get("annotations") or {}
    if entity["kind"] == "Group":
        slug = str(annotations.get(TEAM_SLUG, "")).partition("/")[2] or entity["metadata"]["name"]
        where = f"url:{base_url}/orgs/{org}/teams/{slug}"
    else:
        where = f"url:{base_url}/{annotations.get(USER_LOGIN) or entity['metadata']['name']}"
    owned = {LOCATION: where, ORIGIN_LOCATION: where, **annotations}
    return DeferredEntity({**entity, "metadata": {**entity["metadata"], "annotations": owned}}, provider)


def with_membership(user: Entity, joined: Iterable[str], left: Iterable[str] = ()) -> Entity:
    """A user in further groups, and out of others (canonical refs), each once and in order."""
    gone = set(left)
    member_of = [ref for ref in user["spec"].get("memberOf") or () if ref not in gone]
    return {**user, "spec": {**user["spec"], "memberOf": list(dict.fromkeys([*member_of, *joined]))}}


def login_of(entity: Entity) -> str:
    return str((entity["metadata"].get("annotations") or {}).get(USER_LOGIN) or entity["metadata"]["name"])


def slug_of(entity: Entity) -> str:
    """`org/team`."""
    return str((entity["metadata"].get("annotations") or {}).get(TEAM_SLUG, ""))


def groups_by_slug(entities: Iterable[Entity], org: str) -> dict[str, Entity]:
    """Those of an organization, by team slug."""
    prefix = f"{org}/".lower()
    return {
        slug.partition("/")[2]: one
        for one in entities
        if one["kind"] == "Group" and (slug := slug_of(one)).lower().startswith(prefix)
    }


def memberships(groups: Mapping[str, Entity], teams: Iterable[Team]) -> dict[str, list[str]]:
    """Refs of groups by the login of their members. `groups` are by team slug."""
    found: dict[str, list[str]] = {}
    for team in teams:
        group = groups.get(team.slug)
        for login in sorted(team.logins) if group is not None else ():
            found.setdefault(login, []).append(ref_of(group) if group is not None else "")
    return found

"""What callers may do. Source: spec/catalog.md §7."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from app.interfaces.basics import Json
    from app.interfaces.identity import Principal


@dataclass(frozen=True, slots=True)
class Permission:
    """A right that a policy grants. `resource_type` makes it a resource permission. Source: §7.1."""

    name: str
    action: Literal["create", "read", "update", "delete"] | None = None
    resource_type: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`conditions` is the criteria tree of a CONDITIONAL decision: `{"rule", "resourceType", "params"}`,
    `{"allOf": […]}`, `{"anyOf": […]}` or `{"not": …}`; None otherwise. It never leaves the server."""

    result: Literal["ALLOW", "DENY", "CONDITIONAL"]
    conditions: Mapping[str, Json] | None = None


ALLOW = Decision("ALLOW")
DENY = Decision("DENY")


@dataclass(frozen=True, slots=True)
class PermissionRule:
    """A rule that conditions may use.

    `params_schema` is a JSON Schema (draft-07) of its params. `apply(resource, params)` decides for one loaded
    resource.
    """

    name: str
    description: str
    resource_type: str
    params_schema: Mapping[str, Json]
    apply: Callable[[Json, Mapping[str, Json]], bool]


@dataclass(frozen=True, slots=True)
class PermissionQuery:
    """May the caller do this, to this resource or these? Several refs ask for one answer each."""

    permission: Permission
    resource_ref: str | tuple[str, ...] | None = None


Verdict = Literal["ALLOW", "DENY"]


class PermissionPolicy(Protocol):
    """Decides what users may do, and nobody in particular (`NOBODY`) where anonymous callers are let in.

    Services never reach it. A deployment has one.
    """

    async def decide(self, permission: Permission, user: Principal) -> Decision: ...


class Permissions(Protocol):
    """Asks the policy, and knows each plugin's permissions, rules and resources."""

    def declare(
        self,
        plugin: str,
        permissions: Iterable[Permission],
        *,
        rules: Iterable[PermissionRule] = (),
        load: Callable[[Sequence[str]], Awaitable[Sequence[Json | None]]] | None = None,
    ) -> None:
        """Announce permissions and rules of a plugin; may be called several times, once per sort of resource.

        `load` gives the resources of the given refs, None where there is none, for the resource types that this call
        names. What may refer to resources without it can be decided, but not applied to one.

        Serves `/.well-known/backstage/permissions/{metadata,apply-conditions}` under the plugin's mount.
        """

    def use_policy(self, policy: PermissionPolicy) -> None:
        """Install the deployment's policy; without one everything is allowed."""

    def permission(self, name: str) -> Permission | None:
        """The declared permission of that name."""

    def validate(self, conditions: Mapping[str, Json]) -> None:
        """Raises InputError for conditions that no plugin could apply: a rule that does not exist, or wrong params."""

    def holds(self, conditions: Mapping[str, Json], resource: Json) -> bool:
        """Whether a resource at hand fulfils the conditions. Raises InputError as `validate` does."""

    async def decide(self, permission: Permission, caller: Principal, *, plugin: str) -> Decision:
        """May be conditional: the feature turns the conditions into a query."""

    async def check(
        self, permission: Permission, caller: Principal, *, plugin: str, resource_ref: str | None = None
    ) -> bool:
        """A plain yes or no; conditions are applied to the named resource. A resource that is not there is a no."""

    async def authorize(
        self, queries: Sequence[PermissionQuery], caller: Principal, *, plugin: str
    ) -> list[Verdict | list[Verdict]]:
        """Many checks at once, in order; resources are loaded once per sort. A list for several refs whose decision
        was conditional, else one verdict."""

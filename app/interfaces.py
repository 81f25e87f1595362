"""All that a feature may use of the host. Nothing else in `app` is public, but for `app.errors`.

A feature is a `Plugin`: it has an id and one `register(host)`, in which it says what it adds. What it gives
to others is a port (`host.provide`), what others may add to it is an extension point (`host.extension`).
Registration order never matters: ports are looked up at start, extension points exist from first use.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from app.actions.model import ActionFilter as ActionFilter
from app.actions.model import ActionInvocation as ActionInvocation
from app.actions.model import RegisteredAction as RegisteredAction
from app.auth.sign_in import OwnershipResolver as OwnershipResolver
from app.auth.sign_in import SignedIn as SignedIn
from app.auth.sign_in import SignInContext as SignInContext
from app.auth.sign_in import SignInExtensions as SignInExtensions
from app.auth.sign_in import SignInInfo as SignInInfo
from app.auth.sign_in import SignInProfile as SignInProfile
from app.auth.sign_in import SignInProvider as SignInProvider
from app.auth.sign_in import SignInResolver as SignInResolver
from app.auth.sign_in import SignInResolverFactory as SignInResolverFactory
from app.auth.sign_in import UnknownProviderError as UnknownProviderError
from app.http.cors import origin_pattern as origin_pattern
from app.http.exchange import JsonBytes as JsonBytes
from app.http.exchange import Parsed as Parsed
from app.http.exchange import caller as caller
from app.http.exchange import parsed as parsed
from app.notifications import SEVERITIES as SEVERITIES
from app.notifications import NotificationExtensions as NotificationExtensions
from app.notifications import NotificationFilters as NotificationFilters
from app.notifications import NotificationProcessor as NotificationProcessor
from app.notifications import Severity as Severity

if TYPE_CHECKING:
    # Named here, loaded by whoever uses them: a start has no use for half a second of imports.
    import httpx
    import typer
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Json = Any
"""A JSON value: None, bool, int, float, str, list or dict of these."""

Role = Literal["api", "ingest", "worker"]
Hook = Callable[[], Awaitable[None]]
WebSocketEndpoint = Callable[[WebSocket, "Principal"], Awaitable[None]]
"""Serves one accepted connection until it returns. `NOBODY` calls where the path is public."""


# ------------------------------------------------------------------------------------------------ identity


@dataclass(frozen=True, slots=True)
class AccessRestriction:
    """What a restricted external token may do with one plugin; empty sets mean 'no limit of this sort'."""

    plugin: str
    permissions: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. Source: spec/catalog.md §7.6.

    `subject` is a user's entity ref, or a service's name (`external:conformance`, `plugin:catalog`).
    `ownership` holds the entity refs in whose name a user owns things (the token's `ent` claim).
    `restrictions` is None for an unrestricted service.
    """

    kind: Literal["none", "user", "service"]
    subject: str = ""
    ownership: tuple[str, ...] = ()
    restrictions: tuple[AccessRestriction, ...] | None = None
    limited: bool = False
    """A user's cookie token, good for reading static content alone."""
    actor: str | None = None
    """The service that acts for a user (`plugin:search`); None when the user calls directly."""


NOBODY = Principal("none")
"""The caller of a public route, or of any route when the default auth policy is off."""


CallerKind = Literal["none", "user", "service"]
ANY_CALLER: Collection[CallerKind] = ("none", "user", "service")


class ForeignTokens(Protocol):
    """Tokens of another issuer, whose public keys are at a URL. They are fetched when first needed and remembered."""

    async def claims(
        self, token: str, *, algorithms: Collection[str], issuer: Collection[str], audience: str
    ) -> Mapping[str, Json]:
        """What a signed token says that is in force, by one of these issuers and for this audience. Shared secrets and
        `none` are never good enough. Raises AuthenticationError."""


class Auth(Protocol):
    """Turns credentials into principals, and issues tokens."""

    @property
    def issuer(self) -> str:
        """The `iss` of user tokens, which is also where the auth plugin answers: `<backend.baseUrl>/api/auth`."""

    @property
    def user_token_lifetime(self) -> timedelta:
        """`auth.backstageTokenExpiration`: one hour unless configured, ten minutes to a day."""

    async def authenticate(self, token: str, *, plugin: str | None = None, allow_limited: bool = False) -> Principal:
        """Who presents this token to a plugin; None stands for a route outside all plugins.

        Raises:
            AuthenticationError: the token is not valid, is a service's for another plugin, or is a limited one
                where these are not good enough.
            NotAllowedError: the token is restricted to other plugins.
        """

    async def principal_of(
        self,
        request: HTTPConnection,
        *,
        allow: Collection[CallerKind] = ANY_CALLER,
        allow_limited: bool = False,
        allow_cookie: bool = False,
    ) -> Principal:
        """The caller that the credentials barrier found for this request; on a public route, whom its bearer token
        names, which may be a limited one if `allow_limited`, or, if `allow_cookie`, its auth cookie.

        Raises:
            AuthenticationError: nobody, where `allow` does not name `none`; or a token that is not valid.
            NotAllowedError: a caller of a kind that `allow` does not name.
        """

    async def issue_user_token(
        self,
        user_ref: str,
        ownership: Sequence[str],
        *,
        lifetime: timedelta | None = None,
        claims: Mapping[str, Json] | None = None,
    ) -> str:
        """A token for a signed-in user, whose ownership and further claims are remembered.
        Source: spec/ui-backends.md §2.1.

        `lifetime` is `user_token_lifetime`, and at most that. Raises InputError for a claim of a token's own name.
        """

    async def auth_cookie(self, token: str | None) -> str:
        """A `Set-Cookie` header that gives a browser the limited form of a user's own token, for routes that
        `allow_cookie`; None takes it away. Source: §2.5.

        Raises AuthenticationError for a token that is not a user's own.
        """

    async def issue_service_token(self, source: str, target: str, *, user_token: str | None = None) -> str:
        """A token with which plugin `source` calls plugin `target`, on behalf of a user if a token of theirs is given.
        Source: §2.2."""

    async def user_info(self, user_ref: str) -> Mapping[str, Json] | None:
        """The claims of the user's last sign-in (`sub`, `ent`); None for somebody who never signed in."""

    async def jwks(self, plugin: str | None = None) -> list[dict[str, Json]]:
        """The public keys, current and recent, as JWKs: of user tokens, or of a plugin's service tokens."""

    def foreign_tokens(self, jwks_url: str) -> ForeignTokens:
        """Checks tokens of the issuer whose keys are at this URL."""


# --------------------------------------------------------------------------------------------- permissions


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


# ------------------------------------------------------------------------------------------------ database


class Transaction(Protocol):
    """One writing transaction at driver level. Placeholders are `?` on both engines."""

    dialect: Literal["sqlite", "postgresql"]

    async def fetch(self, sql: str, *params: Any) -> list[tuple[Any, ...]]: ...
    async def execute(self, sql: str, *params: Any) -> int:
        """Runs one statement and gives the number of rows it touched."""

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None: ...
    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Append rows by the fastest way the engine has (COPY, executemany). No conflict handling."""

    async def notify(self, channel: str, payload: str = "") -> None:
        """Tell listeners in all processes, once this transaction has committed."""

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run in this process, on the event loop, after the commit and before `write()` returns."""


class Database(Protocol):
    """The project's one database.

    Lists of ids or texts are one parameter: `IN (SELECT value FROM json_each(?))` on SQLite, `= ANY(?)` on PostgreSQL;
    `any_of(column, kind)` writes the fragment, `array(values)` the parameter.
    """

    dialect: Literal["sqlite", "postgresql"]

    @property
    def engine(self) -> AsyncEngine:
        """SQLAlchemy's engine, made when it is first asked for."""

    def session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A SQLModel session in one transaction: committed at the end, rolled back by an exception."""

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """One writing transaction (`BEGIN IMMEDIATE` on SQLite). Lost connections surface as
        ServiceUnavailableError."""

    async def read(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """One read-only statement outside any transaction, on the hot path."""

    def stream(self, sql: str, *params: Any, batch: int = 1000) -> AsyncIterator[list[tuple[Any, ...]]]:
        """Rows of one statement in batches, for results too large to hold. One consistent snapshot."""

    def any_of(self, column: str, kind: Literal["bigint", "text"]) -> str:
        """A condition `column ∈ ?` for this engine."""

    def array(self, values: Iterable[int] | Iterable[str]) -> Any:
        """The parameter that `any_of` takes."""

    def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        """Call `heard(payload)` for each notification from any process. May be missed: keep a net of your own."""

    async def data_version(self) -> int | None:
        """SQLite: a number that changes when another connection has written; None where `listen` does that job."""

    def leadership(self, name: str) -> AbstractAsyncContextManager[None]:
        """Waits until this process is the only one holding `name`, and holds it until exit (no rows are written)."""


# ------------------------------------------------------------------------------------- reading from outside


@dataclass(frozen=True, slots=True)
class ReadResponse:
    """What a URL holds. `etag` is opaque and may be given back to ask whether it has changed."""

    content: bytes
    etag: str | None = None
    last_modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file of a search or tree: `url` as a catalog location would name it, `path` relative to the root of the
    tree."""

    url: str
    path: str
    read: Callable[[], Awaitable[bytes]]
    version: str | None = None
    """Changes when the content does (blob SHA, ETag, mtime and size); None where the host gives none."""


@dataclass(frozen=True, slots=True)
class SearchResponse:
    files: Sequence[FoundFile]
    etag: str | None = None
    read_all: Callable[[], Awaitable[list[bytes]]] | None = None
    """Reads all files in their order, where that is cheaper than one by one."""


class UrlReader(Protocol):
    """Reads from one sort of host. Every failure is one of `app.errors`: NotModifiedError, NotFoundError,
    NotAllowedError, …"""

    async def read_url(self, url: str, *, etag: str | None = None) -> ReadResponse: ...
    async def read_tree(self, url: str, *, etag: str | None = None) -> SearchResponse: ...
    async def search(self, url: str, *, etag: str | None = None) -> SearchResponse:
        """Files matching a URL with globs; without globs one `read_url`, and no files where there is nothing."""


class ScmIntegration(Protocol):
    """What is known of one configured host: how its URLs are put together. Pure. Source: §5.2, §5.4."""

    type: str
    """`github`, `gitlab`, `bitbucketCloud`, `bitbucketServer`, `gitea`, `azure`, `gerrit`, …"""
    host: str

    def resolve_url(self, url: str, base: str) -> str: ...
    def resolve_edit_url(self, url: str) -> str: ...
    def repository(self, url: str) -> RepositoryFile | None:
        """The parts of a URL that names a repository or a file in one; None if it does neither."""


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """`owner` may hold slashes (GitLab subgroups). `ref` and `path` are None where the URL names a whole repository."""

    host: str
    owner: str
    name: str
    ref: str | None = None
    path: str | None = None

    @property
    def slug(self) -> str:
        return f"{self.owner}/{self.name}"


class Reading(Protocol):
    """The URL readers and integrations of all plugins. First reader whose predicate matches wins."""

    def add_reader(self, matches: Callable[[str], bool], reader: UrlReader, *, order: int = 50) -> None: ...
    def add_integration(self, integration: ScmIntegration) -> None: ...
    def reader_for(self, url: str) -> UrlReader:
        """Raises NotAllowedError when no reader may read the URL."""

    def integration_for(self, url: str) -> ScmIntegration | None: ...
    def resolve_url(self, url: str, base: str) -> str: ...
    def resolve_edit_url(self, url: str) -> str | None:
        """None without an integration."""

    def add_git_credentials(self, host: str, credentials: GitCredentials) -> None:
        """How git signs in to a host (`name` or `name:port`, exactly as in the remote's URL)."""

    @property
    def git(self) -> GitRemotes: ...

    @property
    def files(self) -> LocalFiles: ...


class LocalFiles(Protocol):
    """Files of this machine, for locations of type `file`. Never reachable through a URL."""

    async def search(self, pattern: str, *, etag: str | None = None) -> SearchResponse:
        """Files that a path or a glob (`*`, `**`) names, sorted; none is not an error. Source: §4.6.

        Relative patterns start at the working directory. `version` is mtime and size; it and `etag` are None while a
        file is so fresh that a second write could go unnoticed. Raises NotModifiedError when nothing has changed.
        """


GitCredentials = Callable[[str], Awaitable[tuple[str, str] | None]]
"""Gives user name and password for a remote's URL, None to try without."""


@dataclass(frozen=True, slots=True)
class GitTarget:
    """A location of type `git`: `remote` (https, ssh, file), `ref` (branch, tag or None for the default), `path` (a
    file or a glob)."""

    remote: str
    ref: str | None
    path: str


@dataclass(frozen=True, slots=True)
class GitCommit:
    """What a published commit says of itself, and the branch it goes to."""

    branch: str
    message: str
    author_name: str
    author_email: str


@dataclass(frozen=True, slots=True)
class PushedCommit:
    """`changed` is False where the branch held the same files already; `sha` is then the commit that was there."""

    sha: str
    branch: str
    changed: bool


class GitRemotes(Protocol):
    """Any git remote, without a vendor API: partial, shallow fetches and blob SHAs."""

    def is_shared(self, target: str) -> bool:
        """Whether a location's target is a repository of this machine that everybody may name: one below a folder of
        `backend.reading.localRepositories`."""

    def parse(self, target: str) -> GitTarget:
        """A location's target, `<remote>?ref=<branch or tag>&path=<path or glob>`. Raises InputError.

        Both parameters may be absent: the default branch, `/catalog-info.yaml`.
        """

    def resolve(self, target: str, base: str) -> str:
        """A target relative to another one: `./x` beside its path, `/x` from the root, all else as it is."""

    async def head(self, remote: str, ref: str | None) -> str:
        """The commit a ref points to, by `ls-remote` alone. Raises NotFoundError."""

    async def search(self, target: GitTarget, *, etag: str | None = None) -> SearchResponse:
        """Files matching the path; `etag` is the commit, NotModifiedError when it is unchanged."""

    async def checkout(self, remote: str, ref: str | None, into: Path) -> str:
        """A plain tree of one commit without `.git`; gives the commit's SHA."""

    async def publish(
        self,
        remote: str,
        folder: Path,
        commit: GitCommit,
        *,
        credentials: tuple[str, str] | None = None,
        folders: Sequence[Path] = (),
    ) -> PushedCommit:
        """Lay a plain folder's files over a branch and push them as one commit, never by force.

        A branch that is not there starts at the remote's default branch, or is the first of an empty repository.
        `.gitignore` is obeyed, `.git` is not looked at. `credentials` are a user's own, instead of the host's
        configured ones. A `file` remote has to lie in one of `folders`, and is made if it is not there.

        Raises NotAllowedError, NotFoundError, ServiceUnavailableError, InputError.
        """


@dataclass(frozen=True, slots=True)
class OutgoingAnswer:
    """An answer whose body is still on its way. Header names are as sent."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: AsyncIterator[bytes]


class Outgoing(Protocol):
    """The guarded HTTP client: every outgoing request of the product goes through it.

    Addresses are resolved once, checked (no loopback, private, link-local or metadata address unless the
    configuration names
    the host) and pinned; redirects are followed by hand and each hop is checked again.
    """

    def trust(self, host: str) -> None:
        """The configuration names this host (`name`, `name:port`, `*.name`; a URL means its host): its address may be
        a private one, and a loopback one unless it is a wildcard."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        allow: Callable[[str], bool] | None = None,
        max_redirects: int = 0,
        max_bytes: int = 50 * 1024 * 1024,
        timeout: float = 30.0,
    ) -> httpx.Response:
        """`allow(url)` vets the first and every further hop. Raises NotAllowedError, ServiceUnavailableError."""


class StreamingOutgoing(Outgoing, Protocol):
    """The same, for bodies that are passed on instead of held."""

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        content: AsyncIterable[bytes] | None = None,
        timeout: float = 30.0,
        verify: bool = True,
    ) -> AbstractAsyncContextManager[OutgoingAnswer]:
        """One hop, passed on piece by piece: headers go out as given, the body comes back as it is on the wire.

        `timeout` is seconds of silence, not of the whole. Without `verify` any certificate will do. `content` needs a
        content-length among the headers, or is sent in chunks. Raises as `request` does, within the body too.
        """


# -------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Event:
    """`topic` as Backstage names it (`github.push`, `experimental.catalog.errors`); `metadata` are lower-case
    request headers."""

    topic: str
    payload: Json
    metadata: Mapping[str, str] = field(default_factory=dict)


class Events(Protocol):
    """The event bus. Subscribers run on the publishing process; a raising subscriber is logged and hinders nobody."""

    def subscribe(self, topics: Sequence[str], subscriber: Callable[[Event], Awaitable[None]]) -> None: ...
    async def publish(self, event: Event) -> None: ...


# ------------------------------------------------------------------------------------------------- actions


class Actions(Protocol):
    """The actions of all plugins: what templates and AI agents may do. Source: spec/ui-backends.md §4.2.

    Each plugin's are served below its mount (`/.backstage/actions/…`). The settings `backend.actions.pluginSources` and
    `filter` say which there are at all; to a caller exist those whose `visibility` they have.
    """

    def add(self, *actions: RegisteredAction) -> None:
        """Raises ValueError for an id that is taken."""

    async def list(
        self, caller: Principal, *, plugin: str | None = None, matching: ActionFilter | None = None
    ) -> list[RegisteredAction]:
        """What the caller may invoke, in the order of registration. Raises NotAllowedError for nobody."""

    async def invoke(
        self,
        action_id: str,
        given: Json,
        caller: Principal,
        *,
        secrets: Mapping[str, Json] | None = None,
        plugin: str | None = None,
    ) -> Json:
        """The output of `plugin:name`, in the caller's name. `plugin` demands that it is that plugin's.

        Raises:
            NotAllowedError: nobody is calling. NotFoundError: there is no such action for them. InputError: wrong input
                or secrets, or an output that breaks the action's own schema. And what the action raises.
        """


# ----------------------------------------------------------------------------------------- telling people


class NotificationSender(Protocol):
    """Sends notifications; a port that the notifications plugin provides."""

    async def send(self, recipients: Mapping[str, Json], payload: Mapping[str, Json], *, origin: str) -> None:
        """Source: spec/ui-backends.md §8.

        Args:
            recipients: `{"type": "broadcast"}` or `{"type": "entity", "entityRef": ref or refs, "excludeEntityRef"?}`.
            payload: `title`, and perhaps `description`, `link`, `severity`, `topic`, `scope`, `icon`, `metadata`.
            origin: who says so, `plugin:<id>`.

        Raises InputError.
        """


# ----------------------------------------------------------------------------------------------- scheduling


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """A recurring task, listed at `/.backstage/scheduler/v1/tasks` of its plugin.

    `frequency` None means: only when triggered. `run` gets nothing and may raise; failures are logged and tried
    again next time.
    """

    id: str
    run: Hook
    frequency: timedelta | None
    timeout: timedelta = timedelta(hours=1)
    initial_delay: timedelta = timedelta(0)
    scope: Literal["global", "local"] = "global"
    cron: str | None = None


# -------------------------------------------------------------------------------------------------- search


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """Something that can be found. Source: spec/ui-backends.md §6.

    `key` names it within its type and stays the same for as long as it is there; `group` (the key, if empty) names what
    is replaced and removed as one: all pages of a documentation site. `names` are further texts that people call it by:
    who types one exactly finds it first, as with the title. `fields` are the document's further members, which filters
    name. `resource_ref` is what the type's visibility permission is asked about: None makes it as visible as its type.
    `location` is a path or an http(s) URL; documents with any other are not shown.
    """

    key: str
    title: str
    text: str
    location: str
    fields: Mapping[str, Json] = field(default_factory=dict)
    resource_ref: str | None = None
    group: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchChange:
    """What has changed in one type: the groups of `removed` go, and `put` is added, or replaces what has its keys.

    A group may be in both: it then holds just what is put. `position` is stored in the same transaction, and given back
    to `SearchCollator.changes` when it has to go on from here.
    """

    put: Sequence[SearchDocument] = ()
    removed: Sequence[str] = ()
    position: str | None = None


class SearchCollator:
    """Where the documents of one type come from. One process at a time collates. Override what there is to say.

    At first, and when `frequency` has passed, the version has changed or somebody asks for it, all documents are
    collated anew: what is not named any more goes. In between `changes` says what has changed, if it can. Whoever
    learns of a change by other means tells `SearchIndex` about it instead.
    """

    type: ClassVar[str]
    """`software-catalog`, `techdocs`, …: what `types` of a query names."""
    visibility: Permission | None = None
    """Who may see these documents at all, or, if it is a resource permission, those of which `resource_ref`."""
    version: str = "1"
    """Changes when the same source yields other documents than before: another shape, another filter."""
    frequency: timedelta | None = None
    """How often everything is collated anew; None where `changes` or `SearchIndex` tell of every change."""
    timeout: timedelta = timedelta(minutes=15)
    """How long collating everything may take. Then it is given up, and what there was stays."""

    async def position(self) -> str | None:
        """Where `changes` has to begin so that nothing is lost that happens while `collate` runs; None without it."""
        return None

    def collate(self) -> AsyncIterator[Sequence[SearchDocument]]:
        """Everything there is, in batches. A failure leaves the index as it was."""
        raise NotImplementedError

    def changes(self, after: str) -> AsyncIterator[SearchChange]:
        """What has changed after a position, for ever: it waits where nothing has. Raises SearchPositionLostError where
        that cannot be told any more: then everything is collated anew."""
        raise NotImplementedError


class SearchPositionLostError(Exception):
    """The changes after a position are not known any more."""


@dataclass
class SearchExtensions:
    """What plugins add to the search: `host.extension(SearchExtensions)`."""

    collators: list[SearchCollator] = field(default_factory=list)

    def add_collator(self, *collators: SearchCollator) -> None:
        """One for each type. The second for a type stops the start."""
        self.collators.extend(collators)


class SearchIndex(Protocol):
    """The index, for those who know of a change themselves: `host.service(SearchIndex)`."""

    async def update(self, type: str, change: SearchChange) -> None:  # noqa: A002
        """Found by everybody once this returns. From any process and at any time; wins over a collation under way.

        Raises InputError: nobody collates documents of this type.
        """

    async def collate(self, type: str) -> None:  # noqa: A002
        """Have everything of a type collated anew soon. Raises InputError as `update` does."""


# ------------------------------------------------------------------------------------------------- plugins


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""


class Config(Protocol):
    """The merged `app-config.yaml`: read-only, secrets included."""

    def get(self, path: str, default: Json = None) -> Json:
        """The value at a dotted path, or the default."""

    def has(self, path: str) -> bool: ...


class WholeConfig(Config, Protocol):
    """The same, for who has to look at all of it."""

    def everything(self) -> Json:
        """All of it. Nothing counts as asked for, so that keys which nobody reads are still warned of."""

    def redacted(self) -> Json:
        """All of it, with `<secret>` in place of what a settings model calls a secret or what is named like one."""


class PluginHost(Protocol):
    """What a plugin is given to register itself with."""

    config: WholeConfig
    database: Database
    auth: Auth
    permissions: Permissions
    reading: Reading
    outgoing: StreamingOutgoing
    events: Events
    actions: Actions
    clock: Clock
    roles: frozenset[Role]
    plugins: Sequence[str]
    """Ids of the plugins that have registered so far, in order."""
    data_dir: Path
    """Where this process may keep files: `.callboard/` in the working directory, unless `backend.dataDirectory` or the
    variable CALLBOARD_DATA_DIR says otherwise."""

    def settings(self, path: str, model: type[M]) -> M:
        """The part of the configuration at a dotted path, as a frozen model.

        An absent part yields the model's defaults; a wrong type stops the start and names key, file and line;
        an unknown key is warned of once.
        """

    def extension(self, kind: type[T]) -> T:
        """The one instance of an extension point, made by its no-argument constructor on first use."""

    def provide(self, port: type[T], instance: T) -> None:
        """Offer a port to other features. Raises ValueError when it has been offered already."""

    def service(self, port: type[T]) -> T:
        """A port another feature offers. Call it in or after `on_start`. Raises LookupError when nobody does."""

    def mount(self, plugin: str, router: APIRouter, *, contract: str | None = None, public: bool = False) -> None:
        """Serve a router under `/api/{plugin}`, behind the credentials barrier; in front of it if `public`.

        `contract` names a document under `openapi/` that requests are validated against and `openapi.json` serves.
        May be called several times.
        """

    def mount_websocket(self, plugin: str, path: str, endpoint: WebSocketEndpoint) -> None:
        """Serve WebSocket connections at a path below `/api/{plugin}` (`/` is the mount itself), behind the barrier.

        The token is a bearer token, or the subprotocol that the client offers, which is accepted as offered. The
        connection ends when the token expires (1008). Messages of clients are at most 64 KiB.
        """

    def contracts(self) -> Mapping[str, Json]:
        """The OpenAPI document of each mount that has a contract, by plugin, as its `openapi.json` serves it."""

    def mount_root(self, router: APIRouter, *, public: bool = False, instead: bool = False) -> None:
        """Serve a router at the root. Its routes are public only if all are said to be, or the path is named by
        `allow_unauthenticated`. A route that others have too answers `instead` of theirs, or gives way to the first.
        """

    def allow_unauthenticated(self, path: str) -> None:
        """Let everybody in at a path (absolute; a trailing `/*` means all below)."""

    def allow_cookie(self, path: str) -> None:
        """Also accept a limited user token from the auth cookie below this path."""

    def migrations(self, package: str) -> None:
        """Name a package that holds Alembic revisions of this plugin (its own branch label is the plugin's id)."""

    def on_start(self, hook: Hook) -> None:
        """Run before the server accepts requests, in registration order after all plugins have registered."""

    def on_stop(self, hook: Hook) -> None: ...

    def background(self, name: str, run: Hook, *, role: Role) -> None:
        """Keep a loop running from start to stop in processes of that role. Cancelled at stop; restarted with back-
        off if it raises."""

    def schedule(self, plugin: str, task: ScheduledTask, *, role: Role = "ingest") -> None:
        """Run a task again and again in the leading process of that role."""

    def commands(self, commands: typer.Typer, *, name: str | None = None) -> None:
        """Add commands to `callboard`; with a name as a group of their own."""

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """For commands: start the host without any role, do the work, stop. Who needs no service goes without."""

    def framework(self, routes: Callable[[str], APIRouter]) -> None:
        """Add routes to every plugin's mount, present and to come: `routes(plugin)` makes them."""


class Plugin(Protocol):
    """Found by the entry point group `callboard.plugins`; constructed without arguments."""

    id: str

    def register(self, host: PluginHost) -> None: ...

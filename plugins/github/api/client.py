"""What everything in this plugin asks GitHub through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Final

import httpx
import orjson

from plugins.github.api.connection import LIMITED_TRIES, Caller, GithubConnection, Request, json_of
from plugins.github.api.errors import GithubError, GithubNotFoundError, GithubUnavailableError
from plugins.github.api.graphql import GraphqlAnswer, read_answer
from plugins.github.api.limits import GRAPHQL, resource_for
from plugins.github.api.paths import expanded, with_query
from plugins.github.api.priority import Priority

Json = Any
PAGE: Final = 100
MAX_PAGES: Final = 10_000
_READING: Final = frozenset({"GET", "HEAD"})


class GithubApi:
    """GitHub's API at one host, in somebody's name.

    Paths are written as GitHub documents them, their parts given by name, and encoded here:
    `await api.get("/repos/{owner}/{repo}", owner="acme", repo="lamps")`. Whatever is no success is raised as one of
    `plugins.github.api.errors`: never is half an answer, or one of something else, taken for a whole one.
    """

    def __init__(self, connection: GithubConnection, caller: Caller) -> None:
        self._connection = connection
        self._caller = caller

    @property
    def host(self) -> str:
        return self._connection.settings.host

    @property
    def owner(self) -> str | None:
        return self._caller.owner

    def acting(
        self, *, owner: str | None = None, priority: Priority | None = None, token: str | None = None
    ) -> GithubApi:
        """The same host for another owner, with another priority, or with a user's token."""
        caller = replace(
            self._caller,
            owner=owner if owner is not None else self._caller.owner,
            priority=priority if priority is not None else self._caller.priority,
            token=token if token is not None else self._caller.token,
        )
        return GithubApi(self._connection, caller)

    async def token(self) -> str | None:
        """The token requests are made with, for git; None for none. Never to be logged."""
        return (await self._connection.credential(self._caller)).token

    # ---------------------------------------------------------------------------------------------------- REST

    async def send(
        self,
        method: str,
        path: str,
        /,
        *,
        query: Mapping[str, object] | None = None,
        json: Json = None,
        accept: str | None = None,
        keep: bool = False,
        **parts: Any,
    ) -> httpx.Response:
        """The raw answer, of whatever status. `keep`: a GET whose answer of before may serve (see `Answers`)."""
        url = with_query(f"{self._connection.base}{expanded(path, parts)}", query)
        return await self._ask(method, url, path, json=json, accept=accept, keep=keep)

    async def request(
        self,
        method: str,
        path: str,
        /,
        *,
        query: Mapping[str, object] | None = None,
        json: Json = None,
        accept: str | None = None,
        **parts: Any,
    ) -> Json:
        """The JSON of the answer, None for an empty one. Raises GithubError."""
        return json_of(await self.send(method, path, query=query, json=json, accept=accept, **parts))

    async def get(
        self,
        path: str,
        /,
        *,
        query: Mapping[str, object] | None = None,
        accept: str | None = None,
        keep: bool = False,
        **parts: Any,
    ) -> Json:
        """GET. Raises GithubError."""
        return json_of(await self.send("GET", path, query=query, accept=accept, keep=keep, **parts))

    async def find(
        self, path: str, /, *, query: Mapping[str, object] | None = None, keep: bool = False, **parts: Any
    ) -> Json | None:
        """GET of what may not be there: None then."""
        try:
            return await self.get(path, query=query, keep=keep, **parts)
        except GithubNotFoundError:
            return None

    async def pages(
        self,
        path: str,
        /,
        *,
        query: Mapping[str, object] | None = None,
        items: str | None = None,
        keep: bool = False,
        **parts: Any,
    ) -> AsyncIterator[list[Json]]:
        """The pages of a list, as its Link headers lead on. `items` is where an object holds the list."""
        asked = {"per_page": PAGE, **(query or {})}
        url: str | None = with_query(f"{self._connection.base}{expanded(path, parts)}", asked)
        for _ in range(MAX_PAGES):
            if url is None:
                return
            response = await self._ask("GET", url, path, keep=keep)
            body = json_of(response)
            listed = body.get(items) if items is not None and isinstance(body, dict) else body
            if not isinstance(listed, list):
                raise GithubUnavailableError(f"GitHub's answer to {path} is no list", status=response.status_code)
            yield listed
            following = response.links.get("next", {}).get("url")
            if following is not None and not following.startswith(f"{self._connection.base}/"):
                raise GithubError(f"GitHub's list {path} goes on at another host")
            url = following
        raise GithubError(f"GitHub's list {path} has no end")

    async def all(
        self,
        path: str,
        /,
        *,
        query: Mapping[str, object] | None = None,
        items: str | None = None,
        keep: bool = False,
        **parts: Any,
    ) -> list[Json]:
        """All pages of a list together."""
        found: list[Json] = []
        async for page in self.pages(path, query=query, items=items, keep=keep, **parts):
            found += page
        return found

    # ------------------------------------------------------------------------------------------------- GraphQL

    async def graphql(
        self, query: str, variables: Mapping[str, Json] | None = None, *, reads: bool | None = None
    ) -> Json:
        """The `data` of an answer without errors. `reads`: see `Request`; queries do, mutations do not.

        Raises GithubNotFoundError when one of the errors is of that type, other GithubErrors for all others: data that
        comes with errors is not whole.
        """
        return (await self._graphql(query, variables, reads=reads)).data_or_raise()

    async def graphql_known(self, query: str, variables: Mapping[str, Json] | None = None) -> Json:
        """`graphql` for several things asked for by name: those that GitHub does not know are null."""
        return (await self._graphql(query, variables)).data_or_raise(unknown=True)

    async def _graphql(
        self, query: str, variables: Mapping[str, Json] | None = None, *, reads: bool | None = None
    ) -> GraphqlAnswer:
        safe = reads if reads is not None else not query.lstrip().startswith("mutation")
        content = orjson.dumps({"query": query, "variables": dict(variables or {})})
        request = Request("POST", self._connection.graphql_url, GRAPHQL, safe, {}, content)
        for _ in range(LIMITED_TRIES):
            answer = read_answer(await self._connection.send(request, self._caller))
            if not answer.limited:
                break
            # The next request waits for its time, or fails at once if that is too far away.
            credential = await self._connection.credential(self._caller)
            await self._connection.budgets.of(credential).out_of(GRAPHQL)
        return answer

    async def graphql_pages(
        self, query: str, variables: Mapping[str, Json], *connection: str, size: int, size_variable: str = "size"
    ) -> AsyncIterator[list[Json]]:
        """The pages of a connection (`nodes`, `pageInfo { hasNextPage endCursor }`) at a path of the data.

        The query takes `$cursor: String` and `$size: Int!`. GitHub gives up on a page that takes it too long
        (502, 504): then it is asked for in halves.
        """
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            try:
                data = await self.graphql(query, {**variables, "cursor": cursor, size_variable: size})
            except GithubUnavailableError as error:
                if error.status in (502, 504) and size > 1:
                    size = max(size // 2, 1)
                    continue
                raise
            found = data
            for key in connection:
                found = found.get(key) if isinstance(found, dict) else None
            if not isinstance(found, dict) or not isinstance(found.get("nodes"), list):
                raise GithubNotFoundError(f"GitHub knows no {'.'.join(connection)} for {dict(variables)}")
            if any(node is None for node in found["nodes"]):
                raise GithubUnavailableError(f"GitHub left out some of {'.'.join(connection)}")
            yield found["nodes"]
            if not found["pageInfo"]["hasNextPage"]:
                return
            cursor = found["pageInfo"]["endCursor"]
        raise GithubError(f"GitHub's list {'.'.join(connection)} has no end")

    async def _ask(
        self, method: str, url: str, path: str, *, json: Json = None, accept: str | None = None, keep: bool = False
    ) -> httpx.Response:
        request = Request(
            method,
            url,
            resource_for(path),
            method in _READING,
            {"accept": accept} if accept else {},
            orjson.dumps(json) if json is not None else None,
        )
        if keep and method == "GET":
            return await self._connection.get_kept(request, self._caller)
        return await self._connection.send(request, self._caller)

"""The route table: which endpoint answers a path, found segment by segment.

Names of paths are matched without regard to case; parameters keep theirs. A fixed name goes before a parameter, a
parameter before a rest (`{path:path}`), whatever the order of registration.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from fastapi import APIRouter
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.contract import Operation

Match = tuple["Leaf", dict[str, str]]


class Endpoint:
    """One method of one path: the operation it is held against, and what answers it.

    `public` lets everybody in; `firm` endpoints stand in for those of other routers.
    """

    __slots__ = ("_operations", "answer", "firm", "key", "public", "template")

    def __init__(
        self, method: str, template: str, answer: ASGIApp, operations: Operations, *, public: bool, firm: bool
    ) -> None:
        self.key, self.template, self.answer, self._operations = (
            (method, _shape(template)),
            template,
            answer,
            operations,
        )
        self.public, self.firm = public, firm

    @property
    def operation(self) -> Operation | None:
        return self._operations.of(self.key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = self._operations.of(self.key)
        if operation is not None:
            receive = await operation.check(scope, receive)
        await self.answer(scope, receive, send)


class Operations:
    """What routes are held against, by method and shape of path; contracts are read at the first request."""

    __slots__ = ("_known", "_unread")

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Operation] = {}
        self._unread: list[Callable[[], Iterable[Operation]]] = []

    def add(self, operations: Callable[[], Iterable[Operation]]) -> None:
        self._unread.append(operations)

    def of(self, key: tuple[str, str]) -> Operation | None:
        while self._unread:
            self._known.update(((one.method, _shape(one.path)), one) for one in self._unread[0]())
            del self._unread[0]
        return self._known.get(key)


class Leaf:
    """All methods of one path."""

    __slots__ = ("endpoints", "names", "public")

    def __init__(self) -> None:
        self.public = False
        """Whether some endpoint is: then nobody is asked who they are for a method that there is not."""
        self.endpoints: dict[str, Endpoint] = {}
        self.names: dict[str, tuple[str, ...]] = {}

    def endpoint(self, method: str) -> Endpoint | None:
        return self.endpoints.get("GET" if method == "HEAD" else method)

    @property
    def allow(self) -> str:
        """The methods as the reference's `Allow` has them: HEAD follows GET."""
        return ",".join(m for method in self.endpoints for m in ((method, "HEAD") if method == "GET" else (method,)))


class _Node:
    __slots__ = ("fixed", "leaf", "parameter", "rest")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.rest: Leaf | None = None
        self.leaf: Leaf | None = None


class RouteTable:
    """The routes of one mount."""

    def __init__(self) -> None:
        self._root = _Node()
        self._operations = Operations()

    def validate(self, operations: Callable[[], Iterable[Operation]]) -> None:
        """Hold routes of the same path and method against these operations, whenever either are added."""
        self._operations.add(operations)

    def add_router(self, router: APIRouter, *, public: bool = False, instead: bool = False) -> None:
        for context in iter_route_contexts(router.routes):
            if context.path is None or not context.methods:
                raise TypeError(f"a mounted router may hold plain routes only, not {context.original_route!r}")
            answer = direct(context) or _with_dependencies(context.app)
            # GET first: `Allow` lists methods in this order.
            for method in sorted(context.methods - {"HEAD"}, key=lambda name: (name != "GET", name)):
                self.add(method, context.path, answer, public=public, instead=instead)

    def add(self, method: str, template: str, answer: ASGIApp, *, public: bool = False, instead: bool = False) -> None:
        """The first of two equal routes stays, as in any router that tries them in order; but one that is to stand
        `instead` of others does, whichever came first."""
        node, names = self._root, []
        parts = [part for part in template.split("/") if part]
        leaf: Leaf | None = None
        for index, part in enumerate(parts):
            if part.startswith("{") and part.endswith("}"):
                name, _, convertor = part[1:-1].partition(":")
                names.append(name)
                if convertor == "path":
                    if index != len(parts) - 1:
                        raise ValueError(f"only the last segment may be a rest: {template}")
                    leaf = node.rest = node.rest or Leaf()
                    break
                node.parameter = node.parameter or _Node()
                node = node.parameter
            elif "{" in part:
                raise ValueError(f"a segment is either fixed or a parameter: {template}")
            else:
                node = node.fixed.setdefault(part.lower(), _Node())
        if leaf is None:
            leaf = node.leaf = node.leaf or Leaf()
        present = leaf.endpoints.get(method)
        if present is None or (instead and not present.firm):
            leaf.endpoints[method] = Endpoint(method, template, answer, self._operations, public=public, firm=instead)
            leaf.names[method] = tuple(names)
            leaf.public = leaf.public or public

    def find(self, segments: Sequence[str]) -> tuple[Leaf, list[str]] | None:
        """The path's leaf and its parameters' values, in order."""
        return self._find(self._root, segments, 0, [])

    def _find(
        self, node: _Node, segments: Sequence[str], index: int, values: list[str]
    ) -> tuple[Leaf, list[str]] | None:
        if index == len(segments):
            return (node.leaf, values) if node.leaf is not None else self._rest(node, segments, index, values)
        segment = segments[index]
        below = node.fixed.get(segment.lower())
        if below is not None and (found := self._find(below, segments, index + 1, values)) is not None:
            return found
        if node.parameter is not None:
            found = self._find(node.parameter, segments, index + 1, [*values, segment])
            if found is not None:
                return found
        return self._rest(node, segments, index, values)

    @staticmethod
    def _rest(node: _Node, segments: Sequence[str], index: int, values: list[str]) -> tuple[Leaf, list[str]] | None:
        return None if node.rest is None else (node.rest, [*values, "/".join(segments[index:])])

    def _leaves(self, node: _Node) -> Iterator[Leaf]:
        yield from (leaf for leaf in (node.leaf, node.rest) if leaf is not None)
        for below in (*node.fixed.values(), node.parameter):
            if below is not None:
                yield from self._leaves(below)


def _shape(template: str) -> str:
    """A template without its parameters' names and case: what two spellings of one path share."""
    return "/".join("{}" if part.startswith("{") else part.lower() for part in template.split("/") if part)


def direct(context: RouteContext) -> ASGIApp | None:
    """A short way for `async def endpoint(request: Request) -> Response`; None for all others.

    FastAPI's own way solves dependencies and keeps exit stacks, which such an endpoint has no use for.
    """
    endpoint, route = context.endpoint, context.original_route
    if endpoint is None or not inspect.iscoroutinefunction(endpoint) or getattr(route, "dependencies", None):
        return None
    parameters = list(inspect.signature(endpoint).parameters.values())
    if len(parameters) != 1:
        return None
    hints = _hints(endpoint)
    returned = hints.get("return")
    if hints.get(parameters[0].name) is not Request or not (
        isinstance(returned, type) and issubclass(returned, Response)
    ):
        return None
    return _Direct(endpoint, parameters[0].name)


def _hints(endpoint: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(endpoint)
    except NameError:
        return {}


class _Direct:
    __slots__ = ("_endpoint",)

    def __init__(self, endpoint: Callable[..., Awaitable[Response]], name: str) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def _with_dependencies(app: ASGIApp) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        # FastAPI closes uploaded files by this stack; its own application would have put it there.
        async with AsyncExitStack() as files:
            scope["fastapi_middleware_astack"] = files
            await app(scope, receive, send)

    return run

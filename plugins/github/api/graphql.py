"""Reading GraphQL answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from plugins.github.api.connection import json_of
from plugins.github.api.errors import GithubError, GithubForbiddenError, GithubNotFoundError, GithubUnavailableError

Json = Any


@dataclass(frozen=True, slots=True)
class GraphqlAnswer:
    data: Json
    errors: Sequence[Json]

    @property
    def limited(self) -> bool:
        """GraphQL says 200 when the quota is used up. Source: docs.github.com, "Rate limits for the GraphQL API"."""
        return any(_type(error) in ("RATE_LIMITED", "RATE_LIMIT") for error in self.errors)

    def data_or_raise(self, *, unknown: bool = False) -> Json:
        """`unknown`: things that are not there are no error, but null. Raises GithubError."""
        if not self.errors or (unknown and all(_type(error) == "NOT_FOUND" for error in self.errors)):
            if not isinstance(self.data, dict):
                raise GithubUnavailableError("GitHub's answer has no data")
            return self.data
        words = "; ".join(str(error.get("message", error)) for error in self.errors if isinstance(error, dict))
        message = f"Request failed due to following response errors: {words or 'unknown'}"
        types = {_type(error) for error in self.errors}
        if "NOT_FOUND" in types:
            raise GithubNotFoundError(message, errors=self.errors)
        if types & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
            raise GithubForbiddenError(message, errors=self.errors)
        if types == {""} or types & {"INTERNAL", "SERVICE_UNAVAILABLE", "MAX_NODE_LIMIT_EXCEEDED"}:
            raise GithubUnavailableError(message, errors=self.errors)
        raise GithubError(message, errors=self.errors)


def _type(error: Json) -> str:
    return str(error.get("type") or "") if isinstance(error, dict) else ""


def read_answer(response: httpx.Response) -> GraphqlAnswer:
    """Raises GithubError for what is no GraphQL answer."""
    body = json_of(response)
    if not isinstance(body, dict):
        raise GithubUnavailableError("GitHub's answer makes no sense", status=response.status_code)
    errors = body.get("errors")
    return GraphqlAnswer(body.get("data"), errors if isinstance(errors, list) else [])

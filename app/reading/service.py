"""Finds the reader and the integration for a URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from app.errors import InputError, NotAllowedError
from app.interfaces import Config, GitCredentials, Json, Outgoing, ScmIntegration, UrlReader
from app.reading.allow import AllowList, AllowSettings
from app.reading.fetch import FetchReader
from app.reading.file import FileReader
from app.reading.git import GitReader
from app.reading.git_target import parse_git_target
from app.reading.outgoing import GuardedClient
from app.reading.resolve import default_resolve_url
from app.reading.urls import parse_web_url

FETCH_ORDER = 1000
"""The generic reader is asked last: an integration knows better."""


class ReadingService:
    """See `app.interfaces.Reading`. `data_dir` is where copies of git repositories are kept.

    Raises:
        InputError: `backend.reading.allow` is malformed.
    """

    def __init__(self, config: Config, outgoing: Outgoing, data_dir: Path) -> None:
        self._outgoing = outgoing
        self._readers: list[tuple[int, int, Callable[[str], bool], UrlReader]] = []
        self._integrations: list[ScmIntegration] = []
        entries = config.get("backend.reading.allow") or ()
        allow = AllowList(_allowed(index, entry) for index, entry in enumerate(entries))
        fetch = FetchReader(outgoing, allow)
        self.add_reader(fetch.matches, fetch, order=FETCH_ORDER)
        self.files = FileReader()
        named = _named_remotes(config)
        guard = outgoing if isinstance(outgoing, GuardedClient) else None
        self.git = GitReader(
            data_dir / "git",
            trusted=guard.trusted if guard else None,
            resolve=guard.resolve if guard else None,
            shared=[Path(str(one)) for one in config.get("backend.reading.localRepositories") or ()],
            may_read=lambda remote: (
                remote.url in named or allow.covers(remote.as_web) or self.integration_for(remote.as_web) is not None
            ),
        )

    def add_reader(self, matches: Callable[[str], bool], reader: UrlReader, *, order: int = 50) -> None:
        self._readers.append((order, len(self._readers), matches, reader))
        self._readers.sort(key=lambda entry: entry[:2])

    def add_integration(self, integration: ScmIntegration) -> None:
        self._integrations.append(integration)
        self._outgoing.trust(integration.host)

    def add_git_credentials(self, host: str, credentials: GitCredentials) -> None:
        self.git.add_credentials(host, credentials)

    def reader_for(self, url: str) -> UrlReader:
        for _, _, matches, reader in self._readers:
            if matches(url):
                return reader
        raise NotAllowedError(
            f"Reading from '{url}' is not allowed. You may need to configure an integration for the target host, or "
            "add it to the configured list of allowed hosts at 'backend.reading.allow'"
        )

    def integration_for(self, url: str) -> ScmIntegration | None:
        try:
            host = parse_web_url(url).netloc
        except InputError:
            return None
        return next((found for found in self._integrations if found.host.lower() == host), None)

    def resolve_url(self, url: str, base: str) -> str:
        integration = self.integration_for(base)
        return integration.resolve_url(url, base) if integration else default_resolve_url(url, base)

    def resolve_edit_url(self, url: str) -> str | None:
        integration = self.integration_for(url)
        return integration.resolve_edit_url(url) if integration else None


def _allowed(index: int, entry: Json) -> AllowSettings:
    try:
        return AllowSettings.model_validate(entry)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(["backend.reading.allow", str(index), *map(str, problem["loc"])])
        raise InputError(f"configuration key '{key}': {problem['msg']}") from error


def _named_remotes(config: Config) -> frozenset[str]:
    """The git remotes of static locations: the operator's own word, `file://` included, which nobody else may name."""
    remotes = set()
    for location in config.get("catalog.locations") or ():
        if isinstance(location, Mapping) and location.get("type") == "git":
            try:
                remotes.add(parse_git_target(str(location.get("target"))).remote)
            except InputError:
                continue  # The catalog reports it where the location is read.
    return frozenset(remotes)

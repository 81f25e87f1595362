"""Reads from GitLab. Source: spec/catalog.md §5.5."""

from __future__ import annotations

from collections.abc import Iterable

from app.errors import InputError, NotFoundError
from app.interfaces import Outgoing, ReadResponse
from app.reading.interfaces import (
    ArchivedFile,
    PacedOutgoing,
    RepositoryPlace,
    RepositoryReader,
    compiled,
    is_simple_glob,
    parse_web_url,
    quoted,
    quoted_path,
    required_path,
)
from plugins.gitlab.integration import Artifact, artifact_of, place_of
from plugins.gitlab.pace import Pace
from plugins.gitlab.settings import GitlabHost


class GitlabReader(RepositoryReader):
    def __init__(self, outgoing: Outgoing, settings: GitlabHost, pace: Pace | None = None) -> None:
        kept = pace or Pace(settings.retry)
        super().__init__(PacedOutgoing(outgoing, lambda _, headers, ask: kept.run(lambda: ask(headers))))
        self._settings = settings
        self._base_path = parse_web_url(settings.base).path

    def place(self, url: str) -> RepositoryPlace:
        place = place_of(url, self._base_path)
        if not place.owner:
            raise InputError(f"{url} is not the URL of a project on GitLab")
        return place

    async def headers(self, place: RepositoryPlace) -> dict[str, str]:
        # Personal, project, group and OAuth tokens may all be sent so.
        token = self._settings.token
        return {"authorization": f"Bearer {token.get_secret_value()}"} if token else {}

    async def read_url(self, url: str, *, etag: str | None = None) -> ReadResponse:
        artifact = artifact_of(url, self._base_path)
        if artifact is not None:
            return await self._artifact(artifact, url, etag)
        return await super().read_url(url, etag=etag)

    async def file(self, place: RepositoryPlace, etag: str | None) -> ReadResponse:
        about = self._about(place)
        path = required_path(place, about).path
        url = f"{self._api(place)}/repository/files/{quoted(path)}/raw?ref={quoted(place.ref or 'HEAD')}"
        return self.content(await self.ask(place, url, about=about, etag=etag))

    async def _artifact(self, artifact: Artifact, url: str, etag: str | None) -> ReadResponse:
        place = RepositoryPlace(artifact.owner, artifact.name, artifact.ref, artifact.path)
        query = f"?{artifact.query}" if artifact.query else ""
        asked = f"{self._api(place)}/jobs/artifacts/{quoted(artifact.ref)}/raw/{quoted_path(artifact.path)}{query}"
        return self.content(await self.ask(place, asked, about=url, etag=etag))

    async def commit(self, place: RepositoryPlace) -> str:
        about = self._about(place)
        ref = f"&ref_name={quoted(place.ref)}" if place.ref else ""
        url = f"{self._api(place)}/repository/commits?per_page=1{ref}"
        # A folder that was never there has no commits: then that of the branch tells whether it comes.
        for below in dict.fromkeys((self._below(place), "")):
            response = await self.ask(place, f"{url}{below}", about=about)
            if self.json(response, about):
                return str(self.json(response, about, 0, "id"))
        raise NotFoundError(f"could not read {about}, there are no commits")

    async def archive(self, place: RepositoryPlace, commit: str) -> Iterable[ArchivedFile]:
        below = self._below(place)
        url = f"{self._api(place)}/repository/archive.tar.gz?sha={quoted(commit)}{below}"
        return await self.packed(place, url, about=self._about(place), narrowed=bool(below))

    def _below(self, place: RepositoryPlace) -> str:
        """Narrows commits and archives to the folder of interest: changes elsewhere are none of ours."""
        folder = compiled(place.path).literal_prefix if is_simple_glob(place.path) else place.path
        return f"&path={quoted(folder)}" if folder else ""

    def _api(self, place: RepositoryPlace) -> str:
        return f"{self._settings.api}/projects/{quoted(f'{place.owner}/{place.name}')}"

    def _about(self, place: RepositoryPlace) -> str:
        ref = f"/-/blob/{place.ref}/{place.path}" if place.ref else ""
        return f"{self._settings.base}/{place.owner}/{place.name}{ref}"

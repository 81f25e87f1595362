"""Answers queries: what was found, as far as its asker may see it, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import uuid4

import orjson
from pyroaring import BitMap

from app.interfaces import Principal
from plugins.search.answers import Result, Results
from plugins.search.highlighting import Highlighter
from plugins.search.matching import Match, filter_match, name_match, terms_of, text_match, type_match
from plugins.search.ranking import RANKED, Candidate, Found, ranked
from plugins.search.remembered import Remembered
from plugins.search.requests import SearchRequest
from plugins.search.sets import WordSets
from plugins.search.settings import HighlightSettings
from plugins.search.sight import Belonging, Gate
from plugins.search.store import SearchStore
from plugins.search.versions import Versions
from plugins.search.words import joined, stem
from plugins.search.writing import FIRST_ID

SMALL: Final = 25
"""Results of one page: these are read at once with what ranks them."""
FEW: Final = 2000
"""Documents whose belonging is looked up by id; of more, all are."""
AT_ONCE: Final = {"postgresql": 3, "sqlite": 1}
"""Queries that are looked up at the same time, first come first served: with more, all of them would take longer.
SQLite's threads would only contend for the interpreter."""

Document = tuple[str, str]
"""Type, and JSON as it goes on the wire."""
Shown = tuple[int, str, str, Mapping[str, str] | None]
"""A result's place on its page, type, document, and highlighted texts."""


class Search:
    def __init__(
        self,
        store: SearchStore,
        versions: Versions,
        gate: Gate,
        types: Collection[str],
        options: HighlightSettings,
    ) -> None:
        self._store = store
        self._versions = versions
        self._gate = gate
        self._types = types
        self._options = options
        self._found = Remembered()
        self._sets = WordSets(store)
        self._turns = asyncio.Semaphore(AT_ONCE[store.database.dialect])
        tag = str(uuid4())
        # Nobody's text holds them.
        self.pre_tag, self.post_tag = f"<{tag}>", f"</{tag}>"

    async def query(self, request: SearchRequest, caller: Principal) -> Results:
        """Never a document that the caller may not read; neither its number nor its place shows it."""
        wanted = request.types if request.types is not None else tuple(self._types)
        sight = await self._gate.sight(wanted, caller)
        if not sight.types:
            return Results((), None)
        terms = terms_of(request.term)
        if not terms and not request.means_everything:
            return Results((), 0)
        restriction = self._restriction(request, sight.types)
        if restriction is None:
            return Results((), 0)
        version = await self._versions.newest()
        key = (joined(request.term), tuple(terms), restriction)
        found = await self._found.get(
            version, key, lambda: self._find(version, request.term, terms, restriction), lambda found: found.size
        )

        async def belongings() -> Mapping[int, Belonging]:
            return await self._found.get(
                version, ("belonging", key), lambda: self._belongings(found.ids), lambda known: 300 * len(known)
            )

        visible = await self._gate.visible(found.ids, sight, belongings)
        offset = request.page * request.limit
        page = found.page(visible, offset, request.limit)
        shown = await self._found.get(
            version, ("shown", found.terms, *page), lambda: self._shown(page, found), _size_of
        )
        results = [Result(type_, document, offset + place, fields) for place, type_, document, fields in shown]
        return Results(results, len(visible), len(visible) > offset + request.limit)

    async def check(self) -> None:
        """Raises ServiceUnavailableError when the index cannot be read."""
        await self._store.version()

    def _restriction(self, request: SearchRequest, types: Sequence[str]) -> Match | None:
        """None where nothing can match: one of no values."""
        match = Match()
        if set(types) != set(self._types):
            match &= type_match(sorted(types))
        match &= filter_match(request.filters)
        return match if all(match.alternatives) else None

    # ------------------------------------------------------------------------------------------------ finding

    async def _find(self, version: int, term: str, terms: Sequence[str], restriction: Match) -> Found:
        async with self._turns:
            return await self._look_up(partial(self._sets.find, version), term, terms, restriction)

    async def _look_up(
        self, find: Callable[..., Awaitable[list[BitMap]]], term: str, terms: Sequence[str], restriction: Match
    ) -> Found:
        if not terms:
            # Locations are how entities came in, not what anybody looks for.
            ids, locations = await find(restriction, filter_match({"kind": "Location"}))
            return Found(ids, tiers=(ids - locations,))
        (ids,) = await find(text_match(terms) & restriction)
        stems = [stem(word) for word in terms]
        if not ids and stems != terms:
            terms = stems
            (ids,) = await find(text_match(terms) & restriction)
        if len(ids) <= RANKED:
            candidates, documents = await self._candidates(ids)
            return Found(ids, tuple(ranked(candidates, term, terms)), terms=tuple(terms), documents=documents)
        called = name_match(term)
        titles, wholly, *named = await find(
            text_match(terms, "title"), text_match(terms, "title", prefix=False), *([called] if called else [])
        )
        titles = ids & titles
        wholly = titles & wholly
        best = ids & (await self._begun_by(term)).union(*named)
        if len(best) + len(titles) <= RANKED:
            best |= titles
        candidates, _ = await self._candidates(best)
        return Found(ids, tuple(ranked(candidates, term, terms)), (wholly, titles), tuple(terms))

    async def _begun_by(self, term: str) -> BitMap:
        """Documents whose title begins with the term, the first of them in the order of titles."""
        begin = joined(term)
        rows = await self._store.database.read(
            "SELECT id FROM search_document WHERE names >= ? AND names < ? ORDER BY names LIMIT ?",
            begin,
            begin + "\U0010ffff",
            RANKED,
        )
        return BitMap([row[0] for row in rows])

    async def _candidates(self, ids: BitMap) -> tuple[list[Candidate], dict[int, Document]]:
        """With the documents themselves where they are few enough to be shown on one page."""
        if not ids:
            return [], {}
        few = len(ids) <= SMALL
        shown = ("type", "document") if few else ()
        rows = await self._rows(ids, "id", "title", "names", "title_words", "length(document)", *shown)
        if not few:
            return rows, {}
        return [tuple(row[:5]) for row in rows], {row[0]: (row[5], row[6]) for row in rows}

    async def _belongings(self, ids: BitMap) -> dict[int, Belonging]:
        database = self._store.database
        others = ids.copy()
        others.remove_range(0, FIRST_ID)
        if len(others) > FEW:
            condition, parameters = f"id > {FIRST_ID}", []
        else:
            condition, parameters = database.any_of("id", "bigint"), [database.array(others)]
        rows = await database.read(
            f"SELECT id, type, resource_ref, resource FROM search_document WHERE {condition}",  # noqa: S608
            *parameters,
        )
        return {row[0]: (row[1], row[2], row[3]) for row in rows if row[0] in others}

    # ------------------------------------------------------------------------------------------------ showing

    async def _documents(self, ids: Sequence[int]) -> dict[int, Document]:
        return {row[0]: (row[1], row[2]) for row in await self._rows(ids, "id", "type", "document")}

    async def _rows(self, ids: Iterable[int], *columns: str) -> list[Any]:
        database = self._store.database
        sqlite = database.dialect == "sqlite"
        # One row there: for each row the threads would hand the interpreter to one another.
        wanted = f"json_group_array(json_array({', '.join(columns)}))" if sqlite else ", ".join(columns)
        rows = await database.read(
            f"SELECT {wanted} FROM search_document WHERE {database.any_of('id', 'bigint')}",  # noqa: S608
            database.array(ids),
        )
        return list(orjson.loads(rows[0][0])) if sqlite else list(rows)

    async def _shown(self, ids: Sequence[int], found: Found) -> list[Shown]:
        if not ids:
            return []
        documents = found.documents or await self._documents(ids)
        marking = None
        if found.terms and self._options.use_highlight:
            marking = Highlighter(self._options, found.terms, self.pre_tag, self.post_tag)
        return [
            (place, *documents[id_], None if marking is None else highlighted(marking, documents[id_][1]))
            # One that has gone since it was found is not shown.
            for place, id_ in enumerate(ids, 1)
            if id_ in documents
        ]


def _size_of(shown: Sequence[Shown]) -> int:
    """About how many bytes a page takes."""
    return 500 + sum(500 + len(one[2]) + sum(map(len, (one[3] or {}).values())) for one in shown)


def highlighted(marking: Highlighter, document: str) -> dict[str, str]:
    content: Any = orjson.loads(document)
    return {
        "text": marking.excerpt(content["text"]),
        "title": marking.excerpt(content["title"]),
        "location": content["location"],
        "path": "",
    }

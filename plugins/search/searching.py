"""Answers queries: what was found, as far as its asker may see it, page by page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import orjson
from pyroaring import BitMap

from app.interfaces import Principal
from plugins.search.highlighting import Highlighter
from plugins.search.matching import Match, filter_match, name_match, terms_of, text_match, type_match
from plugins.search.ranking import RANKED, Candidate, Found, ranked
from plugins.search.remembered import Remembered
from plugins.search.requests import SearchRequest
from plugins.search.settings import HighlightSettings
from plugins.search.sight import Belonging, Gate
from plugins.search.store import FIRST_ID, SearchStore
from plugins.search.versions import Versions
from plugins.search.words import joined, stem

SMALL: Final = 25
"""Results of one page: these are read at once with what ranks them."""
FEW: Final = 2000
"""Documents whose belonging is looked up by id; of more, all are."""


@dataclass(frozen=True, slots=True)
class Result:
    """`document` is JSON as it goes on the wire; `fields` are its highlighted texts, None where nothing was typed."""

    type: str
    document: str
    rank: int
    fields: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Results:
    """`total` None: nothing that may be searched."""

    results: Sequence[Result]
    total: int | None
    has_more: bool = False


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
            version, key, lambda: self._find(request.term, terms, restriction), lambda found: found.size
        )

        async def belongings() -> Mapping[int, Belonging]:
            return await self._found.get(
                version, ("belonging", key), lambda: self._belongings(found.ids), lambda known: 300 * len(known)
            )

        visible = await self._gate.visible(found.ids, sight, belongings)
        offset = request.page * request.limit
        page = found.page(visible, offset, request.limit)
        results = await self._results(page, offset, found)
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

    async def _find(self, term: str, terms: Sequence[str], restriction: Match) -> Found:
        words = self._store.words
        if not terms:
            ids = await words.find(restriction)
            # Locations are how entities came in, not what anybody looks for.
            return Found(ids, tiers=(ids - await words.find(filter_match({"kind": "Location"}) & restriction),))
        ids = await words.find(text_match(terms) & restriction)
        stems = [stem(word) for word in terms]
        if not ids and stems != terms:
            terms = stems
            ids = await words.find(text_match(terms) & restriction)
        if len(ids) <= RANKED:
            head = ranked(await self._candidates(ids), term, terms)
            documents = await self._documents(head) if 0 < len(head) <= SMALL else {}
            return Found(ids, tuple(head), terms=tuple(terms), documents=documents)
        titles = ids & await words.find(text_match(terms, "title") & restriction)
        wholly = titles & await words.find(text_match(terms, "title", prefix=False) & restriction)
        called = name_match(term)
        best = BitMap() if called is None else ids & await words.find(called & restriction)
        best |= ids & await self._begun_by(term)
        if len(best) + len(titles) <= RANKED:
            best |= titles
        head = ranked(await self._candidates(best), term, terms)
        return Found(ids, tuple(head), (wholly, titles), tuple(terms))

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

    async def _candidates(self, ids: BitMap) -> list[Candidate]:
        if not ids:
            return []
        database = self._store.database
        rows = await database.read(
            "SELECT id, title, names, title_words, length(document) FROM search_document"  # noqa: S608
            f" WHERE {database.any_of('id', 'bigint')}",
            database.array(ids),
        )
        return [Candidate(*row) for row in rows]

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

    async def _documents(self, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        database = self._store.database
        rows = await database.read(
            f"SELECT id, type, document FROM search_document WHERE {database.any_of('id', 'bigint')}",  # noqa: S608
            database.array(ids),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    async def _results(self, ids: Sequence[int], offset: int, found: Found) -> list[Result]:
        if not ids:
            return []
        documents = found.documents or await self._documents(ids)
        marking = None
        if found.terms and self._options.use_highlight:
            marking = Highlighter(self._options, found.terms, self.pre_tag, self.post_tag)
        results: list[Result] = []
        for rank, id_ in enumerate(ids, offset + 1):
            # One that has gone since it was found is not shown.
            if id_ in documents:
                type_, document = documents[id_]
                fields = None if marking is None else highlighted(marking, document)
                results.append(Result(type_, document, rank, fields))
        return results


def highlighted(marking: Highlighter, document: str) -> dict[str, str]:
    content: Any = orjson.loads(document)
    return {
        "text": marking.excerpt(content["text"]),
        "title": marking.excerpt(content["title"]),
        "location": content["location"],
        "path": "",
    }


def wire(answer: Results, request: SearchRequest, tags: tuple[str, str]) -> bytes:
    """The answer as it goes on the wire; documents are passed on as they are stored."""
    parts: list[bytes] = []
    for one in answer.results:
        highlight = {"preTag": tags[0], "postTag": tags[1], "fields": one.fields or {}}
        parts.append(
            b'{"type":%b,"document":%b,"rank":%d,"highlight":%b}'
            % (orjson.dumps(one.type), one.document.encode(), one.rank, orjson.dumps(highlight))
        )
    more = cursors(answer, request)
    if answer.total is not None:
        more["numberOfResults"] = answer.total
    rest = orjson.dumps(more)[1:]
    return b'{"results":[%b]%b' % (b",".join(parts), b"," + rest if more else rest)


def cursors(answer: Results, request: SearchRequest) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if answer.total is None:
        return found
    if answer.has_more:
        found["nextPageCursor"] = request.next_cursor
    if request.previous_cursor is not None:
        found["previousPageCursor"] = request.previous_cursor
    return found

"""The one full-text index in two dialects: SQLite's FTS5, and tsvector with a GIN index on PostgreSQL.

Words come from `plugins.search.words` and are letters and digits alone, so neither engine takes any of them apart, and
nothing that somebody types is ever syntax.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import orjson
from pyroaring import BitMap

from app.interfaces import Database, Transaction
from plugins.search.matching import Match, Place, Word

Row = tuple[int, str, str, str]
"""Id, words of the title, words of the text, marks."""
Words = Mapping[Place, str]
"""By place, each between spaces."""


class FullText(Protocol):
    async def add(self, transaction: Transaction, rows: Sequence[Row]) -> None:
        """Of documents that have none yet."""

    async def remove(self, transaction: Transaction, ids: Sequence[int]) -> None: ...
    async def find(self, matches: Sequence[Match]) -> list[BitMap]:
        """For each the ids of all documents that match."""

    async def of(self, ids: Iterable[int]) -> dict[int, Words]:
        """The words of those of the documents that are there."""

    async def tidy(self) -> None:
        """To be called when nothing has been added for a while."""


def full_text(database: Database) -> FullText:
    return SqliteFullText(database) if database.dialect == "sqlite" else PostgresFullText(database)


class SqliteFullText:
    _COLUMNS: Final[dict[Place, str]] = {"anywhere": "{title text}", "title": "title", "marks": "marks"}

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, transaction: Transaction, rows: Sequence[Row]) -> None:
        await transaction.copy("search_words", ("rowid", "title", "text", "marks"), rows)

    async def remove(self, transaction: Transaction, ids: Sequence[int]) -> None:
        condition = self._database.any_of("rowid", "bigint")
        await transaction.execute(f"DELETE FROM search_words WHERE {condition}", self._database.array(ids))  # noqa: S608

    async def find(self, matches: Sequence[Match]) -> list[BitMap]:
        # As one text: a row for each would cost more than finding them.
        some = "(SELECT group_concat(rowid) FROM search_words WHERE search_words MATCH ?)"
        every = "(SELECT group_concat(id) FROM search_document)"
        ((*found,),) = await self._database.read(
            f"SELECT {', '.join([some if one.alternatives else every for one in matches])}",
            *[self.expression(one) for one in matches if one.alternatives],
        )
        return [BitMap(orjson.loads(f"[{ids or ''}]")) for ids in found]

    async def of(self, ids: Iterable[int]) -> dict[int, Words]:
        rows = await self._database.read(
            "SELECT rowid, title, text, marks FROM search_words"  # noqa: S608
            f" WHERE {self._database.any_of('rowid', 'bigint')}",
            self._database.array(ids),
        )
        return {
            id_: {"anywhere": f" {title} {text} ", "title": f" {title} ", "marks": f" {marks} "}
            for id_, title, text, marks in rows
        }

    async def tidy(self) -> None:
        """FTS5 merges as it goes."""

    def expression(self, match: Match) -> str:
        return " AND ".join(f"({' OR '.join(map(self._word, words))})" for words in match.alternatives)

    def _word(self, word: Word) -> str:
        return f'{self._COLUMNS[word.place]} : "{word.text}"{" *" if word.prefix else ""}'


class PostgresFullText:
    """A word of the title is there twice, once as any word: `a` and `b` before a word say which it is."""

    _LETTERS: Final[dict[Place, str]] = {"anywhere": "a", "title": "b", "marks": "c"}

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, transaction: Transaction, rows: Sequence[Row]) -> None:
        await transaction.execute(
            "INSERT INTO search_words (id, words)"
            " SELECT id, array_to_tsvector(string_to_array(words, ' '))"
            " FROM unnest(?::bigint[], ?::text[]) AS given (id, words)",
            [row[0] for row in rows],
            [self._words(*row[1:]) for row in rows],
        )

    async def remove(self, transaction: Transaction, ids: Sequence[int]) -> None:
        condition = self._database.any_of("id", "bigint")
        await transaction.execute(f"DELETE FROM search_words WHERE {condition}", self._database.array(ids))  # noqa: S608

    async def find(self, matches: Sequence[Match]) -> list[BitMap]:
        some = "(SELECT array_agg(id) FROM search_words WHERE words @@ ?::tsquery)"
        every = "(SELECT array_agg(id) FROM search_document)"
        ((*found,),) = await self._database.read(
            f"SELECT {', '.join([some if one.alternatives else every for one in matches])}",
            *[self.expression(one) for one in matches if one.alternatives],
        )
        return [BitMap(ids or ()) for ids in found]

    async def of(self, ids: Iterable[int]) -> dict[int, Words]:
        rows = await self._database.read(
            "SELECT id, tsvector_to_array(words) FROM search_words"  # noqa: S608
            f" WHERE {self._database.any_of('id', 'bigint')}",
            self._database.array(ids),
        )
        return {
            id_: {
                place: f" {' '.join([word[1:] for word in words if word[0] == letter])} "
                for place, letter in self._LETTERS.items()
            }
            for id_, words in rows
        }

    async def tidy(self) -> None:
        """Put into the index's own order what has waited beside it: until then every query looks through that too."""
        async with self._database.write() as transaction:
            await transaction.fetch("SELECT gin_clean_pending_list('search_words_words'::regclass)")

    def expression(self, match: Match) -> str:
        return " & ".join(f"({' | '.join(map(self._word, words))})" for words in match.alternatives)

    def _word(self, word: Word) -> str:
        return f"'{self._LETTERS[word.place]}{word.text}'{':*' if word.prefix else ''}"

    def _words(self, title: str, text: str, marks: str) -> str:
        letters = self._LETTERS
        found = [letters["title"] + word for word in title.split()]
        found += [letters["anywhere"] + word for word in (*title.split(), *text.split())]
        return " ".join([*found, *(letters["marks"] + word for word in marks.split())])

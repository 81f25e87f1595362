from __future__ import annotations

from pathlib import Path

import pytest

from app.database.settings import DatabaseSettings, postgres_url, sqlite_file
from app.errors import InputError

DATA = Path("data")


@pytest.mark.parametrize(
    ("connection", "file"),
    [
        (None, DATA / "callboard.sqlite"),
        (":memory:", None),
        ({"filename": ":memory:"}, None),
        ({"directory": "/srv/db"}, Path("/srv/db/callboard.sqlite")),
        ("/srv/one.sqlite", Path("/srv/one.sqlite")),
    ],
)
def test_sqlite_lives_where_backstage_would_put_it(connection: object, file: Path | None) -> None:
    settings = DatabaseSettings.model_validate({"client": "better-sqlite3", "connection": connection})
    assert sqlite_file(settings, DATA) == file


def test_a_connection_object_becomes_a_url() -> None:
    given = {"host": "db", "port": 5433, "user": "a b", "password": "p@ss/word", "database": "cat", "ssl": True}
    settings = DatabaseSettings.model_validate({"client": "pg", "connection": given})
    assert postgres_url(settings) == "postgresql://a%20b:p%40ss%2Fword@db:5433/cat?sslmode=verify-full"


def test_a_password_is_not_shown() -> None:
    settings = DatabaseSettings.model_validate({"client": "pg", "connection": {"password": "hunter2"}})
    assert "hunter2" not in repr(settings)


def test_postgresql_without_a_connection_is_refused() -> None:
    with pytest.raises(InputError, match="connection is missing"):
        postgres_url(DatabaseSettings.model_validate({"client": "pg"}))

"""Whether there is anything to migrate. Held against Alembic itself."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from app.database.heads import behind, heads_of
from app.database.migrations import migrate
from tests.conftest import AnyDatabase

REVISION = """
revision: str = "{revision}"
down_revision: str | None = {down}

def upgrade() -> None:
    pass
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    # A name of its own: Python remembers where a package was.
    name = f"revisions_{uuid4().hex}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "one.py").write_text(REVISION.format(revision="t1", down=None))
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


async def test_a_database_is_behind_until_it_is_migrated(database: AnyDatabase, package: str, tmp_path: Path) -> None:
    packages = {"shelf-plan": package}
    assert await behind(database, packages) == ["shelf-plan"]
    await migrate(database.engine, packages)
    assert await behind(database, packages) == []
    (tmp_path / package / "two.py").write_text(REVISION.format(revision="t2", down="'t1'"))
    assert heads_of(package) == {"t2"}
    assert await behind(database, packages) == ["shelf-plan"]
    assert await migrate(database.engine, packages) == {"shelf-plan": ["t2"]}
    assert await behind(database, packages) == []

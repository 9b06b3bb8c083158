"""The tables are made, kept up to date, and refused where they are not ours."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Text, text

from audioqa.errors import StoreError
from audioqa.store import open_store, schema
from audioqa.store.database import connect, snapshot, writing
from audioqa.store.tables import Words, metadata


def _another_type(context: MigrationContext, _: Any, __: Any, inspected: Any, written: Any) -> bool | None:
    """Alembic does not look through a type of our own at its collation."""
    if isinstance(written, Words) and isinstance(inspected, Text):
        return bool(inspected.collation != ("C" if context.dialect.name == "postgresql" else None))
    return None


def test_the_migrations_make_the_tables_that_the_code_speaks_of(empty_url: str) -> None:
    with open_store(empty_url) as store, snapshot(store.engine) as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": _another_type}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_every_version_has_its_module() -> None:
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == schema.VERSIONS


def test_a_store_of_a_newer_version_is_refused(empty_url: str) -> None:
    with open_store(empty_url) as store:
        writing(store.engine, lambda c: c.execute(text("UPDATE audioqa_schema SET version_num = '9999'")))
    with pytest.raises(StoreError, match=r"newer audioqa \(tables of version 9999.*update audioqa"):
        open_store(empty_url)


def test_tables_of_another_program_are_left_alone(empty_url: str) -> None:
    engine = connect(empty_url, create=True)
    writing(engine, lambda c: c.execute(text("CREATE TABLE calls (id INTEGER)")))
    with pytest.raises(StoreError, match="tables of another program"):
        open_store(empty_url)
    engine.dispose()


def test_a_store_that_is_opened_by_many_at_once_is_made_once(empty_url: str) -> None:
    failed: list[BaseException] = []

    def open_it() -> None:
        try:
            open_store(empty_url).close()
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_the_last_migration_can_be_undone(empty_url: str) -> None:
    from alembic import command
    from alembic.config import Config

    with open_store(empty_url) as store:
        config = Config()
        config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))

        def down(connection: object) -> None:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")

        writing(store.engine, down)
    with open_store(empty_url) as store:
        assert store.counts() == {"calls": 0, "measurements": 0, "failures": 0}


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("mysql://host/base", "SQLite .* or PostgreSQL, not mysql"),
        ("nowhere/calls.db", "there is no folder nowhere"),
        (".", "is a folder: name a file in it"),
        ("sqlite://", "kept in a file"),
        ("http:/x://", "no URL of a store"),
        ("postgresql://audioqa:secret@127.0.0.1:1/calls", "does not answer"),
    ],
)
def test_a_wrong_place_says_what_is_wrong_and_no_password(place: str, said: str, monkeypatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=said) as raised:
        open_store(place)
    assert "secret" not in str(raised.value)


def test_a_database_that_is_not_there_is_said_to_be_missing(postgresql_server: str) -> None:
    with pytest.raises(StoreError, match="no such database: make it first") as raised:
        open_store(f"{postgresql_server}/nowhere")
    assert raised.value.kind == "missing"


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a database at all, though it is longer than a header" * 20, encoding="utf-8")
    with pytest.raises(StoreError, match="no store of audioqa"):
        open_store(str(other))


def test_looking_does_not_make_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store; audioqa batch makes one"):
        open_store(str(tmp_path / "calls.db"), create=False)
    assert list(tmp_path.iterdir()) == []

"""Making the tables, and keeping those of an older version up to date."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from audioqa.errors import StoreError
from audioqa.store import (  # noqa: F401 - so that no table is overlooked
    alert_tables,
    review_tables,
    service_tables,
    trend_tables,
)
from audioqa.store.database import snapshot, writing
from audioqa.store.tables import metadata

VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every version that the tables ever had, in order; one module in ``migrations/versions`` each."""

VERSION_TABLE = "audioqa_schema"

_LOCK = 5_019_710_032
"""Any number: who makes or changes the tables on PostgreSQL holds this lock."""


def bring_up_to_date(engine: Engine) -> None:
    """Make the tables where there are none, and change those of an older version.

    Raises
    ------
    StoreError
        Where they are of a newer version, or belong to another program.
    """
    with snapshot(engine) as connection:
        version = _version(connection)
    if version != VERSIONS[-1]:
        writing(engine, _upgrade)


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    version = _version(connection)  # another process may have done it meanwhile
    if version == VERSIONS[-1]:
        return
    if version is None:
        _refuse_tables_of_others(connection)
    elif version not in VERSIONS:
        raise StoreError(
            f"this store was made by a newer audioqa (tables of version {version}, this one knows {VERSIONS[-1]}): "
            "update audioqa",
            "schema",
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, VERSIONS[-1])


def _version(connection: Connection) -> str | None:
    """Version of the tables; None where there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
    return None if found is None else str(found)


def _refuse_tables_of_others(connection: Connection) -> None:
    theirs = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if theirs:
        raise StoreError(
            f"the database holds tables of another program ({', '.join(theirs)}): name a database of its own", "schema"
        )

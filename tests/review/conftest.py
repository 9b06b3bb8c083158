"""A store on SQLite and on PostgreSQL, and calls to be reviewed in it."""

from __future__ import annotations

from tests.store.conftest import postgresql_server, store, url

__all__ = ["postgresql_server", "store", "url"]

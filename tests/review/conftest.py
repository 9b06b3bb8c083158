"""A store on SQLite, and where databases differ on PostgreSQL too; calls to be reviewed in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audioqa.store import Store, open_store
from tests.review.examples import Bench
from tests.store.conftest import store as any_store

__all__ = ["any_store"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A new store on SQLite."""
    with open_store(str(tmp_path / "calls.db")) as opened:
        yield Bench(opened)


@pytest.fixture
def any_bench(any_store: Store) -> Bench:
    """A new store on each kind of database."""
    return Bench(any_store)

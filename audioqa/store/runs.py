"""Runs: each time that an archive is worked on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from audioqa.store.tables import failures, runs
from audioqa.types.stored import Run


def begin_run(connection: Connection, sources: Sequence[str], *, digest: str, version: str, holder: str) -> int:
    """Note that a run begins; its number.

    Parameters
    ----------
    connection
        In a transaction.
    sources
        What is to be scored.
    digest, version
        Of the settings, and audioqa's.
    holder
        Who runs it.
    """
    values = {
        "started_at": datetime.now(UTC),
        "sources": list(sources),
        "digest": digest,
        "version": version,
        "holder": holder,
    }
    return int(connection.execute(insert(runs).values(**values).returning(runs.c.id)).scalar_one())


def end_run(connection: Connection, run: int, outcome: str, counts: Mapping[str, Any]) -> None:
    """Note how a run ended; after a whole one go failures of things that are no more.

    Parameters
    ----------
    connection
        In a transaction.
    run
        Its number.
    outcome
        ``finished``, ``interrupted``, or another word.
    counts
        How many of what.
    """
    values = {"ended_at": datetime.now(UTC), "outcome": outcome, "counts": dict(counts)}
    connection.execute(update(runs).where(runs.c.id == run).values(**values))
    if outcome == "finished":
        _drop_mended(connection, run)


def _drop_mended(connection: Connection, run: int) -> None:
    """Drop what an earlier run over the same sources could not even take for a call, such as a row of a manifest, and
    this whole one did not meet again: every run meets them all."""
    sources = connection.execute(select(runs.c.sources).where(runs.c.id == run)).scalar()
    of_runs = select(failures.c.run).where(failures.c.fingerprint == "", failures.c.run < run).distinct()
    earlier = connection.execute(select(runs.c.id, runs.c.sources).where(runs.c.id.in_(of_runs)))
    same = [row.id for row in earlier if row.sources == sources]
    if same:
        connection.execute(delete(failures).where(failures.c.fingerprint == "", failures.c.run.in_(same)))


def list_runs(connection: Connection, most: int) -> list[Run]:
    """The latest runs, the latest first."""
    rows = connection.execute(select(runs).order_by(runs.c.id.desc()).limit(most))
    return [
        Run(row.id, tuple(row.sources), row.started_at, row.ended_at, row.outcome, row.counts or {}) for row in rows
    ]

"""Where calls, their reports and what failed are kept: SQLAlchemy on SQLite or PostgreSQL.

Modules: `tables` (what there is), `schema` and `migrations` (how it is made and kept up to date), `database` (opening,
transactions, errors), `projection` (from a report to rows), `recording` and `removal` (writing), `knowing`, `claims`
and `runs` (what is to be done, by whom), `query`, `reading` and `groups` (lists, reports, counts), `store` (all of it
as one value).
"""

from __future__ import annotations

from audioqa.store.keys import Hashes, audio_key, fingerprint, location_of
from audioqa.store.knowing import Known
from audioqa.store.query import Query
from audioqa.store.store import Store, open_store
from audioqa.types.stored import CallRow, FailureRow, Group, Run, StoredCall

__all__ = [
    "CallRow",
    "FailureRow",
    "Group",
    "Hashes",
    "Known",
    "Query",
    "Run",
    "Store",
    "StoredCall",
    "audio_key",
    "fingerprint",
    "location_of",
    "open_store",
]

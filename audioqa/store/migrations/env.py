"""What Alembic runs: the steps on the connection that `audioqa.store.schema` hands over, within its transaction."""

from __future__ import annotations

from alembic import context

from audioqa.store import review_tables, service_tables, trend_tables  # noqa: F401 - so that no table is overlooked
from audioqa.store.schema import VERSION_TABLE
from audioqa.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
context.run_migrations()

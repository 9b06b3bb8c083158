"""The store as one value: every question and every change, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine

from audioqa.errors import StoreError
from audioqa.network import NetworkOptions
from audioqa.render.roles import misfit
from audioqa.store import claims, groups, knowing, paging, projection, reading, recording, removal, role_setting, runs
from audioqa.store.database import BUSY, connect, forget, snapshot, tidy, writing
from audioqa.store.holders import this_holder
from audioqa.store.keys import Hashes, fingerprint, location_of, storable
from audioqa.store.knowing import Known
from audioqa.store.query import Place, Query, place_of
from audioqa.store.schema import bring_up_to_date
from audioqa.types.calls import BadItem, CallInfo, Failure, Item
from audioqa.types.stored import CallRow, FailureRow, Group, Run, StoredCall

if TYPE_CHECKING:
    from audioqa.types.columns import CallColumns

LEASE = 600.0
"""Seconds that a claim lasts unless it is renewed."""

Judge = Callable[[Connection, CallInfo], None]
"""Flags a call that has just been written (`audioqa.judging.Judging`)."""


def open_store(
    url: str,
    *,
    create: bool = True,
    busy: float = BUSY,
    durable: bool = False,
    network: NetworkOptions = NetworkOptions(),  # noqa: B008 - frozen
) -> Store:
    """Open a store; its tables are made, or brought up to date, where that is needed.

    Parameters
    ----------
    url
        A file or ``sqlite:///file`` for SQLite; ``postgresql://user:password@host/name``.
    create
        Whether an SQLite file may be made where there is none.
    busy
        Seconds to wait for others who write to the same SQLite file.
    durable
        Whether SQLite waits for the disk at every transaction: what was written outlives a power cut then.
    network
        How statistics of the network are rated that come with calls.

    Raises
    ------
    StoreError
        Where it cannot be opened, is none of ours, or was made by a newer version.
    """
    engine = connect(url, create=create, busy=busy, durable=durable)
    try:
        bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, this_holder(), network)


@dataclass(frozen=True)
class Store:
    """Calls, their reports and what failed; use as a context, or `close` it. Every method raises `StoreError`.

    Parameters
    ----------
    engine
        Of the database.
    holder
        The name under which this store claims work.
    network
        How statistics of the network are rated.
    """

    engine: Engine
    holder: str
    network: NetworkOptions = NetworkOptions()  # noqa: RUF009 - frozen

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    # Runs

    def begin_run(self, sources: Sequence[str], *, digest: str, version: str) -> int:
        """Note that a run begins; its number."""
        return writing(
            self.engine, lambda c: runs.begin_run(c, sources, digest=digest, version=version, holder=self.holder)
        )

    def end_run(self, run: int, outcome: str, counts: Mapping[str, Any]) -> None:
        """Note how a run ended: ``finished``, ``interrupted`` or another word, and how many of what."""
        writing(self.engine, lambda c: runs.end_run(c, run, outcome, counts))
        tidy(self.engine)

    def runs(self, most: int = 20) -> list[Run]:
        """The latest runs, the latest first."""
        with snapshot(self.engine) as connection:
            return runs.list_runs(connection, most)

    # Work

    def known(self, items: Sequence[Item], *, digest: str, hashes: Sequence[Hashes | None] = ()) -> list[Known]:
        """What each of some items needs; ask for some hundreds at once.

        Parameters
        ----------
        items
            The items.
        digest
            Of the settings.
        hashes
            For each item what its files hold, where they were hashed just now.
        """
        with snapshot(self.engine) as connection:
            return knowing.known(
                connection, items, digest=digest, holder=self.holder, network=self.network, hashes=hashes
            )

    def claim(self, items: Sequence[Item], *, lease: float = LEASE) -> list[bool]:
        """Claim the calls of items; True for each that this store's holder has now.

        Claims last for `lease` seconds, until they are renewed, released, recorded or failed, or their process dies.
        """
        wanted = [item.info for item in items]
        return writing(self.engine, lambda c: claims.claim(c, wanted, holder=self.holder, lease=lease))

    def renew(self, *, lease: float = LEASE) -> int:
        """Put off the end of this holder's claims to `lease` seconds from now; how many they are."""
        return writing(self.engine, lambda c: claims.renew(c, holder=self.holder, lease=lease))

    def release(self, items: Sequence[Item] | None = None) -> int:
        """Give claims back without having done the work, all where no items are given; how many they were."""
        wanted = None if items is None else [item.info for item in items]
        return writing(self.engine, lambda c: claims.release(c, wanted, holder=self.holder))

    def record(
        self,
        run: int,
        item: Item,
        hashes: Hashes,
        report_json: str,
        *,
        digest: str,
        processing: float | None = None,
        judge: Judge | None = None,
    ) -> None:
        """Write a call, its report and its done mark in one transaction; its failures and its claim are gone then.

        Parameters
        ----------
        run
            The run at work.
        item, hashes
            The call, and what its files hold.
        report_json
            Its report (`audioqa.render.as_json.to_json`), with neutral channel names.
        digest
            Of the settings that the work was planned with, as given to `known`.
        processing
            Seconds of the processor.
        judge
            Flags the call by what is known of it, in the same transaction.
        """
        content = projection.read_content(report_json)

        def work(c: Connection) -> bool:
            recording.record(c, run, item, hashes, content, digest=digest, processing=processing, network=self.network)
            return True

        writing(self.engine, lambda c: _judged(c, item, judge, work))

    def share(self, run: int, item: Item, hashes: Hashes, *, digest: str, judge: Judge | None = None) -> bool:
        """Give a call the measurement of another one with the same sound; False where that is gone: then score it."""

        def work(c: Connection) -> bool:
            return recording.share(c, run, item, hashes, digest=digest, network=self.network)

        return writing(self.engine, lambda c: _judged(c, item, judge, work))

    def update_info(self, run: int, item: Item, hashes: Hashes | None = None, *, judge: Judge | None = None) -> bool:
        """Write what its source says now of a call that is done; False where there is no such call."""

        def work(c: Connection) -> bool:
            return recording.update_info(c, run, item, hashes, network=self.network)

        return writing(self.engine, lambda c: _judged(c, item, judge, work))

    def fail(self, run: int, item: Item | BadItem, failure: Failure | None = None, *, digest: str = "") -> None:
        """Note that something could not be scored; it is not done.

        Parameters
        ----------
        run
            The run at work.
        item
            What failed.
        failure
            Why; a `BadItem` says so itself.
        digest
            Of the settings, so that other ones are new work.
        """
        if isinstance(item, BadItem):
            info, location, mark = item.info or CallInfo(item.location), item.location, ""
            failure = failure or Failure(item.kind, item.message)
        else:
            info, location, mark = item.info, location_of(item), fingerprint(item, digest)
        if failure is None:
            raise ValueError("an item that failed needs a Failure")
        why = failure
        writing(self.engine, lambda c: recording.fail(c, run, info, location, why, mark=mark))

    # Questions

    def calls(self, query: Query = Query(), *, after: str | None = None, most: int | None = None) -> Iterator[CallRow]:  # noqa: B008 - frozen
        """Calls in the order of a query, read page by page.

        Parameters
        ----------
        query
            Which and how.
        after
            The place (`place`) behind which to go on.
        most
            How many; None for all.
        """
        start = None if after is None else place_of(after, query)
        return reading.list_calls(self.engine, query, after=start, most=most)

    def page(self, query: Query, *, after: str | None = None, most: int) -> tuple[list[CallRow], str | None]:
        """Some calls of one tenant within a bound of rows that are looked at, and where the next page begins.

        A page can hold fewer calls than were asked for, or none, and yet have a next one (`audioqa.store.paging`).

        Parameters
        ----------
        query
            Which and how; it names its tenant.
        after
            The place behind which to go on.
        most
            How many.
        """
        start = None if after is None else place_of(after, query)
        with snapshot(self.engine) as connection:
            found = paging.page(connection, query, tenant=storable(query.tenant or ""), after=start, most=most)
        return found.rows, None if found.next is None else found.next.text()

    @staticmethod
    def place(row: CallRow, query: Query) -> str:
        """Where a call stands in the order of a query, for `calls` to go on behind it."""
        value = row.rank if query.sort in ("worst", "best") else row.at
        return Place(value, row.info.tenant, row.key).text()

    def show(self, call_id: str, *, tenant: str | None = None) -> StoredCall:
        """One call by its id, or by where it is; the tenant is needed where several have one of that name."""
        with snapshot(self.engine) as connection:
            return reading.find_call(connection, call_id, tenant)

    def export(self, query: Query = Query()) -> Iterator[StoredCall]:  # noqa: B008 - frozen
        """Calls with their reports by tenant and call id, read page by page."""
        return reading.export_calls(self.engine, query)

    def failures(
        self, *, tenant: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[FailureRow]:
        """What could not be scored, by tenant, call and location; only what was tried last in that time."""
        return reading.list_failures(self.engine, tenant=tenant, since=since, until=until)

    def group(self, by: Sequence[str], query: Query = Query()) -> list[Group]:  # noqa: B008 - frozen
        """Calls counted by what they have in common: ``("day", "flag")`` counts those of each day with each flag.

        Parameters
        ----------
        by
            Some of tenant, agent, queue, site, carrier, trunk, day (UTC), and flag or event.
        query
            Which calls; its order is not looked at.
        """
        with snapshot(self.engine) as connection:
            return groups.group_calls(connection, by, query)

    def columns(self, query: Query = Query(), *, tags: Sequence[str] = (), kinds: Sequence[str] = ()) -> CallColumns:  # noqa: B008 - frozen
        """Calls as columns, a million in seconds.

        Parameters
        ----------
        query
            Which calls; its order is not looked at.
        tags
            Tags to read as columns of words, too.
        kinds
            Kinds of events to look for.
        """
        from audioqa.store.compared import read_columns

        return read_columns(self.engine, query, tags=tags, kinds=kinds)

    def tag_names(self, *queries: Query) -> list[str]:
        """The tags of such calls that look like columns of words."""
        from audioqa.store.compared import tag_names

        return tag_names(self.engine, queries or [Query()])

    def counts(self) -> dict[str, int]:
        """How many calls, measurements and failures there are."""
        with snapshot(self.engine) as connection:
            return reading.count_calls(connection)

    def tenants(self) -> list[str]:
        """Every tenant that has calls, in order."""
        with snapshot(self.engine) as connection:
            return reading.tenants(connection)

    # Changes

    def set_roles(
        self,
        roles: Sequence[str],
        *,
        query: Query = Query(),  # noqa: B008 - frozen
        call_ids: Sequence[str] | None = None,
    ) -> tuple[int, int]:
        """Set by hand who is on which channel: how many calls were changed, and how many have other channels.

        Parameters
        ----------
        roles
            A name for each channel in file order; empty goes back to what the source says.
        query
            Which calls.
        call_ids
            Only these of them.
        """
        if roles and (why := misfit(roles, len(roles))):
            raise StoreError(why, "url")
        return writing(self.engine, lambda c: role_setting.set_roles(c, roles, query=query, call_ids=call_ids))

    def delete(self, call_id: str, *, tenant: str = "") -> bool:
        """Delete one call, its failures, and what no other call needs; False where there is no such call."""
        gone = writing(self.engine, lambda c: removal.delete_call(c, tenant, call_id))
        forget(self.engine)
        return gone

    def purge(self, before: datetime, *, tenant: str | None = None) -> tuple[int, int]:
        """Delete calls that began before a moment, and failures last tried before it: how many of each.

        Parameters
        ----------
        before
            Aware. A call without a start time counts from the moment of its first score.
        tenant
            Only this one's; None for all.
        """
        total = 0
        while count := writing(self.engine, lambda c: removal.delete_older(c, before, tenant)):
            total += count
        failed = writing(self.engine, lambda c: removal.delete_old_failures(c, before, tenant))
        forget(self.engine)
        return total, failed


def _judged(connection: Connection, item: Item, judge: Judge | None, work: Callable[[Connection], bool]) -> bool:
    """Write a call and flag it, in one transaction."""
    done = work(connection)
    if done and judge is not None:
        judge(connection, item.info)
    return done

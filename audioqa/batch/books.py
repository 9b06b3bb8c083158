"""The books of one run: whatever becomes of an item is written to the store first and counted then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from audioqa.batch.patience import Patience
from audioqa.batch.tally import Tally, size
from audioqa.engines import Outcome
from audioqa.errors import StoreError
from audioqa.store import Hashes, Known, Store, location_of
from audioqa.store.database import writing
from audioqa.types import BadItem, Failure, Item

if TYPE_CHECKING:
    from audioqa.judging import Judging


class Teller(Protocol):
    """Told of each failure as it happens."""

    def failed(self, location: str, failure: Failure) -> None:
        """Say that something could not be scored."""
        ...


class Books:
    """What one run writes down.

    Parameters
    ----------
    store
        Where.
    run
        The store's number of the run.
    digest
        Of the settings.
    tally
        The counts.
    patience
        Tries again while the store is in trouble.
    teller
        Told of failures.
    judging
        Flags calls by what is known of them; None leaves them as the workers flagged them.
    """

    def __init__(
        self,
        store: Store,
        run: int,
        *,
        digest: str,
        tally: Tally,
        patience: Patience,
        teller: Teller,
        judging: Judging | None = None,
    ) -> None:
        self._store = store
        self._run = run
        self._digest = digest
        self._tally = tally
        self._patiently = patience
        self._teller = teller
        self._judging = judging

    def known(self, items: Sequence[Item], hashes: Sequence[Hashes | None] = ()) -> list[Known]:
        """What each of some items needs."""
        return self._patiently(lambda: self._store.known(items, digest=self._digest, hashes=hashes)) if items else []

    def claim(self, items: Sequence[Item]) -> list[bool]:
        """Whether each of some items is this run's to work on."""
        return self._patiently(lambda: self._store.claim(items))

    def renew(self) -> None:
        """Keep what is claimed."""
        self._patiently(self._store.renew)

    def release(self, items: Sequence[Item] | None = None) -> None:
        """Give claims back; all where no items are given."""
        self._patiently(lambda: self._store.release(items))

    def settle(self, item: Item, known: Known, *, elsewhere: bool) -> bool:
        """Do what an item needs that was scored before, or whose sound was.

        Parameters
        ----------
        item, known
            The item, and what the store says of it.
        elsewhere
            Another batch has had it: where it is done, that one did it.

        Returns
        -------
        bool
            False where it has to be scored after all.
        """
        if known.state == "done":
            if elsewhere:
                self._tally.elsewhere += 1
            else:
                self._tally.unchanged += 1
        elif known.state == "info":
            if not self._patiently(lambda: self._store.update_info(self._run, item, known.hashes, judge=self._judging)):
                return False
            self._tally.updated += 1
        elif known.state == "share" and known.hashes is not None:
            hashes = known.hashes
            if not self._patiently(
                lambda: self._store.share(self._run, item, hashes, digest=self._digest, judge=self._judging)
            ):
                return False
            self._tally.shared += 1
        else:
            return False
        self._tally.size += size(item)
        return True

    def record(self, item: Item, outcome: Outcome) -> None:
        """Keep a report; one that the store refuses, and no other, is a failure."""
        report = outcome.report
        assert report is not None  # noqa: S101
        hashes = hashes_of(outcome)
        try:
            self._patiently(
                lambda: self._store.record(
                    self._run,
                    item,
                    hashes,
                    report,
                    digest=self._digest,
                    processing=round(outcome.processor, 4),
                    judge=self._judging,
                )
            )
        except StoreError as error:
            if error.kind != "database":
                raise
            self.fail(item, outcome, Failure("error", f"its report cannot be kept: {error}"))
            return
        self._tally.add_scored(item, outcome)

    def fail(self, item: Item, outcome: Outcome, failure: Failure) -> None:
        """Note that an item could not be scored."""
        self._patiently(lambda: self._store.fail(self._run, item, failure, digest=self._digest))
        self._tally.add_failed(item, failure, outcome)
        self._teller.failed(location_of(item), failure)

    def fail_unopened(self, bad: BadItem) -> None:
        """Note what could not even become an item."""
        self._patiently(lambda: self._store.fail(self._run, bad))
        failure = Failure(bad.kind, bad.message)
        self._tally.add_failed(None, failure)
        self._teller.failed(bad.location, failure)

    def count_failed_before(self, item: Item) -> None:
        """Count what failed in an earlier run."""
        self._tally.failed_before += 1
        self._tally.size += size(item)

    def judge_again(self) -> Iterator[int]:
        """Flag anew what other rules flagged, and what rests on medians of calls that came later; so many each time.

        The rules of the configuration may have changed since the last run, and nothing is scored again for that.
        """
        judging = self._judging
        if judging is not None:
            self._patiently(lambda: writing(self._store.engine, lambda c: judging.forget(c, self._run)))
            for count in judging.keep_up(self._store):
                self._tally.judged += count
                yield count

    def end(self, outcome: str) -> None:
        """Give all claims back, and note how the run ended and how many of what there were."""
        self.release()
        counts = self._tally.counts()
        self._patiently(lambda: self._store.end_run(self._run, outcome, counts))


def hashes_of(outcome: Outcome) -> Hashes:
    """What the files of a task hold, as its outcome says."""
    return Hashes(outcome.hashes, outcome.reference_hash)

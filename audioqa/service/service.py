"""The service as one value: its store, people and keys, what it accepts, and what it does in the background."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from audioqa.engines import Limits, LocalEngine
from audioqa.errors import AudioqaError, SettingsError
from audioqa.service.accounts import Accounts
from audioqa.service.alerting import Alerting
from audioqa.service.derived import Derived
from audioqa.service.flagging import Flagging
from audioqa.service.keeping import Keeping
from audioqa.service.keys import Keys
from audioqa.service.loading import Loading
from audioqa.service.metrics import Metrics
from audioqa.service.privacy import Privacy
from audioqa.service.scoring import Scoring
from audioqa.service.sound import Sound
from audioqa.service.uploads import Uploads
from audioqa.service.webhooks import Webhooks
from audioqa.service.work import ServiceWork
from audioqa.settings import Settings
from audioqa.store import Store, audit, open_store
from audioqa.store.database import snapshot, writing
from audioqa.store.trend_keeping import bring_up_to_date

_log = logging.getLogger("audioqa.service")

_DELIVERED_EVERY, _FLAGGED_EVERY, _ALERTED_EVERY, _COUNTED_EVERY, _KEPT_UP_EVERY = 1.0, 2.0, 20.0, 60.0, 300.0


@dataclass(frozen=True)
class Service:
    """Everything that the service does, without HTTP; `start` it, and `stop` it.

    Parameters
    ----------
    settings
        The whole configuration.
    store
        Where everything is kept.
    hosts
        Names by which it may be called over HTTP; empty for every name.
    open_to_this_machine
        Whether everybody may do everything without signing in: only where nobody but this machine reaches it.
    """

    settings: Settings
    store: Store
    hosts: tuple[str, ...] = ()
    open_to_this_machine: bool = False
    metrics: Metrics = field(default_factory=Metrics)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @cached_property
    def accounts(self) -> Accounts:
        """People."""
        own = self.settings.service
        return Accounts(self.store, timedelta(hours=own.session_hours), timedelta(hours=own.idle_hours))

    @cached_property
    def keys(self) -> Keys:
        """Programs."""
        return Keys(self.store)

    @cached_property
    def keeping(self) -> Keeping:
        """Where recordings lie."""
        return Keeping(self.settings.service.folder, self.settings.service.keep)

    @cached_property
    def derived(self) -> Derived:
        """What is made of recordings for people to see and hear."""
        return Derived(self.store, self.settings.service.folder / "derived")

    @cached_property
    def sound(self) -> Sound:
        """The sound of calls."""
        return Sound(self.store, self.derived, self.settings)

    @cached_property
    def uploads(self) -> Uploads:
        """Accepts recordings."""
        own = self.settings.service
        return Uploads(self.store, self.keeping, self.settings.sources.options(), own.waiting, own.spare)

    @cached_property
    def places(self) -> threading.BoundedSemaphore:
        """One for each upload that may come in at the same time."""
        return threading.BoundedSemaphore(self.settings.service.at_once)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Who is told what happens."""
        return Webhooks(self.store, self.settings.service.private_webhooks)

    @cached_property
    def flagging(self) -> Flagging:
        """Keeps flags up to date with the rules."""
        return Flagging(self.store, self.settings)

    @cached_property
    def alerting(self) -> Alerting:
        """Keeps alerts up to date with the calls."""
        return Alerting(self.store, self.settings)

    @cached_property
    def privacy(self) -> Privacy:
        """Deletes calls."""
        own = self.settings.service
        return Privacy(self.store, self.keeping, self.derived, own.retention_days, own.audit_days)

    @cached_property
    def digest(self) -> str:
        """Of the settings that recordings are scored with."""
        return self.settings.analyser().digest

    @cached_property
    def scoring(self) -> Scoring:
        """Has recordings scored."""
        own = self.settings.service
        count = own.jobs or len(os.sched_getaffinity(0))
        work, limits = ServiceWork(self.settings, own.longest), Limits()
        temporary = self.settings.sources.temporary

        def engine() -> LocalEngine:
            return LocalEngine(work, jobs=count, limits=limits, temporary=temporary)

        return Scoring(self.store, engine, self.digest, self.metrics, self.flagging.judging)

    def start(self) -> None:
        """Begin to score, to tell webhooks, and to delete what is due.

        Raises
        ------
        AudioqaError
            Where that cannot be done.
        """
        self.scoring.start()
        for name, every, work in (
            ("webhooks", _DELIVERED_EVERY, self._deliver),
            ("flags", _FLAGGED_EVERY, self._flag),
            ("trends", _COUNTED_EVERY, self._count),
            ("alerts", _ALERTED_EVERY, self._alert),
            ("keeping up", _KEPT_UP_EVERY, self._keep_up),
        ):
            thread = threading.Thread(target=self._again, args=(every, work), name=f"audioqa {name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End well: what is being scored waits for the next start."""
        self._stopping.set()
        self.scoring.stop()
        for thread in self._threads:
            thread.join(timeout=15.0)
        self.store.close()

    def load(self, sources: Sequence[str]) -> None:
        """Have the recordings of some sources scored after everything that people wait for; it is started here.

        Parameters
        ----------
        sources
            As `audioqa batch` takes them.
        """
        loading = Loading(self.store, self.settings.sources.options(), self.digest, self._stopping, self.scoring.wake)
        thread = threading.Thread(target=loading, args=(tuple(sources),), name="audioqa loading", daemon=True)
        self._threads.append(thread)
        thread.start()

    def trouble(self) -> str:
        """Why the service is not ready; empty where it is."""
        try:
            with snapshot(self.store.engine):
                pass
        except AudioqaError:
            return "the store does not answer"
        if not os.access(self.keeping.incoming, os.W_OK):
            return "the folder for recordings cannot be written"
        return "recordings cannot be scored just now" if self.scoring.trouble else ""

    def note(
        self,
        tenant: str,
        who: str,
        what: str,
        *,
        call_id: str | None = None,
        details: Mapping[str, Any] | None = None,
        address: str | None = None,
        once_in: timedelta | None = None,
    ) -> None:
        """Write down in the audit trail who did what; `audioqa.store.audit.note` says what the parameters are."""
        writing(
            self.store.engine,
            lambda c: audit.note(
                c, tenant, who, what, call_id=call_id, details=details, address=address, once_in=once_in
            ),
        )

    def _deliver(self) -> None:
        taken, refused = self.webhooks.deliver_due()
        if taken or refused:
            self.metrics.told(taken, refused)

    def _flag(self) -> None:
        for _ in self.flagging.keep_up():
            if self._stopping.is_set():
                return

    def _count(self) -> None:
        bring_up_to_date(self.store.engine, stop=self._stopping.is_set)

    def _alert(self) -> None:
        self.alerting.keep_up()

    def _keep_up(self) -> None:
        self.privacy.keep_up()

    def _again(self, every: float, work: Callable[[], None]) -> None:
        """Do something now and then; one failure is not the end of it."""
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                work()
            except AudioqaError as error:
                _log.warning("tried again later: %s", error)
            except Exception as error:  # noqa: BLE001 - the service's edge: it goes on with the next time
                _log.error("tried again later", exc_info=error)
            self._stopping.wait(max(0.1, every - (time.monotonic() - began)))


def open_service(settings: Settings, *, hosts: tuple[str, ...] = (), open_to_this_machine: bool = False) -> Service:
    """Open the store of a service, and make its folders where there are none; nothing is scored before it is started.

    Parameters
    ----------
    settings
        The configuration.
    hosts, open_to_this_machine
        As `Service` has them.

    Raises
    ------
    StoreError
        Where the store cannot be opened.
    SettingsError
        Where the folders cannot be made.
    """
    own = settings.service
    try:
        own.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        Keeping(own.folder, own.keep).prepare()
    except OSError as error:
        raise SettingsError(f"{own.folder}: the service cannot keep anything there: {error.strerror}") from None
    store = open_store(own.store_url, durable=True, network=settings.network.options())
    return Service(settings, store, hosts, open_to_this_machine)

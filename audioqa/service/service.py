"""The service as one value: its store, its people and keys, and what it does in the background."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from audioqa.service.accounts import Accounts
from audioqa.service.keys import Keys
from audioqa.settings import Settings
from audioqa.store import Store, audit, open_store
from audioqa.store.database import writing


@dataclass(frozen=True)
class Service:
    """Everything that the service does, without HTTP.

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

    @cached_property
    def accounts(self) -> Accounts:
        """People."""
        own = self.settings.service
        return Accounts(self.store, timedelta(hours=own.session_hours), timedelta(hours=own.idle_hours))

    @cached_property
    def keys(self) -> Keys:
        """Programs."""
        return Keys(self.store)

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


def open_service(settings: Settings, *, hosts: tuple[str, ...] = (), open_to_this_machine: bool = False) -> Service:
    """Open the store of a service, and make its folder where there is none.

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
        Where the folder cannot be made.
    """
    from audioqa.errors import SettingsError

    folder = settings.service.folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder}: the folder of the service cannot be made: {error.strerror}") from None
    store = open_store(settings.service.store_url, durable=True)
    return Service(settings, store, hosts, open_to_this_machine)

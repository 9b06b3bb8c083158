"""The review queue of whoever asks; and calls that they may not look at, because they are about to rate them blind."""

from __future__ import annotations

from audioqa.errors import ServiceError
from audioqa.review import ReviewQueue
from audioqa.service.principals import Principal
from audioqa.service.service import Service
from audioqa.store import StoredCall

FRESH = 10.0
"""Seconds: new calls may be in the queue so much later; where it is empty it is filled at once."""


def queue_of(service: Service, who: Principal) -> ReviewQueue:
    """The queue of somebody's tenant."""
    return ReviewQueue(service.store, who.tenant, fresh=FRESH)


def unrated(service: Service, who: Principal) -> int | None:
    """The number of the call that somebody has and has not rated yet; None where there is none.

    Until they have rated it, nothing of it is shown to them anywhere else either: no list holds it, and whoever knows
    its number is told to rate it first.
    """
    return queue_of(service, who).unrated(who.name) if who.may("review") else None


def readable(service: Service, who: Principal, number: int) -> StoredCall:
    """A call of somebody's tenant, unless they have to rate it blind first.

    Raises
    ------
    ServiceError
        Where they have it and have not rated it.
    StoreError
        Where the tenant has no such call.
    """
    refuse_unrated(service, who, number)
    return service.sound.call(number, tenant=who.tenant)


def refuse_unrated(service: Service, who: Principal, number: int) -> None:
    """Refuse to tell of a call that somebody has to rate blind first; parameters and errors as for `readable`."""
    if unrated(service, who) == number:
        raise ServiceError("you have this call for a review: rate it first, or give it back", "conflict")

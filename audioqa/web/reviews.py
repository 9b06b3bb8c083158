"""The review queue of whoever asks."""

from __future__ import annotations

from audioqa.review import ReviewQueue
from audioqa.service.principals import Principal
from audioqa.service.service import Service

FRESH = 10.0
"""Seconds: new calls may be in the queue so much later; where it is empty it is filled at once."""


def queue_of(service: Service, who: Principal) -> ReviewQueue:
    """The queue of somebody's tenant."""
    return ReviewQueue(service.store, who.tenant, fresh=FRESH)

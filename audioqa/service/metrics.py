"""Figures for Prometheus: how much comes in, how long it waits, how long it takes; nothing of any call or tenant."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from audioqa.store import Store, jobs
from audioqa.store.database import snapshot

MEDIA_TYPE = CONTENT_TYPE_LATEST
"""Of what `Metrics.text` gives."""

_COUNTED = 100_000
"""A longer queue is not counted to its end."""


_SCORING = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000)
_REQUEST = (0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10, 30)
"""Upper ends of the classes of the histograms, seconds."""


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        by_outcome, by_route = ["outcome"], ["method", "route", "status"]
        self._uploads = Counter("audioqa_uploads", "Uploads by what became of them", by_outcome, registry=registry)
        self._bytes = Counter("audioqa_upload_bytes", "Bytes of accepted uploads", registry=registry)
        self._ended = Counter("audioqa_jobs", "Jobs that ended, by outcome", by_outcome, registry=registry)
        self._wall = Histogram(
            "audioqa_scoring_seconds", "Seconds that a worker took", buckets=_SCORING, registry=registry
        )
        self._audio = Counter("audioqa_scored_audio_seconds", "Seconds of sound that were scored", registry=registry)
        self._requests = Histogram(
            "audioqa_request_seconds", "Seconds a request", by_route, buckets=_REQUEST, registry=registry
        )
        self._deliveries = Counter(
            "audioqa_webhook_tries", "Messages to webhooks, by what became of them", by_outcome, registry=registry
        )
        self._waiting = Gauge("audioqa_jobs_waiting", "Jobs that wait", registry=registry)
        self._oldest = Gauge("audioqa_oldest_job_seconds", "Seconds that the next job has waited", registry=registry)
        self._free = Gauge("audioqa_free_bytes", "Bytes free on the disk of the service's folder", registry=registry)

    def uploaded(self, outcome: str, size: int = 0) -> None:
        """An upload was ``accepted``, ``repeated`` or refused, by the kind of the refusal."""
        self._uploads.labels(outcome).inc()
        self._bytes.inc(size)

    def ended(self, outcome: str) -> None:
        """A job was ``scored``, ``shared`` or ``failed``."""
        self._ended.labels(outcome).inc()

    def scored(self, wall: float, audio: float) -> None:
        """A worker took so many seconds for so many seconds of sound."""
        self._wall.observe(wall)
        self._audio.inc(audio)

    def asked(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the pattern of its path."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def told(self, taken: int, refused: int) -> None:
        """So many messages to webhooks were taken, and so many were not."""
        self._deliveries.labels("taken").inc(taken)
        self._deliveries.labels("refused").inc(refused)

    def text(self, store: Store, folder: Path) -> bytes:
        """All figures as Prometheus reads them.

        Parameters
        ----------
        store
            Asked for the queue.
        folder
            The service's.
        """
        with snapshot(store.engine) as connection:
            self._waiting.set(jobs.count_waiting(connection, most=_COUNTED))
            oldest = jobs.oldest_waiting(connection)
        self._oldest.set((datetime.now(UTC) - oldest).total_seconds() if oldest else 0)
        self._free.set(shutil.disk_usage(folder).free)
        return generate_latest(self._registry)

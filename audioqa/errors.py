"""Everything audioqa raises on purpose, under one root.

A message says what was needed, what was given and the likely mistake, in one line, because it is
what a person reads beside the name of a file. Every argument reaches ``Exception.__init__`` so that
an error survives the trip home from a worker process.
"""

from __future__ import annotations


class AudioqaError(Exception):
    """Root of all errors raised on purpose by audioqa."""


class UnreadableRecordingError(AudioqaError):
    """No samples could be had from a file.

    Parameters
    ----------
    path
        The file as the caller named it.
    cause
        What is the matter with it, and the likely mistake, in one line.
    """

    def __init__(self, path: str, cause: str) -> None:
        super().__init__(path, cause)
        self.path = path
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.path}: {self.cause}"


class SourceError(AudioqaError):
    """A file of a source cannot be had: it is missing, may not be read, or does not come out of its archive.

    Parameters
    ----------
    location
        The file, as `audioqa.types.SourceFile` has it.
    kind
        One of `audioqa.types.FAILURE_KINDS`.
    cause
        What is the matter with it, and the likely mistake, in one line.
    """

    def __init__(self, location: str, kind: str, cause: str) -> None:
        super().__init__(location, kind, cause)
        self.location = location
        self.kind = kind
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.location}: {self.cause}"


class SettingsError(AudioqaError):
    """An option, a setting or a combination of them cannot be used."""


class WeightsError(AudioqaError):
    """A model file is missing, or is not the file that was expected."""


class MeasurementError(AudioqaError):
    """A perceptual measurement could not be made (for example PESQ of a silent signal)."""


class NetworkError(AudioqaError):
    """Statistics of a network, or a capture of its packets, cannot be read or cannot be used."""


class PromptError(AudioqaError):
    """The known prompt of a test call is not in its recording, is cut off, or plays at another speed."""


class EngineError(AudioqaError):
    """The workers of an engine cannot be had, or cannot be reached."""


class StoreError(AudioqaError):
    """The store cannot be opened, read or written.

    Parameters
    ----------
    message
        What is the matter and what to do, in one line.
    kind
        ``locked``, ``disk-full``, ``gone`` (the server does not answer), ``read-only``, ``missing``, ``failed`` (a call
        that could not be scored), ``schema``, ``url``, or ``database`` for the rest.
    """

    def __init__(self, message: str, kind: str = "database") -> None:
        super().__init__(message, kind)
        self.message = message
        self.kind = kind

    def __str__(self) -> str:
        return self.message

    @property
    def passing(self) -> bool:
        """Whether the same may work later without anything being changed in the call: waiting is worth a try."""
        return self.kind in ("locked", "disk-full", "gone")


class ServiceError(AudioqaError):
    """The service refuses what it was asked for.

    Parameters
    ----------
    message
        What is the matter and what to do, in one line.
    kind
        ``invalid``, ``missing``, ``conflict``, ``reused`` (an idempotency key with other content), ``too-large``,
        ``too-slow``, ``no-recording``, ``busy``, ``full``, ``locked`` or ``forbidden``.
    retry_after
        Seconds after which the same may be asked again; None where that would not help.
    """

    def __init__(self, message: str, kind: str, retry_after: float | None = None) -> None:
        super().__init__(message, kind, retry_after)
        self.message = message
        self.kind = kind
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.message


class ReviewError(AudioqaError):
    """What a reviewer wants to do cannot be done.

    Parameters
    ----------
    message
        Why, in one line.
    kind
        ``missing`` (no such turn of theirs), ``over``, ``rated`` (already), ``unrated`` (still), or ``value``.
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message, kind)
        self.message = message
        self.kind = kind

    def __str__(self) -> str:
        return self.message

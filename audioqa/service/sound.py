"""The sound of a call that has been scored: its file, a stretch of it, and the whole in a form that browsers play."""

from __future__ import annotations

import shutil
import tempfile
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from audioqa.audio import OpenOptions
from audioqa.errors import ServiceError, SourceError
from audioqa.masking import masked_clip, write_clip
from audioqa.render.as_json import from_plain
from audioqa.render.clips import cut_clip
from audioqa.render.listening import encode_for_listening
from audioqa.service.derived import Derived
from audioqa.settings import NO_ESTIMATOR, Settings
from audioqa.sources import LocalCopies
from audioqa.store import Store, StoredCall, jobs
from audioqa.store.calls_told import call_by_number
from audioqa.store.database import snapshot
from audioqa.types import Segment, Skipped, SourceFile

LONGEST_CLIP = 120.0
"""Seconds: longer stretches are had from the file itself."""

MEDIA_TYPES = {
    "WAV": "audio/wav",
    "MP3": "audio/mpeg",
    "FLAC": "audio/flac",
    "Ogg": "audio/ogg",
    "AAC": "audio/aac",
    "MP4": "audio/mp4",
    "AMR": "audio/amr",
    "AIFF": "audio/aiff",
    "AU": "audio/basic",
}
"""By container as it was found when the call was scored; what its sender said of it is not repeated."""


@dataclass(frozen=True)
class Sound:
    """Gives out the sound of calls.

    Parameters
    ----------
    store
        Where the calls are.
    derived
        Where copies are kept.
    settings
        By which faults are found that masked clips have to show.
    """

    store: Store
    derived: Derived
    settings: Settings

    @cached_property
    def _masking(self) -> threading.Semaphore:
        """One masked clip at a time: each measures its call anew, several times."""
        return threading.Semaphore(1)

    def call(self, number: int, *, tenant: str) -> StoredCall:
        """A tenant's call.

        Raises
        ------
        StoreError
            Where there is none of that number.
        """
        with snapshot(self.store.engine) as connection:
            return call_by_number(connection, number, tenant)

    def file(self, number: int, call: StoredCall, *, leg: int = 1) -> Path:
        """One file of a call as it was recorded, on this machine.

        Parameters
        ----------
        number, call
            The call.
        leg
            1, or 2 where the call is in two files.

        Raises
        ------
        ServiceError
            Where there is no such file, or it is gone.
        """
        mine = [file for file in call.files if file.position == leg - 1]
        if not mine:
            raise ServiceError(f"the call has {len([f for f in call.files if f.position >= 0])} files", "missing")
        location = mine[0].location
        if Path(location).is_file():
            return Path(location)
        name = f"file-{leg}{PurePosixPath(location).suffix[:16]}"

        def fetch(target: Path) -> None:
            buffer = self.settings.network.options().buffer
            with LocalCopies(buffer=buffer) as copies, copies.copy(SourceFile(location)) as path:
                shutil.copyfile(path, target)

        try:
            return self.derived.path(number, mine[0].sha256, name, fetch)
        except SourceError:
            raise ServiceError("the recording is not where it was, or cannot be fetched", "missing") from None

    def clip(
        self, number: int, call: StoredCall, start: float, end: float, *, tenant: str, channel: int | None = None
    ) -> bytes:
        """A stretch of a call as a WAV file.

        Parameters
        ----------
        number, call, tenant
            The call.
        start, end
            Seconds.
        channel
            Only this one, counted from 1.

        Raises
        ------
        ServiceError
            Where the stretch is too long, or the recording is gone.
        AudioqaError
            Where the recording can no longer be read, or nothing of it lies there.
        """
        if end - start > LONGEST_CLIP:
            raise ServiceError(f"a clip has at most {LONGEST_CLIP:.0f} seconds", "invalid")
        paths, options = self.paths(number, call), self.options(call, tenant)
        return cut_clip(paths, Segment(start, end), options=options, channel=channel)

    def masked_clip(self, number: int, call: StoredCall, start: float, end: float, *, tenant: str) -> bytes:
        """A stretch of a call as a WAV file in which its faults are and nothing that was said (`audioqa.masking`).

        Parameters
        ----------
        number, call, tenant
            The call.
        start, end
            Seconds.

        Raises
        ------
        ServiceError
            Where the stretch is too long, the call is in two files, another masked clip is being made, or the
            recording is gone.
        AudioqaError
            Where no clip comes out that is surely not understood, or the recording can no longer be read.
        """
        if end - start > LONGEST_CLIP:
            raise ServiceError(f"a clip has at most {LONGEST_CLIP:.0f} seconds", "invalid")
        paths = self.paths(number, call)
        if len(paths) > 1:
            raise ServiceError("a call in two files cannot be masked: use audioqa mask for each of them", "invalid")
        if not self._masking.acquire(timeout=1.0):
            raise ServiceError("another masked clip is being made: ask again in a moment", "busy", 10.0)
        try:
            with tempfile.TemporaryDirectory(prefix="audioqa-") as folder:
                target = Path(folder) / "masked.wav"
                analyser = self.settings.model_copy(update={"estimator": NO_ESTIMATOR, "weights": None}).analyser()
                options = self.options(call, tenant)
                write_clip(masked_clip(paths[0], analyser, start=start, end=end, options=options), target)
                return target.read_bytes()
        finally:
            self._masking.release()

    def listening(self, number: int, call: StoredCall, *, tenant: str) -> tuple[Path, str]:
        """The whole call in a form that every browser plays, and its media type.

        Raises
        ------
        ServiceError
            Where there is none: it is too long, or has too many channels; or the recording is gone.
        AudioqaError
            Where the recording can no longer be read.
        """
        recording = from_plain(call.content).recording

        def encode(target: Path) -> None:
            made = encode_for_listening(recording, options=self.options(call, tenant), path=self.paths(number, call))
            if isinstance(made, Skipped):
                raise ServiceError(f"no browser plays it: {made.reason}", "missing")
            target.write_bytes(made.data)

        made = self.derived.path(number, recording.sha256, "listening", encode)
        with made.open("rb") as stream:
            return made, "audio/wav" if stream.read(4) == b"RIFF" else "audio/mpeg"

    def paths(self, number: int, call: StoredCall) -> list[Path]:
        """The files of a call, in order."""
        return [self.file(number, call, leg=file.position + 1) for file in call.files if file.position >= 0]

    def options(self, call: StoredCall, tenant: str) -> OpenOptions:
        """How its files are opened: what their sender said of them, where they have no header."""
        with snapshot(self.store.engine) as connection:
            job = jobs.latest_of_call(connection, tenant, call.info.call_id)
        if job is None:
            return OpenOptions()
        return OpenOptions(format=job.item.encoding, rate=job.item.rate, channel_count=job.item.channel_count)

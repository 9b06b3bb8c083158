"""Real speech for tuning and testing detectors: 30 s calls of one speaker each, at 8 kHz, their own faults taken out.

Two sources. The folder named by the environment variable ``AUDIOQA_DATA`` (else ``../shared/data`` beside the
repository) holds ``speech/files.csv`` and the recordings it lists: adults of speechocean762, and, for tuning only, the
speech-to-intent and wake-word benchmarks, whose speakers are not known. Debian's recorded Asterisk prompts
(asterisk-core-sounds-{en,es,fr,it,ru}-wav, asterisk-prompt-it-menardi-wav) are clean telephone speech of one
voice each. Speakers are divided into ``tune`` and ``test`` by a hash of their name, which nothing can change.

``python -m audioqa.lab.corpus`` prints how many hours there are.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.clean import ROOM_TONE, clean, is_clipped, splice
from audioqa.mend.level import active_level

Split = Literal["tune", "test"]

RATE = 8000
"""Hz of every call."""

CALL = 30.0
"""Seconds of a call, about."""

ASTERISK = Path("/usr/share/asterisk/sounds")
"""Where Debian installs the prompts."""

VOICES = (
    "en_US_f_Allison",
    "es_MX_f_Allison",
    "fr_CA_f_June",
    "it_IT_f_Menardi",
    "it_IT_m_Carlo",
    "ru_RU_f_IvrvoiceRU",
)
"""Folders of recorded prompts in linear PCM; the GSM-coded ones are no clean speech."""

_NOT_SPEECH = ("silence", "beep", "tone", "monkeys", "weasels", "ss-noservice", "confbridge-join", "confbridge-leave")
_ADULT = 20.0  # s: adults of speechocean762 have about 30 s here, children one or two sentences
_TUNE_SHARE = 48  # of 256: what testing needs comes first, 3 h without an event for an upper bound of 1 per hour
_FAR_BELOW = 12.0  # dB
_FULL = 0.99  # of full scale
_BETWEEN = (0.05, 0.15)  # s of room tone put between two utterances, besides their own pauses


@dataclass(frozen=True)
class Call:
    """One party's clean speech.

    Parameters
    ----------
    corpus, speaker
        Where it comes from; intent and wakeword have one ``unknown`` speaker each.
    samples
        float32, shape (n,), at 8 kHz, values those of 16-bit samples.
    clipped
        True where the speech has clipped peaks of its own: of no use for judging a clipping detector.
    """

    corpus: str
    speaker: str
    samples: NDArray[np.float32]
    clipped: bool

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / RATE


def data_folder() -> Path | None:
    """The folder of real audio: ``AUDIOQA_DATA``, else ``../shared/data`` beside the repository, else None."""
    named = os.environ.get("AUDIOQA_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data"
    return folder if (folder / "speech" / "files.csv").is_file() else None


def split_of(corpus: str, speaker: str) -> Split:
    """Which side a speaker is on, for good."""
    if corpus in ("intent", "wakeword"):
        return "tune"
    return "tune" if hashlib.sha256(speaker.encode()).digest()[0] < _TUNE_SHARE else "test"


def calls(split: Split, *, seconds: float = CALL, levelled: bool = False) -> Iterator[Call]:
    """Clean calls of one split, speaker by speaker, always in the same order.

    Parameters
    ----------
    split
        ``tune`` or ``test``.
    seconds
        Length of a call; the last one of a speaker takes what is left, up to half as much again.
    levelled
        Bring the utterances of a speaker, which were recorded one by one, to one level: as they are, their joints are
        level jumps.
    """
    for corpus, speaker, files in _speakers():
        if split_of(corpus, speaker) == split:
            yield from _calls_of(corpus, speaker, files, seconds, levelled)


def _speakers() -> Iterator[tuple[str, str, Sequence[Path]]]:
    folder = data_folder()
    if folder is not None:
        listed: defaultdict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
        with (folder / "speech" / "files.csv").open(newline="") as rows:
            for row in csv.DictReader(rows):
                speaker = row["speaker"] if row["corpus"] == "so762" else "unknown"
                listed[row["corpus"], speaker].append((row["file"], float(row["seconds"])))
        for (corpus, speaker), files in sorted(listed.items()):
            if corpus != "so762" or sum(length for _, length in files) >= _ADULT:
                yield corpus, speaker, [folder / name for name, _ in sorted(files)]
    for voice in VOICES:
        prompts = sorted((ASTERISK / voice).rglob("*.wav"))
        spoken = [path for path in prompts if not any(word in str(path.relative_to(ASTERISK)) for word in _NOT_SPEECH)]
        if spoken:
            yield "asterisk", voice, spoken


def _calls_of(corpus: str, speaker: str, files: Sequence[Path], seconds: float, levelled: bool) -> Iterator[Call]:
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(f"{corpus}/{speaker}".encode()).digest()[:4]))
    waiting: list[NDArray[np.float32]] = []
    ready: NDArray[np.float32] | None = None
    utterances = _alike([_utterance(path, rng) for path in files])
    for utterance in _levelled(utterances) if levelled else utterances:
        waiting.append(utterance)
        if sum(map(len, waiting)) >= seconds * RATE:
            if ready is not None:
                yield _call(corpus, speaker, ready)
            ready, waiting = splice(waiting, RATE), []
    rest = splice(waiting, RATE)
    if ready is not None and len(rest) < seconds * RATE / 2:
        ready, rest = splice([ready, rest] if len(rest) else [ready], RATE), rest[:0]
    for samples in (ready, rest):
        if samples is not None and len(samples) >= seconds * RATE / 2:
            yield _call(corpus, speaker, samples)


def _call(corpus: str, speaker: str, samples: NDArray[np.float32]) -> Call:
    whole = (np.clip(np.rint(samples * 32768), -32768, 32767) / 32768).astype(np.float32)
    return Call(corpus=corpus, speaker=speaker, samples=whole, clipped=is_clipped(whole))


def _utterance(path: Path, rng: np.random.Generator) -> tuple[NDArray[np.float32], float]:
    """One file, cleaned, with room tone of its own appended, and the tone's level; empty where nothing was left."""
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32")
    speech = clean(samples, rate)
    pieces = [speech.samples]
    length = round(rng.uniform(*_BETWEEN) * rate)
    if len(speech.samples) and len(speech.tone) >= length:
        pieces.append(speech.tone[:length][::-1])  # backwards, for a copy would be an exact repeat, itself a fault
    power = float(np.mean(speech.tone.astype(np.float64) ** 2)) if len(speech.tone) else 0.0
    return _resample(splice(pieces, rate), rate), 10 * float(np.log10(power + 1e-12))


def _alike(utterances: Sequence[tuple[NDArray[np.float32], float]]) -> list[NDArray[np.float32]]:
    """All but those without room tone, where the speaker usually has it: side by side, it would seem to be cut off."""
    spoken = [(samples, tone) for samples, tone in utterances if len(samples)]
    usual = float(np.median([tone for _, tone in spoken])) if spoken else 0.0
    return [samples for samples, tone in spoken if usual < ROOM_TONE or tone > usual - _FAR_BELOW]


def _levelled(utterances: Sequence[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """The utterances at the median of their active levels, or as near as their peaks allow; short ones as they are."""
    active = [active_level(samples, RATE) for samples in utterances]
    usual = float(np.median([level for level in active if level is not None] or [0.0]))
    for samples, level in zip(utterances, active, strict=True):
        most = _FULL / float(np.abs(samples).max(initial=1e-9))
        yield samples if level is None else samples * np.float32(min(10 ** ((usual - level) / 20), most))


def _resample(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    if rate == RATE:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, rate, RATE), dtype=np.float32)


def main() -> int:
    """Print the hours of clean speech by split and corpus."""
    totals: defaultdict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for split in ("tune", "test"):
        for call in calls(split):
            row = totals[split, call.corpus]
            row[0] += call.seconds / 3600
            row[1] += 1
            row[2] += call.clipped
    print(f"{'split':6}{'corpus':10}{'hours':>7}{'calls':>7}{'clipped':>9}")  # noqa: T201
    for (split, corpus), (hours, count, clipped) in totals.items():
        print(f"{split:6}{corpus:10}{hours:7.2f}{count:7.0f}{clipped:9.0f}")  # noqa: T201
    return 0 if totals else 1


if __name__ == "__main__":
    sys.exit(main())

"""Clean speech of known speakers as clips of one length: what every simulated call begins with.

The corpora are public; each is used where it is found. ``AUDIOQA_CORPORA`` names a folder with whole copies of the
repositories that the shared folder holds parts of:

- ``so762``: jimbozhang/speechocean762, read English of 250 speakers with sex and age;
- ``intent``: Picovoice/speech-to-intent-benchmark, ``wakeword``: Picovoice/wake-word-benchmark, speakers unknown;
- ``aec``: microsoft/AEC-Challenge, ``baseline/icassp2021/clean``, one hundred real devices;
- ``resemblyzer``: resemble-ai/Resemblyzer, ``audio_data/librispeech_train-clean-100``: one utterance each of readers of
  LibriSpeech (Panayotov et al. 2015; CC BY 4.0).

Debian's recorded Asterisk prompts add six voices in five languages at 8 kHz, and its speech synthesizers a few more.
Speakers are divided into ``train``, ``dev`` and ``test`` by a hash of their name, which nothing can change; speakers
who are not known are for training only.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.clean import clean, splice
from audioqa.lab.corpus import ASTERISK, VOICES

Split = Literal["train", "dev", "test"]
Samples = NDArray[np.float32]

SECONDS = 9.01
"""Length of a clip: the longest window among the teachers (DNSMOS), which then repeats nothing."""

LONGEST_PAUSE = 1.0
"""Seconds that are left of a longer pause."""

LEAST_RANGE = 24.0
"""dB between loud frames and floor that a clip needs to count as clean."""

LEAST_LEVEL = -50.0
"""dBov of loud frames below which a recording is not worth amplifying."""

HIGHEST_PEAK = 0.95
"""Peak, at equal loudness, from which an utterance holds a bang or is hardly speech."""

TEST_VOICES = ("it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU")
"""Prompt voices kept for testing: a man and a woman, in languages that are not heard in training."""

DEV_VOICES = ("it_IT_f_Menardi",)

SYNTHETIC: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("flite-slt", ("flite", "-voice", "slt")),
    ("flite-rms", ("flite", "-voice", "rms")),
    ("flite-awb", ("flite", "-voice", "awb")),
    ("espeak-en", ("espeak-ng", "-v", "en-gb")),
)
"""Speech synthesizers: name and the command that reads a text; a synthesizer that is not installed is left out."""

TEST_SYNTHETIC = ("flite-rms",)

_SENTENCES = (
    "The train to the coast leaves from platform four at ten past nine. Please hold the line for a moment.",
    "Your parcel was sent on Tuesday and should reach you before the end of the week, unless the weather turns.",
    "I have looked at your account and can see two payments that were taken on the same morning.",
    "Could you spell the name of the street for me, and tell me which floor the office is on?",
    "We are open from eight in the morning until six in the evening, and on Saturdays until noon.",
    "The engineer will ring the bell twice; if nobody answers, a card is left with the neighbours.",
    "Thank you for waiting. I will now read the numbers back to you: seven, three, nine, zero, five, two.",
    "My brother bought the blue one last year, and it still works as well as on the first day.",
    "There was a strange noise on the line just now, so I did not catch the last thing that you said.",
    "If the light beside the door keeps flashing, switch the power off, count to thirty, and switch it on again.",
    "Our garden looks out over the harbour, where the small boats come in with the evening tide.",
    "She asked whether the meeting could be moved to Thursday, because her flight had been cancelled.",
)


@dataclass(frozen=True)
class Clip:
    """One clip of clean speech.

    Parameters
    ----------
    name
        Corpus, speaker and number: ``so762/0001/2``.
    corpus, speaker
        Where it comes from; ``unknown`` where the corpus does not tell speakers apart.
    split
        The side its speaker is on.
    sample_rate
        8000 or 16000 Hz.
    samples
        float32, shape (round(9.01 * sample_rate),).
    traits
        What is known of the speaker: ``sex``, ``age``, ``language``, ``synthetic``.
    """

    name: str
    corpus: str
    speaker: str
    split: Split
    sample_rate: int
    samples: Samples
    traits: dict[str, str] = field(default_factory=dict)


def at_speed(clip: Clip, factor: float) -> Clip:
    """The clip spoken faster or slower by resampling, pitch and formants with it: another voice, of the same length.

    Parameters
    ----------
    clip
        What is said.
    factor
        Speed; above 1 is faster and higher.
    """
    import soxr

    changed = np.asarray(soxr.resample(clip.samples, clip.sample_rate * factor, clip.sample_rate), np.float32)
    if len(changed) < len(clip.samples):
        changed = splice([changed, changed], clip.sample_rate)
    return replace(clip, name=f"{clip.name}@{factor:.3f}", samples=changed[: len(clip.samples)])


def split_of(corpus: str, speaker: str) -> Split:
    """The side a speaker is on, for good.

    Parameters
    ----------
    corpus, speaker
        As in `Clip`.
    """
    if speaker == "unknown":
        return "train"
    if corpus == "asterisk":
        return "test" if speaker in TEST_VOICES else "dev" if speaker in DEV_VOICES else "train"
    if corpus == "synthetic":
        return "test" if speaker in TEST_SYNTHETIC else "train"
    byte = hashlib.sha256(f"callmos/{corpus}/{speaker}".encode()).digest()[0]
    return "test" if byte < 56 else "dev" if byte < 82 else "train"


def corpora_folder() -> Path | None:
    """The folder that ``AUDIOQA_CORPORA`` names, or None."""
    named = os.environ.get("AUDIOQA_CORPORA")
    return Path(named) if named and Path(named).is_dir() else None


def clips(*, cache: Path | None = None) -> list[Clip]:
    """Every clip of every corpus that is at hand, always in the same order.

    Parameters
    ----------
    cache
        A folder where the clips are kept, so that the next call is quick.
    """
    store = cache / "clips.npz" if cache else None
    if store and store.is_file():
        return _load(store)
    found: list[Clip] = []
    for corpus, speaker, traits, files in _speakers():
        found += _clips_of(corpus, speaker, traits, [spoken for path in files if (spoken := _read(path))])
    for speaker, command in SYNTHETIC:
        found += _clips_of("synthetic", speaker, {"language": "en", "synthetic": "yes"}, _synthesize(command))
    for speaker, files in _readers():
        heard = [spoken for path in files if (spoken := _read(path))]
        found += _clips_of("librispeech", speaker, {"language": "en"}, heard)
    if store:
        store.parent.mkdir(parents=True, exist_ok=True)
        _save(store, found)
    return found


def _speakers() -> list[tuple[str, str, dict[str, str], list[Path]]]:
    folder = corpora_folder()
    found: list[tuple[str, str, dict[str, str], list[Path]]] = []
    if folder:
        root = folder / "so762"
        sex = _table(root.glob("*/spk2gender"))
        age = _table(root.glob("*/spk2age"))
        for speaker in sorted(root.glob("WAVE/SPEAKER*")):
            key = speaker.name.removeprefix("SPEAKER")
            traits = {"sex": sex.get(key, ""), "age": age.get(key, ""), "language": "en"}
            found.append(("so762", key, traits, sorted(speaker.glob("*.WAV"))))
        unknown = {"language": "en"}
        found.append(("intent", "unknown", unknown, sorted((folder / "intent").rglob("speech/clean/*.wav"))))
        wake = sorted((folder / "wakeword").rglob("*.flac")) + sorted((folder / "wakeword").rglob("*.wav"))
        found.append(("wakeword", "unknown", unknown, [p for p in wake if p.stem != "multiple_keywords"]))
        devices: defaultdict[str, list[Path]] = defaultdict(list)
        for path in sorted((folder / "aec").rglob("*.wav")):
            devices[path.name.rpartition("_doubletalk")[0] or path.name.rpartition("_farend")[0]].append(path)
        found += [("aec", device, unknown, files) for device, files in sorted(devices.items())]
    for voice in VOICES:
        prompts = [p for p in sorted((ASTERISK / voice).rglob("*.wav")) if "silence" not in str(p)]
        traits = {"language": voice[:2], "sex": voice.split("_")[2]}
        if prompts:
            found.append(("asterisk", voice, traits, prompts))
    return found


def _readers() -> list[tuple[str, list[Path]]]:
    folder = corpora_folder()
    readers: defaultdict[str, list[Path]] = defaultdict(list)
    if folder:
        for path in sorted((folder / "resemblyzer").rglob("librispeech_train-clean-100/**/*.flac")):
            readers[path.name.partition("-")[0]].append(path)
    return sorted(readers.items())


def _table(files: object) -> dict[str, str]:
    lines = [line for path in files for line in path.read_text().splitlines()]  # type: ignore[attr-defined]
    return {line.split()[0]: line.split()[1] for line in lines if len(line.split()) >= 2}


def _read(path: Path) -> tuple[Samples, int] | None:
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:  # a few files of the wake-word benchmark are damaged
        return None
    return samples[:, 0], rate


def _synthesize(command: Sequence[str]) -> list[tuple[Samples, int]]:
    spoken = []
    with tempfile.TemporaryDirectory(prefix="audioqa-") as folder:
        for number, text in enumerate(_SENTENCES):
            path = Path(folder) / f"{number}.wav"
            if command[0] == "flite":
                line = [*command, "-t", text, "-o", str(path)]
            else:
                line = [*command, "-w", str(path), text]
            try:
                subprocess.run(line, check=True, capture_output=True)  # noqa: S603 - a command of the table above
            except (OSError, subprocess.CalledProcessError):
                return []
            heard = _read(path)
            spoken += [heard] if heard else []
    return spoken


def _clips_of(corpus: str, speaker: str, traits: dict[str, str], files: Sequence[tuple[Samples, int]]) -> list[Clip]:
    """Utterances cleaned, joined in room tone and cut to length; the last clip of a speaker reaches back."""
    pieces: list[Samples] = []
    rate = 0
    for samples, native in files:
        rate = 8000 if native < 16000 else 16000
        speech = clean(samples, native, longest_pause=LONGEST_PAUSE)
        if len(speech.samples) < 0.4 * native or not _is_clean(speech.samples, native):
            continue
        piece = _at_level(_resample(speech.samples, native, rate))
        if np.abs(piece).max() < HIGHEST_PEAK:
            pieces.append(piece)
    if not pieces:
        return []
    tape = splice(pieces, rate)
    size = round(SECONDS * rate)
    starts = list(range(0, len(tape) - size + 1, size))
    if len(tape) >= size and len(tape) - (starts[-1] + size) > 0.4 * size:
        starts.append(len(tape) - size)
    split = split_of(corpus, speaker)
    return [
        Clip(f"{corpus}/{speaker}/{i}", corpus, speaker, split, rate, tape[start : start + size], traits)
        for i, start in enumerate(starts)
    ]


def _levels(samples: Samples, rate: int) -> NDArray[np.float64]:
    size = rate // 50
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    return np.asarray(10 * np.log10(np.mean(frames**2, axis=1) + 1e-12))


def _is_clean(samples: Samples, rate: int) -> bool:
    levels = _levels(samples, rate)
    loud, floor = np.percentile(levels, [90, 5])
    return bool(loud > LEAST_LEVEL and loud - floor >= LEAST_RANGE)


def _at_level(samples: Samples) -> Samples:
    """Each utterance at the same loudness, so that a clip does not change its level where two are joined."""
    levels = _levels(samples, 16000)
    loud = float(np.percentile(levels, 90))
    return (samples * 10 ** ((-22.0 - loud) / 20)).astype(np.float32)


def _resample(samples: Samples, rate: int, wanted: int) -> Samples:
    if rate == wanted:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, rate, wanted), np.float32)


def _save(path: Path, found: Sequence[Clip]) -> None:
    """As 16-bit samples, with the facts of each clip in one array of text."""
    arrays = {str(i): np.clip(np.rint(c.samples * 32768), -32768, 32767).astype(np.int16) for i, c in enumerate(found)}
    facts = [
        "\t".join((c.name, c.corpus, c.speaker, c.split, str(c.sample_rate), repr(sorted(c.traits.items()))))
        for c in found
    ]
    np.savez(path, facts=np.array(facts), **arrays)  # type: ignore[arg-type]


def _load(path: Path) -> list[Clip]:
    import ast

    found = []
    with np.load(path) as stored:
        for i, line in enumerate(stored["facts"]):
            name, corpus, speaker, split, rate, traits = str(line).split("\t")
            samples = stored[str(i)].astype(np.float32) / np.float32(32768)
            found.append(Clip(name, corpus, speaker, split, int(rate), samples, dict(ast.literal_eval(traits))))  # type: ignore[arg-type]
    return found

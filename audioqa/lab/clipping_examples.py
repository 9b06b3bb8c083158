"""Seeded examples for fitting the clipping detector: clipped speech, and what could be taken for it.

The limiter, compressor and gain control here are not those of `audioqa.lab.inject`, by which the detector is judged.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.clean import is_clipped
from audioqa.lab.codecs import TELEPHONE_CODECS, transcode
from audioqa.lab.corpus import RATE, calls, data_folder, split_of

Samples = NDArray[np.float32]

LENGTHS = (5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0)
"""Seconds of an example."""

KINDS: Mapping[str, float] = {
    "clipped": 0.41,
    "clean": 0.20,
    "limited": 0.19,
    "compressed": 0.06,
    "normalised": 0.05,
    "gain-controlled": 0.05,
    "no speech": 0.04,
}
"""Share of each kind among the examples."""

_WIDE_CODECS = ("none", "none", "ulaw", "alaw", "g722", "amr-wb-12.65", "amr-12.2")
_CHILD = 20.0  # s: children of speechocean762 have one or two sentences each, adults more


@dataclass(frozen=True)
class Example:
    """One clip.

    Parameters
    ----------
    speaker
        Whose speech it is made of.
    samples
        float32, shape (n,), values those of 16-bit samples.
    rate
        8000 or 16000 Hz.
    kind, codec
        One of `KINDS`; the codec it went through.
    depth
        dB that the clip was clipped or limited below its own peak.
    """

    speaker: str
    samples: Samples
    rate: int
    kind: str
    codec: str
    depth: float


def voices() -> dict[str, tuple[Samples, int]]:
    """Tuning speech by speaker (by call where speakers are not known), with its rate; none clipped at the source."""
    import soundfile

    pieces: defaultdict[str, list[Samples]] = defaultdict(list)
    for number, call in enumerate(calls("tune")):
        # Several wakeword recordings were driven to full scale before they were cut and scaled: they would teach
        # that overload is not clipping.
        if not call.clipped and call.corpus != "wakeword":
            known = call.corpus != "intent"
            pieces[f"{call.corpus}/{call.speaker if known else number}"].append(call.samples)
    narrow = {name: (np.concatenate(parts), RATE) for name, parts in pieces.items()}
    wide: defaultdict[str, list[Samples]] = defaultdict(list)
    folder = data_folder()
    if folder is not None:
        with (folder / "speech" / "files.csv").open(newline="") as rows:
            listed = [row for row in csv.DictReader(rows) if row["corpus"] == "so762"]
        total: defaultdict[str, float] = defaultdict(float)
        for row in listed:
            total[row["speaker"]] += float(row["seconds"])
        for row in listed:
            child = total[row["speaker"]] < _CHILD
            if child or split_of("so762", row["speaker"]) == "tune":
                samples, rate = soundfile.read(folder / row["file"], dtype="float32")
                if rate == 2 * RATE and not is_clipped(samples):
                    wide[f"{'child' if child else 'so762, 16 kHz'}/{row['speaker']}"].append(samples)
    return narrow | {name: (np.concatenate(parts), 2 * RATE) for name, parts in wide.items()}


def examples(count: int, *, seed: int) -> Iterator[Example]:
    """Yield `count` examples; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    pool = {name: voice for name, voice in voices().items() if len(voice[0]) > 4 * voice[1]}
    names = sorted(pool)
    # No speaker may weigh much more than another: 40 s each, 200 s for a voice of prompts.
    weight = np.array([min(len(pool[n][0]) / pool[n][1], 200.0 if n.startswith("asterisk") else 40.0) for n in names])
    made = 0
    while made < count:
        speaker = names[rng.choice(len(names), p=weight / weight.sum())]
        speech, rate = pool[speaker]
        length = min(round(float(rng.choice(LENGTHS)) * rate), len(speech))
        start = int(rng.integers(0, len(speech) - length + 1))
        clip = speech[start : start + length]
        if float(np.abs(clip).max()) < 0.005:
            continue
        if rate != RATE and rng.random() < 0.75:
            clip, rate = _resampled(clip, rate, RATE), RATE
        yield _example(clip, rate, rng, speaker=speaker)
        made += 1


def _example(clip: Samples, rate: int, rng: np.random.Generator, *, speaker: str) -> Example:
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    depth = 0.0
    if kind == "no speech":
        clip = _SOUNDS[int(rng.integers(len(_SOUNDS)))](len(clip), rate, rng)
    else:
        if rng.random() < 0.5:
            clip = _coloured(clip, rate, rng)
        if rng.random() < 0.3:
            noise = _noise(len(clip), rate, rng)
            clip = clip + noise * _rms(clip) / _rms(noise) * np.float32(10 ** (-rng.uniform(8, 40) / 20))
    if kind == "clipped":
        depth = float(rng.choice([6.0, 12.0, rng.uniform(2, 20)]))
        ceiling = np.abs(clip).max() / 10 ** (depth / 20)
        # One time in ten a bias lies before the ceiling, so that one polarity is cut deeper, or alone.
        other = ceiling * 10 ** (rng.uniform(1, 20) / 20) if rng.random() < 0.1 else ceiling
        clip = np.clip(clip * rng.choice([-1, 1]), -other, ceiling)
    elif kind == "limited":
        depth = float(rng.uniform(3, 18))
        clip = _limited(clip, rate, rng, depth=depth)
    elif kind == "compressed":
        envelope = _envelope(clip, rate, attack=rng.uniform(0.001, 0.01), release=rng.uniform(0.05, 0.3))
        threshold = np.abs(clip).max() / 10 ** (rng.uniform(12, 24) / 20)
        clip = clip * np.maximum(envelope / threshold, 1) ** (1 / rng.uniform(2, 20) - 1)
    elif kind == "gain-controlled":
        envelope = _envelope(clip, rate, attack=0.02, release=rng.uniform(0.3, 2.0))
        clip = clip * np.clip(0.1 / np.maximum(envelope, 0.002), 0.1, 10)
    if rng.random() < 0.12:
        clip = _coloured(clip, rate, rng)
    peak = np.abs(clip).max()
    if kind == "normalised":
        level = -float(rng.choice([0.0, 0.1, 0.5, 1.0, 3.0]))
    else:
        level = float(rng.choice([rng.uniform(-12, 0), rng.uniform(-28, 0)]))
    codec = str(rng.choice(TELEPHONE_CODECS if rate == RATE else _WIDE_CODECS))
    heard = transcode((clip / peak * 10 ** (level / 20)).astype(np.float32), rate, codec)
    if rate == RATE and rng.random() < 0.08:
        heard, rate = _resampled(heard, rate, 2 * RATE), 2 * RATE
    whole = (np.clip(np.rint(heard * 32768), -32768, 32767) / 32768).astype(np.float32)
    return Example(speaker=speaker, samples=whole, rate=rate, kind=kind, codec=codec, depth=depth)


def _limited(clip: Samples, rate: int, rng: np.random.Generator, *, depth: float) -> Samples:
    """A look-ahead limiter: the gain falls before a peak, and recovers with a time constant."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    ahead = int(rng.choice([8, 16, 24, 40, 80])) * rate // RATE
    ceiling = np.abs(clip).max() / 10 ** (depth / 20)
    wanted = np.minimum(1, ceiling / np.maximum(maximum_filter1d(np.abs(clip), 2 * ahead + 1), 1e-9))
    gain = 1 - _envelope((1 - wanted).astype(np.float32), rate, attack=0.0, release=float(rng.uniform(0.02, 0.2)))
    return np.asarray(clip * uniform_filter1d(gain, ahead), dtype=np.float32)


def _envelope(clip: Samples, rate: int, *, attack: float, release: float) -> NDArray[np.float64]:
    """Magnitude smoothed with one time constant (seconds) where it rises and another where it falls."""
    rise = float(np.exp(-1 / (attack * rate))) if attack else 0.0
    fall = float(np.exp(-1 / (release * rate)))
    followed, state = np.empty(len(clip)), 0.0
    for index, value in enumerate(np.abs(clip).tolist()):
        keep = rise if value > state else fall
        state = keep * state + (1 - keep) * value
        followed[index] = state
    return followed


def _coloured(clip: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Another microphone's response; in two of five cases the telephone band of 300 to 3400 Hz as well."""
    hertz = np.fft.rfftfreq(len(clip), 1 / rate)
    gain = np.interp(hertz, [0, 200, 500, 1000, 2000, 3000, 4000, 8000], np.cumsum(rng.normal(0, 2.5, 8)))
    if rng.random() < 0.4:
        gain -= 40 * np.clip((300 - hertz) / 150, 0, 1) + 40 * np.clip((hertz - 3400) / 300, 0, 1)
    return np.fft.irfft(np.fft.rfft(clip) * 10 ** (gain / 20), len(clip)).astype(np.float32)


def _noise(count: int, rate: int, rng: np.random.Generator) -> Samples:
    """White to brown noise."""
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / rate), 20)
    spectrum = np.fft.rfft(rng.normal(size=count)) * hertz ** -rng.uniform(0, 1.2)
    return np.fft.irfft(spectrum, count).astype(np.float32)


def _tone(count: int, rate: int, rng: np.random.Generator) -> Samples:
    return np.sin(2 * np.pi * rng.uniform(100, 3400) * np.arange(count) / rate).astype(np.float32)


def _ringback(count: int, rate: int, rng: np.random.Generator) -> Samples:
    time = np.arange(count) / rate
    low, high = ((440, 480), (400, 450), (425, 425), (480, 620))[int(rng.integers(4))]
    tone = np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time)
    return np.asarray(tone * (time % rng.uniform(1, 6) < rng.uniform(0.3, 2)), dtype=np.float32)


def _digits(count: int, rate: int, rng: np.random.Generator) -> Samples:
    time = np.arange(count) / rate
    digit = (time // 0.15).astype(np.int64)
    low = rng.choice([697, 770, 852, 941], digit[-1] + 1)[digit]
    high = rng.choice([1209, 1336, 1477, 1633], digit[-1] + 1)[digit]
    tone = np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time)
    return np.asarray(tone * (time % 0.15 < 0.1), dtype=np.float32)


def _chords(count: int, rate: int, rng: np.random.Generator) -> Samples:
    time = np.arange(count) / rate
    note = (time // rng.uniform(0.2, 0.6)).astype(np.int64)
    pitch = (110 * 2 ** (rng.integers(0, 24, note[-1] + 1) / 12))[note]
    partials = [np.sin(2 * np.pi * pitch * step * n * time) / n for step in (1, 1.26, 1.5) for n in range(1, 6)]
    return np.asarray(np.sum(partials, axis=0), dtype=np.float32)


def _swelling(count: int, rate: int, rng: np.random.Generator) -> Samples:
    """Noise that comes and goes like syllables."""
    swell = 1 + rng.uniform(0.3, 0.95) * np.sin(2 * np.pi * rng.uniform(0.2, 4) * np.arange(count) / rate)
    return np.asarray(_noise(count, rate, rng) * swell, dtype=np.float32)


_SOUNDS: tuple[Callable[[int, int, np.random.Generator], Samples], ...] = (
    _tone,
    _ringback,
    _digits,
    _chords,
    _noise,
    _swelling,
)


def _rms(clip: Samples) -> np.float32:
    return np.float32(np.sqrt(np.mean(np.square(clip))) + 1e-9)


def _resampled(clip: Samples, rate: int, wanted: int) -> Samples:
    import soxr

    return np.asarray(soxr.resample(clip, rate, wanted), dtype=np.float32)

"""From a sketch to samples: nonsense where somebody spoke, noise where noise was, and the faults put in again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.masking.sketch import AROUND, HOLES, Leg, Noise, Sketch
from audioqa.masking.voice import LEVEL, Nonsense, Samples
from audioqa.types import Event, Segment

_TONE, _TONE_LEVEL = 1000.0, -26.0  # Hz, dBov: one tone for every tone, key and music
_JITTER = 0.1  # s by which turns may begin and end elsewhere
_BANDS = ((250.0, 1250.0), (1250.0, 3400.0))  # Hz
_NOTHING = -85.0  # dBov: no noise at all
_STEP = 1 / 32768
_OVERDRIVE = 0.85  # of the ceiling that the voice may reach where it is not clipped
_FULL = 32600 / 32768
_PATCH = 0.04  # s of loud voice on either side of what is patched
_CLIPPED_EDGE = 0.06  # s of loud voice where clipping begins and ends


def speakers_of(sketch: Sketch, rate: int, rng: np.random.Generator) -> tuple[Nonsense, ...]:
    """Somebody for each leg, who is nobody.

    Parameters
    ----------
    sketch, rate, rng
        As for `render`.
    """
    said = [sum(voice.segment.duration for voice in leg.voices) for leg in sketch.legs]
    return tuple(
        Nonsense.new(seconds, rate, bandwidth=leg.bandwidth, rng=rng)
        for leg, seconds in zip(sketch.legs, said, strict=True)
    )


def render(
    sketch: Sketch, speakers: Sequence[Nonsense], rate: int, *, chance: int, patches: Sequence[Event] = ()
) -> NDArray[np.float32]:
    """A masked stretch.

    Parameters
    ----------
    sketch
        What is kept of it.
    speakers
        Who speaks on each leg.
    rate
        Hz.
    chance
        Where everything else comes from: the same number, the same clip.
    patches
        Faults that the nonsense seems to have by itself: loud voice is put over them.

    Returns
    -------
    float32, shape (n, legs)
        Values of 16-bit samples.
    """
    count = round(sketch.seconds * rate)
    legs = zip(sketch.legs, speakers, strict=True)
    columns = []
    for number, (leg, speaker) in enumerate(legs):
        mine = [event.segment for event in patches if event.channel == leg.name]
        columns.append(_leg(leg, speaker, count, mine, (chance, number)))
    return np.stack(columns, axis=1)


def _leg(
    leg: Leg, speaker: Nonsense, count: int, patches: Sequence[Segment], chance: tuple[int, int]
) -> NDArray[np.float32]:
    rate, rng = speaker.rate, np.random.default_rng((*chance, 1))
    clipping = [event for event in leg.events if event.kind == "clipping"]
    holes = [event for event in leg.events if event.kind in HOLES]
    sound = _voices(leg, speaker, holes, count, np.random.default_rng((*chance, 0)))
    patch = np.random.default_rng((*chance, 2))
    for place in patches if leg.voices else ():
        first, stop = _samples(Segment(place.start - _PATCH, place.end + _PATCH), rate, count)
        _blend(sound, first, 10 ** ((_level_at(leg, place) - LEVEL) / 20) * speaker.loud(stop - first, patch), rate)
    for noise in leg.noises:
        _add_noise(sound, noise, rate, rng)
    for tone in leg.tones:
        first, stop = _samples(tone, rate, count)
        time = np.arange(stop - first) / rate
        sound[first:stop] = 10 ** ((_TONE_LEVEL + 3.01) / 20) * np.sin(2 * np.pi * _TONE * time)
    sound = _driven(sound, clipping, rate)
    sound = np.clip(np.rint(sound / _STEP), -32768, 32767) * _STEP
    for hole in holes:
        _cut(sound, hole, leg, rate, rng)
    for silence in leg.silent:
        first, stop = _samples(silence, rate, count)
        sound[first:stop] = 0.0
    return sound.astype(np.float32)


def _voices(leg: Leg, speaker: Nonsense, holes: Sequence[Event], count: int, rng: np.random.Generator) -> Samples:
    sound, rate = np.zeros(count), speaker.rate
    if not leg.voices:
        return sound
    fixed = [edge for event in leg.events for edge in (event.segment.start, event.segment.end)]
    for voice in leg.voices:
        start, end = (
            edge if any(abs(edge - one) < 2 * AROUND for one in fixed) else edge + rng.uniform(-_JITTER, _JITTER)
            for edge in (voice.segment.start, voice.segment.end)
        )
        first, stop = _samples(Segment(start, max(end, start)), rate, count)
        gain = 10 ** ((voice.level - LEVEL) / 20)
        sound[first:stop] = gain * speaker.anything(stop - first, rng)
    for hole in holes:
        level = _level_at(leg, hole.segment)
        for edge in (hole.segment.start, hole.segment.end):
            first, stop = _samples(Segment(edge - AROUND * 0.7, edge + AROUND * 0.7), rate, count)
            _blend(sound, first, 10 ** ((level - LEVEL) / 20) * speaker.loud(stop - first, rng), rate)
    for event in leg.events:
        if event.kind == "clipping":
            level = _level_at(leg, event.segment)
            for start in (event.segment.start, event.segment.end - _CLIPPED_EDGE):
                first, stop = _samples(Segment(start, start + _CLIPPED_EDGE), rate, count)
                sound[first:stop] = 10 ** ((level - LEVEL) / 20) * speaker.loud(stop - first, rng)
    return sound


def _level_at(leg: Leg, place: Segment) -> float:
    """Level of the voice that is nearest to a place."""
    near = min(leg.voices, key=lambda voice: (-voice.segment.overlap(place), abs(voice.segment.start - place.start)))
    return near.level


def _blend(sound: Samples, first: int, piece: Samples, rate: int) -> None:
    """Put a piece into the sound, faded in and out over 10 ms."""
    size = min(round(0.01 * rate), len(piece) // 2)
    weight = np.ones(len(piece))
    weight[:size] = np.linspace(0, 1, size)
    weight[len(piece) - size :] = np.linspace(1, 0, size)
    sound[first : first + len(piece)] = weight * piece + (1 - weight) * sound[first : first + len(piece)]


def _add_noise(sound: Samples, noise: Noise, rate: int, rng: np.random.Generator) -> None:
    first, stop = _samples(noise.segment, rate, len(sound))
    if stop - first < 2 or max(noise.low, noise.high) <= _NOTHING:
        return
    spectrum = np.fft.rfft(rng.standard_normal(stop - first))
    hertz = np.fft.rfftfreq(stop - first, 1 / rate)
    gain = np.zeros(len(hertz))
    for (low, high), level in zip(_BANDS, (noise.low, noise.high), strict=True):
        # White noise at 0 dBov has so much of its power in the band.
        gain[(hertz >= low) & (hertz < high)] = 10 ** (level / 20) / np.sqrt((high - low) / (rate / 2))
    sound[first:stop] += np.fft.irfft(spectrum * gain, stop - first)


def _driven(sound: Samples, clipping: Sequence[Event], rate: int) -> Samples:
    """Clipped where it was, by as much as it was; below the ceiling elsewhere."""
    if not clipping:
        peak = float(np.abs(sound).max(initial=1e-9))
        return sound * min(1.0, _FULL * _OVERDRIVE / peak)
    ceiling = min(10 ** (float(clipping[0].evidence["ceiling_dbov"]) / 20), _FULL)
    inside = np.zeros(len(sound), dtype=bool)
    out = sound.copy()
    for event in clipping:
        first, stop = _samples(event.segment, rate, len(sound))
        inside[first:stop] = True
        peaks = _frame_peaks(sound[first:stop], rate)
        share = float(np.clip(event.evidence["clipped_share"], 0.03, 0.9))
        drive = 1.3 * ceiling / max(float(np.quantile(peaks, 1 - share)), 1e-6)
        out[first:stop] = np.clip(drive * sound[first:stop], -ceiling, ceiling)
        # What begins and ends the event is clipped for sure.
        for start in (first, stop - round(_CLIPPED_EDGE * rate)):
            edge = slice(max(start, 0), max(start, 0) + round(_CLIPPED_EDGE * rate))
            loudest = max(float(np.abs(sound[edge]).max(initial=1e-9)), 1e-9)
            out[edge] = np.clip(2.5 * ceiling / loudest * sound[edge], -ceiling, ceiling)
    loud = float(np.abs(out[~inside]).max(initial=1e-9))
    out[~inside] *= min(1.0, _OVERDRIVE * ceiling / loud)
    return out


def _frame_peaks(sound: Samples, rate: int) -> Samples:
    size = round(0.01 * rate)
    whole = np.abs(sound[: max(len(sound) // size, 1) * size])
    peaks = np.resize(whole, (max(len(whole) // size, 1), size)).max(axis=1)
    return np.asarray(peaks[peaks > 0.03 * peaks.max(initial=1e-9)])


def _cut(sound: Samples, hole: Event, leg: Leg, rate: int, rng: np.random.Generator) -> None:
    """Take the sound away as it was taken away: by zeros, by a copy of what came before, by a little noise."""
    first, stop = _samples(hole.segment, rate, len(sound))
    fill = hole.evidence["fill"]
    length = stop - first
    if fill in ("zero", "digital silence"):
        sound[first:stop] = 0.0
    elif fill == "constant":
        sound[first:stop] = 16 * _STEP
    elif fill == "repeat" and first >= length:
        packet = round(float(hole.evidence.get("packet_ms") or 20) / 1000 * rate)
        lag = packet if first >= packet else length
        sound[first:stop] = np.resize(sound[first - lag : first], length)
    elif fill == "fade" and first >= rate // 100:
        lag = rate // 125
        faded = np.resize(sound[first - lag : first], length)
        after = np.arange(length) / rate
        copied = np.where(after < 0.01, 1.0, np.clip(1 - (after - 0.01) / 0.05, 0, 1))
        sound[first:stop] = np.rint(faded * copied / _STEP) * _STEP
    else:
        depth = float(hole.evidence.get("depth_db") or hole.evidence.get("level_dbov", 0.0) or 40.0)
        level = min(_level_at(leg, hole.segment) - abs(depth), -50.0)
        noise = 10 ** (level / 20) * rng.standard_normal(length)
        sound[first:stop] = np.rint(noise / _STEP) * _STEP


def _samples(place: Segment, rate: int, count: int) -> tuple[int, int]:
    """First sample of a place and the one after its last."""
    first = min(max(round(place.start * rate), 0), count)
    return first, min(max(round(place.end * rate), first), count)

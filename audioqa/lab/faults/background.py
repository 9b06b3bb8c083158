"""Faults of the background: noise under a party's speech, and bursts of it while the party listens."""

from __future__ import annotations

import numpy as np

from audioqa.lab.corpus import RATE, split_of
from audioqa.lab.faults.fault import Fault, Make, Placed, Samples, at_nominal, limited
from audioqa.lab.inject import STEP, frame_levels
from audioqa.lab.simulator import effects
from audioqa.lab.simulator.material import RATE as MATERIAL_RATE
from audioqa.lab.simulator.material import made_noise, material
from audioqa.lab.talk import NOMINAL, Talk
from audioqa.types import Segment

_TOLERANCE = 4.0  # dB
_BURST = (0.5, 1.2)  # s
_FADE = 0.02  # s
_SLOW = 101  # frames of 10 ms


def _noise(kind: str, below: float, *, whole: bool = False) -> Make:
    """Noise on the leg whose room is the quieter one, from the end of its middle turn on."""

    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        rooms = [_room(column) for column in samples.T]
        leg = int(np.argmin(rooms))
        start = 0.0 if whole else talk.turns[leg][len(talk.turns[leg]) // 2].end
        first = round(start * RATE)
        found = _found(talk, kind, len(samples) - first, rng)
        if found is None:
            return samples, ()
        samples[first:, leg] += effects.scaled_noise(found, RATE, NOMINAL - below)
        total = 10 * np.log10(10 ** ((NOMINAL - below) / 10) + 10 ** (rooms[leg] / 10))
        figures = (("snr_db", NOMINAL - total, _TOLERANCE),)
        return limited(samples), (Placed(leg, Segment(start, talk.seconds), figures),)

    return make


def _room(samples: Samples) -> float:
    """Level in dBov, in the telephone band, of the quietest tenth: what the speaker's own room adds."""
    band = effects.telephone_band(np.ascontiguousarray(samples), RATE)
    return float(np.percentile(frame_levels(band, RATE)[0], 10))


def _burst(kind: str, below: float) -> Make:
    """One burst in a turn of the other party, at least half a second from the own speech."""

    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        turn = max(talk.turns[0][1:-1] or talk.turns[0], key=lambda one: one.duration)
        length = min(float(rng.uniform(*_BURST)), turn.duration - 1.0)
        place = float(rng.uniform(turn.start + 0.5, turn.end - 0.5 - length))
        count = round(length * RATE)
        if kind == "door":
            time = np.arange(count) / RATE
            slam = effects.lowpassed(rng.standard_normal(count).astype(np.float32), RATE, 1500.0)
            sound = slam * np.exp(-time / (length / 3)).astype(np.float32)
        else:
            recorded = _recorded(talk, kind, rng)
            if recorded is None:
                return samples, ()
            sound = _loudest(recorded, count)
        sound[-round(_FADE * RATE) :] *= np.linspace(1, 0, round(_FADE * RATE), dtype=np.float32)
        first = round(place * RATE)
        samples[first : first + count, 1] += effects.scaled_noise(sound, RATE, NOMINAL - below)
        return limited(samples), (Placed(1, Segment(place, place + length)),)

    return make


def _loudest(sound: Samples, count: int) -> Samples:
    """From the first moment within 10 dB of the loudest on."""
    level, _ = frame_levels(sound, RATE)
    first = min(int(np.argmax(level > level.max() - 10)) * (RATE // 100), len(sound) - count)
    return sound[first : first + count].copy()


def _found(talk: Talk, kind: str, count: int, rng: np.random.Generator) -> Samples | None:
    """Noise at 8 kHz, recorded or made; None where there is no recording."""
    if kind in ("white", "pink"):
        import soxr

        made = made_noise(kind, round(count * MATERIAL_RATE / RATE), rng)
        return np.asarray(soxr.resample(made, MATERIAL_RATE, RATE), np.float32)[:count]
    recorded = _recorded(talk, kind, rng)
    return None if recorded is None else _steady(recorded, count, rng)


def _recorded(talk: Talk, kind: str, rng: np.random.Generator) -> Samples | None:
    """A recording at 8 kHz, of the side that the speakers are on; None where there is no folder of noise."""
    import soxr

    corpus, _, speaker = talk.speakers[1].partition("/")
    try:
        recorded = material("test" if not speaker or split_of(corpus, speaker) == "test" else "train").noise[kind]
    except FileNotFoundError:
        return None
    return np.asarray(soxr.resample(recorded[int(rng.integers(len(recorded)))], MATERIAL_RATE, RATE), np.float32)


def _steady(recorded: Samples, count: int, rng: np.random.Generator) -> Samples:
    """A recording from anywhere in it on, repeated, its slow changes of level taken out, for cars come and go."""
    level, _ = frame_levels(recorded, RATE)
    power = np.convolve(np.pad(10 ** (level / 10), _SLOW // 2, mode="reflect"), np.full(_SLOW, 1 / _SLOW), mode="valid")
    places = (np.arange(len(power)) + 0.5) * RATE * STEP
    steady = recorded / np.sqrt(np.interp(np.arange(len(recorded)), places, power)).astype(np.float32)
    return np.resize(np.roll(steady, -int(rng.integers(len(steady)))), count)


FAULTS: tuple[Fault, ...] = (
    Fault("white noise from mid-call, 32 dB below speech", "background-noise", _noise("white", 32.0)),
    Fault("street noise from mid-call, 32 dB below speech", "background-noise", _noise("street", 32.0)),
    Fault("street noise from mid-call, 20 dB below speech", "background-noise", _noise("street", 20.0)),
    Fault("pink noise all the time, 25 dB below speech", "background-noise", _noise("pink", 25.0, whole=True)),
    Fault("a dog barks, 15 dB below speech", "noise-burst", _burst("dog_bark", 15.0)),
    Fault("a door slams, 15 dB below speech", "noise-burst", _burst("door", 15.0)),
)

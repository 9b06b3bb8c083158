"""The estimator's drift: does this installation give the MOS that it gave when the weights were shipped?

Signals made by formula (`audioqa.synthesis`), clean and degraded in eight simple ways, are scored and held against
pinned.json, which names the model, weights and calibration that its figures belong to. Other processors and libraries
may differ in the last digits; from 0.05 MOS on something is wrong. With other weights or another calibration the
difference is what those changed, and is told as that.

``python -m audioqa.lab.pinned`` prints the drift and exits with 1 where there is any; ``--write`` pins the set anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.analysis import Analyser, make_analyser
from audioqa.errors import AudioqaError
from audioqa.lab.simulator.effects import at_level, hum, lowpassed
from audioqa.measure import measure_samples
from audioqa.synthesis import synthetic_speech
from audioqa.types import PartyMos, Recording

RATE = 8000

FILE = Path(__file__).with_name("pinned.json")

MOST = 0.05
"""MOS from which a difference is more than arithmetic: the least step between bands is 0.3."""

_SECONDS = 16.0
_LEVEL = -26.0  # dBov
_VOICES = {"low voice": 115.0, "high voice": 210.0}  # Hz

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class PinnedScore:
    """One signal: the MOS that was pinned, the MOS that came out here, None where it was not scored."""

    signal: str
    pinned: float
    here: float | None

    @property
    def drift(self) -> float | None:
        """How far it went up."""
        return None if self.here is None else self.here - self.pinned


@dataclass(frozen=True)
class Drift:
    """The pinned set, scored again.

    Parameters
    ----------
    pinned_for, here
        Identity of model, weights and calibration, then and now.
    scores
        One for each signal.
    """

    pinned_for: str
    here: str
    scores: tuple[PinnedScore, ...]

    @property
    def same(self) -> bool:
        """Whether model, weights and calibration are those that the set was pinned for."""
        return self.pinned_for == self.here

    @property
    def worst(self) -> float:
        """The greatest difference, MOS; a signal that was not scored counts as 4, the width of the scale."""
        return max(4.0 if one.drift is None else abs(one.drift) for one in self.scores)

    @property
    def alarming(self) -> bool:
        """Whether the same weights give other scores."""
        return self.same and self.worst > MOST


def drift(analyser: Analyser | None = None) -> Drift:
    """Score the pinned set.

    Parameters
    ----------
    analyser
        What scores it; the one that comes along where there is none.

    Raises
    ------
    AudioqaError
        Where pinned.json cannot be used.
    """
    analyser = analyser or make_analyser()
    try:
        content = json.loads(FILE.read_text(encoding="utf-8"))
        pinned_for, pinned = str(content["estimator"]), {str(k): float(v) for k, v in content["mos"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AudioqaError(f"{FILE}: no pinned scores: {type(error).__name__}: install audioqa anew") from error
    here = scored(analyser)
    scores = tuple(PinnedScore(name, pinned[name], here[name]) for name in here if name in pinned)
    if len(scores) != len(here) or len(scores) != len(pinned):
        raise AudioqaError(f"{FILE}: it was pinned for other signals: python -m audioqa.lab.pinned --write")
    return Drift(pinned_for, analyser.source, scores)


def scored(analyser: Analyser) -> Mapping[str, float | None]:
    """MOS of every signal, None where there is none."""
    found: dict[str, float | None] = {}
    for name, samples in signals():
        measurements = measure_samples(samples[:, None], RATE, channels=("speech",), estimator=analyser.estimator)
        recording = Recording(name, "", "memory", "float32", RATE, len(samples), ("speech",))
        mos = analyser.report(recording, measurements).parties[0].mos
        found[name] = mos.score.value if isinstance(mos, PartyMos) else None
    return found


def signals() -> Iterator[tuple[str, Samples]]:
    """Every signal by name, float32 at 8 kHz, the same everywhere."""
    for number, (voice, pitch) in enumerate(_VOICES.items()):
        speech = at_level(synthetic_speech(_SECONDS, seed=number, pitch=pitch), RATE, _LEVEL)
        for name, degrade in _DEGRADATIONS.items():
            degraded = np.clip(degrade(speech, np.random.default_rng(number)), -1, 32767 / 32768)
            yield f"{voice}, {name}", (np.rint(degraded * 32768) / 32768).astype(np.float32)


def _noise(speech: Samples, rng: np.random.Generator) -> Samples:
    return (speech + 10 ** ((_LEVEL - 15) / 20) * rng.standard_normal(len(speech))).astype(np.float32)


def _humming(speech: Samples, rng: np.random.Generator) -> Samples:
    wave = hum(len(speech), RATE, 50.0, rng)
    return speech + wave * np.float32(10 ** ((_LEVEL - 12) / 20) / np.sqrt(np.mean(wave**2)))


def _lost(speech: Samples, rng: np.random.Generator) -> Samples:
    """One packet of 20 ms in twenty is zeros."""
    packets = speech[: len(speech) // 160 * 160].reshape(-1, 160).copy()
    packets[rng.random(len(packets)) < 0.05] = 0.0
    return packets.reshape(-1)


def _coarse(speech: Samples, _: np.random.Generator) -> Samples:
    """Quantised to 7 bits."""
    return (np.rint(speech * 64) / 64).astype(np.float32)


def _clipped(speech: Samples, _: np.random.Generator) -> Samples:
    """12 dB of the peak cut off."""
    ceiling = np.float32(np.abs(speech).max() / 4)
    return np.clip(speech, -ceiling, ceiling)


_DEGRADATIONS: Mapping[str, Callable[[Samples, np.random.Generator], Samples]] = {
    "clean": lambda speech, _: speech,
    "noise, 15 dB": _noise,
    "hum, 12 dB": _humming,
    "5 % lost": _lost,
    "clipped, 12 dB": _clipped,
    "muffled, 1200 Hz": lambda speech, _: lowpassed(speech, RATE, 1200.0),
    "quantised, 7 bits": _coarse,
    "20 dB too quiet": lambda speech, _: speech * np.float32(0.1),
    "14 dB too loud": lambda speech, _: speech * np.float32(10 ** (14 / 20)),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the drift, or pin the set anew."""
    parser = argparse.ArgumentParser(prog="python -m audioqa.lab.pinned", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="pin the scores of the weights that are here")
    options = parser.parse_args(arguments)
    if options.write:
        analyser = make_analyser()
        found = scored(analyser)
        if None in found.values():
            print(f"not pinned: not scored: {[name for name, mos in found.items() if mos is None]}", file=sys.stderr)  # noqa: T201
            return 1
        content = {"estimator": analyser.source, "mos": {name: round(mos or 0.0, 4) for name, mos in found.items()}}
        FILE.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    result = drift()
    for one in result.scores:
        print(f"{one.signal:32}{one.pinned:8.4f}{one.here if one.here is not None else float('nan'):8.4f}")  # noqa: T201
    print(f"pinned for {result.pinned_for}, here {result.here}; worst {result.worst:.4f} MOS")  # noqa: T201
    return 1 if result.alarming else 0


if __name__ == "__main__":
    sys.exit(main())

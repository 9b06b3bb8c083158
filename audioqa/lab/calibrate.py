"""Fits the maps from the estimators' own scales to the narrowband-context MOS scale, and prints what they rest on.

``python -m audioqa.lab.calibrate [ESTIMATOR...]`` passes real speech through every condition of `audioqa.lab.anchors`,
averages the raw scores of each condition, and fits a rising map from the averages to the E-model's MOS. It writes
models/calibration/<estimator>-narrowband.json. The speech is that of the tuning speakers; rated material is never used.

The fit is isotonic (`audioqa.perceptual.isotonic`) with every condition counting once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import Resampler
from audioqa.lab.anchors import LEVEL, RATE, Anchor, anchors
from audioqa.lab.corpus import calls
from audioqa.level import STEP, SpeechLevelMeter
from audioqa.perceptual.calibration import Calibration, calibrated_identity, calibration_folder
from audioqa.perceptual.estimator import RATE as ESTIMATOR_RATE
from audioqa.perceptual.estimator import Estimator
from audioqa.perceptual.isotonic import GAP, rising_map
from audioqa.perceptual.loading import ESTIMATORS, load_estimator
from audioqa.types import ActiveLevel

CLIPS = 12
"""Clips of each corpus."""

CLIP = 8.0
"""Seconds of a clip: one window of an estimator."""

CORPORA = ("so762", "intent")
"""Read English with some room, and close, quiet English: teachers rate them half a point apart."""

SEED = 20

_CEILING = 4.5  # the highest MOS of the narrowband E-model


@dataclass(frozen=True)
class Condition:
    """What an estimator says of a condition.

    Parameters
    ----------
    anchor
        The condition and its MOS by the E-model.
    scores
        Raw score of each clip.
    """

    anchor: Anchor
    scores: tuple[float, ...]

    @property
    def raw(self) -> float:
        """Average raw score over the clips."""
        return float(np.mean(self.scores))


def clips() -> list[NDArray[np.float32]]:
    """Clean clips of `CLIP` seconds at 8 kHz, as many of each corpus, one for each speaker where speakers are known."""
    found: dict[str, list[NDArray[np.float32]]] = {corpus: [] for corpus in CORPORA}
    taken: set[str] = set()
    for call in calls("tune", seconds=CLIP):
        same = call.speaker in taken and call.speaker != "unknown"
        if call.corpus not in found or same or call.clipped or len(call.samples) < CLIP * RATE:
            continue
        if len(found[call.corpus]) < CLIPS:
            taken.add(call.speaker)
            found[call.corpus].append(_at_nominal_level(call.samples[: round(CLIP * RATE)]))
    return [clip for corpus in CORPORA for clip in found[corpus]]


def measure(estimator: Estimator, speech: Sequence[NDArray[np.float32]]) -> list[Condition]:
    """Score every condition.

    Parameters
    ----------
    estimator
        The estimator.
    speech
        Clips at 8 kHz, float32, shape ``(n,)`` each.
    """
    conditions = []
    for number, anchor in enumerate(anchors()):
        scores = []
        for index, clip in enumerate(speech):
            impaired = anchor.impair(clip, np.random.default_rng((SEED, number, index)))
            window = Resampler(RATE, ESTIMATOR_RATE, channels=1).push(impaired[:, None], last=True)[:, 0]
            scores.append(estimator.score(window[None])[0].mos)
        conditions.append(Condition(anchor, tuple(scores)))
    return conditions


def fit(conditions: Sequence[Condition]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Knots of the map, closed at raw 1 and raw 5.

    Parameters
    ----------
    conditions
        At least one.
    """
    raw, mos = np.array([c.raw for c in conditions]), np.array([c.anchor.mos for c in conditions])
    return rising_map(raw, mos, ceiling=_CEILING)


def calibration(name: str, identity: str, conditions: Sequence[Condition]) -> Calibration:
    """Fit the map of an estimator.

    Its residual is that of single clips, cross-validated: the clips of a condition are mapped by the fit to all other
    conditions.

    Parameters
    ----------
    name
        Name of the estimator.
    identity
        Its identity.
    conditions
        At least two.
    """
    errors = []
    for left_out in conditions:
        x, y = fit([condition for condition in conditions if condition is not left_out])
        map_ = Calibration("", "", "narrowband", x, y, 0.0)
        errors += [map_.apply(score) - left_out.anchor.mos for score in left_out.scores]
    x, y = fit(conditions)
    return Calibration(f"{name}-narrowband-1", identity, "narrowband", x, y, round(rms(errors), 3))


def rms(values: Sequence[float]) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def _at_nominal_level(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    meter = SpeechLevelMeter()
    points = np.abs(samples[: len(samples) // 20 * 20].astype(np.float64)).reshape(-1, round(STEP * RATE))
    meter.push(points.mean(axis=1), np.square(points).mean(axis=1))
    level = meter.level()
    assert isinstance(level, ActiveLevel)  # noqa: S101 - it is speech
    return (samples * 10 ** ((LEVEL - level.level) / 20)).astype(np.float32)


def as_json(fitted: Calibration, conditions: Sequence[Condition], speech: Sequence[NDArray[np.float32]]) -> str:
    """The map and what it rests on, as it is kept in models/calibration; the clips by the digest of their samples."""
    content = {
        "name": fitted.name,
        "estimator": fitted.estimator,
        "context": fitted.context,
        "knots_x": fitted.knots_x,
        "knots_y": fitted.knots_y,
        "residual": fitted.residual,
        "provenance": {
            "made_by": "python -m audioqa.lab.calibrate",
            "speech": f"{CLIPS} clips of {CLIP:g} s each of {' and '.join(CORPORA)}, tuning speakers, {LEVEL:g} dBov",
            "speech_sha256": hashlib.sha256(b"".join(clip.tobytes() for clip in speech)).hexdigest(),
            "seed": SEED,
            "least_gap": GAP,
            "condition_rmse_in_sample": round(rms([fitted.apply(c.raw) - c.anchor.mos for c in conditions]), 3),
            "conditions": [
                {
                    "name": c.anchor.name,
                    "clips": len(c.scores),
                    "raw": round(c.raw, 3),
                    "e_model": round(c.anchor.mos, 3),
                }
                for c in conditions
            ],
        },
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def table(fitted: Calibration, conditions: Sequence[Condition]) -> str:
    """What each condition scores, and what the fit leaves over."""
    lines = [f"{'condition':24}{'raw':>7}{'spread':>8}{'E-model':>9}{'mapped':>8}"]
    for c in sorted(conditions, key=lambda condition: condition.raw):
        spread = np.std(c.scores, ddof=1)
        lines.append(f"{c.anchor.name:24}{c.raw:7.2f}{spread:8.2f}{c.anchor.mos:9.2f}{fitted.apply(c.raw):8.2f}")
    seen = rms([fitted.apply(c.raw) - c.anchor.mos for c in conditions])
    lines.append(f"RMSE of the condition averages: {seen:.3f} in sample")
    lines.append(f"RMSE of single clips: {fitted.residual:.3f} cross-validated over conditions")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, print and save."""
    parser = argparse.ArgumentParser(prog="python -m audioqa.lab.calibrate", description=__doc__)
    parser.add_argument("estimators", nargs="*", metavar="ESTIMATOR", help=" or ".join(ESTIMATORS) + "; all where none")
    names: list[str] = parser.parse_args(arguments).estimators or list(ESTIMATORS)
    speech = clips()
    if len(speech) < CLIPS * len(CORPORA):
        print(f"only {len(speech)} clips of real speech: set AUDIOQA_DATA to the folder of real audio", file=sys.stderr)  # noqa: T201
        return 1
    folder = calibration_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        estimator = load_estimator(name)
        conditions = measure(estimator, speech)
        fitted = calibration(name, calibrated_identity(estimator), conditions)
        (folder / f"{name}-narrowband.json").write_text(as_json(fitted, conditions, speech), encoding="utf-8")
        print(f"{estimator.identity}, {len(speech)} clips a condition\n{table(fitted, conditions)}\n")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())

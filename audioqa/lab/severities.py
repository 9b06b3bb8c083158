"""How strong an impairment must be before listeners object: ``python -m audioqa.lab.severities``.

Writes docs/severities.md. It was written before any detector was tuned, so that what a detector must find does not
follow from what it finds. Each severity has one of three sources: the E-model, for what it rates (the point where MOS
falls by 0.3 from clean G.711); PESQ against the clean speech, for what PESQ hears (the median point over tuning
speakers where it falls by 0.3); or what is in use, with its name. 0.3 MOS is about what separates two of the bands
that contact centres use.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.codecs import transcode
from audioqa.lab.corpus import RATE, calls
from audioqa.lab.simulator import effects
from audioqa.lab.simulator.condition import Fill, Loss
from audioqa.lab.simulator.network import filled, lost_packets
from audioqa.perceptual.emodel import EModel

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "severities.md"

FALL = 0.3
"""MOS."""

SECONDS = 9.0
CLIPS = 14
NOMINAL = -26.0

Samples = NDArray[np.float32]
Change = Callable[[Samples, float, np.random.Generator], Samples]

_NOISE = 3.65  # dBm0p of white noise in the telephone band at 0 dBov: 6.15 dBm0, less 2.5 dB of psophometric weight
_HUM = -1.85  # of hum with harmonics to 1 kHz: 6.15 dBm0, less 8 dB


@dataclass(frozen=True)
class Severity:
    """One row.

    Parameters
    ----------
    impairment, severity, source
        In words and figures.
    """

    impairment: str
    severity: str
    source: str


def severities() -> Iterator[Severity]:
    """Every row, in the order of the page."""
    yield from _by_the_model()
    yield from _by_pesq()
    yield from IN_USE


IN_USE: tuple[Severity, ...] = (
    Severity(
        "parties unbalanced",
        "12 dB between the parties",
        "judgement: between the 8 dB of too quiet and the 14 dB of too loud",
    ),
    Severity("level jump", "10 dB within a second, kept for 2 s", "judgement: well beyond what a steady talker does"),
    Severity(
        "one-way audio", "20 s and more", "judgement: no threshold is published, and by then a caller has hung up"
    ),
    Severity("echo delay", "30 to 500 ms", "below 30 ms it is sidetone (G.131)"),
    Severity("double talk", "both parties for 1 s", "overlaps below that are turn-taking and back-channels"),
    Severity("front-end clipping", "see PESQ above; the event begins with the first cut word", "PESQ"),
    Severity("abrupt end, delayed start", "any word cut by the edge of the call", "heard as a dropped call"),
    Severity("DC offset", "1 % of full scale", "a figure, not an event: it is not heard until it takes headroom"),
    Severity("tones, DTMF", "100 ms for a key (Q.24: at least 40 ms), one burst of a tone", "ITU-T Q.24, E.180"),
    Severity("hold music", "2 s and more", "shorter is not held music"),
    Severity("copied or shifted legs", "correlation .9 over the call", "judgement"),
    Severity("drift between legs", "50 ppm over ten minutes", "judgement: 30 ms, more than a packet"),
)
"""Severities that are in use or follow from others."""


def _by_the_model() -> Iterator[Severity]:
    clean = EModel().rating().mos

    def least(of: Callable[[float], EModel], low: float, high: float) -> float:
        """The figure between `low` (harmless) and `high` where the fall is reached."""
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if of(middle).rating().mos < clean - FALL else (middle, high)
        return high

    source = f"E-model (G.107): MOS {clean:.2f} falls by {FALL}"
    snr = least(lambda s: EModel(nc=NOMINAL - s + _NOISE), 60, 0)
    yield Severity("background noise", f"{snr:.0f} dB below the speech", source + ", circuit noise, psophometric")
    hum = least(lambda s: EModel(nc=NOMINAL - s + _HUM), 60, 0)
    yield Severity("hum", f"{hum:.0f} dB below the speech", source + ", weighted as hum to 1 kHz is")
    quiet = least(lambda x: EModel(slr=8 + x), 0, 40)
    yield Severity("too quiet", f"{NOMINAL - quiet:.0f} dBov ({quiet:.0f} dB below nominal)", source + ", SLR")
    loud = least(lambda x: EModel(slr=8 - x), 0, 20)
    yield Severity("too loud", f"{NOMINAL + loud:.0f} dBov ({loud:.0f} dB above nominal)", source + ", SLR")
    for delay in (50, 100, 200, 400):
        telr = least(lambda x, d=delay: EModel(telr=x, t=d / 2), 70, 0)  # type: ignore[misc]
        yield Severity(
            f"echo after {delay} ms", f"{telr - 20:.0f} dB below what is echoed (TELR {telr:.0f} dB)", source + ", TELR"
        )


def _by_pesq() -> Iterator[Severity]:
    speech = _clips()
    if not speech:
        return
    rows: Sequence[tuple[str, Change, float, float, str]] = (
        ("clipping", lambda x, s, _: effects.overloaded(x, s), 0.0, 30.0, "{:.0f} dB of the peak cut off"),
        ("clicks", lambda x, s, r: effects.clicked(x, RATE, s, r)[0], 0.0, 20.0, "{:.1f} a second"),
        ("muffled", lambda x, s, _: effects.lowpassed(x, RATE, 4000 - s), 0.0, 3500.0, "{:.0f} Hz off 4 kHz"),
        ("gain pumping", lambda x, s, _: effects.pumped(x, RATE, s), 0.0, 30.0, "{:.0f} dB"),
        ("front-end clipping", _front, 0.0, 300.0, "{:.0f} ms of every utterance"),
        ("loss, zeros", _loss("zero"), 0.0, 20.0, "{:.1f} % of packets of 20 ms"),
        ("loss, repeated packets", _loss("repeat"), 0.0, 20.0, "{:.1f} % of packets of 20 ms"),
        ("loss, Appendix I", _loss("appendix-i"), 0.0, 20.0, "{:.1f} % of packets of 20 ms"),
        ("suppressor, gate", lambda x, s, _: effects.gated(x, RATE, s), 0.0, 1.0, "strength {:.2f} of the simulator"),
    )
    for name, change, low, high, words in rows:
        found = [least for clip in speech if (least := _least(clip, change, low, high)) is not None]
        if len(found) * 2 < len(speech):
            yield Severity(name, "not reached within the simulator's range", f"PESQ, {len(speech)} speakers")
            continue
        middle, spread = float(np.median(found)), np.percentile(found, [25, 75])
        heard = f"PESQ falls by {FALL}: median of {len(found)} of {len(speech)} tuning speakers, quartiles"
        yield Severity(name, words.format(middle), f"{heard} {spread[0]:.3g} and {spread[1]:.3g}")


def _clips() -> list[Samples]:
    """9 s of speech from as many tuning speakers, at the nominal level."""
    found: dict[str, Samples] = {}
    for call in islice(calls("tune"), 400):
        if not call.clipped and len(call.samples) > SECONDS * RATE and len(found) < CLIPS:
            key = f"{call.corpus}/{call.speaker}"
            found.setdefault(key, effects.at_level(call.samples[: round(SECONDS * RATE)], RATE, NOMINAL))
    return list(found.values())


def _least(clip: Samples, change: Change, low: float, high: float) -> float | None:
    """The least severity at which PESQ through G.711 has fallen; None where even the greatest does not do it."""
    clean = _pesq(clip, transcode(clip, RATE, "ulaw"))

    def fell(severity: float) -> bool:
        changed = change(clip, severity, np.random.default_rng(3))
        return _pesq(clip, transcode(changed.astype(np.float32), RATE, "ulaw")) < clean - FALL

    if not fell(high):
        return None
    for _ in range(8):
        middle = (low + high) / 2
        low, high = (low, middle) if fell(middle) else (middle, high)
    return high


def _pesq(reference: Samples, degraded: Samples) -> float:
    from pesq import pesq

    return float(pesq(RATE, reference, degraded[: len(reference)], "nb"))


def _front(samples: Samples, milliseconds: float, _: np.random.Generator) -> Samples:
    return effects.onset_clipped(samples, effects.speech_mask(samples, RATE), RATE, milliseconds)


def _loss(fill: Fill) -> Change:
    def change(samples: Samples, percent: float, rng: np.random.Generator) -> Samples:
        lost = lost_packets(-(-len(samples) // 160), percent, 0.0, rng)
        return filled(samples, RATE, lost, Loss(percent, 0.0, 20, fill), rng)

    return change


_HEAD = """\
# How strong an impairment must be before listeners object

Written by `python -m audioqa.lab.severities` before any detector was tuned; do not edit. At these severities and beyond
a detector must find the impairment (docs/lab.md says how often it does). 0.3 MOS is about what separates two of the
bands that contact centres use.

| impairment | severity | source |
| --- | --- | --- |
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the page and write it."""
    parser = argparse.ArgumentParser(
        prog="python -m audioqa.lab.severities", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--write", type=Path, default=DOCUMENT, help="where the page goes (default docs/severities.md)")
    options = parser.parse_args(arguments)
    rows = [f"| {row.impairment} | {row.severity} | {row.source} |" for row in severities()]
    text = _HEAD + "\n".join(rows) + "\n"
    print(text)  # noqa: T201
    options.write.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Draws conditions: what calls are like, from nearly clean to ruined, one impairment or several at once.

Every draw is made from one seed. `UNSEEN` lists the kinds that no training clip has: they show how an estimator does on
what it was never taught.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from audioqa.lab.codecs import AMR_RATES, CONCEALING_CODECS
from audioqa.lab.simulator.condition import Band, Condition, Fill, Loss, Noise

G711 = ("ulaw", "alaw")
NARROW = (
    *G711,
    "g726-16",
    "g726-24",
    "g726-32",
    "g726-40",
    "g729",
    "g723.1",
    "gsm",
    *AMR_RATES,
    "opus-6k",
    "opus-8k",
    "opus-12k",
    "opus-16k",
    "opus-24k",
    "mp3-16k",
    "mp3-32k",
    "aac-16k",
)
WIDE = (
    "none",
    "g722",
    "amr-wb-6.6",
    "amr-wb-8.85",
    "amr-wb-12.65",
    "amr-wb-15.85",
    "amr-wb-23.85",
    "opus-wb-16k",
    "opus-wb-24k",
    "opus-wb-32k",
    "mp3-wb-32k",
    "aac-wb-32k",
)
CONCEALING = ("g729", "gsm", "amr-4.75", "amr-7.4", "amr-12.2", "opus-8k", "opus-12k", "opus-24k")
CONCEALING_WIDE = ("amr-wb-12.65", "amr-wb-23.85", "opus-wb-16k", "opus-wb-24k")

RECEIVED = 0.25
"""Share of narrowband calls whose band the receiving side limits once more, after noise, MNRU and codecs."""

UNSEEN = ("codec2", "speex", "ima-adpcm", "bit-errors", "robot", "reordering")
"""Kinds of conditions that are kept for testing."""

FAMILIES: dict[str, float] = {
    "clean": 5,
    "codec": 14,
    "tandem": 5,
    "loss": 18,
    "noise": 15,
    "hum": 4,
    "mnru": 6,
    "noise and mnru": 6,
    "overload": 6,
    "room": 5,
    "band": 4,
    "level": 5,
    "suppressor": 5,
    "pumping": 2,
    "onset": 2,
    "echo": 4,
    "jitter": 4,
    "gaps": 4,
    "clicks": 2,
    "unusual": 4,
    "mixed": 34,
}
"""Families and how often they are drawn."""


def draw(rng: np.random.Generator, noises: Sequence[str], *, family: str = "") -> Condition:
    """One condition.

    Parameters
    ----------
    rng
        Source of chance.
    noises
        Kinds of recorded noise.
    family
        One of `FAMILIES`; drawn where empty.
    """
    if not family:
        names = list(FAMILIES)
        weights = np.array(list(FAMILIES.values()))
        family = str(rng.choice(names, p=weights / weights.sum()))
    base = _base(rng, family)
    if family == "mixed":
        weights = np.array([FAMILIES[name] for name in _PARTS])
        count = int(rng.choice([2, 3, 4], p=[0.5, 0.35, 0.15]))
        for name in rng.choice(list(_PARTS), size=count, replace=False, p=weights / weights.sum()):
            base = _PARTS[str(name)](base, rng, noises)
        return _possible(base)
    if family == "clean":
        return base
    return _PARTS[family](base, rng, noises)


def draw_unseen(rng: np.random.Generator, kind: str) -> Condition:
    """A condition of one of the kinds kept for testing.

    Parameters
    ----------
    rng
        Source of chance.
    kind
        One of `UNSEEN`.
    """
    base = replace(_base(rng, kind), band="nb", codecs=(str(rng.choice(G711)),))
    match kind:
        case "codec2":
            return replace(base, codecs=("codec2-3200",))
        case "speex":
            return replace(base, codecs=(str(rng.choice(["speex-8k", "speex-15k"])),))
        case "ima-adpcm":
            return replace(base, codecs=("ima-adpcm",))
        case _:
            return replace(base, special=(kind, float(rng.uniform(0.1, 1.0))))


def _base(rng: np.random.Generator, family: str) -> Condition:
    wide = rng.random() < 0.25
    band: Band = ("8k" if rng.random() < 0.6 else "7k") if wide else ("nb" if rng.random() < 0.7 else "flat")
    return Condition(
        family=family,
        band=band,
        level=float(np.clip(rng.normal(-25, 3.5), -38, -16)),
        codecs=(str(rng.choice(["none", "g722"])),)
        if wide
        else (str(rng.choice(["ulaw", "alaw", "none"], p=[0.5, 0.35, 0.15])),),
        received=None
        if wide or rng.random() > RECEIVED
        else (float(rng.choice([0, rng.uniform(100, 300)])), float(rng.uniform(3000, 3900))),
        tilt=float(rng.uniform(0, 2)) if rng.random() < 0.5 else 0.0,
        drift=float(rng.uniform(-80, 80)) if rng.random() < 0.03 else 0.0,
        seed=int(rng.integers(2**31)),
    )


def _possible(condition: Condition) -> Condition:
    """The condition with a loss that its last codec can have: only some decoders conceal."""
    loss = condition.loss
    if loss and loss.fill == "codec" and condition.codecs[-1] not in CONCEALING_CODECS:
        return replace(condition, loss=replace(loss, fill="repeat"))
    return condition


def _wide(condition: Condition) -> bool:
    return condition.sample_rate == 16000


def _codec(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    return replace(c, codecs=(str(rng.choice(WIDE[1:] if _wide(c) else NARROW)),))


def _tandem(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    chain = [str(rng.choice(WIDE[1:] if _wide(c) else NARROW)) for _ in range(int(rng.choice([2, 3], p=[0.75, 0.25])))]
    return replace(c, codecs=tuple(chain))


def _loss(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    percent = float(np.exp(rng.uniform(np.log(0.5), np.log(30))))
    burst = 0.0 if rng.random() < 0.6 else float(rng.uniform(0.5, 0.95))
    packet = int(rng.choice([10, 20, 30, 60], p=[0.3, 0.5, 0.1, 0.1]))
    fills: list[Fill] = ["zero", "appendix-i", "codec", "repeat", "noise"]
    weights = np.array([0.34, 0.26, 0.24, 0.1, 0.06])
    if _wide(c):
        weights[1] = 0
    fill: Fill = fills[int(rng.choice(5, p=weights / weights.sum()))]
    codecs = c.codecs
    if fill == "codec":
        codecs = (str(rng.choice(CONCEALING_WIDE if _wide(c) else CONCEALING)),)
        packet = 20 if packet < 20 or packet == 30 else packet
    elif codecs[-1] not in (*G711, "none", "g722"):
        codecs = (*codecs, str(rng.choice(G711))) if not _wide(c) else codecs
    return replace(c, codecs=codecs, loss=Loss(percent, burst, packet, fill))


def _noise(c: Condition, rng: np.random.Generator, noises: Sequence[str]) -> Condition:
    kinds = ["white", "pink", "babble"]
    kind = str(rng.choice(kinds)) if rng.random() < 0.4 else str(rng.choice(list(noises)))
    return replace(c, noise=Noise(kind, float(rng.uniform(-5, 40)), bool(rng.random() < 0.12)))


def _hum(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    return replace(c, hum=(float(rng.choice([50, 60])), float(rng.uniform(0, 40))))


def _mnru(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    return replace(c, mnru=float(rng.uniform(4, 38)))


def _noise_and_mnru(c: Condition, rng: np.random.Generator, noises: Sequence[str]) -> Condition:
    return _mnru(_noise(c, rng, noises), rng, noises)


def _overload(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    return replace(c, overload=float(rng.uniform(1, 26)))


def _room(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    if rng.random() < 0.2:
        return replace(c, room=str(rng.choice(["deepfilternet_sim_rt60_0.79", "stl_meeting100", "stl_meeting50"])))
    return replace(c, rt60=float(rng.uniform(0.15, 0.9)), direct=float(rng.uniform(-8, 10)))


def _band(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    if rng.random() < 0.6:
        return replace(c, cutoff=float(np.exp(rng.uniform(np.log(700), np.log(6000 if _wide(c) else 3000)))))
    return replace(c, tilt=float(rng.uniform(3, 10)))


def _level(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    return replace(c, level=float(rng.uniform(-60, -36) if rng.random() < 0.7 else rng.uniform(-16, -8)))


def _suppressor(c: Condition, rng: np.random.Generator, noises: Sequence[str]) -> Condition:
    c = replace(c, suppressor=(str(rng.choice(["subtraction", "gate"])), float(rng.uniform(0, 1))))
    return _noise(c, rng, noises) if c.noise is None and rng.random() < 0.6 else c


def _pumping(c: Condition, rng: np.random.Generator, noises: Sequence[str]) -> Condition:
    c = replace(c, pumping=float(rng.uniform(3, 24)))
    return _noise(c, rng, noises) if c.noise is None and rng.random() < 0.4 else c


def _onset(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    return replace(c, onset=float(rng.uniform(20, 250)))


def _echo(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    return replace(c, echo=(float(np.exp(rng.uniform(np.log(30), np.log(500)))), float(rng.uniform(3, 45))))


def _jitter(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    both = rng.random()
    stretch = float(rng.uniform(0.1, 2.0)) if both < 0.7 else 0.0
    return replace(c, stretch=stretch, skips=float(rng.uniform(0.1, 3.0)) if both > 0.4 else 0.0)


def _gaps(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    return replace(c, gaps=tuple(float(rng.uniform(0.1, 1.5)) for _ in range(int(rng.integers(1, 5)))))


def _clicks(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    return replace(c, clicks=float(np.exp(rng.uniform(np.log(0.3), np.log(20)))))


def _unusual(c: Condition, rng: np.random.Generator, _: Sequence[str]) -> Condition:
    return replace(
        c, unusual=(str(rng.choice(["quantised", "aliased", "comb", "holes", "wow"])), float(rng.uniform(0, 1)))
    )


_PARTS: dict[str, Callable[[Condition, np.random.Generator, Sequence[str]], Condition]] = {
    "codec": _codec,
    "tandem": _tandem,
    "loss": _loss,
    "noise": _noise,
    "hum": _hum,
    "mnru": _mnru,
    "noise and mnru": _noise_and_mnru,
    "overload": _overload,
    "room": _room,
    "band": _band,
    "level": _level,
    "suppressor": _suppressor,
    "pumping": _pumping,
    "onset": _onset,
    "echo": _echo,
    "jitter": _jitter,
    "gaps": _gaps,
    "clicks": _clicks,
    "unusual": _unusual,
}

"""Makes one label of what teachers, PESQ, the E-model and the truth say of a clip, on the narrowband-context MOS scale.

1. Each teacher's score is taken relative to that of the same speech clean in the same band, in units of its spread over
   all training clips: teachers' absolute scores carry the voice and the microphone.
2. A weighted sum of them, with weights by kind of impairment (`WEIGHTS`), is mapped to MOS by one rising map, fitted on
   conditions whose MOS the E-model gives. What is heard as MOS is then handled as rating R, where impairments add up.
3. A regression on the condition's own figures, rising with every severity, says what the condition costs in general
   (`ConditionModel`). The mean of a condition's clips is shrunk toward it, and each clip toward that; clips without
   teachers take the regression as it is.
4. A source clip that teachers do not find clean (`LEAST`) brings a cost of its own along; such clips judge nothing.
5. Where the E-model knows an impairment it has its share (`SHARES`), from what really fell on the clip: the loss within
   speech, the noise, the level. What it does not know is taken from the regression and added.

Rated audio has no part in any of this.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.simulator.condition import Condition, Noise
from audioqa.lab.simulator.effects import UNUSUAL
from audioqa.perceptual.emodel import EModel, mos_from_r, r_from_mos

TEACHERS = ("distill", "ovrl", "sig", "bak", "plcmos", "pesq")

R0 = EModel().rating().r
"""Rating of clean G.711: 93.2."""

WIDE_BONUS = 100.0 - R0
"""Rating that clean wideband speech gains in the narrowband context, where the scale ends at 100."""

WEIGHTS: dict[str, dict[str, float]] = {
    "noise": {"ovrl": 0.4, "distill": 0.3, "bak": 0.15, "plcmos": 0.15},
    "hum": {"ovrl": 0.6, "bak": 0.2, "distill": 0.2},
    "mnru": {"distill": 0.4, "plcmos": 0.25, "pesq": 0.25, "ovrl": 0.1},
    "codec": {"distill": 0.5, "pesq": 0.35, "plcmos": 0.15},
    "loss": {"distill": 0.3, "plcmos": 0.3, "pesq": 0.4},
    "overload": {"distill": 0.4, "pesq": 0.4, "ovrl": 0.2},
    "room": {"distill": 0.5, "ovrl": 0.4, "plcmos": 0.1},
    "band": {"distill": 0.6, "pesq": 0.3, "plcmos": 0.1},
    "suppressor": {"distill": 0.4, "ovrl": 0.3, "plcmos": 0.3},
    "pumping": {"ovrl": 0.5, "distill": 0.3, "plcmos": 0.2},
    "onset": {"distill": 0.4, "plcmos": 0.4, "ovrl": 0.2},
    "echo": {"distill": 0.5, "ovrl": 0.4, "plcmos": 0.1},
    "jitter": {"distill": 0.5, "plcmos": 0.5},
    "gaps": {"distill": 0.4, "plcmos": 0.6},
    "clicks": {"distill": 0.3, "plcmos": 0.2, "ovrl": 0.2, "pesq": 0.3},
    "unusual": {"distill": 0.5, "pesq": 0.25, "plcmos": 0.15, "ovrl": 0.1},
    "special": {"distill": 0.5, "plcmos": 0.2, "pesq": 0.3},
}
"""Who is asked about what; a teacher that was not asked or has no say leaves its part to the others."""

SHARES: dict[str, float] = {
    "codec": 0.85,
    "other codec": 0.6,
    "loss": 0.85,
    "other loss": 0.5,
    "noise": 0.5,
    "mnru": 0.6,
    "hum": 0.7,
    "echo": 0.5,
    "gaps": 0.6,
}
"""Share of the E-model in the label, by impairment; 0 where it has nothing to say. A level is the E-model's alone."""

LEAST = {"distill": 2.6, "ovrl": 2.6, "bak": 3.4}
"""Scores of a source clip through clean G.711 below which it is not clean: about the lowest seventh of speechocean762."""

OWN = 0.4
"""What a single clip's teachers count against what its condition costs."""

CLIPS_WORTH = 1.0
"""Clips of a condition that the regression is worth: on conditions that it never saw it errs by 9 of rating R, which is
also what the clips of one condition scatter by."""

IE: dict[str, float] = {
    "none": 0, "ulaw": 0, "alaw": 0,
    "g726-40": 2, "g726-32": 7, "g726-24": 25, "g726-16": 50, "g729": 10, "g723.1": 15, "gsm": 20,
}  # fmt: skip
"""Equipment impairment by ITU-T G.113."""

PROXY_IE: dict[str, float] = {
    "amr-4.75": 21.3, "amr-5.15": 19.5, "amr-5.9": 16.5, "amr-6.7": 13.7, "amr-7.4": 11.6, "amr-7.95": 10.1,
    "amr-10.2": 6.0, "amr-12.2": 5.0,
    "g722": 13 / 1.29, "amr-wb-6.6": 41 / 1.29, "amr-wb-8.85": 26 / 1.29, "amr-wb-12.65": 13 / 1.29,
    "amr-wb-15.85": 7 / 1.29, "amr-wb-23.85": 8 / 1.29,
}  # fmt: skip
"""Implied by published delay budgets (AMR), or by G.107.1 on its longer scale (wideband, of 129)."""

ROBUSTNESS = {"zero": 4.3, "noise": 4.3, "appendix-i": 25.1, "repeat": 12.0, "codec": 16.0}
"""Bpl: G.113 for none and for Appendix I of G.711, and about that of G.729A (19) and EFR (10) for decoders' own; a repeated
packet is put between (judgement)."""

NOMINAL = -26.0
"""dBov: active level of telephone speech, at which noise is compared with speech."""

_PSOPHOMETRIC = 6.15 - 2.5  # dBm0 of 0 dBov, and the weighting of noise within the telephone band
_HUM = 6.15 - 8.0  # hum up to 1 kHz lies mostly where the telephone and the ear take little

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """The clips of one part, as `label.py` stored them."""

    features: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    scores: NDArray[np.float64]
    conditions: list[Condition]
    truths: list[Mapping[str, float]]
    clips: list[str]
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.clips)


def load_part(folder: Path, part: str) -> Part:
    """Read every shard of a part that is there.

    Parameters
    ----------
    folder, part
        As given to ``label.py``.
    """
    columns: dict[str, list[NDArray[np.generic]]] = {}
    for path in sorted((folder / part).glob("[0-9]*.npz")):
        if path.name.endswith(".part.npz"):
            continue
        with np.load(path) as shard:
            for key in shard.files:
                columns.setdefault(key, []).append(shard[key])
    joined = {key: np.concatenate(pieces) for key, pieces in columns.items()}
    return Part(
        features=joined["features"],
        kind=joined["kind"],
        scores=joined["scores"].astype(np.float64),
        conditions=[Condition.from_json(str(text)) for text in joined["condition"]],
        truths=[ast.literal_eval(str(text)) for text in joined["truth"]],
        clips=[str(name) for name in joined["clip"]],
        groups=joined["group"].astype(np.int64),
    )


def kinds_of(c: Condition) -> list[str]:
    """The impairments of a condition, by the names of `WEIGHTS`; level and drift are none of them."""
    found = []
    if c.noise:
        found.append("noise")
    if c.hum:
        found.append("hum")
    if c.mnru is not None:
        found.append("mnru")
    if any(IE.get(codec, 1) for codec in c.codecs):
        found.append("codec")
    if c.loss:
        found.append("loss")
    if c.overload:
        found.append("overload")
    if c.room or c.rt60:
        found.append("room")
    if c.cutoff or c.tilt > 2:
        found.append("band")
    for name in ("pumping", "onset", "clicks", "suppressor", "echo", "gaps", "unusual", "special"):
        if getattr(c, name):
            found.append(name)
    if c.stretch or c.skips:
        found.append("jitter")
    return found


def e_model(c: Condition, truth: Mapping[str, float], *, only: Sequence[str] | None = None) -> float:
    """Rating R of the impairments that the E-model knows, as they fell on this clip.

    Parameters
    ----------
    c, truth
        The condition and what was measured of it.
    only
        Count these alone, of ``noise``, ``hum``, ``mnru``, ``codec``, ``loss``, ``level``, ``echo``, ``gaps``.
    """

    def counts(name: str) -> bool:
        return only is None or name in only

    noise = 10 ** (-70 / 10)
    if c.noise and counts("noise"):
        noise += 10 ** ((c.level - truth["snr"] + _PSOPHOMETRIC - 3 * c.noise.bursts) / 10)
    if c.hum and counts("hum"):
        noise += 10 ** ((c.level - truth["hum"] + _HUM) / 10)
    ie = sum(IE.get(codec, PROXY_IE.get(codec, 0.0)) for codec in c.codecs) if counts("codec") else 0.0
    lost = truth["loss"] if c.loss and counts("loss") else 0.0
    model = EModel(
        slr=8.0 + (max(-4.0, -26.0 - c.level) if counts("level") else 0.0),
        nc=10 * np.log10(noise),
        qdu=max(1.0, 10 ** ((37 - truth["mnru"]) / 15)) if c.mnru is not None and counts("mnru") else 1.0,
        ie=min(ie, 90.0),
        ppl=min(lost, 100.0),
        bpl=ROBUSTNESS[c.loss.fill] if c.loss else 4.3,
        burst_r=truth["burst_ratio"] if lost else 1.0,
        telr=c.echo[1] + 20 if c.echo and counts("echo") else 65.0,
        t=c.echo[0] / 2 if c.echo and counts("echo") else 0.0,
    )
    missing = 100 * truth["missing"] / 9.0 if c.gaps and counts("gaps") else 0.0
    return float(model.rating().r - 95 * missing / (missing + 12))


def is_permitted(c: Condition, kind: str) -> bool:
    """Whether an impairment lies within the ranges that G.107 (Table 2) permits: Nc up to -40 dBm0p, qdu up to 14."""
    if kind == "noise" and c.noise:
        return NOMINAL - c.noise.snr + _PSOPHOMETRIC <= -40.0
    if kind == "mnru" and c.mnru is not None:
        return c.mnru >= 37 - 15 * np.log10(14)
    return True


def share_of(c: Condition) -> float:
    """Share of the E-model in the label of a condition: the mean over its impairments; 1 where there are none."""
    if not is_known(c):
        return 0.0
    shares = []
    for kind in kinds_of(c):
        if not is_permitted(c, kind):
            shares.append(0.0)
            continue
        if kind == "loss" and c.loss:
            plain = c.loss.fill in ("zero", "appendix-i") and not any(IE.get(x, 1) for x in c.codecs)
            shares.append(SHARES["loss"] if plain else SHARES["other loss"])
        elif kind == "codec":
            alone = len(c.codecs) == 1 and c.codecs[0] in IE
            rated = all(codec in IE or codec in PROXY_IE for codec in c.codecs)
            shares.append(SHARES["codec"] if alone else SHARES["other codec"] if rated else 0.0)
        else:
            shares.append(SHARES.get(kind, 0.0))
    return float(np.mean(shares)) if shares else 1.0


# --- what the teachers say -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TeacherScale:
    """From teachers' scores to a rating: the spread of each, and the rising map from the weighted sum to MOS."""

    spread: Mapping[str, float]
    knots_z: Floats
    knots_mos: Floats

    def rating(self, z: Floats) -> Floats:
        """Rating R of weighted sums, clean narrowband speech being `R0`."""
        mos = np.interp(z, self.knots_z, self.knots_mos)
        return np.array([r_from_mos(min(max(float(m), 1.0), 4.5)) for m in mos])


def relative(part: Part, twins: Mapping[tuple[str, bool], Floats]) -> Floats:
    """Scores less those of the clean twin, shape (clips, teachers); PESQ less what clean speech gets."""
    out = np.full(part.scores.shape, np.nan)
    for i, (name, c) in enumerate(zip(part.clips, part.conditions, strict=True)):
        wide = c.sample_rate == 16000
        twin = twins.get((name, wide))
        if twin is not None:
            out[i] = part.scores[i] - twin
        out[i, TEACHERS.index("pesq")] = part.scores[i, TEACHERS.index("pesq")] - (4.64 if wide else 4.4)
    return out


def twin_scores(twins: Part) -> dict[tuple[str, bool], Floats]:
    """Scores of the clean clips by name and whether they are wideband."""
    return {
        (name, c.sample_rate == 16000): scores
        for name, c, scores in zip(twins.clips, twins.conditions, twins.scores, strict=True)
    }


def source_costs(part: Part, twins: Mapping[tuple[str, bool], Floats], scale: TeacherScale) -> Floats:
    """Rating that the source clip itself lacks: 0 where it is clean or not known, float64, shape (n,)."""
    known = np.array([scores for (_, wide), scores in twins.items() if not wide])
    middle = np.nanmedian(known, axis=0)
    noisy = [Condition("noise", noise=Noise("source", 0))]
    out = np.zeros(len(part))
    for i, name in enumerate(part.clips):
        twin = twins.get((name, False))
        if twin is not None and not is_clean(twin):
            z = weighted((twin - middle)[None], noisy, scale.spread)
            out[i] = max(0.0, R0 - float(scale.rating(z)[0]))
    return out


def is_clean(twin: Floats) -> bool:
    """Whether a source clip counts as clean, by its scores through clean G.711."""
    return all(twin[TEACHERS.index(name)] >= least for name, least in LEAST.items())


def weighted(deltas: Floats, conditions: Sequence[Condition], spread: Mapping[str, float]) -> Floats:
    """The weighted sum of each clip; NaN where no teacher had a say."""
    out = np.full(len(conditions), np.nan)
    for i, c in enumerate(conditions):
        kinds = kinds_of(c)
        weight = dict.fromkeys(TEACHERS, 0.0)
        for kind in kinds or ["codec"]:
            for name, value in WEIGHTS[kind].items():
                weight[name] += value
        if abs(c.level + 26) > 10 or c.gaps:  # DNSMOS hears level, which is the E-model's part
            weight["ovrl"] = weight["bak"] = 0.0
        total = summed = 0.0
        for j, name in enumerate(TEACHERS):
            if weight[name] and np.isfinite(deltas[i, j]):
                summed += weight[name] * deltas[i, j] / spread[name]
                total += weight[name]
        if total > 0:
            out[i] = summed / total
    return out


def fit_scale(train: Part, deltas: Floats) -> TeacherScale:
    """Spreads over the training clips, and the map on anchored conditions by pooling adjacent violators."""
    from sklearn.isotonic import IsotonicRegression

    spread = {name: float(np.nanstd(deltas[:, j])) for j, name in enumerate(TEACHERS)}
    z = weighted(deltas, train.conditions, spread)
    anchored = np.array([is_anchor(c) for c in train.conditions])
    mos = np.array([mos_from_r(e_model(c, t)) for c, t in zip(train.conditions, train.truths, strict=True)])
    groups = np.unique(train.groups[anchored & np.isfinite(z)])
    points = np.array(
        [[np.nanmean(z[train.groups == g]), np.mean(mos[train.groups == g])] for g in groups]
        + [[0.0, mos_from_r(R0)]] * 40
    )
    fitted = IsotonicRegression(y_min=1.0, y_max=mos_from_r(R0), out_of_bounds="clip").fit(points[:, 0], points[:, 1])
    knots = np.linspace(points[:, 0].min(), 0.05, 40)
    smooth = np.convolve(np.pad(fitted.predict(knots), 2, mode="edge"), np.full(5, 0.2), mode="valid")
    return TeacherScale(spread, knots, np.maximum.accumulate(smooth))


def is_anchor(c: Condition) -> bool:
    """One impairment alone on which teachers and the E-model agree in kind: a codec of G.113, concealed loss on G.711,
    steady noise, MNRU.

    Loss filled with zeros is none: the E-model is up to 1.2 MOS stricter on it than on anything else that teachers rate
    alike, and would draw the map down for all of that. It has its share in the label of such loss anyway.
    """
    kinds = kinds_of(c)
    if c.sample_rate != 8000 or abs(c.level + 26) > 8:
        return False
    if kinds == ["codec"]:
        return len(c.codecs) == 1 and c.codecs[0] in IE
    if kinds == ["loss"] and c.loss:
        return c.loss.fill == "appendix-i" and c.loss.burst == 0
    if kinds == ["noise"] and c.noise:
        return not c.noise.bursts and is_permitted(c, "noise")
    return not kinds or kinds == ["mnru"]


# --- what a condition costs in general -------------------------------------------------------------------------------

_FILL_HARM = {"zero": 3, "noise": 2, "repeat": 1, "appendix-i": 0, "codec": 0}

# Column, and whether the rating falls (-1) or rises (+1) with it; 0 where neither is known.
_COLUMNS = (
    ("wide", 0), ("snr", 1), ("bursts", 0), ("babble", 0), ("recorded", 0), ("hum", 1), ("mnru", 1), ("ie", -1),
    ("codec", 0), ("codecs", -1), ("loss", -1), ("burst", 0), ("packet", 0), ("fill", -1), ("clipped", -1),
    ("overload", -1), ("rt60", -1), ("direct", 1), ("cutoff", 1), ("tilt", -1), ("subtraction", -1), ("gate", -1),
    ("pumping", -1), ("onset", -1), ("echo delay", -1), ("echo loss", 1), ("stretch", -1), ("skips", -1), ("missing", -1),
    ("clicks", -1), ("special", 0), ("received", 1), ("quantised", -1), ("aliased", -1), ("comb", -1), ("holes", -1),
    ("wow", -1),
)  # fmt: skip

_CODEC_ORDER = sorted({*IE, *PROXY_IE, "opus-6k", "opus-8k", "opus-12k", "opus-16k", "opus-24k", "mp3-8k", "mp3-16k",
    "mp3-32k", "aac-16k", "opus-wb-16k", "opus-wb-24k", "opus-wb-32k", "mp3-wb-32k", "aac-wb-32k"})  # fmt: skip


def condition_row(c: Condition, truth: Mapping[str, float]) -> list[float]:
    """The figures of a condition that `ConditionModel` sees, in the order of its columns."""
    noise, loss = c.noise, c.loss
    kind = "" if noise is None else noise.kind
    suppressor = c.suppressor or ("", 0.0)
    rt60 = 0.5 if c.room else c.rt60
    worst = max(c.codecs, key=lambda x: IE.get(x, PROXY_IE.get(x, 8.0)), default="none")
    return [
        float(c.sample_rate == 16000), noise.snr if noise else 60.0, float(bool(noise and noise.bursts)),
        float(kind == "babble"), float(kind not in ("", "babble", "white", "pink")), c.hum[1] if c.hum else 60.0,
        c.mnru if c.mnru is not None else 45.0, sum(IE.get(x, PROXY_IE.get(x, 0.0)) for x in c.codecs),
        float(_CODEC_ORDER.index(worst)) if worst in _CODEC_ORDER else -1.0,
        float(sum(IE.get(x, 1) > 0 for x in c.codecs)), truth["loss"] if loss else 0.0,
        truth["burst_ratio"] if loss else 1.0, float(loss.packet) if loss else 0.0,
        float(_FILL_HARM[loss.fill]) if loss else 0.0, truth["clipped"], c.overload, rt60,
        (0.0 if c.room else c.direct) if rt60 else 20.0, c.cutoff or 8000.0, max(0.0, c.tilt - 2),
        suppressor[1] + 0.1 if suppressor[0] == "subtraction" else 0.0,
        suppressor[1] + 0.1 if suppressor[0] == "gate" else 0.0, c.pumping, c.onset, c.echo[0] if c.echo else 0.0,
        c.echo[1] if c.echo else 60.0, c.stretch, c.skips, truth["missing"], c.clicks, float(bool(c.special)),
        c.received[1] if c.received else 4000.0,
        *(c.unusual[1] + 0.1 if c.unusual and c.unusual[0] == name else 0.0 for name in UNUSUAL),
    ]  # fmt: skip


class ConditionModel:
    """What a condition costs, learnt from the teachers' ratings of many clips: trees that fall with every severity."""

    def __init__(self, conditions: Sequence[Condition], truths: Sequence[Mapping[str, float]], ratings: Floats) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor

        rows = np.array([condition_row(c, t) for c, t in zip(conditions, truths, strict=True)])
        usable = np.isfinite(ratings)
        self._trees = HistGradientBoostingRegressor(
            max_iter=400,
            learning_rate=0.06,
            min_samples_leaf=15,
            l2_regularization=1.0,
            monotonic_cst=[sign for _, sign in _COLUMNS],
            categorical_features=[[name for name, _ in _COLUMNS].index("codec")],
            random_state=0,
        ).fit(rows[usable], ratings[usable])
        # Clean speech costs nothing, in either band.
        self._clean = {
            flag: float(self._trees.predict([condition_row(_clean(flag), _NOTHING)])[0]) for flag in (False, True)
        }
        self.residual = float(np.std(ratings[usable] - self._trees.predict(rows[usable])))

    def clean(self, wide: bool) -> float:
        """Rating of clean speech as the teachers' map gives it: somewhat below the top, for what varies can only fall."""
        return self._clean[wide]

    def cost(self, conditions: Sequence[Condition], truths: Sequence[Mapping[str, float]]) -> Floats:
        """Rating lost, at least 0, float64, shape (n,)."""
        rows = np.array([condition_row(c, t) for c, t in zip(conditions, truths, strict=True)])
        clean = np.array([self._clean[c.sample_rate == 16000] for c in conditions])
        return np.asarray(np.maximum(0.0, clean - self._trees.predict(rows)))


_NOTHING = {"loss": 0.0, "burst_ratio": 1.0, "clipped": 0.0, "missing": 0.0, "snr": 99.0, "hum": 99.0, "mnru": 99.0}


def _clean(wide: bool) -> Condition:
    return Condition("clean", "8k", codecs=("none",)) if wide else Condition("clean")


# --- the label -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Labels:
    """What is learnt: float64, shape (n,) each, dimensions (n, 4); `teachers` is the rating that they miss."""

    narrow: Floats
    wide: Floats
    dimensions: Floats
    teachers: Floats


def combine(part: Part, deltas: Floats, scale: TeacherScale, model: ConditionModel, sources: Floats) -> Labels:
    """The labels of a part.

    Parameters
    ----------
    part
        The clips.
    deltas
        Relative scores of its clips; all NaN where they had no teachers.
    scale, model
        Fitted on the training part.
    sources
        From `source_costs`.
    """
    n = len(part)
    z = weighted(deltas, part.conditions, scale.spread)
    heard = np.isfinite(deltas[:, TEACHERS.index("distill")])
    own = np.array([model.clean(c.sample_rate == 16000) for c in part.conditions])
    own = own - scale.rating(np.where(np.isfinite(z), z, 0.0))
    unheard = np.array([not is_known(c) for c in part.conditions])
    worth = np.where(unheard, 0.0, CLIPS_WORTH)
    general = _shared(part.groups, own, model.cost(part.conditions, part.truths), heard, worth)
    taught = np.where(heard, OWN * own + (1 - OWN) * general, general)

    unknown = [_without_anchored(c) for c in part.conditions]
    beside = model.cost(unknown, [{**t, "loss": 0.0, "burst_ratio": 1.0, "missing": 0.0} for t in part.truths])
    level = np.array([R0 - e_model(c, t, only=("level",)) for c, t in zip(part.conditions, part.truths, strict=True)])
    known = np.array([R0 - e_model(c, t) for c, t in zip(part.conditions, part.truths, strict=True)])
    share = np.array([share_of(c) for c in part.conditions])
    wide = np.array([c.sample_rate == 16000 for c in part.conditions])
    top = R0 + np.where(wide, WIDE_BONUS, 0.0) - sources

    def mixed(scale_of: Floats) -> Floats:
        # Mixed as MOS: of many impairments at once the E-model's sum goes far below what the scale can show.
        by_model = np.array([mos_from_r(r) for r in (top - known - beside) / scale_of])
        by_teachers = np.array([mos_from_r(r) for r in (top - taught - level) / scale_of])
        return np.asarray(share * by_model + (1 - share) * by_teachers)

    # On the longer scale of G.107.1 (129 for clean wideband speech) narrowband speech keeps its rating.
    return Labels(mixed(np.ones(n)), mixed(np.where(wide, 1.0, 1.29)), _dimensions(part, model, n), own)


def is_known(c: Condition) -> bool:
    """Whether the regression has seen conditions of this kind; of those kept for testing it knows nothing."""
    return c.special is None and all(codec in _CODEC_ORDER for codec in c.codecs)


def _shared(groups: NDArray[np.int64], own: Floats, model: Floats, heard: NDArray[np.bool_], worth: Floats) -> Floats:
    """What each clip's condition costs: the mean of what its clips were heard to cost, shrunk toward the regression as if
    that were `worth` clips."""
    found = model.copy()
    order = np.argsort(groups, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        rows = rows[heard[rows]]
        if len(rows):
            found[rows] += np.sum(own[rows] - model[rows]) / (len(rows) + worth[rows[0]])
    return found


def _without_anchored(c: Condition) -> Condition:
    """The condition without what the E-model rates."""
    unrated = tuple(x for x in c.codecs if x not in IE and x not in PROXY_IE)
    return replace(c, noise=None, hum=None, mnru=None, loss=None, echo=None, gaps=(), codecs=unrated)


def _dimensions(part: Part, model: ConditionModel, n: int) -> Floats:
    """Simulator scales: what noise, colour, holes and level each cost by themselves, as 1 (worst) to 5 (best)."""
    conditions, truths = part.conditions, part.truths
    still = [{**t, "loss": 0.0, "burst_ratio": 1.0, "missing": 0.0, "clipped": 0.0} for t in truths]
    costs = np.zeros((n, 4))
    costs[:, 0] = [R0 - e_model(c, t, only=("noise", "hum", "mnru")) for c, t in zip(conditions, truths, strict=True)]
    coloured = [
        _clean_but(c, "rt60", "direct", "room", "cutoff", "tilt", "codecs", "overload", "suppressor", "echo")
        for c in conditions
    ]
    costs[:, 1] = model.cost(coloured, [{**t, "loss": 0.0, "burst_ratio": 1.0, "missing": 0.0} for t in truths])
    holes = [_clean_but(c, "pumping", "onset", "stretch", "skips", "clicks", "special") for c in conditions]
    costs[:, 2] = model.cost(holes, still)
    costs[:, 2] += [R0 - e_model(c, t, only=("loss", "gaps")) for c, t in zip(conditions, truths, strict=True)]
    costs[:, 3] = [R0 - e_model(c, t, only=("level",)) for c, t in zip(conditions, truths, strict=True)]
    top = mos_from_r(R0)
    mos = np.array([[mos_from_r(R0 - max(0.0, cost)) for cost in row] for row in costs])
    return 1 + 4 * (mos - 1) / (top - 1)


def _clean_but(c: Condition, *kept: str) -> Condition:
    base = _clean(c.sample_rate == 16000)
    return replace(base, **{name: getattr(c, name) for name in kept})

"""Judges callmos on speakers, noises, music and conditions it never heard: ``python models/callmos/judge.py FOLDER``.

FOLDER is that of ``label.py``. Prints every figure of the model card but those of the rated set (``make agreement``) and
of speed (``make bench``), and writes them to models/callmos/results.json. The weights judged are those that are shipped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from labels import Part, combine, e_model, is_clean, load_part, relative, twin_scores
from train import joined_parts, only_clean, prepare

from audioqa.evaluation.measures import pearson
from audioqa.lab.simulator.condition import Condition, Loss, Noise
from audioqa.lab.simulator.material import Material, made_noise, material
from audioqa.lab.simulator.simulate import simulate
from audioqa.lab.simulator.speech import Clip, clips
from audioqa.lab.simulator.tones import dtmf, made_music, signal_tones
from audioqa.perceptual.calibration import load_calibration
from audioqa.perceptual.callmos import CallMos
from audioqa.perceptual.callmos_features import features
from audioqa.perceptual.emodel import mos_from_r
from audioqa.perceptual.estimator import WindowOpinion

LADDERS: dict[str, tuple[Condition, ...]] = {
    "loss, zeros": tuple(Condition("ladder", loss=Loss(p, 0.0, 20, "zero") if p else None) for p in (0, 2, 5, 10, 20)),
    "loss, concealed": tuple(
        Condition("ladder", loss=Loss(p, 0.0, 20, "appendix-i") if p else None) for p in (0, 3, 8, 15, 30)
    ),
    "noise": tuple(Condition("ladder", noise=Noise("pink", snr)) for snr in (40, 30, 20, 10, 0)),
    "babble": tuple(Condition("ladder", noise=Noise("babble", snr)) for snr in (40, 30, 20, 10, 0)),
    "clipping": tuple(Condition("ladder", overload=excess) for excess in (0, 6, 12, 18, 24)),
    "AMR rate": tuple(Condition("ladder", codecs=(c,)) for c in ("amr-12.2", "amr-7.4", "amr-4.75")),
    "G.726 rate": tuple(Condition("ladder", codecs=(c,)) for c in ("g726-40", "g726-32", "g726-24", "g726-16")),
    "Opus rate": tuple(Condition("ladder", codecs=(c,)) for c in ("opus-24k", "opus-12k", "opus-6k")),
    "MNRU": tuple(Condition("ladder", mnru=q) for q in (35, 28, 21, 14, 7)),
}
"""Nested ladders, best rung first; one seed for all rungs of a clip."""

CLEAN_CODECS = ("ulaw", "alaw", "g726-40", "g726-32", "g726-24", "g726-16", "g729", "g723.1", "gsm")
LOSSES = (0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0)

Samples = NDArray[np.float32]
Say = Callable[[Samples, int], tuple[float, float, float]]


class Judge:
    """Held-out clips, and what the estimator says of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.estimator = CallMos()
        self.calibration = load_calibration("callmos", identity=self.estimator.calibrated)
        self.clips = [clip for clip in clips(cache=folder) if clip.split == "test"]
        self.material: Material = material("test")

    def mos(self, clip: Clip, condition: Condition, *, seed: int) -> float:
        """Narrowband-context MOS of a clip in a condition."""
        made = simulate(
            clip.samples,
            clip.sample_rate,
            Condition(**{**condition.__dict__, "seed": seed}),
            stored=self.material,
            voices=[c.samples for c in self.clips[:4] if c.sample_rate == 16000],
        )
        return self.calibration.apply(self.estimator.opinion_of(features(made.samples, made.sample_rate)).mos)

    def rated(self, opinions: Sequence[WindowOpinion]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Calibrated MOS and half of the interval of each opinion."""
        mos = [self.calibration.apply(opinion.mos) for opinion in opinions]
        half = [self.calibration.slope(opinion.mos) * self.estimator.half_width(opinion) for opinion in opinions]
        return np.array(mos), np.array(half)

    def speakers(self, most: int, each: int) -> list[list[Clip]]:
        """Clips of up to `most` speakers, up to `each` of every one."""
        by: defaultdict[str, list[Clip]] = defaultdict(list)
        for clip in self.clips:
            by[f"{clip.corpus}/{clip.speaker}"].append(clip)
        return [found[:each] for _, found in sorted(by.items(), key=lambda item: (-len(item[1][:each]), item[0]))][
            :most
        ]


def held_out(folder: Path, judge: Judge) -> dict[str, object]:
    """Agreement with the combined label, and what the intervals cover."""
    _, _, about = prepare(folder)
    found: dict[str, object] = {}
    for name in ("test", "unseen"):
        part = only_clean(load_part(folder, name), about["known"])  # type: ignore[arg-type]
        labels = combine(part, relative(part, about["known"]), about["scale"], about["model"], np.zeros(len(part)))  # type: ignore[arg-type]
        opinions = [judge.estimator.opinion_of(rows) for rows in part.features]
        mos, half = judge.rated(opinions)
        wide = np.array([opinion.wideband for opinion in opinions])
        error = mos - labels.narrow
        found[name] = {
            "clips": len(part),
            "conditions": len(np.unique(part.groups)),
            "pearson": pearson(mos, labels.narrow),
            "pearson_wideband": pearson(wide, labels.wide),
            "pearson_condition": pearson(*_means(part, mos, labels.narrow)),
            "rmse": float(np.sqrt(np.mean(error**2))),
            "bias": float(np.mean(error)),
            "coverage": float(np.mean(np.abs(error) <= half)),
            "half_width_median": float(np.median(half)),
            "by_family": _by_family(part, mos, labels.narrow, half),
        }
    return found


def _means(
    part: Part, a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    groups = np.unique(part.groups)
    return np.array([a[part.groups == g].mean() for g in groups]), np.array(
        [b[part.groups == g].mean() for g in groups]
    )


def _by_family(
    part: Part, mos: NDArray[np.float64], label: NDArray[np.float64], half: NDArray[np.float64]
) -> dict[str, dict[str, float]]:
    names = np.array([c.special[0] if c.special else c.family for c in part.conditions])
    return {
        str(name): {
            "clips": int((names == name).sum()),
            "rmse": float(np.sqrt(np.mean((mos - label)[names == name] ** 2))),
            "bias": float(np.mean((mos - label)[names == name])),
            "coverage": float(np.mean(np.abs(mos - label)[names == name] <= half[names == name])),
        }
        for name in np.unique(names)
    }


def ladders(judge: Judge) -> dict[str, object]:
    """Share of speakers whose mean score falls at every rung, and what level and hum cost."""
    found: dict[str, object] = {}
    speakers = judge.speakers(40, 3)
    for name, rungs in LADDERS.items():
        curves = np.array(
            [
                [np.mean([judge.mos(clip, rung, seed=i) for clip in own]) for rung in rungs]
                for i, own in enumerate(speakers)
            ]
        )
        falls = np.all(np.diff(curves, axis=1) < 0, axis=1)
        found[name] = {
            "speakers": len(curves),
            "falling": float(falls.mean()),
            "means": curves.mean(axis=0).round(2).tolist(),
        }
    quiet = Condition("ladder", level=-56.0)
    hum = Condition("ladder", hum=(50.0, 10.0))
    lost = {
        name: [
            np.mean([judge.mos(clip, Condition("ladder"), seed=i) - judge.mos(clip, c, seed=i) for clip in own])
            for i, own in enumerate(speakers)
        ]
        for name, c in (("30 dB quieter", quiet), ("hum at 10 dB", hum))
    }
    for name, values in lost.items():
        found[name] = {"mean_loss": float(np.mean(values)), "speakers_who_lose": float(np.mean(np.array(values) > 0))}
    return found


def anchors(judge: Judge) -> dict[str, object]:
    """Condition averages against the E-model."""
    speech = [clip for own in judge.speakers(60, 1) for clip in own]
    rows = []
    for codec in CLEAN_CODECS:
        rows.append((codec, Condition("anchor", codecs=(codec,))))
    for fill in ("zero", "appendix-i"):
        rows += [(f"G.711 {fill} {p:g} %", Condition("anchor", loss=Loss(p, 0.0, 10, fill))) for p in LOSSES if p]  # type: ignore[arg-type]
    found, errors = {}, []
    for name, condition in rows:
        truth = {
            "loss": condition.loss.percent if condition.loss else 0.0,
            "burst_ratio": 1.0,
            "snr": 99,
            "hum": 99,
            "mnru": 99,
            "missing": 0,
        }
        wanted = mos_from_r(e_model(condition, truth))
        got = float(np.mean([judge.mos(clip, condition, seed=i) for i, clip in enumerate(speech)]))
        found[name] = {"e_model": round(wanted, 3), "callmos": round(got, 3)}
        errors.append(got - wanted)
    return {"rmse": float(np.sqrt(np.mean(np.square(errors)))), "speakers": len(speech), "conditions": found}


def groups(judge: Judge) -> dict[str, object]:
    """Clean G.711 by sex, age, corpus, language and kind of voice; of sources that teachers find clean, as everywhere."""
    known = twin_scores(joined_parts(load_part(judge.folder, part) for part in ("twins", "readers")))
    scores: defaultdict[str, list[float]] = defaultdict(list)
    clean = [clip for clip in judge.clips if (clip.name, False) in known and is_clean(known[clip.name, False])]
    for i, clip in enumerate(clean):
        value = judge.mos(clip, Condition("clean"), seed=i)
        scores[f"corpus {clip.corpus}"].append(value)
        age = clip.traits.get("age", "")
        if age:
            scores["child (under 12)" if float(age) < 12 else "teenager" if float(age) < 18 else "adult"].append(value)
        if clip.traits.get("sex"):
            scores["female" if clip.traits["sex"] == "f" else "male"].append(value)
        scores[f"language {clip.traits.get('language', 'en')}"].append(value)
        scores["synthetic voice" if clip.traits.get("synthetic") else "human voice"].append(value)
    means = {name: float(np.mean(values)) for name, values in sorted(scores.items())}
    return {
        "largest_difference": max(means.values()) - min(means.values()),
        "groups": {name: {"clips": len(scores[name]), "mean": round(mean, 3)} for name, mean in means.items()},
    }


def speech_head(judge: Judge) -> dict[str, object]:
    """F1 of speech frames against Silero on clean speech, and frames of other kinds that are taken for speech."""
    from label import _to_16k

    from audioqa.lab.silero import SpeechActivity

    found: dict[str, object] = {}
    speech = [clip for own in judge.speakers(80, 1) for clip in own]
    for name, condition in (
        ("clean", Condition("clean")),
        ("10 dB, pink noise", Condition("noise", noise=Noise("pink", 10))),
        ("10 dB, recorded noise", Condition("noise", noise=Noise("street", 10))),
    ):
        hits = said = true = 0
        for i, clip in enumerate(speech):
            activity = SpeechActivity(1).push(_to_16k(clip.samples, clip.sample_rate)[:, None], last=True)[:, 0]
            centres = ((np.arange(450) + 0.5) * 0.020 / 0.032).astype(int)
            reference = activity[np.minimum(centres, len(activity) - 1)] >= 0.5
            made = simulate(
                clip.samples, clip.sample_rate, Condition(**{**condition.__dict__, "seed": i}), stored=judge.material
            )
            heard = judge.estimator.speech_of(features(made.samples, made.sample_rate))[:450] >= 0.5
            hits, said, true = (
                hits + int((heard & reference).sum()),
                said + int(heard.sum()),
                true + int(reference.sum()),
            )
        found[name] = {"f1": 2 * hits / (said + true), "precision": hits / said, "recall": hits / true}
    rng = np.random.default_rng(31)
    wrong: defaultdict[str, list[float]] = defaultdict(list)
    for i in range(60):
        for name, sound, on in _other_sounds(judge, rng):
            codec = str(rng.choice(["ulaw", "gsm", "opus-12k", "amr-12.2"]))
            # The simulator brings whatever it is given to a level: silence is noise at that of a line, not of speech.
            level = float(rng.uniform(-90, -60)) if name == "silence" else -26.0
            condition = Condition("scene", level=level, codecs=(codec,), seed=i)
            made = simulate(sound, 16000, condition, stored=judge.material)
            heard = judge.estimator.speech_of(features(made.samples, made.sample_rate))
            n = min(len(heard), len(on))
            wrong[name].append(float(np.mean(heard[:n][on[:n]] >= 0.5)) if on[:n].any() else 0.0)
    found["taken for speech"] = {name: float(np.mean(values)) for name, values in wrong.items()}
    return found


def rated(judge: Judge) -> dict[str, object]:
    """The rated set, for reporting only: agreement on the scale as it is, and how often a file's interval holds its rating."""
    from audioqa.audio import read_segment
    from audioqa.lab.agreement import rated_set
    from audioqa.lab.corpus import data_folder
    from audioqa.types import Segment

    data = data_folder()
    if data is None:
        return {}
    labels = rated_set(data / "rated" / "noizeus_nb")
    opinions = []
    for label in labels:
        samples, rate = read_segment(label.path, Segment(0.0, 60.0))
        opinions.append(judge.estimator.opinion_of(features(samples[:, 0], rate)))
    mos, half = judge.rated(opinions)
    truth = np.array([label.mos for label in labels])
    names = np.array([label.condition for label in labels])
    means = np.array([[mos[names == n].mean(), truth[names == n].mean()] for n in np.unique(names)]).T
    return {
        "files": len(labels),
        "pearson": pearson(mos, truth),
        "pearson_condition": pearson(means[0], means[1]),
        "rmse": float(np.sqrt(np.mean((mos - truth) ** 2))),
        "bias": float(np.mean(mos - truth)),
        "coverage_of_ratings": float(np.mean(np.abs(mos - truth) <= half)),
        "half_width_median": float(np.median(half)),
    }


def _other_sounds(judge: Judge, rng: np.random.Generator) -> list[tuple[str, Samples, NDArray[np.bool_]]]:
    length = 9 * 16000
    tones, tone_on = signal_tones(length, 16000, rng)
    keys, key_on = dtmf(length, 16000, rng)
    piece = judge.material.music[int(rng.integers(len(judge.material.music)))]
    piece = np.resize(np.roll(piece, -int(rng.integers(len(piece)))), length)
    floor = made_noise("white", length, rng) * np.float32(10 ** (rng.uniform(-90, -60) / 20))
    everywhere = np.ones(450, bool)

    def scaled(x: Samples) -> Samples:
        return (0.05 * x / max(1e-6, float(np.std(x))) + floor).astype(np.float32)

    return [
        ("ringback and tones", scaled(tones), tone_on.reshape(-1, 320).mean(axis=1) > 0.5),
        ("DTMF", scaled(keys), key_on.reshape(-1, 320).mean(axis=1) > 0.5),
        ("recorded music", scaled(piece), everywhere),
        ("made music", scaled(made_music(length, 16000, rng)), everywhere),
        ("silence", floor, everywhere),
        ("loud white noise", floor, everywhere),
    ]


def main() -> int:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=["held_out", "ladders", "anchors", "groups", "speech_head", "rated"])
    given = parser.parse_args()
    judge = Judge(given.folder)
    path = HERE / "results.json"
    results = json.loads(path.read_text()) if path.is_file() else {}
    results["estimator"] = judge.estimator.identity
    parts: Sequence[tuple[str, Callable[[], dict[str, object]]]] = (
        ("held_out", lambda: held_out(given.folder, judge)),
        ("ladders", lambda: ladders(judge)),
        ("anchors", lambda: anchors(judge)),
        ("groups", lambda: groups(judge)),
        ("speech_head", lambda: speech_head(judge)),
        ("rated", lambda: rated(judge)),
    )
    for name, measure in parts:
        if given.only in (None, name):
            results[name] = measure()
            print(name, json.dumps(results[name], indent=1), flush=True)
            path.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

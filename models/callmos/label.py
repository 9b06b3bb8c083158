"""Makes the labelled clips that callmos is trained and judged on: simulated calls, what teachers say of them, the truth.

``python models/callmos/label.py FOLDER PART [--hours H] [--processes N]`` writes shards of 64 clips to FOLDER/PART and
goes on where it stopped. Parts, each with its own speakers and noises:

- ``twins``: every source clip clean, in the narrow and in the wide band: what teachers' scores are compared with;
- ``train``: random conditions, each on several clips, by all teachers that have a say in it;
- ``voices``: the clean twins of other clips of the training speakers, most of them at another speed and so in another voice;
- ``readers``: the clean twins of LibriSpeech's readers, who are in no other part; ``read``: random conditions on those of
  them who are for training;
- ``more``, ``many``: random conditions on those, by all teachers that have a say in them; ``many`` has one for each clip, for
  the network errs on conditions that it did not hear, not on voices;
- ``truth``: random conditions with PESQ and the truth, but without teachers (they cost most of the time);
- ``scenes``: speech between tones, keys, music, noise and silence, for the frame heads;
- ``music``: the same with much more music, each piece at another speed, for music is what is most often taken for speech;
- ``dev``, ``test``: conditions and speakers never trained on; ``unseen``: kinds of conditions never trained on.

Teachers: Distill-MOS on the central 7.68 s, DNSMOS P.835 on the whole 9.01 s, PLCMOS v2 with a zero rater embedding (all
MIT), PESQ against the clean speech where it is valid. Speech frames come from Silero VAD on the clean speech (MIT).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.simulator.condition import Condition
from audioqa.lab.simulator.draw import UNSEEN, draw, draw_unseen
from audioqa.lab.simulator.material import Material, made_noise, material
from audioqa.lab.simulator.simulate import Simulated, simulate
from audioqa.lab.simulator.speech import Clip, at_speed, clips
from audioqa.lab.simulator.tones import KINDS, dtmf, made_music, signal_tones
from audioqa.perceptual.callmos_features import features

SHARD = 64
"""Clips in a file: what an interruption can lose."""

CLIPS_A_CONDITION = {"train": 5, "more": 4, "dev": 4, "test": 6, "unseen": 4}
"""So many clips share a condition: its mean is what the single clips are shrunk toward. Elsewhere each has its own."""

TWIN_SOURCES = {"train": 1000, "dev": 150, "test": 400}
"""Source clips of each side that teachers hear; ``truth`` and ``scenes`` use them all."""

VARIANTS = 800
"""Clips of ``voices``."""

SPEEDS = (0.86, 1.17)
"""Slowest and fastest of the voices that are changed, which seven tenths of them are."""

HOURS = {"twins": 0.0, "voices": 0.0, "train": 18.3, "more": 2.56, "many": 13.2, "readers": 0.0, "read": 5.5, "truth": 24.0, "scenes": 6.0, "music": 6.0, "dev": 2.0, "test": 6.5,
         "unseen": 1.0}  # fmt: skip
"""Hours of each part; the twins and voices are as many as there are sources."""

VOICED = ("voices", "more", "many")
"""Parts whose speech is that of ``voices``."""

READ = ("readers", "read")
"""Parts whose speech is that of LibriSpeech."""

SEEDS = {
    "twins": 1,
    "train": 2,
    "truth": 3,
    "scenes": 4,
    "dev": 15,
    "test": 16,
    "unseen": 17,
    "voices": 8,
    "more": 9,
    "many": 10,
    "readers": 11,
    "read": 12,
    "music": 13,
}

TEACHERS = ("distill", "ovrl", "sig", "bak", "plcmos", "pesq")
"""Columns of the scores; NaN where a teacher was not asked or has no say."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Job:
    """One clip to make: which source under which condition; ``scene`` and ``twin`` have no teachers' windows of their own."""

    source: int
    condition: Condition
    number: int
    group: int


class Teachers:
    """The networks that give opinions, opened once in each process."""

    def __init__(self) -> None:
        from audioqa.lab.plcmos import Plcmos
        from audioqa.perceptual.distillmos import DistillMos
        from audioqa.perceptual.dnsmos import Dnsmos

        self._distill, self._dnsmos, self._plcmos = DistillMos(), Dnsmos(), Plcmos()

    def __call__(self, wide: Samples, wanted: Sequence[str]) -> dict[str, float]:
        """Opinions on 9.01 s at 16 kHz of those teachers that are wanted."""
        found: dict[str, float] = {}
        middle = (len(wide) - 128_000) // 2
        eight = wide[None, middle : middle + 128_000]
        if "distill" in wanted:
            found["distill"] = self._distill.score(eight)[0].mos
        if "ovrl" in wanted:
            opinion = self._dnsmos._rate(wide)  # 9.01 s, a little more than a window
            found |= {"ovrl": opinion.mos, "sig": opinion.dimensions["sig"], "bak": opinion.dimensions["bak"]}
        if "plcmos" in wanted:
            found["plcmos"] = self._plcmos.score(eight)[0].mos
        return found


def wanted_teachers(condition: Condition) -> tuple[str, ...]:
    """Who has a say: DNSMOS (the slowest) not on loss and codecs alone, the others always."""
    c = condition
    sounds = c.noise or c.hum or c.suppressor or c.pumping or c.echo or c.rt60 or c.room or c.mnru is not None
    other = (
        c.overload or c.cutoff or c.tilt > 2 or c.onset or c.clicks or abs(c.level + 26) > 9 or c.special or c.unusual
    )
    packets = c.loss or c.stretch or c.skips or c.gaps or len(c.codecs) > 1 or c.special
    plain = not (sounds or other or packets)
    return ("distill", "plcmos", "ovrl") if sounds or other or plain else ("distill", "plcmos")


def pesq_is_valid(condition: Condition) -> bool:
    """PESQ is no judge of noise, level, echo, rooms, pauses cut out or moved time."""
    c = condition
    moved = c.stretch or c.skips or c.drift or (c.unusual and c.unusual[0] == "wow")
    return not (
        c.noise or c.hum or c.echo or c.rt60 or c.room or moved or c.onset or c.gaps or c.pumping or c.suppressor
    )


# One process's things, made once.
_state: dict[str, object] = {}


def _prepare(folder: Path, side: str, teachers: bool) -> None:
    from audioqa.lab.silero import SpeechActivity

    _state["clips"] = sources(folder)
    _state["material"] = material(side)
    _state["activity"] = SpeechActivity
    _state["teachers"] = Teachers() if teachers else None
    _state["speech"] = {}


def _speech_frames(index: int) -> NDArray[np.bool_]:
    """Silero on the clean clip, as frames of 20 ms."""
    known: dict[int, NDArray[np.bool_]] = _state["speech"]  # type: ignore[assignment]
    if index not in known:
        clip: Clip = _state["clips"][index]  # type: ignore[index]
        activity = _state["activity"](1)  # type: ignore[operator]
        probability = activity.push(_to_16k(clip.samples, clip.sample_rate)[:, None], last=True)[:, 0]
        centres = ((np.arange(450) + 0.5) * 0.020 / 0.032).astype(int)
        known[index] = probability[np.minimum(centres, len(probability) - 1)] >= 0.5
    return known[index]


def _to_16k(samples: Samples, rate: int) -> Samples:
    import soxr

    return samples if rate == 16000 else np.asarray(soxr.resample(samples, rate, 16000), np.float32)


def _voices(number: int, side: Sequence[int]) -> list[Samples]:
    all_: list[Clip] = _state["clips"]  # type: ignore[assignment]
    rng = np.random.default_rng((number, 9))
    return [_to_16k(all_[i].samples, all_[i].sample_rate) for i in rng.choice(side, size=int(rng.integers(3, 9)))]


def make(job: Job, same_side: Sequence[int], *, teachers: bool) -> dict[str, object]:
    """One row: features, frame targets, scores, condition, truth."""
    clip: Clip = _state["clips"][job.source]  # type: ignore[index]
    condition = job.condition
    babble = condition.noise is not None and condition.noise.kind == "babble"
    made = simulate(
        clip.samples,
        clip.sample_rate,
        condition,
        stored=_state["material"],  # type: ignore[arg-type]
        voices=_voices(job.number, same_side) if babble else (),
        speech=_speech_frames(job.source),
    )
    scores = dict.fromkeys(TEACHERS, float("nan"))
    if teachers:
        judge: Teachers = _state["teachers"]  # type: ignore[assignment]
        scores |= judge(_to_16k(made.samples, made.sample_rate), wanted_teachers(condition))
    if pesq_is_valid(condition):
        scores["pesq"] = _pesq(made)
    kind = np.where(made.speech[:450], KINDS.index("speech"), KINDS.index("background")).astype(np.uint8)
    return {
        "features": features(made.samples, made.sample_rate)[:450],
        "kind": kind,
        "scores": [scores[name] for name in TEACHERS],
        "condition": condition.to_json(),
        "truth": repr({key: round(float(value), 5) for key, value in made.truth.items()}),
        "clip": clip.name,
        "group": job.group,
    }


def _pesq(made: Simulated) -> float:
    from pesq import PesqError, pesq

    try:
        if made.sample_rate == 8000:
            return float(pesq(8000, made.reference, made.samples, "nb"))
        return float(pesq(16000, made.reference, made.samples, "wb"))
    except (PesqError, ValueError):
        return float("nan")


SOUNDS = ("speech", "tone", "dtmf", "music", "noise", "silence")
SHARES_OF_SOUNDS = {"scenes": (0.25, 0.17, 0.09, 0.33, 0.08, 0.08), "music": (0.15, 0.04, 0.03, 0.67, 0.06, 0.05)}
"""How often each begins, in the parts for the frame heads."""


def make_scene(job: Job, part: str) -> dict[str, object]:
    """Speech, tones, keys, music, noise and silence one after the other, through a condition."""
    clip: Clip = _state["clips"][job.source]  # type: ignore[index]
    stored = material_of_state()
    rng = np.random.default_rng((job.condition.seed, 21))
    rate, frames = 16000, 450
    speech = _to_16k(clip.samples, clip.sample_rate)
    speech = speech / max(1e-6, float(np.std(speech))) * 0.05
    sound = np.zeros(len(speech), np.float32)
    kind = np.zeros(frames, np.uint8)
    spoken = _speech_frames(job.source)
    at = 0
    while at < frames:
        stop = min(frames, at + int(rng.integers(40, 300)))
        first, last = at * 320, stop * 320
        choice = rng.choice(SOUNDS, p=SHARES_OF_SOUNDS[part])
        gain = 10 ** (rng.uniform(-15, 6) / 20) * 0.05
        if choice == "speech":
            sound[first:last] = speech[first:last]
            kind[at:stop] = spoken[at:stop] * KINDS.index("speech")
        elif choice in ("tone", "dtmf"):
            wave, on = (signal_tones if choice == "tone" else dtmf)(last - first, rate, rng)
            sound[first:last] = wave * gain
            kind[at:stop] = on.reshape(-1, 320).mean(axis=1) > 0.5
            kind[at:stop] *= KINDS.index(str(choice))
        elif choice == "noise":
            sound[first:last] = gain * _noise_alone(last - first, stored, rng)
        elif choice == "music":
            if stored.music and rng.random() < 0.8:
                piece = stored.music[int(rng.integers(len(stored.music)))]
                piece = np.resize(np.roll(piece, -int(rng.integers(len(piece)))), 2 * (last - first))
                speed = float(rng.uniform(0.75, 1.33)) if part == "music" else 1.0
                piece = np.interp(np.arange(last - first) * speed, np.arange(len(piece)), piece)
            else:
                piece = made_music(last - first, rate, rng)
            piece = piece / max(1e-6, float(np.std(piece))) * gain
            sound[first:last] = piece
            level = 10 * np.log10(np.mean(piece.reshape(-1, 320) ** 2, axis=1) + 1e-12)
            kind[at:stop] = np.where(level > -65, KINDS.index("music"), 0)
        at = stop
    sound += made_noise("white", len(sound), rng) * np.float32(10 ** (rng.uniform(-95, -50) / 20))
    made = simulate(
        np.clip(sound, -1, 1),
        rate,
        replace(job.condition, tilt=0.0, drift=0.0),
        stored=stored,
        speech=kind == KINDS.index("speech"),
    )
    # A hole that the condition cut is no longer what it was.
    kept = np.where((kind == KINDS.index("speech")) & ~made.speech[:frames], 0, kind)
    return {
        "features": features(made.samples, made.sample_rate)[:frames],
        "kind": kept.astype(np.uint8),
        "scores": [float("nan")] * len(TEACHERS),
        "condition": job.condition.to_json(),
        "truth": "{}",
        "clip": clip.name,
        "group": job.group,
    }


def _noise_alone(length: int, stored: Material, rng: np.random.Generator) -> Samples:
    """Noise of any kind but voices, at a deviation of 1."""
    kind = str(rng.choice(["white", "pink", *stored.noise]))
    if kind in stored.noise:
        piece = stored.noise[kind][int(rng.integers(len(stored.noise[kind])))]
        found = np.resize(np.roll(piece, -int(rng.integers(len(piece)))), length)
    else:
        found = made_noise(kind, length, rng)
    return np.asarray(found / max(1e-6, float(np.std(found))), np.float32)


def material_of_state():  # type: ignore[no-untyped-def]
    """This process's noise, rooms and music."""
    return _state["material"]


def jobs(part: str, every: Sequence[Clip], hours: float) -> list[Job]:
    """What a part consists of, always the same."""
    rng = np.random.default_rng((SEEDS[part], 77))
    split = {"dev": "dev", "test": "test", "unseen": "test"}.get(part, "train")
    sources = [
        i
        for i, clip in enumerate(every)
        if (clip.split == split or part == "readers")
        and _is_variant(clip) == (part in VOICED)
        and _is_reader(clip) == (part in READ)
    ]
    noises = sorted(material("test" if split == "test" else "train").noise)
    if part == "twins":
        return _twins(every)
    if part in ("voices", "readers"):
        return _twins_of(every, sources)
    if part not in ("truth", *SHARES_OF_SOUNDS, *VOICED, *READ):
        sources = twin_sources(every, split)
    count = round(hours * 3600 / 9.01)
    each = CLIPS_A_CONDITION.get(part, 1)
    found: list[Job] = []
    while len(found) < count:
        if part == "unseen":
            condition = draw_unseen(rng, UNSEEN[(len(found) // each) % len(UNSEEN)])
        else:
            family = str(rng.choice(["clean", "codec", "noise", "loss", "mixed"])) if part in SHARES_OF_SOUNDS else ""
            condition = draw(rng, noises, family=family)
        if part in SHARES_OF_SOUNDS:
            condition = replace(condition, level=float(rng.uniform(-40, -18)), echo=None, gaps=(), suppressor=None)
        group = len(found)
        fitting = [i for i in sources if condition.sample_rate == 8000 or every[i].sample_rate == 16000]
        weight = None
        if part == "dev":  # it has one voice with a third of its clips: here every speaker counts alike
            speakers = Counter(every[i].speaker for i in fitting)
            weight = np.array([1 / speakers[every[i].speaker] for i in fitting]) / len(speakers)
        for source in rng.choice(fitting, size=each, replace=False, p=weight):
            # Noise and losses fall anew on every clip, what they are stays.
            seed = condition.seed + len(found)
            found.append(Job(int(source), replace(condition, seed=seed), len(found), group))
    return found


def twin_sources(every: Sequence[Clip], split: str) -> list[int]:
    """The clips of one side that teachers hear: some of every corpus, by a fixed shuffle."""
    found = [
        i for i, clip in enumerate(every) if clip.split == split and not _is_variant(clip) and not _is_reader(clip)
    ]
    return sorted(np.random.default_rng(5).permutation(found)[: TWIN_SOURCES[split]].tolist())


def sources(folder: Path) -> list[Clip]:
    """Every clip of clean speech, and after them those of ``voices``."""
    every = clips(cache=folder)
    rng = np.random.default_rng(12)
    order = rng.permutation([i for i, clip in enumerate(every) if clip.split == "train" and not _is_reader(clip)])[
        :VARIANTS
    ]
    factors = np.where(rng.random(len(order)) < 0.7, rng.uniform(*SPEEDS, len(order)), 1.0)
    return every + [at_speed(every[i], float(factor)) for i, factor in zip(order, factors, strict=True)]


def _is_variant(clip: Clip) -> bool:
    return "@" in clip.name


def _is_reader(clip: Clip) -> bool:
    return clip.corpus == "librispeech"


def _twins(every: Sequence[Clip]) -> list[Job]:
    return _twins_of(every, [i for split in TWIN_SOURCES for i in twin_sources(every, split)])


def _twins_of(every: Sequence[Clip], sources: Sequence[int]) -> list[Job]:
    found: list[Job] = []
    for source in sources:
        found.append(Job(source, Condition("twin", "nb", codecs=("ulaw",), seed=source), len(found), source))
        if every[source].sample_rate == 16000:
            wide = Condition("twin", "8k", codecs=("none",), seed=source)
            found.append(Job(source, wide, len(found), source))
    return found


def _shard(task: tuple[Path, str, list[Job], list[int]]) -> tuple[Path, int]:
    path, part, work, side = task
    rows = []
    for job in work:
        rows.append(make_scene(job, part) if part in SHARES_OF_SOUNDS else make(job, side, teachers=part != "truth"))
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    partial = path.with_suffix(".part.npz")
    np.savez_compressed(partial, **columns)  # type: ignore[arg-type]
    partial.rename(path)
    return path, len(rows)


def main() -> int:
    """Make what is missing of a part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("part", choices=sorted(HOURS))
    parser.add_argument("--hours", type=float)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    every = sources(given.folder)
    work = jobs(given.part, every, given.hours or HOURS[given.part])
    target = given.folder / given.part
    target.mkdir(parents=True, exist_ok=True)
    split = {"dev": "dev", "test": "test", "unseen": "test"}.get(given.part, "train")
    side = [i for i, clip in enumerate(every) if clip.split == split and not _is_variant(clip)]
    tasks = []
    for number in range(0, len(work), SHARD):
        path = target / f"{number // SHARD:05d}.npz"
        if not path.is_file():
            tasks.append((path, given.part, work[number : number + SHARD], side))
    print(f"{given.part}: {len(work)} clips, {len(tasks)} shards to make", file=sys.stderr)
    start = time.monotonic()
    noises = "test" if split == "test" else "train"
    prepared = (given.folder, noises, given.part not in ("truth", *SHARES_OF_SOUNDS))
    with ProcessPoolExecutor(given.processes, initializer=_prepare, initargs=prepared) as pool:
        done = 0
        for _, rows in pool.map(_shard, tasks):
            done += rows
            rate = done * 9.01 / 3600 / ((time.monotonic() - start) / 3600)
            print(f"{given.part}: {done} clips, {rate:.1f} h of clips an hour", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Trains callmos on the clips that ``label.py`` made: ``python models/callmos/train.py FOLDER [--name NAME] [--epochs N]``.

Writes FOLDER/NAME.pt after every epoch and goes on from it where it stopped; FOLDER/NAME-best.pt holds the epoch that agrees
best with the dev part. Runs on two processor cores in about an hour, or on a GPU where there is one. The test part and rated
audio are not read.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent))
from labels import (
    IE,
    TEACHERS,
    ConditionModel,
    Labels,
    Part,
    combine,
    fit_scale,
    is_clean,
    load_part,
    relative,
    source_costs,
    twin_scores,
    weighted,
)

from audioqa.perceptual.callmos_features import FLOOR
from audioqa.perceptual.callmos_network import CODECS, OUTPUTS, ROWS, CallMosNetwork

BATCH = 48
"""Clips."""

CROPS = (11, 13, 16, 19, 22, 22)
"""Lengths of a training crop in sums of 0.4 s: 4.4 to 8.8 s."""

EPOCHS = 24
RATE = 2.5e-3
"""Greatest learning rate of AdamW, reached after `WARM` of the steps and then let down by a half cosine."""

WARM = 0.08
DECAY = 0.05
AVERAGE = 0.998
"""Of the running average of the weights, which is what is kept."""

TEACHER_WEIGHT, TRUTH_WEIGHT, FRAME_WEIGHT, DIMENSION_WEIGHT, WIDE_WEIGHT, SPREAD_WEIGHT, CODEC_WEIGHT, RANK_WEIGHT = (
    0.15, 0.1, 0.35, 0.25, 0.5, 0.05, 0.05, 0.15,
)  # fmt: skip
"""Of the losses beside that of the MOS."""

CURVE = 5.0
"""Deviation of the smooth random curve over frequency, half decibels: voices and microphones differ by more."""

RECEIVED = 0.4
"""Share of narrowband crops whose band is limited once more at its upper edge, and so many at its lower."""

JITTER = 1.5
"""Deviation of what is added to every level, half decibels: against learning clips by heart."""

WARP = 2.0
"""Most bands that a voice is moved along the frequency axis."""

RESAMPLED = 0.5
"""Share of the crops that pass for resampled recordings."""

HUBER = 0.3
"""MOS from which an error counts linearly."""

KIND_WEIGHTS = (1.0, 1.0, 2.0, 3.0, 4.0)
"""Of background, speech, tones, DTMF, music in the frame loss."""

TRUTHS = ("snr", "hum", "mnru", "loss", "clipped", "missing", "level", "echo")
"""What auxiliary outputs regress, each scaled to about 0 to 1."""

EXTRA = len(TEACHERS) + len(TRUTHS)
SEED = 11

_CODEC_CLASS = {"gsm": 2, "g729": 3, "g723.1": 3}


@dataclass
class Set:
    """Training rows in memory."""

    features: Tensor
    kind: Tensor
    targets: Tensor  # narrow, wide, 4 dimensions
    rated: Tensor  # bool: has a label
    extra: Tensor  # teachers, truths; NaN where unknown
    codec: Tensor  # class, -100 where mixed
    groups: Tensor


def codec_class(codecs: tuple[str, ...]) -> int:
    """Index in `CODECS` of the last lossy codec; -100 where several different ones were in line."""
    lossy = [c for c in codecs if IE.get(c, 1) > 0]
    if not lossy:
        return 0
    if len(set(lossy)) > 1:
        return -100
    name = lossy[0]
    if name in _CODEC_CLASS:
        return _CODEC_CLASS[name]
    for start, index in (("g726", 1), ("amr-wb", 6), ("g722", 6), ("amr", 3), ("opus", 4), ("mp3", 5), ("aac", 5)):
        if name.startswith(start):
            return index
    return -100


def truth_rows(part: Part) -> np.ndarray:
    """What the auxiliary outputs learn, float32, shape (n, 8)."""
    rows = []
    for c, t in zip(part.conditions, part.truths, strict=True):
        if not t:
            rows.append([np.nan] * len(TRUTHS))
            continue
        rows.append(
            [
                min(t["snr"], 50) / 50,
                min(t["hum"], 50) / 50,
                min(t["mnru"], 40) / 40,
                math.log1p(t["loss"]) / 3.5,
                math.log1p(100 * t["clipped"]) / 3,
                t["missing"] / 3,
                (c.level + 60) / 50,
                (min(c.echo[1], 50) if c.echo else 50) / 50,
            ]
        )
    return np.array(rows, np.float32)


def as_set(part: Part, labels: Labels | None, deltas: np.ndarray | None, spread: dict[str, float] | None) -> Set:
    """A part with its labels as tensors."""
    n = len(part)
    targets = np.full((n, 6), 3.0, np.float32)
    teachers = np.full((n, len(TEACHERS)), np.nan, np.float32)
    if labels is not None and deltas is not None and spread is not None:
        targets[:, 0], targets[:, 1], targets[:, 2:] = labels.narrow, labels.wide, labels.dimensions
        teachers = (deltas / np.array([spread[name] for name in TEACHERS])).astype(np.float32)
    return Set(
        features=torch.from_numpy(part.features),
        kind=torch.from_numpy(part.kind),
        targets=torch.from_numpy(targets),
        rated=torch.full((n,), labels is not None),
        extra=torch.from_numpy(np.concatenate([teachers, truth_rows(part)], axis=1)),
        codec=torch.tensor([codec_class(c.codecs) for c in part.conditions]),
        groups=torch.from_numpy(part.groups),
    )


def joined(sets: list[Set]) -> Set:
    """Several sets as one."""
    return Set(**{f: torch.cat([getattr(s, f) for s in sets]) for f in Set.__dataclass_fields__})


def prepare(folder: Path, *, untaught: bool = True) -> tuple[Set, Set, dict[str, object]]:
    """Labels for every part that is there, without the clips that no teacher heard where those are not wanted; the
    training set, the dev set and what the labels rest on."""
    twins = joined_parts(load_part(folder, name) for name in ("twins", "voices", "readers") if (folder / name).is_dir())
    train = joined_parts(
        load_part(folder, name) for name in ("train", "more", "many", "read") if (folder / name).is_dir()
    )
    known = twin_scores(twins)
    deltas = relative(train, known)
    scale = fit_scale(train, deltas)
    z = weighted(deltas, train.conditions, scale.spread)
    ratings = np.where(np.isfinite(z), scale.rating(np.where(np.isfinite(z), z, 0.0)), np.nan)
    # What holds levels and holes would teach the regression the teachers' blindness.
    model = ConditionModel(train.conditions, train.truths, ratings)
    spread = dict(scale.spread)

    def labelled(part: Part, d: np.ndarray) -> Set:
        return as_set(part, combine(part, d, scale, model, source_costs(part, known, scale)), d, spread)

    sets = [labelled(train, deltas)]
    own = [i for i, name in enumerate(twins.clips) if _split(name) == "train"]
    clean = subset(twins, own)
    sets.append(labelled(clean, relative(clean, known)))
    for name in ("truth", "scenes", "music"):
        if (folder / name).is_dir() and (untaught or name != "truth"):
            part = load_part(folder, name)
            if name == "truth":
                sets.append(labelled(part, relative(part, {})))
            else:
                sets.append(as_set(part, None, None, None))
    dev = only_clean(load_part(folder, "dev"), known)
    about = {"scale": scale, "model": model, "known": known}
    return joined(sets), labelled(dev, relative(dev, known)), about


def only_clean(part: Part, known: Mapping[tuple[str, bool], np.ndarray]) -> Part:
    """The clips whose source is clean: those that may judge."""
    return subset(part, [i for i, name in enumerate(part.clips) if is_clean(known[name, False])])


def joined_parts(parts: Iterable[Part]) -> Part:
    """Several parts as one, their groups apart."""
    found: list[Part] = []
    for part in parts:
        before = 1 + max((int(p.groups.max()) for p in found), default=-1)
        found.append(replace(part, groups=part.groups + before))
    return Part(
        *(np.concatenate([getattr(p, name) for p in found]) for name in ("features", "kind", "scores")),
        *([x for p in found for x in getattr(p, name)] for name in ("conditions", "truths", "clips")),
        np.concatenate([p.groups for p in found]),
    )


def _split(name: str) -> str:
    from audioqa.lab.simulator.speech import split_of

    corpus, speaker, _ = name.split("/")
    return split_of(corpus, speaker)


def subset(part: Part, rows: list[int]) -> Part:
    return Part(
        part.features[rows], part.kind[rows], part.scores[rows], [part.conditions[i] for i in rows],
        [part.truths[i] for i in rows], [part.clips[i] for i in rows], part.groups[rows],
    )  # fmt: skip


def augmented(rows: Tensor, generator: torch.Generator) -> Tensor:
    """Rows as float with what does not change the quality: a smooth curve over frequency, a decibel of level, and in
    half of them the columns that resampling changes."""
    x = _warped(rows.float(), generator)
    n = x.shape[0]
    knots = torch.randn(n, 1, 8, generator=generator) * CURVE
    curve = functional.interpolate(knots, size=64, mode="linear", align_corners=True)
    curve = curve - _received(x, generator)
    shift = torch.randn(n, 1, 1, generator=generator) * 2.0
    x[:, :, :64] = torch.where(x[:, :, :64] > FLOOR, (x[:, :, :64] + curve + shift).clamp(FLOOR, 255), x[:, :, :64])
    x[:, :, 64:74] = torch.where(x[:, :, 64:74] > FLOOR, (x[:, :, 64:74] + shift).clamp(FLOOR, 255), x[:, :, 64:74])
    x[:, :, :74] = torch.where(
        x[:, :, :74] > FLOOR, x[:, :, :74] + JITTER * torch.randn(x[:, :, :74].shape, generator=generator), x[:, :, :74]
    )
    # A recording at another rate than its codec's has fewer samples at the peak, and none equal to their predecessor.
    resampled = torch.rand(n, 1, 1, generator=generator) < RESAMPLED
    x[:, :, 74:76] *= torch.where(resampled, torch.rand(n, 1, 1, generator=generator) * 0.6 + 0.2, torch.ones(()))
    x[:, :, 76:78] *= torch.where(resampled, torch.zeros(()), torch.ones(()))
    return x


def _warped(x: Tensor, generator: torch.Generator) -> Tensor:
    """The bands moved along the frequency axis as another vocal tract would (Jaitly and Hinton 2013), up to two bands in
    the middle of the telephone band and none at its edges, which belong to the call and not to the voice."""
    band = torch.arange(64.0)
    taper = torch.minimum((band / 8).clamp(0, 1), ((40 - band) / 8).clamp(0, 1))
    place = band + (torch.rand(x.shape[0], 1, generator=generator) * 2 - 1) * WARP * taper
    low = place.floor().clamp(0, 62)
    part = (place - low)[:, None, :]
    index = low.long()[:, None, :].expand(-1, x.shape[1], -1)
    mel = x[:, :, :64]
    x[:, :, :64] = mel.gather(2, index) * (1 - part) + mel.gather(2, index + 1) * part
    return x


def _received(x: Tensor, generator: torch.Generator) -> Tensor:
    """What a receiving side takes away at the edges of the telephone band, half decibels, shape (n, 1, 64): above 3.1 to
    4 kHz in some narrowband calls, below 60 to 250 Hz in others; nothing in wideband ones."""
    n = x.shape[0]
    band = torch.arange(64.0)

    def drawn(low: float, high: float) -> Tensor:
        return torch.rand(n, 1, generator=generator) * (high - low) + low

    top, steep = drawn(42.5, 49.0), drawn(12.0, 60.0) * (drawn(0, 1) < RECEIVED)
    bottom, gentle = drawn(2.0, 7.0), drawn(10.0, 40.0) * (drawn(0, 1) < RECEIVED)
    narrow = (x[:, :, 52:64] <= FLOOR).all(dim=2).all(dim=1)[:, None]
    taken = ((band - top).clamp_min(0) * steep + (bottom - band).clamp_min(0) * gentle) * narrow
    return taken[:, None, :]


def losses(network: CallMosNetwork, batch: Set, rows: Tensor, kind: Tensor, progress: float) -> dict[str, Tensor]:
    """Every loss of a batch."""
    kinds, out = network(rows)
    kinds, out = kinds.float(), out.float()
    rated = batch.rated
    found: dict[str, Tensor] = {
        "frames": FRAME_WEIGHT
        * functional.cross_entropy(
            kinds.reshape(-1, kinds.shape[-1]),
            kind.reshape(-1).long(),
            weight=torch.tensor(KIND_WEIGHTS, device=kinds.device),
        )
    }
    if not rated.any():
        return found
    mos, wide, spread = out[rated, 0], out[rated, 1], out[rated, 2]
    narrow, wider, dimensions = batch.targets[rated, 0], batch.targets[rated, 1], batch.targets[rated, 2:]
    found["mos"] = functional.huber_loss(mos, narrow, delta=HUBER) / HUBER
    found["wide"] = WIDE_WEIGHT * functional.huber_loss(wide, wider, delta=HUBER) / HUBER
    found["dimensions"] = DIMENSION_WEIGHT * functional.huber_loss(out[rated, 3:7], dimensions, delta=HUBER) / HUBER
    found["codec"] = CODEC_WEIGHT * functional.cross_entropy(
        out[rated, 7 : 7 + len(CODECS)], batch.codec[rated], ignore_index=-100
    )
    difference = (narrow[:, None] - narrow[None]).clamp(-1, 1)
    found["rank"] = (
        RANK_WEIGHT
        * functional.huber_loss((mos[:, None] - mos[None]).clamp(-1.5, 1.5), difference, delta=HUBER)
        / HUBER
    )
    extra, known = out[rated, OUTPUTS:], batch.extra[rated]
    there = torch.isfinite(known)
    error = functional.huber_loss(extra, torch.where(there, known, extra.detach()), delta=0.5, reduction="none")
    weight = torch.tensor([TEACHER_WEIGHT] * len(TEACHERS) + [TRUTH_WEIGHT] * len(TRUTHS), device=error.device)
    found["extra"] = (error * weight * there).sum() / there.sum().clamp_min(1) * EXTRA
    if progress > 0.2:
        log = spread.clamp(-4, 1)
        found["spread"] = SPREAD_WEIGHT * (0.5 * ((mos.detach() - narrow) * torch.exp(-log)) ** 2 + log).mean()
    return found


def main() -> int:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="callmos")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--share", type=float, default=1.0, help="train on this share of the conditions")
    parser.add_argument("--ablate", choices=["columns", "truth", "auxiliary"], help="leave something out, for study.py")
    parser.add_argument("--rate", type=float, default=RATE, help="greatest learning rate")
    parser.add_argument("--start", help="start from the averaged weights of this run")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after so many minutes, to go on later")
    given = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(SEED)
    train, dev, _ = prepare(given.folder, untaught=given.ablate != "truth")
    if given.ablate == "columns":
        train.features[:, :, 64:] = FLOOR
        dev.features[:, :, 64:] = FLOOR
    if given.ablate == "auxiliary":
        train.extra[:] = float("nan")
    if given.share < 1:
        groups = train.groups.numpy()
        keep = torch.from_numpy((np.random.default_rng(3).random(groups.max() + 1) < given.share)[groups])
        train = Set(**{f: getattr(train, f)[keep] for f in Set.__dataclass_fields__})
    count = len(train.features)
    steps = given.epochs * (count // BATCH)
    network = CallMosNetwork(EXTRA).to(device, memory_format=torch.channels_last)
    sample = train.features[torch.randperm(count)[:1500]].reshape(-1, train.features.shape[-1]).float()
    network.frames.mean.copy_(sample.mean(dim=0))
    network.frames.scale.copy_(1 / sample.std(dim=0).clamp_min(1.0))
    optimizer = torch.optim.AdamW(network.parameters(), lr=given.rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda k: min(k / (WARM * steps), 0.5 * (1 + math.cos(math.pi * min(1.0, k / steps)))) if k else 1e-3
    )
    average = copy.deepcopy(network).eval()
    path = given.folder / f"{given.name}.pt"
    first, best = 0, -1.0
    if given.start and not path.is_file():
        kept = torch.load(given.folder / f"{given.start}.pt", weights_only=True)["average"]
        network.load_state_dict(kept)
        average.load_state_dict(kept)
    if path.is_file():
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        first, best = state["epoch"], state["best"]
    print(
        f"{count} clips, {count * 9.01 / 3600:.1f} h; {sum(p.numel() for p in network.parameters())} parameters; {device}"
    )
    begin = time.monotonic()
    for epoch in range(first, given.epochs):
        generator = torch.Generator().manual_seed(SEED + epoch)
        order = torch.randperm(count, generator=generator)
        network.train()
        sums: dict[str, float] = {}
        for start in range(0, count - BATCH + 1, BATCH):
            index = order[start : start + BATCH]
            length = ROWS * CROPS[int(torch.randint(len(CROPS), (1,), generator=generator))]
            offset = int(torch.randint(450 - length + 1, (1,), generator=generator))
            batch = Set(**{f: getattr(train, f)[index].to(device) for f in Set.__dataclass_fields__ if f not in ("features", "kind")},
                        features=torch.empty(0), kind=torch.empty(0))  # fmt: skip
            rows = augmented(train.features[index, offset : offset + length], generator).to(device)
            kind = train.kind[index, offset : offset + length].to(device)
            # On the processor float32 is the faster one: what takes the time is the depthwise convolution's gradient.
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
                found = losses(network, batch, rows, kind, epoch / given.epochs)
            total = sum(found.values())
            optimizer.zero_grad()
            total.backward()  # type: ignore[union-attr]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            schedule.step()
            decay = min(AVERAGE, (1 + schedule.last_epoch) / (10 + schedule.last_epoch))
            with torch.no_grad():
                for kept, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
                    if kept.dtype.is_floating_point:
                        kept.lerp_(now, 1 - decay)
                    else:
                        kept.copy_(now)
            for name, value in found.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
        batches = count // BATCH
        shown = " ".join(f"{name} {value / batches:.3f}" for name, value in sums.items())
        agreement, told = judged(average, dev, device)
        print(f"epoch {epoch + 1}: {shown} | {told} | {(time.monotonic() - begin) / 60:.1f} min", flush=True)
        if agreement > best:
            best = agreement
            torch.save({"average": average.state_dict(), "epoch": epoch + 1}, given.folder / f"{given.name}-best.pt")
        state = {"network": network.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(),
                 "schedule": schedule.state_dict(), "epoch": epoch + 1, "best": best}  # fmt: skip
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
        if given.minutes and time.monotonic() - begin > 60 * given.minutes:
            break
    return 0


@torch.no_grad()
def predicted(network: CallMosNetwork, features: Tensor, device: torch.device) -> tuple[np.ndarray, np.ndarray]:
    """Opinions (n, outputs) and kinds (n, rows) of whole clips."""
    network.eval()
    opinions, kinds = [], []
    for start in range(0, len(features), 64):
        k, o = network(features[start : start + 64, :440].to(device))
        opinions.append(o.float().cpu().numpy())
        kinds.append(k.argmax(dim=-1).cpu().numpy())
    return np.concatenate(opinions), np.concatenate(kinds)


def judged(network: CallMosNetwork, dev: Set, device: torch.device) -> tuple[float, str]:
    """How it does on the dev part: the correlation by which the best epoch is chosen, and more in words."""
    out, kinds = predicted(network, dev.features, device)
    y = dev.targets[:, 0].numpy()
    groups = dev.groups.numpy()
    means = np.array([[out[groups == g, 0].mean(), y[groups == g].mean()] for g in np.unique(groups)])
    speech, said = kinds == 1, dev.kind[:, :440].numpy() == 1
    f1 = 2 * (speech & said).sum() / max(1, speech.sum() + said.sum())
    agreement = float(np.corrcoef(out[:, 0], y)[0, 1])
    return agreement, (
        f"dev r {agreement:.4f} rmse {np.sqrt(np.mean((out[:, 0] - y) ** 2)):.3f} "
        f"condition r {np.corrcoef(means.T)[0, 1]:.4f} wide r {np.corrcoef(out[:, 1], dev.targets[:, 1].numpy())[0, 1]:.4f} F1 {f1:.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())

"""Writes what is shipped: ``python models/callmos/export.py FOLDER [--name NAME]`` turns FOLDER/NAME.pt into safetensors, ONNX in
float32 and in static int8, the manifest with their digests and the figures of the intervals, and the straight
calibration that goes with them.

The int8 network is calibrated on training clips. Which of the two is the default is decided by what int8 loses on the
dev part: static int8 saves a tenth of the time, so it must move no more than `MOST_LOSS` of a MOS (rms).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from train import prepare

from audioqa.lab.callmos_files import write_calibration, write_networks
from audioqa.perceptual.calibration import Calibration
from audioqa.perceptual.callmos_network import OUTPUTS, CallMosNetwork
from audioqa.perceptual.callmos_weights import Intervals, write_manifest

VERSION = "1"
MOST_LOSS = 0.01
COVERAGE = 0.90
CALIBRATION_CLIPS = 160
DOMAIN_CLIPS = 5000


def shipped(path: Path) -> CallMosNetwork:
    """The averaged weights of a checkpoint, without the outputs that only training uses."""
    tensors = torch.load(path, weights_only=True)["average"]
    for name in ("opinions.outputs.weight", "opinions.outputs.bias"):
        tensors[name] = tensors[name][:OUTPUTS].clone()
    return CallMosNetwork.from_tensors({name: tensor.contiguous() for name, tensor in tensors.items()})


@torch.no_grad()
def learn_domain(network: CallMosNetwork, clips: torch.Tensor) -> None:
    """Show the network training clips, so that it knows what it knows."""
    chosen = torch.from_numpy(np.random.default_rng(9).permutation(len(clips))[:DOMAIN_CLIPS])
    batches = [network.frames(clips[rows, :440])[1].sum(dim=1) for rows in chosen.split(64)]
    network.opinions.learn_domain(torch.cat(batches))


def opinions(folder: Path, frames: str, clips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Opinions on whole clips by the ONNX files, shape (n, 14)."""
    from audioqa.perceptual.session import open_session

    over_time = open_session(folder / frames, threads=2)
    of_sums = open_session(folder / "opinions.onnx", threads=1)
    sums = [over_time.run(["sums"], {"rows": rows[None, :440]})[0].sum(axis=1) for rows in clips]
    return np.asarray(of_sums.run(None, {"sums": np.concatenate(sums)})[0])


def conformal(error: NDArray[np.floating], spread: NDArray[np.floating], groups: NDArray[np.integer]) -> float:
    """The multiple of the spread within which `COVERAGE` of the errors lie, every condition counting once."""
    score = np.abs(error) / spread
    weight = np.array([1 / np.sum(groups == g) for g in groups])
    order = np.argsort(score)
    reached = np.cumsum(weight[order]) / (weight.sum() + 1)  # one more condition may lie beyond all of these
    return float(score[order][min(np.searchsorted(reached, COVERAGE), len(score) - 1)])


def calibration(mos: NDArray[np.floating], y: NDArray[np.floating], groups: NDArray[np.integer]) -> Calibration:
    """What the network leaves of a bias that grows with the score: the straight line of least squares, every condition
    counting once. A map that bends would stretch the intervals of some scores and press together those of others."""
    weight = np.sqrt([1 / np.sum(groups == g) for g in groups])
    line = np.stack([np.ones(len(mos)), mos], axis=1)
    (shift, slope), *_ = np.linalg.lstsq(line * weight[:, None], y * weight, rcond=None)
    ends = [float(np.clip(shift + slope * end, 1.0, 5.0)) for end in (1.0, 5.0)]
    return Calibration(f"callmos-narrowband-{VERSION}", "", "narrowband", (1.0, 5.0), tuple(ends), 0.0)


def main() -> int:
    """Export and print what was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="callmos-best")
    parser.add_argument("--to", type=Path, default=HERE)
    given = parser.parse_args()
    network = shipped(given.folder / f"{given.name}.pt")
    train, dev, _ = prepare(given.folder)
    learn_domain(network, train.features[train.rated])
    chosen = np.random.default_rng(8).permutation(len(train.features))[:CALIBRATION_CLIPS]
    write_networks(network, given.to, train.features[torch.from_numpy(chosen), :440].numpy())

    clips, y, groups = dev.features.numpy(), dev.targets[:, 0].numpy(), dev.groups.numpy()
    exact, small = (opinions(given.to, name, clips) for name in ("frames.onnx", "frames-int8.onnx"))
    moved = float(np.sqrt(np.mean((exact[:, 0] - small[:, 0]) ** 2)))
    default = "frames-int8.onnx" if moved <= MOST_LOSS else "frames.onnx"
    used = small if default == "frames-int8.onnx" else exact
    map_ = calibration(used[:, 0], y, groups)
    # An interval is stretched with the scale.
    slope = np.array([map_.slope(float(mos)) for mos in used[:, 0]])
    error = np.array([map_.apply(float(mos)) for mos in used[:, 0]]) - y
    own = np.exp(np.clip(used[:, 2], -4, 1))
    spread = slope * own
    quantile = conformal(error, spread, groups)
    means = np.array([error[groups == g].mean() for g in np.unique(groups)])
    figures = Intervals(
        quantile=round(quantile, 4),
        coverage=COVERAGE,
        condition_residual=round(float(np.sqrt(np.mean(means**2))), 4),
        spread_limit=round(float(np.quantile(own, 0.99)), 4),
        wider_beyond=1.0,  # the network itself widens what is far from its training
        label_to_listener=0.0,
    )
    weights = write_manifest(given.to, version=VERSION, default=default, intervals=figures)
    path = given.to.parent / "calibration" / "callmos-narrowband.json"
    write_calibration(path, weights, x=map_.knots_x, y=map_.knots_y)
    for name, out in (("float32", exact), ("int8", small)):
        r, rmse = np.corrcoef(out[:, 0], y)[0, 1], np.sqrt(np.mean((out[:, 0] - y) ** 2))
        print(f"{name}: dev r {r:.4f}, rmse {rmse:.3f}")
    rmse = np.sqrt(np.mean(error**2))
    print(
        f"calibrated: dev r {np.corrcoef(error + y, y)[0, 1]:.4f}, rmse {rmse:.3f}; knots {map_.knots_x} {map_.knots_y}"
    )
    print(f"int8 moves a clip by {moved:.4f} MOS rms; default {default}; intervals {figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

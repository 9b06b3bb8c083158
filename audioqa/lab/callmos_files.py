"""Writes the files of callmos from a network: named tensors, ONNX in float32, ONNX in static int8.

``python -m audioqa.lab.callmos_files FOLDER`` writes a network that was never trained, with its manifest and a straight
calibration beside it: every score then means nothing, but everything runs.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audioqa.perceptual.callmos_layout import KINDS, ROWS, SPEECH, SUMS
from audioqa.perceptual.callmos_weights import NAME, CallMosWeights, Intervals, write_manifest

if TYPE_CHECKING:
    from audioqa.perceptual.callmos_network import CallMosNetwork

UNTRAINED = Intervals(quantile=1.645, spread_limit=2.0, wider_beyond=1.5)
"""Intervals of a network that was never trained."""


def write_networks(network: CallMosNetwork, folder: Path, clips: Iterable[NDArray[np.uint8]]) -> None:
    """Write every one of `audioqa.perceptual.callmos_weights.FILES`; the manifest comes after.

    Parameters
    ----------
    network
        As it scores: without outputs that only training uses.
    folder
        Where to; existing files are replaced.
    clips
        uint8, each of shape (T, 80), T a multiple of 20: what the ranges of int8 are taken from.
    """
    from safetensors.torch import save_file

    tensors = folder / f"{NAME}.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, tensors)
    tensors.chmod(0o644)  # safetensors lets only its owner read
    write_onnx(network, folder)
    write_int8(folder, clips)


def write_onnx(network: CallMosNetwork, folder: Path) -> None:
    """Write ``frames.onnx`` and ``opinions.onnx``, whose lengths are free."""
    import torch

    parts = (
        (network.frames, torch.full((1, 10 * ROWS, 80), 90, dtype=torch.uint8), "frames", "rows", ["kinds", "sums"]),
        (network.opinions, torch.rand(2, SUMS), "opinions", "sums", ["opinions"]),
    )
    for part, example, name, given, answers in parts:
        axis = 1 if name == "frames" else 0
        axes = {given: {axis: given}} | {answer: {axis: "bins" if answer == "sums" else given} for answer in answers}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of itself and of shapes that it cannot infer
            torch.onnx.export(
                part,
                (example,),
                str(folder / f"{name}.onnx"),
                input_names=[given],
                output_names=answers,
                dynamic_axes=axes,
                opset_version=17,
                dynamo=False,
            )


def write_int8(folder: Path, clips: Iterable[NDArray[np.uint8]]) -> None:
    """Write ``frames-int8.onnx``: convolutions in int8 by channel, activations in the ranges they had on `clips`."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Clips(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._rest = iter(clips)

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            rows = next(self._rest, None)
            return None if rows is None else {"rows": rows[None]}

    prepared = folder / "frames-prepared.onnx"
    quant_pre_process(str(folder / "frames.onnx"), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared),
        str(folder / "frames-int8.onnx"),
        Clips(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv"],
        calibrate_method=CalibrationMethod.MinMax,
    )
    prepared.unlink()


def write_untrained(folder: Path, *, seed: int = 0) -> CallMosWeights:
    """Write a network of random weights with its manifest, which takes for speech whatever is loud.

    Parameters
    ----------
    folder
        Where to; it must exist.
    seed
        Of the weights.
    """
    import torch

    from audioqa.perceptual.callmos_network import CallMosNetwork

    torch.manual_seed(seed)
    network = CallMosNetwork().eval()
    _take_loud_for_speech(network)
    with torch.no_grad():
        network.opinions.outputs.weight.mul_(8.0)  # so that spans differ
    rng = np.random.default_rng(seed)
    levels = np.repeat(rng.integers(55, 220, (8, 22, 1)), ROWS, axis=1)
    clips = np.clip(levels + rng.integers(-30, 30, (8, 22 * ROWS, 80)), 0, 255).astype(np.uint8)
    write_networks(network, folder, clips)
    return write_manifest(folder, version="1", default="frames-int8.onnx", intervals=UNTRAINED)


def _take_loud_for_speech(network: CallMosNetwork) -> None:
    """Lead the subframe levels past every block to the kinds: speech from about -52 dBov on."""
    import torch

    state = network.frames.state_dict()
    enter, leave, bias = state["enter.weight"], state["leave.weight"], state["leave.bias"]
    with torch.no_grad():
        enter[0] = 0.0
        for columns in (slice(64, 72), slice(144, 152)):
            enter[0, columns] = 1 / 16
        for name, tensor in state.items():
            if name.endswith("mix.weight"):
                tensor[0] = 0.0
        kinds = slice(0, 2 * len(KINDS))
        leave[kinds] = 0.0
        bias[kinds] = 0.0
        for row in (SPEECH, len(KINDS) + SPEECH):
            leave[row, 0] = 20.0
            bias[row] = -16.0


def write_calibration(
    path: Path, weights: CallMosWeights, *, x: Sequence[float] = (1.0, 5.0), y: Sequence[float] = (1.0, 5.0)
) -> None:
    """Write the calibration that goes with the weights; the intervals are the model's own, so that it has no residual.

    Parameters
    ----------
    path
        The file.
    weights
        What it belongs to.
    x, y
        Its knots; scores stay as they are where none are given.
    """
    content = {
        "name": f"callmos-narrowband-{weights.version}",
        "estimator": weights.identity(weights.default),
        "context": "narrowband",
        "knots_x": [round(value, 4) for value in x],
        "knots_y": [round(value, 4) for value in y],
        "residual": 0.0,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    """Write an untrained network to the folder given, and its calibration to the folder ``calibration`` beside it."""
    folder = Path(arguments[0])
    weights = write_untrained(folder)
    write_calibration(folder.parent / "calibration" / f"{NAME}-narrowband.json", weights)


if __name__ == "__main__":
    main(sys.argv[1:])

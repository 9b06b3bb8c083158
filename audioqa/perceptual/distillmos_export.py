"""Export Distill-MOS from its package's torch weights to ONNX.

Run as a script, in a process of its own, because it imports torch:
``python -P distillmos_export.py WEIGHTS.pt OUTPUT.onnx``. It imports nothing of audioqa.
"""

from __future__ import annotations

import math
import sys
import types
import warnings
from pathlib import Path
from typing import Any

_SAMPLES = 122_880


def export(weights: Path, output: Path) -> None:
    """Write the network with input ``samples`` (count, 122880) and output ``mos`` (count,).

    Parameters
    ----------
    weights
        The package's checkpoint.
    output
        File to write.

    Raises
    ------
    RuntimeError
        If the network no longer answers the same once its spectrogram is written in a form that ONNX has.
    """
    # distillmos imports torchaudio only to read files, and its binary wheel does not load beside every torch.
    sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    # torch asks for onnx only to look for custom functions in the graph; there are none.
    sys.modules["onnx"] = _no_custom_functions()
    import torch
    from distillmos import sqa

    torch.set_num_threads(1)
    # The fused attention kernel has no ONNX counterpart.
    torch.backends.mha.set_fastpath_enabled(False)
    network = sqa.ConvTransformerSQAModel(load_weights=False, segmenting_in_forward=False)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True)["model"])
    network.eval()
    samples = 0.1 * torch.randn(2, _SAMPLES, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wanted = network(samples)
        sqa._complex_compressed = _compressed_spectrogram
        given = network(samples)
    if not torch.allclose(wanted, given, rtol=0, atol=1e-3):
        raise RuntimeError(f"the spectrogram differs from the package's: {given.tolist()} instead of {wanted.tolist()}")
    with warnings.catch_warnings():
        # The exporter that traces is deprecated; the one that replaces it needs two more packages.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (samples,),
            str(output),
            input_names=["samples"],
            output_names=["mos"],
            dynamic_axes={"samples": {0: "count"}, "mos": {0: "count"}},
            opset_version=17,
            dynamo=False,
        )


def _compressed_spectrogram(x: Any, hop_length: int, win_length: int) -> Any:
    """Short-time spectrum with magnitudes to the power 0.3, by a convolution with windowed cosines and sines.

    Parameters
    ----------
    x
        float32 tensor, shape ``(count, samples)``.
    hop_length, win_length
        Samples.

    Returns
    -------
    torch.Tensor
        float32, shape ``(count, win_length // 2 + 1, frames, 2)``: real and imaginary parts.
    """
    import torch

    margin = (win_length - hop_length) // 2
    x = torch.nn.functional.pad(x, (margin, margin), mode="reflect")
    bins = win_length // 2 + 1
    phase = 2 * math.pi / win_length * torch.outer(torch.arange(bins), torch.arange(win_length)).double()
    window = torch.hann_window(win_length, dtype=torch.float64)
    basis = torch.cat([torch.cos(phase) * window, -torch.sin(phase) * window]).float()
    spectrum = torch.nn.functional.conv1d(x[:, None], basis[:, None], stride=hop_length)
    spectrum = spectrum.reshape(-1, 2, bins, spectrum.shape[-1]).permute(0, 2, 3, 1)
    magnitude = spectrum.square().sum(-1, keepdim=True).sqrt().clip(1e-12)
    return magnitude**0.3 * spectrum / magnitude


def _no_custom_functions() -> types.ModuleType:
    module = types.ModuleType("onnx")
    graph = types.SimpleNamespace(node=())
    module.load_model_from_string = lambda _: types.SimpleNamespace(graph=graph)  # type: ignore[attr-defined]
    return module


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))

"""callmos by torch, for a GPU; imported only where a device is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from audioqa.errors import SettingsError, WeightsError
from audioqa.perceptual.callmos_network import CallMosNetwork
from audioqa.perceptual.callmos_stream import FramesRun


def cuda_is_there() -> bool:
    """Whether torch can use a GPU."""
    return torch.cuda.is_available()


def load_network(path: Path, *, device: str) -> tuple[FramesRun, Callable[[NDArray[np.float32]], NDArray[np.float32]]]:
    """The two parts of the network, float32.

    Parameters
    ----------
    path
        Verified ``callmos.safetensors``.
    device
        ``cuda``, or ``cpu`` to compare.

    Returns
    -------
    tuple
        The part over time (see `FramesRun`), and sums (N, 258) to opinions (N, 14).

    Raises
    ------
    SettingsError
        Where the device is not there.
    WeightsError
        Where the file holds another network.
    """
    if device == "cuda" and not cuda_is_there():
        raise SettingsError("torch finds no GPU (device = cuda): use device = cpu, or install a torch built for CUDA")
    try:
        network = CallMosNetwork.from_tensors(load_file(path)).to(device)
    except (RuntimeError, OSError) as error:
        raise WeightsError(f"{path}: not the network of this release: {str(error).splitlines()[0]}") from error

    @torch.inference_mode()
    def frames(rows: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        kinds, sums = network.frames(torch.from_numpy(rows)[None].to(device))
        return kinds[0].cpu().numpy(), sums[0].cpu().numpy()

    @torch.inference_mode()
    def opinions(sums: NDArray[np.float32]) -> NDArray[np.float32]:
        out: NDArray[np.float32] = network.opinions(torch.from_numpy(sums).to(device)).cpu().numpy()
        return out

    return frames, opinions

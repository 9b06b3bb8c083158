"""Opening ONNX models on the CPU; the one place that imports ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from audioqa.errors import SettingsError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def open_session(path: Path, *, threads: int) -> InferenceSession:
    """Open a verified ONNX file.

    Parameters
    ----------
    path
        The model.
    threads
        Threads inside one operator, at least 1. With 1 the caller's own thread does all the work.

    Returns
    -------
    InferenceSession
        On the CPU provider.

    Raises
    ------
    SettingsError
        If `threads` is below 1.
    """
    if threads < 1:
        raise SettingsError(f"threads must be at least 1, given {threads}")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Waiting threads sleep: several processes usually share the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A memory plan for each input shape costs 45 MB with Distill-MOS and gains no time.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

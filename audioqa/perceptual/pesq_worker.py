"""PESQ of one window in a process that may die.

The reference C code of P.862 crashes on some inputs and gives silently wrong scores on long ones (above 60 s). One
process serves many windows; where it dies or does not answer in time, that window has no score and the next one
gets a new process.
"""

from __future__ import annotations

import contextlib
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import MeasurementError

Mode = Literal["nb", "wb"]
"""Narrowband at 8 kHz or wideband at 16 kHz."""

RATES: dict[Mode, int] = {"nb": 8000, "wb": 16000}
"""Sampling rate of each mode, Hz."""

LONGEST = 30.0
"""Longest window, seconds: P.862 was validated up to 30 s."""

_REASONS = {
    "NoUtterancesError": "PESQ finds no speech",
    "BufferTooShortError": "PESQ needs at least a quarter of a second",
    "ValueError": "PESQ gives no number, as for a silent signal",
}


class PesqWorker:
    """Scores windows in a process of its own; use it in a ``with`` statement.

    Parameters
    ----------
    timeout
        Seconds that one window may take, above 0. 30 s of audio take about 0.2 s in narrowband and 0.5 s in wideband.
    """

    def __init__(self, *, timeout: float = 60.0) -> None:
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PesqWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def pid(self) -> int | None:
        """Process id of the worker; None before the first window and after one that killed it."""
        return self._process.pid if self._process else None

    def score(self, reference: NDArray[np.float32], recording: NDArray[np.float32], *, mode: Mode) -> float:
        """PESQ of one aligned pair.

        PESQ brings both signals to the same power between 350 and 3250 Hz itself and computes in floating point, so the
        samples are handed over as they are: bringing the levels together beforehand would only round them.

        Parameters
        ----------
        reference, recording
            float32, shape ``(samples,)``, at the rate of `mode`, at most 30 s.
        mode
            ``nb`` or ``wb``.

        Returns
        -------
        float
            MOS-LQON (P.862.1), 1.02 to 4.55, or MOS-LQOW (P.862.2), 1.04 to 4.64.

        Raises
        ------
        MeasurementError
            Where there is no score: a silent, not finite, too long or too short signal, a crash or a hang.
        """
        if max(len(reference), len(recording)) > LONGEST * RATES[mode]:
            raise MeasurementError(f"PESQ is only right on windows of at most {LONGEST:.0f} s")
        for name, samples in (("recording", recording), ("reference", reference)):
            if not np.isfinite(samples).all():
                raise MeasurementError(f"the {name} holds samples that are not numbers")
            if not np.any(samples):
                raise MeasurementError(f"the {name} is digitally silent")
        request = struct.pack("<BIII", mode == "wb", RATES[mode], len(reference), len(recording))
        payload = request + np.asarray(reference, np.float32).tobytes() + np.asarray(recording, np.float32).tobytes()
        reply = self._exchange(payload)
        if isinstance(reply, str):
            raise MeasurementError(_REASONS.get(reply, f"PESQ failed ({reply})"))
        return reply

    def _exchange(self, payload: bytes) -> float | str:
        """Send a request; the score, or the name of the error."""
        process = self._process or self._start()
        assert process.stdin  # noqa: S101 - both are pipes
        assert process.stdout  # noqa: S101
        # Killing the process ends whichever of the two calls below is blocked: that works where pipes cannot be polled.
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._timeout, stop)
        timer.start()
        head, text = b"", b""
        try:
            with contextlib.suppress(BrokenPipeError, OSError):
                process.stdin.write(payload)
                process.stdin.flush()
                head = process.stdout.read(struct.calcsize("<BdI"))
            if len(head) == struct.calcsize("<BdI"):
                good, score, length = struct.unpack("<BdI", head)
                text = process.stdout.read(length)
                return float(score) if good else text.decode()
        finally:
            timer.cancel()
            timer.join()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)  # a pipe closes a little before a crash has its signal
        self._end()
        if late.is_set():
            raise MeasurementError(f"PESQ did not answer within {self._timeout:g} s")
        raise MeasurementError(f"PESQ crashed ({_ending(process.returncode)})")

    def _start(self) -> subprocess.Popen[bytes]:
        # -P keeps the script's own folder, where a module is named pesq too, off the import path.
        command = [sys.executable, "-P", str(Path(__file__).with_name("pesq_child.py"))]
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _ending(returncode: int) -> str:
    """How a process ended, in words."""
    if returncode >= 0:
        return f"exit status {returncode}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-returncode).name
    return f"signal {-returncode}"

"""What goes wrong while a file is decoded, counted as it happens and told once at the end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audioqa.types import Finding

_LARGEST = np.nextafter(np.float32(1.0), np.float32(0.0))


class SampleBounds:
    """Bring the samples of floating-point files and codecs into [-1, 1) and count what was outside.

    Not-a-number and infinity become 0: they are no sound. What lies beyond full scale is limited to it, as
    any loudspeaker or line would.
    """

    def __init__(self) -> None:
        self._broken = 0
        self._over = 0
        self._peak = 0.0

    def apply(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return `block`, float32 ``(n, channels)``, within bounds; the same array where it was already."""
        if not block.size:
            return block
        highest = max(float(block.max()), -float(block.min()))
        if highest < 1.0:
            return block
        finite = np.isfinite(block)
        self._broken += int(block.size - np.count_nonzero(finite))
        block = np.where(finite, block, np.float32(0.0))
        highest = max(float(block.max()), -float(block.min()))
        if highest > 1.0:
            self._over += int(np.count_nonzero(np.abs(block) > 1.0))
            self._peak = max(self._peak, highest)
        return np.clip(block, np.float32(-1.0), _LARGEST)

    def findings(self) -> tuple[Finding, ...]:
        """Say what was changed."""
        found: list[Finding] = []
        if self._broken:
            message = f"{self._broken} samples are not numbers (NaN or infinity) and were taken for 0."
            found.append(Finding("nan-samples", message, "warning", {"samples": self._broken}))
        if self._over:
            message = f"{self._over} samples lie beyond full scale (up to {self._peak:.3g}) and were limited to it."
            evidence = {"samples": self._over, "peak": self._peak}
            found.append(Finding("over-full-scale", message, "notice", evidence))
        return tuple(found)


class DecodeFaults:
    """Count what a decoder complains about."""

    def __init__(self) -> None:
        self.bad_frames = 0
        self.filled = 0
        self.stopped = ""

    def findings(self, rate: int) -> tuple[Finding, ...]:
        """Say what happened, `rate` in Hz being that of the samples counted in `filled`."""
        found: list[Finding] = []
        if self.bad_frames:
            message = f"{self.bad_frames} frames could not be decoded; silence stands in their place."
            found.append(Finding("bad-frames", message, "warning", {"frames": self.bad_frames}))
        if self.filled:
            seconds = self.filled / rate
            message = f"{seconds:.2f} s that the file leaves out (lost or never recorded) were filled with silence."
            found.append(Finding("gaps", message, "warning", {"seconds": round(seconds, 3)}))
        if self.stopped:
            message = f"Decoding stopped before the end of the file: {self.stopped}."
            found.append(Finding("decoding-stopped", message, "warning"))
        return tuple(found)


def shortfall(delivered: int, expected: int | None, rate: int, *, tolerance: float) -> tuple[Finding, ...]:
    """Say where fewer samples came than the file promises, beyond `tolerance` seconds."""
    if expected is None or delivered >= expected - tolerance * rate:
        return ()
    missing = (expected - delivered) / rate
    message = f"The file ends {missing:.1f} s before the length that it promises."
    return (Finding("truncated", message, "warning", {"missing_seconds": round(missing, 3)}),)

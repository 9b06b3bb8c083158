"""From jitter to delay and late packets: what a receiver's buffer makes of it.

Jitter is no input of the E-model. A receiver holds every packet back until those that were held up in the network have
come, which costs delay; what comes later still is lost. The model: the delay of a packet above that of the fastest is
exponentially distributed. Then the mean of RFC 3550's jitter, the mean difference of the transit times of two
neighbours, is the mean of that distribution, and of a buffer of B ms a share of exp(-B / jitter) comes too late.
Where packets are at hand, no model is needed: a capture is played through a buffer packet by packet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audioqa.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class JitterBuffer:
    """A buffer at the receiver.

    Parameters
    ----------
    fixed
        Its delay in ms, above 0; None for one that adapts.
    late
        What an adaptive buffer lets come late, in per cent, above 0 and below 100: it is as long as that needs.
    least, most
        The shortest and the longest that an adaptive buffer gets, ms.

    Raises
    ------
    SettingsError
        Where a value lies outside its range.

    Examples
    --------
    >>> buffer = JitterBuffer(fixed=60)
    >>> float(buffer.delay(20)), round(float(buffer.late_share(20)), 2)
    (60.0, 4.98)
    """

    fixed: float | None = None
    late: float = 0.1
    least: float = 20.0
    most: float = 200.0

    def __post_init__(self) -> None:
        if self.fixed is not None and not 0 < self.fixed < math.inf:
            raise SettingsError(f"a jitter buffer's delay is in ms and above 0, given {self.fixed:g}")
        if not 0 < self.late < 100:
            raise SettingsError(f"late packets are in per cent, above 0 and below 100, given {self.late:g}")
        if not 0 < self.least <= self.most < math.inf:
            raise SettingsError(f"an adaptive buffer has 0 < least <= most, given {self.least:g} and {self.most:g}")

    def delay(self, jitter: ArrayLike) -> NDArray[np.float64]:
        """What it adds to the delay.

        Parameters
        ----------
        jitter
            Mean jitter of RFC 3550, ms, at least 0; any shape.

        Returns
        -------
        ndarray
            ms, of that shape.

        Raises
        ------
        SettingsError
            Where a jitter is negative or no finite number.
        """
        mean = _checked(jitter)
        if self.fixed is not None:
            return np.full(mean.shape, float(self.fixed))
        return np.clip(mean * math.log(100 / self.late), self.least, self.most)

    def late_share(self, jitter: ArrayLike) -> NDArray[np.float64]:
        """How many packets come too late, in per cent.

        Parameters
        ----------
        jitter
            As of `delay`.

        Returns
        -------
        ndarray
            0 to 100, of the shape of `jitter`.

        Raises
        ------
        SettingsError
            As `delay`.
        """
        mean = _checked(jitter)
        still = mean == 0
        return np.where(still, 0.0, 100 * np.exp(-self.delay(mean) / np.where(still, 1.0, mean)))


def _checked(jitter: ArrayLike) -> NDArray[np.float64]:
    mean = np.asarray(jitter, np.float64)
    if not np.isfinite(mean).all() or (mean < 0).any():
        raise SettingsError("a jitter is a time in ms and at least 0")
    return mean

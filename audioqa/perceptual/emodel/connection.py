"""From what a network reports to the inputs of the E-model: codec, loss, jitter and delay."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audioqa.errors import SettingsError
from audioqa.perceptual.emodel.codecs import CodecRow
from audioqa.perceptual.emodel.inputs import checked
from audioqa.perceptual.emodel.jitter_buffer import JitterBuffer


def connection(
    row: CodecRow,
    *,
    loss: ArrayLike = 0.0,
    burst_ratio: ArrayLike = 1.0,
    delay: ArrayLike = 0.0,
    jitter: ArrayLike = 0.0,
    buffer: JitterBuffer | None = None,
) -> dict[str, NDArray[np.float64]]:
    """The inputs of the model on the codec's scale, for `rate_table`.

    Parameters
    ----------
    row
        The codec.
    loss
        Packets lost in the network, **per cent**; one value or one for each call, as everything that follows.
    burst_ratio
        Of these; below 1 it counts as 1.
    delay
        From mouth to ear without the jitter buffer, ms; 0 for what one hears without conversing.
    jitter
        Mean jitter of RFC 3550, ms. Without a buffer it does nothing.
    buffer
        What the receiver makes of the jitter.

    Returns
    -------
    dict
        ``ie``, ``bpl``, ``ppl``, ``burst_r`` and ``ta``, float64. Packets that come too late count as lost at random:
        the burst ratio is the mean of both, weighted by their shares.

    Raises
    ------
    SettingsError
        Where a value lies outside its range, or packets are lost of a codec without a published robustness.
    """
    lost = checked("ppl", loss)
    runs = checked("burst_r", np.maximum(np.asarray(burst_ratio, np.float64), 1.0))
    ta = checked("ta", delay)
    if buffer is not None:
        late = buffer.late_share(jitter)
        ta = ta + buffer.delay(jitter)
        total = lost + late
        runs = np.where(total > 0, (lost * runs + late) / np.where(total > 0, total, 1.0), 1.0)
        lost = 100 * (1 - (1 - lost / 100) * (1 - late / 100))
    if row.bpl is None and (lost > 0).any():
        raise SettingsError(
            f"packets are lost, but for {row.name} no robustness to loss (Bpl) is published: take a proxy for it"
        )
    return {
        "ie": np.asarray(row.ie),
        "bpl": np.asarray(1.0 if row.bpl is None else row.bpl),
        "ppl": np.minimum(lost, 100.0),
        "burst_r": runs,
        "ta": ta,
    }

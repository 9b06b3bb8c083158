"""Missing samples from an autoregressive model of their neighbours.

Janssen, Veldhuis and Vries, "Adaptive interpolation of discrete-time signals that can be modeled as autoregressive
processes", IEEE Trans. ASSP 34 (1986): the missing samples are those that make the prediction error least, and the
model is fitted anew with them in place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROUNDS = 3
"""Fits of the model; the paper finds little change after three."""


def interpolated(samples: NDArray[np.float32], missing: NDArray[np.bool_], *, order: int) -> NDArray[np.float32]:
    """Samples with the missing ones filled in.

    Parameters
    ----------
    samples
        float32, shape (n,); what stands at the missing places does not matter.
    missing
        bool, shape (n,).
    order
        Coefficients of the model, below the number of samples.
    """
    known = samples.astype(np.float64)
    places = np.flatnonzero(missing)
    if len(places) == 0 or len(samples) <= 2 * order:
        return samples
    known[places] = np.interp(places, np.flatnonzero(~missing), known[~missing])
    for _ in range(ROUNDS):
        error = prediction_error(known, order)
        rows = len(known) - order
        # Row r of the matrix is the error of sample r + order; column c is a missing sample.
        lag = (np.arange(rows) + order)[:, None] - places[None, :]
        matrix = np.where((lag >= 0) & (lag <= order), error[np.clip(lag, 0, order)], 0.0)
        held = known.copy()
        held[places] = 0.0
        rest = np.convolve(held, error)[order : len(known)]
        normal = matrix.T @ matrix
        normal[np.diag_indices_from(normal)] += 1e-9 * np.trace(normal) / len(places) + 1e-12
        known[places] = np.linalg.solve(normal, -(matrix.T @ rest))
    return np.asarray(known, np.float32)


def prediction_error(samples: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """The filter that leaves the prediction error, shape (order + 1,), its first value 1 (autocorrelation method)."""
    from scipy.linalg import solve_toeplitz

    size = 1 << (2 * len(samples) - 1).bit_length()
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size)) ** 2
    correlation = np.fft.irfft(power)[: order + 1]
    correlation[0] = correlation[0] * (1 + 1e-7) + 1e-12
    return np.concatenate([[1.0], -np.asarray(solve_toeplitz(correlation[:-1], correlation[1:]))])

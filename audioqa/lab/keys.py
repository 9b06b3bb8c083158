"""Keys of a telephone (DTMF, ITU-T Q.23): pressed in a call, and read from one by a decoder of our own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
"""Hz."""

PAD = ("123A", "456B", "789C", "*0#D")
"""The key of each row and column."""

_FRAME, _STEP = 0.03, 0.01  # s
_PURE = 0.8  # share of the power of a frame in its two tones
_TWIST = 8.0  # dB between them (Q.24: 4 to 8)
_LEAST = -55.0  # dBov
_FRAMES = 3  # of the same key in a row: 50 ms


def pressed(keys: str, rate: int, *, on: float = 0.08, off: float = 0.08) -> NDArray[np.float32]:
    """The sound of keys, rms 1 while one is down.

    Parameters
    ----------
    keys
        Of `PAD`.
    rate
        Hz.
    on, off
        Seconds of each key, and after it.
    """
    parts = []
    time = np.arange(round(on * rate)) / rate
    for key in keys:
        row = next(number for number, line in enumerate(PAD) if key in line)
        hertz = ROWS[row], COLUMNS[PAD[row].index(key)]
        parts += [np.sum([np.sin(2 * np.pi * one * time) for one in hertz], axis=0), np.zeros(round(off * rate))]
    return np.concatenate(parts).astype(np.float32)


def with_keys(
    samples: NDArray[np.float32], keys: str, rate: int, rng: np.random.Generator, *, level: float = -20.0
) -> NDArray[np.float32]:
    """A call in which the second party presses keys, somewhere.

    Parameters
    ----------
    samples
        float32, shape (n, channels).
    keys
        What is pressed.
    rate
        Hz.
    rng
        Of the place.
    level
        dBov.
    """
    sound = pressed(keys, rate) * np.float32(10 ** (level / 20))
    first = int(rng.integers(max(1, len(samples) - len(sound))))
    out = samples.copy()
    place = slice(first, first + len(sound))
    out[place, -1] = (0.03 * out[place, -1] + sound[: len(out[place])]).astype(np.float32)
    return out


def keys_read(samples: NDArray[np.float32], *, rate: int) -> list[tuple[float, str]]:
    """Keys that are heard, each with its second: two pure tones of the pad for 50 ms and longer.

    Parameters
    ----------
    samples
        float32, shape (n,).
    rate
        Hz.
    """
    size, step = round(_FRAME * rate), round(_STEP * rate)
    if len(samples) < size:
        return []
    framed = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), size)[::step]
    window = np.hanning(size)
    time = np.arange(size) / rate
    waves = np.exp(-2j * np.pi * np.outer(time, (*ROWS, *COLUMNS))) * window[:, None]
    power = np.abs(framed @ waves) ** 2 * 2 / window.sum() ** 2
    total = np.mean(framed**2, axis=1) + 1e-12
    row, column = power[:, :4].argmax(axis=1), power[:, 4:].argmax(axis=1)
    low, high = power[:, :4].max(axis=1), power[:, 4:].max(axis=1)
    fits = (low + high > _PURE * total) & (10 * np.log10(total) > _LEAST)
    fits &= np.abs(10 * np.log10((low + 1e-15) / (high + 1e-15))) < _TWIST
    heard = np.where(fits, 4 * row + column, -1)
    read: list[tuple[float, str]] = []
    count = 0
    for number, key in enumerate(heard.tolist()):
        count = count + 1 if number and key == heard[number - 1] else 1
        if key >= 0 and count == _FRAMES:
            read.append((number * _STEP, PAD[key // 4][key % 4]))
    return read

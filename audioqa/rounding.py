"""Figures as a report's JSON holds them, so that what is worked out of a report is the same before and after."""

from __future__ import annotations


def rounded(value: float) -> float:
    """Four decimals from 1 on, four significant digits below: 0.1 ms, 0.0001 MOS, 0.0001 dB.

    Parameters
    ----------
    value
        A finite figure.

    Examples
    --------
    >>> rounded(3.599962), rounded(0.123456)
    (3.6, 0.1235)
    """
    return round(value, 4) if abs(value) >= 1 else float(f"{value:.4g}")

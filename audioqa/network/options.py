"""How a call's statistics are rated: the few choices that a person makes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audioqa.errors import SettingsError
from audioqa.perceptual.emodel import JitterBuffer


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Choices of a rating.

    Parameters
    ----------
    buffer
        What a receiver makes of the jitter, where a source does not say how much it discarded; None leaves jitter out.
    proxy
        Take another codec's values where the ITU has published none.
    threshold
        MOS by which sound and network must differ to be said to disagree, above 0.

    Raises
    ------
    SettingsError
        Where the threshold is not above 0.
    """

    buffer: JitterBuffer | None = JitterBuffer()  # noqa: RUF009 - frozen
    proxy: bool = False
    threshold: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.threshold < math.inf:
            raise SettingsError(f"sound and network disagree by a MOS above 0, given {self.threshold:g}")


def buffer_named(text: str | None) -> JitterBuffer | None:
    """The jitter buffer that a word means: a delay in ms, ``adaptive`` (None), or ``none``.

    Raises
    ------
    SettingsError
        Where it is none of these.

    Examples
    --------
    >>> buffer_named("60").fixed, buffer_named("none")
    (60.0, None)
    """
    if text is None or text == "adaptive":
        return JitterBuffer()
    if text == "none":
        return None
    try:
        return JitterBuffer(fixed=float(text))
    except ValueError:
        raise SettingsError(f"a jitter buffer is a delay in ms, adaptive or none, given {text!r}") from None

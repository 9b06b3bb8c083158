"""What a report holds of a test call: where its known prompt was found, and how much later it came, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass

from audioqa.types.basics import Segment


@dataclass(frozen=True)
class PromptPiece:
    """One piece of the prompt, found on its own.

    Parameters
    ----------
    segment
        Its place in the prompt.
    delay
        Seconds by which it stands later in the recording than in the prompt.
    """

    segment: Segment
    delay: float


@dataclass(frozen=True)
class PromptFound:
    """The prompt in a recording.

    Parameters
    ----------
    name, sha256
        Of the prompt's file.
    channel
        The channel that it was found on; of several the one on which it is loudest.
    segment
        Its place in the recording.
    delay
        Seconds from the beginning of the recording to the beginning of the prompt: the median of its pieces.
    change
        Seconds between the least and the greatest delay of its pieces.
    drift
        Of that, what grows steadily, in parts per million: clocks that differ. 0 where the pieces do not tell.
    pieces
        In order.
    lost
        Share of the prompt's pieces that were not found, 0 to 0.5.
    """

    name: str
    sha256: str
    channel: str
    segment: Segment
    delay: float
    change: float
    drift: float
    pieces: tuple[PromptPiece, ...]
    lost: float

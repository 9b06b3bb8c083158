"""Masked clips, for those who may hear the faults of a call and not what was said in it.

Nothing of the sound is kept: a clip is made of a `Sketch`, a list of places and levels, and of chance.
"""

from __future__ import annotations

from audioqa.masking.agreement import Agreement
from audioqa.masking.clip import MaskedClip, masked_clip
from audioqa.masking.writing import write_clip

__all__ = ["Agreement", "MaskedClip", "masked_clip", "write_clip"]

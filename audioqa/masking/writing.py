"""A masked clip as a WAV file."""

from __future__ import annotations

import os
from pathlib import Path

from audioqa.errors import SettingsError
from audioqa.masking.clip import MaskedClip


def write_clip(clip: MaskedClip, path: str | os.PathLike[str]) -> None:
    """Write 16-bit WAV, whole or not at all.

    Parameters
    ----------
    clip
        The clip.
    path
        Where it goes; what is there is replaced.

    Raises
    ------
    SettingsError
        Where it cannot be written.
    """
    import soundfile

    target = Path(path)
    partial = target.with_name(f".{target.name}.part")
    try:
        soundfile.write(partial, clip.samples, clip.rate, subtype="PCM_16", format="WAV")
        partial.replace(target)
    except (OSError, soundfile.SoundFileError) as error:
        partial.unlink(missing_ok=True)
        raise SettingsError(f"{target}: the masked clip cannot be written: {error}") from None

"""Noise, rooms and music that the simulator mixes in: recorded where there are recordings, made where there are none.

Recorded noise comes from the shared folder (`audioqa.lab.corpus.data_folder`), music from Debian's packages
(asterisk-moh-opsound-wav, wesnoth-1.16-music, hyperrogue-music, asc-music, drascula-music, and the data of games:
supertux, frozen-bubble, extremetuxracer, neverball, pingus, freedroidrpg, lincity-ng, hedgewars, widelands, xmoto,
solarwolf, blobwars, trigger-rally, megaglest, alienblaster, ceferino, fillets-ng, flare, tumiki-fighters, noiz2sa,
bzflag, lordsawar, fretsonfire). Each file is on one side (``train`` or ``test``) by a hash of its name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.corpus import data_folder

RATE = 16_000
"""Hz of all material."""

Samples = NDArray[np.float32]

_LONGEST = 60.0  # s of one file that are kept
_TEST_SHARE = 70  # of 256
_MUSIC = (
    "/usr/share/asterisk/moh",
    "/usr/share/games",
    "/usr/share/hyperrogue",
    "/usr/share/drascula",
)

_SOUNDS = re.compile("/tilesets/|/techs/|/speech/|/etr/sounds/|/bzflag/|/supertux2/sounds/")
"""Long files in those folders that are no music: wind, waves, cries, a voice."""


@dataclass(frozen=True)
class Material:
    """Material of one side.

    Parameters
    ----------
    noise
        Recorded noises by kind, float32, shape (n,) each, 16 kHz.
    rooms
        Measured room responses by name, starting at the direct sound.
    music
        float32, shape (n,) each, 16 kHz.
    """

    noise: dict[str, list[Samples]]
    rooms: dict[str, Samples]
    music: list[Samples]


def side_of(name: str) -> str:
    """``train`` or ``test``, by a hash of the file's name."""
    return "test" if hashlib.sha256(f"callmos/{name}".encode()).digest()[0] < _TEST_SHARE else "train"


@lru_cache(maxsize=2)
def material(side: str) -> Material:
    """All noise, rooms and music of one side.

    Parameters
    ----------
    side
        ``train`` or ``test``.

    Raises
    ------
    FileNotFoundError
        Where there is no folder of real audio.
    """
    folder = data_folder()
    if folder is None:
        raise FileNotFoundError("no recorded noise: set AUDIOQA_DATA to the folder of real audio")
    noise: dict[str, list[Samples]] = {}
    for path in sorted((folder / "noise").rglob("*.flac")) + sorted((folder / "noise").rglob("*.wav")):
        if side_of(path.name) == side:
            noise.setdefault(_kind(path.stem), []).append(_read(path))
    rooms = {}
    for path in sorted((folder / "rir").rglob("*.wav")):
        response = _read(path)
        rooms[path.stem] = response[int(np.argmax(np.abs(response))) :] / np.abs(response).max()
    music = [
        _read(path)
        for root in _MUSIC
        for path in sorted([*Path(root).rglob("*.ogg"), *Path(root).rglob("*.wav"), *Path(root).rglob("*.mp3")])
        if side_of(path.name) == side and path.stat().st_size > 400_000 and not _SOUNDS.search(str(path))
    ]
    return Material(noise, rooms, music)


def made_noise(kind: str, length: int, rng: np.random.Generator, *, voices: Sequence[Samples] = ()) -> Samples:
    """Noise that is made: ``white``, ``pink`` (3 dB an octave) or ``babble`` of other speakers.

    Parameters
    ----------
    kind
        Which.
    length
        Samples at 16 kHz.
    rng
        Source of chance.
    voices
        Speech at 16 kHz for babble, at least one.
    """
    if kind == "white":
        return rng.standard_normal(length).astype(np.float32)
    if kind == "pink":
        spectrum = np.fft.rfft(rng.standard_normal(length))
        spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))
        return np.fft.irfft(spectrum, length).astype(np.float32)
    total = np.zeros(length, np.float32)
    for voice in voices:
        start = int(rng.integers(0, len(voice)))
        total += np.resize(np.roll(voice, -start), length) * np.float32(10 ** (rng.uniform(-6, 0) / 20))
    return total


def room_response(rt60: float, direct: float, rng: np.random.Generator) -> Samples:
    """A simulated room response at 16 kHz: the direct sound, a few reflections, then decaying noise (Polack 1988).

    Parameters
    ----------
    rt60
        Seconds in which the reverberation falls by 60 dB.
    direct
        Direct over reverberant energy, dB.
    rng
        Source of chance.
    """
    length = round(min(rt60, 1.2) * RATE)
    time = np.arange(length) / RATE
    tail = rng.standard_normal(length) * 10 ** (-3 * time / rt60)
    first = round(rng.uniform(0.002, 0.008) * RATE)  # nothing arrives before the first reflection
    tail[:first] = 0
    for _ in range(6):
        at = int(rng.integers(first, first + round(0.03 * RATE)))
        if at < length:
            tail[at] += rng.choice([-1, 1]) * rng.uniform(2, 5)
    # Walls and air take the treble away with time.
    spectrum = np.fft.rfft(tail)
    spectrum *= 1 / np.sqrt(1 + (np.linspace(0, RATE / 2, len(spectrum)) / rng.uniform(2500, 6000)) ** 2)
    tail = np.fft.irfft(spectrum, length)
    tail *= np.sqrt(10 ** (-direct / 10) / max(float(np.sum(tail**2)), 1e-12))
    tail[0] = 1.0
    return tail.astype(np.float32)


def _kind(stem: str) -> str:
    """``rain`` of esc10_rain_1-17367-A, ``running_tap`` of speechcommands_running_tap, ``street`` of Berlin's."""
    corpus, _, rest = stem.partition("_")
    return "street" if corpus == "berlin" else rest.rstrip("-ABCD0123456789").rstrip("_")


def _read(path: Path) -> Samples:
    import soundfile

    from audioqa.audio import Resampler

    with soundfile.SoundFile(path) as file:
        samples = file.read(round(_LONGEST * file.samplerate), dtype="float32", always_2d=True).mean(axis=1)
        rate = file.samplerate
    if rate == RATE:
        return np.asarray(samples, np.float32)
    return Resampler(rate, RATE, channels=1).push(samples[:, None].astype(np.float32), last=True)[:, 0]

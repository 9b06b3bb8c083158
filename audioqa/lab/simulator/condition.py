"""A telephone condition: everything that is done to clean speech, as plain figures that can be stored.

A part that is left out (None, 0 or empty) does nothing. The order in which the parts act is that of a call: voice,
room, microphone, noise, overload, suppressor, gain control, front end, echo, level, band, codecs, network, player.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

Fill = Literal["zero", "repeat", "appendix-i", "codec", "noise"]
"""What takes the place of lost packets: nothing, the packet before, G.711 Appendix I, the decoder's own, noise."""

FILLS: tuple[Fill, ...] = get_args(Fill)

Band = Literal["nb", "flat", "7k", "8k"]
"""300 to 3400 Hz; up to 4 kHz; 50 to 7000 Hz; up to 8 kHz."""


@dataclass(frozen=True)
class Noise:
    """Background noise.

    Parameters
    ----------
    kind
        ``white``, ``pink``, ``babble``, or a folder of recorded noise.
    snr
        dB, speech level over noise level in 300 to 3400 Hz.
    bursts
        True for noise that comes and goes.
    """

    kind: str
    snr: float
    bursts: bool = False


@dataclass(frozen=True)
class Loss:
    """Packet loss.

    Parameters
    ----------
    percent
        Of the packets, 0 to 100.
    burst
        Memory of the loss process, 0 (independent packets) to below 1.
    packet
        ms of sound in a packet.
    fill
        What takes its place.
    """

    percent: float
    burst: float
    packet: int
    fill: Fill


@dataclass(frozen=True)
class Condition:
    """What is done to the speech; every figure is in the unit that its line says.

    Parameters
    ----------
    family
        What the condition was drawn to show: ``codec``, ``loss``, ``noise``, ``mixed`` ...
    band
        Band at the sender.
    level
        Active speech level at the end, dBov.
    rt60, direct
        Reverberation time in seconds and direct-to-reverberant ratio in dB; ``room`` names a measured response instead.
    tilt
        Deviation of the microphone's curve, dB rms; ``cutoff`` Hz of a muffling low-pass filter, 0 for none.
    noise, hum
        Background noise; hum as (fundamental in Hz, speech over hum in dB).
    overload
        dB by which the speech peaks exceed the microphone's ceiling, 0 for none.
    suppressor
        ``subtraction`` or ``gate``, and its strength 0 to 1.
    pumping
        Depth of the automatic gain control's pumping, dB.
    onset
        ms cut off the beginning of every utterance (front-end clipping).
    echo
        (delay in ms, attenuation in dB) or None.
    mnru
        Speech over modulated noise, dB, or None.
    received
        (lower, upper) edge in Hz of what the receiving side lets through, after the codecs, or None.
    unusual
        A rare distortion (``quantised``, ``aliased``, ``comb``, ``holes``, ``wow``), and its strength 0 to 1.
    codecs
        Codecs in their order; names of `audioqa.lab.codecs`.
    loss
        Packet loss at the last codec, or None.
    stretch, skips
        Events a second at which the jitter buffer stretches or shrinks time, and at which it jumps.
    gaps
        Seconds of each hole of silence cut into speech.
    clicks
        A second.
    drift
        Clock drift, parts per million.
    special
        An impairment kept for testing: ``bit-errors``, ``robot`` or ``reordering``, with its strength 0 to 1.
    seed
        What makes the draw of noise, losses and places.
    """

    family: str
    band: Band = "nb"
    level: float = -26.0
    rt60: float = 0.0
    direct: float = 0.0
    room: str = ""
    tilt: float = 0.0
    cutoff: float = 0.0
    noise: Noise | None = None
    hum: tuple[float, float] | None = None
    overload: float = 0.0
    suppressor: tuple[str, float] | None = None
    pumping: float = 0.0
    onset: float = 0.0
    echo: tuple[float, float] | None = None
    mnru: float | None = None
    received: tuple[float, float] | None = None
    unusual: tuple[str, float] | None = None
    codecs: tuple[str, ...] = ("ulaw",)
    loss: Loss | None = None
    stretch: float = 0.0
    skips: float = 0.0
    gaps: tuple[float, ...] = ()
    clicks: float = 0.0
    drift: float = 0.0
    special: tuple[str, float] | None = None
    seed: int = 0

    @property
    def sample_rate(self) -> int:
        """8000 Hz for the narrow bands, 16000 Hz for the wide ones."""
        return 8000 if self.band in ("nb", "flat") else 16000

    def to_json(self) -> str:
        """One line; what has its default is left out."""
        defaults = {f.name: f.default for f in dataclasses.fields(self)}
        content = {
            key: value for key, value in dataclasses.asdict(self).items() if value != defaults[key] or key == "family"
        }
        return json.dumps(content, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Condition:
        """The condition that `to_json` wrote."""
        content: dict[str, Any] = json.loads(text)
        for key in ("hum", "suppressor", "echo", "received", "unusual", "codecs", "gaps", "special"):
            if content.get(key) is not None:
                content[key] = tuple(content[key])
        if content.get("noise"):
            content["noise"] = Noise(**content["noise"])
        if content.get("loss"):
            content["loss"] = Loss(**content["loss"])
        return cls(**content)

"""The network's side of a call in words, the same for terminal, page and lists."""

from __future__ import annotations

from collections.abc import Mapping

from audioqa.types import Disagreement, NetworkLeg, NetworkSide, Reason, Skipped
from audioqa.types.stored import CallRow

REASON_WORDS: Mapping[Reason, str] = {
    "recorder-fault": "a fault of the recorder",
    "silent-one-way-path": "a path that carries nothing",
    "echo": "echo",
    "endpoint-noise": "noise at an endpoint",
    "endpoint-level": "level or clipping at an endpoint",
    "loss-elsewhere": "loss where the network was not measured",
    "codec-elsewhere": "a codec where the network was not measured",
    "delay": "delay, which no recording holds",
    "network-fault-concealed": "a network fault that was concealed",
    "fault-in-silence": "a network fault while the party was silent",
    "jitter-absorbed": "jitter that the receiver's buffer absorbed",
    "unexplained": "nothing that was found explains it",
}
"""What each reason means."""

_FIGURES = {
    "loss": "loss {:.3g} %",
    "discarded": "{:.3g} % too late",
    "burst_ratio": "burst ratio {:.3g}",
    "jitter": "jitter {:.3g} ms",
    "delay": "delay {:.0f} ms",
}


def leg_words(leg: NetworkLeg) -> str:
    """One direction in a line: its MOS with its scale, and the figures behind it."""
    figures = ", ".join(form.format(leg.figures[name]) for name, form in _FIGURES.items() if name in leg.figures)
    who = leg.name or "the call"
    rating = leg.rating
    if isinstance(rating, Skipped):
        return f"{who}: no network MOS: {rating.reason}" + (f" ({figures})" if figures else "")
    proxy = ", a proxy" if rating.provenance == "proxy" else ""
    return (
        f"{who}: {rating.kind} {rating.mos:.2f} {rating.scale}, {rating.category} (R {rating.r:.1f}); "
        f"{rating.codec}{proxy}, {figures}"
    )


def disagreement_words(one: Disagreement) -> str:
    """One disagreement in a sentence with its evidence."""
    who = one.channel or one.leg or "the call"
    sound = "no MOS" if isinstance(one.sound, Skipped) else f"MOS {one.sound:.1f}"
    which = "worse" if one.direction == "sound-worse" else "better"
    others = f"; or {', or '.join(REASON_WORDS[other] for other in one.others)}" if one.others else ""
    return (
        f"{who}: the sound ({sound}) is {which} than its network (MOS {one.network:.1f}): "
        f"{REASON_WORDS[one.reason]} ({'; '.join(one.evidence)}){others}"
    )


def stored_words(text: str) -> str:
    """What a list says of a call's disagreement, from the column of the store."""
    direction, _, reason = text.partition(": ")
    which = "sound worse than network" if direction == "sound-worse" else "network worse than sound"
    return f"{which}: {next((words for name, words in REASON_WORDS.items() if name == reason), reason)}"


_SHORT = {"narrowband": "NB", "wideband": "WB", "fullband": "FB"}


def network_cell(row: CallRow) -> str:
    """The network's MOS in a list: ``4.41 LQE-NB``; figures of different scales are not comparable."""
    if row.network_mos is None:
        return ""
    kind, _, scale = (row.network_scale or "").partition(" ")
    return f"{row.network_mos:.2f} {kind.removeprefix('MOS-')}-{_SHORT.get(scale, scale)}"


def network_lines(side: NetworkSide) -> list[str]:
    """Every direction, and what was not compared."""
    gaps = dict.fromkeys(gap.reason for gap in side.not_compared)
    return [*map(leg_words, side.legs), *(f"not held against the sound: {reason}" for reason in gaps)]

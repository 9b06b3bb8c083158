"""The sentence in which an event says why a person should review the call: party, fault, place and consequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from audioqa.types import Event


def clock(seconds: float) -> str:
    """Seconds as ``m:ss``, or ``h:mm:ss`` from an hour on.

    >>> clock(130.4), clock(3725)
    ('2:10', '1:02:05')
    """
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _since(event: Event) -> str:
    return f"from {clock(event.segment.start)} on"


def _one_way(event: Event, name: str) -> str:
    return (
        f"{name}: cannot be heard {_since(event)}, {event.evidence['fill']} while the other party speaks for "
        f"{event.evidence['other_party_speaks']:.0f} s"
    )


def _echo(event: Event, name: str) -> str:
    return (
        f"{event.evidence['heard_by']} hears an echo of their own voice on this call, "
        f"{event.evidence['delay_ms']:.0f} ms late and {event.evidence['attenuation_db']:.0f} dB weaker, "
        f"{_since(event)}; it comes back on the channel of {name}"
    )


def _hum(event: Event, name: str) -> str:
    return (
        f"{name}: mains hum ({event.evidence['mains_hz']} Hz and harmonics) "
        f"{event.evidence['below_speech_db']:.0f} dB below the speech, {_since(event)}"
    )


def _clicks(event: Event, name: str) -> str:
    evidence = event.evidence
    return f"{name}: {evidence['clicks']} clicks, {evidence['per_second']:.1f} a second, {_since(event)}"


def _abrupt_end(event: Event, name: str) -> str:
    return f"{name}: cut off in mid-word where the recording ends, at {clock(event.segment.end)}"


def _delayed_start(_: Event, name: str) -> str:
    return f"{name}: the recording begins in mid-word, so the first words are missing"


def _front_end_clipping(event: Event, name: str) -> str:
    return (
        f"{name}: first sounds of words are missing, {event.evidence['cut_onsets']} of {event.evidence['onsets']} "
        f"utterances begin at full loudness at once, {_since(event)}"
    )


def _muffled(event: Event, name: str) -> str:
    return f"{name}: sounds muffled, nothing of the voice above about {event.evidence['bandwidth_hz']:.0f} Hz"


def _concealed_loss(event: Event, name: str) -> str:
    return (
        f"{name}: lost packets were concealed, at least {event.evidence['packets']} of them "
        f"({event.evidence['loss_percent']:.1f} %), {_since(event)}"
    )


def _robotic(event: Event, name: str) -> str:
    return (
        f"{name}: sounds robotic, the same sound repeated {event.evidence['repeats']} times for 60 ms and longer, "
        f"{_since(event)}"
    )


def _wrong_level(event: Event, name: str) -> str:
    wrong, who = ("quiet", "strains to hear it") if event.kind == "too-quiet" else ("loud", "has to turn it down")
    return (
        f"{name}: too {wrong}, speech at {event.evidence['level_dbov']:.0f} dBov where "
        f"{event.evidence['nominal_dbov']:.0f} is usual; the other party {who}"
    )


def _unbalanced(event: Event, _: str) -> str:
    return (
        f"{event.evidence['louder']} is {event.evidence['difference_db']:.0f} dB louder than "
        f"{event.evidence['quieter']} over the call; no volume suits both"
    )


def _level_jump(event: Event, name: str) -> str:
    change = event.evidence["change_db"]
    return (
        f"{name}: the level jumps {'up' if float(change) > 0 else 'down'} by {abs(float(change)):.0f} dB at "
        f"{clock(event.segment.start)} and stays so, as if a gain was switched"
    )


def _gain_pumping(event: Event, name: str) -> str:
    return (
        f"{name}: an automatic gain pumps, the noise rises by {event.evidence['rise_db']:.0f} dB within the pauses, "
        f"{_since(event)}"
    )


def _background_noise(event: Event, name: str) -> str:
    return (
        f"{name}: background noise {event.evidence['snr_db']:.0f} dB below the speech, {_since(event)}; "
        "it tires whoever listens"
    )


def _noise_burst(event: Event, name: str) -> str:
    return (
        f"{name}: a burst of noise at {clock(event.segment.start)} for {event.segment.duration:.1f} s, "
        f"{event.evidence['snr_db']:.0f} dB below the speech"
    )


REASONS: Mapping[str, Callable[[Event, str], str]] = {
    "one-way-audio": _one_way,
    "echo": _echo,
    "hum": _hum,
    "clicks": _clicks,
    "abrupt-end": _abrupt_end,
    "delayed-start": _delayed_start,
    "front-end-clipping": _front_end_clipping,
    "too-quiet": _wrong_level,
    "too-loud": _wrong_level,
    "unbalanced": _unbalanced,
    "level-jump": _level_jump,
    "gain-pumping": _gain_pumping,
    "background-noise": _background_noise,
    "noise-burst": _noise_burst,
    "muffled": _muffled,
    "concealed-loss": _concealed_loss,
    "robotic": _robotic,
}
"""By kind of event, of those where a single one that is more than a notice flags the call: from the event and the name
of its party ("the call" where it belongs to both) to the sentence."""

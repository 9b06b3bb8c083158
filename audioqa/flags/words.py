"""What kinds of value there are in conditions and reasons, and the words that some of them can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from audioqa.recorder_faults import RECORDER_FAULTS
from audioqa.types import Origin, Severity

Value: TypeAlias = float | int | str | bool
"""What a field can be; None stands for "not known"."""


@dataclass(frozen=True)
class Kind:
    """A kind of value.

    Parameters
    ----------
    name
        ``number``; ``time``, a number of seconds from the start that is told as ``m:ss``; ``text``; ``severity``, a
        text in order; ``yes or no``; ``any``, a number or a text, as it was given.
    words
        The only texts that it can be; empty where it can be any.
    """

    name: Literal["number", "time", "text", "severity", "yes or no", "any"]
    words: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether it can be reckoned with."""
        return self.name in ("number", "time")


SEVERITIES: tuple[str, ...] = get_args(Severity)
"""From the least to the gravest."""

EVIDENCE: Mapping[str, tuple[str, ...]] = {
    "dropout": ("fill", "length_ms", "depth_db", "packet_ms", "probability"),
    "clipping": (
        "ceiling_dbov",
        "asymmetry_db",
        "clipped_share",
        "channel_clipped_share",
        "clipped_frames",
        "where",
    ),
    "dead-air": ("seconds", "level_dbov", "sound"),
    "silence-gap": ("seconds", "fill", "cut_in_mid_sound", "level_dbov", "floor_dbov"),
    "leading-silence": ("seconds", "level_dbov", "sound"),
    "trailing-silence": ("seconds", "level_dbov", "sound"),
    "digital-silence": ("seconds", "whole_recording"),
    "hum": ("mains_hz", "below_speech_db", "level_dbov", "harmonics"),
    "echo": ("delay_ms", "attenuation_db", "correlation", "heard_by"),
    "one-way-audio": ("seconds", "fill", "other_party_speaks", "own_speech"),
    "clicks": ("clicks", "per_second", "loudest_dbov"),
    "abrupt-end": ("level_dbov",),
    "delayed-start": ("level_dbov",),
    "front-end-clipping": ("cut_onsets", "onsets", "share"),
    "double-talk": ("seconds",),
    "interruption": ("by", "overlap_s"),
    "too-quiet": ("level_dbov", "nominal_dbov"),
    "too-loud": ("level_dbov", "nominal_dbov"),
    "unbalanced": ("difference_db", "louder", "quieter"),
    "level-jump": ("change_db", "seconds_compared"),
    "gain-pumping": ("rise_db", "pauses"),
    "background-noise": ("snr_db", "noise_dbov", "speech_dbov"),
    "noise-burst": ("snr_db", "noise_dbov"),
    "muffled": ("bandwidth_hz", "missing_db", "fall_db"),
    "narrowband-content": ("bandwidth_hz", "missing_db", "fall_db"),
    "concealed-loss": ("packets", "sure", "loss_percent"),
    "robotic": ("repeats", "repeated_seconds"),
}
"""The evidence of each kind of event; docs/detectors says what it means."""

FINDINGS = (
    *RECORDER_FAULTS,
    "bad-frames",
    "decoding-stopped",
    "gaps",
    "header-length",
    "list-overflow",
    "many-channels",
    "nan-samples",
    "over-full-scale",
    "several-tracks",
    "trailing-data",
    "truncated",
)
"""Kinds of finding."""

NUMBER, TIME, TEXT, YES_OR_NO, ANY = Kind("number"), Kind("time"), Kind("text"), Kind("yes or no"), Kind("any")
SEVERITY = Kind("severity", SEVERITIES)
EVENT_KIND = Kind("text", tuple(EVIDENCE))
FINDING_KIND = Kind("text", FINDINGS)
ORIGIN = Kind("text", get_args(Origin))

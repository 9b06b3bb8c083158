"""The words of a review: ratings of ITU-T P.800, verdicts, and labels as people use them."""

from __future__ import annotations

from collections.abc import Mapping

RATINGS: Mapping[int, str] = {5: "Excellent", 4: "Good", 3: "Fair", 2: "Poor", 1: "Bad"}
"""The scale of absolute category rating, ITU-T P.800 clause B.4.5."""

CONFIRMED, FALSE_ALARM, RECORDER_FAULT = "confirmed", "false-alarm", "recorder-fault"

VERDICTS: Mapping[str, str] = {
    CONFIRMED: "Confirmed: the call sounded bad",
    FALSE_ALARM: "False alarm: the call was fine",
    RECORDER_FAULT: "Recorder fault: the recording is bad, not the call",
}
"""What a reviewer can say of a call, with the sentence on the page."""

UNFLAGGED_VERDICTS: Mapping[str, str] = {
    CONFIRMED: "It sounded bad: a flag was missing",
    FALSE_ALARM: "It was fine: no flag, rightly",
    RECORDER_FAULT: VERDICTS[RECORDER_FAULT],
}
"""The same of a call that no rule flags."""

LABELS: Mapping[str, str] = {
    "choppy_robotic": "choppy or robotic",
    "low_volume": "low volume",
    "echo": "echo",
    "static_noise": "static",
    "noisy_call": "noisy background",
    "owa": "one-way audio",
    "silence": "silence",
    "high_latency": "delay",
    "dropped_call": "call dropped",
    "dtmf": "keypad tones",
    "distorted": "distorted, too loud",
}
"""Words for what is wrong, as voice platforms have them, with what stands on the button."""

RECORDER_RULES = frozenset({"recorder-fault", "damaged-recording"})
"""Rules that say of the recording, not of the call, that it is bad: there the verdict of a recorder fault is right."""

MOS_RULE = "low-mos"
"""The rule whose threshold is one of the MOS."""

MOS_RULES = frozenset({MOS_RULE, "painful-stretch"})
"""Rules that tell how bad it was, and not what was the matter."""

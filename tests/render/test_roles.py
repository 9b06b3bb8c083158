"""A report with roles put in later is the report that is made with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from audioqa.analysis import Analyser, make_analyser
from audioqa.audio import OpenOptions, open_recording
from audioqa.measure import measure
from audioqa.render.as_json import to_dict, to_json
from audioqa.render.roles import misfit, named, with_roles
from audioqa.types import Finding, PesqResult, Skipped

FIXTURES = Path(__file__).parents[2] / "fixtures"
EXPECTED = json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))
ROLES = {1: ("zoe",), 2: ("zoe", "agent")}
"""Names whose order in the alphabet is not that of the channels."""


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return make_analyser()


@pytest.mark.parametrize("entry", EXPECTED, ids=lambda entry: entry["file"])
def test_roles_put_in_later_give_the_report_that_is_made_with_them(entry: dict, analyser: Analyser) -> None:  # type: ignore[type-arg]
    options = OpenOptions(**entry.get("options", {}))
    with open_recording(FIXTURES / entry["file"], options=replace(options, channel_names=())) as opened:
        neutral = measure(
            opened.blocks(),
            opened.sample_rate,
            channels=opened.channels,
            activity=analyser.activity,
            estimator=analyser.estimator,
        )
        recording = opened.recording()
    roles = ROLES[len(recording.channels)]
    named_channels = tuple(replace(c, name=role) for c, role in zip(neutral.channels, roles, strict=True))
    made_with = analyser.report(
        replace(recording, channels=roles, findings=named(recording.findings, roles)),
        replace(neutral, channels=named_channels),
    )
    made_without = analyser.report(recording, neutral)
    assert to_json(with_roles(made_without, roles)) == to_json(made_with)
    assert named(to_dict(made_without), roles) == to_dict(made_with)


def test_the_analysis_gives_the_same_report_with_names(analyser: Analyser) -> None:
    path = FIXTURES / "dropouts-zero-fill.wav"
    with_names = analyser(path, options=OpenOptions(channel_names=("customer", "agent")))
    assert with_roles(analyser(path), ("customer", "agent")) == with_names


def test_names_that_swap_the_neutral_ones_are_put_in_at_once() -> None:
    roles = ("channel 2", "channel 1")
    assert named("channel 1 is 3 dB louder than channel 2", roles) == "channel 2 is 3 dB louder than channel 1"


def test_what_is_no_channel_of_the_recording_keeps_its_text() -> None:
    finding = Finding("x", "channel 12 and channel 3; channel 1", evidence={"heard_by": "channel 2"})
    changed = named(finding, ("a", "b"))
    assert changed.message == "channel 12 and channel 3; a"
    assert changed.evidence == {"heard_by": "b"}
    nothing = Skipped("pesq", "channel 1", "channel 1 is silent")
    pesq = named(PesqResult("channel 1", "channel 2", "MOS-LQON", nothing, nothing, ()), ("a", "b"))
    assert (pesq.channel, pesq.reference_channel) == ("a", "channel 2")
    assert named({"path": "channel 1/call.wav"}, ("a", "b")) == {"path": "channel 1/call.wav"}


@pytest.mark.parametrize(
    ("roles", "channels", "why"),
    [
        (("agent", "agent"), 2, "a name of its own"),
        (("agent", " "), 2, "a name of its own"),
        (("agent", "customer"), 1, "parties not separable"),
        (("agent",), 2, "2 channels, but 1 roles"),
    ],
)
def test_roles_that_do_not_fit_say_why(roles: tuple[str, ...], channels: int, why: str) -> None:
    assert why in (misfit(roles, channels) or "")


def test_roles_that_do_not_fit_change_nothing(analyser: Analyser) -> None:
    report = analyser(FIXTURES / "mobile.amr")
    assert len(report.recording.channels) == 1
    assert with_roles(report, ("agent", "customer")) == report

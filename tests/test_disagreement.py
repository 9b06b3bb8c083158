"""Where sound and network disagree: the direction, the reason and what speaks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audioqa.disagreement import REASONS, network_side
from audioqa.network import NetworkOptions
from audioqa.render.as_json import from_json, to_json
from audioqa.render.network_words import REASON_WORDS, disagreement_words
from audioqa.types import CallInfo, CallReport, Disagreement, Finding, NetworkRating, NetworkSide, Score, Skipped
from tests.store.examples import event, report

GOOD = {"loss": 0.0, "jitter": 2.0}
BAD = {"loss": 25.0, "burst_ratio": 2.0}


def side(made: CallReport, network: dict[str, float], *, threshold: float = 1.0, **info: Any) -> NetworkSide:
    info.setdefault("codec", "PCMU")
    found = network_side(made, CallInfo("1", network=network, **info), options=NetworkOptions(threshold=threshold))
    assert found is not None
    return found


def one(made: CallReport, network: dict[str, float], **info: Any) -> Disagreement:
    (found,) = side(made, network, **info).disagreements
    return found


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(kind, reason) for reason, kinds in REASONS.items() for kind in kinds if kind != "one-way-audio"],
)
def test_each_kind_of_event_gives_its_reason_where_the_sound_is_worse(kind: str, reason: str) -> None:
    found = one(report(2.6, events=(event(kind, severity="severe"),)), GOOD)
    assert (found.direction, found.reason, found.sound) == ("sound-worse", reason, 2.6)
    assert found.evidence == (f"{kind.replace('-', ' ')} (severe) at 3 s",)
    assert found.network == pytest.approx(4.41, abs=0.01)


def test_a_fault_of_the_recorder_goes_before_what_it_explains() -> None:
    made = report(2.6, events=(event("background-noise", severity="severe"),))
    fault = Finding("leg-skip", "Channel 2 lost 0.1 s.", "severe")
    found = one(replace(made, findings=(fault,)), GOOD)
    assert (found.reason, found.others) == ("recorder-fault", ("endpoint-noise",))
    assert found.evidence == ("Channel 2 lost 0.1 s",)


def test_the_graver_of_two_faults_is_the_reason_and_the_other_one_is_named() -> None:
    found = one(report(2.6, events=(event("echo", severity="notice"), event("hum", severity="severe"))), GOOD)
    assert (found.reason, found.others) == ("endpoint-noise", ("echo",))


def test_a_bad_sound_without_a_fault_says_so() -> None:
    assert one(report(2.6), GOOD).reason == "unexplained"


def test_a_party_that_nobody_hears_disagrees_with_a_good_network_though_it_has_no_mos() -> None:
    made = report(4.3, events=(event("one-way-audio", severity="severe"),))
    silent = replace(made.parties[1], mos=Skipped("mos", "channel 2", "no speech"))
    made = replace(made, parties=(made.parties[0], silent))
    found = one(made, GOOD)
    assert (found.direction, found.reason, found.channel) == ("sound-worse", "silent-one-way-path", "channel 2")
    assert isinstance(found.sound, Skipped)
    assert side(made, {"loss": 60.0}).disagreements == ()  # the network says so, too


def test_lost_packets_that_are_not_heard_were_concealed() -> None:
    found = one(report(4.2), BAD)
    assert (found.direction, found.reason) == ("network-worse", "network-fault-concealed")
    assert found.evidence[:2] == ("loss 25 %", "no concealed loss was told in the sound")
    heard = one(report(4.2, events=(event("concealed-loss"),)), BAD)
    assert "concealed loss (warning) at 3 s" in heard.evidence


def test_losses_while_a_party_is_silent_spare_it() -> None:
    made = report(4.2)
    quiet = tuple(replace(party, speech=5.0) for party in made.parties)
    assert one(replace(made, parties=quiet), BAD).reason == "fault-in-silence"


def test_jitter_that_only_the_assumed_buffer_turns_into_loss_was_absorbed() -> None:
    assert one(report(4.2), {"loss": 0.0, "jitter": 150.0}).reason == "jitter-absorbed"
    assert one(report(4.2), {"loss": 25.0, "jitter": 150.0}).reason == "network-fault-concealed"


def test_delay_is_no_fault_of_the_sound_and_is_told_as_delay() -> None:
    found = one(report(4.3), {"loss": 0.0, "delay": 900.0})
    assert (found.direction, found.reason) == ("network-worse", "delay")
    assert found.evidence == ("delay 900 ms", "the delay costs 1.8 MOS")
    lossy = one(report(4.3), {**BAD, "delay": 900.0})
    assert (lossy.reason, lossy.others) == ("network-fault-concealed", ())


def test_a_point_is_not_more_than_a_point() -> None:
    rated = side(report(4.0), GOOD).mos
    assert isinstance(rated, NetworkRating)
    assert side(report(round(rated.mos - 0.99, 3)), GOOD).disagreements == ()
    assert len(side(report(round(rated.mos - 1.01, 3)), GOOD).disagreements) == 1
    assert len(side(report(round(rated.mos - 0.6, 3)), GOOD, threshold=0.5).disagreements) == 1


def test_directions_are_held_against_their_own_party() -> None:
    network = {"caller_loss": 0.0, "callee_loss": 25.0}
    roles = ("agent", "customer")
    inbound = side(report(4.2), network, roles=roles, direction="inbound")
    outbound = side(report(4.2), network, roles=roles, direction="outbound")
    assert [(one.leg, one.channel) for one in inbound.disagreements] == [("callee", "channel 1")]
    assert [(one.leg, one.channel) for one in outbound.disagreements] == [("callee", "channel 2")]
    unknown = side(report(4.2), network, roles=roles)
    assert [(one.leg, one.channel) for one in unknown.disagreements] == [("callee", None)]


def test_mos_of_different_contexts_are_not_held_against_each_other() -> None:
    found = side(report(1.5), {"loss": 0.0}, codec="G722")
    assert found.disagreements == ()
    assert "not comparable" in found.not_compared[0].reason
    fullband = side(report(1.5), {"loss": 0.0}, codec="evs-24.4")
    assert "fullband" in fullband.not_compared[0].reason


def test_a_codec_without_a_value_is_refused_unless_a_proxy_is_asked_for() -> None:
    info = CallInfo("1", network=GOOD, codec="opus")
    refused = network_side(report(), info, options=NetworkOptions())
    taken = network_side(report(), info, options=NetworkOptions(proxy=True))
    assert refused is not None
    assert taken is not None
    assert isinstance(refused.mos, Skipped)
    assert isinstance(taken.mos, NetworkRating)
    assert taken.mos.provenance == "proxy"


def test_nothing_known_of_the_network_is_no_side_of_it() -> None:
    assert network_side(report(), CallInfo("1"), options=NetworkOptions()) is None


def test_a_report_with_its_network_comes_back_from_json() -> None:
    made = report(2.6, events=(event("hum"),))
    made = replace(made, network=side(made, GOOD))
    again = from_json(to_json(made))
    assert again.network is not None
    assert again.network.disagreements[0].reason == "endpoint-noise"
    assert isinstance(again.mos, Score)
    assert disagreement_words(again.network.disagreements[0]) == (
        "the call: the sound (MOS 2.6) is worse than its network (MOS 4.4): noise at an endpoint (hum (warning) at 3 s)"
    )


def test_a_report_from_before_it_had_a_network_is_read() -> None:
    text = to_json(report(), indent=None).replace(', "network": null', "")
    assert '"network"' not in text
    assert from_json(text).network is None


def test_every_reason_has_its_words() -> None:
    from typing import get_args

    from audioqa.types import Reason

    assert set(REASON_WORDS) == set(get_args(Reason))
    assert set(REASONS) < set(REASON_WORDS)

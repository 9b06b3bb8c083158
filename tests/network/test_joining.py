"""Statistics of the network beside calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from audioqa.network import BadRow, Leg, NetworkMos, by_call, legs_of, rate_legs, read_network


def test_figures_are_found_again_by_call_id(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("call_id,loss,codec\na,1,PCMU\nb,300,PCMU\n,2,PCMU\na,3,G729\n", "utf-8")
    found = by_call(read_network(path))
    assert found.figures == {"a": {"loss": 3.0}}
    assert found.codecs == {"a": "G729"}
    assert found.twice == ("a",)
    assert [row.reason for row in found.bad][1] == "it has no call id"
    assert all(isinstance(row, BadRow) for row in found.bad)


def test_a_file_of_reports_is_known_by_its_text(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("VQSessionReport: CallTerm\nCallID:x\nLocalMetrics:\nPacketLoss:NLR=1.5 JDR=0\n", "utf-8")
    assert by_call(read_network(path)).figures["x"]["loss"] == 1.5


def test_what_was_made_flat_can_be_rated_again() -> None:
    legs = legs_of({"loss": 3.0, "max_jitter": 9.0, "caller_loss": 0.0, "caller_max_jitter": 9.0, "callee_loss": 3.0})
    assert legs == (Leg("caller", {"loss": 0.0, "max_jitter": 9.0}), Leg("callee", {"loss": 3.0}))
    assert legs_of({"loss": 1.0, "other": 5.0}, codec="PCMU") == (Leg("", {"loss": 1.0}, "PCMU"),)
    assert legs_of({"other": 5.0}) == ()
    (rated,) = rate_legs(legs_of({"loss": 1.0}, codec="PCMU"))
    assert isinstance(rated, NetworkMos)
    assert rated.mos == pytest.approx(4.33, abs=0.01)

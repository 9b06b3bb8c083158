"""The E-model's MOS of what a network reports, and the command that prints it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audioqa.cli import app
from audioqa.network import Leg, NetworkMos, rate_legs
from audioqa.perceptual.emodel import EModel, JitterBuffer, WiderEModel
from audioqa.types import Skipped


def rated(figures: dict[str, float], codec: str = "PCMU", **options: object) -> NetworkMos | Skipped:
    (found,) = rate_legs([Leg("", figures, codec)], **options)  # type: ignore[arg-type]
    return found


def test_a_leg_is_rated_as_the_model_rates_its_figures() -> None:
    found = rated({"loss": 2.0, "burst_ratio": 1.5, "delay": 200.0}, buffer=None)
    assert isinstance(found, NetworkMos)
    expected = EModel(ppl=2, burst_r=1.5, ta=200, bpl=25.1).rating()
    assert (found.r, found.mos) == pytest.approx((expected.r, expected.mos), abs=1e-9)
    assert (found.kind, found.scale, found.codec.name) == ("MOS-CQE", "narrowband", "g711-plc")


def test_without_a_delay_it_is_listening_quality() -> None:
    found = rated({"loss": 0.0, "jitter": 40.0}, buffer=JitterBuffer(fixed=300))
    assert isinstance(found, NetworkMos)
    assert (found.kind, found.inputs["ta"]) == ("MOS-LQE", 0)
    with_delay = rated({"loss": 0.0, "jitter": 40.0, "delay": 0.0}, buffer=JitterBuffer(fixed=300))
    assert isinstance(with_delay, NetworkMos)
    assert (with_delay.kind, with_delay.inputs["ta"]) == ("MOS-CQE", 300)


def test_what_a_receiver_discarded_takes_the_place_of_a_modelled_buffer() -> None:
    found = rated({"loss": 1.0, "discarded": 2.0, "jitter": 50.0, "delay": 80.0, "end_system_delay": 60.0})
    assert isinstance(found, NetworkMos)
    assert found.inputs["ppl"] == 3
    assert found.inputs["ta"] == 140


def test_a_wideband_codec_is_rated_on_its_own_scale() -> None:
    found = rated({"loss": 0.0, "delay": 0.0}, "amr-wb-12.65")
    assert isinstance(found, NetworkMos)
    assert (found.scale, found.mos) == ("wideband", pytest.approx(4.337096, abs=1e-6))
    assert found.r == WiderEModel(scale="wideband", ie=13).rating().r


@pytest.mark.parametrize(
    ("figures", "codec", "reason"),
    [
        ({"loss": 1.0}, "", "does not name the codec"),
        ({"jitter": 1.0}, "PCMU", "how many packets were lost"),
        ({"loss": 1.0}, "opus", "as a proxy there is one"),
        ({"loss": 1.0}, "G729", "ask for a proxy"),
        ({"loss": 0.0, "jitter": 100.0}, "G729", "ask for a proxy"),
    ],
)
def test_what_cannot_be_rated_says_why(figures: dict[str, float], codec: str, reason: str) -> None:
    found = rated(figures, codec)
    assert isinstance(found, Skipped)
    assert reason in found.reason


def test_legs_of_many_codecs_come_back_in_order() -> None:
    codecs = ["PCMU", "G729", "opus", "", "amr-wb-12.65", "PCMA"] * 50
    legs = [Leg("", {"loss": i % 3.0, "delay": float(i)}, name) for i, name in enumerate(codecs)]
    together = rate_legs(legs, proxy=True)
    apart = [rate_legs([leg], proxy=True)[0] for leg in legs]
    assert together == apart


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["emodel", *words])


def test_the_command_rates_a_connection_and_its_inverse() -> None:
    told = run("--codec", "g729", "--delay", "150", "--set", "telr=60", "--set", "t=50", "--json")
    shown = json.loads(told.stdout)
    assert shown["r"] == pytest.approx(EModel(ie=10, ta=150, telr=60, t=50).rating().r)
    assert (shown["scale"], shown["codec"]["provenance"]) == ("narrowband", "ITU")
    assert "R 70.06, some users dissatisfied" in run("--mos", "3.6").stdout


def test_the_command_rates_a_table_and_says_what_it_could_not_rate(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("call_id,loss,rtt,codec\na,1,100,PCMU\nb,,100,PCMU\nc,300,1,PCMU\nd,1,2,opus\n")
    shown = run(str(tmp_path / "calls.csv"), "--buffer", "none")
    assert shown.exit_code == 1
    good, *others = csv.DictReader(io.StringIO(shown.stdout))
    assert float(good["r"]) == pytest.approx(EModel(ppl=1, bpl=25.1, ta=50).rating().r, abs=1e-3)
    assert (good["scale"], good["kind"], good["provenance"]) == ("narrowband", "MOS-CQE", "ITU")
    assert [row["mos"] for row in others] == ["", "", ""]
    assert "how many packets were lost" in others[0]["not_rated"]
    assert "line 4" in others[1]["not_rated"]
    assert "as a proxy" in others[2]["not_rated"]
    assert "not rated" in shown.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--codec", "opus"], "as a proxy"),
        (["--loss", "101"], "per cent"),
        (["--set", "telr"], "NAME=VALUE"),
        (["--set", "speed=3"], "no input 'speed'"),
        (["--buffer", "soon"], "adaptive or none"),
        (["--mos", "4.6"], "within 1 to 4.5"),
        (["none.csv"], "cannot be read"),
        (["none.csv", "--loss", "1"], "for one connection"),
    ],
)
def test_bad_usage_exits_with_two_and_one_line(words: list[str], message: str) -> None:
    shown = run(*words)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert message in shown.stderr
    assert len(shown.stderr.strip().splitlines()) == 1


def test_a_codec_without_a_robustness_is_rated_where_next_to_nothing_comes_late() -> None:
    found = rated({"loss": 0.0, "discarded": 0.05}, "G729")
    assert isinstance(found, NetworkMos)
    assert found.r == pytest.approx(EModel(ie=10).rating().r)
    assert isinstance(rated({"loss": 0.0, "discarded": 0.5}, "G729"), Skipped)

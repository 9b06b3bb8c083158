"""The command line as a person and a script meet it: streams, exit codes, one bad file among good ones."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile


def run(*arguments: str | Path, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "audioqa", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        check=False,
        env=os.environ
        | {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
        | environment,
    )


def noise(path: Path, *, seconds: float = 2.0, channels: int = 2, gain: float = 0.01) -> Path:
    rng = np.random.default_rng(1)
    soundfile.write(path, rng.normal(0, gain, (round(seconds * 8000), channels)), 8000, subtype="PCM_16")
    return path


BAD = {
    "empty.wav": b"",
    "text.wav": b"Dear customer,\nyour call is important to us.\n" * 40,
    "random.wav": np.random.default_rng(2).bytes(5000),
    "random.mp3": np.random.default_rng(3).bytes(5000),
    "header.wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0",
    "nochannels.wav": b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\0\0\x40\x1f\0\0\0\0\0\0\0\0\x10\0data\x04\0\0\0\0\0\0\0",
}


CALL = Path(__file__).parents[1] / "fixtures" / "clean-pcm.wav"


def test_the_default_estimator_gives_both_contexts_dimensions_and_intervals() -> None:
    shown = run("score", CALL, "--json")
    assert shown.returncode == 0, shown.stderr
    report = json.loads(shown.stdout)
    assert report["estimator"].startswith("callmos ")
    for party in report["parties"]:
        mos = party["mos"]
        assert (mos["score"]["context"], mos["wideband"]["context"]) == ("narrowband", "wideband")
        assert set(mos["dimensions"]) == {"noisiness", "coloration", "discontinuity", "loudness"}
        assert all(1 <= w["low"] <= w["mos"] <= w["high"] <= 5 for w in mos["windows"])
        assert mos["score"]["low"] < mos["score"]["value"] < mos["score"]["high"]
        assert "codec" in mos


def test_table_and_csv_name_the_wideband_context_and_what_the_interval_covers() -> None:
    table = run("score", CALL)
    assert table.returncode == 0, table.stderr
    words = " ".join(table.stdout.split())
    assert "MOS-LQO narrowband;" in words
    assert "in the wideband context" in words
    assert "the interval covers 90 % of labels of conditions it had not heard" in words
    assert "discontinuity" in words
    rows = list(csv.DictReader(io.StringIO(run("score", CALL, "--csv").stdout)))
    assert len(rows) == 2
    for row in rows:
        figures = ("mos_pred", "noi_pred", "dis_pred", "col_pred", "loud_pred", "mos_wideband")
        assert all(1 <= float(row[name]) <= 5 for name in figures)
        assert row["codec"] or "codec: none is likely enough" in row["skipped"]


def test_a_gpu_that_is_not_there_is_bad_usage(tmp_path: Path) -> None:
    shown = run("score", noise(tmp_path / "call.wav"), "--device", "cuda", CUDA_VISIBLE_DEVICES="")
    assert shown.returncode == 2
    assert "torch finds no GPU" in shown.stderr
    assert run("score", tmp_path / "call.wav", "--device", "tpu").returncode == 2


def test_a_call_becomes_one_line_of_json(tmp_path: Path) -> None:
    shown = run("score", noise(tmp_path / "call.wav"), "--json", "--estimator", "none")
    assert shown.returncode == 0, shown.stderr
    (line,) = shown.stdout.splitlines()
    report = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} in a report"))
    assert report["recording"]["channels"] == ["channel 1", "channel 2"]
    assert shown.stderr == ""


@pytest.mark.parametrize("name", BAD)
def test_what_yields_no_samples_is_one_line_of_error_and_the_rest_is_scored(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    good = noise(tmp_path / "good.wav")
    shown = run("score", tmp_path / name, good, "--json", "--estimator", "none")
    assert shown.returncode == 1
    complaint, summary = shown.stderr.splitlines()
    assert str(tmp_path / name) in complaint
    assert summary == "audioqa: 1 of 2 could not be scored"
    failed, scored = map(json.loads, shown.stdout.splitlines())
    assert failed["error"]
    assert scored["recording"]["path"] == str(good)


def test_a_directory_and_a_file_that_is_not_there_are_named(tmp_path: Path) -> None:
    shown = run("score", tmp_path, tmp_path / "nothing.wav", "--estimator", "none")
    assert shown.returncode == 1
    directory, missing, _ = shown.stderr.splitlines()
    assert "directory" in directory
    assert "nothing.wav" in missing


DAMAGED = {
    "silence": np.zeros((16_000, 1)),
    "brief": np.full((400, 1), 0.1),
    "nan": np.where(np.arange(16_000)[:, None] % 1000 == 0, np.nan, 0.01),
    "many": np.random.default_rng(4).normal(0, 0.01, (8000, 32)),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_decodes_but_is_damaged_gets_a_report_without_a_mos(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.wav"
    soundfile.write(path, DAMAGED[name], 8000, subtype="FLOAT")
    shown = run("score", path, "--json")
    assert shown.returncode == 0, shown.stderr
    report = json.loads(shown.stdout)
    assert "skipped" in report["mos"]
    assert report["flags"]
    if name == "nan":
        assert "nan-samples" in {finding["kind"] for finding in report["findings"]}


@pytest.mark.parametrize("kept", [45, 100, 3000, 15_999, 31_001])
def test_a_truncated_recording_is_scored_as_far_as_it_goes(tmp_path: Path, kept: int) -> None:
    path = noise(tmp_path / "call.wav")
    path.write_bytes(path.read_bytes()[:kept])
    shown = run("score", path, "--json", "--estimator", "none")
    if kept <= 45:  # not one whole sample of both channels
        assert shown.returncode == 1
    else:
        assert shown.returncode == 0, shown.stderr
        assert "truncated" in {finding["kind"] for finding in json.loads(shown.stdout)["findings"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["call.wav", "--json", "--csv"], "choose one"),
        (["call.wav", "--estimator", "nisqua"], "no estimator 'nisqua'"),
        (["call.wav", "--rate", "7"], "in Hz"),
        (["call.wav", "--format", "mulaw!"], "no headerless format"),
        (["call.wav", "--html", "nowhere/page.html"], "no folder nowhere"),
        (["call.wav", "--config", "nowhere.toml"], "cannot be read"),
    ],
)
def test_bad_usage_exits_with_2_and_says_why(tmp_path: Path, arguments: list[str], message: str) -> None:
    noise(tmp_path / "call.wav")
    shown = run("score", *arguments, folder=tmp_path)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert "Traceback" not in shown.stderr
    assert shown.stdout == ""


def test_csv_has_a_row_for_each_channel(tmp_path: Path) -> None:
    one, two = noise(tmp_path / "one.wav"), noise(tmp_path / "two.wav", channels=1)
    shown = run("score", one, two, "--csv", "--estimator", "none")
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    assert [(Path(row["file"]).name, row["channel"]) for row in rows] == [
        ("one.wav", "channel 1"),
        ("one.wav", "channel 2"),
        ("two.wav", "channel 1"),
    ]


def test_channel_names_are_used_and_must_fit(tmp_path: Path) -> None:
    path = noise(tmp_path / "call.wav")
    shown = run("score", path, "--channels", "agent,customer", "--json", "--estimator", "none")
    assert json.loads(shown.stdout)["recording"]["channels"] == ["agent", "customer"]
    wrong = run("score", path, "--channels", "agent", "--estimator", "none")
    assert wrong.returncode == 1
    assert "2 channels" in wrong.stderr


def test_several_pages_go_to_a_folder(tmp_path: Path) -> None:
    calls = [noise(tmp_path / f"{name}.wav") for name in "ab"]
    shown = run("score", *calls, "--html", tmp_path / "pages", "--plot", tmp_path / "plots", "--estimator", "none")
    assert shown.returncode == 0, shown.stderr
    assert sorted(p.name for p in (tmp_path / "pages").iterdir()) == ["a.wav.html", "b.wav.html"]
    assert (tmp_path / "plots" / "a.wav.png").read_bytes().startswith(b"\x89PNG")


def test_the_version_is_the_packages() -> None:
    import audioqa

    assert run("--version").stdout.strip() == f"audioqa {audioqa.__version__}"


def test_a_terminal_without_the_signs_gets_a_table_all_the_same(tmp_path: Path) -> None:
    shown = run("score", noise(tmp_path / "call.wav"), "--estimator", "none", PYTHONIOENCODING="ascii")
    assert shown.returncode == 0, shown.stderr
    assert "call.wav" in shown.stdout


def test_two_recordings_are_the_legs_of_one_call_where_that_is_said(tmp_path: Path) -> None:
    samples, rate = soundfile.read(CALL.with_name("dropouts-zero-fill.wav"), dtype="int16", always_2d=True)
    for name, channel in zip(("agent.wav", "customer.wav"), samples.T, strict=True):
        soundfile.write(tmp_path / name, channel, rate, subtype="PCM_16")
    named = ("--pair", "agent.wav", "customer.wav", "--channels", "agent,customer", "--estimator", "none")
    shown = run("score", *named, "--html", "page.html", "--plot", "plot.png", folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "audioqa score --pair agent.wav customer.wav --html page.html" in shown.stdout
    assert "agent.wav + customer.wav" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert (tmp_path / "plot.png").stat().st_size > 10_000
    failed = run("score", "--pair", "agent.wav", "none.wav", "--json", folder=tmp_path)
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["path"] == "agent.wav + none.wav"
    assert "none.wav: leg 2: there is no such file" in failed.stderr


def test_a_leg_that_is_left_over_is_bad_usage(tmp_path: Path) -> None:
    shown = run("score", "--pair", noise(tmp_path / "a.wav"), folder=tmp_path)
    assert shown.returncode == 2
    assert "two by two, and 1 were named" in shown.stderr

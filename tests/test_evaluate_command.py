"""``audioqa evaluate`` and ``audioqa calibrate`` at the terminal, with a network that hears only level."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

import audioqa.analysis
from audioqa.cli import app
from audioqa.errors import SettingsError, WeightsError
from audioqa.perceptual.calibration import Calibration
from audioqa.perceptual.estimator import WINDOW, WindowOpinion
from audioqa.perceptual.named_calibration import (
    load_named_calibration,
    named_calibration_folder,
    named_calibration_path,
    save_named_calibration,
)

SPEECH = Path(__file__).parents[1] / "fixtures" / "clean-pcm.wav"
SHIPPED = Calibration("shipped", "level 1", "narrowband", (1.0, 5.0), (1.0, 4.5), 0.3)
TURNS = (0, 1, 12)
"""Where the agent speaks for 5 s, seconds."""

LEVELS = {"a": 0.05, "b": 0.1, "c": 0.2, "d": 0.4}
"""Gain of each condition."""


class Level:
    """A network that thinks the louder the better: one MOS less for each 10 dB."""

    window = WINDOW

    def __init__(self, identity: str, offset: float) -> None:
        self.identity = identity
        self._offset = offset

    def score(self, windows: NDArray[np.float32]) -> list[WindowOpinion]:
        power = np.mean(np.square(windows, dtype=np.float64), axis=1)
        return [WindowOpinion(float(np.clip(6 + np.log10(p) + self._offset, 1, 5))) for p in power]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three clips of each condition and their labels; `level` and `other` in place of the networks."""

    def load(name: str, *, threads: int = 1, weights: Path | None = None, device: str = "cpu") -> Level:  # noqa: ARG001
        if weights is not None:
            raise SettingsError(f"the estimator {name} takes no weights, given {weights}")
        if name not in ("level", "other"):
            raise SettingsError(f"there is no estimator {name!r}")
        return Level(f"{name} {threads}", 0.0 if name == "level" else 0.3)

    monkeypatch.setattr(audioqa.analysis, "load_estimator", load)
    monkeypatch.setattr(audioqa.analysis, "load_calibration", lambda _, **__: SHIPPED)
    monkeypatch.setenv("AUDIOQA_ESTIMATOR", "level")
    monkeypatch.setenv("AUDIOQA_CALIBRATIONS", str(tmp_path / "calibrations"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("AUDIOQA_CALIBRATION", raising=False)
    monkeypatch.chdir(tmp_path)
    samples, rate = soundfile.read(SPEECH)
    turns = [samples[start * rate : (start + 5) * rate, 0] / np.abs(samples).max() for start in TURNS]
    lines = ["file,mos,condition,ci"]
    (tmp_path / "clips").mkdir()
    for index, (condition, gain) in enumerate(LEVELS.items()):
        for part, turn in enumerate(turns):
            name = f"clips/{condition}{part}.wav"
            soundfile.write(tmp_path / name, gain * turn, rate, subtype="PCM_16")
            lines.append(f"{name},{1.5 + 0.9 * index + 0.05 * part:.2f},{condition},0.1")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def evaluated(*arguments: str) -> dict[str, Any]:
    shown = run("evaluate", "labels.csv", "--json", *arguments)
    assert shown.exit_code == 0, shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout, parse_constant=lambda name: pytest.fail(name))
    return found


@pytest.mark.usefixtures("desk")
def test_two_estimators_are_compared_in_json_and_a_picture() -> None:
    found = evaluated("--estimator", "level", "--estimator", "other", "--plot", "plot.png")
    first, second = found["estimators"]
    assert (first["name"], first["source"]) == ("level", "level 1; shipped")
    assert first["per_file"]["points"] == 12
    assert first["per_condition"]["points"] == 4
    assert first["per_condition"]["unmapped"]["SRCC"]["value"] == 1.0
    assert second["per_file"]["unmapped_difference"]["bias"]["value"] > 0.1
    assert found["drawn"] == "conditions"
    assert found["left_out"] == []
    assert [file["file"] for file in found["files"]][:2] == ["clips/a0.wav", "clips/a1.wav"]
    assert set(found["files"][0]["scores"]) == {"level", "other"}
    assert Path("plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("columns", ["70", "120"])
def test_the_table_names_every_figure_and_the_difference(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = run("evaluate", "labels.csv", "--estimator", "level", "--estimator", "other")
    assert shown.exit_code == 0, shown.stderr
    for words in ("12 files, 4 conditions", "PLCC", "RMSE*", "outliers", "other minus level", "per condition"):
        assert words in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= int(columns)
    assert shown.stderr == ""


@pytest.mark.usefixtures("desk")
def test_what_cannot_be_scored_is_left_out_for_all_named_and_exits_with_1() -> None:
    samples, rate = soundfile.read("clips/a0.wav")
    soundfile.write("clips/a0.wav", samples[:rate], rate)  # one second
    Path("clips/b1.wav").write_text("not a recording")
    Path("clips/c2.wav").unlink()
    shown = run("evaluate", "labels.csv", "--json", "--estimator", "level", "--estimator", "other")
    assert shown.exit_code == 1
    found = json.loads(shown.stdout)
    assert [one["file"] for one in found["left_out"]] == ["clips/a0.wav", "clips/b1.wav", "clips/c2.wav"]
    assert len(found["files"]) == 9
    assert all(one["per_file"]["points"] == 9 for one in found["estimators"])
    told = shown.stderr.splitlines()
    assert "clips/a0.wav: left out: too little speech" in told[0]
    assert told[-1] == "audioqa: 3 of 12 could not be scored and are left out for every estimator"
    assert told[2] == "audioqa: clips/c2.wav: left out: there is no such file"


@pytest.mark.usefixtures("desk")
def test_where_next_to_nothing_can_be_scored_there_is_no_figure() -> None:
    for path in sorted(Path("clips").iterdir())[2:]:
        path.unlink()
    shown = run("evaluate", "labels.csv")
    assert shown.exit_code == 1
    assert "needs 3 scored files, given 2" in shown.stderr
    assert shown.stdout == ""


BAD: Sequence[tuple[list[str], str]] = (
    (["evaluate", "nowhere.csv"], "nowhere.csv: the labels cannot be read"),
    (["evaluate", "labels.csv", "--estimator", "none"], "name an estimator, not 'none'"),
    (["evaluate", "labels.csv", "--estimator", "level", "--estimator", "level"], "given twice"),
    (["evaluate", "labels.csv", "--estimator", "nisqua"], "no estimator 'nisqua'"),
    (["evaluate", "labels.csv", "--estimator", "level", "--estimator", "other", "--weights", "x.tar"], "no weights"),
    (["evaluate", "labels.csv", "--plot", "nowhere/plot.png"], "no folder nowhere"),
    (["evaluate", "labels.csv", "--calibration", "hers"], "no calibration 'hers'"),
    (["evaluate", "labels.csv", "--calibration", "../x"], "letters, digits"),
    (["evaluate", "bad.csv"], "bad.csv: line 2: mos"),
    (["evaluate", "short.csv"], "needs 3 scored files"),
    (["calibrate", "labels.csv", "--name", "a/b"], "letters, digits"),
    (["calibrate", "labels.csv", "--name", ".."], "starts with a letter or digit"),
    (["calibrate", "labels.csv", "--name", "ours", "--context", "wide"], "narrowband or wideband, given 'wide'"),
    (["calibrate", "labels.csv", "--name", "ours", "--estimator", "none"], "name an estimator"),
    (["calibrate", "short.csv", "--name", "ours"], "needs 8 scored files at least, given 2"),
    (["calibrate", "labels.csv"], "--name"),
)


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_bad_usage_exits_with_2_and_says_why(desk: Path, arguments: list[str], message: str) -> None:
    (desk / "bad.csv").write_text("file,mos\nclips/a0.wav,6\n")
    (desk / "short.csv").write_text("file,mos\nclips/a0.wav,3\nclips/b0.wav,4\n")
    shown = run(*arguments)
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert shown.stdout == ""
    assert not (desk / "calibrations").exists()


def score(*arguments: str) -> dict[str, Any]:
    shown = run("score", "clips/d0.wav", "--json", *arguments)
    assert shown.exit_code == 0, shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def test_a_calibration_changes_the_score_and_is_named_in_the_report(desk: Path) -> None:
    before = score()
    shown = run("calibrate", "labels.csv", "--name", "ours")
    assert shown.exit_code == 0, shown.stderr
    assert "audioqa score --calibration ours" in shown.stdout
    after = score("--calibration", "ours")
    # Listeners gave this condition 4.2, 4.25 and 4.3.
    assert after["mos"]["value"] == pytest.approx(4.25, abs=0.1)
    assert before["mos"]["value"] < 4.0
    assert after["estimator"] == "level 1; ours"
    assert after["settings_digest"] != before["settings_digest"]
    (desk / "audioqa.toml").write_text('calibration = "ours"\n')
    assert score() == after
    kept = json.loads((desk / "calibrations" / "ours.json").read_text())
    assert kept["provenance"]["files"] == 12
    assert kept["context"] == "narrowband"


@pytest.mark.usefixtures("desk")
def test_a_calibration_by_the_environment_makes_the_bias_vanish(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("calibrate", "labels.csv", "--name", "ours").exit_code == 0

    def off(found: dict[str, Any]) -> float:
        value: float = found["estimators"][0]["per_file"]["unmapped"]["bias"]["value"]
        return abs(value)

    shipped = off(evaluated())
    monkeypatch.setenv("AUDIOQA_CALIBRATION", "ours")
    assert off(evaluated()) < 0.02 < shipped


@pytest.mark.usefixtures("desk")
def test_a_calibration_of_another_estimator_is_refused_with_the_command_to_fit_it() -> None:
    assert run("calibrate", "labels.csv", "--name", "ours").exit_code == 0
    for command in (["score", "clips/d0.wav"], ["evaluate", "labels.csv"]):
        shown = run(*command, "--estimator", "other", "--calibration", "ours")
        assert shown.exit_code == 2
        assert "fitted for level 1, not other 1" in shown.stderr
        assert "audioqa calibrate LABELS.csv --name ours --estimator other --replace" in shown.stderr


def test_a_calibration_is_never_overwritten_unasked(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("calibrate", "labels.csv", "--name", "ours").exit_code == 0
    path = desk / "calibrations" / "ours.json"
    kept = path.read_bytes()
    again = run("calibrate", "labels.csv", "--name", "ours", "--context", "wideband")
    assert again.exit_code == 2
    assert "--replace" in again.stderr
    assert path.read_bytes() == kept
    # A setting that names the very calibration, of other weights by now, does not stand in the way.
    monkeypatch.setenv("AUDIOQA_CALIBRATION", "ours")
    replaced = run(
        "calibrate", "labels.csv", "--name", "ours", "--context", "wideband", "--estimator", "other", "--replace"
    )
    assert replaced.exit_code == 0, replaced.stderr
    assert json.loads(path.read_text())["context"] == "wideband"
    assert [file.name for file in path.parent.iterdir()] == ["ours.json"]


@pytest.mark.usefixtures("desk")
def test_a_doubtful_fit_is_kept_with_a_warning() -> None:
    lines = Path("labels.csv").read_text().splitlines()
    order = [*lines[1:4], *lines[7:13], *lines[4:7]]  # b is rated best
    opinions = [line.split(",", 1)[1] for line in lines[1:]]
    rows = [f"{line.split(',')[0]},{rest.split(',')[0]}" for line, rest in zip(order, opinions, strict=True)]
    Path("labels.csv").write_text("\n".join(["file,mos", *rows]) + "\n")
    shown = run("calibrate", "labels.csv", "--name", "ours")
    assert shown.exit_code == 0, shown.stderr
    assert "the rank correlation is only 0." in shown.stderr


def test_the_folder_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUDIOQA_CALIBRATIONS", str(tmp_path / "named"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert named_calibration_folder() == tmp_path / "named"
    monkeypatch.delenv("AUDIOQA_CALIBRATIONS")
    assert named_calibration_folder() == tmp_path / "config" / "audioqa" / "calibrations"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert named_calibration_folder() == tmp_path / ".config" / "audioqa" / "calibrations"


@pytest.mark.usefixtures("desk")
def test_what_is_saved_is_what_is_loaded() -> None:
    path = save_named_calibration(SHIPPED, {"files": 8}, replace=False)
    assert path == named_calibration_path("shipped")
    assert load_named_calibration("shipped", estimator="level", identity="level 1") == SHIPPED
    path.write_text("{")
    with pytest.raises(WeightsError, match="no usable calibration for 'shipped'"):
        load_named_calibration("shipped", estimator="level", identity="level 1")


def test_a_folder_that_cannot_be_written_is_named(desk: Path) -> None:
    (desk / "calibrations").write_text("a file in place of the folder")
    with pytest.raises(SettingsError, match="cannot be written"):
        save_named_calibration(SHIPPED, {}, replace=False)

"""Configuration: file, environment and options, the later ones winning; mistakes named."""

from __future__ import annotations

from pathlib import Path

import pytest

from audioqa.detectors import Silence
from audioqa.errors import SettingsError
from audioqa.settings import load_settings


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "ESTIMATOR", "WEIGHTS", "CALIBRATION", "THREADS"):
        monkeypatch.delenv(f"AUDIOQA_{name}", raising=False)


def written(text: str) -> Path:
    path = Path("other.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_options_win_over_the_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    path = written('estimator = "dnsmos"\nthreads = 2\n')
    assert load_settings(path).estimator == "dnsmos"
    monkeypatch.setenv("AUDIOQA_ESTIMATOR", "none")
    assert load_settings(path).estimator == "none"
    assert load_settings(path, estimator="distillmos").estimator == "distillmos"
    assert load_settings(path).threads == 2


def test_the_file_in_the_working_folder_is_read() -> None:
    Path("audioqa.toml").write_text("threads = 3\n", encoding="utf-8")
    assert load_settings().threads == 3


def test_a_threshold_reaches_its_detector_and_the_digest() -> None:
    plain = load_settings(estimator="none").analyser()
    changed = load_settings(written("[detectors.silence]\ndead_air = 3.5\n"), estimator="none").analyser()
    (silence,) = [detector for detector in changed.detectors if isinstance(detector, Silence)]
    assert silence.dead_air == 3.5
    assert changed.digest != plain.digest


def test_a_band_set_of_ones_own_is_used() -> None:
    text = '[bands]\nname = "ours"\nbands = [[3.5, "fine"], [1.0, "not fine"]]\nattention = 3.5\npainful = 3.0\n'
    bands = load_settings(written(text), estimator="none").analyser().bands
    assert (bands.name, bands.band(3.4)) == ("ours", "not fine")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("estimater = 1\n", "estimater: extra inputs"),
        ("threads = 0\n", "threads: input should be greater"),
        ("threads = [\n", "not a TOML file"),
        ("[detectors.silense]\ndead_air = 3\n", "no detector 'silense'"),
        ("[detectors.silence]\ndead_hair = 3\n", "dead_hair.*its thresholds are dead_air"),
        ('estimator = "nisqua"\n', "no estimator 'nisqua'"),
        ('[bands]\nname = "x"\nbands = [[4.0, "a"]]\nattention = 3.5\npainful = 3\n', "limits must fall"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(written(text)).analyser()


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: the configuration file cannot be read"):
        load_settings("nowhere.toml")


def test_an_option_out_of_range_is_refused() -> None:
    with pytest.raises(SettingsError, match="threads"):
        load_settings(threads=0)

"""``audioqa mask``."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from audioqa.cli import app

CALL = str(Path(__file__).parents[2] / "fixtures" / "silence-gap.flac")


def test_it_writes_a_clip_and_says_what_became_of_the_faults(tmp_path: Path) -> None:
    target = tmp_path / "clip.wav"
    shown = CliRunner().invoke(app, ["mask", CALL, "-o", str(target), "--from", "0:12", "--to", "17.5"])
    assert shown.exit_code == 0, shown.output
    assert "1 of 1 faults are found in the masked clip\nintelligibility (STOI against the original): 0." in shown.stdout
    samples, rate = soundfile.read(target, always_2d=True)
    assert (samples.shape, rate) == ((44_000, 2), 8000)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--from", "x"], 2, "--from: seconds or m:ss are needed, not 'x'"),
        (["--to", "-1"], 2, "--to: seconds or m:ss"),
        (["--from", "1:00"], 2, "nothing lies between 60"),
        (["--channels", "a"], 1, "it has 2 channels, but 1 names were given"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    target = tmp_path / "clip.wav"
    shown = CliRunner().invoke(app, ["mask", CALL, "-o", str(target), *arguments])
    assert shown.exit_code == code
    assert message in shown.stderr
    assert not target.exists()

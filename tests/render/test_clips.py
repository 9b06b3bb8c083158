"""Mended clips: pairs of the same place, written for those parties that have something mended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from audioqa.analysis import make_analyser
from audioqa.render.clips import write_clips

HUM = Path(__file__).parents[2] / "fixtures" / "hum.flac"


def test_each_kind_gets_a_pair_of_clips_of_the_same_place(tmp_path: Path) -> None:
    report = make_analyser()(HUM, explain=True)
    written = write_clips(report, tmp_path / "clips", name="hum")
    assert {path.name for path in written} == {
        f"hum-channel-2-{kind}-{what}.wav" for kind in ("hum", "all") for what in ("recorded", "mended")
    }
    recorded, rate = soundfile.read(tmp_path / "clips" / "hum-channel-2-hum-recorded.wav")
    mended, same = soundfile.read(tmp_path / "clips" / "hum-channel-2-hum-mended.wav")
    assert (rate, len(recorded)) == (same, len(mended))
    assert 4.0 <= len(recorded) / rate <= 12.0
    # In the pauses nothing but hum was there.
    assert np.percentile(np.abs(mended), 20) < 0.3 * np.percentile(np.abs(recorded), 20)
    assert write_clips(replace(report, ledgers=report.ledgers[:1] * 2), tmp_path / "none", name="hum") == []

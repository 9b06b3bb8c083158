"""The plot: every call has one, whatever its length, its channels and its name."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from call_example import example_report, silent_report, write_call

from audioqa.render.pictures import draw_pictures
from audioqa.render.plot import CHANNELS, draw_figure, write_plot
from audioqa.types import CallReport

PNG = b"\x89PNG\r\n\x1a\n"


def _on_file(report: CallReport, path: Path) -> CallReport:
    return replace(report, recording=replace(report.recording, path=str(path)))


@pytest.mark.parametrize("seconds", [0.05, 20.0, 240.0])
def test_a_call_of_any_length_is_drawn(tmp_path: Path, seconds: float) -> None:
    path = write_call(tmp_path / "call.wav", seconds=seconds)
    write_plot(example_report(path, seconds=seconds), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(PNG)


def test_a_name_that_reads_like_a_formula_or_markup_is_drawn_as_text(tmp_path: Path) -> None:
    path = write_call(tmp_path / "$x_{$ <b>.wav", seconds=10.0, channels=1)
    report = silent_report(str(path))
    names = ("$\\frac{$",)
    report = replace(
        report,
        recording=replace(report.recording, channels=names),
        parties=(replace(report.parties[0], channel=names[0]),),
    )
    write_plot(report, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(PNG)


def test_a_scored_gap_breaks_the_line_of_the_mos(tmp_path: Path) -> None:
    report = example_report(write_call(tmp_path / "call.wav", seconds=240.0))
    figure = draw_figure(report, draw_pictures(report.recording))
    agent, customer = figure.axes[-1].get_lines()
    assert np.isnan(np.asarray(agent.get_ydata())).any()
    assert agent.get_label() == "agent"
    assert customer.get_label() == "customer"


def test_bands_are_shaded_only_on_the_scale_that_they_are_meant_for(tmp_path: Path) -> None:
    report = example_report(write_call(tmp_path / "call.wav", seconds=20.0), seconds=20.0)
    pictures = draw_pictures(report.recording)
    assert "Excellent" in [text.get_text() for text in draw_figure(report, pictures).axes[-1].texts]
    parties = tuple(
        replace(party, mos=replace(party.mos, score=replace(party.mos.score, context="model")))  # type: ignore[type-var, union-attr]
        for party in report.parties
    )
    figure = draw_figure(replace(report, parties=parties), pictures)
    assert not figure.axes[-1].texts


def test_thirty_two_channels_are_cut_to_what_fits_and_the_title_says_so(tmp_path: Path) -> None:
    path = write_call(tmp_path / "many.wav", seconds=2.0, channels=32)
    report = silent_report(str(path))
    names = tuple(f"channel {index + 1}" for index in range(32))
    parties = tuple(replace(report.parties[0], channel=name) for name in names)
    report = replace(report, recording=replace(report.recording, channels=names, samples=16_000), parties=parties)
    figure = draw_figure(report, draw_pictures(report.recording, columns=100, slices=100))
    assert len(figure.axes) == 2 * CHANNELS + 1
    assert "24 more channels not drawn" in figure.get_suptitle()


def test_drawing_needs_neither_pyplot_nor_scipy_signal(tmp_path: Path) -> None:
    report = example_report(write_call(tmp_path / "call.wav", seconds=5.0), seconds=5.0)
    program = (
        "import sys; from audioqa.render.as_json import from_json; from audioqa.render.plot import write_plot;"
        "assert 'matplotlib' not in sys.modules;"
        "write_plot(from_json(open(sys.argv[1]).read()), sys.argv[2]);"
        "print([name for name in ('matplotlib.pyplot', 'scipy.signal', 'librosa', 'torch') if name in sys.modules])"
    )
    from audioqa.render.as_json import to_json

    (tmp_path / "report.json").write_text(to_json(report))
    command = [sys.executable, "-c", program, str(tmp_path / "report.json"), str(tmp_path / "plot.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

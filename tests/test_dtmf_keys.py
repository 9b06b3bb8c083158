"""Keys that were pressed are in no report, wherever it was made, unless that was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audioqa.cli import app
from audioqa.settings import Settings, load_settings
from audioqa.store import open_store

CALL = Path(__file__).parents[1] / "fixtures" / "phases.flac"
PRESSED = "4071"


def evidence(report: dict[str, Any]) -> Any:
    (phase,) = (phase for phase in report["phases"] if phase["kind"] == "dtmf")
    return phase["evidence"]


def run(*arguments: object) -> str:
    made = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert made.exit_code == 0, made.output
    return made.stdout


@pytest.mark.parametrize(("options", "kept"), [((), False), (("--keep-dtmf-keys",), True)])
def test_score_and_batch_leave_the_keys_out_unless_they_are_told_to_keep_them(
    tmp_path: Path, options: tuple[str, ...], kept: bool
) -> None:
    wanted = {"pressed": 4} | ({"keys": PRESSED} if kept else {})
    assert evidence(json.loads(run("score", CALL, "--json", "--estimator", "none", *options))) == wanted
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / CALL.name).write_bytes(CALL.read_bytes())
    run("batch", tmp_path / "calls", "--store", tmp_path / "a.db", "--jobs", 1, "--estimator", "none", *options)
    with open_store(str(tmp_path / "a.db")) as store:
        assert [evidence(dict(call.content)) for call in store.export()] == [wanted]


def test_the_configuration_keeps_them_and_reports_with_them_have_another_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not Settings().keep_dtmf_keys
    (tmp_path / "a.toml").write_text('keep_dtmf_keys = true\nestimator = "none"\n', encoding="utf-8")
    kept = load_settings(tmp_path / "a.toml")
    assert evidence_of(kept) == {"pressed": 4, "keys": PRESSED}
    without = load_settings(tmp_path / "a.toml", keep_dtmf_keys=False)
    assert kept.analyser().digest != without.analyser().digest
    monkeypatch.setenv("AUDIOQA_KEEP_DTMF_KEYS", "true")
    assert load_settings().keep_dtmf_keys


def evidence_of(settings: Settings) -> Any:
    (phase,) = (phase for phase in settings.analyser()(CALL).phases if phase.kind == "dtmf")
    return phase.evidence

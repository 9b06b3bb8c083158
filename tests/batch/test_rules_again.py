"""A batch flags by what is known of a call, and by the rules as they are now, without scoring anything again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from archives import Desk, write_calls

from audioqa.judging import Judging
from audioqa.render.as_json import to_json
from audioqa.settings import Settings
from audioqa.store import open_store


def rule(name: str, when: str) -> dict[str, Any]:
    return {"name": name, "for": "call", "when": when, "reason": f"{name} fires"}


@pytest.fixture
def manifest(desk: Desk) -> str:
    names = [f"{number}.wav" for number in range(24)]
    write_calls(desk.folder, names)
    rows = [
        f"calls/{name},{number},T{number % 2},sales,2026-01-{number + 1:02}T00:00:00Z"
        for number, name in enumerate(names)
    ]
    path = desk.folder.parent / "calls.csv"
    path.write_text("\n".join(["path,call_id,trunk,queue,date", *rows]))
    return str(path)


def run(desk: Desk, manifest: str, *rules: dict[str, Any]) -> tuple[int, int, dict[str, set[str]]]:
    """Run with some rules: how many were scored, how many judged again, and the calls that each rule flags."""
    settings = Settings.model_validate({"flags": {"defaults": False, "rules": list(rules)}})
    ended = desk.run(sources=[manifest], judging=Judging(settings))
    assert ended.exit_code == 0
    found: dict[str, set[str]] = {}
    with open_store(desk.store) as store:
        for call in store.export():
            for flag in call.content["flags"]:
                found.setdefault(flag["rule"], set()).add(call.info.call_id)
    return ended.tally.scored, ended.tally.judged, found


def test_rules_ask_for_metadata_and_hold_as_soon_as_they_change(desk: Desk, manifest: str) -> None:
    over = rule("over", 'call.trunk = "T1"')
    scored, judged, found = run(desk, manifest, over)
    assert (scored, judged) == (24, 0)  # each was judged as it was written
    assert found == {"over": {str(number) for number in range(1, 24, 2)}}
    assert run(desk, manifest, over)[:2] == (0, 0)
    scored, judged, found = run(desk, manifest, rule("under", 'call.trunk = "T0"'))
    assert (scored, judged) == (0, 24)
    assert found == {"under": {str(number) for number in range(0, 24, 2)}}


def test_medians_are_of_all_calls_of_the_run_however_they_came(desk: Desk, manifest: str) -> None:
    path = Path(__file__).parents[2] / "fixtures" / "dropouts-zero-fill.wav"
    desk.report = to_json(Settings().analyser()(path), indent=None)  # with a MOS, of which there are medians
    _, judged, found = run(desk, manifest, rule("known", "median.queue is known"))
    assert judged == 24
    assert found == {"known": {"20", "21", "22", "23"}}  # those that 20 calls came before

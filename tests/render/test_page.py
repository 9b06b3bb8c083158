"""The page: one file that opens anywhere, asks for nothing, and plays what it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser import Tab, chromium
from call_example import example_report, silent_report, write_call

from audioqa.render.as_json import from_json, to_json
from audioqa.render.listening import MP3_SECONDS
from audioqa.render.page import render_page, write_page
from audioqa.render.pictures import draw_pictures
from audioqa.types import CallReport, Event, Finding, Segment, Skipped

HOSTILE = "</script><script>document.documentElement.dataset.error='ran'</script><b>\"'&"


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with chromium() as tab:
        yield tab


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    write_page(_example(folder, 90.0), folder / "page.html")
    return folder / "page.html"


def _example(folder: Path, seconds: float) -> CallReport:
    return example_report(write_call(folder / "call.wav", seconds=seconds), seconds=seconds)


def _hostile(folder: Path) -> CallReport:
    report = silent_report(str(write_call(folder / "call.wav", seconds=10.0, channels=1)))
    recording = replace(report.recording, path=str(folder / "call.wav"), channels=(HOSTILE,), codec=HOSTILE)
    event = Event(HOSTILE, HOSTILE, Segment(1.0, 2.0), "severe", {HOSTILE: HOSTILE})
    return replace(
        report,
        recording=recording,
        parties=(replace(report.parties[0], channel=HOSTILE),),
        events=(event,),
        findings=(Finding("x", HOSTILE),),
        flags=(replace(report.flags[0], reason=HOSTILE),),
        mos=Skipped("mos", None, HOSTILE),
        estimator=HOSTILE,
    )


def test_the_page_fetches_nothing_and_says_so_to_the_browser(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "unsafe-inline" not in text
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", text)
    assert not re.findall(r"\bfetch\(|XMLHttpRequest|\bimport\(|WebSocket", text)


def test_the_page_names_the_wideband_context_the_dimensions_and_what_the_interval_covers(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.search(
        r"3\.\d\d \(\d\.\d–\d\.\d\) in the wideband context<br>the interval covers 90 % of &lt;labels&gt;", text
    )
    assert re.search(r"<li>agent: wideband context 3\.\d\d .*noisiness 3\.9, coloration 3\.2, codec CELP", text)


def test_text_from_outside_is_never_markup(tmp_path: Path) -> None:
    write_page(_hostile(tmp_path), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>document" not in text
    assert "<b>\"'&" not in text
    assert text.count("<script") == 4


def test_the_report_inside_the_page_is_the_json_report(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    (inside,) = re.findall(r'<script type="application/json" id="report">(.*?)</script>', text, re.DOTALL)
    report = from_json(inside)
    assert to_json(from_json(to_json(report))) == to_json(report)
    assert report.recording.path.endswith("call.wav")


def test_a_page_of_four_minutes_is_small(tmp_path: Path) -> None:
    write_page(_example(tmp_path, 240.0), tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size < 6e6


def test_a_call_too_long_for_a_player_still_has_a_page_that_says_why(tmp_path: Path, tab: Tab) -> None:
    report = _example(tmp_path, 90.0)
    reason = Skipped("player", None, f"the recording is longer than {MP3_SECONDS / 3600:.0f} hours")
    text = render_page(report, draw_pictures(report.recording), reason)
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    tab.open(tmp_path / "page.html")
    assert (
        tab.ask("document.getElementById('no-player').innerText") == "No player: the recording is longer than 2 hours."
    )
    assert tab.ask("document.getElementById('play').disabled") is True
    tab.ask("document.querySelector('tr[data-kind=dropout] button').click()")
    assert tab.ask("view.end - view.start") < 30.0


def test_the_tables_are_filled_and_no_script_fails(page: Path, tab: Tab) -> None:
    tab.open(page)
    assert tab.ask("document.querySelectorAll('#event-list tbody tr').length") == 19
    assert tab.ask("document.querySelectorAll('.reasons li').length") == 2
    assert "agent" in tab.ask("document.body.innerText")
    assert "Compare loss and jitter." in tab.ask("document.body.innerText")
    drawn = "document.getElementById('picture').getContext('2d').getImageData(0, 0, 1200, 400).data"
    assert tab.ask(f"new Set(new Uint32Array({drawn}.buffer)).size") > 100
    assert [url for url in tab.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_hostile_names_neither_run_nor_break_the_page(tmp_path: Path, tab: Tab) -> None:
    write_page(_hostile(tmp_path), tmp_path / "page.html")
    tab.open(tmp_path / "page.html")
    assert HOSTILE in tab.ask("document.querySelector('.reasons').textContent")


@pytest.mark.parametrize("seconds", [0.05, 14.0])
def test_the_shortest_calls_have_a_page(tmp_path: Path, tab: Tab, seconds: float) -> None:
    write_page(_example(tmp_path, seconds), tmp_path / "page.html")
    tab.open(tmp_path / "page.html")
    assert tab.ask("duration") == pytest.approx(seconds)


def test_what_is_played_is_as_long_as_what_is_drawn(page: Path, tab: Tab) -> None:
    tab.open(page)
    tab.until("sound.readyState >= 1")
    assert tab.ask("sound.duration") == pytest.approx(90.0, abs=0.15)


def test_a_flag_plays_its_place_with_two_seconds_around(page: Path, tab: Tab) -> None:
    tab.open(page)
    tab.until("sound.readyState >= 2")
    start = tab.ask(
        "(() => { const a = document.querySelector('.reasons a'); a.click(); return Number(a.dataset.start); })()"
    )
    tab.until("!sound.paused && sound.currentTime > 0")
    assert tab.ask("position") == pytest.approx(start - 2.0, abs=1.0)
    assert tab.ask("view.start <= position && position <= view.end") is True
    assert tab.ask("stopAt") == pytest.approx(tab.ask("report.flags[0].segment.end") + 2.0)


def test_playing_stops_two_seconds_after_the_event(page: Path, tab: Tab) -> None:
    tab.open(page)
    tab.until("sound.readyState >= 2")
    tab.ask("document.querySelector('tr[data-kind=dropout] button').click()")
    tab.until("!sound.paused")
    end = tab.ask("stopAt")
    tab.until("sound.paused", seconds=20)
    assert tab.ask("sound.currentTime") == pytest.approx(end, abs=0.4)


def test_keys_play_seek_and_walk_from_event_to_event(page: Path, tab: Tab) -> None:
    tab.open(page)
    tab.until("sound.readyState >= 2")
    tab.press(" ")
    tab.until("!sound.paused")
    tab.press(" ")
    tab.until("sound.paused")
    tab.ask("seek(20)")
    tab.press("ArrowRight")
    assert tab.ask("position") == pytest.approx(25.0)
    tab.press("ArrowLeft")
    tab.press("ArrowLeft")
    assert tab.ask("position") == pytest.approx(15.0)
    tab.press("n")
    first = tab.ask("events[current].start")
    assert first == tab.ask("Math.min(...events.map((event) => event.start).filter((start) => start > 15))")
    tab.press("n")
    assert tab.ask("events[current].start") > first
    tab.press("p")
    assert tab.ask("events[current].start") == first


def test_one_party_alone_is_heard_in_both_ears(page: Path, tab: Tab) -> None:
    tab.open(page)
    tab.ask("document.querySelector('[data-solo=\"1\"]').click()")
    gains = "routing.gains.map((pair) => pair.map((gain) => gain.gain.value))"
    assert tab.ask(gains) == [[0, 0], [1, 1]]
    tab.ask("document.querySelector('[data-solo=\"-1\"]').click()")
    assert tab.ask(gains) == [[1, 0], [0, 1]]


def _point(tab: Tab, seconds: float, kind: str, **more: object) -> None:
    """Move or press the mouse at a time on the first waveform."""
    x, y = tab.ask(
        f"(() => {{ const box = stage.getBoundingClientRect();"
        f" return [box.left + placeOf({seconds}, stage.clientWidth), box.top + lanes.top + 10]; }})()"
    )
    tab.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)


def test_pointing_at_an_event_says_what_it_is(page: Path, tab: Tab) -> None:
    tab.open(page)
    _point(tab, 30.0, "mouseMoved")
    tab.until("!byId('tip').hidden")
    tip = tab.ask("byId('tip').textContent")
    assert "severe: dead air, whole call, 12.0 s" in tip
    assert tip.startswith(("0:30.0", "0:29.9", "0:30.1"))


def test_a_click_seeks_and_a_drag_moves_the_view(page: Path, tab: Tab) -> None:
    tab.open(page)
    for kind in ("mousePressed", "mouseReleased"):
        _point(tab, 60.0, kind, button="left", clickCount=1)
    assert tab.ask("position") == pytest.approx(60.0, abs=0.2)
    tab.ask("look(40, 60)")
    _point(tab, 50.0, "mousePressed", button="left", clickCount=1)
    _point(tab, 45.0, "mouseMoved", button="left", buttons=1)
    _point(tab, 50.0, "mouseReleased", button="left", clickCount=1)
    assert tab.ask("view.start") == pytest.approx(45.0, abs=0.2)
    assert tab.ask("position") == pytest.approx(60.0, abs=0.2)


def test_a_link_with_a_time_opens_there(page: Path, tab: Tab) -> None:
    tab.open(page, fragment="#t=12.5")
    assert tab.ask("document.getElementById('cursor').getAttribute('aria-valuenow')") == "12.5"


def test_zooming_keeps_the_place_and_stays_inside_the_call(page: Path, tab: Tab) -> None:
    tab.open(page)
    tab.ask("seek(30); zoom(0.25, 30)")
    assert tab.ask("view.end - view.start") == pytest.approx(90 / 4)
    assert tab.ask("placeOf(30, 1000)") == pytest.approx(tab.ask("lanes.left + (1000 - lanes.left) / 3"))
    tab.ask("look(-50, 10)")
    assert tab.ask("view.start") == 0
    tab.press("0")
    assert tab.ask("view.end") == pytest.approx(90.0)


def test_events_can_be_narrowed_to_a_kind_and_put_in_order_of_time(page: Path, tab: Tab) -> None:
    tab.open(page)
    tab.ask("byId('kind').value = 'clipping'; byId('kind').dispatchEvent(new Event('change'))")
    assert tab.ask("document.querySelectorAll('#event-list tbody tr:not([hidden])').length") == 3
    tab.ask("byId('order').value = 'time'; byId('order').dispatchEvent(new Event('change'))")
    times = tab.ask("[...document.querySelectorAll('#event-list tbody tr')].map((row) => Number(row.dataset.at))")
    assert times == sorted(times)


@pytest.mark.parametrize("width", [390, 768])
def test_nothing_is_wider_than_a_phone(page: Path, tab: Tab, width: int) -> None:
    tab.open(page, width=width)
    assert tab.ask("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground_as_wcag_asks(page: Path, tab: Tab, scheme: str) -> None:
    tab.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.open(page)
    names = [*_INKS, "paper", "ground", "on-accent", *(f"band{index}" for index in range(5))]
    style = "getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()"
    colours = tab.ask(f"Object.fromEntries({names!r}.map((name) => [name, {style}]))")
    pairs = [(ink, "paper") for ink in _INKS] + [("ink", "ground"), ("muted", "ground"), ("on-accent", "accent")]
    pairs += [("muted", f"band{index}") for index in range(5)]
    ratios = {pair: _contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}


_INKS = (
    *("ink", "muted", "accent", "severe", "warning", "notice"),
    *("good", "fair", "poor", "bad", "plain", "c0", "c1", "c2", "c3"),
)


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3: ratio of the relative luminances of two sRGB colours."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

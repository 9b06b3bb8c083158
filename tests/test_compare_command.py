"""``audioqa compare``: what it prints, what it refuses, and the page that it leaves behind."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from audioqa.cli import app
from audioqa.lab.month import make_month
from audioqa.lab.month_plan import read_plan
from audioqa.lab.month_store import fill
from audioqa.store import open_store
from tests.render.browser import Tab, chromium

BEFORE, AFTER = "2026-06-01..2026-06-11T14:00", "2026-06-11T14:00..2026-06-30"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with a tenth of the month: carrier 3 degrades on 11 June at 14:00."""
    path = str(tmp_path_factory.mktemp("archive") / "calls.db")
    with open_store(path) as store:
        fill(store, make_month(replace(read_plan(), calls=5000)))
    return path


@pytest.fixture(scope="module")
def browser() -> Any:
    with chromium() as tab:
        yield tab


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["compare", *arguments])


def show(browser: Tab, page: Path, *, width: int) -> None:
    browser.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.requests.clear()
    browser.send("Page.navigate", url=page.as_uri())
    browser.until("document.readyState === 'complete' && Boolean(document.querySelector('.lead'))")


def test_a_planted_change_is_told_with_its_size(archive: str) -> None:
    shown = run("--store", archive, "--before", BEFORE, "--after", AFTER, "--carrier", "carrier 3", "--json")
    assert shown.exit_code == 0, shown.stderr
    found = json.loads(shown.stdout)
    assert found["verdict"] == "The calls sound worse."
    assert found["outcome"] == "worse"
    assert found["mos"]["low"] < -0.7 < found["mos"]["high"]
    assert [one["name"] for one in found["others"] if "name" in one][:3] == ["below", "one-way-audio", "dropout"]
    words = run("--store", archive, "--before", BEFORE, "--after", AFTER, "--carrier", "carrier 3")
    assert "The calls sound worse." in words.stdout
    assert "Mean MOS fell by 0." in words.stdout
    assert "mean MOS" in words.stdout


def test_two_kinds_of_calls_are_compared_by_filters(archive: str) -> None:
    shown = run(
        "--store", archive, "--before", "connection=wired", "--after", "connection=Wi-Fi", "--by", "agent",
        "--until", "2026-06-10", "--json",
    )  # fmt: skip
    assert shown.exit_code == 0, shown.stderr
    found = json.loads(shown.stdout)
    assert found["clusters"][0] == 0
    assert "connection" not in {one["column"] for one in found["mix"]}
    assert found["mos"]["after"] < found["mos"]["before"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--before", "last week", "--after", AFTER], "--before last week: write a period"),
        (["--before", BEFORE, "--after", "2026-06-20..2026-06-10"], "ends before it begins"),
        (["--before", BEFORE, "--after", BEFORE], "are both before and after"),
        (["--before", "2020-01-01..2020-02-01", "--after", AFTER], "there are no calls before"),
        (["--before", BEFORE, "--after", AFTER, "--by", "planet"], "no call before has a planet"),
        (["--before", BEFORE, "--after", AFTER, "--page", "/nowhere/at/all.html"], "there is no folder"),
        (["--before", BEFORE, "--after", AFTER, "--events", "dropuot"], "did you mean 'dropout'"),
        (["--before", "2026-13-01..", "--after", AFTER], "not a time"),
        (["--before", "headset=none-such", "--after", AFTER], "no call has headset=none-such; there are H-100"),
    ],
)
def test_bad_questions_exit_with_2_and_say_why(archive: str, arguments: list[str], words: str) -> None:
    shown = run("--store", archive, *arguments)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert words in shown.stderr


def test_the_page_stands_by_itself_and_says_what_the_command_says(archive: str, tmp_path: Path, browser: Tab) -> None:
    page = tmp_path / "verdict.html"
    shown = run("--store", archive, "--before", BEFORE, "--after", AFTER, "--page", str(page), "--json")
    assert shown.exit_code == 0, shown.stderr
    found = json.loads(shown.stdout)
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=", text)
    show(browser, page, width=1100)
    assert browser.ask("document.querySelector('.lead').textContent") == found["verdict"]
    assert browser.ask("JSON.parse(document.getElementById('data').textContent).mos") == found["mos"]
    assert browser.ask("document.querySelectorAll('svg[role=img][aria-label]').length") >= 2
    assert browser.ask("document.querySelectorAll('tbody th[scope=row]').length") > 10
    # Nothing is wider than a phone, but for tables that scroll within their own place.
    show(browser, page, width=360)
    assert browser.ask("document.documentElement.scrollWidth") <= 360
    assert browser.requests == [page.as_uri()]

"""docs/flags.md says what is so: its examples work, its table names every field."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from hand_made import judged, party, report

from audioqa.flags import make_rules
from audioqa.flags.families import FAMILIES
from audioqa.flags.field import EVERYTHING
from audioqa.flags.fields import FIELDS
from audioqa.flags.loading import KEYS
from audioqa.flags.subject import About
from audioqa.types import Event, Segment
from audioqa.types.calls import CallInfo

PAGE = (Path(__file__).parents[2] / "docs" / "flags.md").read_text(encoding="utf-8")


def told(about: tuple[About, ...]) -> str:
    return "all" if about == EVERYTHING else ", ".join(about)


def test_every_field_has_its_row_and_every_row_its_field() -> None:
    rows = [f"| `{one.name}` | {told(one.about)} | {one.kind.name} | {one.meaning} |" for one in FIELDS]
    rows += [f"| `{family.pattern}` | {told(family.about)} | | {family.meaning} |" for family in FAMILIES]
    table = PAGE[PAGE.index("| field |") : PAGE.index("Kinds of event and")]
    assert table.strip().splitlines()[2:] == rows


def test_every_key_has_its_row() -> None:
    assert [key for key in KEYS if f"\n| `{key}` |" not in PAGE] == []


def test_the_rules_on_the_page_work() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.S)
    rules = make_rules(tomllib.loads(text)["flags"]["rules"])
    drops = [Event("dropout", "customer", Segment(at, at + 0.02), "warning") for at in range(10, 16)]
    clipped = Event("clipping", "customer", Segment(20, 21.5), "warning")
    made = report(party(4.0, name="customer", seconds_below=70), events=[*drops, clipped])
    info = CallInfo("1", queue="sales", trunk="sip-3")
    found = judged(rules, made, info=info, medians={"trunk": 4.6})
    assert [(flag.rule, flag.reason) for flag in found] == [
        ("sales-long-stretch", "customer: 70 s of speech below 3.6, the worst at 0:00"),
        ("lost-then-clipped", "customer: 6 dropouts and 2 s of clipping"),
        ("dropouts", "customer: 6 dropouts between 0:10 and 0:15, 120 ms of sound lost, MOS 4.0 there"),
        ("many-short-gaps", "customer: 6 short gaps from 0:10 to 0:15"),
        ("worse-than-its-trunk", "MOS 4.0, 0.6 below the 30-day median of trunk sip-3"),
    ]


def test_the_python_on_the_page_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - our own page
    assert names["text"] == '[[flags.rules]]\nname = "low-mos"\nwhen = "mos < 3.4"\n'

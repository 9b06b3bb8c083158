"""Rules in the configuration: changed, added, turned off; thresholds that a program applies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hand_made import judged, party, report

from audioqa.errors import SettingsError
from audioqa.flags import Rule, apply_threshold, default_rules, make_rules
from audioqa.flags.thresholds import with_threshold
from audioqa.settings import load_settings

OWN = """# our thresholds
estimator = "none"

[flags]
defaults = true

[[flags.rules]]
name = "low-mos"  # stricter than the bands
when = "mos < 3.4"

[[flags.rules]]
name = "hum"
enabled = false

[[flags.rules]]
name = "sales-drop"
for = "call"
when = 'call.queue = "sales" and drop.trunk > 0.5'
reason = "MOS {mos:.1f}, {drop.trunk:.1f} below what is usual on {call.trunk}"
"""


TWICE = '[[flags.rules]]\nname = "twice"\nfor = "party"\nwhen = "mos < 3 or mos > 4"\nreason = "x"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_configuration_changes_adds_and_turns_off(tmp_path: Path) -> None:
    rules = load_settings(written(tmp_path, OWN)).analyser().flag_rules
    by_name = {rule.name: rule for rule in rules.rules}
    defaults = {rule.name: rule for rule in default_rules().rules}
    assert set(by_name) == (set(defaults) - {"hum"}) | {"sales-drop"}
    assert by_name["low-mos"].when == "mos < 3.4"
    assert by_name["low-mos"].reason == defaults["low-mos"].reason
    assert rules.rules[-1].name == "sales-drop"
    assert {name for name in by_name if name in defaults and by_name[name] != defaults[name]} == {"low-mos"}


def test_rules_change_their_own_digest_and_not_that_of_measuring(tmp_path: Path) -> None:
    plain, own = load_settings(estimator="none").analyser(), load_settings(written(tmp_path, OWN)).analyser()
    assert plain.digest == own.digest
    assert plain.flag_rules.digest != own.flag_rules.digest


def test_without_the_default_set_only_ones_own_rules_hold(tmp_path: Path) -> None:
    text = OWN.replace("true", "false", 1).replace('name = "low-mos"', 'name = "low"\nfor = "party"\nreason = "x"')
    text = text.replace('[[flags.rules]]\nname = "hum"\nenabled = false\n', "")
    assert [rule.name for rule in load_settings(written(tmp_path, text)).flag_rules().rules] == ["low", "sales-drop"]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([{"when": "mos < 3"}], "flag rule 1 has no name"),
        ([{"name": "x", "wen": "mos < 3"}], "'x': there is no key 'wen'; did you mean 'when'"),
        ([{"name": "x", "when": 3}], "'x': when: a text is needed, not 3"),
        ([{"name": "low-mos", "enabled": 1}], "'low-mos': enabled: true or false is needed, not 1"),
        ([{"name": "dropouts", "apart": True}], "'dropouts': apart: a number is needed, not True"),
        ([{"name": "x", "when": "mos < 3"}], "'x' has no 'for', and there is no default rule of that name"),
        ([{"name": "hum", "enabled": False}] * 2, "two flag rules are called 'hum'"),
        ([{"name": "low-mos", "when": "mos <"}], "'low-mos': when: "),
        ([{"name": f"r{n}", "for": "call", "when": "mos < 1", "reason": "x"} for n in range(200)], "at most 200"),
    ],
)
def test_mistakes_in_tables_are_named(tables: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        make_rules(tables)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[flags]\nrule = 1\n", "flags.rule"),
        ("[flags]\nrules = 1\n", "flags.rules"),
        (
            '[[flags.rules]]\nname = "low-mos"\nwhen = "moss < 3"\n',
            "flag rule 'low-mos': when: .*'moss'; did you mean 'mos'",
        ),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(written(tmp_path, text), estimator="none").analyser()


def test_a_threshold_is_changed_where_it_stands_and_everything_else_stays() -> None:
    changed = apply_threshold(OWN, "low-mos", field="mos", value=3.25)
    assert changed == OWN.replace("mos < 3.4", "mos < 3.25")
    assert apply_threshold(changed, "low-mos", field="mos", value=3.4) == OWN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "threads = 2\n",
        OWN,
        "[flags]\ndefaults = true\n",
        "[flags]\nrules = []\n",
        'flags = { rules = [{ name = "hum", enabled = false }] }\n',
    ],
)
def test_a_threshold_of_a_default_rule_is_written_into_the_configuration(tmp_path: Path, text: str) -> None:
    changed = apply_threshold(text, "dropouts", field="count", value=6)
    kept = set(changed.splitlines())
    assert [line for line in text.splitlines() if line not in kept and "rules = [" not in line] == []
    rules = load_settings(written(tmp_path, changed), estimator="none").flag_rules()
    (dropouts,) = [rule for rule in rules.rules if rule.name == "dropouts"]
    assert dropouts.when == "party is known and (count >= 6 or seconds >= 0.25)"
    twice = apply_threshold(changed, "dropouts", field="seconds", value=0.5)
    assert twice == changed.replace("seconds >= 0.25", "seconds >= 0.5")


def test_a_threshold_that_the_bands_gave_is_told_as_it_now_is(tmp_path: Path) -> None:
    changed = apply_threshold("", "low-mos", field="mos", value=3.9)
    rules = load_settings(written(tmp_path, changed), estimator="none").flag_rules()
    (flag,) = judged(rules, report(party(3.8)))
    assert flag.reason == "agent: MOS 3.8 (Fair) over the call, below 3.9"


@pytest.mark.parametrize(
    ("condition", "field", "value", "changed"),
    [
        ("mos < 3.6", "mos", 3, "mos < 3"),
        ("3.6 > mos and worst < 3", "mos", 0.000001, "0.000001 > mos and worst < 3"),
        ("not (mos >= attention)", "mos", -2.5, "not (mos >= -2.5)"),
        ("level < -30", "level", -40, "level < -40"),
        ('tag."a b" > 3', "tag.a b", 1e7, 'tag."a b" > 10000000'),
    ],
)
def test_only_the_number_changes(condition: str, field: str, value: float, changed: str) -> None:
    assert with_threshold(condition, field, value) == changed


@pytest.mark.parametrize(
    ("text", "rule", "field", "value", "message"),
    [
        ("", "low-moss", "mos", 3, "no flag rule 'low-moss'; did you mean 'low-mos'"),
        ("", "low-mos", "worst", 3, "'low-mos': the condition compares 'worst' with a number never"),
        ("", "low-mos", "mos", float("nan"), "'low-mos': a threshold is a finite number"),
        ("", "hum", "severity", 3, "'severity' with a number never"),
        ("[flags", "low-mos", "mos", 3, "the configuration is not as it should be"),
        ("flags = 1", "low-mos", "mos", 3, "the configuration is not as it should be"),
        (
            '[[flags.rules]]\nname = "low-mos"\nwhen = "mos < 3 or mos > 4"',
            "low-mos",
            "mos",
            3,
            "{threshold.mos} needs a condition",
        ),
        (TWICE, "twice", "mos", 3, "'twice': the condition compares 'mos' with a number 2 times"),
        (
            '[[flags.rules]]\nname = "low-mos"\nwhen = "mos < attention - 1"\nreason = "x"',
            "low-mos",
            "mos",
            3,
            "reckoned",
        ),
    ],
)
def test_a_threshold_that_cannot_be_set_is_refused(
    text: str, rule: str, field: str, value: float, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        apply_threshold(text, rule, field=field, value=value)


def test_every_default_rule_is_written_in_order_and_once() -> None:
    rules = default_rules().rules
    assert len({rule.name for rule in rules}) == len(rules) == 28
    assert all(isinstance(rule, Rule) for rule in rules)

"""Defaults by source and tenant, the configuration's table, and options of a command before it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from archive_example import csv_of, found, one, recording

from audioqa.errors import SettingsError
from audioqa.settings import load_settings
from audioqa.sources import SourceOptions
from audioqa.types import Item

TOML = """
[sources]
pair = true
legs = ["rx", "tx"]
extensions = [".rec"]

[sources.defaults]
roles = ["agent", "customer"]
timezone = "Europe/Berlin"
site = "Oslo"

[sources.tenant.acme]
roles = "customer,agent"
site = "Rome"

[sources.source."{folder}/acme"]
tenant = "acme"

[sources.source."*.raw"]
encoding = "alaw"
rate = 8000
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "audioqa.toml"
    path.write_text(TOML.replace("{folder}", str(tmp_path)), encoding="utf-8")
    return path


def test_a_source_has_a_tenant_and_a_tenant_has_roles(tmp_path: Path, config: Path) -> None:
    recording(tmp_path / "acme" / "a.wav")
    recording(tmp_path / "other" / "b.wav")
    options = load_settings(config).sources.options()
    acme, other = one(tmp_path / "acme", options=options), one(tmp_path / "other", options=options)
    assert (acme.info.tenant, acme.info.roles, acme.info.site) == ("acme", ("customer", "agent"), "Rome")
    assert (other.info.tenant, other.info.roles, other.info.site) == ("", ("agent", "customer"), "Oslo")


def test_a_row_wins_over_an_option_and_that_over_every_default(tmp_path: Path, config: Path) -> None:
    recording(tmp_path / "acme" / "a.wav")
    options = load_settings(config).sources.options(channels="caller,callee", tenant="other")
    item = one(csv_of(tmp_path / "a.csv", [{"path": "acme/a.wav", "tenant": ""}]), options=options)
    assert (item.info.tenant, item.info.roles) == ("other", ("caller", "callee"))
    item = one(csv_of(tmp_path / "b.csv", [{"path": "acme/a.wav", "tenant": "third"}]), options=options)
    assert (item.info.tenant, item.info.site) == ("third", "Oslo")


def test_a_default_coding_is_for_files_without_a_header_only(tmp_path: Path, config: Path) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(800))
    (tmp_path / "b.ulaw").write_bytes(bytes(800))
    recording(tmp_path / "c.wav")
    options = load_settings(config).sources.options(encoding="slin", rate=16000)
    items = {
        Path(each.files[0].location).name: each for each in found(tmp_path, options=options) if isinstance(each, Item)
    }
    assert (items["a.raw"].encoding, items["a.raw"].rate, items["a.raw"].channel_count) == ("slin", 16000, 2)
    assert (items["b.ulaw"].encoding, items["b.ulaw"].rate) == (None, 16000)
    assert (items["c.wav"].encoding, items["c.wav"].rate, items["c.wav"].channel_count) == (None, None, None)


def test_options_of_a_command_win_over_the_configuration(config: Path) -> None:
    settings = load_settings(config).sources
    assert (settings.options().pair, settings.options().legs) == (True, ("rx", "tx"))
    assert settings.options(pair=False).pair is False
    assert settings.options(pattern="{call_id}.wav").pattern == "{call_id}.wav"
    assert settings.options(sidecars=False).sidecars is False
    assert pickle.loads(pickle.dumps(settings.options())) == settings.options()  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[sources]\npairs = true\n", "sources.pairs"),
        ('[sources.defaults]\ntenat = "a"\n', "tenat is no name"),
        ('[sources.defaults]\ncall_id = "a"\n', "call_id is another for every call"),
        ('[sources.defaults]\ntimezone = "Mars"\n', "no time zone 'Mars'"),
        ('[sources.tenant.acme]\nencoding = "mp3"\n', "no headerless format 'mp3'"),
        ('[sources]\npattern = "call"\n', "names no field"),
        ('[sources]\nlegs = ["a", "a"]\n', "told apart by two words"),
        ('[sources]\nextensions = ["rec"]\n', "begins with a dot"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(tmp_path: Path, text: str, cause: str) -> None:
    path = tmp_path / "audioqa.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=cause):
        load_settings(path).sources.options()


def test_a_pattern_with_nothing_but_a_leg_pairs_nothing() -> None:
    with pytest.raises(SettingsError, match="names nothing that the two legs of a call share"):
        SourceOptions(pair=True, pattern="{leg}.wav")

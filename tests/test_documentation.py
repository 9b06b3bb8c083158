"""What the documents say is kept true: commands run, event kinds have their rows, pages exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audioqa.perceptual.calibration import load_calibration
from audioqa.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.findall(r"```sh\n(.*?)```", README, flags=re.S)
COMMANDS = [
    line.split("  #")[0].split(" # ")[0].strip()
    for block in FENCED
    for line in block.splitlines()
    if line.startswith("audioqa ")
]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the files that README speaks of."""
    samples, rate = soundfile.read(ROOT / "fixtures" / "clean-pcm.wav", always_2d=True, frames=12 * 8000)
    assert rate == 8000
    soundfile.write(tmp_path / "call.wav", samples, rate, subtype="PCM_16")
    soundfile.write(tmp_path / "reference.wav", samples, rate, subtype="PCM_16")
    soundfile.write(tmp_path / "leg.ulaw", samples[:, 0], rate, format="RAW", subtype="ULAW")
    soundfile.write(tmp_path / "leg.raw", samples[:, 0], rate, format="RAW", subtype="ALAW")
    assert np.abs(samples).max() > 0
    (tmp_path / "clean-calls").mkdir()
    shutil.copy(ROOT / "fixtures" / "clean-pcm.wav", tmp_path / "clean-calls")
    (tmp_path / "network.csv").write_text("call_id,loss,jitter,rtt,codec\n1,0.5,8,60,PCMU\n2,0,3,90,G729\n", "utf-8")
    _capture(tmp_path / "capture.pcap")
    (tmp_path / "test-calls").mkdir()
    shutil.copy(tmp_path / "call.wav", tmp_path / "test-calls")
    soundfile.write(tmp_path / "prompt.wav", samples[:, 0], rate, subtype="PCM_16")
    _listeners(tmp_path, samples[: 5 * rate, 0], rate)
    return tmp_path


def _capture(path: Path) -> None:
    """A second of A-law packets, one every 20 ms."""
    hosts = bytes((10, 0, 0, 1, 10, 0, 0, 2))
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for i in range(50):
            rtp = struct.pack(">BBHII", 0x80, 8, i, 160 * i, 7) + b"\xd5" * 160
            udp = struct.pack(">HHHH", 4000, 5000, 8 + len(rtp), 0) + rtp
            packet = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + hosts + udp
            out.write(struct.pack("<IIII", 1_700_000_000, 20_000 * i, len(packet), len(packet)) + packet)


def _listeners(folder: Path, speech: NDArray[np.float64], rate: int) -> None:
    """Nine clips in three conditions of noise, their labels, and a calibration that is called ``ours``."""
    rows = ["file,mos,condition,ci"]
    for mos, noise in ((4.2, 0.0), (3.1, 0.01), (1.9, 0.04)):
        for take in range(3):
            rng = np.random.default_rng(take)
            name = f"noise-{noise:g}-{take}.wav"
            clip = speech[take * rate // 4 :]
            soundfile.write(folder / name, clip + rng.normal(0, noise, len(clip)), rate)
            rows.append(f"{name},{mos + take / 10:.1f},noise {noise:g},0.2")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "kept").mkdir()
    shipped = load_calibration(Settings().estimator)
    (folder / "kept" / "ours.json").write_text(json.dumps(asdict(replace(shipped, name="ours"))), encoding="utf-8")


def test_readme_documents_commands() -> None:
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_runs(desk: Path, command: str) -> None:
    words, _, target = command.partition(" > ")
    given = [sys.executable, "-m", *shlex.split(words)]
    # What is kept already must not be in the way of the command that makes it.
    kept = desk / ("kept" if "--calibration" in words else "new")
    environment = os.environ | {"AUDIOQA_CALIBRATIONS": str(kept)}
    if "--store" in words and "batch" not in words and "testcall" not in words:  # what is asked after is written first
        filled = "audioqa batch clean-calls --store calls.db --estimator none"
        if "--disagree" in words:
            filled = "audioqa batch clean-calls --store calls.db --network loss=40,codec=pcmu"
        if "--test-calls" in words:
            filled = "audioqa testcall test-calls --prompt prompt.wav --store calls.db --estimator none"
        subprocess.run([sys.executable, "-m", *filled.split()], cwd=desk, capture_output=True, timeout=300, check=True)
    shown = subprocess.run(given, cwd=desk, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout
    if target:
        (desk / target).write_text(shown.stdout, encoding="utf-8")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:^|`)make ([a-z]+)", README, flags=re.M))))
def test_a_documented_make_target_exists(target: str) -> None:
    shown = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr


@pytest.mark.parametrize("page", sorted(set(re.findall(r"\]\(((?:docs|models)/[^)]+)\)", README))))
def test_a_linked_page_exists(page: str) -> None:
    assert (ROOT / page).is_file()


def test_every_event_kind_is_in_readme() -> None:
    source = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "audioqa" / "detectors").glob("*.py"))
    kinds = set(re.findall(r'Event\(\s*"([a-z-]+)"', source)) | {"dead-air", "leading-silence", "trailing-silence"}
    assert {kind for kind in kinds if f"`{kind}`" not in README} == set()


def test_the_python_in_readme_runs(desk: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    shown = subprocess.run([sys.executable, "-c", code], cwd=desk, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr


@pytest.mark.parametrize("name", ["audioqa", "audioqa.audio", "audioqa.detectors"])
def test_everything_in_all_exists(name: str) -> None:
    import importlib

    module = importlib.import_module(name)
    assert [public for public in module.__all__ if not hasattr(module, public)] == []


def test_no_document_or_source_holds_a_path_of_some_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    texts = [p for p in listed.stdout.split() if p.endswith((".py", ".md", ".toml", ".json", ".txt", ".ipynb"))]
    pattern = re.compile(r"(?<![\w.])/(?:home|root|Users)/\w")
    assert [p for p in texts if pattern.search((ROOT / p).read_text(encoding="utf-8"))] == []

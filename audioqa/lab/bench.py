"""Speed and memory of a score, measured on this machine: ``python -m audioqa.lab.bench [--write README.md]``.

Each figure is the median of three runs, each in a process of its own on one thread; times are those of the processor,
so that other work on the machine counts little. The recordings are two-party calls made up of the fixture dialogues,
repeated to the length asked for. "Score" is the whole pass with the default estimator, without the start of Python.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RUNS = 3
HOUR = 3600.0
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
FIXTURES = Path(__file__).parents[2] / "fixtures"

FORMATS = {
    "8 kHz WAV": ("wav", "PCM_16", 8000),
    "8 kHz µ-law WAV": ("wav", "ULAW", 8000),
    "8 kHz GSM WAV": ("wav", "GSM610", 8000),
    "8 kHz FLAC": ("flac", "PCM_16", 8000),
    "16 kHz WAV": ("wav", "PCM_16", 16000),
    "48 kHz WAV": ("wav", "PCM_16", 48000),
}


def write_call(path: Path, *, seconds: float, rate: int, subtype: str) -> None:
    """Write a two-party call of the given length (GSM holds one channel, so there the agent alone)."""
    import soundfile
    import soxr

    pieces = []
    for source in sorted(FIXTURES.glob("clean*.*")):
        samples, native = soundfile.read(source, dtype="float32", always_2d=True)
        if samples.shape[1] == 2:
            pieces.append(soxr.resample(samples, native, rate) if native != rate else samples)
    dialogue = np.concatenate(pieces)[:, :1] if subtype == "GSM610" else np.concatenate(pieces)
    left = round(seconds * rate)
    with soundfile.SoundFile(path, "w", samplerate=rate, channels=dialogue.shape[1], subtype=subtype) as file:
        while left > 0:
            file.write(dialogue[:left])
            left -= len(dialogue)


def run_score(path: str) -> dict[str, float]:
    """Score one call in this process."""
    from audioqa.analysis import make_analyser
    from audioqa.render.as_json import to_json

    analyser = make_analyser()
    start = time.process_time()
    report = analyser(path)
    to_json(report)
    return {"seconds": time.process_time() - start, "audio": report.recording.duration, "memory": _peak()}


def run_callmos(path: str) -> dict[str, float]:
    """Feature rows and network alone, on the first channel of a call, its frame columns made beforehand."""
    from audioqa.audio import open_recording
    from audioqa.frames import frame_columns
    from audioqa.perceptual.callmos import CallMos
    from audioqa.perceptual.callmos_features import rows

    estimator = CallMos()
    with open_recording(path) as opened:
        rate = opened.sample_rate
        samples = np.concatenate([block[:, 0] for block in opened.blocks()])
    history, size = round(0.03 * rate), 10 * rate
    padded = np.concatenate([np.zeros(history, np.float32), samples[: len(samples) // size * size]])
    chunks = [
        frame_columns(padded[start : start + history + size], rate, history=history)
        for start in range(0, len(padded) - history, size)
    ]
    stream = estimator.stream()
    start = time.process_time()
    heard = [stream.push(rows(columns, rate), last=columns is chunks[-1]) for columns in chunks]
    estimator.pool(np.stack([sums[:20] for h in heard if len(sums := h.sums) >= 20]))
    return {"seconds": time.process_time() - start, "audio": len(samples) / rate, "memory": _peak()}


def run_command(arguments: list[str]) -> dict[str, float]:
    """Run the command line in a process of its own."""
    import resource

    subprocess.run([sys.executable, "-m", "audioqa", *arguments], capture_output=True, check=True)  # noqa: S603
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"seconds": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}


def _peak() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _median(call: list[str], *, runs: int = RUNS) -> dict[str, float]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    results = []
    for _ in range(runs):
        shown = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "audioqa.lab.bench", *call],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        results.append(json.loads(shown.stdout))
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


def _row(what: str, result: dict[str, float], audio: float) -> str:
    speed = f"{audio / result['seconds']:,.0f} s of call a second"
    return f"| {what} | {result['seconds']:.2f} s | {speed} | {result['memory']:.0f} MB |"


def _same_hour(path: Path) -> list[str]:
    """The whole command with each estimator on one recording, and what callmos itself takes of it."""
    found = []
    for estimator in ("callmos", "distillmos", "dnsmos"):
        # The slow ones run once: they take minutes, of which noise on the machine is a small part.
        runs = RUNS if estimator == "callmos" else 1
        result = _median(["--command", "score", str(path), "--json", "--estimator", estimator], runs=runs)
        what = f"`audioqa score --estimator {estimator}`: 1 h stereo 8 kHz WAV, start-up included"
        found.append(_row(what, result, HOUR))
    result = _median(["--callmos", str(path)])
    found.append(_row("callmos, features and network: 1 h of one party, 8 kHz", result, result["audio"]))
    return found


def table() -> str:
    """Run the benchmark and return its table."""
    rows = [
        "| what | processor time | speed | peak memory |",
        "| --- | --- | --- | --- |",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, (suffix, subtype, rate) in FORMATS.items():
            path = Path(folder) / f"call.{suffix}"
            write_call(path, seconds=HOUR, rate=rate, subtype=subtype)
            result = _median(["--child", str(path)])
            parties = "mono" if subtype == "GSM610" else "stereo"
            rows.append(_row(f"score: 1 h {parties} {name}", result, result["audio"]))
            if name == "8 kHz WAV":
                rows += _same_hour(path)
            path.unlink()
        path = Path(folder) / "long.wav"
        write_call(path, seconds=4 * HOUR, rate=8000, subtype="PCM_16")
        result = _median(["--child", str(path)])
        rows.append(_row("score: 4 h stereo 8 kHz WAV", result, result["audio"]))
        path.unlink()
        path = Path(folder) / "short.wav"
        write_call(path, seconds=120, rate=8000, subtype="PCM_16")
        for estimator in ("callmos", "none", "distillmos", "dnsmos"):
            result = _median(["--command", "score", str(path), "--json", "--estimator", estimator])
            what = f"`audioqa score --estimator {estimator}`: 2 min stereo 8 kHz WAV, start-up included"
            rows.append(_row(what, result, 120.0))
    result = _median(["--command", "--help"])
    rows.append(f"| `audioqa --help` | {result['seconds']:.2f} s | | {result['memory']:.0f} MB |")
    for estimator in ("callmos", "distillmos", "dnsmos"):
        result = _median(["--network", estimator])
        rows.append(
            f"| {estimator} alone | | {result['speed']:,.0f} s of one channel a second | {result['memory']:.0f} MB |"
        )
    rows.append("")
    rows.append(f"One thread, medians of {RUNS} runs; Python {platform.python_version()}, NumPy {np.__version__}.")
    return "\n".join(rows)


def main() -> None:
    """Entry point of ``python -m audioqa.lab.bench``."""
    parser = argparse.ArgumentParser(description="speed and memory of a score")
    parser.add_argument("--write", metavar="FILE", help="put the table between the bench markers of this file")
    parser.add_argument("--child", metavar="CALL", help=argparse.SUPPRESS)
    parser.add_argument("--callmos", metavar="CALL", help=argparse.SUPPRESS)
    parser.add_argument("--network", help=argparse.SUPPRESS)
    parser.add_argument("--command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(run_score(given.child)))  # noqa: T201
    elif given.callmos:
        print(json.dumps(run_callmos(given.callmos)))  # noqa: T201
    elif given.network:
        from audioqa.lab.networks import speed

        rate, memory = speed(given.network)
        print(json.dumps({"speed": rate, "memory": memory}))  # noqa: T201
    elif given.command:
        print(json.dumps(run_command(given.command)))  # noqa: T201
    else:
        text = table()
        print(text)  # noqa: T201
        if given.write:
            page = Path(given.write)
            before, rest = page.read_text(encoding="utf-8").split(BEGIN)
            after = rest.split(END)[1]
            page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()

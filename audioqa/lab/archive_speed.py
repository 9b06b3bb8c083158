"""How fast a batch is: hours of sound an hour by format and by workers, and the memory of a worker.

Each row is one run of ``audioqa batch`` on copies of one two-party call, start and end included, with callmos. Copies
differ in a few bytes, so that each is scored.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import soundfile

from audioqa.lab.archive_files import GOOD, Writer
from audioqa.lab.bench import write_call
from audioqa.store import open_store

BEGIN, END = "<!-- throughput:begin -->", "<!-- throughput:end -->"

_MINUTES = 10.0
_COPIES = 24


@dataclass(frozen=True)
class Speed:
    """What one run took.

    Parameters
    ----------
    hours_per_hour
        Hours of sound scored in an hour.
    processor
        Seconds of a worker's processor for an hour of sound.
    beside
        Seconds of the processor that everything else took: starting, planning, writing to the store.
    memory
        Most memory of a worker, MiB.
    stored
        Bytes that a call takes in the store.
    """

    hours_per_hour: float
    processor: float
    beside: float
    memory: float
    stored: float


Coding = list[str] | Writer

FORMATS: Mapping[str, tuple[str, Coding]] = {
    "8 kHz WAV": (".wav", ["-c:a", "pcm_s16le"]),
    "8 kHz µ-law WAV": (".wav", ["-c:a", "pcm_mulaw"]),
    "MP3, 32 kbit/s": (".mp3", ["-c:a", "libmp3lame", "-b:a", "32k"]),
    "GSM in WAV, one channel": (".wav", ["-c:a", "libgsm_ms", "-ac", "1"]),
    "Opus, 24 kbit/s": (".opus", ["-c:a", "libopus", "-b:a", "24k"]),
    "AMR 12.2, one channel": (".amr", GOOD["amr"][1]),
}
"""Extension, and what ffmpeg is told, or a writer where Debian's ffmpeg lacks the encoder."""


def throughput(folder: Path, *, page: Path | None) -> None:
    """Measure, print the table, and write it into a page.

    Parameters
    ----------
    folder
        For the recordings; removed afterwards.
    page
        A page with the marks of the table; None for none.
    """
    rows = [
        "| format | 1 worker | 2 workers | a worker's time an hour, of 1, 2 | beside | its memory | in the store |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        source = folder / "call.wav"
        write_call(source, seconds=60 * _MINUTES, rate=8000, subtype="PCM_16")
        for name, (extension, coding) in FORMATS.items():
            calls = _copies(folder, source, extension, coding)
            one, two = (_run(calls, folder / f"{jobs}.db", jobs) for jobs in (1, 2))
            rows.append(
                f"| {name} | {one.hours_per_hour:,.0f} | {two.hours_per_hour:,.0f} "
                f"| {one.processor:.2f} s, {two.processor:.2f} s | {two.beside:.1f} s "
                f"| {max(one.memory, two.memory):.0f} MiB | {one.stored / 1000:.0f} kB |"
            )
            print(rows[-1], flush=True)  # noqa: T201
            shutil.rmtree(calls)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(rows))  # noqa: T201
    if page is not None:
        text = page.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        _, after = rest.split(END)
        page.write_text("\n".join([before + BEGIN, *rows, END]) + after, encoding="utf-8")


def _copies(folder: Path, source: Path, extension: str, coding: Coding) -> Path:
    """Copies of the call in one format, none of them the same bytes."""
    calls = folder / "calls"
    calls.mkdir()
    for number in range(_COPIES):
        target = str(calls / f"{number:02}{extension}")
        if not isinstance(coding, list):
            coding(Path(target), soundfile.read(source, start=800 * number, dtype="int16", always_2d=True)[0])
            continue
        title = ["-metadata", f"title=call {number}"]
        start = ["-ss", f"{number / 10}"]  # some hold no title: each begins a little later
        command = ["ffmpeg", "-v", "error", *start, "-i", str(source), *coding, *title, target]
        subprocess.run(command, check=True)  # noqa: S603
    return calls


def _run(calls: Path, store: Path, jobs: int) -> Speed:
    command = [sys.executable, "-m", "audioqa", "batch", str(calls), "--store", str(store)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = subprocess.run(  # noqa: S603 - our own
        [*command, "--jobs", str(jobs), "--log-json"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    stored = store.stat().st_size - _empty(store.with_name("empty.db"))
    for path in store.parent.glob("*.db*"):
        path.unlink()
    ended = json.loads(shown.stderr.splitlines()[-1])
    hours = ended["audio_seconds"] / 3600
    return Speed(
        hours_per_hour=ended["hours_per_hour"],
        processor=ended["processor_seconds"] / hours,
        beside=taken - ended["processor_seconds"],
        memory=ended["worker_bytes"] / 2**20,
        stored=stored / _COPIES,
    )


def _empty(path: Path) -> int:
    """Bytes of a store without calls."""
    open_store(str(path)).close()
    return path.stat().st_size

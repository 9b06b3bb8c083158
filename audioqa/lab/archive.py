"""Puts ``audioqa batch`` to the test: ``python -m audioqa.lab.archive [--count 10000] [--kill 20] [--throughput]``.

It makes short recordings in a folder that git ignores, 2 % of them no recordings at all in every way that we know, has
the command score them, and holds the store against what was made: every file is there exactly once, as a call or as a
failure with its cause. ``--kill`` then scores them again into another store while the command is killed at random
moments and started anew; the canonical export has to be the same. ``--long`` scores a call of twelve hours.
``--throughput`` measures hours of sound an hour, by format and workers.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from audioqa.lab.archive_files import make_archive
from audioqa.lab.archive_speed import throughput
from audioqa.store import open_store

ARCHIVE = Path(".cache") / "archive"
"""Ignored by git."""


def accounted(store: Path, expected: Mapping[str, str]) -> list[str]:
    """What is wrong with a store, given what was made.

    Parameters
    ----------
    store
        The store.
    expected
        For each file the kind of failure, empty where it has to be scored.

    Returns
    -------
    list of str
        A sentence for each file that is missing, there twice, or not as it should be; empty where all is well.
    """
    with open_store(str(store), create=False) as opened:
        scored = Counter(call.files[0].location for call in opened.export())
        failed = [(row.location, row.failure.kind) for row in opened.failures()]
    counted = scored + Counter(location for location, _ in failed)
    kinds = dict(failed)
    wrong = [f"{location}: it is there {counted[location]} times" for location in expected if counted[location] != 1]
    wrong += [f"{location}: nobody made it" for location in counted if location not in expected]
    for location, kind in expected.items():
        if counted[location] == 1 and kinds.get(location, "") != kind:
            wrong.append(f"{location}: {kinds.get(location) or 'scored'}, not {kind or 'scored'}")
    return wrong


def canonical(store: Path) -> str:
    """Calls and failures of a store, without what differs from run to run."""
    command = [sys.executable, "-m", "audioqa", "export", "--store", str(store), "--format", "jsonl", "--canonical"]
    texts = []
    for more in ([], ["--failed"]):
        shown = subprocess.run([*command, *more], capture_output=True, text=True, check=True)  # noqa: S603 - our own
        texts.append(shown.stdout)
    return "".join(texts)


def start(folder: Path, store: Path, *more: str) -> subprocess.Popen[str]:
    """Start ``audioqa batch`` on an archive."""
    command = [sys.executable, "-m", "audioqa", "batch", str(folder), "--store", str(store), *more]
    return subprocess.Popen(  # noqa: S603 - our own
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )


def clear(store: Path) -> None:
    """Remove a store and what SQLite keeps beside it."""
    for path in store.parent.glob(f"{store.name}*"):
        path.unlink()


def killed(folder: Path, store: Path, *, kills: int, within: float, seed: int) -> tuple[int, str]:
    """Score an archive while the command is killed again and again.

    Parameters
    ----------
    folder, store
        The archive, and where to.
    kills
        How often it is killed, by SIGKILL.
    within
        Seconds that the whole takes about: the moments are spread over them.
    seed
        Of the moments.

    Returns
    -------
    tuple
        The exit code of the last run, and its summary.
    """
    rng = random.Random(seed)
    clear(store)
    for kill in range(kills):
        process = start(folder, store)
        try:
            # From before the first worker is ready to well into the work.
            process.wait(timeout=rng.uniform(0.2, 5.0 + 1.6 * within / kills))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        with open_store(str(store)) as opened:
            done = opened.counts()["calls"]
        print(f"killed {kill + 1} times: {done} calls in the store", flush=True)  # noqa: T201
    process = start(folder, store)
    summary, _ = process.communicate()
    return process.returncode, summary


def main() -> None:
    """Run the trials that were asked for; exit 1 where one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ARCHIVE, help="where the archive is made")
    parser.add_argument("--count", type=int, default=10_000, help="recordings; 0 for none")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each")
    parser.add_argument("--kill", type=int, default=0, metavar="N", help="score it again, killed N times")
    parser.add_argument("--seed", type=int, default=1, help="of the moments to kill at")
    parser.add_argument("--long", type=float, default=0, metavar="HOURS", help="score one call of so many hours")
    parser.add_argument("--throughput", action="store_true", help="hours of sound an hour, by format and workers")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the table of --throughput into a page")
    arguments = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    good = True
    if arguments.count:
        good = _archive(arguments)
    if arguments.long:
        good = _long(arguments.long) and good
    if arguments.throughput:
        throughput(arguments.folder.with_name("throughput"), page=arguments.write)
    sys.exit(0 if good else 1)


def _archive(arguments: argparse.Namespace) -> bool:
    began = time.monotonic()
    calls = arguments.folder / f"{arguments.count}-calls"
    expected = {str(Path(path).absolute()): kind for path, kind in _made(calls, arguments).items()}
    _say(f"made {len(expected):,} files in {time.monotonic() - began:.0f} s: {dict(Counter(expected.values()))}")
    began = time.monotonic()
    store = arguments.folder / "whole.db"
    clear(store)
    process = start(calls, store)
    _say(process.communicate()[0].rstrip())
    taken = time.monotonic() - began
    wrong = accounted(store, expected)
    _say("\n".join(wrong[:20]) or f"every file is accounted for exactly once (exit code {process.returncode})")
    good = not wrong and process.returncode == (1 if any(expected.values()) else 0)
    if arguments.kill:
        other = arguments.folder / "killed.db"
        code, summary = killed(calls, other, kills=arguments.kill, within=taken, seed=arguments.seed)
        _say(summary.rstrip())
        wrong = accounted(other, expected)
        same = canonical(store) == canonical(other)
        _say(f"killed {arguments.kill} times: the canonical export is {'the same' if same else 'ANOTHER ONE'}")
        _say("\n".join(wrong[:20]) or f"every file is accounted for exactly once (exit code {code})")
        good = good and same and not wrong
    return good


def _made(calls: Path, arguments: argparse.Namespace) -> dict[str, str]:
    return make_archive(calls, arguments.count, seconds=arguments.seconds)


def _long(hours: float) -> bool:
    """Score one call of many hours: two parties, 8 kHz."""
    from audioqa.lab.bench import write_call

    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder) / "calls" / "long.wav"
        path.parent.mkdir()
        write_call(path, seconds=hours * 3600, rate=8000, subtype="ULAW")
        process = start(path.parent, Path(folder) / "store.db", "--log-json")
        process.communicate()
        with open_store(str(Path(folder) / "store.db")) as opened:
            durations = [call.duration for call in opened.calls()]
            (run,) = opened.runs()
    memory = run.counts["worker_bytes"] / 2**20
    _say(f"a call of {hours:g} hours: exit code {process.returncode}, {run.counts['seconds']:.0f} s, {memory:.0f} MiB")
    return process.returncode == 0 and [round(duration) for duration in durations] == [round(hours * 3600)]


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

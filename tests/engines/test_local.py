"""A worker that dies, hangs or takes too much costs its own file only, and says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from troubled_work import NeverReady, Troubled

from audioqa.engines import Limits, LocalEngine, Outcome, Task
from audioqa.errors import EngineError
from audioqa.types import CallInfo, Item, SourceFile


def task(number: int, name: str) -> Task:
    return Task(number, Item((SourceFile(f"/calls/{name}"),), CallInfo(name)))


def run(engine: LocalEngine, names: list[str], *, within: float = 60.0) -> dict[str, Outcome]:
    """What became of each file; tasks are handed over as there is room."""
    found: dict[int, Outcome] = {}
    end, handed = time.monotonic() + within, 0
    with engine:
        while len(found) < len(names):
            while handed < len(names) and handed - len(found) < engine.capacity:
                engine.submit(task(handed, names[handed]))
                handed += 1
            for outcome in engine.outcomes(timeout=1.0):
                assert outcome.number not in found, "a result came twice"
                found[outcome.number] = outcome
            assert time.monotonic() < end, f"only {len(found)} of {len(names)} came back"
    return {names[number]: outcome for number, outcome in found.items()}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except OSError:
        return False


def test_every_task_comes_back_once_and_workers_are_used_again(tmp_path: Path) -> None:
    names = [f"good-{number}" for number in range(40)]
    outcomes = run(LocalEngine(Troubled(str(tmp_path)), jobs=2), names)
    assert {name: outcome.hashes for name, outcome in outcomes.items()} == {name: (name,) for name in names}
    workers = {note.read_text().split()[0] for note in tmp_path.iterdir()}
    assert len(workers) <= 2
    assert not any(alive(int(pid)) for pid in workers)


def test_a_worker_that_dies_or_hangs_or_swells_costs_its_own_file_only(tmp_path: Path) -> None:
    bad = {
        "segfault": ("crash", "SIGSEGV"),
        "killed": ("crash", "SIGKILL, as when the machine has no memory left"),
        "exit": ("crash", "exit status 3"),
        "hang": ("timeout", "more than 2 s"),
        "stopped": ("timeout", "more than 2 s"),
        "greedy": ("memory", "more than 300 MiB"),
    }
    names = []
    for number, name in enumerate(bad):
        names += [name, f"good-{number}"]
    engine = LocalEngine(Troubled(str(tmp_path)), jobs=2, limits=Limits(seconds=2.0, memory=300 << 20))
    outcomes = run(engine, names)
    for name, (kind, message) in bad.items():
        failure = outcomes[name].failure
        assert failure is not None
        assert failure.kind == kind
        assert message in failure.message
    assert all(outcomes[name].report == "{}" for name in names if name.startswith("good"))
    # What a worker that was killed had on disk went with it.
    _, folder = (tmp_path / "hang").read_text().split()
    assert not Path(folder).exists()


def test_a_long_recording_has_as_many_times_the_time(tmp_path: Path) -> None:
    outcomes = run(LocalEngine(Troubled(str(tmp_path)), jobs=1, limits=Limits(seconds=1.0)), ["long"])
    assert outcomes["long"].failure is None


def test_workers_that_never_come_up_end_the_run_with_a_message() -> None:
    with pytest.raises(EngineError, match="cannot be started: the worker died: exit status 1"):
        run(LocalEngine(NeverReady(), jobs=2), ["good"])


def test_a_worker_that_cannot_work_says_why(tmp_path: Path) -> None:
    engine = LocalEngine(Troubled(str(tmp_path)), jobs=1, temporary=tmp_path / "nowhere")
    with pytest.raises(EngineError, match=r"cannot be started: .*No such file or directory: .*nowhere"):
        run(engine, ["good"])


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_workers_do_not_hear_ctrl_c(tmp_path: Path, sign: signal.Signals) -> None:
    engine = LocalEngine(Troubled(str(tmp_path)), jobs=1)
    with engine:
        engine.submit(task(0, "slow"))
        found: list[Outcome] = []
        for _ in range(100):
            for pid in engine.pids:
                os.kill(pid, sign)
            found += engine.outcomes(timeout=0.1)
            if found:
                break
    assert [outcome.failure for outcome in found] == [None]


def test_workers_end_with_the_process_that_made_them(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_local import task\n"
        "from troubled_work import Troubled\n"
        "from audioqa.engines import LocalEngine\n"
        "if __name__ == '__main__':\n"
        f"    with LocalEngine(Troubled({str(tmp_path)!r}), jobs=1) as engine:\n"
        "        engine.submit(task(0, 'hang'))\n"
        "        engine.outcomes(timeout=60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as driver:
        note = tmp_path / "hang"
        end = time.monotonic() + 30
        while not (note.exists() and note.read_text()):
            assert time.monotonic() < end
            time.sleep(0.05)
        driver.kill()
    pid, folder = note.read_text().split()
    while alive(int(pid)):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert not Path(folder).exists()


def test_what_no_worker_has_begun_with_can_be_taken_back(tmp_path: Path) -> None:
    with LocalEngine(Troubled(str(tmp_path)), jobs=1) as engine:
        for number in range(3):
            engine.submit(task(number, f"slow-{number}"))
        found: list[Outcome] = []
        while not found:
            found = engine.outcomes(timeout=0.1)
        assert [found[0].number, *(each.number for each in engine.withdraw())] == [0, 2]
        assert [outcome.number for outcome in engine.outcomes(timeout=10)] == [1]

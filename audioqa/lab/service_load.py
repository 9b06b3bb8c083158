"""The service under load: many uploads at once, and a server that is killed in the middle of them.

``python -m audioqa.lab.service_load`` starts ``audioqa serve`` in a folder of its own, on loopback, and prints what
came of it. Every recording is another one, so that none can be given a report that is there already. ``--at-once 50``
sends all uploads at the same moment; ``--killed 200`` kills the server with SIGKILL when half of them have been
accepted, and again while they are scored, and starts it anew each time.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from audioqa.synthesis import synthetic_speech

_SECONDS = 4.0
_RATE = 8000


@dataclass
class Server:
    """``audioqa serve`` as a process of its own, which can be killed and started again.

    Parameters
    ----------
    folder
        Of the service.
    jobs
        Workers.
    estimator
        In place of the one that is configured; ``none`` starts sooner.
    """

    folder: Path
    jobs: int
    estimator: str = ""
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = self.port or int(probe.getsockname()[1])
        command = [sys.executable, "-m", "audioqa", "serve", "--folder", str(self.folder), "--port", str(self.port)]
        command += ["--jobs", str(self.jobs), "--no-sign-in"]
        environment = os.environ | ({"AUDIOQA_ESTIMATOR": self.estimator} if self.estimator else {})
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                command, stdout=subprocess.DEVNULL, stderr=log, env=environment
            )
        end = time.monotonic() + 120
        while True:
            try:
                if self.ask("GET", "/ready")[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"the server does not come up: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)

    def end(self, how: signal.Signals) -> None:
        """Send it a signal, and wait until it is gone."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
        """Status, headers and JSON of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, dict(answer.getheaders()), json.loads(data) if data else None
        finally:
            connection.close()

    def scored(self) -> Counter[str]:
        """How often each job was scored, by the server's log."""
        lines = (self.folder / "log").read_text(encoding="utf-8").splitlines()
        ended = [
            line.split(" job ")[1] for line in lines if " job " in line and line.endswith((": scored", ": shared"))
        ]
        return Counter(line.partition(":")[0] for line in ended)


@dataclass
class Sender:
    """Sends recordings, and keeps what was answered.

    Parameters
    ----------
    files
        The recordings. Each has an idempotency key of its own, so that it can be sent again.
    """

    files: Sequence[bytes]
    accepted: dict[int, str] = field(default_factory=dict)
    """Name of the upload by number of the recording."""
    answers: Counter[int] = field(default_factory=Counter)
    """How often each status came; 0 for no answer at all: the server was gone."""
    slowest: float = 0.0
    """Seconds of the slowest answer."""
    _keys: dict[int, str] = field(default_factory=dict)

    def send(self, opened: Server, numbers: Sequence[int], *, at_once: int) -> float:
        """Send some of the recordings; seconds until the last one was answered.

        Parameters
        ----------
        opened
            Where to.
        numbers
            Which.
        at_once
            How many at the same time; the first so many start at the same moment.
        """
        gate = threading.Barrier(min(at_once, len(numbers)))
        started = time.monotonic()

        def one(place: int) -> None:
            number = numbers[place]
            body, kind = multipart(self.files[number], f"call-{number}.wav")
            key = self._keys.setdefault(number, uuid.uuid4().hex)
            if place < gate.parties:
                gate.wait()
            began = time.monotonic()
            try:
                headers = {"Content-Type": kind, "Idempotency-Key": key}
                status, _, answer = opened.ask("POST", "/api/v1/uploads", body, headers)
            except (OSError, http.client.HTTPException):
                status, answer = 0, {}
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.answers[status] += 1
            if status == 202:
                self.accepted[number] = answer["id"]

        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(one, range(len(numbers))))
        return time.monotonic() - started

    @property
    def left(self) -> list[int]:
        """Recordings that have not been accepted."""
        return [number for number in range(len(self.files)) if number not in self.accepted]


@contextmanager
def server(*, jobs: int = 2, estimator: str = "") -> Iterator[Server]:
    """A server in a folder of its own, ended in the end."""
    with tempfile.TemporaryDirectory(prefix="audioqa-load-") as temporary:
        opened = Server(Path(temporary), jobs, estimator)
        opened.start()
        try:
            yield opened
        finally:
            opened.end(signal.SIGTERM)


def wait(opened: Server, names: Sequence[str], *, seconds: float = 900.0) -> Counter[str]:
    """Wait until every upload has ended; how many in which state. ``lost`` is one that the server does not know."""
    end = time.monotonic() + seconds
    while True:
        states: Counter[str] = Counter()
        for name in names:
            status, _, answer = opened.ask("GET", f"/api/v1/uploads/{name}")
            states[answer["state"] if status == 200 else "lost"] += 1
        if not states["waiting"] and not states["running"]:
            return states
        if time.monotonic() > end:
            return states
        time.sleep(0.5)


def recordings(count: int) -> list[bytes]:
    """Different recordings of four seconds: the same talk, each with a noise of its own."""
    import soundfile

    speech = synthetic_speech(_SECONDS, seed=1, rate=_RATE)
    made = []
    for seed in range(count):
        noise = np.random.default_rng(seed).normal(0, 1e-3, (len(speech), 2))
        buffer = io.BytesIO()
        soundfile.write(buffer, np.clip(speech[:, None] * (1, 0) + noise, -1, 1), _RATE, format="WAV", subtype="PCM_16")
        made.append(buffer.getvalue())
    return made


def multipart(data: bytes, name: str) -> tuple[bytes, str]:
    """The body of an upload, and its content type."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="recording"; filename="{name}"\r\n\r\n'
    return head.encode() + data + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def at_once(count: int, *, jobs: int = 2) -> tuple[Sender, float, Counter[str]]:
    """Send so many at the same moment; what was answered, in how many seconds, and in which states they ended."""
    with server(jobs=jobs) as opened:
        sender = Sender(recordings(count))
        seconds = sender.send(opened, sender.left, at_once=count)
        return sender, seconds, wait(opened, list(sender.accepted.values()))


def killed(
    count: int, *, jobs: int = 2, estimator: str = "", again: bool = True
) -> tuple[Sender, Counter[str], Counter[int], int]:
    """Kill the server in the middle of so many uploads, and again in the middle of scoring them.

    What got no answer is sent again under its key, as a client would.

    Parameters
    ----------
    count
        Recordings.
    jobs, estimator
        Of the server.
    again
        Whether it is killed the second time.

    Returns
    -------
    sender, states, times, calls
        What was answered, in which states the accepted ones ended, how many of them were scored how often, and how many
        calls there are in the end.
    """
    with server(jobs=jobs, estimator=estimator) as opened:
        sender = Sender(recordings(count))
        sender.send(opened, sender.left[: count // 3], at_once=8)
        stop = threading.Event()

        def kill_when_half_are_there() -> None:
            while len(sender.accepted) < count // 2 and not stop.wait(0.005):
                pass
            opened.end(signal.SIGKILL)

        killer = threading.Thread(target=kill_when_half_are_there)
        killer.start()
        sender.send(opened, sender.left, at_once=8)
        stop.set()
        killer.join()
        opened.start()
        sender.send(opened, sender.left, at_once=8)
        if again:
            time.sleep(1.0)
            opened.end(signal.SIGKILL)
            opened.start()
        names = list(sender.accepted.values())
        states = wait(opened, names)
        scored = opened.scored()
        calls, cursor = 0, ""
        while cursor is not None:
            page = opened.ask("GET", f"/api/v1/calls?limit=100{cursor and f'&cursor={cursor}'}")[2]
            calls, cursor = calls + len(page["calls"]), page["next"]
        return sender, states, Counter(scored[name] for name in names), calls


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description="The service under load.")
    parser.add_argument("--at-once", type=int, default=50, metavar="N")
    parser.add_argument("--killed", type=int, default=200, metavar="N")
    wanted = parser.parse_args()
    if wanted.at_once:
        sender, seconds, states = at_once(wanted.at_once)
        sys.stdout.write(
            f"{wanted.at_once} uploads at once: answers {dict(sender.answers)} in {seconds:.1f} s, the slowest after "
            f"{sender.slowest:.1f} s; {len(sender.accepted)} accepted, of which {dict(states)}\n"
        )
    if wanted.killed:
        sender, states, times, calls = killed(wanted.killed)
        sys.stdout.write(
            f"{wanted.killed} uploads, the server killed twice: answers {dict(sender.answers)} (0: none, sent again); "
            f"{len(sender.accepted)} accepted, of which {dict(states)}; {calls} calls; scored so often: {dict(times)}\n"
        )


if __name__ == "__main__":
    main()

"""A PostgreSQL server of one's own, for tests and benchmarks: Debian's programs, a temporary folder, loopback only.

The server refuses to run as root, so there it runs as ``postgres`` or ``nobody``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audioqa.errors import AudioqaError

USER = "audioqa"


def programs() -> Path | None:
    """The folder of the server's programs, or None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: -float(path.parts[-3]))
    on_path = shutil.which("initdb")
    places = [*found, *([Path(on_path).resolve()] if on_path else [])]
    return places[0].parent if places else None


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Start a server; yields its URL without a database, such as ``postgresql://audioqa@127.0.0.1:5433``.

    Parameters
    ----------
    durable
        Whether it waits for the disk, as it does in earnest; tests need not.

    Raises
    ------
    AudioqaError
        Where PostgreSQL is not installed or does not start.
    """
    folder = programs()
    if folder is None:
        raise AudioqaError("PostgreSQL is not installed: apt-get install postgresql")
    memory = None if durable else _memory()
    with tempfile.TemporaryDirectory(prefix="audioqa-postgresql-", dir=memory) as temporary:
        place = Path(temporary)
        who = _unprivileged(place)
        data, log = place / "data", place / "log"
        _run(who, place, [folder / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"])
        port = _free_port()
        settings = [f"-c port={port}", "-c listen_addresses=127.0.0.1", f"-c unix_socket_directories={place}"]
        settings += ["-c max_connections=60", "-c shared_buffers=256MB"]
        settings += [] if durable else ["-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off"]
        _run(who, place, [folder / "pg_ctl", "-D", data, "-l", log, "-w", "-o", " ".join(settings), "start"])
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}"
        finally:
            _run(who, place, [folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])


def make_database(url: str, name: str) -> str:
    """Make a database on a server; its URL."""
    _run(None, Path.cwd(), [_program("createdb"), f"--maintenance-db={url}/postgres", name])
    return f"{url}/{name}"


def make_schema(url: str, name: str) -> str:
    """Make an empty schema in the server's first database, for a store of its own at a small price; its URL."""
    _run(None, Path.cwd(), [_program("psql"), "-q", "-c", f"CREATE SCHEMA {name}", f"{url}/postgres"])
    return f"{url}/postgres?options=-csearch_path%3D{name}"


def _program(name: str) -> Path:
    folder = programs()
    assert folder is not None  # noqa: S101
    return folder / name


def _memory() -> str | None:
    """A folder in memory, where there is one with room enough."""
    place = Path("/dev/shm")  # noqa: S108 - tempfile makes a folder of its own in it
    return str(place) if place.is_dir() and shutil.disk_usage(place).free > 1 << 30 else None


def _unprivileged(place: Path) -> str | None:
    """Who runs the server: None for this user, who may; the folder is theirs then."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(place, user.pw_uid, user.pw_gid)
        return name
    raise AudioqaError("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _run(user: str | None, folder: Path, command: list[Path | str]) -> None:
    words = [str(word) for word in command]
    # What the server itself prints goes to its log: a pipe would stay open as long as it runs.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(  # noqa: S603
            words,
            cwd=folder,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
        )
        said.seek(0)
        if done.returncode:
            told = said.read().decode("utf-8", "replace").strip()
            raise AudioqaError(f"{Path(words[0]).name} failed: {told}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

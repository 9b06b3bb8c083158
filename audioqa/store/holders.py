"""Who holds a claim: a process of a machine, and whether that process is known to be dead.

A name tells the machine, its boot and process namespace (two containers may share a host name), the process and its
start, so that a number that was given to another process later is not taken for the first one.
"""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path


def this_holder() -> str:
    """A name for this process, another one at each call: two batches in one process are two."""
    return f"{_machine()}|{os.getpid()}|{_started(os.getpid())}|{uuid.uuid4().hex[:12]}"


def is_dead(holder: str) -> bool:
    """Whether the holder's process was on this machine and is no more; False wherever that cannot be told."""
    machine, _, rest = holder.partition("|")
    number, _, rest = rest.partition("|")
    started, _, _ = rest.partition("|")
    if machine != _machine() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    return started != _started(int(number))


def _machine() -> str:
    """Host name, boot and process namespace, as far as the system tells them."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        pass
    return " ".join(parts)


def _started(process: int) -> str:
    """When a process began, in clock ticks since the boot; empty where the system does not tell, or it is no more."""
    try:
        # The name in brackets may hold anything; its state is the first field after it, its start the 20th.
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return "" if told[0] in "ZX" else told[19]
    except (OSError, IndexError):
        return ""

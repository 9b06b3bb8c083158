"""Ctrl-C and its kin: the first one asks a batch to finish what is in flight, the second one ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupts:
    """Listens for signals while it is used as a context; elsewhere than in the main thread it hears none.

    Parameters
    ----------
    say
        Called with what a person should know.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._before: dict[int, Any] = {}
        self.heard = ""
        """Name of the first signal that came; empty while none has."""

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # nohup has SIGHUP ignored, and a shell SIGINT for what it puts into the background.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.heard:
            raise KeyboardInterrupt
        self.heard = signal.Signals(number).name
        self._say("stopping: what is in flight is finished; Ctrl-C again stops at once")

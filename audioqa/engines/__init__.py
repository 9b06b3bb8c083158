"""How many recordings are worked on at once: worker processes on this machine, or a Ray cluster.

Every engine takes tasks and gives outcomes back, in any order; what a worker does with one task is the same function
everywhere. A worker that dies, hangs or takes too much memory costs the one file that it worked on, never another's
result.
"""

from __future__ import annotations

from audioqa.engines.local import LocalEngine
from audioqa.engines.tasks import Engine, Limits, Outcome, Task, Work

__all__ = ["Engine", "Limits", "LocalEngine", "Outcome", "Task", "Work"]

"""Evaluations of agents beside the sound of their calls, so that nobody is judged on a broken line.

`read_evaluations` reads a list of them, `judge` says of one whether its call could be heard well.
"""

from __future__ import annotations

from audioqa.coaching.judging import Heard, affected, judge, unheard
from audioqa.coaching.listing import Evaluated, read_evaluations

__all__ = ["Evaluated", "Heard", "affected", "judge", "read_evaluations", "unheard"]

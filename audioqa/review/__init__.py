"""Reviews of calls by people: what they are given, what they say of it, and what that says of the flags.

Modules: `words` (ratings, verdicts, labels), `settings`, `incidents` (which calls have a fault in common), `queue`
(what is to be reviewed, by whom), `quality` (precision and recall of the flags), `agreement` (the MOS and the
reviewers' ratings), `scorecards` (the question of a scorecard, in and out).
"""

from __future__ import annotations

from audioqa.review.queue import Nothing, ReviewQueue
from audioqa.review.settings import ReviewSettings

__all__ = ["Nothing", "ReviewQueue", "ReviewSettings"]

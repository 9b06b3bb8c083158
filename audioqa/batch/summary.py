"""What is said when a batch has ended: how many of what, the worst calls, why others failed, and how to see them."""

from __future__ import annotations

import shlex

from audioqa.batch.driver import Ended
from audioqa.render.wording import printable
from audioqa.types.calls import FAILURE_KINDS

_SETTLED = (
    ("scored", "scored"),
    ("shared", "known by their sound from another call"),
    ("unchanged", "done before and unchanged"),
    ("updated", "done before, with new metadata"),
    ("elsewhere", "scored by another batch meanwhile"),
    ("failed_before", "failed before and not tried again"),
    ("left", "left for the next run"),
)


def summary(ended: Ended, *, store: str) -> str:
    """A few lines for a person.

    Parameters
    ----------
    ended
        How the run ended.
    store
        What the store was called on the command line.
    """
    tally = ended.tally
    counts = tally.counts()
    lines = [_headline(ended)]
    lines += [f"  {counts[name]:>9,} {words}" for name, words in _SETTLED if counts[name]]
    if tally.failures:
        lines.append(f"  {tally.failures:>9,} failed:")
        lines += [f"  {count:>9,}   {kind}: {FAILURE_KINDS[kind]}" for kind, count in tally.failed.most_common()]
    if tally.audio:
        hours = f"{tally.audio / 3600:,.1f} hours of sound"
        lines.append(
            f"{hours} in {tally.elapsed:,.0f} s: {tally.hours_per_hour:,.0f} an hour; {tally.flagged:,} flagged"
        )
    if tally.worst:
        lines.append("worst of this run:")
        lines += [printable(f"  {call}: {why}") for call, why in tally.worst]
    named = shlex.quote(store)
    if tally.worst or tally.scored:
        lines.append(f"see the worst calls: audioqa calls --store {named} --sort worst")
    if tally.failures or tally.failed_before:
        lines.append(f"see what failed: audioqa calls --store {named} --failed; try it again: --retry-failed")
    if ended.ending != "finished":
        lines.append("go on where it stopped: start the same command again")
    return "\n".join(lines)


def _headline(ended: Ended) -> str:
    count = f"{ended.tally.done:,} recordings"
    if ended.ending == "finished":
        return f"all done: {count}"
    return f"{ended.ending} after {count}: {ended.reason}"

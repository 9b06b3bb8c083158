"""A comparison in words: the same in the terminal, on the page and in JSON."""

from __future__ import annotations

from audioqa.comparison import Comparison, Difference, Mix, Outcome
from audioqa.render.wording import kind_words
from audioqa.types import Skipped

HEADLINES: dict[Outcome, str] = {
    "better": "The calls sound better.",
    "worse": "The calls sound worse.",
    "slightly better": "The calls sound better, by less than matters.",
    "slightly worse": "The calls sound worse, by less than matters.",
    "no change": "No difference that matters.",
    "open": "Not decided: there may be a difference that matters, or none.",
    "mix": "No verdict: other calls were made, and that may be all of the difference.",
    "none": "No verdict.",
}


def headline(comparison: Comparison) -> str:
    """The verdict in a sentence."""
    return HEADLINES[comparison.outcome]


def explanation(comparison: Comparison) -> list[str]:
    """What the verdict rests on, a sentence or two each."""
    mos = comparison.mos
    if isinstance(mos, Skipped):
        return [f"There is no interval: {mos.reason}."]
    found = [f"Mean MOS {_moved(mos)}, 95 % interval {between(mos)}. {_clusters(comparison)}"]
    adjusted = comparison.standardised.difference
    columns = " and ".join(comparison.standardised.columns)
    if isinstance(adjusted, Difference):
        found.append(
            f"With both sides brought to one mix of {columns}, the difference is {signed(adjusted.value)}, interval"
            f" {between(adjusted)}. If {columns} is itself what was changed, the first figure is the one to read."
        )
    else:
        found.append(f"Both sides were not brought to one mix of calls: {adjusted.reason}.")
    found.append(
        f"A difference of {mos.detectable:.2f} MOS or more would have been seen in four of five such comparisons;"
        f" {comparison.matters:g} is taken to matter."
    )
    return found


def row(difference: Difference | Skipped, *, line: float) -> list[str]:
    """One figure as cells: name, before, after, difference, interval, smallest that would have been seen."""
    name = figure_name(difference, line=line)
    if isinstance(difference, Skipped):
        return [name, "–", "–", "–", difference.reason, "–"]
    if difference.name == "mos":
        return [
            name,
            f"{difference.before:.2f}",
            f"{difference.after:.2f}",
            signed(difference.value),
            between(difference),
            f"{difference.detectable:.2f}",
        ]
    scale = 100.0 if difference.name == "below" else 1000.0
    low, high = scale * difference.low, scale * difference.high
    return [
        name,
        f"{scale * difference.before:.1f}",
        f"{scale * difference.after:.1f}",
        signed(scale * difference.value, 1),
        f"{signed(low, 1)} to {signed(high, 1)}",
        f"{scale * difference.detectable:.1f}",
    ]


HEADS = ("", "before", "after", "difference", "95 % interval", "would be seen")
"""Of the cells of `row`."""


def figure_name(difference: Difference | Skipped, *, line: float) -> str:
    """What a figure is, with its unit."""
    name = difference.kind if isinstance(difference, Skipped) else difference.name
    if name == "mos":
        return "mean MOS"
    if name == "below":
        return f"calls below {line:g}, %"
    return f"{kind_words(name)}, calls of 1,000"


def left_out(comparison: Comparison) -> list[str]:
    """What is not in it, a sentence each."""
    return [f"Left out ({why}): {before:,} before, {after:,} after." for why, before, after in comparison.left_out]


def mix_row(one: Mix) -> list[str]:
    """How far a column changed, as cells: its name, what changed most, calls moved, MOS explained."""
    parts = [
        f"{part.value} {100 * part.shares[0]:.0f} → {100 * part.shares[1]:.0f} %"
        for part in one.parts[:3]
        if abs(part.shares[1] - part.shares[0]) >= 0.005
    ]
    return [kind_words(one.column), ", ".join(parts) or "–", f"{100 * one.moved:.1f}", signed(one.explains, 3)]


MIX_HEADS = ("column", "what changed most", "calls moved, %", "explains, MOS")
"""Of the cells of `mix_row`."""


def between(difference: Difference) -> str:
    """The interval of a difference of MOS."""
    return f"{signed(difference.low)} to {signed(difference.high)}"


def signed(value: float, places: int = 2) -> str:
    """A difference with its sign; none before a zero.

    >>> signed(0.123), signed(-0.001), signed(-1.5, 1)
    ('+0.12', '0.00', '−1.5')
    """
    rounded = round(value, places) + 0.0
    return f"{rounded:+.{places}f}".replace("-", "−") if rounded else f"{0:.{places}f}"


def _moved(mos: Difference) -> str:
    if round(mos.value, 2) == 0.0:
        return f"stayed at {mos.after:.2f}"
    word = "rose" if mos.value > 0 else "fell"
    return f"{word} by {abs(mos.value):.2f}, from {mos.before:.2f} to {mos.after:.2f}"


def _clusters(comparison: Comparison) -> str:
    both, first, second = comparison.clusters
    before, after = comparison.mos.calls if isinstance(comparison.mos, Difference) else (0, 0)
    groups = [f"{both} with calls on both sides"] if both else []
    groups += [f"{first} only before"] if first else []
    groups += [f"{second} only after"] if second else []
    told = groups[0] if len(groups) == 1 else ", ".join(groups)
    return f"Calls: {before:,} before, {after:,} after; clusters ({comparison.by}): {told}."

"""The thresholds in a condition: what is compared with a number, and how that number is changed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from audioqa.errors import SettingsError
from audioqa.flags.language import Comparison, Joined, Name, Not, Number, Text, Tree, parse

PREFIX = "threshold."
"""Begins the names of thresholds in reasons: ``threshold.mos`` is what ``mos`` is compared with."""

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


@dataclass(frozen=True)
class Threshold:
    """One comparison of a field with a number.

    Parameters
    ----------
    field
        Name of the field.
    sign
        How it is compared: ``mos < 3.6`` has the sign ``<``.
    limit
        What it is compared with: a number, a field such as ``attention``, or what is reckoned of them.
    """

    field: str
    sign: str
    limit: Tree


def thresholds(tree: Tree) -> tuple[Threshold, ...]:
    """Every comparison of a field with a number in a condition, in order."""
    return tuple(_found(tree))


def with_threshold(condition: str, field: str, value: float) -> str:
    """A condition with another threshold.

    Parameters
    ----------
    condition
        The condition, which compares `field` once, with a number or a field.
    field
        Name of a field.
    value
        The new threshold, finite.

    Raises
    ------
    SettingsError
        Where it does not compare the field, does so more than once, or with what is reckoned.

    Examples
    --------
    >>> with_threshold("count >= 4 or seconds >= 0.25", "count", 6)
    'count >= 6 or seconds >= 0.25'
    """
    found = [one for one in thresholds(parse(condition)) if one.field == field]
    if len(found) != 1:
        times = "never" if not found else f"{len(found)} times"
        raise SettingsError(
            f"the condition compares {field!r} with a number {times}, so that its threshold cannot be set: {condition}"
        )
    limit = found[0].limit
    if not isinstance(limit, Number | Name):
        raise SettingsError(f"the threshold of {field!r} is reckoned, so that it cannot be set: {condition}")
    if not math.isfinite(value):
        raise SettingsError(f"a threshold is a finite number, not {value}")
    return f"{condition[: limit.start]}{_plain(value)}{condition[limit.end :]}"


def _plain(value: float) -> str:
    """A number in the digits of conditions, which know no exponent."""
    return f"{value:.6f}".rstrip("0").rstrip(".") if value != int(value) else f"{int(value)}"


def _found(tree: Tree) -> Iterator[Threshold]:
    match tree:
        case Joined(parts=parts):
            for part in parts:
                yield from _found(part)
        case Not(part=part):
            yield from _found(part)
        case Comparison(sign=sign, left=Name(name=name), right=right) if not isinstance(right, Text):
            yield Threshold(name, sign, right)
        case Comparison(sign=sign, left=left, right=Name(name=name)) if not isinstance(left, Text):
            yield Threshold(name, _MIRRORED[sign], left)
        case _:
            pass

"""Whether a condition holds: true, false, or unknown where a field that decides is not known.

"Not known" never counts as a number: ``mos < 3.6`` of a party without a MOS is unknown, and so is its contrary. ``and``
is false where one part is, whatever else is unknown; ``or`` is true where one part is (Kleene's logic of three values).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from audioqa.flags.fields import find_field
from audioqa.flags.language import (
    Calculation,
    Comparison,
    Joined,
    Membership,
    Name,
    Not,
    Number,
    Presence,
    Text,
    Tree,
)
from audioqa.flags.subject import Subject
from audioqa.flags.words import SEVERITIES, Value
from audioqa.rounding import rounded

_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}


def holds(tree: Tree, subject: Subject) -> bool | None:
    """Whether a condition holds; None where that is unknown.

    Parameters
    ----------
    tree
        A condition that `audioqa.flags.checking.check` let pass.
    subject
        What it is about.
    """
    match tree:
        case Joined(word=word, parts=parts):
            decides = word == "or"
            unknown = False
            for part in parts:
                found = holds(part, subject)
                if found is decides:
                    return decides
                unknown = unknown or found is None
            return None if unknown else not decides
        case Not(part=part):
            found = holds(part, subject)
            return None if found is None else not found
        case Presence(field=Name(name=name), negated=negated):
            return (value_of(name, subject) is None) is negated
        case Membership(left=left, values=values, negated=negated):
            equal = [_compare("=", _value(left, subject), value.value) for value in values]
            if None in equal and True not in equal:
                return None
            return (True in equal) is not negated
        case Comparison(sign=sign, left=left, right=right):
            return _compare(sign, _value(left, subject), _value(right, subject))
        case Name(name=name):
            value = value_of(name, subject)
            return None if value is None else value is True
        case _:
            raise TypeError(f"{tree} is no condition")


def value_of(name: str, subject: Subject) -> Value | None:
    """The value of a field, a number to the digits of a report; None where it is not known.

    Parameters
    ----------
    name
        A field of rules about this subject.
    subject
        What it is read of.
    """
    value = find_field(name, subject.about).read(subject)
    if isinstance(value, float):
        return rounded(value) if math.isfinite(value) else None
    return value


def number_of(value: Value | None) -> float | None:
    """A number, or the number that a text says; None where there is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return None if value is None or not math.isfinite(value) else value


def threshold_of(tree: Tree, subject: Subject) -> float | None:
    """The number that one side of a comparison amounts to; None where it is unknown."""
    return number_of(_value(tree, subject))


def _value(tree: Tree, subject: Subject) -> Value | None:
    match tree:
        case Number(value=number):
            return number
        case Text(value=text):
            return text
        case Name(name=name):
            return value_of(name, subject)
        case Calculation(sign=sign, left=left, right=right):
            one, other = number_of(_value(left, subject)), number_of(_value(right, subject))
            if one is None or other is None:
                return None
            found = one + other if sign == "+" else one - other if sign == "-" else one * other
            return found if math.isfinite(found) else None
        case _:
            raise TypeError(f"{tree} is no value")


def _compare(sign: str, left: Value | None, right: Value | None) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        if sign in ("=", "!="):
            return _COMPARED[sign](left, right)
        if left in SEVERITIES and right in SEVERITIES:
            return _COMPARED[sign](SEVERITIES.index(left), SEVERITIES.index(right))
    one, other = number_of(left), number_of(right)
    return None if one is None or other is None else _COMPARED[sign](one, other)

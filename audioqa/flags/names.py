"""The fields that a rule names."""

from __future__ import annotations

from collections.abc import Iterator

from audioqa.flags.language import Calculation, Comparison, Joined, Membership, Name, Not, Presence, Tree, parse
from audioqa.flags.reason import Place, parse_reason
from audioqa.flags.rule import Rule


def names_in(rule: Rule) -> set[str]:
    """Every field in its conditions and its reason."""
    found = {name for text in (rule.when, rule.which) if text for name in _names(parse(text))}
    pieces = [piece for part in parse_reason(rule.reason) for piece in part.pieces]
    return found | {piece.name for piece in pieces if isinstance(piece, Place)}


def _names(tree: Tree) -> Iterator[str]:
    match tree:
        case Name(name=name):
            yield name
        case Joined(parts=parts):
            for part in parts:
                yield from _names(part)
        case Comparison(left=left, right=right) | Calculation(left=left, right=right):
            yield from _names(left)
            yield from _names(right)
        case Not(part=part):
            yield from _names(part)
        case Membership(left=part) | Presence(field=part):
            yield from _names(part)
        case _:
            pass

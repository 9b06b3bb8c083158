"""Rows of a manifest that are the legs of one call: two, one after the other, with the same call id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace

from audioqa.sources.legs import PAIRS, ROLES
from audioqa.types import BadItem, CallInfo, Item

_LEG = "leg"


def paired(items: Iterable[Item | BadItem], words: tuple[str, str] | None) -> Iterator[Item | BadItem]:
    """Take two rows of one call together.

    Parameters
    ----------
    items
        What the rows say.
    words
        The two words that a column ``leg`` has, in the order of the channels; None for the usual ones. Where it has
        others, or there is none, the rows' own order is that of the channels.
    """
    held: Item | None = None
    for item in items:
        if held is not None and isinstance(item, Item) and _one_call(held, item):
            yield _together(held, item, PAIRS if words is None else (words,))
            held = None
            continue
        if held is not None:
            yield held
        held = item if isinstance(item, Item) and len(item.files) == 1 else None
        if held is None:
            yield item
    if held is not None:
        yield held


def _one_call(one: Item, other: Item) -> bool:
    return len(other.files) == 1 and (one.info.tenant, one.info.call_id) == (other.info.tenant, other.info.call_id)


def _together(one: Item, other: Item, pairs: tuple[tuple[str, str], ...]) -> Item:
    legs = [item.info.tags.get(_LEG, "").lower() for item in (one, other)]
    if (legs[1], legs[0]) in pairs:
        one, other, legs = other, one, legs[::-1]
    info = replace(_filled(one.info, other.info), roles=_roles(one.info, other.info, legs))
    return replace(one, files=one.files + other.files, info=info, reference=one.reference or other.reference)


def _roles(one: CallInfo, other: CallInfo, legs: list[str]) -> tuple[str, ...]:
    if set(legs) <= ROLES:
        return tuple(legs)
    if len(one.roles) == len(other.roles) == 1:
        return one.roles + other.roles
    return one.roles or other.roles


def _filled(one: CallInfo, other: CallInfo) -> CallInfo:
    """What is known of one, with what only the other knows."""
    empty = {
        field.name: getattr(other, field.name)
        for field in fields(one)
        if getattr(one, field.name) is None and getattr(other, field.name) is not None
    }
    tags = {name: value for name, value in {**other.tags, **one.tags}.items() if name != _LEG}
    return replace(one, **empty, network={**other.network, **one.network}, tags=tags)

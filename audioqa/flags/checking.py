"""Whether a condition makes sense: every field is there, and only what can be compared is compared."""

from __future__ import annotations

from audioqa.errors import SettingsError
from audioqa.flags.families import suggestion
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
from audioqa.flags.subject import About
from audioqa.flags.words import NUMBER, TEXT, YES_OR_NO, Kind


def check(tree: Tree, about: About) -> None:
    """See that a tree is a condition that rules about something can have.

    Parameters
    ----------
    tree
        What was parsed.
    about
        What the rule is about.

    Raises
    ------
    SettingsError
        Where it is none; the message says what is wrong at which character.
    """
    _condition(tree, about)


def _condition(tree: Tree, about: About) -> None:
    match tree:
        case Joined(parts=parts):
            for part in parts:
                _condition(part, about)
        case Not(part=part):
            _condition(part, about)
        case Presence(field=Name(name=name, start=start)):
            _field(name, start, about)
        case Presence(start=start):
            raise SettingsError(f"'is known' and 'is missing' follow the name of a field, at character {start + 1}")
        case Membership(left=left, values=values, start=start):
            for value in values:
                _comparable("=", left, value, start, about)
        case Comparison(sign=sign, left=left, right=right, start=start):
            _comparable(sign, left, right, start, about)
        case Name(name=name, start=start) if _field(name, start, about).name != YES_OR_NO.name:
            raise SettingsError(f"{name!r} at character {start + 1} must be compared with something, as in {name} > 1")
        case Number() | Text() | Calculation():
            raise SettingsError(f"a condition was expected at character {tree.start + 1}, not a number or a text")
        case _:
            pass


def _comparable(sign: str, left: Tree, right: Tree, start: int, about: About) -> None:
    one, other = _kind(left, about), _kind(right, about)
    where = f"at character {start + 1}"
    if "yes or no" in (one.name, other.name):
        raise SettingsError(f"what is yes or no stands alone or after 'not', it is not compared {where}")
    for kind, tree in ((one, right), (other, left)):
        if kind.words and isinstance(tree, Text) and tree.value not in kind.words:
            raise SettingsError(
                f"{tree.value!r} {where} is none of the words there; {suggestion(tree.value, kind.words)}"
            )
    if "any" in (one.name, other.name):
        return
    if one.is_number != other.is_number:
        raise SettingsError(f"a number is compared with a text {where}: {_told(left)} {sign} {_told(right)}")
    ordered = one.is_number or "severity" in (one.name, other.name)
    if sign not in ("=", "!=") and not ordered:
        raise SettingsError(f"texts have no order, so {sign} cannot compare them {where}: use = or !=")


def _kind(tree: Tree, about: About) -> Kind:
    match tree:
        case Number():
            return NUMBER
        case Text():
            return TEXT
        case Name(name=name, start=start):
            return _field(name, start, about)
        case Calculation(sign=sign, left=left, right=right, start=start):
            for part in (left, right):
                kind = _kind(part, about)
                if not kind.is_number and kind.name != "any":
                    raise SettingsError(f"{sign} at character {start + 1} needs numbers, and {_told(part)} is none")
            return NUMBER
        case _:
            raise SettingsError(f"a number, a text or a field was expected before character {tree.start + 1}")


def _field(name: str, start: int, about: About) -> Kind:
    try:
        return find_field(name, about).kind
    except SettingsError as error:
        raise SettingsError(f"{error} (at character {start + 1})") from None


def _told(tree: Tree) -> str:
    match tree:
        case Number(value=value):
            return f"{value:g}"
        case Text(value=text):
            return f'"{text}"'
        case Name(name=name):
            return name
        case _:
            return "what is reckoned"

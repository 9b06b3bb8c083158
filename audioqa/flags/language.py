"""The language of conditions: text such as ``mos < 3.6 and call.queue = "sales"`` becomes a small tree.

Numbers, texts in quotes, names of fields, ``+ - *``, ``< <= > >= = !=``, ``in (..., ...)``, ``is known``,
``is missing``, ``and``, ``or``, ``not`` and parentheses. There is nothing to call and nothing to assign, so a condition
can do nothing but be true, false or unknown. It is read by recursive descent; its length and depth are limited, so that
no text is too much for it. Whether what is compared can be compared is seen later (`audioqa.flags.checking`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from audioqa.errors import SettingsError

LONGEST, MOST, DEEPEST = 4000, 300, 40
"""Characters of a condition, its words and signs, and parentheses or words ``not`` within one another."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>\d+(?:\.\d+)?(?![\w.]))
    |(?P<text>"[^"\n]*"|'[^'\n]*')
    |(?P<name>[^\W\d]\w*(?:\.(?:\w[\w-]*|"[^"\n]+"))*)
    |(?P<sign><=|>=|!=|==|[=<>()+*,-])""",
    re.VERBOSE,
)
_WORDS = frozenset({"and", "or", "not", "in", "is", "known", "missing"})
_COMPARISONS = ("<", "<=", ">", ">=", "=", "!=")


@dataclass(frozen=True)
class Number:
    """A number that stands in the condition, from its character `start` to `end`."""

    value: float
    start: int
    end: int


@dataclass(frozen=True)
class Text:
    """A text that stands in the condition."""

    value: str
    start: int


@dataclass(frozen=True)
class Name:
    """A field, from its character `start` to `end`."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Calculation:
    """Two numbers added, subtracted or multiplied; `sign` is ``+``, ``-`` or ``*``."""

    sign: str
    left: Tree
    right: Tree
    start: int


@dataclass(frozen=True)
class Comparison:
    """Two values compared; `sign` is ``<``, ``<=``, ``>``, ``>=``, ``=`` or ``!=``."""

    sign: str
    left: Tree
    right: Tree
    start: int


@dataclass(frozen=True)
class Membership:
    """Whether a value is one of those listed, or is none of them where it is `negated`."""

    left: Tree
    values: tuple[Number | Text, ...]
    negated: bool
    start: int


@dataclass(frozen=True)
class Presence:
    """Whether a field is known, or is missing where it is `negated`; never unknown itself."""

    field: Tree
    negated: bool
    start: int


@dataclass(frozen=True)
class Not:
    """The contrary."""

    part: Tree
    start: int


@dataclass(frozen=True)
class Joined:
    """All parts (`word` is ``and``) or at least one of them (``or``)."""

    word: str
    parts: tuple[Tree, ...]
    start: int


Tree: TypeAlias = Number | Text | Name | Calculation | Comparison | Membership | Presence | Not | Joined
"""A condition, or a part of one; `start` is the place of its sign or first character, counted from 0."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int


def parse(text: str) -> Tree:
    """The tree of a condition.

    Parameters
    ----------
    text
        The condition.

    Raises
    ------
    SettingsError
        Where it is none; the message says what is wrong at which character, counted from 1.

    Examples
    --------
    >>> parse("mos < 3.6")
    Comparison(sign='<', left=Name(name='mos', start=0, end=3), right=Number(value=3.6, start=6, end=9), start=4)
    """
    if len(text) > LONGEST:
        raise SettingsError(f"a condition has at most {LONGEST} characters, this one {len(text)}")
    tokens = list(_tokens(text))
    if len(tokens) > MOST:
        raise SettingsError(f"a condition has at most {MOST} words and signs, this one {len(tokens)}")
    return _Parser(tokens).whole()


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            hint = "; a text ends with the quote that it begins with" if text[at] in "\"'" else ""
            raise SettingsError(f"{text[at]!r} at character {at + 1} does not belong in a condition{hint}")
        kind = str(found.lastgroup)
        if kind == "name" and found.group() in _WORDS:
            kind = "word"
        if kind != "space":
            yield _Token(kind, found.group(), at)
        at = found.end()
    yield _Token("end", "", at)


class _Parser:
    """One method a rule of the grammar, the loosest first."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Tree:
        found = self._joined("or")
        if self._now.kind != "end":
            raise self._unexpected("the end, 'and' or 'or'")
        return found

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._now
        self._at += 1
        return token

    def _take(self, *texts: str) -> _Token | None:
        return self._next() if self._now.kind in ("word", "sign") and self._now.text in texts else None

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected(f"{text!r}")

    def _unexpected(self, wanted: str) -> SettingsError:
        given = f"{self._now.text!r}" if self._now.kind != "end" else "nothing"
        hint = "; 'is equal to' is written =" if self._now.text == "==" else ""
        return SettingsError(f"{wanted} was expected at character {self._now.start + 1}, not {given}{hint}")

    def _joined(self, word: str) -> Tree:
        start = self._now.start
        parts = [self._joined("and") if word == "or" else self._negated()]
        while self._take(word):
            parts.append(self._joined("and") if word == "or" else self._negated())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts), start)

    def _negated(self) -> Tree:
        if word := self._take("not"):
            return Not(self._within(self._negated), word.start)
        return self._compared()

    def _within(self, inside: Callable[[], Tree]) -> Tree:
        self._depth += 1
        if self._depth > DEEPEST:
            raise SettingsError(f"a condition has at most {DEEPEST} parentheses within one another")
        found = inside()
        self._depth -= 1
        return found

    def _compared(self) -> Tree:
        left = self._sum()
        start = self._now.start
        if sign := self._take(*_COMPARISONS):
            right = self._sum()
            if self._now.text in _COMPARISONS:
                raise self._unexpected("'and' or 'or' after a comparison")
            return Comparison(sign.text, left, right, start)
        if self._take("is"):
            if self._take("missing"):
                return Presence(left, True, start)
            self._need("known")
            return Presence(left, False, start)
        if self._take("not"):
            self._need("in")
            return Membership(left, self._listed(), True, start)
        if self._take("in"):
            return Membership(left, self._listed(), False, start)
        return left

    def _sum(self) -> Tree:
        found = self._product()
        while sign := self._take("+", "-"):
            found = Calculation(sign.text, found, self._product(), sign.start)
        return found

    def _product(self) -> Tree:
        found = self._single()
        while sign := self._take("*"):
            found = Calculation("*", found, self._single(), sign.start)
        return found

    def _single(self) -> Tree:
        if self._take("("):
            found = self._within(lambda: self._joined("or"))
            self._need(")")
            return found
        if self._now.kind == "name":
            token = self._next()
            return Name(token.text.replace('"', ""), token.start, token.start + len(token.text))
        return self._literal()

    def _literal(self) -> Number | Text:
        minus = self._take("-")
        token = self._now
        if token.kind == "number":
            self._next()
            value = -float(token.text) if minus else float(token.text)
            return Number(value, (minus or token).start, token.start + len(token.text))
        if token.kind == "text" and not minus:
            self._next()
            return Text(token.text[1:-1], token.start)
        raise self._unexpected("a number" if minus else "a field, a number or a text in quotes")

    def _listed(self) -> tuple[Number | Text, ...]:
        self._need("(")
        found = [self._literal()]
        while self._take(","):
            found.append(self._literal())
        self._need(")")
        return tuple(found)

"""How scores go together with numbers of one's own: customer satisfaction, first-call resolution, handle time.

The numbers are tags or network statistics of calls, or come in as CSV by call id. Pearson's coefficient looks for a
straight line, Spearman's for the same order. Intervals are Fisher's, with the variance of Bonett and Wright (2000) for
Spearman's. Nothing is held constant: what moves both (a campaign, a site) is in the figure.
"""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audioqa.errors import SettingsError
from audioqa.store import Store
from audioqa.store.columns import scores_by_id
from audioqa.store.database import snapshot
from audioqa.store.trend_reading import LIVE, TrendReader, steady
from audioqa.trends.report import Question, narrowed, stored_name
from audioqa.types.trends import Basis, Correlation, Estimate, Figure, TooFew

LARGEST = 500_000_000
"""Characters of a file of numbers."""

Real = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Numbers:
    """Numbers of calls, as a file has them.

    Parameters
    ----------
    calls
        Tenant and id of the call of each row; no tenant where the file does not say.
    columns
        By name, float64, shape (rows,): NaN where there is none.
    """

    calls: tuple[tuple[str | None, str], ...]
    columns: Mapping[str, Real]


def correlated(store: Store, question: Question, name: str, *, live: int = LIVE) -> list[Correlation]:
    """Scores and a number that calls have as a tag (``csat``) or a network statistic (``network.loss``), by basis.

    Parameters
    ----------
    store, question, live
        As `audioqa.trends.report.answer` has them; `Question.by` is not looked at.
    name
        Of the number.
    """
    column = stored_name(name)
    names = [column, *(stored_name(one) for one in question.where if one != "tenant")]
    parts: defaultdict[int, list[tuple[Real, npt.NDArray[np.int32]]]] = defaultdict(list)
    with steady(store.engine) as connection:
        reader = TrendReader(connection, list(dict.fromkeys(names)), (), test_calls=question.test_calls)
        for whole in reader.batches(question.tenant, *question.hours, live=live):
            batch = narrowed(reader, whole, question)
            known = (batch.words[column] >= 0) & (batch.mos > 0)
            for basis in np.unique(batch.basis[known]):
                mine = known & (batch.basis == basis)
                parts[int(basis)].append((batch.mos[mine] / 10_000.0, batch.words[column][mine]))
        values = np.array([_number(word) for word in reader.words(column)], np.float64)
        bases = reader.bases
    found = []
    for basis in sorted(parts, key=bases.__getitem__):
        mos = np.concatenate([part for part, _ in parts[basis]])
        number = values[np.concatenate([part for _, part in parts[basis]])]
        found.append(correlation(name, bases[basis], mos, number, question.least))
    return found


def correlated_with(store: Store, question: Question, numbers: Numbers) -> tuple[list[Correlation], int]:
    """Scores and the numbers of a file, by column and basis; and how many of its rows name no call of the store.

    Parameters
    ----------
    store
        The store.
    question
        Its tenant and the least number of calls count, and nothing else: the file says which calls.
    numbers
        What the file holds.
    """
    with snapshot(store.engine) as connection:
        known = scores_by_id(connection, [call for _, call in numbers.calls], tenant=question.tenant)
    rows: list[tuple[int, float, Basis]] = []
    unknown = 0
    for place, (tenant, call) in enumerate(numbers.calls):
        mine = [one for one in known.get(call, ()) if tenant is None or one[0] == tenant]
        if len(mine) > 1:
            raise SettingsError(f"several tenants have a call {call}: name one with --tenant, or in a column tenant")
        unknown += not mine
        rows += [(place, mos, basis) for _, mos, basis in mine if mos is not None]
    found = []
    for name, values in numbers.columns.items():
        for basis in sorted({basis for *_, basis in rows}):
            chosen = [(mos, values[place]) for place, mos, own in rows if own == basis]
            mos, number = np.array(chosen, np.float64).T
            found.append(correlation(name, basis, mos, number, question.least))
    return found, unknown


def read_numbers(text: str) -> Numbers:
    """Numbers of calls from CSV: a column ``call_id``, ``tenant`` where there are several, and columns of numbers.

    Columns that hold anything but numbers are passed over; with semicolons between columns, numbers may have decimal
    commas.

    Raises
    ------
    SettingsError
        Where there is no column ``call_id``, or none of numbers.
    """
    head = text.removeprefix("\ufeff").partition("\n")[0]
    semicolons = head.count(";") > head.count(",")
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";" if semicolons else ",")
    names = [name.strip() for name in reader.fieldnames or ()]
    if "call_id" not in names:
        raise SettingsError(f"the column call_id is missing; there is {', '.join(names)[:200] or 'nothing'}")
    reader.fieldnames = names
    rows = list(reader)
    columns: dict[str, Real] = {}
    for name in names:
        cells = [(row.get(name) or "").strip() for row in rows]
        values = np.array([_number(cell.replace(",", ".") if semicolons else cell) for cell in cells], np.float64)
        given = np.array([bool(cell) for cell in cells], np.bool_)
        if name not in ("call_id", "tenant") and given.any() and not np.isnan(values[given]).any():
            columns[name] = values
    if not columns:
        raise SettingsError("no column holds numbers, and nothing else; there is " + ", ".join(names)[:200])
    whose = "tenant" in names
    calls = tuple((row["tenant"] if whose else None, row["call_id"] or "") for row in rows)
    return Numbers(calls, columns)


def correlation(name: str, basis: Basis, mos: Real, number: Real, least: int) -> Correlation:
    """Both coefficients of one number and the scores of one basis.

    Parameters
    ----------
    name
        Of the number.
    basis
        Of the scores.
    mos, number
        float64, shape (calls,); calls whose number is NaN are left out.
    least
        How many calls it takes.
    """
    known = np.isfinite(number)
    mos, number = mos[known], number[known]
    calls = len(mos)
    if calls < max(least, 4):
        few = TooFew(calls, max(least, 4))
        return Correlation(name, basis.scale, basis.estimator, calls, few, few)
    if np.ptp(number) == 0 or np.ptp(mos) == 0:
        same = name if np.ptp(number) == 0 else "the MOS"
        return Correlation(name, basis.scale, basis.estimator, calls, None, None, f"{same} is the same in all calls")
    pearson = float(np.corrcoef(mos, number)[0, 1])
    spearman = float(np.corrcoef(ranks(mos), ranks(number))[0, 1])
    return Correlation(
        name,
        basis.scale,
        basis.estimator,
        calls,
        _interval(pearson, 1.0, calls),
        _interval(spearman, 1.0 + spearman**2 / 2.0, calls),
    )


def ranks(values: Real) -> Real:
    """Ranks from 1 on; those of equal values are their mean.

    >>> ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    found: Real = (np.cumsum(count) - (count - 1) / 2.0)[place]
    return found


def _interval(value: float, variance: float, calls: int) -> Figure:
    value = max(-1.0, min(1.0, value))
    if abs(value) > 1 - 1e-12:
        return Estimate(value, value, value)
    half = 1.959964 * math.sqrt(variance / (calls - 3))
    return Estimate(value, math.tanh(math.atanh(value) - half), math.tanh(math.atanh(value) + half))


def _number(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def numeric_names(store: Store, names: Sequence[str], *, tenant: str | None) -> list[str]:
    """Those of some tags whose words are numbers, as far as the latest calls tell."""
    from audioqa.store.trend_reading import latest_words

    with steady(store.engine) as connection:
        return [
            name
            for name in names
            if (words := latest_words(connection, tenant, stored_name(name))) and not any(map(_is_word, words))
        ]


def _is_word(word: str) -> bool:
    return math.isnan(_number(word))

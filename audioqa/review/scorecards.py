"""The question of a scorecard, "Was the audio clear?": answers come in as CSV, and verdicts go out as its answers.

Columns: ``call_id``, ``question``, ``answer`` (``yes``, ``no``, ``n/a``), ``evaluator``, ``answered_at`` (ISO 8601).
Only the first and the third have to be there; other columns are passed over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from audioqa.errors import ReviewError
from audioqa.review.words import CONFIRMED, FALSE_ALARM, RECORDER_FAULT
from audioqa.store.review.rows import Answer, Judged

COLUMNS = ("call_id", "question", "answer", "evaluator", "answered_at")

LARGEST = 150_000
"""Characters of a file of answers."""

ANSWERS: Mapping[str, str] = {
    **dict.fromkeys(("yes", "y", "true", "1", "pass", "clear"), "yes"),
    **dict.fromkeys(("no", "n", "false", "0", "fail", "unclear"), "no"),
    **dict.fromkeys(("n/a", "na", "none", "-", "not applicable", ""), "n/a"),
}
"""What stands for which answer, in lower case."""

_ANSWER_OF = {CONFIRMED: "no", FALSE_ALARM: "yes", RECORDER_FAULT: "n/a"}
_DANGEROUS = ("=", "+", "-", "@")


@dataclass(frozen=True)
class ScorecardAgreement:
    """What a scorecard's answers say of the flags.

    Parameters
    ----------
    question
        The question.
    flagged_unclear, flagged_clear, other_unclear, other_clear
        Calls that are flagged or not, and whose audio was not clear or clear.
    """

    question: str
    flagged_unclear: int
    flagged_clear: int
    other_unclear: int
    other_clear: int


def read_answers(text: str, *, question: str) -> list[Answer]:
    """Read answers from CSV.

    Parameters
    ----------
    text
        The file.
    question
        Of the rows that name none.

    Raises
    ------
    ReviewError
        Where a column or a value is missing or cannot be used; the message names the line.
    """
    if len(text) > LARGEST:
        raise ReviewError(f"a file of answers has at most {LARGEST} characters: cut it in pieces", "value")
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), skipinitialspace=True)
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        for column in ("call_id", "answer"):
            if column not in names:
                raise ReviewError(f"line 1: the column {column} is missing; there is {', '.join(names)[:200]}", "value")
        reader.fieldnames = names
        return [_answer(row, f"line {reader.line_num}", question) for row in reader]
    except csv.Error as error:
        raise ReviewError(f"line {reader.line_num}: not CSV: {error}", "value") from None


def write_answers(judged: Iterable[Judged], *, question: str) -> str:
    """Verdicts as answers to the question, in CSV: a call that sounded bad was not clear.

    Parameters
    ----------
    judged
        Calls with their opinions; those without a verdict are left out.
    question
        In the scorecard's words.
    """
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in judged:
        for opinion in one.opinions:
            if opinion.verdict is not None:
                at = "" if opinion.at is None else opinion.at.isoformat()
                row = (one.call_id, question, _ANSWER_OF[opinion.verdict], opinion.reviewer, at)
                writer.writerow([_harmless(value) for value in row])
    return made.getvalue()


def scorecard_agreement(answers: Iterable[tuple[Answer, bool]], question: str) -> ScorecardAgreement:
    """The flags against the answers: each pair is an answer, and whether its call is flagged."""
    counts = {(flagged, answer): 0 for flagged in (True, False) for answer in ("yes", "no", "n/a")}
    for answer, flagged in answers:
        counts[flagged, answer.answer] += 1
    return ScorecardAgreement(
        question, counts[True, "no"], counts[True, "yes"], counts[False, "no"], counts[False, "yes"]
    )


def _answer(row: Mapping[str, str | None], where: str, question: str) -> Answer:
    call_id = _plain(row["call_id"])
    if not call_id:
        raise ReviewError(f"{where}: there is no call_id", "value")
    given = _plain(row["answer"]).lower()
    if given not in ANSWERS:
        raise ReviewError(f"{where}: an answer is yes, no or n/a, not {given[:40]!r}", "value")
    moment = _plain(row.get("answered_at"))
    return Answer(
        call_id=call_id,
        question=_plain(row.get("question"))[:200] or question,
        answer=ANSWERS[given],
        evaluator=_plain(row.get("evaluator"))[:200],
        answered_at=_moment(moment, where) if moment else None,
    )


def _moment(text: str, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ReviewError(f"{where}: {text[:40]!r} is no time such as 2026-03-02T15:04:05Z", "value") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plain(value: str | None) -> str:
    """A cell without blanks, and without the mark that `_harmless` put before it."""
    plain = (value or "").strip()
    return plain[1:].strip() if plain.startswith("'") and plain[1:].lstrip().startswith(_DANGEROUS) else plain


def _harmless(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.lstrip().startswith(_DANGEROUS) else value

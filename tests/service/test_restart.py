"""A server that is killed in the middle of uploads and of scoring: what it accepted is scored once, when it is back."""

from __future__ import annotations

from audioqa.lab.service_load import killed


def test_what_was_accepted_is_scored_once_when_the_server_is_killed() -> None:
    sender, states, times, calls = killed(10, jobs=1, estimator="none", again=False)
    assert set(sender.answers) <= {0, 202}
    assert len(set(sender.accepted.values())) == 10
    assert states == {"scored": 10}
    assert calls == 10
    # Killed between the transaction and the line in its log, a job is not told of; twice it is never done.
    assert set(times) <= {0, 1}

"""Requests made up from the OpenAPI document: none is answered by an error of the server's own, nor by what the
document does not name."""

from __future__ import annotations

import pytest

from web.serving import Served

pytest.importorskip("schemathesis")

EXAMPLES = 2
"""A route, of each kind; ``make fuzz`` makes hundreds."""


@pytest.mark.usefixtures("call")
def test_no_request_is_answered_by_an_error_of_the_server(served: Served) -> None:
    from audioqa.lab.service_fuzz import ask

    asked = ask(served.client.app, served.headers("gamma"), examples=EXAMPLES)
    assert len(asked) >= 25
    assert all(asked.values())

"""Requests made up from the OpenAPI document: none is answered by an error of the server's own, nor by what the
document does not name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from web.serving import Served

schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = 2
"""A mode and route; `python -m audioqa.lab.service_fuzz` makes hundreds."""


@pytest.mark.usefixtures("call")
def test_no_request_is_answered_by_an_error_of_the_server(served: Served) -> None:
    document = schemathesis.openapi.from_asgi("/api/v1/openapi.json", served.client.app)
    checks = [
        schemathesis.checks.not_a_server_error,
        *(
            schemathesis.checks.CHECKS.get_one(name)
            for name in ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
        ),
    ]
    headers = served.headers("gamma")
    count = 0
    for found in document.get_all_operations():
        operation = found.ok()
        right, wrong = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
        cases = operation.as_strategy(generation_mode=right) | operation.as_strategy(generation_mode=wrong)

        @given(case=cases)
        @settings(
            max_examples=2 * EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=checks)

        ask()
        count += 1
    assert count >= 25

"""The service asked by requests that are made up from its OpenAPI document, as it describes them and otherwise.

``python -m audioqa.lab.service_fuzz`` prints how many requests each route answered. It fails at the first answer that
is an error of the server's own, or has a status, a type or a shape that the document does not name.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

_PATIENCE = 120.0
"""Seconds: a machine that does other things is no error of the service."""


def ask(app: Any, headers: dict[str, str], *, examples: int) -> Counter[str]:
    """Ask every route; how many requests each answered.

    Parameters
    ----------
    app
        The application.
    headers
        Sent with every request.
    examples
        Requests a route, of each kind.

    Raises
    ------
    AssertionError
        Where an answer is not what the document says.
    """
    import schemathesis
    from hypothesis import HealthCheck, given, settings

    document = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    named = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
    checks = [schemathesis.checks.not_a_server_error, *map(schemathesis.checks.CHECKS.get_one, named)]
    quiet = settings(
        max_examples=2 * examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    asked: Counter[str] = Counter()
    operations: Any = document.get_all_operations()
    for found in operations:
        operation = found.ok()
        kinds = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
        right, wrong = (operation.as_strategy(generation_mode=kind) for kind in kinds)

        def one(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=checks, timeout=_PATIENCE)
            asked[case.operation.label] += 1

        quiet(given(case=right | wrong)(one))()
    return asked


def main() -> None:
    """Ask a service of its own, and print how often."""
    from audioqa.service.service import open_service
    from audioqa.settings import Settings
    from audioqa.web.app import make_app

    parser = argparse.ArgumentParser(description="The service asked by made-up requests.")
    parser.add_argument("--examples", type=int, default=200, metavar="N", help="a route, of each kind")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="audioqa-fuzz-") as folder:
        service = open_service(Settings.model_validate({"service": {"folder": Path(folder) / "data", "jobs": 1}}))
        _, key = service.keys.make("fuzz", ["ingest", "read", "review", "admin"], tenant="fuzz", by="fuzz")
        service.start()
        try:
            asked = ask(make_app(service), {"Authorization": f"Bearer {key}"}, examples=wanted.examples)
        finally:
            service.stop()
    for route, count in asked.items():
        sys.stdout.write(f"{count:6} {route}\n")
    sys.stdout.write(f"{asked.total():6} requests to {len(asked)} routes, no error of the server's own\n")


if __name__ == "__main__":
    main()

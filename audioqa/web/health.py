"""Whether the service lives, whether it is ready, and its figures for Prometheus."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from audioqa.service.metrics import MEDIA_TYPE
from audioqa.service.service import Service
from audioqa.web.api_models import State
from audioqa.web.problems import problem, responses
from audioqa.web.state import TheService

router = APIRouter(tags=["operation"])


@router.get("/health", response_model=State)
async def health() -> State:
    """Whether the server answers at all: where it does not, start it again."""
    return State(status="alive")


@router.get("/ready", response_model=State, responses={503: responses()[503]})
def ready(service: TheService) -> Response | State:
    """Whether recordings can be accepted and scored: where not, send requests to another server meanwhile."""
    trouble = service.trouble()
    if trouble:
        return problem(503, trouble, headers={"Retry-After": "5"})
    return State(status="ready")


@router.get(
    "/metrics", responses={200: {"content": {"text/plain": {}}}, 403: responses()[403]}, response_class=Response
)
def metrics(request: Request, service: TheService) -> Response:
    """Figures in the text format of Prometheus; for this machine, or with the token that is configured."""
    if not _may(request, service):
        raise HTTPException(403, "figures are for this machine, or for whoever shows the token that is configured")
    data = service.metrics.text(service.store, service.settings.service.folder)
    return Response(data, media_type=MEDIA_TYPE)


def _may(request: Request, service: Service) -> bool:
    token = service.settings.service.metrics_token
    if token is not None:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(shown.encode("utf-8", "replace"), token.encode())
    forwarded = {"forwarded", "x-forwarded-for", "x-real-ip"} & set(request.headers.keys())
    try:
        return request.client is not None and not forwarded and ip_address(request.client.host).is_loopback
    except ValueError:
        return False

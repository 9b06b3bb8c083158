"""The application: every route, and what guards them."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

import audioqa
from audioqa.service.service import Service
from audioqa.web import (
    api_admin,
    api_alerts,
    api_calls,
    api_review,
    api_sound,
    api_uploads,
    api_webhooks,
    health,
    hurry,
    measuring,
    pages_alerts,
    pages_call,
    pages_calls,
    pages_quality,
    pages_review,
    pages_settings,
    pages_sign_in,
    pages_trends,
    pages_upload,
    problems,
    security,
)
from audioqa.web.pages import REPORT_STATIC, STATIC
from audioqa.web.problems import Problem

API: tuple[APIRouter, ...] = (
    api_calls.router,
    api_sound.router,
    api_review.router,
    api_alerts.router,
    api_webhooks.router,
    api_admin.router,
)
"""What programs ask for beside uploads. Each router has ``/api/v1`` in its own prefix: metrics name its routes."""

PAGES: tuple[APIRouter, ...] = (
    pages_sign_in.router,
    pages_upload.router,
    pages_calls.router,
    pages_call.router,
    pages_alerts.router,
    pages_review.router,
    pages_trends.router,
    pages_quality.router,
    pages_settings.router,
)
"""What people see. A module of pages has a `router`, and stands here."""

_BODY = 262_144
"""Bytes of a request that is no upload."""

_AROUND = 2**20
"""Bytes of an upload beside its recording: fields, and the lines between its parts."""

_ABOUT = """\
Call recordings in, reports out: how bad a call sounded, where and why.

Send a key with every request: `Authorization: Bearer aqa_...`. A key sees the calls of its tenant and no others.
Errors are problem details (RFC 9457).
"""


def make_app(service: Service) -> FastAPI:
    """The application for a service, which is started and stopped by whoever made it.

    Parameters
    ----------
    service
        What it serves.
    """
    app = FastAPI(
        title="audioqa",
        version=audioqa.__version__,
        description=_ABOUT,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # FastAPI's page loads its script from elsewhere
        redoc_url=None,
        max_body_size=_BODY,
    )
    app.state.service = service
    largest = service.settings.service.largest + _AROUND
    app.include_router(api_uploads.router, max_body_size=largest)
    for router in (*API, health.router, *PAGES):
        app.include_router(router)
    app.state.pages = [route for router in PAGES for route in router.routes]
    app.mount("/static/report", StaticFiles(directory=REPORT_STATIC), name="report")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    problems.install(app)
    hurry.install(app)
    measuring.install(app, service.metrics)
    security.install(app, https=service.settings.service.https, hosts=service.hosts)
    return app


__all__ = ["API", "PAGES", "Problem", "make_app"]

"""Alerts for programs: what has got worse, and what is over."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from audioqa.alerts.words import told
from audioqa.store.alerting import list_alerts
from audioqa.store.database import snapshot
from audioqa.web.identity import Reader
from audioqa.web.problems import responses
from audioqa.web.state import TheService

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])


class AlertOut(BaseModel):
    """An alert; docs/alerts.md says what its figures are."""

    id: int
    rule: str
    kind: str
    by: str
    value: str
    detail: str
    text: str
    state: str
    since: datetime
    fired_at: datetime
    ended_at: datetime | None
    before: float
    after: float
    drop: float
    calls: int
    score: float
    limit: float
    first_call: int
    last_call: int
    part_of: str
    spells: list[dict[str, Any]]
    stream: str
    late: bool
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    note: str | None


class AlertList(BaseModel):
    """Alerts, the latest first."""

    alerts: list[AlertOut]


@router.get("", response_model=AlertList, responses=responses())
def alerts(
    service: TheService,
    principal: Reader,
    everything: Annotated[bool, Query(alias="all", description="Also what is over, or was taken back.")] = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AlertList:
    """What is bad now."""
    states = () if everything else ("open", "re-opened")
    with snapshot(service.store.engine) as connection:
        found = list_alerts(connection, principal.tenant, states=states, most=limit)
    return AlertList(
        alerts=[
            AlertOut(
                **told(one.alert)
                | {
                    "id": one.key,
                    "state": one.state,
                    "stream": one.stream,
                    "late": one.late,
                    "acknowledged_by": one.acknowledged_by,
                    "acknowledged_at": one.acknowledged_at,
                    "note": one.note,
                }
            )
            for one in found
        ]
    )

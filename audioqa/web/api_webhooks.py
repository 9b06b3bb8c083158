"""Webhooks: addresses that are told when a call is scored, flagged, or could not be scored."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from audioqa.errors import ServiceError
from audioqa.store.webhooks import Webhook
from audioqa.web.api_models import DeliveryList, DeliveryOut, MadeWebhook, NewWebhook, WebhookList, WebhookOut
from audioqa.web.identity import Admin
from audioqa.web.problems import responses
from audioqa.web.state import TheService

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])

Number = Annotated[int, Path(ge=1, le=2**53)]


@router.get("", response_model=WebhookList, responses=responses())
def webhooks(service: TheService, principal: Admin) -> WebhookList:
    """Every address that is told."""
    return WebhookList(webhooks=[_told(hook) for hook in service.webhooks.all(principal.tenant)])


@router.post("", status_code=201, response_model=MadeWebhook, responses=responses(409))
def add(service: TheService, principal: Admin, new: NewWebhook) -> MadeWebhook:
    """Have an address told; the secret that signs its messages is shown this once."""
    hook = service.webhooks.add(new.url, tuple(new.events), tenant=principal.tenant, by=principal.who)
    service.note(principal.tenant, principal.who, "webhook added", details={"webhook": hook.key})
    return MadeWebhook(secret=hook.secret, **_told(hook).model_dump())


@router.get("/{webhook}/deliveries", response_model=DeliveryList, responses=responses())
def deliveries(service: TheService, principal: Admin, webhook: Number) -> DeliveryList:
    """The latest messages to an address, and what became of them."""
    if service.webhooks.find(webhook, tenant=principal.tenant) is None:
        raise ServiceError(f"there is no webhook {webhook}", "missing")
    return DeliveryList(
        deliveries=[
            DeliveryOut(
                id=one.name,
                event=one.event,
                call_id=one.call_id,
                state=one.state,
                attempts=one.attempts,
                status=one.status,
                error=one.error,
                created_at=one.created_at,
                next_at=one.next_at if one.state == "waiting" else None,
                ended_at=one.ended_at,
            )
            for one in service.webhooks.deliveries(webhook, tenant=principal.tenant)
        ]
    )


@router.delete("/{webhook}", status_code=204, responses=responses())
def remove(service: TheService, principal: Admin, webhook: Number) -> None:
    """Tell an address nothing more."""
    service.webhooks.remove(webhook, tenant=principal.tenant)
    service.note(principal.tenant, principal.who, "webhook removed", details={"webhook": webhook})


def _told(hook: Webhook) -> WebhookOut:
    return WebhookOut(
        id=hook.key,
        url=hook.url,
        events=list(hook.events),
        active=hook.active,
        created_by=hook.created_by,
        created_at=hook.created_at,
    )

"""What the API takes and gives, as its OpenAPI document describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=1000)]
Number = Annotated[int, Field(ge=1, le=2**53)]


class CallFailure(BaseModel):
    """Why a recording could not be scored."""

    kind: str
    message: str


class Call(BaseModel):
    """A call that has been scored, as lists have it.

    Everything that is not known is null; a call without a MOS says in `why` why it has none.
    """

    id: int = Field(description="By which its report, events and sound are had.")
    call_id: str = Field(description="As its sender calls it.")
    file_name: str
    at: datetime = Field(description="When it began; where that is not known, when it was first scored.")
    scored_at: datetime
    start_time: datetime | None
    roles: list[str] = Field(description="Who is on each channel, in file order.")
    agent: str | None
    queue: str | None
    site: str | None
    carrier: str | None
    trunk: str | None
    direction: str | None
    codec: str | None
    tap: str | None
    network: dict[str, float]
    tags: dict[str, str]
    mos: float | None
    scale: str | None
    band: str | None
    flagged: bool
    why: str
    events: int = Field(description="How many there are.")
    worst_kind: str | None
    worst_severity: str | None
    channels: int
    duration: float = Field(description="Seconds.")
    speech: float = Field(description="Seconds, of all channels together.")


class CallList(BaseModel):
    """A page of a list, and where the next one begins."""

    calls: list[Call]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class ScoredCall(BaseModel):
    """What an upload came to."""

    id: int
    call_id: str
    mos: float | None
    scale: str | None
    band: str | None
    flagged: bool
    why: str


class Upload(BaseModel):
    """An upload that was accepted."""

    id: str
    call_id: str
    file_name: str
    size: int
    state: Literal["waiting", "running", "scored", "failed"]
    progress: float | None = Field(description="Share of the sound that has been analysed, 0 to 1.")
    attempts: int
    accepted_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    failure: CallFailure | None
    call: ScoredCall | None = Field(description="Once it is scored, for those who may read calls.")


class UploadList(BaseModel):
    """The latest uploads."""

    uploads: list[Upload]
    next: str | None


class EventOut(BaseModel):
    """One event of a call."""

    model_config = ConfigDict(extra="allow")

    kind: str
    channel: str | None
    segment: dict[str, float]
    severity: str


class EventList(BaseModel):
    """The events of a call in order of their start."""

    events: list[EventOut]


class Me(BaseModel):
    """Who the API takes the asker for."""

    who: str
    tenant: str
    scopes: list[str]


class NewKey(BaseModel):
    """A key that is to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Literal["ingest", "read", "review", "admin"]], Field(min_length=1, max_length=4)]
    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(default=None, description="Until it goes out of force.")


class KeyOut(BaseModel):
    """A key, without what makes it one."""

    id: int
    name: str
    start: str
    scopes: list[str]
    created_by: str
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


class MadeKey(BaseModel):
    """A new key; it is shown this once."""

    id: int
    key: str


class KeyList(BaseModel):
    """Every key of the tenant."""

    keys: list[KeyOut]


class NewUser(BaseModel):
    """A person who is to be added."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Literal["viewer", "reviewer", "lead", "admin"]
    password: Annotated[str, Field(min_length=12, max_length=256)] | None = Field(
        default=None, description="None for somebody whom only a proxy signs in."
    )


class ChangedUser(BaseModel):
    """What is to change of a person; they are signed out everywhere."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["viewer", "reviewer", "lead", "admin"] | None = None
    password: Annotated[str, Field(min_length=12, max_length=256)] | None = None
    active: bool | None = None


class UserOut(BaseModel):
    """A person."""

    name: str
    role: str
    active: bool
    created_at: datetime


class UserList(BaseModel):
    """Everybody of the tenant."""

    users: list[UserOut]


HookEvent = Literal[
    "call.scored",
    "call.flagged",
    "call.failed",
    "alert.opened",
    "alert.reopened",
    "alert.recovered",
    "alert.withdrawn",
]
"""`audioqa.service.telling.EVENTS`."""


class NewWebhook(BaseModel):
    """An address that is to be told."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(min_length=1, max_length=1000)]
    events: Annotated[list[HookEvent], Field(min_length=1, max_length=len(get_args(HookEvent)))]


class WebhookOut(BaseModel):
    """An address that is told."""

    id: int
    url: str
    events: list[str]
    active: bool
    created_by: str
    created_at: datetime


class MadeWebhook(WebhookOut):
    """A new one, with the secret that signs its messages; it is shown this once."""

    secret: str


class WebhookList(BaseModel):
    """Every address of the tenant."""

    webhooks: list[WebhookOut]


class DeliveryOut(BaseModel):
    """One message, and what became of it."""

    id: str
    event: str
    call_id: str
    state: str
    attempts: int
    status: int | None
    error: str | None
    created_at: datetime
    next_at: datetime | None
    ended_at: datetime | None


class DeliveryList(BaseModel):
    """The latest messages to one address."""

    deliveries: list[DeliveryOut]


class Retention(BaseModel):
    """How long calls are kept."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[float, Field(ge=1, le=36_500, allow_inf_nan=False)] | None = Field(description="Null: always.")


class ActOut(BaseModel):
    """One row of the audit trail."""

    id: int
    at: datetime
    who: str
    what: str
    call_id: str | None
    details: dict[str, Any]
    address: str | None


class ActList(BaseModel):
    """The latest acts; `next` goes on with those before."""

    acts: list[ActOut]
    next: int | None


class State(BaseModel):
    """Whether all is well."""

    status: str

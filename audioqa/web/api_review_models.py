"""What the API of reviews takes and gives."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from audioqa.review.queue import LONGEST_NOTE


class NewRating(BaseModel):
    """A blind rating."""

    model_config = ConfigDict(extra="forbid")

    rating: int = Field(ge=1, le=5, description="1 bad, 2 poor, 3 fair, 4 good, 5 excellent.")


class NewVerdict(BaseModel):
    """What a call is."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["confirmed", "false-alarm", "recorder-fault"]
    labels: list[str] = Field(default_factory=list, max_length=20, description="Words such as choppy_robotic, echo.")
    note: str = Field(default="", max_length=LONGEST_NOTE)


class TurnOut(BaseModel):
    """A turn at a call."""

    turn: int
    sound: str = Field(description="Where the call can be heard.")
    expires_at: AwareDatetime = Field(description="Until when the call is yours.")
    rating: int | None
    call: int | None = Field(description="Of the API; told after the rating.")
    judged: bool


class VerdictOut(BaseModel):
    """One act of a reviewer."""

    at: AwareDatetime
    by: str
    what: str = Field(description="given, rated, judged, changed, returned or expired.")
    turn: int
    rating: int | None
    verdict: str | None
    labels: list[str]
    note: str


class VerdictList(BaseModel):
    """The acts of reviewers."""

    verdicts: list[VerdictOut]

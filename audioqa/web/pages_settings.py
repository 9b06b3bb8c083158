"""Settings of a tenant: how calls are reviewed, how long they are kept, keys, people; bands and rules in force."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from audioqa.bands import BandSet
from audioqa.errors import AudioqaError, ServiceError, SettingsError
from audioqa.review.settings import review_settings
from audioqa.service.flagging import LONGEST
from audioqa.service.principals import ROLES, SCOPES, Principal
from audioqa.store import audit
from audioqa.store.database import snapshot
from audioqa.web.identity import PageAdmin
from audioqa.web.pages import render
from audioqa.web.reviews import queue_of
from audioqa.web.state import TheService
from audioqa.web.told import bands_of

router = APIRouter(include_in_schema=False)

Word = Annotated[str, Form(max_length=2000)]

_ACTS = 50


@router.get("/settings")
def settings_page(request: Request, service: TheService, who: PageAdmin) -> Response:
    """Everything that can be set, and the latest of the audit trail."""
    return _page(request, service, who, said=request.query_params.get("said", ""))


@router.post("/settings/review")
def set_review(
    request: Request,
    service: TheService,
    who: PageAdmin,
    sample: Word = "",
    twice: Word = "",
    daily_limit: Word = "",
    limits: Word = "",
    teams: Annotated[str, Form(max_length=20_000)] = "",
    examples: Word = "",
    lease: Word = "",
    days: Word = "",
    order: Word = "random",
    question: Word = "",
) -> Response:
    """Put another way of reviewing into force."""
    queue = queue_of(service, who)
    try:
        values: dict[str, Any] = {
            "sample": _number("Sample", sample) / 100,
            "twice": _number("Reviewed twice", twice) / 100,
            "daily_limit": _whole("Limit", daily_limit) if daily_limit.strip() else None,
            "limits": {team: _whole("Limit", limit) for team, limit in _pairs(limits)},
            "teams": {person: team for team, people in _pairs(teams) for person in _names(people)},
            "examples": _whole("Examples", examples),
            "lease": _whole("Minutes", lease),
            "days": _whole("Days", days),
            "order": order,
            "question": question.strip(),
        }
        queue.change_settings(review_settings(values), by=who.who)
    except SettingsError as error:
        return _page(request, service, who, wrong=str(error), status=422)
    return RedirectResponse("/settings?said=review", 303)


@router.post("/settings/rules")
def set_rules(
    request: Request, service: TheService, who: PageAdmin, rules: Annotated[str, Form(max_length=LONGEST)] = ""
) -> Response:
    """Set flag rules of one's own; calls that are scored already are flagged by them too."""
    text = rules.replace("\r\n", "\n").strip()
    try:
        service.flagging.set_text(f"{text}\n" if text else "", tenant=who.tenant, by=who.who)
    except SettingsError as error:
        return _page(request, service, who, wrong=str(error), rules=rules, status=422)
    return RedirectResponse("/settings?said=rules#rules", 303)


@router.post("/settings/bands")
def set_bands(
    request: Request,
    service: TheService,
    who: PageAdmin,
    name: Word = "",
    bands: Word = "",
    attention: Word = "",
    painful: Word = "",
) -> Response:
    """Set bands of one's own, a line each with limit and name; none at all for those of the configuration."""
    try:
        chosen = None
        if bands.strip():
            lines = [line.split(maxsplit=1) for line in bands.splitlines() if line.strip()]
            if not all(len(line) == 2 for line in lines):
                raise SettingsError("a band is written as in '4.3 Excellent', one a line")
            chosen = BandSet(
                name.strip(),
                service.flagging.judging.bands.context,
                tuple((_number("Band", limit), word.strip()) for limit, word in lines),
                _number("Attention", attention),
                _number("Painful", painful),
            )
        service.flagging.set_bands(chosen, tenant=who.tenant, by=who.who)
    except SettingsError as error:
        return _page(request, service, who, wrong=str(error), bands_text=bands, status=422)
    return RedirectResponse("/settings?said=bands#bands", 303)


@router.post("/settings/retention")
def set_retention(request: Request, service: TheService, who: PageAdmin, days: Word = "") -> Response:
    """Set how long calls are kept; empty for always."""
    try:
        wanted = _number("Days", days) if days.strip() else None
        service.privacy.set_retention(wanted, tenant=who.tenant, by=who.who)
    except AudioqaError as error:
        return _page(request, service, who, wrong=str(error), status=422)
    return RedirectResponse("/settings?said=retention", 303)


@router.post("/settings/keys")
def make_key(
    request: Request,
    service: TheService,
    who: PageAdmin,
    name: Word = "",
    scopes: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Make a key, and show it this once."""
    try:
        number, secret = service.keys.make(name, scopes or (), tenant=who.tenant, by=who.who)
    except ServiceError as error:
        return _page(request, service, who, wrong=str(error), status=422)
    service.note(who.tenant, who.who, "key made", details={"key": number, "scopes": scopes})
    return _page(request, service, who, secret=secret)


@router.post("/settings/keys/revoke")
def revoke_key(service: TheService, who: PageAdmin, key: Annotated[int, Form(ge=1, le=2**53)]) -> Response:
    """Put a key out of force."""
    service.keys.revoke(key, tenant=who.tenant)
    service.note(who.tenant, who.who, "key revoked", details={"key": key})
    return RedirectResponse("/settings?said=key#keys", 303)


@router.post("/settings/people")
def set_person(
    request: Request,
    service: TheService,
    who: PageAdmin,
    name: Word = "",
    role: Word = "reviewer",
    password: Word = "",
    active: Word = "yes",
) -> Response:
    """Add a person, or change one who is there; an empty password stays as it is."""
    name = name.strip()
    there = service.accounts.named(name)
    try:
        if there is not None and there.tenant == who.tenant:
            if who.name == name and (active != "yes" or role != there.role):
                raise ServiceError("nobody can take their own rights: ask another admin", "conflict")
            service.accounts.change(
                name, tenant=who.tenant, role=role, password=password or None, active=active == "yes"
            )
        else:
            service.accounts.add(name, role=role, tenant=who.tenant, password=password or None)
    except AudioqaError as error:
        return _page(request, service, who, wrong=str(error), status=422)
    details = {"user": name, "role": role, "active": active == "yes"} | ({"password": "new"} if password else {})
    service.note(who.tenant, who.who, "user changed" if there else "user added", details=details)
    return RedirectResponse("/settings?said=person#people", 303)


def _page(
    request: Request,
    service: TheService,
    who: Principal,
    *,
    said: str = "",
    wrong: str = "",
    secret: str = "",
    rules: str | None = None,
    bands_text: str | None = None,
    status: int = 200,
) -> Response:
    own, bands = queue_of(service, who).settings(), bands_of(service, who.tenant)
    teams: dict[str, list[str]] = {}
    for person, team in own.teams.items():
        teams.setdefault(team, []).append(person)
    with snapshot(service.store.engine) as connection:
        acts = audit.acts(connection, who.tenant, most=_ACTS)
    values = {
        "review": own,
        "limits": "\n".join(f"{team}: {limit}" for team, limit in own.limits.items()),
        "teams": "\n".join(f"{team}: {', '.join(people)}" for team, people in teams.items()),
        "retention": service.privacy.retention(who.tenant),
        "bands": bands,
        "bands_text": "\n".join(f"{limit:g} {name}" for limit, name in bands.bands)
        if bands_text is None
        else bands_text,
        "own_bands": service.flagging.has_own_bands(who.tenant),
        "own_rules": service.flagging.text(who.tenant) if rules is None else rules,
        "rules": service.flagging.rules(who.tenant).rules,
        "keys": service.keys.all(who.tenant),
        "people": service.accounts.people(who.tenant),
        "roles": tuple(ROLES),
        "scopes": SCOPES,
        "acts": acts,
        "said": said,
        "wrong": wrong or service.flagging.trouble(who.tenant),
        "secret": secret,
    }
    return render(request, "settings.html", values, status=status)


def _number(name: str, text: str) -> float:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise SettingsError(f"{name}: a number is needed, not {text.strip()[:40]!r}") from None


def _whole(name: str, text: str) -> int:
    value = _number(name, text)
    if value != value // 1 or abs(value) > 1e9:
        raise SettingsError(f"{name}: a whole number is needed, not {text.strip()[:40]!r}")
    return int(value)


def _pairs(text: str) -> list[tuple[str, str]]:
    """Lines such as ``night: 40``."""
    found = []
    for line in text.splitlines():
        name, sign, value = line.partition(":")
        if line.strip() and (not sign or not name.strip() or not value.strip()):
            raise SettingsError(f"a line is written as in 'night: 40', not {line.strip()[:40]!r}")
        if line.strip():
            found.append((name.strip(), value.strip()))
    return found


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]

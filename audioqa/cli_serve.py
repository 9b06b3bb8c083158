"""The commands ``audioqa serve``, ``audioqa user`` and ``audioqa key``: the service, and who may use it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioqa.messages import complain

if TYPE_CHECKING:
    from audioqa.service.service import Service
    from audioqa.settings import Settings

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

Config = Annotated[Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="Where calls are kept: a file for SQLite, or postgresql://... (default: calls.db in the folder).",
    ),
]
Folder = Annotated[Path | None, typer.Option(metavar="DIR", help="Where recordings are kept (default: audioqa-data).")]
Tenant = Annotated[str, typer.Option(help="Whose calls they see, where there are several.")]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    store: StoreUrl = None,
    folder: Folder = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Workers (default: one a processor).", show_default=False)
    ] = None,
    load: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE", help="Score what lies there too, after uploads: as audioqa batch takes it."),
    ] = None,
    no_sign_in: Annotated[
        bool,
        typer.Option("--no-sign-in", help="Let everybody on this machine do everything: to try it out, on 127.0.0.1."),
    ] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log to stderr, one JSON object a line.")] = False,
    config: Config = None,
) -> None:
    """Serve uploads, reports and the review queue over HTTP."""
    import uvicorn

    from audioqa.errors import AudioqaError
    from audioqa.service.logs import set_up_logs
    from audioqa.service.service import open_service
    from audioqa.web.app import make_app
    from audioqa.web.hurry import HurriedProtocol
    from audioqa.web.security import LOOPBACK

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is loaded, here and in the workers
    try:
        settings = _settings(config, store=store, folder=folder, jobs=jobs)
        if no_sign_in and host not in _LOOPBACK:
            complain("--no-sign-in is for trying things out on one machine: it needs --host 127.0.0.1")
            raise typer.Exit(2)
        # A name of this machine is safe to serve: it is other names pointed at it that are not.
        named = settings.service.hosts
        hosts = (*named, *LOOPBACK) if named or host in _LOOPBACK else ()
        service = open_service(settings, hosts=hosts, open_to_this_machine=no_sign_in)
        set_up_logs(as_json=log_json)
        service.digest  # noqa: B018 - settings that cannot be used are told before anything listens
        if not no_sign_in:
            _first_account(service)
        service.start()
    except AudioqaError as error:
        complain(str(error))
        raise typer.Exit(2) from None
    try:
        if load:
            service.load(load)
        typer.echo(f"audioqa serves at http://{f'[{host}]' if ':' in host else host}:{port} (stop it with Ctrl-C)")
        uvicorn.run(
            make_app(service),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # who is trusted is said in the configuration
            timeout_graceful_shutdown=10,
            timeout_keep_alive=15,
            http=HurriedProtocol,
        )
    finally:
        service.stop()


def user(
    name: Annotated[str, typer.Argument(help="What they sign in with.")],
    role: Annotated[str, typer.Option(help="viewer, reviewer, lead or admin.")] = "reviewer",
    tenant: Tenant = "",
    by_proxy: Annotated[bool, typer.Option("--by-proxy", help="No password: a trusted proxy signs them in.")] = False,
    store: StoreUrl = None,
    folder: Folder = None,
    config: Config = None,
) -> None:
    """Add a person who may sign in, or give one who is there a new password and role; it asks for the password."""
    from audioqa.errors import AudioqaError

    try:
        service = _opened(config, store=store, folder=folder)
        password = None if by_proxy else _password()
        there = service.accounts.named(name)
        if there is None:
            service.accounts.add(name, role=role, tenant=tenant, password=password)
        elif there.tenant != tenant:
            complain(f"{name} is there already, of the tenant {there.tenant!r}: names are unique")
            raise typer.Exit(2)
        else:
            service.accounts.change(name, tenant=tenant, role=role, password=password, active=True)
        service.note(tenant, "system", "user added" if there is None else "user changed", details={"user": name})
        service.store.close()
    except AudioqaError as error:
        complain(str(error))
        raise typer.Exit(2) from None
    complain(f"{name} may sign in as {role}")


def key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="ingest, read, review or admin; several may be given.")
    ] = None,
    tenant: Tenant = "",
    store: StoreUrl = None,
    folder: Folder = None,
    config: Config = None,
) -> None:
    """Make a key for a program and print it; nobody can look it up later."""
    from audioqa.errors import AudioqaError

    try:
        service = _opened(config, store=store, folder=folder)
        number, secret = service.keys.make(name, scope or ["ingest", "read"], tenant=tenant, by="system")
        service.note(tenant, "system", "key made", details={"key": number})
        service.store.close()
    except AudioqaError as error:
        complain(str(error))
        raise typer.Exit(2) from None
    typer.echo(secret)


def _settings(config: Path | None, *, store: str | None, folder: Path | None, jobs: int | None = None) -> Settings:
    from audioqa.settings import load_settings

    settings = load_settings(config)
    given = {"store": store, "folder": folder, "jobs": jobs}
    changed = {name: value for name, value in given.items() if value is not None}
    return settings.model_copy(update={"service": settings.service.model_copy(update=changed)})


def _opened(config: Path | None, *, store: str | None, folder: Path | None) -> Service:
    from audioqa.service.service import open_service

    return open_service(_settings(config, store=store, folder=folder))


def _first_account(service: Service) -> None:
    """Somebody has to be able to sign in."""
    import secrets

    if not service.accounts.are_none() or service.settings.service.proxy is not None:
        return
    password = secrets.token_urlsafe(12)
    service.accounts.add("admin", role="admin", password=password)
    typer.echo(f"Sign in as admin with the password {password}: it is shown this once (audioqa user admin changes it)")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))

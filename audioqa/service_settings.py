"""The table ``[service]`` of the configuration: where the service keeps things, whom it trusts, and its limits.

::

    [service]
    store = "postgresql://audioqa@db/audioqa"
    folder = "/var/lib/audioqa"
    keep = "s3://recordings/audioqa"
    largest = 268435456
    retention_days = 90

    [service.proxy]                 # single sign-on by a proxy in front
    header = "X-Forwarded-User"
    addresses = ["10.0.0.5"]

Each plain key is also an environment variable: ``AUDIOQA_SERVICE_STORE``, ``AUDIOQA_SERVICE_FOLDER`` ...
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ProxySettings(BaseModel):
    """A proxy that signs people in and says in a header who they are.

    Parameters
    ----------
    header
        Its name. The proxy has to remove it from what comes from outside.
    addresses
        Addresses or networks that the proxy's requests come from; the header counts from nowhere else.
    """

    model_config = ConfigDict(extra="forbid")

    header: str
    addresses: tuple[IPv4Network | IPv6Network, ...] = Field(min_length=1)

    def trusts(self, address: str | None) -> bool:
        """Whether a request from this address may say who somebody is."""
        try:
            return address is not None and any(ip_address(address) in network for network in self.addresses)
        except ValueError:
            return False


class ServiceSettings(BaseModel):
    """What is configured of the service.

    Parameters
    ----------
    store
        A file for SQLite, or ``postgresql://...``; None for ``calls.db`` in `folder`.
    folder
        For recordings, uploads under way, and what is derived from recordings.
    keep
        URL of an object store for recordings, ``s3://bucket/prefix``; None keeps them in `folder`. Several servers on
        one store need it, or a `folder` that they share.
    jobs
        Workers; None for one a processor.
    largest
        Bytes of the largest recording that is accepted.
    longest
        Hours of the longest recording that is scored: what unpacks to more is refused.
    waiting
        Recordings that may wait for a worker; further ones are told to come again later.
    at_once
        Uploads that are received at the same time.
    spare
        Bytes that have to stay free on the disk of `folder`.
    slowest
        Bytes a second, over half a minute, below which an upload is given up.
    retention_days
        Calls older than that are deleted, where a tenant has not set something else; None keeps them.
    audit_days
        Acts of the audit trail are kept so long.
    session_hours, idle_hours
        A person is signed in for so long, and without doing anything for so long.
    https
        Whether people reach the service by HTTPS, through a proxy: cookies are sent by nothing else then.
    hosts
        Names by which the service may be called, beside this machine's own; ``*.example.com`` stands for all below.
        Empty takes every name, except where it listens on this machine only.
    metrics_token
        What Prometheus has to show for ``/metrics``; None gives them to this machine only, and to no proxy on it.
    private_webhooks
        Whether webhooks may go to addresses of private networks.
    proxy
        Single sign-on.
    """

    model_config = ConfigDict(extra="forbid")

    store: str | None = None
    folder: Path = Path("audioqa-data")
    keep: str | None = None
    jobs: int | None = Field(default=None, ge=1, le=1024)
    largest: int = Field(default=512 * 2**20, ge=1)
    longest: float = Field(default=12.0, gt=0)
    waiting: int = Field(default=1000, ge=1)
    at_once: int = Field(default=64, ge=1)
    spare: int = Field(default=2**30, ge=0)
    slowest: int = Field(default=1024, ge=0)
    retention_days: float | None = Field(default=None, ge=1)
    audit_days: float = Field(default=400.0, gt=0)
    session_hours: float = Field(default=12.0, gt=0)
    idle_hours: float = Field(default=2.0, gt=0)
    https: bool = False
    hosts: tuple[str, ...] = ()
    metrics_token: str | None = Field(default=None, min_length=16)
    private_webhooks: bool = False
    proxy: ProxySettings | None = None

    @field_validator("hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """An environment variable names several with commas between them."""
        return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else value

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return self.store or str(self.folder / "calls.db")

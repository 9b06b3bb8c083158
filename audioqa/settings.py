"""Configuration: one TOML file, environment variables, options; the later ones win.

``audioqa.toml`` in the working folder, or the file that ``--config`` or ``AUDIOQA_CONFIG`` names::

    estimator = "callmos"
    calibration = "ours"
    threads = 2

    [bands]
    name = "our own"
    context = "narrowband"
    bands = [[4.2, "Good"], [3.4, "Acceptable"], [1.0, "Bad"]]
    attention = 3.4
    painful = 3.0

    [detectors.silence]
    dead_air = 3.0

    [[flags.rules]]
    name = "low-mos"
    when = "mos < 3.4"

    [[alerts.rules]]
    name = "below"
    line = 4.2

    [sources]
    pair = true

What else may stand in ``[sources]`` is shown in `audioqa.source_settings`, the table ``[network]`` in
`audioqa.network_settings`, and the table ``[service]`` in `audioqa.service_settings`. The plain keys are also
environment variables: ``AUDIOQA_ESTIMATOR``, ``AUDIOQA_WEIGHTS``, ``AUDIOQA_CALIBRATION``, ``AUDIOQA_THREADS``,
``AUDIOQA_DEVICE``, ``AUDIOQA_KEEP_DTMF_KEYS``.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audioqa.alerts.rule import AlertRule, make_alert_rules
from audioqa.analysis import Analyser, make_analyser
from audioqa.bands import BAND_SETS, CONTACT_CENTRE, BandSet
from audioqa.detectors import DETECTORS, Detector
from audioqa.errors import SettingsError
from audioqa.flags import FlagRules, make_rules
from audioqa.network_settings import NetworkSettings
from audioqa.perceptual.loading import DEFAULT_ESTIMATOR, TAKE_WEIGHTS
from audioqa.service_settings import ServiceSettings
from audioqa.source_settings import SourceSettings
from audioqa.types import Context

DEFAULT_FILE = "audioqa.toml"
"""Read from the working folder where it exists and no other file is named."""

TABLES = ("bands", "detectors", "flags", "alerts", "sources", "network", "service")
"""Keys that stand in the file only; every other one is an environment variable too."""

NO_ESTIMATOR = "none"
"""In place of an estimator's name: events only, no MOS."""


class BandSettings(BaseModel):
    """A band set in the configuration; `audioqa.bands.BandSet` says what the keys mean."""

    model_config = ConfigDict(extra="forbid")

    name: str
    context: Context = "narrowband"
    bands: tuple[tuple[float, str], ...]
    attention: float = Field(ge=1, le=5)
    painful: float = Field(ge=1, le=5)


class FlagSettings(BaseModel):
    """The flag rules in the configuration; docs/flags.md says how they are written.

    Parameters
    ----------
    defaults
        Whether the default set holds, too.
    rules
        Changes to default rules by name, and further rules.
    """

    model_config = ConfigDict(extra="forbid")

    defaults: bool = True
    rules: tuple[dict[str, Any], ...] = ()


class AlertSettings(BaseModel):
    """The alert rules in the configuration; docs/alerts.md says how they are written.

    Parameters
    ----------
    defaults
        Whether the default set holds, too.
    rules
        Changes to default rules by name, and further rules.
    command
        A program and its arguments that is told of each change, as JSON on its standard input; empty for none.
    """

    model_config = ConfigDict(extra="forbid")

    defaults: bool = True
    rules: tuple[dict[str, Any], ...] = ()
    command: tuple[str, ...] = ()


class Settings(BaseModel):
    """Everything that can be configured.

    Parameters
    ----------
    estimator
        ``callmos``, ``distillmos``, ``dnsmos``, ``nisqa`` or ``none``.
    weights
        The file of weights for ``nisqa``; a relative path starts in the working folder.
    calibration
        Name of a calibration that ``audioqa calibrate`` made, in place of the one that comes along.
    threads
        Threads that one network may use, 1 to 256.
    device
        Where callmos runs: ``cpu``, ``cuda``, or ``auto`` for a GPU where torch finds one.
    keep_dtmf_keys
        Whether reports, and with them the store, lists, pages and exports, tell which keys were pressed. Card numbers
        and PINs may be among them, so that by default only their count is told.
    bands
        A band set in place of the contact-centre one: ``ai-voice``, or one of your own.
    detectors
        Thresholds by detector (``silence``, ``clipping``, ``dropouts``) and name, in place of the defaults.
    flags
        The flag rules.
    alerts
        The alert rules; nothing in it changes a report.
    sources
        How the sources of a batch are read; nothing in it changes a report.
    network
        How statistics of the network are rated, and captures heard.
    service
        Of ``audioqa serve``; nothing in it changes a report.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    estimator: str = DEFAULT_ESTIMATOR
    weights: Path | None = None
    calibration: str | None = None
    threads: int = Field(default=1, ge=1, le=256)
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    keep_dtmf_keys: bool = False
    bands: BandSettings | str | None = None
    detectors: dict[str, dict[str, float]] = Field(default_factory=dict)
    flags: FlagSettings = Field(default_factory=FlagSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
    sources: SourceSettings = Field(default_factory=SourceSettings)
    network: NetworkSettings = Field(default_factory=NetworkSettings)
    service: ServiceSettings = Field(default_factory=ServiceSettings)

    def flag_rules(self) -> FlagRules:
        """The flag rules in force.

        Raises
        ------
        SettingsError
            Where a rule cannot be used; the message names it and its field.
        """
        return make_rules(self.flags.rules, defaults=self.flags.defaults)

    def alert_rules(self) -> tuple[AlertRule, ...]:
        """The alert rules in force.

        Raises
        ------
        SettingsError
            Where a rule cannot be used; the message names it and its field.
        """
        return make_alert_rules(self.alerts.rules, defaults=self.alerts.defaults)

    def band_set(self) -> BandSet:
        """The band set in force.

        Raises
        ------
        SettingsError
            Where there is none of the name that is given, or its limits cannot be used.
        """
        if self.bands is None:
            return CONTACT_CENTRE
        if isinstance(self.bands, str):
            if self.bands not in BAND_SETS:
                raise SettingsError(f"there is no band set {self.bands!r}; there are {', '.join(BAND_SETS)}")
            return BAND_SETS[self.bands]
        return BandSet(**{key: getattr(self.bands, key) for key in BandSettings.model_fields})

    def analyser(self, *, raw: bool = False) -> Analyser:
        """The analyser that these settings describe.

        Parameters
        ----------
        raw
            Leave scores on the estimator's own scale.

        Raises
        ------
        SettingsError
            Where there is no such estimator, calibration, detector or threshold, or a flag rule cannot be used.
        WeightsError
            Where the estimator's weights are not installed, or the calibration belongs to others.
        """
        return make_analyser(
            None if self.estimator == NO_ESTIMATOR else self.estimator,
            calibration=self.calibration,
            raw=raw,
            detectors=self._detectors(),
            bands=self.band_set(),
            flag_rules=self.flag_rules(),
            threads=self.threads,
            weights=self.weights,
            device=self.device,
            keep_dtmf_keys=self.keep_dtmf_keys,
        )

    def _detectors(self) -> tuple[Detector, ...]:
        known = {type(detector).__name__.lower(): detector for detector in DETECTORS}
        for name, thresholds in self.detectors.items():
            if name not in known:
                raise SettingsError(f"there is no detector {name!r}; there are {', '.join(known)}")
            try:
                known[name] = dataclasses.replace(known[name], **thresholds)  # type: ignore[type-var]
            except TypeError as error:
                fields = ", ".join(field.name for field in dataclasses.fields(known[name]))  # type: ignore[arg-type]
                raise SettingsError(f"detectors.{name}: {error}; its thresholds are {fields}") from None
        return tuple(known.values())


def load_settings(
    config: str | os.PathLike[str] | None = None,
    *,
    estimator: str | None = None,
    calibration: str | None = None,
    threads: int | None = None,
    weights: Path | None = None,
    device: str | None = None,
    keep_dtmf_keys: bool | None = None,
) -> Settings:
    """Read the configuration.

    Parameters
    ----------
    config
        A TOML file; None for the one that ``AUDIOQA_CONFIG`` names, or ``audioqa.toml`` where it exists.
    estimator, calibration, threads, weights, device, keep_dtmf_keys
        Given as options: they win over the environment and the file. An estimator that takes no weights sets aside
        those that the environment or the file names for another.

    Raises
    ------
    SettingsError
        Where the file is missing or not TOML, or a key or value cannot be used.
    """
    named = config or os.environ.get("AUDIOQA_CONFIG")
    path = Path(named) if named else Path(DEFAULT_FILE)
    values: dict[str, Any] = {}
    if named or path.is_file():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(f"{path}: the configuration file cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: not a TOML file: {error}") from None
    try:
        plain = {key: f"AUDIOQA_{key.upper()}" for key in Settings.model_fields if key not in TABLES}
        environment = {key: os.environ[name] for key, name in plain.items() if name in os.environ}
        service = {
            key: os.environ[name]
            for key in ServiceSettings.model_fields
            if (name := f"AUDIOQA_SERVICE_{key.upper()}") in os.environ
        }
        if service:
            values = values | {"service": values.get("service", {}) | service}
        settings = Settings.model_validate(values | environment)
        if estimator is not None:
            settings.estimator = estimator
            if estimator not in TAKE_WEIGHTS:
                settings.weights = None
        if weights is not None:
            settings.weights = weights
        if calibration is not None:
            settings.calibration = calibration
        if threads is not None:
            settings.threads = threads
        if device is not None:
            settings.device = device  # type: ignore[assignment]  # the model checks it
        if keep_dtmf_keys is not None:
            settings.keep_dtmf_keys = keep_dtmf_keys
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path if values else 'settings'}: {where}: {first['msg'].lower()}") from None
    return settings

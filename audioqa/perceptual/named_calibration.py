"""Calibrations of one's own, by name: where they are kept, and how they are written and found.

The folder is ``AUDIOQA_CALIBRATIONS``, or ``audioqa/calibrations`` under ``XDG_CONFIG_HOME``, or
``~/.config/audioqa/calibrations``; ``<name>.json`` holds the map and what it rests on.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audioqa.errors import SettingsError, WeightsError
from audioqa.perceptual.calibration import Calibration, read_calibration
from audioqa.perceptual.loading import TAKE_WEIGHTS

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def named_calibration_folder() -> Path:
    """Return the folder; it need not exist yet."""
    named = os.environ.get("AUDIOQA_CALIBRATIONS")
    if named:
        return Path(named).absolute()
    # The XDG base directory specification says that a relative path is to be ignored.
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".config") / "audioqa" / "calibrations"


def named_calibration_path(name: str) -> Path:
    """Return the file of a calibration; it need not exist yet.

    Raises
    ------
    SettingsError
        Where `name` holds other signs than ASCII letters, digits, dot, underscore and hyphen, or starts with one of
        the last three.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"a calibration's name is made of letters, digits, dots, underscores and hyphens and starts with a letter "
            f"or digit, given {name!r}"
        )
    return named_calibration_folder() / f"{name}.json"


def reserve_name(name: str, *, replace: bool) -> Path:
    """Return the file for a new calibration; called before the work of fitting it.

    Raises
    ------
    SettingsError
        Where the name cannot be used, or is taken and not to be replaced.
    """
    path = named_calibration_path(name)
    if path.exists() and not replace:
        raise SettingsError(f"{path}: there is a calibration of that name; overwrite it with --replace")
    return path


def load_named_calibration(name: str, *, estimator: str, identity: str) -> Calibration:
    """Load a calibration of one's own.

    Parameters
    ----------
    name
        As it was given to ``audioqa calibrate``.
    estimator, identity
        Name and identity of the estimator in use, which must be the one that the map was fitted for.

    Raises
    ------
    SettingsError
        Where the name is none, or there is no calibration of that name.
    WeightsError
        Where it cannot be read, or belongs to another estimator or to other weights.
    """
    path = named_calibration_path(name)
    weights = " --weights FILE" if estimator in TAKE_WEIGHTS else ""
    command = f"audioqa calibrate LABELS.csv --name {name} --estimator {estimator}{weights}"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.json"))) or "none"
        raise SettingsError(f"there is no calibration {name!r} ({path}); known: {known}; fit it with {command}")
    calibration = read_calibration(path, of=repr(name))
    if calibration.estimator != identity:
        raise WeightsError(
            f"calibration {name!r} was fitted for {calibration.estimator}, not {identity}: "
            f"fit it anew with {command} --replace"
        )
    return calibration


def save_named_calibration(calibration: Calibration, provenance: Mapping[str, Any], *, replace: bool) -> Path:
    """Write a calibration under its name.

    Parameters
    ----------
    calibration
        The map.
    provenance
        What it rests on: finite figures, strings, lists and mappings of them.
    replace
        Whether one of the same name may be overwritten.

    Returns
    -------
    Path
        The file, which other processes see whole or not at all.

    Raises
    ------
    SettingsError
        Where the name cannot be used or is taken, or the folder cannot be written.
    """
    path = reserve_name(calibration.name, replace=replace)
    content = {**asdict(calibration), "provenance": dict(provenance)}
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise SettingsError(f"{path}: the calibration cannot be written: {error.strerror}") from None
    return path

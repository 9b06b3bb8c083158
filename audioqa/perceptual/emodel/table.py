"""The E-model over a table of calls: a row each, a million in a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audioqa.errors import SettingsError
from audioqa.perceptual.emodel import formulas
from audioqa.perceptual.emodel.inputs import CEILING, DEFAULTS, checked
from audioqa.perceptual.emodel.opinion import STRETCH, Scale, mos_curve

_ROWS_AT_ONCE = 8192
"""So that the intermediate columns of a block stay in the processor's cache."""

_TOP: Mapping[Scale, float] = {"wideband": 129.0, "fullband": 148.0}
"""R of a connection with nothing wrong, at default noise and loudness (G.107.1, G.107.2)."""

_DELAY_COST: Mapping[Scale, float] = {"wideband": 1.0, "fullband": 1.48}
"""What the narrowband impairment by delay is multiplied by. Wideband R is narrowband R, extended upwards."""

_NAMES = ("no", "ro", "is_", "id_", "ie_eff", "r")


@dataclass(frozen=True)
class RatedTable:
    """What the model says of each row; float64 arrays ``(rows,)``.

    Parameters
    ----------
    scale
        Whose scale `r` and `mos` are on.
    no, ro, is_, id_, ie_eff
        The terms, as `Rating` has them; on the wider scales `no` and `is_` are 0 throughout, for they are no part of
        those models.
    r
        Transmission rating factor.
    mos
        MOS-CQE, 1 to 4.5.
    """

    scale: Scale
    no: NDArray[np.float64]
    ro: NDArray[np.float64]
    is_: NDArray[np.float64]
    id_: NDArray[np.float64]
    ie_eff: NDArray[np.float64]
    r: NDArray[np.float64]
    mos: NDArray[np.float64]


def rate_table(columns: Mapping[str, ArrayLike], *, scale: Scale = "narrowband") -> RatedTable:
    """Rate many connections.

    Parameters
    ----------
    columns
        Inputs by name, as `EModel` and `WiderEModel` have them: one value for all rows, or an array ``(rows,)``. What
        is not named stands at its default.
    scale
        The model.

    Returns
    -------
    RatedTable
        With one row where every input is a single value.

    Raises
    ------
    SettingsError
        An input that the model does not have, columns of several lengths, or a value outside its range (the row is
        named).

    Examples
    --------
    >>> rated = rate_table({"ie": 10, "ta": [0.0, 150.0, 300.0]})
    >>> rated.r.round(2)
    array([83.21, 83.04, 68.45])
    """
    unknown = set(columns) - set(DEFAULTS[scale])
    if unknown:
        raise SettingsError(
            f"the {scale} E-model has no input {sorted(unknown)[0]!r}; it has {', '.join(DEFAULTS[scale])}"
        )
    inputs = {name: checked(name, values, scale=scale) for name, values in {**DEFAULTS[scale], **columns}.items()}
    lengths = {len(values) for values in inputs.values() if values.ndim == 1}
    if len(lengths) > 1 or any(values.ndim > 1 for values in inputs.values()):
        raise SettingsError(f"columns of a table are of one length, given {sorted(lengths) or 'more dimensions'}")
    rows = lengths.pop() if lengths else 1
    found = {name: np.empty(rows) for name in (*_NAMES, "mos")}
    for start in range(0, rows, _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        some = {name: values if values.ndim == 0 else values[block] for name, values in inputs.items()}
        terms = narrowband_terms(some) if scale == "narrowband" else wider_terms(some, scale)
        for name in _NAMES:
            found[name][block] = terms[name]
        found["mos"][block] = mos_curve(terms["r"] / STRETCH[scale])
    return RatedTable(scale=scale, **found)


def narrowband_terms(inputs: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """The terms of G.107 and their sum R (7-1), of inputs that were checked."""
    i = inputs
    no = formulas.noise_sum(**{name: i[name] for name in ("slr", "rlr", "ds", "lstr", "nc", "nfor", "ps", "pr")})
    ro = formulas.signal_to_noise(slr=i["slr"], no=no)
    ist = formulas.sidetone(stmr=i["stmr"], telr=i["telr"], t=i["t"])
    is_ = formulas.loudness(slr=i["slr"], rlr=i["rlr"], no=no) + ist + formulas.quantizing(qdu=i["qdu"], ro=ro)
    id_ = (
        formulas.talker_echo(telr=i["telr"], stmr=i["stmr"], t=i["t"], rlr=i["rlr"], no=no, ist=ist)
        + formulas.listener_echo(wepl=i["wepl"], tr=i["tr"], ro=ro)
        + formulas.pure_delay(ta=i["ta"], st=i["st"], mt=i["mt"])
    )
    ie_eff = _equipment(i, "narrowband")
    return {"no": no, "ro": ro, "is_": is_, "id_": id_, "ie_eff": ie_eff, "r": ro - is_ - id_ - ie_eff + i["a"]}


def wider_terms(inputs: Mapping[str, NDArray[np.float64]], scale: Scale) -> dict[str, NDArray[np.float64]]:
    """The terms of G.107.1 or G.107.2 and their sum R, of inputs that were checked."""
    i = inputs
    none = np.zeros(())
    ro = np.asarray(_TOP[scale])
    id_ = _DELAY_COST[scale] * formulas.pure_delay(ta=i["ta"], st=np.asarray(1.0), mt=np.asarray(100.0))
    ie_eff = _equipment(i, scale)
    return {"no": none, "ro": ro, "is_": none, "id_": id_, "ie_eff": ie_eff, "r": ro - id_ - ie_eff + i["a"]}


def _equipment(i: Mapping[str, NDArray[np.float64]], scale: Scale) -> NDArray[np.float64]:
    return formulas.equipment(ie=i["ie"], bpl=i["bpl"], ppl=i["ppl"], burst_r=i["burst_r"], most=CEILING[scale])

"""VoIPmonitor's table ``cdr``: its columns ``a_`` are what the caller sent, ``b_`` what the callee sent.

``a_sl1`` to ``a_sl10`` count runs of lost packets by length. ``a_delay_*`` and ``a_d50`` to ``a_d300`` are delay
*variation*, not the delay of the path, and are not taken for it; the round trip of RTCP is. ``a_mos_f1``, ``_f2`` and
``_adapt`` are VoIPmonitor's own E-model for buffers of 50, 200 and up to 500 ms; the last one is kept as its MOS.
Columns and factors are those of the sniffer's own schema.
"""

from __future__ import annotations

from audioqa.network.column_map import Column, ColumnMap, LegColumns


def _leg(side: str) -> LegColumns:
    return LegColumns(
        figures={
            "loss": Column(f"{side}_packet_loss_perc_mult1000", 0.001),
            "packets": Column(f"{side}_received"),
            "packets_lost": Column(f"{side}_lost"),
            "jitter": Column(f"{side}_avgjitter_mult10", 0.1),
            "max_jitter": Column(f"{side}_maxjitter"),
            "rtt": Column(f"{side}_rtcp_avgrtd_mult10", 0.1, absent=0.0),
            "mos_lq": Column(f"{side}_mos_adapt_mult10", 0.1, absent=0.0),
        },
        codec=f"{side}_payload",
        runs=tuple(f"{side}_sl{length}" for length in range(1, 11)),
    )


VOIPMONITOR = ColumnMap(
    legs={"caller": _leg("a"), "callee": _leg("b")},
    call_id="fbasename",
    start="calldate",
    tags={"id": "ID", "caller": "caller", "called": "called", "sensor": "id_sensor"},
)
"""``fbasename`` is the SIP Call-ID; it stands in the table ``cdr_next``, which an export may join or leave out."""

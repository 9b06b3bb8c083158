"""Reports of RFC 6035, as phones send them."""

from __future__ import annotations

import pytest

from audioqa.errors import NetworkError
from audioqa.network import read_session_reports

REPORT = """\
PUBLISH sip:collector@example.org SIP/2.0
CallID: of-the-publish@phone
Content-Type: application/vq-rtcpxr

VQSessionReport: CallTerm
CallID: 6dg37f1890463
LocalID: Alice <sip:alice@example.org>
RemoteID: Bill <sip:bill@example.net>
LocalAddr: IP=10.10.1.100 PORT=5000 SSRC=0x1a3b5c7d
RemoteAddr: IP=11.1.1.150 PORT=5002 SSRC=0x2468abcd
LocalMetrics:
Timestamps:START=2004-10-10T18:23:43Z STOP=2004-10-10T18:26:02Z
SessionDesc:PT=18 PD=G729 SR=8000 FD=20 FPP=2 PPS=50 FMTP="annexb=no" PLC=3 SSUP=on
JitterBuffer:JBA=3 JBR=2 JBN=40 JBM=80 JBX=120
PacketLoss:NLR=5.0 JDR=2.0
BurstGapLoss:BLD=40 BD=200 GLD=1.0 GD=1800 GMIN=16
Delay:RTD=200 ESD=140 OWD=100 IAJ=2 MAJ=10
Signal:SL=-18 NL=-50 RERL=55
QualityEst:RLQ=90 RCQ=85 EXTRI=90 MOSLQ=3.4 MOSCQ=3.3 QoEEstAlg=P.564
RemoteMetrics:
SessionDesc:PT=0
PacketLoss:NLR=0.0 JDR=0.0
Delay:RTD=65535 IAJ=1
QualityEst:RCQ=127 MOSLQ=127 MOSCQ=12.7
DialogID:1890463548@alice.example.org;to-tag=8472761
"""


def test_a_report_has_what_both_sides_received() -> None:
    (call,) = read_session_reports(REPORT)
    assert (call.call_id, call.start) == ("6dg37f1890463", "2004-10-10T18:23:43Z")
    local, remote = call.legs
    assert (local.name, local.codec, remote.name, remote.codec) == ("local", "G729", "remote", "PCMU")
    expected = {
        "loss": 5.0,
        "discarded": 2.0,
        "burst_density": 40,
        "gap_density": 1,
        "rtt": 200,
        "end_system_delay": 140,
        "delay": 100,
        "jitter": 2,
        "max_jitter": 10,
        "r_factor": 85,
        "mos_lq": 3.4,
        "mos_cq": 3.3,
    }
    assert {name: local.figures[name] for name in expected} == expected


def test_bursts_and_gaps_make_a_burst_ratio() -> None:
    (call,) = read_session_reports(REPORT)
    lost, runs = 0.4 * 200 + 0.01 * 1800, 0.4 * 0.6 * 200 + 0.01 * 0.99 * 1800
    assert call.legs[0].figures["burst_ratio"] == pytest.approx(lost / runs * (1 - lost / 2000))


def test_values_that_mean_unknown_are_left_out() -> None:
    (call,) = read_session_reports(REPORT)
    assert call.legs[1].figures == {"loss": 0.0, "discarded": 0.0, "jitter": 1.0}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_log_of_reports_is_read_one_by_one(ending: str) -> None:
    log = (REPORT + "\n" + REPORT.replace("6dg37f1890463", "second").replace("VQSession", "VQInterval")).replace(
        "\n", ending
    )
    assert [call.call_id for call in read_session_reports(log)] == ["6dg37f1890463", "second"]


def test_the_order_of_lines_and_case_of_keys_is_free() -> None:
    text = "VQSessionReport\nLocalMetrics:\nTimeStamps:START=2015-11-20T08:43:05Z\nSessionDesc:PT=9\nCallID:41a\n"
    (call,) = read_session_reports(text + "PacketLoss:nlr=0.5 jdr=0\nDelay:RTD=3 OWD=240 IAJ=0\n")
    assert (call.call_id, call.legs[0].codec, call.legs[0].figures["loss"]) == ("41a", "G722", 0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "no report"),
        ("VQSessionReport: CallTerm\nCallID:1\n", "no report"),
        ("VQSessionReport\nLocalMetrics:\nPacketLoss:NLR=lots\n", "no number"),
        ("VQSessionReport\nLocalMetrics:\nPacketLoss:NLR=300\n", r"NLR \(loss\) is 300.*0 to 100"),
    ],
)
def test_what_is_no_report_is_refused(text: str, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        read_session_reports(text)

"""What goes into the callmos network and comes out of it, for those who run it without torch.

`audioqa.perceptual.callmos_network` is the network; a test keeps the two in step.
"""

from __future__ import annotations

KINDS = ("background", "speech", "tone", "dtmf", "music")
"""Kinds of a row: neither of the others; speech; ringback, busy, information tones and beeps; DTMF; music."""

SPEECH = KINDS.index("speech")

KIND_WORDS = {"tone": "ringback or tones", "dtmf": "keys (DTMF)", "music": "music"}
"""What is heard and is not speech, in words; background goes without saying."""

ROWS = 20
"""Feature rows of 20 ms behind one row of sums: 0.4 s."""

CONTEXT = 120
"""Rows to either side that the network hears of a row: 2.4 s."""

SUMS = 258
"""Figures in a row of sums; rows add up, so any span pools exactly."""

DIMENSIONS = ("noisiness", "coloration", "discontinuity", "loudness")
"""Dimensions of quality, each 1 (worst) to 5 (best)."""

CODECS = ("g711", "adpcm", "gsm", "celp", "opus", "archive", "wideband")
"""Families of codecs that are told apart."""

CODEC_WORDS = {
    "g711": "G.711 or none",
    "adpcm": "ADPCM (G.726)",
    "gsm": "GSM full rate",
    "celp": "CELP (G.729, G.723.1, AMR)",
    "opus": "Opus",
    "archive": "MP3 or AAC",
    "wideband": "wideband (AMR-WB, G.722)",
}
"""The families in words."""

"""The far side of `audioqa.perceptual.pesq_worker`: a script that scores pairs until its input ends.

It is run by its path, in an interpreter of its own, and imports nothing of audioqa: the C code of PESQ can crash,
overrun its buffers or hang, and must then take nothing with it but this process.

A request is ``<BIII`` (1 for wideband, rate in Hz, samples of the reference, samples of the recording) and the
float32 samples of both. A reply is ``<BdI`` (1 for a score, the score, bytes of the text) and a text that
says, where there is no score, which error PESQ raised.
"""

from __future__ import annotations

import os
import struct
import sys

import numpy as np


def main() -> None:
    """Answer requests on standard input."""
    from pesq import PesqError, pesq

    # What the C code prints must not be taken for a reply.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    header = struct.Struct("<BIII")
    while len(head := requests.read(header.size)) == header.size:
        wideband, rate, reference_count, recording_count = header.unpack(head)
        reference = np.frombuffer(requests.read(4 * reference_count), np.float32)
        recording = np.frombuffer(requests.read(4 * recording_count), np.float32)
        score, text = 0.0, b""
        try:
            score = float(pesq(rate, reference, recording, "wb" if wideband else "nb"))
        except (PesqError, ValueError) as error:
            text = type(error).__name__.encode()
        replies.write(struct.pack("<BdI", not text, score, len(text)) + text)
        replies.flush()


if __name__ == "__main__":
    main()

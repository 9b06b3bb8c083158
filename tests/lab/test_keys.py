"""The decoder of keys reads what was pressed and nothing where nobody pressed a key."""

from __future__ import annotations

import numpy as np
import pytest

from audioqa.lab.keys import PAD, keys_read, pressed
from audioqa.synthesis import synthetic_speech


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_every_key_is_read_at_its_place(rate: int) -> None:
    keys = "".join(PAD)
    read = keys_read(0.1 * pressed(keys, rate), rate=rate)
    assert "".join(key for _, key in read) == keys
    assert [at for at, _ in read] == pytest.approx([0.16 * number + 0.02 for number in range(len(keys))], abs=0.02)


def test_speech_and_silence_have_no_keys() -> None:
    assert keys_read(synthetic_speech(20, seed=1), rate=8000) == []
    assert keys_read(np.zeros(8000, dtype=np.float32), rate=8000) == []

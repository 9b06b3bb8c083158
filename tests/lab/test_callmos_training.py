"""What training does to the rows it is given leaves alone what makes the quality."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

RECIPE = Path(__file__).parents[2] / "models" / "callmos"

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def train() -> ModuleType:
    sys.path.insert(0, str(RECIPE))
    try:
        import train
    finally:
        sys.path.remove(str(RECIPE))
    return train


def rows(*, wide: bool = False, clips: int = 40):  # type: ignore[no-untyped-def]
    made = torch.randint(120, 180, (clips, 60, 80), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    if not wide:
        made[:, :, 50:64] = 55
    return made


def test_nothing_comes_out_of_silence(train: ModuleType) -> None:
    silence = torch.full((20, 40, 80), 55, dtype=torch.uint8)
    out = train.augmented(silence, torch.Generator().manual_seed(2))
    assert bool((out[:, :, :74] == 55).all())


def test_a_voice_is_moved_and_the_edges_of_the_band_are_not(train: ModuleType) -> None:
    given = rows().float()
    out = train._warped(given.clone(), torch.Generator().manual_seed(3))
    assert bool((out[:, :, 40:64] == given[:, :, 40:64]).all())
    assert float((out[:, :, 15:30] - given[:, :, 15:30]).abs().mean()) > 3


def test_the_receiving_side_takes_from_narrowband_edges_only(train: ModuleType) -> None:
    generator = torch.Generator().manual_seed(4)
    taken = train._received(rows().float(), generator)
    assert bool((taken >= 0).all())
    assert bool((taken[:, :, 8:42] == 0).all())
    share = float((taken[:, 0, 48] > 0).float().mean())
    assert 0.15 < share < 0.65
    assert bool((train._received(rows(wide=True).float(), generator) == 0).all())


def test_half_of_the_crops_pass_for_resampled_ones(train: ModuleType) -> None:
    out = train.augmented(rows(clips=200), torch.Generator().manual_seed(5))
    without = (out[:, :, 76:78] == 0).all(dim=2).all(dim=1)
    assert float(without.float().mean()) == pytest.approx(train.RESAMPLED, abs=0.12)


@pytest.mark.parametrize(
    ("codecs", "family"),
    [
        (("ulaw",), "g711"),
        (("none",), "g711"),
        (("g726-24",), "adpcm"),
        (("gsm",), "gsm"),
        (("amr-12.2",), "celp"),
        (("ulaw", "g729"), "celp"),
        (("opus-12k",), "opus"),
        (("mp3-32k",), "archive"),
        (("amr-wb-12.65",), "wideband"),
        (("g722",), "wideband"),
    ],
)
def test_codecs_have_their_family(train: ModuleType, codecs: tuple[str, ...], family: str) -> None:
    assert train.CODECS[train.codec_class(codecs)] == family


def test_a_tandem_of_different_codecs_has_no_family(train: ModuleType) -> None:
    assert train.codec_class(("gsm", "opus-12k")) == -100

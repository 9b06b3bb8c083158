"""A prompt that was played is found where it was played, and its delay, whatever the line did to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from speechlike import RATE, speechlike

from audioqa.errors import PromptError, SettingsError
from audioqa.testcalls import Prompt, find_prompt, load_prompts

Sound = NDArray[np.float32]


@pytest.fixture(scope="module")
def played() -> Sound:
    return speechlike(12.0, seed=1)


@pytest.fixture(scope="module")
def prompt(played: Sound, tmp_path_factory: pytest.TempPathFactory) -> Prompt:
    return load(played, tmp_path_factory.mktemp("prompts") / "en.wav")


def load(samples: Sound, path: Path, rate: int = RATE) -> Prompt:
    soundfile.write(path, samples, rate)
    (one,) = load_prompts(path)
    return one


def silence(seconds: float) -> Sound:
    return (1e-4 * np.random.default_rng(9).standard_normal(round(seconds * RATE))).astype(np.float32)


def line(*parts: Sound) -> list[tuple[str, Sound]]:
    return [("channel 1", np.concatenate(parts))]


def test_a_prompt_is_found_where_it_was_played(played: Sound, prompt: Prompt) -> None:
    found = find_prompt(line(silence(7.3), 0.1 * played, silence(4.0)), [prompt])
    assert found.delay == pytest.approx(7.3, abs=1 / RATE)
    assert (found.name, found.channel, found.lost, found.drift) == ("en", "channel 1", 0.0, 0.0)
    assert found.change <= 1 / RATE
    assert len(found.pieces) >= 3
    assert found.segment.start == pytest.approx(7.3, abs=0.1)
    assert found.segment.end == pytest.approx(19.3, abs=0.3)


def test_noise_as_loud_as_the_prompt_and_other_talk_do_not_hide_it(played: Sound, prompt: Prompt) -> None:
    noise = np.random.default_rng(2).standard_normal(len(played)).astype(np.float32) * float(np.std(played))
    found = find_prompt(line(speechlike(30.0, seed=5), played + noise, speechlike(30.0, seed=6)), [prompt])
    assert found.delay == pytest.approx(30.0, abs=0.001)


def test_a_delay_that_jumps_is_told_piece_by_piece(played: Sound, prompt: Prompt) -> None:
    half = prompt.pieces[2].start
    found = find_prompt(line(silence(2.0), played[:half], silence(0.06), played[half:]), [prompt])
    assert found.change == pytest.approx(0.06, abs=0.001)
    assert [round(piece.delay, 2) for piece in found.pieces] == [2.0, 2.0] + [2.06] * (len(prompt.pieces) - 2)
    assert found.drift == 0.0


def test_clocks_that_differ_are_told_as_drift(tmp_path: Path) -> None:
    long = speechlike(40.0, seed=3)
    prompt = load(long, tmp_path / "long.wav")
    slow = np.interp(np.arange(round(len(long) * 1.0003)) / 1.0003, np.arange(len(long)), long).astype(np.float32)
    found = find_prompt(line(silence(1.0), slow), [prompt])
    assert found.drift == pytest.approx(300, abs=30)


def test_of_several_prompts_the_one_that_was_played_is_named(played: Sound, prompt: Prompt, tmp_path: Path) -> None:
    other = load(speechlike(12.0, seed=8), tmp_path / "de.wav")
    assert find_prompt(line(silence(1.0), played), [other, prompt]).name == "en"


def test_the_channel_that_carries_the_prompt_is_not_the_one_that_echoes_it(played: Sound, prompt: Prompt) -> None:
    heard, echo = np.concatenate([silence(1.0), played]), np.concatenate([silence(1.2), 0.05 * played])
    assert find_prompt([("caller", echo), ("callee", heard)], [prompt]).channel == "callee"


def test_a_prompt_that_is_played_twice_is_told_once(played: Sound, prompt: Prompt) -> None:
    found = find_prompt(line(silence(1.0), played, silence(3.0), played), [prompt])
    assert found.lost == 0.0
    assert found.change < 0.001


@pytest.mark.parametrize("begin", [0, 3])
def test_another_prompt_or_silence_is_refused(prompt: Prompt, begin: int) -> None:
    other = speechlike(20.0, seed=7) if begin else silence(20.0)
    with pytest.raises(PromptError, match="the prompt en is not in the recording"):
        find_prompt(line(other), [prompt])


def test_a_recording_that_ends_before_the_prompt_does_is_refused(played: Sound, prompt: Prompt) -> None:
    with pytest.raises(PromptError, match=r"too short: the prompt en is cut off, [2-4]\.\d of its 12.0 s"):
        find_prompt(line(silence(1.0), played[: 9 * RATE]), [prompt])
    with pytest.raises(PromptError, match=r"too short: the prompt en is cut off, [2-4]\.\d of its 12.0 s"):
        find_prompt(line(played[3 * RATE :], silence(5.0)), [prompt])
    with pytest.raises(PromptError, match=r"too short: the prompt en is cut off, [7-9]\.\d of its 12.0 s"):
        find_prompt(line(silence(9.0), played[: 4 * RATE]), [prompt])
    with pytest.raises(PromptError, match=r"too short: 2.0 s, and the prompt en lasts 12.0 s"):
        find_prompt(line(silence(2.0)), [prompt])


def test_a_hole_in_the_line_is_not_a_prompt_that_is_cut_off(played: Sound, prompt: Prompt) -> None:
    dead = played.copy()
    piece = prompt.pieces[1]
    dead[piece.start : piece.stop] = 0
    found = find_prompt(line(silence(1.0), dead, silence(1.0)), [prompt])
    assert found.lost == pytest.approx(piece.speech / prompt.speech)


@pytest.mark.parametrize("factor", [2.0, 0.5, 48_000 / 44_100])
def test_a_recording_whose_header_names_another_rate_is_refused(played: Sound, prompt: Prompt, factor: float) -> None:
    sped = np.interp(np.arange(round(len(played) * factor)) / factor, np.arange(len(played)), played).astype(np.float32)
    with pytest.raises(PromptError, match="wrong rate: the prompt en plays on channel 1"):
        find_prompt(line(silence(1.0), sped, silence(10.0)), [prompt])


def test_a_prompt_that_cannot_serve_is_refused(played: Sound, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such prompt"):
        load_prompts(tmp_path / "none.wav")
    with pytest.raises(SettingsError, match="no recording in this folder"):
        load_prompts(tmp_path)
    with pytest.raises(SettingsError, match=r"too short: [12]\.\d s of speech, and 3 s are needed"):
        load(played[: 2 * RATE], tmp_path / "short.wav")
    with pytest.raises(SettingsError, match="wrong rate: 4000 Hz"):
        load(played[::2].copy(), tmp_path / "slow.wav", 4000)
    with pytest.raises(SettingsError, match="2 channels"):
        load(np.stack([played, played], axis=1), tmp_path / "stereo.wav")
    (tmp_path / "words.wav").write_text("no sound", "utf-8")
    with pytest.raises(SettingsError, match=r"words.wav cannot be read"):
        load_prompts(tmp_path / "words.wav")

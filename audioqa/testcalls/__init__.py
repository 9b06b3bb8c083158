"""Test calls: recordings of a known prompt, found in the recording, aligned, and scored with PESQ and the estimator."""

from audioqa.testcalls.finding import find_prompt
from audioqa.testcalls.prompts import Prompt, load_prompts
from audioqa.testcalls.scoring import TestCallAnalyser, TestCallWork

__all__ = ["Prompt", "TestCallAnalyser", "TestCallWork", "find_prompt", "load_prompts"]

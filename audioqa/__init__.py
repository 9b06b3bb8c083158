"""audioqa: which of our calls sounded bad, how bad, where in the call, and why?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audioqa.analysis import analyse as analyse
    from audioqa.errors import AudioqaError as AudioqaError

__version__ = "0.1.0"

__all__ = ["AudioqaError", "__version__", "analyse"]


def __getattr__(name: str) -> Any:
    # Late, so that `import audioqa` and `audioqa --help` load no numerics.
    if name == "analyse":
        from audioqa.analysis import analyse

        return analyse
    if name == "AudioqaError":
        from audioqa.errors import AudioqaError

        return AudioqaError
    raise AttributeError(f"module 'audioqa' has no attribute {name!r}")

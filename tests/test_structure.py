"""The shape of the program, kept true: imports point down, heavy packages have one owner, a score stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "audioqa"

LAYERS = (
    ("__main__",),
    ("cli",),
    ("cli_captures", "cli_coaching", "cli_compare", "cli_trends"),
    (
        "cli_alerts",
        "cli_batch",
        "cli_lab",
        "cli_labels",
        "cli_mask",
        "cli_network",
        "cli_reports",
        "cli_serve",
        "cli_testcall",
    ),
    ("cli_calls",),
    ("lab", "cli_options", "cli_network_options"),
    ("web",),
    ("service", "review", "trends", "reports"),
    ("batch", "testcalls"),
    ("engines",),
    ("judging",),
    ("store",),
    ("settings",),
    ("source_settings", "network_settings", "service_settings"),
    ("sources",),
    ("render",),
    ("evaluation", "coaching", "comparison", "masking"),
    ("capture_scoring",),
    ("disagreement", "analysis"),
    ("flags", "causes", "alerts"),
    ("recorder_faults", "told_once"),
    ("scoring", "ledger"),
    ("pooling",),
    ("phases",),
    ("detectors",),
    ("measure", "mend"),
    ("party",),
    ("windows",),
    ("captures",),
    ("network",),
    ("perceptual",),
    ("audio", "concealment", "runs", "wraps", "level", "low_spectrum", "activity", "weights", "bands", "synthesis"),
    ("frames", "zones"),
    ("types", "errors", "messages", "rounding"),
)
"""From the top down; a module imports from layers below its own, or from its own package."""

COMMANDS = {path.stem for path in PACKAGE.glob("cli*.py")}

OWNERS = {
    "soundfile": {"audio", "lab", "masking", "render"},
    "av": {"audio", "captures", "lab", "render"},
    "dpkt": {"captures"},
    "soxr": {"audio", "lab", "perceptual"},
    "onnxruntime": {"perceptual", "lab"},
    "torch": {"perceptual", "lab"},
    "safetensors": {"perceptual", "lab"},
    "pesq": {"perceptual", "lab"},
    "matplotlib": {"render"},
    "rich": {"render", "batch", "lab", *COMMANDS},
    "typer": COMMANDS,
    "pydantic": {"settings", "source_settings", "network_settings", "service_settings", "web"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "uvicorn": {"cli_serve", "web"},
    "jinja2": {"web"},
    "python_multipart": {"web"},
    "argon2": {"service"},
    "prometheus_client": {"service"},
    "ray": {"engines"},
    "fsspec": {"sources"},
    "sqlalchemy": {"store", "lab"},
    "alembic": {"store"},
    "psycopg": {"store"},
    "pyarrow": {"render"},
    "tomlkit": {"flags"},
    "pystoi": {"masking", "lab"},
}
"""Who may import each heavy package."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The top-level module or package that a file belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def layer(name: str) -> int:
    found = [i for i, names in enumerate(LAYERS) if name in names]
    assert found, f"audioqa.{name} has no layer: add it to LAYERS"
    return found[0]


def imported(path: Path) -> list[tuple[str, bool]]:
    """Every module a file imports, and whether it does so at import time (not inside a function or TYPE_CHECKING)."""
    found: list[tuple[str, bool]] = []

    def visit(node: ast.AST, *, late: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            if isinstance(child, ast.Import):
                found.extend((alias.name, late) for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module:
                found.append((child.module, late))
            visit(child, late=late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))

    visit(ast.parse(path.read_text(encoding="utf-8")), late=False)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    own = room(path)
    if own == "__init__":
        return
    for name, _ in imported(path):
        parts = name.split(".")
        if parts[0] != "audioqa" or len(parts) == 1 or parts[1] == own:
            continue
        assert layer(parts[1]) > layer(own), f"{path.name} imports {name}, which is not below it"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_are_imported_by_their_owners_only(path: Path) -> None:
    for name, _ in imported(path):
        owners = OWNERS.get(name.split(".")[0])
        assert owners is None or room(path) in owners, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_detector_imports_another(path: Path) -> None:
    if path.parent.name != "detectors" or path.name == "__init__.py":
        return
    for name, _ in imported(path):
        assert not name.startswith("audioqa.detectors.") or name.split(".")[2].startswith("_"), name


def test_importing_the_command_line_loads_no_numerics() -> None:
    heavy = {"numpy", "torch", "scipy", "soundfile", "rich", "pydantic", "sqlalchemy", "alembic", "pyarrow"}
    heavy |= {"fastapi", "starlette", "uvicorn", "jinja2", "argon2", "prometheus_client"}
    code = f"import sys, audioqa.cli; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_first_score_loads_nothing_that_it_can_do_without(tmp_path: Path) -> None:
    import numpy as np
    import soundfile

    heavy = {"torch", "librosa", "scipy.signal", "matplotlib", "numba", "sklearn", "rich", "av", "pydantic_settings"}
    heavy |= {"onnx", "safetensors"}
    path = tmp_path / "call.wav"
    rng = np.random.default_rng(1)
    soundfile.write(path, rng.normal(0, 0.01, (16_000, 2)), 8000, subtype="PCM_16")
    code = (
        "import sys\n"
        # A package of that name is there, but neither it nor its place can be had.
        "sys.modules.update(dict.fromkeys(['silero_vad', 'distillmos', 'speechmos']))\n"
        "from audioqa.cli import app\n"
        f"app(['score', {str(path)!r}, '--json'], standalone_mode=False)\n"
        f"print('loaded', sorted({heavy} & set(sys.modules)), file=sys.stderr)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "loaded []" in shown.stderr
    assert '"schema"' in shown.stdout

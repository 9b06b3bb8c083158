"""Learning curve and ablations: ``python models/callmos/study.py FOLDER``. Trains small runs, judges each on the test part.

Runs have about the same number of steps, a fifth of those of the shipped network, so that they can be compared with each
other, not with it. What was judged already is kept in results.json and not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from labels import combine, load_part, relative
from train import EXTRA, only_clean, predicted, prepare

from audioqa.perceptual.callmos_network import CallMosNetwork

RUNS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("5 % of the conditions", ("--share", "0.05"), 24),
    ("15 % of the conditions", ("--share", "0.15"), 10),
    ("40 % of the conditions", ("--share", "0.4"), 4),
    ("all", (), 2),
    ("all that teachers heard", ("--ablate", "truth"), 3),
    ("40 %, log-mel alone", ("--share", "0.4", "--ablate", "columns"), 4),
)
"""Name, arguments of ``train.py``, epochs."""


def main() -> int:
    """Train and judge what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    path = HERE / "results.json"
    torch.set_num_threads(given.threads)
    for name, arguments, epochs in RUNS:
        results = json.loads(path.read_text()) if path.is_file() else {}
        study = results.get("study", [])
        if any(row["name"] == name for row in study):
            continue
        label = "study-" + "".join(c for c in name if c.isalnum())
        command = [
            sys.executable,
            str(HERE / "train.py"),
            str(given.folder),
            "--name",
            label,
            "--epochs",
            str(epochs),
            *arguments,
        ]
        shown = subprocess.run(  # noqa: S603
            command,
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": str(given.threads)},
        )
        hours = float(shown.stdout.split(" h;")[0].split()[-1])
        row = {"name": name, "hours": hours, "epochs": epochs, **judged(given.folder, label, "columns" in arguments)}
        print(row, flush=True)
        results = json.loads(path.read_text()) if path.is_file() else {}
        results["study"] = [*study, row]
        path.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
    return 0


def judged(folder: Path, name: str, without_columns: bool) -> dict[str, float]:
    """How a run does on the test part."""
    _, _, about = prepare(folder)
    part = only_clean(load_part(folder, "test"), about["known"])  # type: ignore[arg-type]
    labels = combine(part, relative(part, about["known"]), about["scale"], about["model"], np.zeros(len(part)))  # type: ignore[arg-type]
    network = CallMosNetwork(EXTRA)
    network.load_state_dict(torch.load(folder / f"{name}.pt", weights_only=True)["average"])
    rows = part.features.copy()
    if without_columns:
        rows[:, :, 64:] = 55
    out, _ = predicted(network, torch.from_numpy(rows), torch.device("cpu"))
    groups = np.unique(part.groups)
    means = np.array([[out[part.groups == g, 0].mean(), labels.narrow[part.groups == g].mean()] for g in groups])
    return {
        "pearson": float(np.corrcoef(out[:, 0], labels.narrow)[0, 1]),
        "pearson_condition": float(np.corrcoef(means.T)[0, 1]),
        "rmse": float(np.sqrt(np.mean((out[:, 0] - labels.narrow) ** 2))),
    }


if __name__ == "__main__":
    sys.exit(main())

"""Writes the tables of the model card from results.json: ``python models/callmos/card.py``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def held_out(results: dict[str, Any]) -> str:
    """Agreement with the label and coverage, and by family."""
    rows = []
    for name, title in (("test", "held-out speakers, noises, conditions"), ("unseen", "kinds of conditions left out")):
        r = results[name]
        rows.append(
            (
                title,
                f"{r['clips']} / {r['conditions']}",
                f"{r['pearson']:.3f}",
                f"{r['pearson_condition']:.3f}",
                f"{r['rmse']:.2f}",
                f"{100 * r['coverage']:.0f} %",
                f"{r['half_width_median']:.2f}",
            )
        )
    head = (
        "set",
        "clips / conditions",
        "PLCC",
        "PLCC per condition",
        "RMSE",
        "inside the interval",
        "median half-width",
    )
    families = [
        (name, f["clips"], f"{f['rmse']:.2f}", f"{f['bias']:+.2f}", f"{100 * f['coverage']:.0f} %")
        for part in ("test", "unseen")
        for name, f in results[part]["by_family"].items()
    ]
    return (
        table(head, rows)
        + f"\n\nThe wideband-context output: PLCC {results['test']['pearson_wideband']:.3f}. By family of conditions:\n\n"
        + table(("family", "clips", "RMSE", "bias", "inside the interval"), families)
    )


def ladders(results: dict[str, Any]) -> str:
    """Rungs and the share of speakers whose score falls at each."""
    rows = [
        (name, r["speakers"], f"{100 * r['falling']:.0f} %", ", ".join(f"{m:.2f}" for m in r["means"]))
        for name, r in results.items()
        if "falling" in r
    ]
    lost = [
        (name, f"{r['mean_loss']:.2f}", f"{100 * r['speakers_who_lose']:.0f} %")
        for name, r in results.items()
        if "mean_loss" in r
    ]
    return (
        table(("ladder", "speakers", "falling at every rung", "mean MOS, best rung first"), rows)
        + "\n\n"
        + table(("impairment", "MOS lost on average", "speakers who lose"), lost)
    )


def anchors(results: dict[str, Any]) -> str:
    """Condition averages beside the E-model."""
    rows = [(name, f"{r['e_model']:.2f}", f"{r['callmos']:.2f}") for name, r in results["conditions"].items()]
    return f"RMSE {results['rmse']:.3f} over {len(rows)} conditions, {results['speakers']} speakers.\n\n" + table(
        ("condition", "E-model", "callmos"), rows
    )


def groups(results: dict[str, Any]) -> str:
    """Clean G.711 by group."""
    rows = [(name, r["clips"], f"{r['mean']:.2f}") for name, r in results["groups"].items()]
    return f"Largest difference {results['largest_difference']:.2f}.\n\n" + table(("group", "clips", "mean MOS"), rows)


def speech(results: dict[str, Any]) -> str:
    """Speech frames."""
    rows = [
        (name, f"{r['f1']:.3f}", f"{r['precision']:.3f}", f"{r['recall']:.3f}")
        for name, r in results.items()
        if "f1" in r
    ]
    wrong = [(name, f"{100 * share:.2f} %") for name, share in results["taken for speech"].items()]
    return (
        table(("speech", "F1", "precision", "recall"), rows)
        + "\n\n"
        + table(("not speech", "frames called speech"), wrong)
    )


def aims(results: dict[str, Any]) -> str:
    """Every aim that has a figure, beside the figure, and whether it is reached."""
    test, unseen, rated_set = results["held_out"]["test"], results["held_out"]["unseen"], results["rated"]
    falling = {name: r["falling"] for name, r in results["ladders"].items() if "falling" in r}
    worst = min(falling, key=lambda name: falling[name])
    wrong = {name: share for name, share in results["speech_head"]["taken for speech"].items() if "noise" not in name}
    most = max(wrong, key=lambda name: wrong[name])
    clean, noisy = results["speech_head"]["clean"]["f1"], results["speech_head"]["10 dB, recorded noise"]["f1"]
    rows = (
        ("rated set, PLCC per file at least .93", f"{rated_set['pearson']:.3f}", rated_set["pearson"] >= 0.93),
        (
            "rated set, PLCC per condition at least .97",
            f"{rated_set['pearson_condition']:.3f}",
            rated_set["pearson_condition"] >= 0.97,
        ),
        ("held-out label, PLCC per clip at least .94", f"{test['pearson']:.3f}", test["pearson"] >= 0.94),
        (
            "held-out label, PLCC per condition at least .97",
            f"{test['pearson_condition']:.3f}",
            test["pearson_condition"] >= 0.97,
        ),
        (
            "ladders falling for 95 % of speakers",
            f"worst, {worst}: {100 * falling[worst]:.0f} %",
            falling[worst] >= 0.95,
        ),
        ("E-model, RMSE at most .25", f"{results['anchors']['rmse']:.3f}", results["anchors"]["rmse"] <= 0.25),
        (
            "clean G.711, groups within .2",
            f"{results['groups']['largest_difference']:.2f}",
            results["groups"]["largest_difference"] <= 0.2,
        ),
        ("intervals hold 87 to 93 % of labels", f"{100 * test['coverage']:.0f} %", 0.87 <= test["coverage"] <= 0.93),
        ("... and 80 % in kinds left out", f"{100 * unseen['coverage']:.0f} %", unseen["coverage"] >= 0.8),
        ("median half-width at most 0.5", f"{test['half_width_median']:.2f}", test["half_width_median"] <= 0.5),
        ("speech F1 at least .95 clean, .90 at 10 dB", f"{clean:.3f}, {noisy:.3f}", clean >= 0.95 and noisy >= 0.9),
        ("other sounds called speech below 1 %", f"most, {most}: {100 * wrong[most]:.1f} %", wrong[most] < 0.01),
    )
    return table(("aim", "measured", ""), [(aim, figure, "met" if met else "**missed**") for aim, figure, met in rows])


def rated(results: dict[str, Any]) -> str:
    """The rated set."""
    return (
        f"{results['files']} files, on the scale as it is: PLCC {results['pearson']:.3f} per file, {results['pearson_condition']:.3f} per "
        f"condition; RMSE {results['rmse']:.2f}, bias {results['bias']:+.2f}. Intervals (median half-width "
        f"{results['half_width_median']:.2f}) hold {100 * results['coverage_of_ratings']:.0f} % of the ratings."
    )


def runs(rows: Sequence[dict[str, Any]]) -> str:
    """Learning curve and ablations, as ``study.py`` measured them."""
    return table(
        ("run", "hours of clips", "epochs", "test PLCC", "per condition", "RMSE"),
        [
            (
                r["name"],
                f"{r['hours']:.1f}",
                r["epochs"],
                f"{r['pearson']:.3f}",
                f"{r['pearson_condition']:.3f}",
                f"{r['rmse']:.2f}",
            )
            for r in rows
        ],
    )


def main() -> int:
    """Fill the card."""
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    parts = (
        ("Agreement with the combined label (`judge.py --only held_out`)", "held_out", held_out),
        ("Nested ladders (`judge.py --only ladders`)", "ladders", ladders),
        ("E-model (`judge.py --only anchors`)", "anchors", anchors),
        ("Clean G.711 by group of held-out speakers (`judge.py --only groups`)", "groups", groups),
        ("Speech and other sounds (`judge.py --only speech_head`)", "speech_head", speech),
        ("Listeners: noizeus_nb, for reporting only (`judge.py --only rated`)", "rated", rated),
        ("Learning curve and ablations (`study.py`)", "study", runs),
    )
    written = [f"Weights: {results['estimator']}.", f"### Aims\n\n{aims(results)}"]
    for title, name, render in parts:
        if name in results:
            written.append(f"### {title}\n\n{render(results[name])}")
    path = HERE / "README.md"
    card = path.read_text(encoding="utf-8")
    before, _, rest = card.partition("<!-- results:begin -->")
    _, _, after = rest.partition("<!-- results:end -->")
    body = "\n\n".join(written)
    path.write_text(f"{before}<!-- results:begin -->\n{body}\n<!-- results:end -->{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

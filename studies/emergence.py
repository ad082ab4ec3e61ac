"""What a network of one skill says of one with five (N24 Figs 1 and 11).

    python studies/emergence.py [time data parameters] [--kinds] [--scale quick] [--seeds 2]

Each part trains the calibration with a single skill, reads one constant off it, predicts five
skills with it, and prints the prediction beside the network: for *time* the steps at which R/S is
0.5, next to what N24's constant 1/22 predicts; for *data* and *parameters* the strengths at the
end, and the amounts at which rising fits to their means are at 0.5, predicted by the fitted
constant and from the amount at which the one skill is at 0.5. *--kinds* asks instead what the
constant (1/c in time, D_c, N_c) depends on: bits of a skill, hidden layers, width.
"""

import argparse
import dataclasses
from typing import Any

import numpy as np

from skillphysics import Curves
from skillphysics.experiments import EXPERIMENTS, against
from skillphysics.papers.nam2024.fig1_claims import half
from skillphysics.scaling import (
    basis_strength,
    calibrate_basis,
    calibrate_shots,
    calibrate_time,
    shot_strength,
)
from skillphysics.theories import Multilinear

PUBLISHED = 1 / 22
VARIED = {"data": "n_samples", "parameters": "width"}
# Bits of a skill, hidden layers, and how many times the width.
_ALIKE = [(2, 1, 1.0), (3, 1, 1.0), (4, 1, 1.0), (2, 2, 1.0), (2, 3, 1.0), (3, 2, 1.0), (3, 3, 1.0)]
_WIDER = [(3, 1, 0.5), (3, 1, 2.0)]
KINDS = {"time": _ALIKE + _WIDER, "data": _ALIKE + _WIDER, "parameters": _ALIKE}


def run(name: str, scale: str, seeds: int, **changed: Any) -> tuple[Any, Curves]:
    """An experiment and its curves."""
    experiment = dataclasses.replace(EXPERIMENTS[name].at(scale), **changed)
    return experiment, experiment.run(range(seeds))


def in_time(scale: str, seeds: int) -> None:
    """The time constant."""
    one, alone = run("calibration-time", scale, seeds)
    five, together = run("emergence-time", scale, seeds)
    strength = one.init**2 / 3.6
    found = calibrate_time(alone, rate=2 * one.learning_rate, target_scale=one.target_scale,
                           initial_strength=strength)  # fmt: skip
    print(f"time: constant 1/{1 / found.constant:.1f} ± {found.stderr / found.constant:.0%}, "
          f"rms of the level {found.rms:.3f}")  # fmt: skip
    seen = together.learning_time(0.5).values.mean(0)
    told = []
    for constant in (found.constant, PUBLISHED):
        theory = Multilinear(
            five.skills.probability, rate=2 * five.learning_rate * constant,
            initial_share=strength / five.target_scale, target_scale=five.target_scale,
        )  # fmt: skip
        told.append(np.asarray(theory.emergence_time(0.5)))
    for name, times in (("network", seen), ("calibrated", told[0]), ("1/22", told[1])):
        print(f"  {name:12}" + "".join(f"{t:9.0f}" for t in times))
    print("  calibrated/network" + "".join(f"{r:9.2f}" for r in told[0] / seen))


def in_data(scale: str, seeds: int) -> None:
    """The number of shots."""
    _, alone = run("calibration-data", scale, seeds)
    five, together = run("emergence-data", scale, seeds)
    found = calibrate_shots(against(alone, "n_samples"))
    print(f"data: D_c {found.constant:.0f} ± {found.stderr:.0f}, rms of the level {found.rms:.3f}")
    over = against(together, "n_samples")
    share = five.skills.probability
    # Where 1 − √(1 − d/D_c) is 0.5.
    show(over, shot_strength(np.outer(over.steps, share), found.constant),
         0.75 * found.constant / share, half_of_one(alone, "n_samples") / share)  # fmt: skip


def in_parameters(scale: str, seeds: int) -> None:
    """The number of basis functions, of one skill with an output bias and without."""
    # Beyond N24's 20 units the fifth skill is half learned, too.
    _, together = run("emergence-parameters", scale, seeds, widths=(*range(1, 21), 24, 28))
    over, skill = against(together, "width"), np.arange(1, 6)
    for bias in (True, False):
        _, alone = run("calibration-parameters", scale, seeds, output_bias=bias)
        found = calibrate_basis(against(alone, "width"))
        print(
            f"parameters, {'with' if bias else 'without'} output bias: N_c "
            f"{found.constant:.1f} ± {found.stderr:.1f}, rms of the level {found.rms:.3f}"
        )
        show(over, basis_strength(over.steps[:, None], skill, found.constant),
             found.constant * (skill - 0.5),
             half_of_one(alone, "width") * (2 * skill - 1))  # fmt: skip


def half_of_one(alone: Curves, varied: str) -> float:
    """The amount at which the mean of the networks of one skill is at R/S = 0.5."""
    over = against(alone, varied)
    return float(half(over.steps, over.mean_run().level.values[None])[0, 0])


def constants(name: str, scale: str, seeds: int) -> None:
    """The constant of networks and skills of other kinds."""
    heads = ("", 10), ("bits", 5), ("layers", 7), ("width", 7), ("constant", 12), ("rms", 7)
    print("".join(f"{head:>{wide}}" for head, wide in (*heads, ("R/S = 0.5 at", 14))))
    one: Any = EXPERIMENTS[f"calibration-{name}"].at(scale)
    for bits, depth, wider in KINDS[name]:
        kind = _of_kind(one, bits, depth, wider)
        curves = kind.run(range(seeds))
        over = curves if name == "time" else against(curves, VARIED[name])
        if name == "time":
            found = calibrate_time(
                over, rate=2 * kind.learning_rate, target_scale=kind.target_scale,
                initial_strength=kind.init**2 / 3.6,
            )  # fmt: skip
            constant = 1 / found.constant
        else:
            found = {"data": calibrate_shots, "parameters": calibrate_basis}[name](over)
            constant = found.constant
        half = over.mean_run().learning_time(0.5).values[0]
        width = "" if name == "parameters" else f"{kind.width}"
        print(f"{name:10}{bits:5d}{depth:7d}{width:>7}{constant:12.1f}{found.rms:7.3f}"
              f"{half:14.1f}", flush=True)  # fmt: skip


def _of_kind(one: Any, bits: int, depth: int, wider: float) -> Any:
    """A calibration with other bits of a skill, hidden layers, and width."""
    changed: dict[str, Any] = {"n_own": bits, "depth": depth}
    width = max(one.widths) if hasattr(one, "widths") else int(wider * one.width)
    if not hasattr(one, "widths"):
        changed["width"] = width
    if depth > 1:
        # Each weight between hidden layers would halve a start of 0.01 many times over.
        changed["init"] = (2 / width) ** 0.5
        if hasattr(one, "n_samples"):
            # At 0.05 three layers diverge.
            changed["learning_rate"] = one.learning_rate / 5
    if hasattr(one, "n_samples") and bits > 3:
        changed["n_samples"] = tuple(4 * n for n in one.n_samples)
    return dataclasses.replace(one, **changed)


def show(over: Curves, predicted: np.ndarray, fitted: np.ndarray, from_half: np.ndarray) -> None:
    """Strengths at the end, and predictions of them and of the amounts at which they are 0.5."""
    seen = over.mean_run().level.values
    for amount, network, told in zip(over.steps, seen, predicted, strict=True):
        cells = "  ".join(f"{a:5.2f} ({b:4.2f})" for a, b in zip(network, told, strict=True))
        print(f"  {amount:8.0f}  {cells}")
    print(f"  rms {np.sqrt(np.mean((seen - predicted) ** 2)):.3f}")
    found = half(over.steps, seen[None])[0]
    print(f"  {'network':12}" + "".join(f"{one:10.2f}" for one in found))
    for name, amounts in (("fitted", fitted), ("from half", from_half)):
        ratio = np.where(np.isfinite(found), amounts, np.nan) / found
        print(f"  {name:12}" + "".join(f"{one:10.2f}" for one in amounts))
        print(f"  {'ratio':12}" + "".join(f"{one:10.2f}" for one in ratio))


PARTS = {"time": in_time, "data": in_data, "parameters": in_parameters}


def main() -> None:
    """Print the parts that are asked for, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--kinds", action="store_true")
    parser.add_argument("--scale", default="quick")
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    for name in arguments.part or PARTS:
        if arguments.kinds:
            constants(name, arguments.scale, arguments.seeds)
        else:
            PARTS[name](arguments.scale, arguments.seeds)


if __name__ == "__main__":
    main()

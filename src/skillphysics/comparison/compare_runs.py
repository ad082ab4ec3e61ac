"""Comparison of two or more training runs: the differences beyond seeds and noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from skillphysics.comparison.align import align
from skillphysics.comparison.change import Change, change
from skillphysics.comparison.verdict import headline
from skillphysics.curves import Curves
from skillphysics.domains import POSITIVE
from skillphysics.errors import ArgumentError

RATE = 0.1
"""Probability that a difference is listed if there is none."""
# Its division among learning times, final levels, and differences of the factors between skills.
# Each is tested separately, since an obvious difference in one would ease the tests of the others.
_SPENT = (
    (0.4, ("common", "factor")),
    (0.4, ("ends", "end")),
    (0.2, ("late", "mixed")),
)
_TOGETHER = ("common", "ends", "late", "mixed")


@dataclass(frozen=True, eq=False)
class RunComparison:
    """The changes of other settings against a baseline.

    Attributes:
        baseline: its name.
        axis: the unit of times: "steps", "epochs", "tokens" or "FLOP".
        changes: one for each other setting.
        tests: one row per test: `run`; `kind` ("common", "late", "mixed", "ends" for all skills
            together; "factor", "end" for one; "order" for two); `skill`; `p`; `found`, whether the
            difference is listed.
    """

    baseline: str
    axis: str
    changes: tuple[Change, ...]
    tests: pd.DataFrame

    def found(self, run: str, kind: str) -> list[str]:
        """The skills ("" for all together) for which a difference of some kind is listed."""
        tests = self.tests
        chosen = tests[(tests["run"] == run) & (tests["kind"] == kind) & tests["found"]]
        return [str(skill) for skill in chosen["skill"]]

    def verdict(self, run: str) -> str:
        """What a setting changes, in one or two sentences.

        Raises:
            ArgumentError: there is no such run.
        """
        for one in self.changes:
            if one.name == run:
                kinds = ("common", "late", "mixed", "ends", "factor", "end", "order")
                return headline(one, self.baseline, {k: self.found(run, k) for k in kinds})
        names = ", ".join(one.name for one in self.changes)
        raise ArgumentError(f"run must be one of {names}, got {run!r}", argument="run")

    def save(self, folder: Path | str) -> Path:
        """Write `compare.html`, `compare.json` and the figures of each change as PNG and SVG.

        Args:
            folder: where to write; created if it does not exist.

        Returns:
            The path of `compare.html`.

        Raises:
            ArgumentError: the folder cannot be written.
        """
        # Drawing needs matplotlib, which takes long to import.
        from skillphysics.comparison.report.write import write

        return write(self, Path(folder))


def compare_runs(
    baseline: Curves,
    *others: Curves,
    names: Sequence[str] | None = None,
    axis: str | None = None,
    per_step: Sequence[float] | None = None,
    seed_scatter: float | None = None,
) -> RunComparison:
    """Compare runs skill by skill: learning times and final levels.

    Each argument is one setting, and its runs are seeds. The factor t/t_baseline of a skill comes
    from its whole curves (`comparison.register`). Its interval includes the scatter between seeds:
    their spread if a setting has several, otherwise a prior that the scatter between skills
    updates.

    Args:
        baseline: the setting that the others are compared with.
        others: one or more settings.
        names: of all settings, the baseline first; by default their sources or run names.
        axis: "steps", "tokens" or "FLOP"; by default that of the logs.
        per_step: tokens or FLOP per step, one number for all settings or one for each.
        seed_scatter: standard deviation of ln t of a skill between seeds, if it is known.

    Raises:
        ArgumentError: there are fewer than two settings, or an argument is outside its domain.
        CurvesError: two settings have no axis, skill or time in common, or too few checkpoints.

    Example:
        >>> import numpy as np
        >>> from skillphysics import Curves
        >>> steps = np.geomspace(10, 10_000, 40).round()
        >>> rates = np.geomspace(1e-1, 1e-3, 6)
        >>> slow = Curves.from_arrays(steps, 1 - np.exp(-np.outer(steps, rates)))
        >>> fast = Curves.from_arrays(steps, 1 - np.exp(-np.outer(steps, 3 * rates)))
        >>> compared = compare_runs(slow, fast, names=["slow", "fast"])
        >>> compared.changes[0].skills["factor"].round(1).tolist()
        [0.3, 0.3, 0.3, 0.3, 0.3, 0.3]
        >>> compared.verdict("fast").split(":")[0]
        'fast learns all skills sooner, by one factor'
    """
    if not others:
        raise ArgumentError("others must contain at least one setting", argument="others")
    settings = (baseline, *others)
    all_names = _names(settings, names)
    if seed_scatter is not None:
        POSITIVE.check("seed_scatter", seed_scatter)
    numbers = _per_step(per_step, len(settings))
    changes = tuple(
        change(
            align(
                baseline,
                other,
                (all_names[0], name),
                axis=axis,
                per_step=None if numbers is None else (numbers[0], number),
            ),
            seed_scatter,
        )
        for other, name, number in zip(
            others, all_names[1:], numbers[1:] if numbers else (1.0,) * len(others), strict=True
        )
    )
    return RunComparison(all_names[0], changes[0].pair.axis, changes, _tests(changes))


def _names(every: Sequence[Curves], names: Sequence[str] | None) -> list[str]:
    if names is None:
        sources = [c.dataset.attrs.get("run") or c.dataset.attrs.get("source") for c in every]
        plain = [str(s) if s else f"run {i}" for i, s in enumerate(sources)]
        names = [
            n if plain.count(n) == 1 else f"{n} ({plain[:i].count(n) + 1})"
            for i, n in enumerate(plain)
        ]
    if len(names) != len(every) or len(set(names)) != len(names):
        raise ArgumentError(
            f"names must be {len(every)} different names, got {len(names)}: {', '.join(names)}",
            argument="names",
        )
    return list(names)


def _per_step(per_step: Sequence[float] | None, n: int) -> tuple[float, ...] | None:
    if per_step is None:
        return None
    numbers = tuple(float(number) for number in per_step)
    if len(numbers) not in (1, n):
        raise ArgumentError(
            f"per_step must be one number for all runs or {n}, one for each, got {len(numbers)}",
            argument="per_step",
        )
    return numbers * (n if len(numbers) == 1 else 1)


def _tests(changes: Sequence[Change]) -> pd.DataFrame:
    rows = []
    for one in changes:
        for kind, effect in (("common", one.common), ("late", one.late), ("ends", one.ends)):
            if effect is not None:
                rows.append((one.name, kind, "", effect.p))
        rows.append((one.name, "mixed", "", one.mixed))
        rows += [(one.name, "factor", skill, p) for skill, p in one.skills["factor_p"].items()]
        rows += [(one.name, "end", skill, p) for skill, p in one.skills["end_p"].items()]
    tests = pd.DataFrame(rows, columns=["run", "kind", "skill", "p"]).dropna(subset="p")
    kind, p = tests["kind"].to_numpy(), tests["p"].to_numpy(float)
    found = np.zeros(p.size, bool)
    for share, kinds in _SPENT:
        chosen = np.isin(kind, kinds)
        together = np.isin(kind[chosen], _TOGETHER)
        found[chosen] = _listed(p[chosen], together, share * RATE)
    tests["found"] = found
    # Both runs must contradict each other's order, which chance does far more rarely than p
    # says, so these are tested separately.
    orders = pd.concat(
        [
            pd.DataFrame(
                {
                    "run": one.name,
                    "kind": "order",
                    "skill": one.order["first"] + " / " + one.order["second"],
                    "p": one.order["p"].astype(float),
                }
            )
            for one in changes
        ]
    )
    pairs = sum(len(one.skills) * (len(one.skills) - 1) // 2 for one in changes)
    orders["found"] = _rejected(orders["p"].to_numpy(float), np.ones(len(orders)), pairs, RATE)
    return pd.concat([tests, orders], ignore_index=True)


def _listed(p: np.ndarray, together: np.ndarray, rate: float) -> np.ndarray:
    """Benjamini and Hochberg, with half of the weight on what all skills have in common."""
    n, n_together = p.size, int(together.sum())
    if n_together in (0, n):
        return _rejected(p, np.ones(n), n, rate)
    weight = np.where(together, n / 2 / n_together, n / 2 / (n - n_together))
    return _rejected(p, weight, n, rate)


def _rejected(p: np.ndarray, weight: np.ndarray, count: int, rate: float) -> np.ndarray:
    """The differences that Benjamini and Hochberg list at a rate, of `count` tests."""
    scaled = p / weight
    order = np.argsort(scaled)
    passed = np.flatnonzero(scaled[order] <= rate * np.arange(1, p.size + 1) / max(count, 1))
    found = np.zeros(p.size, bool)
    if passed.size:
        found[order[: passed[-1] + 1]] = True
    return found

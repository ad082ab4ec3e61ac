"""Two or more training runs side by side: what differs, beyond what seeds and noise do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skillphysics.comparison.align import align
from skillphysics.comparison.change import Change, change
from skillphysics.comparison.verdict import headline
from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError

RATE = 0.1
"""How often anything is listed where nothing differs."""
# What it is spent on: when skills are learned, where they end, and how the factors differ between
# skills. Each is counted by itself, since one that is plain to see would make the others easy to
# pass.
_SPENT = (
    (0.4, ("common", "factor")),
    (0.4, ("ends", "end")),
    (0.2, ("late", "mixed")),
)
_TOGETHER = ("common", "ends", "late", "mixed")


@dataclass(frozen=True, eq=False)
class RunComparison:
    """What other settings change against a baseline.

    Attributes:
        baseline: its name.
        axis: what times count: "steps", "epochs", "tokens" or "FLOP".
        changes: one for each other setting.
        tests: every difference that was looked for: `run`; `kind` ("common", "late", "mixed",
            "ends" for all skills together; "factor", "end" for one; "order" for two); `skill`;
            `p`; `found`, whether it is listed.
    """

    baseline: str
    axis: str
    changes: tuple[Change, ...]
    tests: pd.DataFrame

    def found(self, run: str, kind: str) -> list[str]:
        """The skills ("" for all together) in which a setting differs in some respect."""
        tests = self.tests
        chosen = tests[(tests["run"] == run) & (tests["kind"] == kind) & tests["found"]]
        return [str(skill) for skill in chosen["skill"]]

    def verdict(self, run: str) -> str:
        """What a setting changes, in a sentence or two.

        Raises:
            ArgumentError: there is no such run.
        """
        for one in self.changes:
            if one.name == run:
                kinds = ("common", "late", "mixed", "ends", "factor", "end", "order")
                return headline(one, self.baseline, {k: self.found(run, k) for k in kinds})
        names = ", ".join(one.name for one in self.changes)
        raise ArgumentError(f"run must be one of {names}, got {run!r}")


def compare_runs(
    baseline: Curves,
    *others: Curves,
    names: Sequence[str] | None = None,
    axis: str | None = None,
    per_step: Sequence[float] | None = None,
    seed_scatter: float | None = None,
) -> RunComparison:
    """Compare runs skill by skill: how much sooner or later, and where they end.

    Each argument is one setting; several runs in it are its seeds. A skill's factor t/t_baseline
    comes from its whole curves (`comparison.register`). It is judged by what seeds do: their
    spread where a setting has several, otherwise a prior that the scatter between skills corrects.

    Args:
        baseline: what the others are compared with.
        others: one or more.
        names: of all settings, the baseline first; by default their sources or run names.
        axis: "steps", "tokens" or "FLOP"; by default what the logs count.
        per_step: tokens or FLOP of a step, one number for all settings or one for each.
        seed_scatter: standard deviation between seeds of ln t of a skill, where it is known.

    Raises:
        ArgumentError: fewer than two settings, or an argument is unusable.
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
        raise ArgumentError("one run cannot be compared; give at least two")
    every = (baseline, *others)
    called = _names(every, names)
    if seed_scatter is not None and not (np.isfinite(seed_scatter) and seed_scatter > 0):
        raise ArgumentError(f"seed_scatter must be positive, got {seed_scatter:g}")
    numbers = _per_step(per_step, len(every))
    changes = tuple(
        change(
            align(
                baseline,
                other,
                (called[0], name),
                axis=axis,
                per_step=None if numbers is None else (numbers[0], number),
            ),
            seed_scatter,
        )
        for other, name, number in zip(
            others, called[1:], numbers[1:] if numbers else (1.0,) * len(others), strict=True
        )
    )
    return RunComparison(called[0], changes[0].pair.axis, changes, _tests(changes))


def _names(every: Sequence[Curves], names: Sequence[str] | None) -> list[str]:
    if names is None:
        sources = [c.dataset.attrs.get("run") or c.dataset.attrs.get("source") for c in every]
        found = [str(s) if s else f"run {i}" for i, s in enumerate(sources)]
        names = [
            n if found.count(n) == 1 else f"{n} ({found[:i].count(n) + 1})"
            for i, n in enumerate(found)
        ]
    if len(names) != len(every) or len(set(names)) != len(names):
        raise ArgumentError(
            f"names must be {len(every)} different names, got {len(names)}: {', '.join(names)}"
        )
    return list(names)


def _per_step(per_step: Sequence[float] | None, n: int) -> tuple[float, ...] | None:
    if per_step is None:
        return None
    numbers = tuple(float(number) for number in per_step)
    if len(numbers) not in (1, n):
        raise ArgumentError(
            f"per_step must be one number for all runs or {n}, one for each, got {len(numbers)}"
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
    # Both runs must contradict each other's order, so chance makes these far more rarely than p
    # says: they are counted by themselves.
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
    """The differences listed by Benjamini and Hochberg at a rate, of `count` that were tested."""
    scaled = p / weight
    order = np.argsort(scaled)
    passed = np.flatnonzero(scaled[order] <= rate * np.arange(1, p.size + 1) / max(count, 1))
    found = np.zeros(p.size, bool)
    if passed.size:
        found[order[: passed[-1] + 1]] = True
    return found

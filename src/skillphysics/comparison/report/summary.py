"""A comparison as JSON values, for `compare.json` and other programs."""

from typing import Any

import numpy as np
import pandas as pd

from skillphysics.comparison import Change, Effect, RunComparison
from skillphysics.comparison.compare_runs import RATE
from skillphysics.comparison.report import rows


def summary(comparison: RunComparison) -> dict[str, Any]:
    """The comparison as JSON values; `docs/compare.md` describes them. Unknown values are null."""
    return {
        "baseline": comparison.baseline,
        "axis": comparison.axis,
        "false_discovery_rate": RATE,
        "changes": [_change(comparison, change) for change in comparison.changes],
        "tests": _records(comparison.tests),
        "yardstick": rows.yardstick(comparison),
    }


def _change(comparison: RunComparison, change: Change) -> dict[str, Any]:
    found = comparison.tests.query("run == @change.name and found")
    skills = change.skills.assign(
        factor_found=change.skills.index.isin(comparison.found(change.name, "factor")),
        end_found=change.skills.index.isin(comparison.found(change.name, "end")),
    )
    return {
        "run": change.name,
        "verdict": comparison.verdict(change.name),
        "differs": bool(len(found)),
        "runs": {"baseline": change.pair.baseline.n_run, "other": change.pair.other.n_run},
        "last_common": change.pair.last,
        "common_factor": _effect(change.common, exponential=True),
        "late_slope": _effect(change.late),
        "mixed_p": _value(change.mixed),
        "end_difference": _effect(change.ends),
        "seed_scatter": change.seed_scatter,
        "correlation": change.correlation,
        "skills": _records(skills.reset_index()),
        "order": _records(change.order),
        "clock": _records(change.clock),
        "remarks": rows.remarks(comparison, change),
    }


def _effect(effect: Effect | None, *, exponential: bool = False) -> dict[str, Any] | None:
    if effect is None:
        return None
    values = {"value": effect.value, "low": effect.low, "high": effect.high}
    if exponential:
        values = {name: float(np.exp(value)) for name, value in values.items()}
    return {**{name: _value(value) for name, value in values.items()}, "p": effect.p}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _value(value) for name, value in row.items()}
        for row in frame.to_dict(orient="records")
    ]


def _value(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not np.isfinite(plain) else plain

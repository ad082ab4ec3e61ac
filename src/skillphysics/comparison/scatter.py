"""The scatter between seeds, with which a difference between runs is compared.

Runs that differ only in their seed learn a skill at different times. One run per setting cannot
show this scatter, and evaluation noise does not include it. Its size therefore has a prior from
networks trained for this purpose (`studies/compare_seeds.py`), which the data update: by the spread
between seeds if a setting has several, otherwise by the scatter of the shifts between skills.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.stats import t as student

# Standard deviation of ln t of one skill between seeds, and the number of skills with the weight of
# the prior. It was 0.08 to 0.25 in trained networks, for skills learned well before the end
# (studies/compare_seeds.py).
SEED_SCATTER, SEED_WEIGHT = 0.2, 8.0
# Factor for rare skills, which are still rising at the end or have not begun.
SEED_LATE = 1.75
# The same of all skills together.
SEED_COMMON = 0.06
# Standard deviation of the final level of a skill that has levelled off, and of all of them.
SEED_END, SEED_END_COMMON = 0.015, 0.0075
# Weight, in seeds, of the spread of all skills in that of one skill.
_SHARED_WEIGHT = 4.0


@dataclass(frozen=True)
class Spread:
    """A standard deviation with its degrees of freedom."""

    value: float
    freedom: float


def moderated(prior: Spread, value: float, freedom: float) -> Spread:
    """A standard deviation from data, combined with a prior."""
    if freedom <= 0 or not np.isfinite(prior.freedom):
        return prior
    total = prior.freedom + freedom
    return Spread(
        float(np.sqrt((prior.freedom * prior.value**2 + freedom * value**2) / total)), total
    )


def excess(
    value: Float[np.ndarray, " n"],
    error: Float[np.ndarray, " n"],
    design: Float[np.ndarray, "n k"],
    share: float,
) -> float:
    """The scatter between skills beyond their errors (Paule and Mandel).

    It is the s at which Σ (value − fit)² / (error² + share s²) equals its expectation n − k, or 0
    if the errors explain all scatter.
    """

    def surplus(s: float) -> float:
        weight = 1 / (error**2 + share * s**2)
        rest = value - design @ weighted(value, weight, design)[0]
        return float((weight * rest**2).sum()) - (value.size - design.shape[1])

    if value.size <= design.shape[1] or surplus(0.0) <= 0:
        return 0.0
    top = 1.0
    while surplus(top) > 0:
        top *= 2
    return float(brentq(surplus, 0.0, top))  # pyright: ignore[reportArgumentType]


def weighted(
    value: Float[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    design: Float[np.ndarray, "n k"],
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "k k"]]:
    """Coefficients of weighted least squares, and their covariance for weights 1/variance."""
    covariance = np.linalg.pinv(design.T @ (weight[:, None] * design))
    return covariance @ (design.T @ (weight * value)), covariance


def two_sided(ratio: float, freedom: float) -> float:
    """The probability that |Student's t| exceeds |ratio|."""
    return float(2 * student.sf(abs(ratio), freedom))


def quantile(freedom: float) -> float:
    """Half the width of a 90 % interval in standard errors."""
    return float(student.ppf(0.95, freedom))


def own_spread(
    within: Float[np.ndarray, " n"], freedom: Float[np.ndarray, " n"], prior: Spread
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """The spread between seeds of each skill, and its degrees of freedom.

    Args:
        within: variance between the seeds of a setting, for each skill; 0 if there is none.
        freedom: its degrees of freedom, the number of seeds less one per setting.
        prior: for all skills.
    """
    everywhere = moderated(
        prior,
        float(np.sqrt((freedom * within).sum() / max(freedom.sum(), 1e-12))),
        float(freedom.sum()),
    )
    spreads = [
        moderated(Spread(everywhere.value, _SHARED_WEIGHT), float(np.sqrt(v)), float(f))
        for v, f in zip(within, freedom, strict=True)
    ]
    return np.array([s.value for s in spreads]), np.array([s.freedom for s in spreads])

"""What learning times tell about how often skills occur, and what they do not (ours).

Skill i, of relative frequency p_i, reaches half of its level at step t_i. Over networks

    ln t_i = c − κ ln p_i + ε_i,    ε_i ~ N(0, σ² + s_i²)                                    (1)

describes the times: σ is the scatter of skills about the line, s_i the standard error of ln t_i.
Times alone leave κ open, because t ∝ p^−κ is unchanged when p is replaced by a power of itself.
What is inferred without known frequencies therefore rests on a prior for κ and σ, measured on
small networks (`docs/frequencies.md`); with some known frequencies κ and σ are fitted.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri_exp

from skillphysics.errors import ArgumentError

_QUANTILES = (0.5, 0.05, 0.95)
# How far off the line a skill lies, in standard deviations, before it is named.
_OFF_LINE = 3.0
_N_KAPPA, _N_SIGMA = 61, 31
_NODES = np.linspace(-3.5, 3.5, _N_KAPPA)

Numbers = Float[np.ndarray, " n"]


class Prior(NamedTuple):
    """What is known of κ and σ before any frequency is: ln κ and ln σ are normal.

    Attributes:
        log_kappa: mean of ln κ.
        log_kappa_sd: its standard deviation over networks.
        log_sigma: mean of ln σ.
        log_sigma_sd: its standard deviation over networks.
        first_sd: φ, the further scatter of the skill that is learned first.
    """

    log_kappa: float
    log_kappa_sd: float
    log_sigma: float
    log_sigma_sd: float
    first_sd: float


PRIORS: dict[str, Prior] = {
    "fresh": Prior(0.07, 0.18, np.log(0.15), 0.35, 0.45),
    "full": Prior(0.0, 0.4, np.log(0.2), 0.35, 0.45),
}
"""By how batches are made: fresh samples in each, or all of a data set."""


class Interval(NamedTuple):
    """Medians and 90 % intervals; NaN where nothing can be said."""

    median: Numbers
    low: Numbers
    high: Numbers


class InferredFrequencies(NamedTuple):
    """Relative frequencies, inferred from learning times and a prior.

    Attributes:
        reference: place of the skill that is learned first.
        log_ratio: ln(p_i/p_reference) of each skill.
    """

    reference: int
    log_ratio: Interval


@dataclass(frozen=True, eq=False)
class FrequencyLaw:
    """The line (1) through skills of known frequency.

    Attributes:
        kappa: κ, one number each for median and ends.
        scatter: σ, likewise.
        deviation: by how many standard deviations ln t_i lies above what the other known skills
            predict; NaN for skills without a frequency or a time.
        off_line: whether that is more than 3.
        frequency: of skills that have a time and no known frequency, in the units of the known
            ones; NaN for the others.
    """

    kappa: Interval
    scatter: Interval
    deviation: Numbers
    off_line: Bool[np.ndarray, " n"]
    frequency: Interval


def infer_frequencies(
    half_time: ArrayLike,
    half_time_log_stderr: ArrayLike = 0.0,
    *,
    batches: Literal["fresh", "full"] = "fresh",
    prior: Prior | None = None,
) -> InferredFrequencies:
    """Relative frequencies of skills, inferred from their learning times and a prior for κ and σ.

    By (1), ln(p_i/p_r) = −(ln(t_i/t_r) − ε_i + ε_r)/κ, where r is the skill that is learned first.
    The times say nothing about κ and σ, so both keep their prior, and the interval is that of a
    mixture of normal distributions. The scatter of the reference counts in every interval.

    Args:
        half_time: the step at which each skill reaches half of its level, [n_skill]; NaN or
            infinite where it does not, and NaN is returned for it.
        half_time_log_stderr: standard error of ln t, one number or [n_skill].
        batches: which prior of `PRIORS`: "fresh" for new samples in every batch, "full" for
            repeated passes over all samples.
        prior: in place of that of `batches`.

    Raises:
        ArgumentError: an argument is out of its range, or no skill has a time.

    Example:
        >>> found = infer_frequencies([100, 400, np.inf])
        >>> found.reference, found.log_ratio.median.round(1).tolist()
        (0, [0.0, -1.3, nan])
    """
    prior = _prior(batches, prior)
    log_time, variance = _times(half_time, half_time_log_stderr, prior)
    first = int(np.nanargmin(log_time))
    kappa, sigma, log_weight = _grid(prior)
    mean = -(log_time - log_time[first]) / kappa[:, None]
    spread = np.sqrt(2 * sigma[:, None] ** 2 + variance + variance[first]) / kappa[:, None]
    spread[:, first] = 0
    return InferredFrequencies(first, _interval(log_weight, mean, spread))


def frequency_law(
    half_time: ArrayLike,
    frequency: ArrayLike,
    half_time_log_stderr: ArrayLike = 0.0,
    *,
    batches: Literal["fresh", "full"] = "fresh",
    prior: Prior | None = None,
) -> FrequencyLaw:
    """The law of times and known frequencies, and what it predicts for unknown ones.

    The posterior of κ and σ is the likelihood of (1) for the skills of known frequency, integrated
    over c, times the prior: with three skills the prior for σ counts most, with ten the data decide.
    Skills of unknown frequency say nothing about κ (their ln p has a flat prior in units of ln t),
    and ln p_u = (c + ε_u − ln t_u)/κ, of which medians and quantiles are given.

    A skill is off the line where the other known skills, without it, predict its ln t at more than
    3 standard deviations from what is measured, counting all uncertainties of that prediction. It
    is then easier or harder than skills of its frequency, or its frequency is wrong.

    Args:
        half_time: as of `infer_frequencies`.
        frequency: occurrences in any unit, [n_skill]; NaN where unknown.
        half_time_log_stderr: as of `infer_frequencies`.
        batches: as of `infer_frequencies`.
        prior: in place of that of `batches`.

    Raises:
        ArgumentError: an argument is out of its range, fewer than three skills have both a time and
            a frequency, or all their frequencies are equal.

    Example:
        >>> law = frequency_law([100, 210, 390, 800], [8, 4, 2, np.nan])
        >>> law.kappa.median.round(1).tolist(), law.off_line.any()
        ([1.0], False)
        >>> [float(x.round(1)[3]) for x in law.frequency]
        [1.0, 0.5, 1.9]
    """
    prior = _prior(batches, prior)
    log_time, variance = _times(half_time, half_time_log_stderr, prior)
    log_frequency = _log_frequency(frequency, log_time.size)
    given = np.isfinite(log_time) & np.isfinite(log_frequency)
    if given.sum() < 3:
        raise ArgumentError(
            f"frequency has {given.sum()} values for skills that have a half_time; "
            "the law needs at least 3"
        )
    if np.ptp(log_frequency[given]) == 0:
        raise ArgumentError("frequency has one value only; the law needs different frequencies")
    grid = _grid(prior)
    line = _line(grid, log_time[given], log_frequency[given], variance[given])
    unknown = np.isfinite(log_time) & np.isnan(log_frequency)
    return FrequencyLaw(
        kappa=_discrete(line.log_weight, grid[0]),
        scatter=_discrete(line.log_weight, grid[1]),
        deviation=(deviation := _deviations(grid, log_time, log_frequency, variance, given)),
        off_line=np.abs(np.nan_to_num(deviation)) > _OFF_LINE,
        frequency=_frequencies(line, grid, log_time, variance, unknown),
    )


class _Line(NamedTuple):
    """The posterior of (1) on the grid: its weight, and mean and variance of c at each node."""

    log_weight: Numbers
    intercept: Numbers
    variance: Numbers


def _grid(prior: Prior) -> tuple[Numbers, Numbers, Numbers]:
    """κ, σ and the logarithm of their prior weight at nodes, each [n_node]."""
    a, b = (array.ravel() for array in np.meshgrid(_NODES, _NODES[::2]))
    kappa = np.exp(prior.log_kappa + prior.log_kappa_sd * a)
    sigma = np.exp(prior.log_sigma + prior.log_sigma_sd * b)
    log_weight = -(a**2 + b**2) / 2
    return kappa, sigma, log_weight - logsumexp(log_weight)


def _line(grid, log_time: Numbers, log_frequency: Numbers, variance: Numbers) -> _Line:
    kappa, sigma, log_prior = grid
    total = sigma[:, None] ** 2 + variance
    rest = log_time + kappa[:, None] * log_frequency
    precision = (1 / total).sum(1)
    intercept = (rest / total).sum(1) / precision
    chi2 = ((rest - intercept[:, None]) ** 2 / total).sum(1)
    log_weight = log_prior - (chi2 + np.log(total).sum(1) + np.log(precision)) / 2
    return _Line(log_weight - logsumexp(log_weight), intercept, 1 / precision)


def _deviations(grid, log_time, log_frequency, variance, given) -> Numbers:
    """Normal scores of each given skill in the prediction from the others."""
    kappa, sigma, _ = grid
    deviation = np.full(log_time.size, np.nan)
    for i in np.flatnonzero(given):
        others = given & (np.arange(given.size) != i)
        line = _line(grid, log_time[others], log_frequency[others], variance[others])
        spread = np.sqrt(line.variance + sigma**2 + variance[i])
        score = (log_time[i] - line.intercept + kappa * log_frequency[i]) / spread
        below = logsumexp(line.log_weight + log_ndtr(score))
        above = logsumexp(line.log_weight + log_ndtr(-score))
        deviation[i] = ndtri_exp(below) if below < above else -ndtri_exp(above)
    return deviation


def _frequencies(line: _Line, grid, log_time, variance, unknown) -> Interval:
    kappa, sigma, _ = (column[:, None] for column in grid)
    mean = (line.intercept[:, None] - log_time[unknown]) / kappa
    spread = np.sqrt(line.variance[:, None] + sigma**2 + variance[unknown]) / kappa
    full = np.full((len(_QUANTILES), log_time.size), np.nan)
    full[:, unknown] = np.exp(_interval(line.log_weight, mean, spread))
    return Interval(*full)


def _interval(log_weight: Numbers, mean: np.ndarray, spread: np.ndarray) -> Interval:
    """Median and ends of mixtures of normal distributions over nodes, [n_node, n], by bisection."""
    weight = np.exp(log_weight)
    reach = 9 * spread.max(0, initial=0)
    found = []
    for quantile in _QUANTILES:
        low, high = mean.min(0) - reach, mean.max(0) + reach
        for _ in range(50):
            middle = (low + high) / 2
            with np.errstate(invalid="ignore", divide="ignore"):
                below = weight @ ndtr(np.nan_to_num((middle - mean) / spread)) < quantile
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        found.append((low + high) / 2)
    return Interval(*found)


def _discrete(log_weight: Numbers, value: Numbers) -> Interval:
    """Median and ends of a distribution on nodes, interpolated."""
    order = np.argsort(value)
    weight = np.exp(log_weight[order])
    cumulated = np.cumsum(weight) - weight / 2
    return Interval(*(np.array([np.interp(q, cumulated, value[order])]) for q in _QUANTILES))


def _times(half_time: ArrayLike, log_stderr: ArrayLike, prior: Prior) -> tuple[Numbers, Numbers]:
    """ln t, NaN where a skill has no time, and the squared standard error of ln t, [n_skill]."""
    time = np.asarray(half_time, np.float64)
    if time.ndim != 1:
        raise ArgumentError(f"half_time must have one number per skill, got shape {time.shape}")
    bad = time <= 0
    if bad.any():
        where = int(np.argmax(bad))
        raise ArgumentError(f"half_time must be positive, got {time[where]} at {where}")
    error = np.asarray(log_stderr, np.float64)
    if error.shape not in ((), time.shape):
        raise ArgumentError(
            f"half_time_log_stderr must be one number or have shape {time.shape}, "
            f"got shape {error.shape}"
        )
    known = np.isfinite(time)
    error = np.broadcast_to(error, time.shape)
    if not (np.isfinite(error[known]) & (error[known] >= 0)).all():
        raise ArgumentError(
            "half_time_log_stderr must be finite and not negative wherever half_time is finite"
        )
    log_time = np.log(time, where=known, out=np.full(time.shape, np.nan))
    if not known.any():
        raise ArgumentError("half_time has no finite value; at least one skill must have a time")
    variance = np.where(known, error, 0) ** 2
    variance[np.nanargmin(log_time)] += prior.first_sd**2
    return log_time, variance


def _log_frequency(frequency: ArrayLike, n_skill: int) -> Numbers:
    values = np.asarray(frequency, np.float64)
    if values.shape != (n_skill,):
        raise ArgumentError(
            f"frequency must have shape {(n_skill,)}, as half_time has, got {values.shape}"
        )
    bad = (values <= 0) | np.isinf(values)
    if bad.any():
        where = int(np.argmax(bad))
        raise ArgumentError(
            f"frequency must be positive and finite, or NaN where unknown, got {values[where]} "
            f"at {where}"
        )
    return np.log(values)


def _prior(batches: str, prior: Prior | None) -> Prior:
    if prior is not None:
        if not (np.isfinite(prior).all() and prior.log_kappa_sd > 0 and prior.log_sigma_sd > 0):
            raise ArgumentError(f"prior must hold finite numbers and positive deviations, got {prior}")
        return prior
    if batches not in PRIORS:
        raise ArgumentError(f"batches must be 'fresh' or 'full', got {batches!r}")
    return PRIORS[batches]

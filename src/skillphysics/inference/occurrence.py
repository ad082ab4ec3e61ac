"""Inference of frequencies from learning times, and its limits (ours).

Skill i, of relative frequency p_i, reaches half of its level at step t_i. Over networks

    ln t_i = c − κ ln p_i + ε_i,    ε_i ~ N(0, σ² + s_i²),                                   (1)

with the standard error s_i of ln t_i, and an additional variance φ² for the skill that is learned
first. Times alone do not determine κ: t ∝ p^−κ is unchanged if p is replaced by a power of itself.
Without known frequencies, inference relies on a prior for κ and σ, measured on small networks whose
skills are equally hard (docs/frequencies.md). Rare skills and hard skills look the same.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from skillphysics.domains import one_of
from skillphysics.errors import ArgumentError
from skillphysics.inference.line import (
    QUANTILES,
    Interval,
    PerSkill,
    Prior,
    line,
    mixture_interval,
    node_interval,
    normal_score,
)

PRIORS: dict[str, Prior] = {
    "fresh": Prior(0.05, 0.18, float(np.log(0.16)), 0.4, 0.4),
    "full": Prior(0.0, 0.4, float(np.log(0.25)), 0.4, 0.35),
}
"""Priors for batches of fresh samples, and for repeated passes over a data set."""

# Scatter of ln t over seeds and the degrees of freedom of its prior, over networks.
_SEED_SCATTER, _SEED_FREEDOM = 0.13, 4.0
# A skill is off the line if it lies farther from it, in standard deviations.
_OFF_LINE = 3.0
# Factor on the standard deviation of ln κ if known frequencies can correct the prior.
_WIDER = 2.0


class LogRatio(NamedTuple):
    """Logarithms of ratios to the skill that is learned first.

    Attributes:
        reference: index of the reference, the skill that is learned first.
        log_ratio: logarithm of the ratio of each skill, 0 for the reference.
    """

    reference: int
    log_ratio: Interval


@dataclass(frozen=True, eq=False)
class FrequencyLaw:
    """The line (1) through skills of known frequency.

    Attributes:
        kappa: κ, one number each for the median and the ends.
        scatter: σ, likewise.
        deviation: standard deviations of ln t_i above the prediction from the other known skills,
            [n_skill]; NaN for skills without a frequency or a time.
        off_line: whether the deviation is larger than 3 either way, [n_skill].
        frequency: inferred frequencies of skills with a time and no known frequency, in the unit
            of the known ones, [n_skill]; NaN for the others.
    """

    kappa: Interval
    scatter: Interval
    deviation: Float[np.ndarray, " n_skill"]
    off_line: Bool[np.ndarray, " n_skill"]
    frequency: Interval


def relative_times(half_time: "ArrayLike", half_time_log_stderr: "ArrayLike" = 0.0) -> LogRatio:
    """Relative learning times ln(t_i/t_r) in the mean over seeds, with 90 % intervals.

    In run s, ln t_si = a_s + m_i + e_si: a seed shifts all skills by a_s and each by e_si, whose
    variance is the same for all skills. The prior of this variance, from small networks, is an
    inverse χ² of 4 degrees of freedom about 0.13². The data add (n_run − 1)(n_skill − 1) degrees of
    freedom, and the interval is Student's. For a single run the prior alone counts.

    Args:
        half_time: the step at which each skill reaches half of its level, [n_skill] for one run or
            [n_run, n_skill]. The result is NaN for skills that do not reach it in every run.
        half_time_log_stderr: standard error of ln t, a scalar or shaped like `half_time`. It is
            used for one run only; several runs show it in their scatter.

    Raises:
        ArgumentError: an argument is outside its domain, or no skill has a time in every run.

    Example:
        >>> ratio = relative_times([[100, 400], [110, 420], [90, 390]]).log_ratio
        >>> [float(x[1].round(2)) for x in ratio]
        [1.4, 1.22, 1.57]
    """
    log_time, variance = map(np.atleast_2d, _times(half_time, half_time_log_stderr))
    n_run = log_time.shape[0]
    every = np.isfinite(log_time).all(0)
    if not every.any():
        raise ArgumentError(
            "half_time must be finite in every run for at least one skill", argument="half_time"
        )
    mean = np.where(every, log_time.mean(0), np.nan)
    first = int(np.nanargmin(mean))
    rest = (log_time - mean)[:, every]
    rest = rest - rest.mean(1, keepdims=True)
    freedom = _SEED_FREEDOM + (n_run - 1) * (every.sum() - 1)
    scatter2 = (_SEED_FREEDOM * _SEED_SCATTER**2 + (rest**2).sum()) / freedom
    measured = variance[0] + variance[0, first] if n_run == 1 else 0.0
    reach = stdtrit(freedom, QUANTILES[2]) * np.sqrt(2 * scatter2 / n_run + measured)
    reach = np.where(np.arange(every.size) == first, 0.0, reach)
    ratio = mean - mean[first]
    return LogRatio(first, Interval(ratio, ratio - reach, ratio + reach))


def infer_frequencies(
    half_time: "ArrayLike",
    half_time_log_stderr: "ArrayLike" = 0.0,
    *,
    batches: Literal["fresh", "full"] = "fresh",
    prior: Prior | None = None,
) -> LogRatio:
    """Relative frequencies ln(p_i/p_r), inferred from learning times and a prior for κ and σ.

    By (1), ln(p_i/p_r) = −(ln(t_i/t_r) − ε_i + ε_r)/κ, where r is the skill that is learned first.
    The times do not determine κ and σ, so both keep their prior, and intervals are those of a
    mixture of normal distributions. Every interval includes the scatter of the reference.

    Args:
        half_time: the step at which each skill reaches half of its level, [n_skill]; NaN or
            infinite if it does not, where the result is NaN.
        half_time_log_stderr: standard error of ln t, a scalar or [n_skill].
        batches: the prior of `PRIORS`, "fresh" for new samples in every batch or "full" for
            repeated passes over a data set.
        prior: a prior that replaces that of `batches`.

    Raises:
        ArgumentError: an argument is outside its domain, or no skill has a time.

    Example:
        >>> inferred = infer_frequencies([100, 400, np.inf])
        >>> inferred.reference, inferred.log_ratio.median.round(1).tolist()
        (0, [0.0, -1.3, nan])
    """
    prior = _prior(batches, prior)
    log_time, variance, first = _one_run(half_time, half_time_log_stderr, prior)
    posterior = line(prior, log_time[[first]], np.zeros(1), variance[[first]])
    kappa = posterior.kappa[:, None]
    mean = -(log_time - log_time[first]) / kappa
    spread = np.sqrt(2 * posterior.sigma[:, None] ** 2 + variance + variance[first]) / kappa
    others = np.isfinite(log_time) & (np.arange(log_time.size) != first)
    log_ratio = mixture_interval(posterior.log_weight, mean, spread, others)
    for values in log_ratio:
        values[first] = 0.0
    return LogRatio(first, log_ratio)


def frequency_law(
    half_time: "ArrayLike",
    frequency: "ArrayLike",
    half_time_log_stderr: "ArrayLike" = 0.0,
    *,
    batches: Literal["fresh", "full"] = "fresh",
    prior: Prior | None = None,
) -> FrequencyLaw:
    """The law of times and known frequencies, and its predictions for unknown ones.

    The posterior of κ and σ is the likelihood of (1) for the skills of known frequency, integrated
    over c, times the prior. The prior of ln κ has twice its standard deviation, since the network
    may differ from those that the prior comes from. With three skills the prior matters, with ten
    the data decide. Frequencies of the other skills follow from ln p_u = (c + ε_u − ln t_u)/κ with
    the posterior of all three.

    A skill is off the line if its ln t is more than 3 standard deviations from the prediction of
    the other known skills, with all uncertainties included. It is then easier or harder than
    skills of its frequency, or its frequency is wrong.

    Args:
        half_time: as in `infer_frequencies`.
        frequency: occurrences in any unit, [n_skill]; NaN where unknown.
        half_time_log_stderr: as in `infer_frequencies`.
        batches: as in `infer_frequencies`.
        prior: as in `infer_frequencies`.

    Raises:
        ArgumentError: an argument is outside its domain, fewer than three skills have both a time
            and a frequency, or all their frequencies are equal.

    Example:
        >>> law = frequency_law([100, 210, 390, 800], [8, 4, 2, np.nan])
        >>> law.kappa.median.round(1).tolist(), law.off_line.any().item()
        ([0.9], False)
        >>> [float(x[3].round(1)) for x in law.frequency]
        [0.9, 0.5, 1.5]
    """
    prior = _prior(batches, prior)
    prior = prior._replace(log_kappa_sd=_WIDER * prior.log_kappa_sd)
    log_time, variance, _ = _one_run(half_time, half_time_log_stderr, prior)
    log_frequency = _log_frequency(frequency, log_time.size)
    has_time = np.isfinite(log_time)
    known = has_time & np.isfinite(log_frequency)
    if known.sum() < 3:
        raise ArgumentError(
            f"frequency must be known for at least 3 skills with a half_time, got {known.sum()}",
            argument="frequency",
        )
    if np.ptp(log_frequency[known]) == 0:
        raise ArgumentError(
            "frequency must differ between skills, got one value for all with a half_time",
            argument="frequency",
        )

    def through(skills: Bool[np.ndarray, " n_skill"]):
        return line(prior, log_time[skills], log_frequency[skills], variance[skills])

    deviation = np.full(log_time.size, np.nan)
    for i in np.flatnonzero(known):
        others = through(known & (np.arange(known.size) != i))
        deviation[i] = normal_score(others, log_time[i], log_frequency[i], variance[i])
    posterior = through(known)
    kappa = posterior.kappa[:, None]
    mean = (posterior.intercept[:, None] - log_time) / kappa
    spread = np.sqrt((posterior.variance + posterior.sigma**2)[:, None] + variance) / kappa
    unknown = has_time & ~known
    inferred = mixture_interval(posterior.log_weight, mean, spread, unknown)
    return FrequencyLaw(
        kappa=node_interval(posterior.log_weight, posterior.kappa, posterior.log_kappa_step),
        scatter=node_interval(posterior.log_weight, posterior.sigma, posterior.log_sigma_step),
        deviation=deviation,
        off_line=np.abs(np.nan_to_num(deviation)) > _OFF_LINE,
        frequency=Interval(*map(np.exp, inferred)),
    )


def _one_run(
    half_time: "ArrayLike", log_stderr: "ArrayLike", prior: Prior
) -> tuple[PerSkill, PerSkill, int]:
    """Ln t, the variances in addition to σ² (with φ² for the first skill), and the first skill."""
    if np.ndim(half_time) != 1:
        raise ArgumentError(
            f"half_time must have one number per skill, got shape {np.shape(half_time)}; "
            "average ln t over runs first",
            argument="half_time",
        )
    log_time, variance = _times(half_time, log_stderr)
    if np.isnan(log_time).all():
        raise ArgumentError("half_time must be finite for at least one skill", argument="half_time")
    first = int(np.nanargmin(log_time))
    variance[first] += prior.first_sd**2
    return log_time, variance, first


def _times(
    half_time: "ArrayLike", log_stderr: "ArrayLike"
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]:
    """Logarithms of t, NaN for a skill without a time, and their squared standard errors."""
    time, error = np.asarray(half_time, np.float64), np.asarray(log_stderr, np.float64)
    if time.ndim not in (1, 2) or time.size == 0:
        raise ArgumentError(
            f"half_time must have shape (n_skill,) or (n_run, n_skill), got {time.shape}",
            argument="half_time",
        )
    if (time <= 0).any():
        raise ArgumentError(
            f"half_time must be positive, got {time[time <= 0][0]}", argument="half_time"
        )
    if error.shape not in ((), time.shape):
        raise ArgumentError(
            f"half_time_log_stderr must be a scalar or have shape {time.shape}, "
            f"got shape {error.shape}",
            argument="half_time_log_stderr",
        )
    known = np.isfinite(time)
    error = np.broadcast_to(error, time.shape)
    if not (np.isfinite(error[known]) & (error[known] >= 0)).all():
        raise ArgumentError(
            "half_time_log_stderr must be non-negative and finite wherever half_time is finite",
            argument="half_time_log_stderr",
        )
    log_time = np.log(time, where=known, out=np.full(time.shape, np.nan))
    return log_time, np.where(known, error, 0.0) ** 2


def _log_frequency(frequency: "ArrayLike", n_skill: int) -> PerSkill:
    values = np.asarray(frequency, np.float64)
    if values.shape != (n_skill,):
        raise ArgumentError(
            f"frequency must have shape {(n_skill,)}, as half_time has, got {values.shape}",
            argument="frequency",
        )
    bad = (values <= 0) | np.isinf(values)
    if bad.any():
        raise ArgumentError(
            f"frequency must be positive and finite, or NaN where unknown, got {values[bad][0]}",
            argument="frequency",
        )
    return np.log(values)


def _prior(batches: str, prior: Prior | None) -> Prior:
    if prior is None:
        return PRIORS[one_of(*PRIORS).check("batches", batches)]
    positive = prior.log_kappa_sd > 0 and prior.log_sigma_sd > 0 and prior.first_sd >= 0
    if not (np.isfinite(prior).all() and positive):
        raise ArgumentError(
            f"prior must have finite means and positive standard deviations, got {prior}",
            argument="prior",
        )
    return prior

"""The regression of learning times on frequencies: prior, posterior and intervals (ours).

Skill i, of relative frequency p_i, reaches half of its level at step t_i. Over networks

    ln t_i = c − κ ln p_i + ε_i,    ε_i ~ N(0, σ² + v_i),                                    (1)

where σ is the scatter of skills about the line and v_i a known variance. The posterior is a sum
over nodes of κ and σ; given both, c and all predictions are normal.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri_exp

QUANTILES = (0.5, 0.05, 0.95)
# In standard deviations. The nodes of σ extend far up, since real skills may scatter far more.
_KAPPA_NODES = np.linspace(-5, 5, 41)
_SIGMA_NODES = np.linspace(-3.5, 7, 36)

PerSkill = Float[np.ndarray, " n_skill"]
PerNode = Float[np.ndarray, " n_node"]


class Prior(NamedTuple):
    """Normal priors of ln κ and ln σ, before any frequency is known.

    Attributes:
        log_kappa: mean of ln κ.
        log_kappa_sd: its standard deviation over networks.
        log_sigma: mean of ln σ.
        log_sigma_sd: its standard deviation over networks.
        first_sd: φ, the additional scatter of the skill that is learned first.
    """

    log_kappa: float
    log_kappa_sd: float
    log_sigma: float
    log_sigma_sd: float
    first_sd: float


class Interval(NamedTuple):
    """Medians and ends of 90 % intervals; NaN where nothing is known."""

    median: Float[np.ndarray, " n"]
    low: Float[np.ndarray, " n"]
    high: Float[np.ndarray, " n"]


class Line(NamedTuple):
    """A posterior of (1).

    Attributes:
        kappa: κ at every node.
        sigma: σ at every node.
        log_weight: logarithm of the posterior weight of every node.
        intercept: mean of c at every node.
        variance: variance of c at every node.
        log_kappa_step: half the spacing of ln κ at every node.
        log_sigma_step: half the spacing of ln σ.
    """

    kappa: PerNode
    sigma: PerNode
    log_weight: PerNode
    intercept: PerNode
    variance: PerNode
    log_kappa_step: PerNode
    log_sigma_step: PerNode


def line(prior: Prior, log_time: PerSkill, log_frequency: PerSkill, variance: PerSkill) -> Line:
    """The posterior of (1) with a flat prior of c. For one skill, κ and σ keep their prior.

    Nodes of σ span its prior. For each of them, nodes of κ span five standard deviations to either
    side of a normal approximation to the posterior of ln κ.
    """
    sigma = np.exp(prior.log_sigma + prior.log_sigma_sd * _SIGMA_NODES)
    total = sigma[:, None] ** 2 + variance
    precision = (1 / total).sum(1)
    share = 1 / total / precision[:, None]
    mean_x, mean_y = share @ log_frequency[:, None], share @ log_time[:, None]
    x, y = log_frequency - mean_x, log_time - mean_y
    information = (x**2 / total).sum(1)
    lowest = np.exp(prior.log_kappa - 10 * prior.log_kappa_sd)
    fitted = np.maximum(-(x * y / total).sum(1) / np.maximum(information, 1e-300), lowest)
    of_data, of_prior = information * fitted**2, prior.log_kappa_sd**-2
    centre = (of_data * np.log(fitted) + of_prior * prior.log_kappa) / (of_data + of_prior)
    deviation = (of_data + of_prior) ** -0.5
    log_kappa = centre[:, None] + deviation[:, None] * _KAPPA_NODES
    kappa = np.exp(log_kappa)
    # Σ (y + κ x)²/v, with the sums over skills done once.
    chi2 = (
        (y**2 / total).sum(1)[:, None]
        + 2 * kappa * (x * y / total).sum(1)[:, None]
        + kappa**2 * information[:, None]
    )
    of_sigma = np.log(deviation) - (_SIGMA_NODES**2 + np.log(total).sum(1) + np.log(precision)) / 2
    of_kappa = -(((log_kappa - prior.log_kappa) / prior.log_kappa_sd) ** 2) / 2
    log_weight = (of_sigma[:, None] + of_kappa - chi2 / 2).ravel()
    return Line(
        kappa.ravel(),
        np.repeat(sigma, _KAPPA_NODES.size),
        log_weight - logsumexp(log_weight),
        (mean_y + kappa * mean_x).ravel(),
        np.repeat(1 / precision, _KAPPA_NODES.size),
        np.repeat(deviation * np.diff(_KAPPA_NODES)[0] / 2, _KAPPA_NODES.size),
        np.full(log_kappa.size, prior.log_sigma_sd * np.diff(_SIGMA_NODES)[0] / 2),
    )


def normal_score(posterior: Line, log_time: float, log_frequency: float, variance: float) -> float:
    """How far a time lies above its prediction, as a normal deviate of equal tail probability."""
    spread = np.sqrt(posterior.variance + posterior.sigma**2 + variance)
    score = (log_time - posterior.intercept + posterior.kappa * log_frequency) / spread
    below = logsumexp(posterior.log_weight + log_ndtr(score))
    above = logsumexp(posterior.log_weight + log_ndtr(-score))
    return float(ndtri_exp(below) if below < above else -ndtri_exp(above))


def mixture_interval(
    log_weight: PerNode,
    mean: Float[np.ndarray, "n_node n_skill"],
    spread: Float[np.ndarray, "n_node n_skill"],
    chosen: Bool[np.ndarray, " n_skill"],
) -> Interval:
    """Quantiles of mixtures of normals over nodes, by bisection; NaN for skills not chosen."""
    weight, mean, spread = np.exp(log_weight), mean[:, chosen], spread[:, chosen]
    reach = 9 * spread.max(0, initial=0)
    quantiles = np.full((len(QUANTILES), chosen.size), np.nan)
    for row, quantile in zip(quantiles, QUANTILES, strict=True):
        low, high = mean.min(0) - reach, mean.max(0) + reach
        for _ in range(40):
            middle = (low + high) / 2
            below = weight @ ndtr((middle - mean) / spread) < quantile
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        row[chosen] = (low + high) / 2
    return Interval(*quantiles)


def node_interval(log_weight: PerNode, value: PerNode, log_step: PerNode) -> Interval:
    """Quantiles of a positive number on nodes, each smoothed over half its spacing."""
    all_skills = np.ones(1, dtype=bool)
    of_log = mixture_interval(log_weight, np.log(value)[:, None], log_step[:, None], all_skills)
    return Interval(*map(np.exp, of_log))

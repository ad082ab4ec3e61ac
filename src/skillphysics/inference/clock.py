"""One clock and relative rates from curves, and the test that one clock is enough (ours).

In the Resource family, Linear and Multilinear every skill passes through the same function of its
own rate and of one clock that all skills share,

    level_i(t) = F(x_i),  x_i = r_i τ(t),                                                     (1)

with F(x) = 1 − e^{−x}, σ(s) where s + e^s − 1 = x, or σ(x − b) (`links.LINKS`). The theories differ
in how τ depends on the step, and that is left free here: one τ per checkpoint, non-decreasing. So
ln x is a sum of one number per skill and one per checkpoint. Only ratios of rates are determined;
their geometric mean is set to 1. A rate is not a frequency (docs/frequencies.md).

**Intervals.** With J the derivatives of the weighted levels, H = JᵀJ, and errors of size s and
correlation R along a run, the covariance of rates and clock is s² H⁻¹ (JᵀRJ) H⁻¹. Size and
correlation come from the residuals (`noise`), each divided by √(1 − h), where h is the share of
its error that the clock has absorbed.

The intervals cover errors of the levels, not the scatter of a run's rates about those of another
run. Where (1) is only nearly right, as in the Geometry model, they are too narrow.

**Test.** If rate i changed by a factor e^θ after step j, the levels would change along
d_j = ∂F/∂ln r_i at the steps after j. The derivative of the squares by θ is U_j = d_jᵀ e, with
residuals e = (I − J H⁻¹ Jᵀ) ε. Its covariance over j under (1) is

    DᵀRD − DᵀRJ H⁻¹ JᵀD − (DᵀRJ H⁻¹ JᵀD)ᵀ + DᵀJ H⁻¹ (JᵀRJ) H⁻¹ JᵀD,  times s²,

and the statistic of a skill is the largest |U_j| in its standard deviations. Its null
distribution is that of the largest of correlated Student variables, by simulation. A dependent
skill starts with a higher power of τ, so its rate seems to grow; so does that of every skill but
one when the data change. A skill that breaks the clock bends it for the others and looks like
noise. The worst one is therefore tested with the noise of the others, taken out of the clock if it
breaks it, and the others are tested again.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import ndimage, special

from skillphysics.curves import Curves
from skillphysics.domains import FRACTION, one_of
from skillphysics.errors import ArgumentError, FitError
from skillphysics.inference.arguments import check_curves, check_learned
from skillphysics.inference.links import LINKS, Link
from skillphysics.inference.noise import Noise, measure_noise, places
from skillphysics.inference.rank_one import (
    Point,
    Problem,
    Slopes,
    best_clock,
    blocks,
    curvature,
    firsts,
    levels,
    loss_at,
    slopes,
    solve,
)
from skillphysics.inference.threads import one_blas_thread
from skillphysics.measure.data import Data, data_of

# As in a comparison of theories: a smaller difference in AIC is a tie.
_TIE = 6.0
# A rate known to a factor e^3 or worse either way is not determined.
_UNDETERMINED = 3.0
# The chance that a skill is taken out of a clock that all share.
_FALSE_ALARM = 0.05
# Factor on the weight of a skill that is out of the clock: its rate still follows from the clock.
_OUT = 1e-8
# A residual of which the clock has absorbed more than this says nothing about the noise.
_ABSORBED = 0.8
# A curvature misleads if the squares rise by less than this share of what it says. A rate is
# determined if a factor of e^3 is three standard deviations off, so that chance seldom decides it.
_FLAT, _CLEAR = 0.6, 9.0
_LEAST_SHARE = 0.2
# A level that counts as learned, and one that no noise explains.
_LEARNED, _BEYOND = 0.95, 0.3
# The least size of errors, so that a test of exact levels does not see their rounding.
_ROUNDING = 1e-6
_N_CHANGE, _N_DRAW = 16, 4000
_REWEIGHTED, _BLURRED = 3, 9


@dataclass(frozen=True, eq=False, repr=False)
class Clock:
    """The clock that skills share, their rates, and who breaks it.

    Attributes:
        rates: one row per skill: `value`, `low` and `high` of the rate (geometric mean 1 over the
            determined ones that share the clock), `stderr` of its logarithm, `status` ("free" or
            "unidentifiable", where the interval is NaN), `p` (probability of a change of rate as
            large as the one seen if all skills shared one clock), `factor` (by which the rate
            changes at the step `changed`, where the evidence for a change is largest), and
            `one_clock` (whether the skill shares the clock; if not, its rate is a mean).
        clock: one row per run and checkpoint: τ as `value`, `low` and `high` (infinite once every
            skill is learned), and `p`, the probability of residuals as large as those of this
            checkpoint if (1) holds; NaN where nothing is left to test.
        link: the link of `skillphysics.inference.links.LINKS` behind the numbers.
        links: one row per link, best first: `scale` (size of the residuals, in standard errors or
            in level), `aic` and `delta_aic`.
        tied: links whose AIC is within 6 of the best. With several the data cannot tell which.
        p: probability of curves that differ as much from one clock if all skills share one.
        noise: size and correlation of the errors.
        confidence: of the intervals.
        notes: what limits the answer, in sentences.
        covariance: of the logarithms of the rates, [n_skill, n_skill].
    """

    rates: pd.DataFrame
    clock: pd.DataFrame
    link: str
    links: pd.DataFrame
    tied: tuple[str, ...]
    p: float
    noise: Noise
    confidence: float
    notes: tuple[str, ...]
    covariance: Float[np.ndarray, "n_skill n_skill"]

    def __repr__(self) -> str:
        broken = [str(n) for n in self.rates.index[~self.rates["one_clock"].to_numpy(bool)]]
        who = f"{', '.join(broken)} break it" if broken else "one clock fits all"
        return f"<Clock of {len(self.rates)} skills by {self.link}: {who}, p = {self.p:.2g}>"

    def ratios(self, to: str) -> pd.DataFrame:
        """The rates relative to that of one skill, with intervals.

        Returns:
            One row per skill: `value`, `low`, `high` (NaN if the ratio is not determined). The row
            of `to` is exactly 1.

        Raises:
            ArgumentError: there is no skill of that name.

        Example:
            >>> steps = np.arange(0, 100, 10.0)
            >>> curves = Curves.from_arrays(steps, 1 - np.exp(-np.outer(steps, [0.06, 0.02])))
            >>> infer_clock(curves).ratios(to="1").value.round(3).tolist()
            [1.0, 0.333]
        """
        if to not in self.rates.index:
            raise ArgumentError(f"to must be one of the skills, got {to!r}", argument="to")
        at = list(self.rates.index).index(to)
        inner = self.covariance
        variance = np.maximum(np.diag(inner) + inner[at, at] - 2 * inner[at], 0)
        value = self.rates["value"].to_numpy() / self.rates["value"].to_numpy()[at]
        known = np.isfinite(self.rates["low"].to_numpy())
        known &= known[at] & (np.sqrt(variance) < _UNDETERMINED)
        reach = np.where(known, _quantile(self.noise, self.confidence) * np.sqrt(variance), np.nan)
        reach[at] = 0
        return pd.DataFrame(
            {"value": value, "low": value * np.exp(-reach), "high": value * np.exp(reach)},
            index=self.rates.index,
        )


class _Solved(NamedTuple):
    """A solved problem with its noise."""

    data: Data
    problem: Problem
    point: Point
    at: Slopes
    block: np.ndarray
    noise: Noise


class _Fitted(NamedTuple):
    """A solved problem with its noise and the parts of its covariance.

    `inverse` is H⁻¹ and `spread` JᵀRJ over rates, start and blocks of the clock; `matrix` is R.
    """

    data: Data
    problem: Problem
    point: Point
    at: Slopes
    block: np.ndarray
    noise: Noise
    matrix: np.ndarray
    inverse: np.ndarray
    spread: np.ndarray
    known: np.ndarray


@one_blas_thread
def infer_clock(curves: Curves, *, link: str | None = None, confidence: float = 0.9) -> Clock:
    """The relative rates of skills and the clock they share, without naming a theory.

    The clock is free: any non-decreasing function of the step, one per run, while rates are the
    same in all runs. Compare `fit`, which assumes a theory of the clock and is sharper where that
    theory holds; `relative_times`, which needs no link but compares times, not rates; and `drift`,
    a quick look at pairs of skills where this is a test.

    Levels are weighted by 1/standard error², at the fitted levels where the standard errors are a
    function of the level. Without standard errors all levels count alike.

    Args:
        curves: levels; 0 (or 1/2 for "cross-entropy") before a skill is learned and 1 after it.
        link: a name of `skillphysics.inference.links.LINKS`; by default the best by AIC.
        confidence: of the intervals, between 0 and 1.

    Raises:
        FitError: there are fewer than two skills or three steps, a skill was never measured, no
            level changes, or every skill is learned at the first checkpoint.
        ArgumentError: another argument is unusable.

    Example:
        >>> steps = np.geomspace(1, 1000, 30)
        >>> levels = 1 - np.exp(-np.outer(steps**0.7, [0.2, 0.1, 0.02]))
        >>> found = infer_clock(Curves.from_arrays(steps, levels))
        >>> found.link, found.rates.value.round(3).tolist()
        ('exponential', [2.714, 1.357, 0.271])
    """
    check_curves(curves)
    FRACTION.check("confidence", confidence)
    if link is not None:
        one_of(*LINKS).check("link", link)
    data = data_of(curves)
    check_learned(data)
    _check_rates(data)
    every = np.ones(len(curves.names))
    solved = {name: _solved(data, LINKS[name], every) for name in ([link] if link else LINKS)}
    table = _ranked(solved)
    best = str(table.index[0])
    tied = tuple(str(name) for name in table.index[table["delta_aic"].to_numpy() < _TIE])
    whole, test, p = _tested(_fitted(solved[best]), data, LINKS[best])
    rates, covariance = _rates(whole, test, curves, confidence)
    clock = _clock(whole, curves, confidence)
    notes = _notes(data, curves, rates, tied)
    return Clock(rates, clock, best, table, tied, p, whole.noise, confidence, notes, covariance)


def _check_rates(data: Data) -> None:
    n_skill = data.level.shape[-1]
    if n_skill < 2:
        raise FitError(
            "rates are relative and need at least two skills, got 1; fit a theory to a single skill"
        )
    # The first measurement of each skill, in every run.
    first = np.argmax(data.measured, axis=1)
    begun = np.take_along_axis(data.level, first[:, None], 1)[:, 0]
    usual = np.nanmean(np.where(data.measured, data.level, np.nan), axis=(0, 1))
    if (begun > _LEARNED)[data.measured.any(axis=1)].all() and (usual > _LEARNED).all():
        raise FitError(
            "every skill is learned at the first checkpoint, so its rate is unknown; give a log "
            "with earlier checkpoints"
        )


def _solved(data: Data, link: Link, trust: np.ndarray, first: Point | None = None) -> _Solved:
    """Solve, with standard errors at the fitted levels, and measure the noise."""
    _, n_step, n_skill = data.level.shape
    rows = (data.level.reshape(-1, n_skill), data.weight.reshape(-1, n_skill))
    problem = Problem(*rows, n_step, link, trust, bool(data.steps[0] == 0))
    point = solve(problem, first)
    if np.isfinite(data.variance).any():
        for _ in range(_REWEIGHTED):
            data = data.expecting(_blurred(levels(link, point).reshape(data.level.shape)))
            problem = problem._replace(root_weight=data.weight.reshape(-1, n_skill))
            point = solve(problem, point)
    at = slopes(problem, point)
    block = blocks(point.clock, n_step)
    return _Solved(data, problem, point, at, block, _noise(data, problem, at, block))


def _fitted(solved: _Solved) -> _Fitted:
    """The covariance of a solution, over the rates that the levels determine."""
    data, problem, point, at, block, noise = solved
    matrix = np.kron(np.eye(len(data.level)), noise.matrix(places(data.measured)))
    known = noise.scale < _UNDETERMINED * np.sqrt((at.by_rate**2).sum(0))
    while True:
        inverse = _inverse(problem, at, block, known)
        spread = _spread(problem, at, block, matrix)
        covariance = noise.scale**2 * inverse @ spread @ inverse
        # One rate that is not determined blurs the mean and so all others: only the worst goes.
        worst = _least_known(problem, point, block, noise, covariance, inverse, known)
        if worst is None or known.sum() <= 2:
            break
        known[worst] = False
    return _Fitted(*solved, matrix, inverse, spread, known)


def _blurred(level: np.ndarray) -> np.ndarray:
    """Means over up to nine checkpoints, [n_run, n_step, n_skill].

    The clock follows the errors of its own checkpoint. A variance at that level would be small
    where the errors happen to be, and estimates would be biased.
    """
    width = min(level.shape[1] // 6, _BLURRED) // 2 * 2 + 1
    return ndimage.uniform_filter1d(level, width, axis=1, mode="nearest")


def _noise(data: Data, problem: Problem, at: Slopes, block: np.ndarray) -> Noise:
    """The noise that affects the rates, from residuals corrected for what the clock absorbs."""
    shape = data.level.shape
    absorbed = _absorbed(problem, at, block)
    told = (absorbed < _ABSORBED) & (problem.trust > 0.5) & data.measured.reshape(absorbed.shape)
    residual = np.where(told, at.residual / np.sqrt(1 - np.minimum(absorbed, _ABSORBED)), 0.0)
    own = [at.by_rate, at.by_start] if problem.link.has_start else [at.by_rate]
    jacobian = np.array([np.where(told, one, 0.0).reshape(shape) for one in own])
    noises, _ = measure_noise(
        residual.reshape(shape), told.reshape(shape), jacobian, known=data.known_noise
    )
    return noises[0]._replace(scale=max(noises[0].scale, _ROUNDING))


def _absorbed(problem: Problem, at: Slopes, block: np.ndarray) -> np.ndarray:
    """The share of each error that the clock follows, [n_row, n_skill]."""
    square = problem.trust * at.by_clock**2
    total = np.bincount(block, square.sum(1))
    return square / np.maximum(total, 1e-300)[block][:, None]


def _least_known(
    problem: Problem,
    point: Point,
    block: np.ndarray,
    noise: Noise,
    covariance: np.ndarray,
    inverse: np.ndarray,
    known: np.ndarray,
) -> int | None:
    """The rate that is determined least, if it is not determined at all.

    Its error is large, or it can move to an end of its 90 % interval almost for free. There the
    curvature misleads: a skill that is learned between two checkpoints may have any rate above some
    bound. The other rates follow linearly, and the clock is the best one for them.
    """
    n_skill = known.size
    deviation = np.sqrt(np.maximum(np.where(known, np.diag(covariance)[:n_skill], 0.0), 1e-300))
    if deviation.max() > _UNDETERMINED:
        return int(np.argmax(deviation))
    quantile = _quantile(noise, 0.9)
    support = np.full(n_skill, np.inf)
    for i in np.flatnonzero(known & (problem.trust == 1)):
        near = quantile * covariance[:, i] / deviation[i]
        far = np.zeros_like(near)
        far[i] = _UNDETERMINED
        unit = deviation[i] ** 2 / inverse[i, i]
        least = _FLAT * quantile**2
        for shift, enough in ((-near, least), (near, least), (-far, _CLEAR), (far, _CLEAR)):
            rise = _moved(problem, point, block, shift).loss - point.loss
            support[i] = min(support[i], rise / unit / enough)
    worst = int(np.argmin(support))
    return worst if support[worst] < 1 else None


def _moved(problem: Problem, point: Point, block: np.ndarray, shift: np.ndarray) -> Point:
    """The point with shifted rates, start and blocks, and then the best clock."""
    n_skill = point.log_rate.size
    n_top = n_skill + problem.link.has_start
    log_rate = point.log_rate + np.clip(shift[:n_skill], -_UNDETERMINED, _UNDETERMINED)
    start = point.start + (shift[n_skill] if problem.link.has_start else 0.0)
    clock = np.maximum(point.clock + shift[n_top:][block], _LEAST_SHARE * point.clock)
    clock = np.maximum.accumulate(clock.reshape(-1, problem.n_step), axis=1).reshape(-1)
    moved = Point(log_rate, start, clock, loss_at(problem, log_rate, start, clock))
    return best_clock(problem, moved)


def _inverse(problem: Problem, at: Slopes, block: np.ndarray, known: np.ndarray) -> np.ndarray:
    """H⁻¹ with Σ ln r = 0 over the known rates in the clock; unknown rates are held."""
    top, mixed, clock = curvature(problem, at, block)
    n_skill, n_top = known.size, len(top)
    free = np.append(known, np.ones(n_top - n_skill, bool))
    size = np.sqrt(np.where(free, np.maximum(np.diag(top), 1e-300), 1.0))
    top = np.where(free[:, None] & free, top / size / size[:, None], np.eye(n_top))
    mixed = np.where(free[:, None], mixed / size[:, None], 0.0)
    reduced = top - (mixed / clock) @ mixed.T
    gauge = np.append(known & (problem.trust == 1), np.zeros(n_top - n_skill)) / size
    border = np.zeros((n_top + 1, n_top + 1))
    border[:-1, :-1], border[-1, :-1], border[:-1, -1] = reduced, gauge, gauge
    upper = np.linalg.pinv(border, rcond=1e-13, hermitian=True)[:-1, :-1] / size / size[:, None]
    upper = np.where(free[:, None] & free, upper, 0.0)
    mixed = mixed * size[:, None] / clock
    across = -upper @ mixed
    lower = mixed.T @ upper @ mixed + np.diag(1 / clock)
    return np.block([[upper, across], [across.T, lower]])


def _spread(problem: Problem, at: Slopes, block: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """JᵀRJ with J weighted by trust."""
    own, shared, by_clock = _weighted(problem, at)
    correlated = matrix @ own
    parts = [np.diag((own * correlated).sum(0))]
    top = parts[0]
    mixed = _by_block(correlated * by_clock, block)
    if problem.link.has_start:
        smeared = matrix @ shared
        corner = (own * smeared).sum(0)
        top = np.block(
            [[top, corner[:, None]], [corner[None], np.full((1, 1), (shared * smeared).sum())]]
        )
        mixed = np.vstack([mixed, _by_block(smeared * by_clock, block).sum(0)])
    lower = _by_block(_by_block(matrix * (by_clock @ by_clock.T), block), block)
    return np.block([[top, mixed], [mixed.T, lower]])


def _weighted(problem: Problem, at: Slopes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return problem.trust * at.by_rate, problem.trust * at.by_start, problem.trust * at.by_clock


def _by_block(values: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Rows summed by block, transposed: [n_column, n_block]."""
    return np.add.reduceat(values, firsts(block), axis=0).T


def _ranked(solved: dict[str, _Solved]) -> pd.DataFrame:
    """Links by AIC, with the noise of the one that fits best."""
    deviance = {
        name: one.data.deviance(levels(one.problem.link, one.point).reshape(one.data.level.shape))
        for name, one in solved.items()
    }
    count = {
        name: one.block[-1] + len(one.problem.trust) + one.problem.link.has_start
        for name, one in solved.items()
    }
    closest = min(deviance, key=lambda name: deviance[name])
    inflation = max(solved[closest].noise.inflation, 1e-300)
    aic = {name: deviance[name] / inflation + 2 * count[name] for name in solved}
    order = sorted(solved, key=lambda name: aic[name])
    n_point = solved[closest].data.n_point
    rows = {
        name: {
            "scale": float(np.sqrt(deviance[name] / max(n_point - count[name], 1))),
            "aic": float(aic[name]),
            "delta_aic": float(aic[name] - aic[order[0]]),
        }
        for name in order
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("link")


def _tested(whole: _Fitted, data: Data, link: Link) -> tuple[_Fitted, pd.DataFrame, float]:
    """The clock without the skills that break it, the test of every skill, and its first p."""
    n_skill = whole.known.size
    test, trust, p = _changes(whole), np.ones(n_skill), np.nan
    for _ in range((n_skill - 1) // 2):
        inside = np.where(trust == 1, test["z"], np.nan)
        if not np.isfinite(inside).any():
            break
        worst = int(np.nanargmax(inside))
        without = trust.copy()
        without[worst] = _OUT
        left = _fitted(_solved(data, link, without, whole.point))
        # Its own misfit would pass for noise, so that of the others counts.
        chance = _changes(_with_noise(whole, left.noise))["p"][worst]
        chance = min(1.0, float(np.nan_to_num(chance, nan=1.0) * (trust == 1).sum()))
        p = chance if np.isnan(p) else p
        if chance >= _FALSE_ALARM:
            break
        trust, whole = without, left
        test = _changes(whole)
    if np.isnan(p):
        p = min(1.0, float(np.nanmin(np.append(test["p"], 1.0))) * n_skill)
    return whole, test, p


def _with_noise(whole: _Fitted, noise: Noise) -> _Fitted:
    matrix = np.kron(np.eye(len(whole.data.level)), noise.matrix(places(whole.data.measured)))
    spread = _spread(whole.problem, whole.at, whole.block, matrix)
    return whole._replace(noise=noise, matrix=matrix, spread=spread)


def _changes(whole: _Fitted) -> pd.DataFrame:
    """For each skill, the change of its rate with the most evidence for it."""
    problem, at, block, noise = whole.problem, whole.at, whole.block, whole.noise
    n_skill = whole.known.size
    rows = np.arange(len(block))
    step = rows % problem.n_step
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(_N_DRAW, _N_CHANGE)) / np.sqrt(
        rng.chisquare(noise.dof, size=(_N_DRAW, 1)) / noise.dof
    )
    table = []
    for i in range(n_skill):
        own = at.by_rate[:, i]
        places = _change_steps(own, step, problem.n_step) if whole.known[i] else np.zeros(0, int)
        later = own[:, None] * (step[:, None] >= places)
        correlated = whole.matrix @ later
        to_parameters = [_own_rows(whole, i, part) for part in (later, correlated)]
        mapped = whole.inverse @ to_parameters[0].T
        cross = problem.trust[i] * to_parameters[1] @ mapped
        cover = later.T @ correlated - cross - cross.T + mapped.T @ whole.spread @ mapped
        bread = later.T @ later - problem.trust[i] * to_parameters[0] @ mapped
        size = noise.scale * np.sqrt(np.maximum(np.diag(cover), 0))
        kept = np.diag(cover) > 1e-6 * (own**2).sum()
        if not kept.any():
            table.append((np.nan, np.nan, np.nan, -1))
            continue
        z = (later.T @ at.residual[:, i])[kept] / np.maximum(size[kept], 1e-300)
        worst = int(np.argmax(np.abs(z)))
        factor = np.exp(np.clip((later.T @ at.residual[:, i])[kept] / np.diag(bread)[kept], -9, 9))
        cover = cover[np.ix_(kept, kept)] / np.outer(size[kept], size[kept]) * noise.scale**2
        value, vector = np.linalg.eigh(cover)
        root = vector * np.sqrt(np.maximum(value, 0))
        largest = np.abs(normal[:, : kept.sum()] @ root.T).max(1)
        p = (1 + (largest >= abs(z[worst])).sum()) / (1 + _N_DRAW)
        tail = 2 * kept.sum() * special.stdtr(noise.dof, -abs(z[worst]))
        p = min(p, max(tail, 0.0)) if p < 20 / _N_DRAW else p
        table.append((abs(z[worst]), p, factor[worst], places[kept][worst]))
    return pd.DataFrame(table, columns=["z", "p", "factor", "change"])


def _change_steps(own: np.ndarray, step: np.ndarray, n_step: int) -> np.ndarray:
    """Steps that split what the levels say about a rate into equal parts."""
    share = np.cumsum(np.bincount(step, own**2, n_step))
    share = share / share[-1]
    wanted = np.arange(1, _N_CHANGE + 1) / (_N_CHANGE + 1)
    return np.unique(np.searchsorted(share, wanted) + 1)


def _own_rows(whole: _Fitted, skill: int, part: np.ndarray) -> np.ndarray:
    """JᵢᵀD for columns D of one skill, transposed: [n_column, n_parameter]."""
    at, n_skill = whole.at, whole.known.size
    found = np.zeros((part.shape[1], len(whole.inverse)))
    found[:, skill] = at.by_rate[:, skill] @ part
    if whole.problem.link.has_start:
        found[:, n_skill] = at.by_start[:, skill] @ part
    n_top = n_skill + whole.problem.link.has_start
    found[:, n_top:] = _by_block(at.by_clock[:, [skill]] * part, whole.block)
    return found


def _rates(
    whole: _Fitted, test: pd.DataFrame, curves: Curves, confidence: float
) -> tuple[pd.DataFrame, np.ndarray]:
    n_skill = whole.known.size
    inner = slice(0, n_skill)
    covariance = whole.noise.scale**2 * (whole.inverse @ whole.spread @ whole.inverse)[inner, inner]
    stderr = np.where(whole.known, np.sqrt(np.maximum(np.diag(covariance), 0)), np.inf)
    free = stderr < _UNDETERMINED
    reach = np.where(free, _quantile(whole.noise, confidence) * stderr, np.nan)
    value = np.exp(whole.point.log_rate - _mean_log_rate(whole))
    change = test["change"].to_numpy()
    rates = pd.DataFrame(
        {
            "value": value,
            "low": value * np.exp(-reach),
            "high": value * np.exp(reach),
            "stderr": stderr,
            "status": np.where(free, "free", "unidentifiable"),
            "p": test["p"].to_numpy(),
            "factor": test["factor"].to_numpy(),
            "changed": np.where(
                change >= 0, curves.steps[np.minimum(change, curves.steps.size - 1)], np.nan
            ),
            "one_clock": whole.problem.trust == 1,
        },
        index=pd.Index(curves.names, name="skill"),
    )
    return rates, (covariance + covariance.T) / 2


def _mean_log_rate(whole: _Fitted) -> float:
    inside = whole.known & (whole.problem.trust == 1)
    return float(whole.point.log_rate[inside if inside.any() else slice(None)].mean())


def _quantile(noise: Noise, confidence: float) -> float:
    return float(special.stdtrit(noise.dof, 0.5 + confidence / 2))


def _clock(whole: _Fitted, curves: Curves, confidence: float) -> pd.DataFrame:
    """τ of every run and step with pointwise intervals, and the test of its residuals."""
    problem, point, noise, block = whole.problem, whole.point, whole.noise, whole.block
    n_top = whole.known.size + problem.link.has_start
    covariance = noise.scale**2 * whole.inverse @ whole.spread @ whole.inverse
    stderr = np.sqrt(np.maximum(np.diag(covariance)[n_top:], 0))[block]
    scale = np.exp(_mean_log_rate(whole))
    reach = _quantile(noise, confidence) * stderr
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = np.exp(np.minimum(reach / point.clock, 700))
    far = 2 * stderr > point.clock
    low = np.where(far, np.maximum(point.clock - reach, 0), point.clock / spread)
    high = np.where(far, point.clock + reach, point.clock * spread)
    learned = (levels(problem.link, point) > 1 - 2e-5).all(1)
    high = np.where(learned, np.inf, high)
    unseen = ~whole.data.measured.any(axis=2).reshape(-1)
    low, high = (np.where(unseen, np.nan, end) for end in (low, high))
    value = np.stack([point.clock, low, high], axis=1) * scale
    table = pd.DataFrame(value, columns=["value", "low", "high"])
    table["p"] = _misfits(whole)
    runs = (
        [str(name) for name in np.atleast_1d(curves.dataset["run"].values)]
        if "run" in curves.level.dims
        else [""]
    )
    table.index = pd.MultiIndex.from_product([runs, curves.steps], names=["run", "step"])
    return table


def _misfits(whole: _Fitted) -> np.ndarray:
    """P of each checkpoint's squared residuals against those of noise, [n_row]."""
    problem, at, block = whole.problem, whole.at, whole.block
    left = np.maximum(1 - _absorbed(problem, at, block), 0)
    kept = (problem.root_weight > 0) & (problem.trust == 1)
    square = np.where(kept, at.residual**2, 0).sum(1) / whole.noise.scale**2
    count = np.where(kept, left, 0).sum(1)
    p = special.fdtrc(np.maximum(count, 1e-3), whole.noise.dof, square / np.maximum(count, 1e-3))
    return np.where(count >= 0.5, p, np.nan)


def _notes(
    data: Data, curves: Curves, rates: pd.DataFrame, tied: tuple[str, ...]
) -> tuple[str, ...]:
    """What limits the answer."""
    names = np.array(curves.names)
    # Measured in the Geometry world by studies/clock.py.
    notes = [
        "Intervals cover the errors of the levels, not those of the law: where skills share a "
        "clock only roughly, 90 % intervals held the ratios of frequencies in 19 to 69 % of cases."
    ]
    unknown = names[rates["status"].to_numpy() != "free"]
    if unknown.size:
        notes.append(
            f"The rate of {_listed(unknown)} is not determined: too few checkpoints show it in "
            "transition together with other skills."
        )
    if len(tied) > 1:
        notes.append(f"The data cannot tell the links {_listed(tied)}; ratios depend on the link.")
    broken = names[~rates["one_clock"].to_numpy()]
    if broken.size:
        notes.append(
            f"{_listed(broken)} {'do' if broken.size > 1 else 'does'} not share the clock of the "
            "other skills; the rate given is a mean."
        )
    rest = rates["p"].to_numpy()[rates["one_clock"].to_numpy()]
    rest = rest[np.isfinite(rest)]
    if rest.size and rest.min() * rest.size < _FALSE_ALARM:
        notes.append(
            "No clock fits the remaining skills either, and the test cannot tell which skill "
            "breaks it."
        )
    pairs = _equal_pairs(data)
    if pairs:
        notes.append(
            f"The levels of {' and '.join(names[list(pairs[0])])} are identical, so they count as "
            "two measurements of the same errors."
        )
    level = np.where(data.measured, data.level, np.nan)
    outside = ((level > 1 + _BEYOND) | (level < -_BEYOND)).sum() / data.n_point
    if outside > 0.02:
        notes.append(
            f"{outside:.0%} of the levels lie far outside of 0 to 1, which no link allows; rescale "
            "them."
        )
    falling = names[_falling(level)]
    if falling.size:
        notes.append(
            f"The levels of {_listed(falling)} fall, and a clock never runs backwards; keep the "
            "part of the log in which they rise."
        )
    return tuple(notes)


def _falling(level: np.ndarray) -> np.ndarray:
    """Skills whose last third lies clearly below their middle or first third, [n_skill]."""
    third = max(level.shape[1] // 3, 1)
    rough = np.sqrt(np.nanmean(np.diff(level, axis=1) ** 2, axis=(0, 1)) / 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of skills that a third does not measure
        first, middle, last = (
            np.nanmean(level[:, part], axis=(0, 1))
            for part in (slice(None, third), slice(third, -third), slice(-third, None))
        )
    fall = np.fmax(first, middle) - last
    return fall > 4 * rough * np.sqrt(2 / (third * len(level)))


def _equal_pairs(data: Data) -> list[tuple[int, int]]:
    flat = np.where(data.measured, data.level, -9.0).reshape(-1, data.level.shape[-1])
    _, first, inverse = np.unique(flat, axis=1, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    return [(int(first[k]), i) for i, k in enumerate(inverse) if first[k] != i]


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))

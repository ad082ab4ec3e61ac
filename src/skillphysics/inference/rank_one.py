"""Least squares for levels F(r_i τ_j) with free rates and a free, non-decreasing clock.

Rows j are checkpoints, run after run, and columns i are skills. With a_i = ln r_i, weights w_ij
and residuals e = √w (y − F), the derivatives of √w F are

    A_ij = √w F' x (by a_i),  B_ij = −√w F' (by the start b),  T_ij = √w F' r_i (by τ_j).

A level depends on one rate and on one step of the clock, so in the normal equations the block of
the clock is diagonal, and eliminating it leaves one equation per skill. A clock that would run
backwards is held still: steps where it stands are one block with one τ. Multiplying all rates by a
number and dividing the clock by it changes no level; the term vvᵀ below keeps Σ v_i a_i constant.
"""

from typing import NamedTuple

import numpy as np
from scipy import linalg, optimize

from skillphysics.inference.links import Link

# Progress stops where this is left of a level; the data cannot tell what comes after.
_LEFT = 1e-5
_GRID = 220
_ROUNDS, _CLOCK_ROUNDS, _TOLERANCE = 100, 12, 1e-9
# Rates differ by at most this, in logarithms.
_WIDEST = 12.0
_FAINT = 1e-12


class Problem(NamedTuple):
    """Levels and weights of all runs, one below the other.

    Attributes:
        level: y, [n_row, n_skill], 0 where not measured.
        root_weight: √w, 0 where not measured.
        n_step: rows of one run.
        link: F.
        trust: factor on the weight of each skill, [n_skill]; near 0 for a skill that must not move
            the clock.
        from_zero: whether the clock of every run is 0 at its first row, which is step 0.
    """

    level: np.ndarray
    root_weight: np.ndarray
    n_step: int
    link: Link
    trust: np.ndarray
    from_zero: bool = False


class Point(NamedTuple):
    """Parameters and what they leave of the squares.

    Attributes:
        log_rate: a, [n_skill].
        start: b; 0 for links without a start.
        clock: τ, [n_row].
        loss: weighted sum of squared residuals.
    """

    log_rate: np.ndarray
    start: float
    clock: np.ndarray
    loss: float


class Slopes(NamedTuple):
    """Residuals and derivatives at a point, in units of √w, [n_row, n_skill]."""

    residual: np.ndarray
    by_rate: np.ndarray
    by_start: np.ndarray
    by_clock: np.ndarray


def levels(link: Link, point: Point) -> np.ndarray:
    """F at a point, [n_row, n_skill]."""
    return link.level(point.clock[:, None] * np.exp(point.log_rate), point.start)


def slopes(problem: Problem, point: Point) -> Slopes:
    """Residuals and their derivatives with the sign of the levels."""
    rate = np.exp(point.log_rate)
    x = point.clock[:, None] * rate
    slope = problem.root_weight * problem.link.slope(x, point.start)
    residual = problem.root_weight * (problem.level - problem.link.level(x, point.start))
    by_start = -slope if problem.link.has_start else np.zeros_like(slope)
    by_clock = slope * rate
    if problem.from_zero:
        by_clock[:: problem.n_step] = 0
    return Slopes(residual, slope * x, by_start, by_clock)


def solve(problem: Problem, first: Point | None = None) -> Point:
    """The best point from `first`, or from several starts."""
    if first is not None:
        return _descend(problem, first, _ROUNDS)
    guesses = []
    for start in problem.link.starts:
        guess = _on_grid(problem, _guess(problem, start), start)
        guess = _on_grid(problem, guess.log_rate, start)
        guesses.append(_descend(problem, guess, 8))
    return _descend(problem, min(guesses, key=lambda guess: guess.loss), _ROUNDS)


def _on_grid(problem: Problem, log_rate: np.ndarray, start: float) -> Point:
    """A few steps from the best clock on a grid."""
    clock = _best_on_grid(problem, log_rate, start)
    return _descend(
        problem, Point(log_rate, start, clock, loss_at(problem, log_rate, start, clock)), 8
    )


def blocks(clock: np.ndarray, n_step: int) -> np.ndarray:
    """The number of the block of each row: neighbours in a run where the clock stands, [n_row]."""
    new = np.diff(clock, prepend=-1.0) != 0
    new[::n_step] = True
    return np.cumsum(new) - 1


def firsts(block: np.ndarray) -> np.ndarray:
    """The first row of each block."""
    return np.unique(block, return_index=True)[1]


def curvature(problem: Problem, at: Slopes, block: np.ndarray) -> tuple[np.ndarray, ...]:
    """The normal equations: of rates and start, mixed, and the diagonal of the clock's blocks."""
    trust, n_skill = problem.trust, problem.level.shape[1]
    n_top = n_skill + problem.link.has_start
    top = np.zeros((n_top, n_top))
    mixed = np.zeros((n_top, block[-1] + 1))
    top[np.arange(n_skill), np.arange(n_skill)] = trust * (at.by_rate**2).sum(0)
    np.add.at(mixed.T[:, :n_skill], block, trust * at.by_rate * at.by_clock)
    if problem.link.has_start:
        top[:n_skill, -1] = top[-1, :n_skill] = trust * (at.by_rate * at.by_start).sum(0)
        top[-1, -1] = (trust * at.by_start**2).sum()
        mixed[-1] = np.bincount(block, (trust * at.by_start * at.by_clock).sum(1))
    clock = np.bincount(block, (trust * at.by_clock**2).sum(1))
    return top, mixed, np.maximum(clock, _FAINT * clock.max() + 1e-300)


def _descend(problem: Problem, point: Point, rounds: int) -> Point:
    """Levenberg and Marquardt's steps for the rates, each followed by the best clock for them."""
    point = best_clock(problem, point)
    damping = 1e-3
    n_skill = point.log_rate.size
    for _ in range(rounds):
        at = slopes(problem, point)
        block = blocks(point.clock, problem.n_step)
        top, mixed, clock = curvature(problem, at, block)
        pull = problem.trust * (at.by_rate * at.residual).sum(0)
        if problem.link.has_start:
            pull = np.append(pull, (problem.trust * at.by_start * at.residual).sum())
        push = np.bincount(block, (problem.trust * at.by_clock * at.residual).sum(1))
        reduced = top - (mixed / clock) @ mixed.T
        pull = pull - (mixed / clock) @ push
        better, shift = None, np.zeros_like(pull)
        for _ in range(8):
            diagonal = damping * np.diag(top) + _FAINT * np.diag(top).max()
            shift = linalg.solve(reduced + np.diag(diagonal), pull, assume_a="sym")
            shift = np.clip(shift, -1, 1)
            step = shift[:n_skill]
            moved = point.log_rate + step - step.mean()
            moved = np.clip(moved, np.median(moved) - _WIDEST, np.median(moved) + _WIDEST)
            start = point.start + (shift[-1] if problem.link.has_start else 0.0)
            # The clock moves along its own part of the step.
            ahead = (
                (push - mixed.T @ shift) / clock / np.maximum(point.clock[firsts(block)], 1e-300)
            )
            tried = point.clock * np.exp(step.mean() + np.clip(ahead, -1, 1))[block]
            tried = _monotone(problem, tried, np.ones_like(tried), moved, start)
            trial = Point(moved, start, tried, loss_at(problem, moved, start, tried))
            trial = best_clock(problem, trial)
            if trial.loss < point.loss:
                better, damping = trial, damping / 5
                break
            damping = damping * 6
        if better is None:
            return point
        done = point.loss - better.loss < _TOLERANCE * better.loss + 1e-14
        point = better
        if done:
            return point
    return point


def best_clock(problem: Problem, point: Point) -> Point:
    """The clock of least squares at fixed rates, by projected Gauss-Newton steps."""
    rate_most = np.exp(point.log_rate.max())
    for _ in range(_CLOCK_ROUNDS):
        at = slopes(problem, point)
        push = (problem.trust * at.by_clock * at.residual).sum(1)
        bend = (problem.trust * at.by_clock**2).sum(1)
        bend = np.maximum(bend, _FAINT * bend.max() + 1e-300)
        reach = 2 * point.clock + 0.1 / rate_most
        ahead = point.clock + np.clip(push / bend, -point.clock, reach)
        ahead = _monotone(problem, ahead, bend, point.log_rate, point.start)
        for share in (1.0, 0.5, 0.25, 0.06):
            clock = point.clock + share * (ahead - point.clock)
            loss = loss_at(problem, point.log_rate, point.start, clock)
            if loss < point.loss:
                break
        else:
            return point
        done = point.loss - loss < _TOLERANCE * loss
        point = point._replace(clock=clock, loss=loss)
        if done:
            return point
    return point


def _monotone(
    problem: Problem, clock: np.ndarray, bend: np.ndarray, log_rate: np.ndarray, start: float
) -> np.ndarray:
    """The closest clock, in the metric of the curvature, that never runs backwards."""
    most = _most(problem, start) / np.exp(log_rate.min())
    if problem.from_zero:
        clock = np.where(np.arange(clock.size) % problem.n_step, clock, 0.0)
    runs = [
        optimize.isotonic_regression(one, weights=weight).x
        for one, weight in zip(
            clock.reshape(-1, problem.n_step), bend.reshape(-1, problem.n_step), strict=True
        )
    ]
    return np.clip(np.concatenate(runs), 0, most)


def _most(problem: Problem, start: float) -> float:
    return float(problem.link.progress(np.array([1 - _LEFT]), start)[0])


def loss_at(problem: Problem, log_rate: np.ndarray, start: float, clock: np.ndarray) -> float:
    """Weighted sum of squared residuals."""
    level = problem.link.level(clock[:, None] * np.exp(log_rate), start)
    square = (problem.root_weight * (problem.level - level)) ** 2
    return float(square.sum(0) @ problem.trust)


def _best_on_grid(problem: Problem, log_rate: np.ndarray, start: float) -> np.ndarray:
    """The best non-decreasing clock among the values of a grid, by dynamic programming."""
    rate = np.exp(log_rate)
    grid = np.geomspace(1e-3 / rate.max(), _most(problem, start) / rate.min(), _GRID)
    grid = np.concatenate([[0.0], grid])
    level = problem.link.level(grid[:, None] * rate, start)
    weight = problem.trust * problem.root_weight**2
    cost = weight @ (level**2).T - 2 * (weight * problem.level) @ level.T
    found = []
    for run in cost.reshape(-1, problem.n_step, grid.size):
        total, back = run[0], []
        if problem.from_zero:
            total[1:] = np.inf
        for row in run[1:]:
            least = np.minimum.accumulate(total)
            back.append(np.maximum.accumulate(np.where(total == least, np.arange(grid.size), 0)))
            total = least + row
        place = [int(np.argmin(total))]
        for step in reversed(back):
            place.append(int(step[place[-1]]))
        found.append(grid[place[::-1]])
    return np.concatenate(found)


def _guess(problem: Problem, start: float) -> np.ndarray:
    """Rates from ln x = a_i + ln τ_j where levels are clear of both ends, by weighted averages.

    Skills that are never clear at the same step keep the ratio of their half-times.
    """
    link, n_step = problem.link, problem.n_step
    measured = problem.root_weight > 0
    low, high = link.origin + 0.05 * (1 - link.origin), 0.95
    clear = measured & (problem.level > low) & (problem.level < high)
    x = np.maximum(link.progress(np.where(clear, problem.level, 0.7), start), 1e-6)
    weight = np.where(clear, (problem.root_weight * link.slope(x, start) * x) ** 2, 0.0)
    z = np.log(x)
    row = weight.sum(1)
    share = weight / np.where(row > 0, row, 1)[:, None]
    matrix = np.diag(weight.sum(0)) - weight.T @ share
    right = (weight * (z - (share * z).sum(1)[:, None])).sum(0)
    half = (link.origin + 1) / 2
    below = np.where(measured & (problem.level < half), 1, 0).reshape(-1, n_step, measured.shape[1])
    prior = -np.log(1 + below.sum(1).mean(0))
    ridge = 1e-3 * np.trace(matrix) / len(matrix) + 1e-12
    solved = linalg.solve(matrix + ridge * np.eye(len(matrix)), right + ridge * prior)
    return np.clip(solved - solved.mean(), -_WIDEST / 2, _WIDEST / 2)

"""The prefactors of the power laws of the linear and multilinear models.

All are integrals over u, the exponent of a skill, of Φ(u) = ½(S − R)² (`Decoupled.unlearned`), in
NumPy and double precision. a = α − 1 throughout, and ζ is the sum Z of k^−α over all skills.
"""

from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy import integrate, optimize, special

from skillphysics.domains import POSITIVE
from skillphysics.errors import ArgumentError
from skillphysics.numerics.zipf import Zipf
from skillphysics.scaling.decoupled import Decoupled, log_left

# Φ is negligible after this many e-foldings.
_GONE = 40.0
# Below this exponent u the loss of a skill is Φ(0) to rounding.
_FLAT = 1e-17
_N_CANDIDATE = 40
# Skills that start closer to the target are best not trained at all.
_NEAREST = 0.9


class Allocation(NamedTuple):
    """The best division of a compute budget C = N T.

    Attributes:
        n_basis: N.
        steps: T.
        loss: the loss there.
    """

    n_basis: float
    steps: float
    loss: float


def time_prefactor(model: Decoupled, ratio: float = np.inf) -> float:
    """A(λ) of L ≈ A(λ) (ηST)^{−a/(a+1)} for N = λ (ηST)^{1/(a+1)}; A_T at λ = ∞ (SCIENCE §4).

    A(λ) = ζ^{−1/α}/α ∫_{λ^−α/ζ}^∞ u^{−1/α} Φ(u) du + S² λ^−a/(2 a ζ). With
    u = ηST k^−α/ζ this is the sum over k ≤ N as an integral, plus the tail without basis functions.
    Linear models have η T in place of η S T.

    Args:
        model: the model; its number of skills shows in ζ only.
        ratio: λ.

    Example:
        >>> [round(2 * time_prefactor(Decoupled(1 + a)), 2) for a in (0.3, 0.6, 0.9)]
        [1.29, 1.2, 1.06]
    """
    alpha, norm, scale, half_way = _numbers(model)
    a = alpha - 1
    power = a / alpha
    low = 0.0 if np.isinf(ratio) else ratio**-alpha / norm
    high = half_way / 2 + _GONE / 4

    def remaining(log_u: float) -> float:
        left = log_left(model.layers, half_way, np.exp(log_u))
        return float(power * np.exp(power * log_u + 2 * left))

    # u^{−1/α} du = (α/a) d(u^{a/α}). Up to _FLAT the skill has not moved; from there ln u is the
    # variable, in which no exponent makes the integrand steep.
    first = max(low, _FLAT)
    total = (first**power - low**power) * np.exp(2 * log_left(model.layers, half_way, 0.0))
    edges = [first, *(x for x in (half_way / 2,) if first < x < high), max(high, first)]
    total += sum(
        integrate.quad(remaining, left, right, epsabs=0, epsrel=1e-12, limit=500)[0]
        for left, right in pairwise(np.log(edges))
        if right > left
    )
    seen = norm ** (-1 / alpha) / alpha / power * scale**2 / 2 * float(total)
    return seen + (0.0 if np.isinf(ratio) else scale**2 * ratio**-a / (2 * a * norm))


def data_prefactor(model: Decoupled, ratio: float = np.inf) -> float:
    """A_D of L ≈ A_D D^{−a/(a+1)}, with N = λ D^{1/(a+1)} basis functions for a finite λ.

    A_D = (S − r)² ζ^{−1/α} Γ(a/α)/(2α). A finite λ makes it the upper incomplete Γ(a/α, λ^−α/ζ) and
    adds S² λ^−a/(2 a ζ).

    Args:
        model: the model.
        ratio: λ.

    Example:
        >>> round(data_prefactor(Decoupled(2.0, initial_strength=1e-9)), 4)
        0.3455
    """
    alpha, norm, scale, _ = _numbers(model)
    a = alpha - 1
    gamma = float(special.gamma(a / alpha))
    rest = 0.0
    if np.isfinite(ratio):
        gamma *= float(special.gammaincc(a / alpha, ratio**-alpha / norm))
        rest = scale**2 * ratio**-a / (2 * a * norm)
    left = (scale - float(model.start)) ** 2
    return left * norm ** (-1 / alpha) * gamma / (2 * alpha) + rest


def parameter_prefactor(model: Decoupled) -> float:
    """A_N = S²/(2 a ζ) of L ≈ A_N N^−a, for many more skills than N (N24).

    For a finite number of skills multiply it by 1 − (N/n_skill)^a. The paper's method section has
    S²/2, which assumes ζ ≈ 1/a.

    Example:
        >>> round(parameter_prefactor(Decoupled(2.0)), 4)
        0.304
    """
    alpha, norm, scale, _ = _numbers(model)
    return scale**2 / (2 * (alpha - 1) * norm)


def compute_ratio(model: Decoupled) -> float:
    """The best λ in N = λ (ηSC)^{1/(a+2)}, which minimises A(λ^{(a+2)/(a+1)}) λ^{a/(a+1)}.

    Raises:
        ArgumentError: skills start so close to the target that no training is best.

    Example:
        >>> round(compute_ratio(Decoupled(1.6)), 3)
        0.593
    """
    alpha = float(model.alpha)
    start, scale = float(model.start), float(model.target_scale)
    if start > _NEAREST * scale:
        raise ArgumentError(
            f"initial_strength must be at most {_NEAREST} of target_scale for a division of "
            f"compute, got {start / scale:g} of it; closer to the target no training is best",
            argument="initial_strength",
        )
    exponent = (alpha + 1) / alpha

    def loss(log_ratio: float) -> float:
        ratio = np.exp(log_ratio)
        return time_prefactor(model, ratio**exponent) * ratio ** ((alpha - 1) / alpha)

    # The grid of λ is one of u = λ^−(α+1)/ζ, the exponent of the last skill, from far below to far
    # above the value at which a skill is learned.
    middle = max(float(model.half_way), 0.0) / 2 + 1
    grid = -np.log(np.geomspace(1e-8, 50, 200) * middle * norm_of(model)) / (alpha + 1)
    best = grid[np.argmin([loss(x) for x in grid])]
    gap = abs(grid[0] - grid[1])
    optimum: Any = optimize.minimize_scalar(
        loss, bounds=(best - gap, best + gap), method="bounded", options={"xatol": 1e-9}
    )
    return float(np.exp(optimum.x))


def compute_prefactor(model: Decoupled) -> float:
    """A_C of L ≈ A_C C^{−a/(a+2)} at the best N.

    A_C = min_λ A(λ^{(a+2)/(a+1)}) λ^{a/(a+1)} (ηS)^{−a/(a+2)}. Linear models have η in place of ηS.

    Example:
        >>> model = Decoupled(1.9, target_scale=5.0, initial_strength=0.01)
        >>> round(compute_prefactor(model) / (5.0**2 / 2), 3)
        0.646
    """
    return compute_prefactor_at(model, compute_ratio(model))


def compute_prefactor_at(model: Decoupled, ratio: float) -> float:
    """A_C of the λ that `compute_ratio` found, which takes hundreds of integrals."""
    alpha = float(model.alpha)
    least = time_prefactor(model, ratio ** ((alpha + 1) / alpha)) * ratio ** ((alpha - 1) / alpha)
    return least * float(model.pace) ** (-(alpha - 1) / (alpha + 1))


def compute_optimal(model: Decoupled, compute: float) -> Allocation:
    """The best N and T for C = N T from the power laws: N ∝ C^{1/(a+2)}, T ∝ C^{(a+1)/(a+2)}.

    Raises:
        ArgumentError: the compute is not positive, or as for `compute_ratio`.

    Example:
        >>> best = compute_optimal(Decoupled(1.6), 1e6)
        >>> round(best.n_basis), round(best.steps)
        (121, 8298)
    """
    POSITIVE.check("compute", compute)
    alpha = float(model.alpha)
    ratio = compute_ratio(model)
    n_basis = ratio * (float(model.pace) * compute) ** (1 / (alpha + 1))
    loss = compute_prefactor_at(model, ratio) * compute ** (-(alpha - 1) / (alpha + 1))
    return Allocation(n_basis, compute / n_basis, loss)


def compute_optimal_exact(model: Decoupled, compute: float) -> Allocation:
    """The best integer N for C = N T, by minimising the exact loss.

    The sums are those of `Decoupled.loss`, so it includes the number of skills and single skills.

    Raises:
        ArgumentError: the compute is not positive.

    Example:
        >>> compute_optimal_exact(Decoupled(1.6), 1e4).n_basis
        20.0
    """
    POSITIVE.check("compute", compute)
    most = min(float(model.n_skill), max(compute * float(model.pace), 10.0))
    low, high = 1.0, most
    # The number of candidates, some of them equal, stays the same, so that one program serves all.
    candidates = np.rint(np.geomspace(low, high, _N_CANDIDATE))
    while True:
        losses = np.asarray(model.loss(compute / candidates, n_basis=candidates).value)
        best = int(np.argmin(losses))
        below, above = candidates < candidates[best], candidates > candidates[best]
        low = candidates[below].max(initial=1.0)
        high = candidates[above].min(initial=most)
        if np.diff(np.unique(candidates)).max(initial=0) <= 1:
            break
        low = max(low - 1, 1.0)
        candidates = np.rint(np.linspace(low, min(high + 1, most), _N_CANDIDATE))
    n_basis = float(candidates[best])
    return Allocation(n_basis, compute / n_basis, float(losses[best]))


def few_skill_correction(model: Decoupled) -> float:
    """L_C, by which a finite number of skills lowers the loss below the power law (N24).

    dL/dT ≈ −(a/(a+1)) (L + L_C)/T with L_C = S² n_skill^−a/(2 a Z), so
    L ≈ A_T (ηST)^{−a/(a+1)} − L_C with the Z of n_skill skills in A_T. The result has (S − r)² in
    place of N24's S², since the missing skills would keep their initial strength.

    Example:
        >>> round(few_skill_correction(Decoupled(1.6, 1000)), 4)
        0.0057
    """
    alpha, norm, scale, _ = _numbers(model)
    if np.isinf(model.n_skill):
        return 0.0
    left = (scale - float(model.start)) ** 2
    return left * float(model.n_skill) ** (1 - alpha) / (2 * (alpha - 1) * norm)


def norm_of(model: Decoupled) -> float:
    """ζ(α), or Z = Σ k^−α of finitely many skills."""
    return _norm(float(model.alpha), float(model.n_skill))


@cache
def _norm(alpha: float, n_skill: float) -> float:
    with jax.enable_x64(True):
        return float(Zipf(alpha, n_skill).norm)


def _numbers(model: Decoupled) -> tuple[float, float, float, float]:
    """α, ζ, S and ln(S/r − 1)."""
    return float(model.alpha), norm_of(model), float(model.target_scale), float(model.half_way)

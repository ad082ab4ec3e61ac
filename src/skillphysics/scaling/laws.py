"""A scaling law with its prefactor and the conditions for its validity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from skillphysics.errors import ArgumentError
from skillphysics.scaling.decoupled import Decoupled
from skillphysics.scaling.exponents import exponent
from skillphysics.scaling.prefactors import (
    compute_prefactor_at,
    compute_ratio,
    data_prefactor,
    norm_of,
    parameter_prefactor,
    time_prefactor,
)

# The meaning of "much larger" where nothing better is known.
_MUCH = 10.0
# The largest share of the loss that a neglected limit may have; it changes the exponent by less.
_SHARE = 0.01
# For this many seen skills the sum is an integral within 1 % (measured).
_SEEN = 5.0
# The amounts that a law in each resource needs.
_AMOUNTS = {
    "time": ("steps",),
    "data": ("n_data",),
    "parameters": ("n_basis",),
    "compute": ("steps", "n_basis"),
}


@dataclass(frozen=True)
class Condition:
    """A condition for a scaling law: `larger` ≥ `factor` · `smaller`.

    Attributes:
        text: the condition in words, after N24's Table 2, with T in units of 1/(ηS).
        larger: the side that must be larger, at the given point.
        smaller: the other side.
        factor: how much larger. For a neglected limit, the value at which it makes up 1 % of the
            loss; otherwise 10 unless said otherwise.
    """

    text: str
    larger: float
    smaller: float
    factor: float

    @property
    def holds(self) -> bool:
        """Whether the condition holds at the point."""
        return bool(self.larger >= self.factor * self.smaller)


@dataclass(frozen=True)
class ScalingLaw:
    """L ≈ prefactor · resource^−exponent.

    Attributes:
        theory: its name.
        resource: "time", "data", "parameters" or "compute".
        exponent: of the resource.
        prefactor: of the loss ½E(f* − f)², with the resource in steps, samples, basis functions or
            their product with steps.
        conditions: what must hold at the given point.
    """

    theory: str
    resource: str
    exponent: float
    prefactor: float
    conditions: tuple[Condition, ...]

    @property
    def valid(self) -> bool:
        """Whether all conditions hold."""
        return all(condition.holds for condition in self.conditions)

    def loss(self, amount: "ArrayLike") -> np.ndarray:
        """The loss at amounts of the resource, shaped like `amount`."""
        return np.asarray(self.prefactor * np.asarray(amount, float) ** -self.exponent)


def scaling_law(
    model: Decoupled,
    resource: str,
    *,
    steps: float = np.inf,
    n_data: float = np.inf,
    n_basis: float = np.inf,
) -> ScalingLaw:
    """The power law of a linear or multilinear model in one resource, at a point (N24, SCIENCE §4).

    Exponents (α−1)/α in T and D, α−1 in N, (α−1)/(α+1) in C = N T. The prefactors are A_T, A_D, A_N
    and A_C. The conditions are those of N24's Table 2 at the point (T, D, N), and those that the
    table implies: many skills are learned, and many more exist.

    Args:
        model: the model; α above 1.
        resource: "time", "data", "parameters" or "compute".
        steps: T, required for "time" and "compute".
        n_data: D, required for "data".
        n_basis: N, required for "parameters" and "compute".

    Raises:
        ArgumentError: the resource is unknown, its amount is missing, or α is not above 1.

    Example:
        >>> law = scaling_law(Decoupled(1.6), "time", steps=1e4)
        >>> round(law.exponent, 3), round(law.prefactor, 2), law.valid
        (0.375, 0.6, True)
        >>> [c.text for c in scaling_law(Decoupled(1.6), "time", steps=1e4, n_basis=10).conditions
        ...  if not c.holds]
        ['N^alpha >> T']
    """
    power = exponent(model.layers, resource, float(model.alpha))
    point = {"steps": steps, "n_data": n_data, "n_basis": n_basis}
    for name in _AMOUNTS[resource]:
        if not 0 < point[name] < np.inf:
            raise ArgumentError(
                f"{name} must be positive and finite for the law in {resource}, got "
                f"{point[name]:g}; pass {name}=…",
                argument=name,
            )
    law = {"time": _time, "data": _data, "parameters": _parameters, "compute": _compute}[resource]
    # Conditions are comparisons, in which an overflow to infinity is right.
    with np.errstate(over="ignore", under="ignore"):
        pace, n_data, n_basis = map(np.float64, (model.pace, n_data, n_basis))
        prefactor, conditions = law(model, pace * steps, n_data, n_basis)
    return ScalingLaw(model.layers, resource, power, prefactor, conditions)


_Law = tuple[float, tuple[Condition, ...]]


def _time(model: Decoupled, time: float, n_data: float, n_basis: float) -> _Law:
    alpha = float(model.alpha)
    prefactor = time_prefactor(model)
    enough = _neglected(model, prefactor)
    return prefactor * float(model.pace) ** (-(alpha - 1) / alpha), (
        *_learned(model, time),
        Condition("N^alpha >> T", n_basis**alpha, time, enough),
        Condition("n_skill^alpha >> T", np.float64(model.n_skill) ** alpha, time, enough),
        *_concentrated(time, n_data, _occupied(model, time, n_basis)),
    )


def _data(model: Decoupled, time: float, n_data: float, n_basis: float) -> _Law:
    alpha = float(model.alpha)
    prefactor = data_prefactor(model)
    enough = _neglected(model, prefactor)
    # A skill seen once must lose all but 1 % of its loss.
    once = (float(model.half_way) + np.log(10)) / 2
    return prefactor, (
        *_seen(model, n_data),
        Condition("D >> 1/share: D^-1 is neglected", n_data, 1.0, 1 / _SHARE),
        Condition("T >> D log D", time, n_data * np.log(max(n_data, 2)), _MUCH),
        Condition("a skill seen once is learned: T >> D log(S/r)", time, n_data, once),
        Condition("N^alpha >> D", n_basis**alpha, n_data, enough),
        Condition("n_skill^alpha >> D", np.float64(model.n_skill) ** alpha, n_data, enough),
    )


def _parameters(model: Decoupled, time: float, n_data: float, n_basis: float) -> _Law:
    alpha, norm = float(model.alpha), norm_of(model)
    # Finitely many skills multiply the loss by 1 − (N/n_skill)^a.
    enough = _power(1 / _SHARE, 1 / (alpha - 1))
    # The rarest skill that has a basis function must lose all but 1 % of its loss.
    last = norm * (float(model.half_way) + np.log(10)) / 2
    return parameter_prefactor(model), (
        Condition("N >> 1", n_basis, (alpha - 1) / 2, 1 / _SHARE),
        Condition("n_skill >> N", float(model.n_skill), n_basis, enough),
        Condition("T >> N^alpha", time, n_basis**alpha, last),
        *_concentrated(time, n_data, n_basis, compared=n_basis**alpha * norm),
    )


def _compute(model: Decoupled, time: float, n_data: float, n_basis: float) -> _Law:
    alpha = float(model.alpha)
    used = n_basis / time ** (1 / alpha)
    ratio = compute_ratio(model)
    best = ratio ** ((alpha + 1) / alpha)
    # Losses at equal C: A(λ_T) λ_C^{a/(a+1)} with λ_C = λ_T^{(a+1)/(a+2)}.
    gain = (alpha - 1) / (alpha + 1)
    spent, least = (time_prefactor(model, x) * x**gain for x in (used, best))
    # Finitely many skills lower the loss by their share L_C of the law.
    law = least * (time * n_basis) ** (-gain)
    missing = parameter_prefactor(model) * np.float64(model.n_skill) ** (1 - alpha)
    return compute_prefactor_at(model, ratio), (
        *_learned(model, time),
        Condition("N^alpha ~ T: within 1 % of the best loss", 1 + _SHARE, spent / least, 1.0),
        Condition("n_skill >> N: law >> what missing skills would add", law, missing, 100),
        *_concentrated(time, n_data, n_basis),
    )


def _learned(model: Decoupled, time: float) -> tuple[Condition]:
    """The number of learned skills is large, so that sums are integrals.

    By Poisson's formula the difference falls like e^{−2π θ k} with the number k of learned skills,
    where θ is the angle of the nearest singularity of Φ in the complex plane of ranks.
    """
    alpha = float(model.alpha)
    middle = max(float(model.half_way) / 2, 1.0)
    learned = (time / (norm_of(model) * middle)) ** (1 / alpha)
    learned = min(learned, float(model.n_skill))
    angle = np.arctan2(np.pi / 2, middle) / alpha
    factor = max(_MUCH, np.log(1 / _SHARE**2) / (2 * np.pi * angle))
    return (Condition("many skills are learned", learned, 1.0, factor),)


def _seen(model: Decoupled, n_data: float) -> tuple[Condition]:
    """The number of skills seen about once is large, so that sums are integrals.

    By Poisson's formula the difference falls like e^{−c k^{α/(α+1)}} with their number k.
    """
    alpha = float(model.alpha)
    seen = min((n_data / norm_of(model)) ** (1 / alpha), float(model.n_skill))
    return (Condition("many skills are seen", seen, 1.0, max(_SEEN, alpha)),)


def _concentrated(
    time: float, n_data: float, n_basis: float, compared: float | None = None
) -> tuple[Condition, ...]:
    """The number of samples is so large that each skill gets its share (Table 2).

    The conditions are D >> T^3 and D >> N T^2. For infinite training it is enough that all skills
    with a basis function are seen.
    """
    if np.isinf(n_data):
        return ()
    if np.isinf(time):
        assert compared is not None  # noqa: S101
        return (Condition("D >> N^alpha", n_data, compared, _MUCH),)
    return (
        Condition("D >> T^3", n_data, time**3, _MUCH),
        Condition("D >> N T^2", n_data, n_basis * time**2, _MUCH),
    )


def _occupied(model: Decoupled, time: float, n_basis: float) -> float:
    """The number of basis functions that move at all, T^{1/α} at most."""
    return min(n_basis, time ** (1 / float(model.alpha)))


def _neglected(model: Decoupled, prefactor: float) -> float:
    """The factor in N^α ≥ factor · x at which A_N N^−a is 1 % of A x^{−a/α}."""
    alpha = float(model.alpha)
    return _power(parameter_prefactor(model) / (_SHARE * prefactor), alpha / (alpha - 1))


def _power(base: float, exponent: float) -> float:
    """base^exponent, infinite where it overflows."""
    with np.errstate(over="ignore"):
        return float(np.float64(base) ** exponent)

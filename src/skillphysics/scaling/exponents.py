"""The exponents of the scaling laws of every theory."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from skillphysics.domains import one_of
from skillphysics.errors import ArgumentError

_Resource = Literal["time", "data", "parameters", "compute"]
RESOURCES: tuple[_Resource, ...] = get_args(_Resource)
"""The resources of scaling laws: steps T, samples D, parameters N, and compute C = N T."""

_Exponents = Mapping[str, Callable[[float], float]]
_INDEPENDENT: _Exponents = {
    "time": lambda alpha: (alpha - 1) / alpha,
    "data": lambda alpha: (alpha - 1) / alpha,
    "parameters": lambda alpha: alpha - 1,
    "compute": lambda alpha: (alpha - 1) / (alpha + 1),
}
_EXPONENTS: Mapping[str, _Exponents] = MappingProxyType(
    {
        "linear": _INDEPENDENT,
        "multilinear": _INDEPENDENT,
        "quanta": _INDEPENDENT,
        "domino": {
            "time": lambda alpha: alpha - 1,
            "parameters": lambda alpha: alpha - 1,
            "compute": lambda alpha: (alpha - 1) / 2,
        },
        "resource l1": {"time": lambda alpha: alpha - 1},
        "resource l2": {"time": lambda alpha: 2 * (alpha - 1)},
        "wasteful resource": {"time": lambda alpha: (alpha - 1) / alpha},
    }
)
LAWS: tuple[str, ...] = tuple(_EXPONENTS)
"""The theories with a scaling law, by name."""


def exponent(theory: str, resource: str, alpha: float) -> float:
    """The exponent x of L ∝ resource^−x for infinitely many skills with p_k ∝ k^−α (L25's α).

    - linear, multilinear (N24), quanta (L25 §3.1): (α−1)/α in T and D, α−1 in N, (α−1)/(α+1) in
      C = N T;
    - domino (L25 §3.1): α−1 in T and N, (α−1)/2 in C;
    - resource l1 without waste (ours): α−1 in T; resource l2 without waste (ours): 2(α−1) in T;
    - wasteful resource, N0 τ in excess (ours): (α−1)/α in T.

    In the Resource family L = Σ p_k e^{−2 p_k τ} ∝ τ^{−(α−1)/α}. Without waste the clock obeys
    η_eff t ∝ τ^{1/α} (l1) or τ^{1/(2α)} (l2); with waste, η_eff t → N0 τ. The compute exponent of
    domino is ours: N skills at C = N T with T ∝ N.

    Raises:
        ArgumentError: the theory or the resource is unknown, the theory has no law in that
            resource, or α is not above 1, so that the sum of the frequencies diverges.

    Example:
        >>> exponent("multilinear", "compute", 2.0) == 1 / 3, exponent("domino", "time", 2.0)
        (True, 1.0)
    """
    known = _EXPONENTS[one_of(*LAWS).check("theory", theory)]
    one_of(*RESOURCES).check("resource", resource)
    if resource not in known:
        raise ArgumentError(
            f"resource must be {' or '.join(known)} for the {theory} theory, got {resource!r}",
            argument="resource",
        )
    if not (alpha > 1 and np.isfinite(alpha)):
        raise ArgumentError(
            f"alpha must be above 1 and finite, got {alpha:g}; up to 1 the sum of the frequencies "
            "k^-alpha diverges, rare skills keep all of the loss, and there is no power law",
            argument="alpha",
        )
    return known[resource](float(alpha))

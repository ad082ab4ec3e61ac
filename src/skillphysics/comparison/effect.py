"""An estimate with its interval and its p-value."""

from dataclasses import dataclass

from skillphysics.comparison.scatter import quantile, two_sided


@dataclass(frozen=True)
class Effect:
    """A number with its 90 % interval and the p-value of no effect.

    Attributes:
        value: the estimate.
        low: lower end.
        high: upper end.
        p: probability that chance alone gives as much.
    """

    value: float
    low: float
    high: float
    p: float

    @classmethod
    def of(cls, value: float, error: float, freedom: float) -> "Effect":
        """An effect from an estimate, its standard error and the degrees of freedom."""
        reach = quantile(freedom) * error
        p = two_sided(value / error, freedom) if error > 0 else 1.0
        return cls(value, value - reach, value + reach, p)

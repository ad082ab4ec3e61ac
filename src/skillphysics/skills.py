"""What is learned: skills, their names and how often each occurs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from skillphysics.domains import check_frequency, check_names
from skillphysics.errors import ArgumentError


@dataclass(frozen=True, eq=False)
class Skills:
    """An ordered set of named skills, with their frequencies where these are known.

    A frequency is a relative rate of occurrence and is kept as given: it need not sum to one
    (the Resource model compares it with the absolute waste N0, L25 eq. 1); `normalised` divides
    by the sum.

    Attributes:
        names: one distinct name per skill.
        frequency: float64 array [n_skill], positive, or None where frequencies are unknown.

    Raises:
        ArgumentError: a name is empty or repeated, or a frequency is not positive and finite, or
            the two lengths differ.

    Example:
        >>> skills = Skills.power_law(3, alpha=2)
        >>> skills.names
        ('1', '2', '3')
        >>> (skills.frequency * 49).round(6).tolist()
        [36.0, 9.0, 4.0]
    """

    names: tuple[str, ...]
    frequency: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", check_names(self.names, "names"))
        if self.frequency is not None:
            object.__setattr__(self, "frequency", check_frequency(self.frequency, len(self.names)))

    @classmethod
    def power_law(cls, n: int, alpha: float, names: Sequence[str] | None = None) -> "Skills":
        """Zipf frequencies p_i ∝ i^−alpha that sum to one (L25 §2.2).

        N24 writes the same exponent as α + 1.
        """
        if not np.isfinite(alpha):
            raise ArgumentError(f"alpha is {alpha}; a finite exponent is wanted")
        # Through logarithms, so that a large alpha underflows a rare skill instead of the sum.
        exponent = -float(alpha) * np.log(np.arange(1, _count(n) + 1))
        return cls.given(np.exp(exponent - exponent.max()), names).normalised()

    @classmethod
    def exponential(cls, n: int, ratio: float, names: Sequence[str] | None = None) -> "Skills":
        """Frequencies p_i ∝ ratio^−i that sum to one: each skill is `ratio` times rarer (L25 §2.4).

        The published figure has five skills with ratio 3.
        """
        if not (np.isfinite(ratio) and ratio > 0):
            raise ArgumentError(f"ratio is {ratio}; a positive number is wanted")
        exponent = -np.log(float(ratio)) * np.arange(_count(n))
        return cls.given(np.exp(exponent - exponent.max()), names).normalised()

    @classmethod
    def given(cls, frequency: ArrayLike, names: Sequence[str] | None = None) -> "Skills":
        """Skills with measured or chosen frequencies, kept as they are."""
        values = np.asarray(frequency, dtype=np.float64)
        if values.ndim != 1:
            raise ArgumentError(
                f"frequency has {values.ndim} dimensions; one number a skill is wanted"
            )
        return cls(_numbered(values.size) if names is None else tuple(names), values)

    @classmethod
    def unknown(cls, names: Iterable[str]) -> "Skills":
        """Skills whose frequencies are not known, as for most training logs."""
        return cls(tuple(names))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def probability(self) -> np.ndarray:
        """The frequencies divided by their sum, float64 [n_skill].

        Raises:
            ArgumentError: the frequencies are unknown.
        """
        if self.frequency is None:
            raise ArgumentError("the frequencies of these skills are unknown")
        return self.frequency / self.frequency.sum()

    def normalised(self) -> "Skills":
        """The same skills with frequencies that sum to one.

        Raises:
            ArgumentError: the frequencies are unknown.
        """
        return Skills(self.names, self.probability)


def _count(n: int) -> int:
    if n < 1:
        raise ArgumentError(f"n is {n}; at least one skill is wanted")
    return n


def _numbered(n: int) -> tuple[str, ...]:
    return tuple(str(i) for i in range(1, _count(n) + 1))

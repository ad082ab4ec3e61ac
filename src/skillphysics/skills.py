"""Skills: their names and how often each occurs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from skillphysics.domains import COUNT, FINITE, POSITIVE, check_frequency, check_names
from skillphysics.errors import ArgumentError

DEFAULT_COUNT, DEFAULT_ALPHA = 10, 2.0
"""Of skills that are described by nothing."""


@dataclass(frozen=True, eq=False)
class Skills:
    """An ordered set of named skills, with their frequencies if these are known.

    The papers call skills "tasks". A frequency is a relative rate of occurrence and is kept as
    given; frequencies need not sum to one, since the Resource model compares them with the absolute
    waste N0 (L25 eq. 1). `probability` is the frequency divided by the sum.

    Attributes:
        names: one distinct name per skill.
        frequency: float64 array [n_skill], positive, or None if frequencies are unknown.

    Raises:
        ArgumentError: a name is empty or repeated, a frequency is not positive and finite, or the
            numbers of names and frequencies differ.

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
    def power_law(cls, n_skill: int, alpha: float, names: Sequence[str] | None = None) -> "Skills":
        """Zipf frequencies p_i ∝ i^−alpha that sum to one (L25 §2.2).

        N24 writes the same exponent as α + 1.

        Args:
            n_skill: number of skills.
            alpha: exponent, any finite number.
            names: by default "1", "2", ….

        Raises:
            ArgumentError: `n_skill` is below 1, `alpha` is not finite, or a frequency underflows.

        Example:
            >>> Skills.power_law(2, alpha=1).frequency.round(3).tolist()
            [0.667, 0.333]
        """
        # Logarithms let a large alpha underflow a rare skill and not the sum.
        exponent = -FINITE.check("alpha", alpha) * np.log(_ranks(n_skill))
        return cls.given(np.exp(exponent - exponent.max()), names).normalised()

    @classmethod
    def exponential(
        cls, n_skill: int, ratio: float, names: Sequence[str] | None = None
    ) -> "Skills":
        """Frequencies p_i ∝ ratio^−i that sum to one (L25 §2.4).

        Each skill is `ratio` times rarer than the one before. L25's figure has five skills with
        ratio 3.

        Args:
            n_skill: number of skills.
            ratio: positive.
            names: by default "1", "2", ….

        Raises:
            ArgumentError: `n_skill` is below 1, `ratio` is not positive, or a frequency underflows.

        Example:
            >>> Skills.exponential(2, ratio=3).frequency.tolist()
            [0.75, 0.25]
        """
        exponent = -np.log(POSITIVE.check("ratio", ratio)) * (_ranks(n_skill) - 1)
        return cls.given(np.exp(exponent - exponent.max()), names).normalised()

    @classmethod
    def given(cls, frequency: "ArrayLike", names: Sequence[str] | None = None) -> "Skills":
        """Skills with measured or chosen frequencies, which are kept as given.

        Args:
            frequency: [n_skill], positive.
            names: by default "1", "2", ….

        Raises:
            ArgumentError: as for `Skills`.

        Example:
            >>> Skills.given([30, 10], names=["add", "carry"]).probability.tolist()
            [0.75, 0.25]
        """
        values = np.asarray(frequency, dtype=np.float64)
        if values.ndim != 1:
            raise ArgumentError(
                f"frequency must have shape (n_skill,), got {values.shape}", argument="frequency"
            )
        numbered = tuple(str(rank) for rank in _ranks(values.size))
        return cls(numbered if names is None else tuple(names), values)

    @classmethod
    def unknown(cls, names: Iterable[str]) -> "Skills":
        """Skills whose frequencies are unknown, as in most training logs.

        Example:
            >>> Skills.unknown(["add", "carry"]).frequency is None
            True
        """
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
            raise ArgumentError("the frequencies of these skills are unknown; use Skills.given")
        return self.frequency / self.frequency.sum()

    def normalised(self) -> "Skills":
        """The same skills with frequencies that sum to one.

        Raises:
            ArgumentError: the frequencies are unknown.
        """
        return Skills(self.names, self.probability)


def described(
    n_skill: int | None = None,
    *,
    alpha: float | None = None,
    ratio: float | None = None,
    frequency: "ArrayLike | None" = None,
) -> Skills:
    """Skills as a command line or a file of settings describes them, by one law of frequencies.

    Args:
        n_skill: number of skills, 10 by default.
        alpha: for `Skills.power_law`, which is taken with alpha=2 if no law is given.
        ratio: for `Skills.exponential`.
        frequency: for `Skills.given`, [n_skill]; their number is that of the skills.

    Raises:
        ArgumentError: two laws are given, or a value is out of its domain.

    Example:
        >>> described(2, alpha=1).frequency.round(3).tolist()
        [0.667, 0.333]
        >>> described(frequency=[0.9, 0.1]).names
        ('1', '2')
    """
    laws = {"alpha": alpha, "ratio": ratio, "frequency": frequency}
    given = [name for name, value in laws.items() if value is not None]
    if len(given) > 1:
        raise ArgumentError(
            f"{given[0]} and {given[1]} both describe the frequencies; give one of them",
            argument=given[0],
        )
    if frequency is not None:
        skills = Skills.given(frequency)
        if n_skill not in (None, len(skills)):
            raise ArgumentError(
                f"n_skill must be the number of frequencies, {len(skills)}, got {n_skill}; leave "
                "it out",
                argument="n_skill",
            )
        return skills
    n_skill = DEFAULT_COUNT if n_skill is None else n_skill
    if ratio is not None:
        return Skills.exponential(n_skill, ratio)
    return Skills.power_law(n_skill, DEFAULT_ALPHA if alpha is None else alpha)


def _ranks(n_skill: int) -> np.ndarray:
    """1, 2, …, n_skill."""
    return np.arange(1, COUNT.check("n_skill", n_skill) + 1)

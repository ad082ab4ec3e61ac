"""Where a mean or a share lies, from a sample of it."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def mean_interval(values: ArrayLike) -> tuple[float, tuple[float, float]]:
    """A mean and its 95 % interval by Student's t; without an end where there is one value.

    Example:
        >>> mean, (low, high) = mean_interval([1.0, 2.0, 3.0])
        >>> f"{mean} {low:.2f} {high:.2f}"
        '2.0 -0.48 4.48'
    """
    sample = np.asarray(values, float)
    mean = float(sample.mean())
    if sample.size < 2:
        return mean, (-np.inf, np.inf)
    half = stats.t.ppf(0.975, sample.size - 1) * sample.std(ddof=1) / np.sqrt(sample.size)
    return mean, (mean - float(half), mean + float(half))


def share_interval(count: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Clopper and Pearson).

    Example:
        >>> low, high = share_interval(9, 10)
        >>> f"{low:.2f} {high:.2f}"
        '0.55 1.00'
    """
    found = stats.binomtest(count, total).proportion_ci()
    return float(found.low), float(found.high)

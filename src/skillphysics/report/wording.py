"""Numbers as a reader wants them."""

import math


def steps(value: float) -> str:
    """A number of steps: three digits, thousands apart; "never" and "unknown" in words.

    Example:
        >>> steps(12345.6), steps(7.25), steps(math.inf), steps(math.nan)
        ('12,300', '7.25', 'never', 'unknown')
    """
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "never"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = round(value, 2 - math.floor(math.log10(abs(value))))
    return f"{rounded:,.{digits}f}"


def number(value: float) -> str:
    """A pure number with three significant digits, or a dash where there is none.

    Example:
        >>> number(0.123456), number(1234.5), number(math.nan)
        ('0.123', '1.23e+03', '–')
    """
    return f"{value:.3g}" if math.isfinite(value) else "–"


def interval(low: float, high: float) -> str:
    """An interval, or a dash where there is none.

    Example:
        >>> interval(0.1234, 0.5)
        '0.123 to 0.5'
    """
    return f"{number(low)} to {number(high)}" if math.isfinite(low) else "–"

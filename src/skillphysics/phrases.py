"""Numbers and names as tables, texts and figures show them."""

import math


def steps(value: float) -> str:
    """A position along training with three digits; "never" if infinite, "unknown" if NaN.

    Example:
        >>> steps(12345.6), steps(7.25), steps(math.inf), steps(math.nan)
        ('12,300', '7.25', 'never', 'unknown')
    """
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "never"
    return _three_digits(value)


def number(value: float, digits: int = 3) -> str:
    """A number with a few significant digits, or a dash if it is not finite.

    Example:
        >>> number(0.123456), number(1234.5), number(2.0), number(math.nan)
        ('0.123', '1,230', '2', '–')
    """
    if not math.isfinite(value):
        return "–"
    return _three_digits(value) if abs(value) >= 100 else f"{value:.{digits}g}"


def interval(low: float, high: float, digits: int = 3) -> str:
    """An interval, open if its end is infinite, or a dash if it is unknown.

    Example:
        >>> interval(0.1234, 0.5), interval(0.0, math.inf), interval(math.nan, math.nan)
        ('0.123 to 0.5', 'from 0', '–')
    """
    if math.isnan(low) or math.isnan(high):
        return "–"
    start = number(low, digits)
    return f"{start} to {number(high, digits)}" if math.isfinite(high) else f"from {start}"


def count(n: int, what: str) -> str:
    """A number with its noun.

    Example:
        >>> count(1, "skill"), count(1200, "skill")
        ('1 skill', '1,200 skills')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def listed(names: list[str], most: int = 4) -> str:
    """Names in a sentence, at most the first few.

    Example:
        >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], most=1)
        ('a, b and c', 'a and 2 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def shortened(name: str, most: int, gap: str = "…") -> str:
    """A name shortened in its middle, because names of skills often begin alike.

    Example:
        >>> shortened("hendrycksTest-astronomy", 15), shortened("piqa", 15)
        ('hendryc…tronomy', 'piqa')
    """
    if len(name) <= most:
        return name
    kept = most - len(gap)
    return f"{name[: kept - kept // 2]}{gap}{name[len(name) - kept // 2 :]}"


def _three_digits(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 1e8:
        return f"{value:.2e}"
    digits = 2 - math.floor(math.log10(abs(value)))
    text = f"{round(value, digits):,.{max(0, digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

"""The result of a comparison in sentences."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from skillphysics.comparison.change import Change
from skillphysics.comparison.effect import Effect

# A factor is undetermined if its interval spans more than this factor.
_VAGUE = 100.0

Found = Mapping[str, Sequence[str]]
"""By kind of difference, the skills for which it is listed; "" stands for all together."""


def headline(change: Change, baseline: str, found: Found) -> str:
    """The main result in one or two sentences.

    Args:
        change: a setting against the baseline.
        baseline: the name of the baseline.
        found: the differences beyond seeds and noise.
    """
    if change.pair.identical:
        return (
            f"{baseline} and {change.name} have the same numbers: they seem to be copies of one run"
        )
    sentences = [*_timing(change, found), *_ending(change, baseline, found)]
    if not sentences:
        return _nothing(change, baseline)
    return " ".join(sentences)


def factor(effect: Effect) -> str:
    """A factor with its interval: ×0.66 (0.58 to 0.75).

    Example:
        >>> factor(Effect(-0.4, -0.5, -0.3, 0.01))
        '×0.67 (0.61 to 0.74)'
    """
    value, low, high = (digits(float(np.exp(v))) for v in (effect.value, effect.low, effect.high))
    return f"×{value} ({low} to {high})"


def digits(value: float) -> str:
    """A factor or a ratio with two or three digits.

    Example:
        >>> digits(0.6666), digits(12.345), digits(float("inf"))
        ('0.67', '12.3', '∞')
    """
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞"
    return f"{value:.2f}" if value < 10 else f"{value:.3g}"


def signed(value: float) -> str:
    """A difference with its sign.

    Example:
        >>> signed(-0.1234), signed(0.5)
        ('−0.123', '+0.500')
    """
    return f"{value:+.3f}".replace("-", "−")


def determined(low: float, high: float) -> bool:
    """Whether the interval of a factor determines it.

    Example:
        >>> determined(0.5, 2.0), determined(1.5, 400.0), determined(0.1, float("inf"))
        (True, False, False)
    """
    return bool(high < _VAGUE * low)


def moved(value: float, low: float, high: float) -> str:
    """A factor for a sentence, or the bound that the curves set.

    Example:
        >>> moved(2.0, 1.5, 2.5), moved(26.0, 1.5, 900.0), moved(0.1, 0.001, 0.4)
        ('×2.00', 'over ×1.50', 'under ×0.40')
    """
    if determined(low, high):
        return f"×{digits(value)}"
    if low > 1:
        return f"over ×{digits(low)}"
    return f"under ×{digits(high)}" if high < 1 else "undetermined"


def _timing(change: Change, found: Found) -> list[str]:
    name, times = change.name, change.pair.axis
    measured = change.skills.query("learned == 'in both'").dropna(subset="factor")
    lonely = [skill for skill in found["factor"] if skill in measured.index]
    if found["late"] and change.late is not None:
        line = _line(change)
        grows = "gains" if change.late.value < 0 else "loses"
        return [
            f"The later a skill is learned, the more {name} {grows} on it: its {times} are "
            f"multiplied by {digits(line[0])} for the first skill and by {digits(line[1])} for "
            "the last, so the change acts on late (rare or hard) skills, or the clock changes "
            "its speed along training."
        ]
    if found["mixed"]:
        ordered = pd.Series(measured["factor"]).sort_values()
        return [
            f"{name} moves the skills by different amounts, more than seeds do: from "
            f"×{digits(ordered.iloc[0])} ({ordered.index[0]}) to ×{digits(ordered.iloc[-1])} "
            f"({ordered.index[-1]}) of the {times}."
        ]
    if found["common"] and change.common is not None:
        sooner, clock = ("sooner", "faster") if change.common.value < 0 else ("later", "slower")
        own = ", each measured against its own ceiling" if any(measured["own_ceilings"]) else ""
        return [
            f"{name} learns all skills {sooner}, by one factor: {factor(change.common)} of the "
            f"{times}{own}: a {clock} clock. No skill deviates from it by more than seeds do."
        ]
    if lonely:
        rest = len(measured) - len(lonely)
        factors = measured[["factor", "factor_low", "factor_high"]]
        text = ", ".join(
            f"{skill} ({moved(*factors.loc[skill].to_numpy(float))})" for skill in lonely
        )
        others = ""
        if rest > 0:
            which = "the other skill" if rest == 1 else f"the other {rest} skills"
            others = f"; for {which} no change of time is established"
        return [f"{name} changes when it learns {text}{others}."]
    return []


def _ending(change: Change, baseline: str, found: Found) -> list[str]:
    name, skills, sentences = change.name, change.skills, []
    if found["ends"] and change.ends is not None:
        way = "higher" if change.ends.value > 0 else "lower"
        sentences.append(
            f"Skills that have levelled off end {way} in {name}, by {abs(change.ends.value):.3f} "
            f"on average ({signed(change.ends.low)} to {signed(change.ends.high)}): a difference "
            "of capacity, not of time."
        )
    for higher in (True, False):
        which = [s for s in found["end"] if (skills.loc[s, "end_difference"] > 0) == higher]
        way = "higher" if higher else "lower"
        level = [s for s in which if skills.loc[s, "levelled_off"]]
        rising = [s for s in which if not skills.loc[s, "levelled_off"]]
        if level and not found["ends"]:
            verb = "ends" if len(level) == 1 else "end"
            sentences.append(
                f"{listed(level)} {verb} {way} in {name} although the curves have levelled off: a "
                "difference of capacity."
            )
        if rising:
            verb = "is" if len(rising) == 1 else "are"
            sentences.append(
                f"At the last common checkpoint {listed(rising)} {verb} {way} in {name} than in "
                f"{baseline}; not both curves have levelled off."
            )
    return sentences


def _nothing(change: Change, baseline: str) -> str:
    text = f"No difference between {change.name} and {baseline} is established"
    if change.common is not None:
        text += f": in all skills together the {change.pair.axis} change by {factor(change.common)}"
    known = change.skills.dropna(subset=["factor", "factor_high"])
    low, value, high = known[["factor_low", "factor", "factor_high"]].to_numpy(float).T
    sure = [determined(*ends) for ends in zip(low, high, strict=True)]
    if any(sure):
        reach = float(np.median((high / value)[sure]))
        text += (
            f"; for a single skill a factor below about ×{digits(reach)} either way could not be "
            "distinguished from seeds"
        )
    return text + "."


def _line(change: Change) -> tuple[float, float]:
    """The factors of the first and the last skill on the line through all."""
    if change.late is None or change.common is None:
        return float("nan"), float("nan")
    known = change.skills.query("learned == 'in both'").dropna(subset="factor")
    half = known[["half_baseline", "half"]].to_numpy(float)
    place = np.log(half).mean(1)
    ends = np.array([np.nanmin(place), np.nanmax(place)]) - np.nanmean(place)
    first, last = np.exp(change.common.value + change.late.value * ends)
    return float(first), float(last)


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in a sentence.

    Example:
        >>> listed(["a", "b", "c"])
        'a, b and c'
    """
    if len(names) == 1:
        return names[0]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"

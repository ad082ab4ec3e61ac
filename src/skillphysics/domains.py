"""What an argument may be: the one vocabulary of checks in the package.

Parameters of theories, hyperparameters of optimizers, settings of experiments and plain arguments
name a domain, and every message says the same thing in the same words.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from skillphysics.errors import ArgumentError

LARGEST_COUNT = 2**31 - 1
"""The largest count that fits into the 32-bit integers of a compiled program."""


@dataclass(frozen=True)
class Domain:
    """A set of values that an argument may take.

    Attributes:
        words: what the value must be, to follow "must be".
        kind: what a value is kept as: float, int, bool or str.
        test: whether values of that kind are allowed, elementwise for arrays of numbers.
        choices: the values themselves where they are a few strings, else none.

    Example:
        >>> POSITIVE.check("rate", 2)
        2.0
        >>> POSITIVE.check("rate", -1)
        Traceback (most recent call last):
            ...
        skillphysics.errors.ArgumentError: rate must be positive and finite, got -1
        >>> one_of("mse", "ce").check("criterion", "mae")
        Traceback (most recent call last):
            ...
        skillphysics.errors.ArgumentError: criterion must be 'mse' or 'ce', got 'mae'
    """

    words: str
    # Signatures show a domain by its words.
    kind: type = field(repr=False)
    test: Callable[[Any], Any] = field(repr=False)
    choices: tuple[str, ...] = field(default=(), repr=False)

    def check(self, name: str, value: Any) -> Any:
        """The value as a plain Python object, if it belongs to the domain.

        Raises:
            ArgumentError: says what `name` must be and what was given.
        """
        if "Tracer" in type(value).__name__:
            raise ArgumentError(
                f"{name} must be known before a program is traced, got a traced value; "
                "leave it out of jit and vmap",
                argument=name,
            )
        try:
            if _is(self.kind, value):
                plain = self.kind(value)
                if bool(self.test(plain)):
                    return plain
        except OverflowError:  # an integer beyond every float
            pass
        words = self.words
        if self.kind is int and _is(int, value) and value > LARGEST_COUNT:
            words = f"at most {LARGEST_COUNT}"
        raise ArgumentError(f"{name} must be {words}, got {_shown(value)}", argument=name)

    def check_entries(self, name: str, values: Any) -> np.ndarray:
        """An array of numbers as NumPy, in its shape, if every entry belongs to the domain.

        Raises:
            ArgumentError: names the first entry that does not.
        """
        array = np.asarray(values)
        if array.dtype.kind not in "fiub":
            raise ArgumentError(f"{name} must be numbers, got {_shown(values)}", argument=name)
        bad = ~np.asarray(self.test(array))
        if bad.any():
            where = tuple(int(i) for i in np.argwhere(bad)[0])
            place = f"[{', '.join(map(str, where))}]" if where else ""
            raise ArgumentError(
                f"{name}{place} must be {self.words}, got {array[where]}", argument=name
            )
        return array


def count(least: int = 1, most: int = LARGEST_COUNT) -> Domain:
    """Integers from `least` to `most`.

    Example:
        >>> count(2).check("n_skill", 3), count(2).words
        (3, 'an integer of at least 2')
    """
    words = f"an integer of at least {least}"
    if most != LARGEST_COUNT:
        words = f"an integer from {least} to {most if most < 10**9 else f'{most:g}'}"
    return Domain(words, int, lambda x: (x >= least) & (x <= most))


def one_of(*choices: str) -> Domain:
    """One of several strings.

    Example:
        >>> one_of("l1", "l2").check("norm", "l1")
        'l1'
    """
    *most, last = map(repr, choices)
    words = f"{', '.join(most)} or {last}" if most else last
    return Domain(words, str, lambda x: x in choices, choices)


def between(low: float, high: float, *, below: bool = False) -> Domain:
    """Numbers from `low` to `high`, with `high` itself unless `below`.

    Example:
        >>> between(0, 1).check("level", 1), between(0, 1, below=True).words
        (1.0, 'at least 0 and below 1')
    """
    if below:
        return Domain(
            f"at least {low:g} and below {high:g}", float, lambda x: (x >= low) & (x < high)
        )
    return Domain(f"between {low:g} and {high:g}", float, lambda x: (x >= low) & (x <= high))


def inside(low: float, high: float) -> Domain:
    """Numbers between `low` and `high`, both excluded.

    Example:
        >>> inside(0, 1).check("beta", 0.9)
        0.9
    """
    words = f"between {low:g} and {high:g}, both excluded"
    return Domain(words, float, lambda x: (x > low) & (x < high))


FINITE = Domain("finite", float, np.isfinite)
NON_NEGATIVE = Domain("non-negative and finite", float, lambda x: (x >= 0) & (x < np.inf))
POSITIVE = Domain("positive and finite", float, lambda x: (x > 0) & (x < np.inf))
ABOVE_ZERO = Domain("positive", float, lambda x: x > 0)
SHARE = between(0, 1)
FRACTION = inside(0, 1)
DECAY = between(0, 1, below=True)
COUNT = count()
WHOLE_NUMBER = count(0)
FLAG = Domain("True or False", bool, lambda x: True)  # noqa: ARG005
PRECISION = one_of("float32", "float64")
CRITERION = one_of("mse", "ce")
"""The loss of a skill (docs/terms.md); its level is `numerics.logistic.level_of`."""

Positive = Annotated[float, POSITIVE]
NonNegative = Annotated[float, NON_NEGATIVE]
Fraction = Annotated[float, FRACTION]
Decay = Annotated[float, DECAY]
Count = Annotated[int, COUNT]
WholeNumber = Annotated[int, WHOLE_NUMBER]
Share = Annotated[float, SHARE]
Flag = Annotated[bool, FLAG]
Criterion = Annotated[str, CRITERION]


def domain_of(hint: Any) -> Domain | None:
    """The domain that an annotation names, or None.

    The domain of a tuple or of an optional value is that of its parts.

    Example:
        >>> domain_of(Annotated[float, POSITIVE]) is POSITIVE, domain_of(float)
        (True, None)
    """
    parts = getattr(hint, "__metadata__", ())
    if not parts and get_origin(hint) in (tuple, Union, UnionType):
        parts = map(domain_of, get_args(hint))
    return next((part for part in parts if isinstance(part, Domain)), None)


def check_fields(instance: Any, domains: Mapping[str, Domain] | None = None) -> None:
    """Check the fields of a dataclass against the domains that their annotations name.

    The entries of a tuple are checked one by one; None passes where the annotation allows it.

    Raises:
        ArgumentError: names the first field outside of its domain.

    Example:
        >>> @dataclass
        ... class Size:
        ...     width: Count
        ...     depth: Count = 2
        >>> check_fields(Size(width=8))
        >>> check_fields(Size(width=0))
        Traceback (most recent call last):
            ...
        skillphysics.errors.ArgumentError: width must be an integer of at least 1, got 0
    """
    hints = get_type_hints(type(instance), include_extras=True)
    named = {name: domain_of(hint) for name, hint in hints.items()}
    for name, domain in {**named, **(domains or {})}.items():
        value = getattr(instance, name, None)
        if domain is None or value is None:
            continue
        for entry in value if isinstance(value, tuple) else (value,):
            domain.check(name, entry)


def check_names(names: Iterable[str], argument: str) -> tuple[str, ...]:
    """Names as a tuple, if there is at least one and all are distinct printable text.

    Raises:
        ArgumentError: names the first that is not.

    Example:
        >>> check_names(["add", "carry"], "names")
        ('add', 'carry')
    """
    checked = tuple(names)
    if not checked:
        raise ArgumentError(f"{argument} must hold at least one name, got none", argument=argument)
    for name in checked:
        if not isinstance(name, str) or not name:
            raise ArgumentError(
                f"{argument} must hold non-empty text, got {_shown(name)}", argument=argument
            )
        # Control characters and lone surrogates survive neither netCDF nor CSV.
        if any(_unwritable(character) for character in name):
            raise ArgumentError(
                f"{argument} must hold printable text, got {_shown(name)} with a control character",
                argument=argument,
            )
    if len(set(checked)) < len(checked):
        repeated = next(name for i, name in enumerate(checked) if name in checked[:i])
        raise ArgumentError(
            f"{argument} must be distinct, got {repeated!r} more than once", argument=argument
        )
    return checked


def check_frequency(frequency: Any, n_skill: int) -> np.ndarray:
    """Frequencies as a float64 array [n_skill], if all are positive and finite.

    Raises:
        ArgumentError: the shape is another, or names the first entry that is not positive.

    Example:
        >>> check_frequency([3, 1], n_skill=2).tolist()
        [3.0, 1.0]
    """
    values = np.array(frequency, dtype=np.float64)
    if values.shape != (n_skill,):
        raise ArgumentError(
            f"frequency must have shape ({n_skill},), one entry per skill, got {values.shape}",
            argument="frequency",
        )
    return POSITIVE.check_entries("frequency", values)


def _unwritable(character: str) -> bool:
    code = ord(character)
    return code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000


def _is(kind: type, value: Any) -> bool:
    # A bool is an Integral, and an Integral is a Real: neither passes for the next.
    if isinstance(value, bool | np.bool_) or kind is bool:
        return kind is bool and isinstance(value, bool | np.bool_)
    if kind is str:
        return isinstance(value, str)
    # An array without dimensions, of NumPy, JAX or PyTorch, is a number.
    scalar = value.item() if getattr(value, "shape", None) == () else value
    return isinstance(scalar, Integral if kind is int else Real) and not (
        kind is float and isinstance(scalar, Real) and math.isnan(scalar)
    )


def _shown(value: Any) -> str:
    shape = getattr(value, "shape", ())
    if shape:
        return f"an array of shape {tuple(shape)}"
    text = repr(value.item() if hasattr(value, "item") else value)
    return text if len(text) <= 60 else f"{text[:57]}…"

import numpy as np
import pytest

from skillphysics.errors import ArgumentError, SkillphysicsError
from skillphysics.skills import Skills


def frequency(skills: Skills) -> np.ndarray:
    assert skills.frequency is not None
    return skills.frequency


def test_power_law_by_hand():
    skills = Skills.power_law(4, alpha=1)
    # 1, 1/2, 1/3, 1/4 over 25/12.
    np.testing.assert_allclose(frequency(skills), np.array([12, 6, 4, 3]) / 25, rtol=1e-15)
    assert skills.names == ("1", "2", "3", "4")
    assert len(skills) == 4


def test_exponential_by_hand():
    skills = Skills.exponential(3, ratio=3, names=["a", "b", "c"])
    np.testing.assert_allclose(frequency(skills), np.array([9, 3, 1]) / 13, rtol=1e-15)
    assert skills.names == ("a", "b", "c")


@pytest.mark.parametrize("alpha", [0.0, -1.0, 2.5])
def test_any_finite_exponent(alpha):
    weight = np.arange(1, 6.0) ** -alpha
    np.testing.assert_allclose(frequency(Skills.power_law(5, alpha)), weight / weight.sum())


def test_steep_laws_do_not_overflow():
    for skills in (
        Skills.power_law(3, -600),
        Skills.power_law(3, 600),
        Skills.exponential(3, 1e-150),
        Skills.exponential(3, 1e150),
    ):
        assert frequency(skills).max() == 1
        assert (frequency(skills) > 0).all()


def test_a_law_too_steep_for_double_precision_is_refused():
    with pytest.raises(ArgumentError, match=r"frequency\[1\] must be positive and finite, got 0.0"):
        Skills.power_law(2, alpha=2000)


def test_many_skills():
    skills = Skills.power_law(10_000, alpha=2)
    assert frequency(skills).sum() == pytest.approx(1, rel=1e-12)
    assert skills.names[-1] == "10000"


def test_given_frequencies_are_kept_until_normalised():
    skills = Skills.given([3, 1], names=["a", "b"])
    assert frequency(skills).tolist() == [3, 1]
    assert frequency(skills).dtype == np.float64
    normalised = skills.normalised()
    assert frequency(normalised).tolist() == [0.75, 0.25]
    assert normalised.names == skills.names


def test_frequencies_are_copied():
    given = np.array([2.0, 1.0])
    skills = Skills.given(given)
    given[0] = -1
    assert frequency(skills).tolist() == [2, 1]


def test_unknown_frequencies():
    skills = Skills.unknown(iter(["b", "a"]))
    assert (skills.names, skills.frequency, len(skills)) == (("b", "a"), None, 2)
    with pytest.raises(ArgumentError, match="are unknown"):
        skills.normalised()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Skills.power_law(0, 1), "n_skill must be an integer of at least 1, got 0"),
        (lambda: Skills.exponential(-1, 3), "n_skill must be an integer of at least 1, got -1"),
        (lambda: Skills.power_law(3, np.inf), "alpha must be finite, got inf"),
        (lambda: Skills.power_law(3, np.nan), "alpha must be finite, got nan"),
        (lambda: Skills.exponential(3, 0), "ratio must be positive and finite, got 0"),
        (lambda: Skills.exponential(3, -2), "ratio must be positive and finite, got -2"),
        (lambda: Skills.exponential(3, np.inf), "ratio must be positive and finite, got inf"),
        (lambda: Skills.given([[1, 2]]), r"frequency must have shape \(n_skill,\), got \(1, 2\)"),
        (lambda: Skills.given([1, 0]), r"frequency\[1\] must be positive and finite, got 0.0"),
        (lambda: Skills.given([1, -2]), r"frequency\[1\] must be .* got -2.0"),
        (lambda: Skills.given([np.nan, 1]), r"frequency\[0\] must be .* got nan"),
        (lambda: Skills.given([1, np.inf]), r"frequency\[1\] must be .* got inf"),
        (
            lambda: Skills.given([1, 2], names=["a"]),
            r"shape \(1,\), one entry per skill, got \(2,\)",
        ),
        (lambda: Skills.unknown([]), "names must hold at least one name"),
        (lambda: Skills.unknown(["a", ""]), "non-empty text"),
        (lambda: Skills.unknown(["a", "b", "a"]), "names must be distinct, got 'a' more than once"),
        (lambda: Skills.unknown(["a\x00"]), r"got 'a\\x00' with a control character"),
        (lambda: Skills.unknown(["\ud800"]), "control character"),
        (lambda: Skills.unknown(["\x85"]), "control character"),
    ],
)
def test_unusable_skills(make, message):
    with pytest.raises(ArgumentError, match=message) as error:
        make()
    assert isinstance(error.value, SkillphysicsError)

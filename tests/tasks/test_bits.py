"""Bits in words against whole numbers of Python."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from skillphysics.errors import ArgumentError
from skillphysics.tasks import draw_subsets
from skillphysics.tasks.bits import below, draw_bits, mask_of, parity, unpack

KEY = jax.random.key(0)


@pytest.mark.parametrize("n_bits", [5, 32, 100])
def test_bits_and_parities_are_those_of_whole_numbers(n_bits):
    words = draw_bits(KEY, 7, n_bits)
    bits = np.asarray(unpack(words, n_bits))
    subset = tuple(range(0, n_bits, 3))
    odd = parity(words, jnp.asarray(mask_of(subset, n_bits)))
    assert bits.shape == (7, n_bits)
    for row, seen, answer in zip(np.asarray(words), bits, np.asarray(odd), strict=True):
        number = sum(int(word) << (32 * place) for place, word in enumerate(row))
        wanted = [number >> bit & 1 for bit in range(n_bits)]
        assert seen.tolist() == wanted
        assert answer == sum(wanted[bit] for bit in subset) % 2


@pytest.mark.parametrize("n_bits", [3, 64])
def test_the_first_rows_do_not_depend_on_how_many_follow(n_bits):
    many = draw_bits(KEY, 101, n_bits)
    for n in (1, 50):
        np.testing.assert_array_equal(draw_bits(KEY, n, n_bits), many[:n])


def test_bits_are_uniform_and_independent():
    # All 64 strings of 6 bits that lie across the border of two words.
    bits = np.asarray(unpack(draw_bits(KEY, 64_000, 35), 35))[:, 29:]
    strings = bits @ (1 << np.arange(6))
    assert stats.chisquare(np.bincount(strings, minlength=64)).pvalue > 1e-3


def test_marks_have_their_shares_and_are_nested():
    share = jnp.array([1.0, 0.5, 0.05], jnp.float32)
    marks = np.asarray(below(KEY, 20_000, share))
    assert marks[:, 0].all()
    for column, p in zip(marks.T[1:], share[1:], strict=True):
        assert stats.binomtest(int(column.sum()), 20_000, float(p)).pvalue > 1e-3
    together = marks[:, 1] @ marks[:, 2] / 20_000
    assert together == pytest.approx(0.025, abs=5 * np.sqrt(0.025 / 20_000))
    fewer = np.asarray(below(KEY, 20_000, share / 2))
    assert (fewer <= marks).all()


def test_disjoint_subsets_share_no_bit():
    subsets = np.asarray(draw_subsets(KEY, 10, 32, 3, disjoint=True))
    assert subsets.shape == (10, 3)
    assert len(np.unique(subsets)) == 30
    assert subsets.min() >= 0
    assert subsets.max() < 32


def test_other_subsets_are_uniform():
    subsets = np.asarray(draw_subsets(KEY, 10_000, 5, 2, disjoint=False))
    assert (subsets[:, 0] < subsets[:, 1]).all()
    pairs = np.bincount(subsets @ [5, 1], minlength=25)
    wanted = [a * 5 + b for a in range(5) for b in range(a + 1, 5)]
    assert pairs[wanted].sum() == 10_000
    assert stats.chisquare(pairs[wanted]).pvalue > 1e-3


@pytest.mark.parametrize(
    ("arguments", "disjoint", "said"),
    [
        ((11, 32, 3), True, "n_bits must be at least 33 for 11 disjoint sets of 3 bits, got 32"),
        ((2, 2, 3), False, "n_bits must be at least 3 for a set of 3 bits, got 2"),
        ((0, 2, 1), False, "n_skill must .* got 0"),
        ((1, 2, 0), True, "size must .* got 0"),
        ((1, 0, 1), True, "n_bits must .* got 0"),
    ],
)
def test_too_few_bits_are_refused(arguments, disjoint, said):
    with pytest.raises(ArgumentError, match=said):
        draw_subsets(KEY, *arguments, disjoint=disjoint)

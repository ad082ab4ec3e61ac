"""Multitask sparse parity against loops over bits, and predictors whose strength is known."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from skillphysics import Skills
from skillphysics.errors import ArgumentError
from skillphysics.tasks import MultitaskParity, draw_subsets

KEY = jax.random.key(0)
SKILLS = Skills.power_law(5, alpha=1.6)
SUBSETS = np.array([[0, 1, 2], [3, 4, 31], [2, 5, 6], [7, 8, 9], [10, 20, 30]])


def fresh(**options):
    return MultitaskParity(SKILLS, SUBSETS, n_bits=32, **{"batch_size": 1000, **options})


def kept(n_samples, **options):
    return MultitaskParity.draw(KEY, SKILLS, SUBSETS, n_bits=32, n_samples=n_samples, **options)


def present(value):
    assert value is not None
    return value


def answers(inputs, subsets, n_skill):
    """Skill and parity of every row, bit by bit."""
    skills, odd = [], []
    for row in np.asarray(inputs):
        assert set(row.tolist()) <= {0.0, 1.0}
        assert row[:n_skill].sum() == 1
        skill = int(row[:n_skill].argmax())
        skills.append(skill)
        odd.append(sum(int(row[n_skill + bit]) for bit in subsets[skill]) % 2)
    return np.array(skills), np.array(odd)


def signs(inputs):
    """g of every row, traceable."""
    chosen = jnp.asarray(SUBSETS)[jnp.argmax(inputs[:, :5], axis=1)]
    ones = jnp.take_along_axis(inputs[:, 5:], chosen, axis=1).sum(1)
    return 1 - 2 * (ones % 2)


def test_batches_are_skills_bits_and_their_parities():
    batch = present(eqx.filter_jit(fresh(batch_size=20_000).batch)(KEY))
    assert batch.inputs.shape == (20_000, 37)
    assert batch.inputs.dtype == np.float32
    skill, odd = answers(batch.inputs, SUBSETS, 5)
    np.testing.assert_array_equal(batch.odd, odd)
    counts = np.bincount(skill, minlength=5)
    assert stats.chisquare(counts, SKILLS.probability * 20_000).pvalue > 1e-3
    bits = np.asarray(batch.inputs)[:, 5:]
    # Each bit is even, of the others and of the skill independent.
    assert abs(bits.mean(0) - 0.5).max() < 5 * 0.5 / np.sqrt(20_000)
    of_skill = np.array([bits[skill == k].mean(0) for k in range(5)])
    assert (abs(of_skill - 0.5) < 5 * 0.5 / np.sqrt(counts[:, None])).all()
    assert abs(np.cov(bits.T) - np.eye(32) / 4).max() < 5 * 0.25 / np.sqrt(20_000)


def test_more_than_one_word_of_bits():
    skills = Skills.power_law(3, alpha=1.0)
    subsets = draw_subsets(KEY, 3, 100, 4, disjoint=False)
    task = MultitaskParity(skills, subsets, n_bits=100, criterion="ce", batch_size=200)
    batch = present(eqx.filter_jit(task.batch)(KEY))
    assert batch.inputs.shape == (200, 103)
    np.testing.assert_array_equal(batch.odd, answers(batch.inputs, np.asarray(subsets), 3)[1])


def test_strengths_of_a_known_predictor():
    share = jnp.array([1.0, 0.5, 0.0, -0.2, 1.1])
    offset = jnp.array([0.0, 3.0, 1.0, 0.0, -2.0])

    def predict(inputs):
        control = inputs[:, :5]
        return (5 * (control @ share) * signs(inputs) + control @ offset)[:, None]

    measured = jax.jit(lambda: fresh(n_measure=4000).measure(predict, KEY))()
    # An offset does not count; only the mean of 4000 signs, squared, is lost with it.
    np.testing.assert_allclose(measured["level"], share, atol=25 / 4000)
    loss = 25 / 2 * (1 - share) ** 2 + offset**2 / 2
    tolerance = 5 * abs(5 * (1 - share) * offset) / np.sqrt(4000) + 1e-4
    assert (abs(measured["skill_loss"] - loss) <= tolerance).all()
    wanted = SKILLS.probability @ np.asarray(measured["skill_loss"])
    assert float(measured["loss"]) == pytest.approx(wanted, rel=1e-5)


def test_the_standard_error_is_the_scatter_of_measurements():
    task = fresh(n_measure=250, target_scale=2.0)

    def predict(inputs):
        return (signs(inputs) + 3 * inputs[:, 15] + inputs[:, 5])[:, None]

    measured = jax.jit(jax.vmap(lambda key: task.measure(predict, key)))(jax.random.split(KEY, 400))
    scatter = np.std(measured["level"], axis=0)
    np.testing.assert_allclose(np.mean(measured["level_stderr"], axis=0), scatter, rtol=0.2)
    # The first skill and the last hold a bit that the output holds as well.
    np.testing.assert_allclose(np.mean(measured["level"], axis=0), 0.5, atol=0.01)


@pytest.mark.parametrize("half_square", [False, True])
def test_mse_is_that_of_numpy(half_square):
    task = fresh(half_square=half_square, target_scale=3.0)
    batch = present(eqx.filter_jit(task.batch)(KEY))
    loss = task.loss(lambda x: x[:, 7:8], batch)
    target = 3 * (-1.0) ** np.asarray(batch.odd)
    wanted = np.mean((target - np.asarray(batch.inputs)[:, 7]) ** 2)
    assert float(loss) == pytest.approx(wanted / (2 if half_square else 1), rel=1e-5)


def test_cross_entropy_is_that_of_numpy():
    task = fresh(criterion="ce", n_measure=1000)
    batch = present(eqx.filter_jit(task.batch)(KEY))
    logits = np.asarray(batch.inputs)[:, [7, 12]] * [2.0, 3.0]
    chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    wanted = -np.log(chance[np.arange(1000), np.asarray(batch.odd)]).mean()
    loss = task.loss(lambda x: x[:, jnp.array([7, 12])] * jnp.array([2.0, 3.0]), batch)
    assert float(loss) == pytest.approx(wanted, rel=1e-5)


def test_accuracy_of_a_known_predictor():
    """Right on the first skill, wrong on the second, on the others as a coin."""

    def predict(inputs):
        sign = signs(inputs) * (inputs[:, 0] - inputs[:, 1])
        coin = (2 * inputs[:, 5 + 15] - 1) * (inputs[:, 2] + inputs[:, 3] + inputs[:, 4])
        return jnp.stack([sign + coin, jnp.zeros(len(inputs))], axis=1)

    measured = jax.jit(lambda: fresh(criterion="ce", n_measure=4000).measure(predict, KEY))()
    np.testing.assert_allclose(measured["accuracy"][:2], [1, 0], atol=1e-6)
    np.testing.assert_allclose(measured["level"][:2], [1, -1], atol=1e-6)
    np.testing.assert_allclose(measured["level"][2:], 0, atol=5 / np.sqrt(4000))
    stderr = [0, 0, *(1 / np.sqrt(4000),) * 3]
    np.testing.assert_allclose(measured["level_stderr"], stderr, atol=1e-4)
    # Of two logits one apart: −log σ(1) where right, −log σ(−1) where wrong.
    right, wrong = np.log1p(np.exp(-1)), np.log1p(np.exp(1))
    np.testing.assert_allclose(measured["skill_loss"][:2], [right, wrong], rtol=1e-5)
    middle = (right + wrong) / 2
    np.testing.assert_allclose(measured["skill_loss"][2:], middle, atol=2.5 / np.sqrt(4000))


def test_a_data_set_is_the_same_whatever_its_capacity():
    few, many = kept(60), kept(60, capacity=200)
    np.testing.assert_array_equal(present(few.data).skill, present(many.data).skill[:60])
    np.testing.assert_array_equal(present(few.data).words, present(many.data).words[:60])
    assert int(present(many.n_samples)) == 60
    assert few.batch(KEY) is many.batch(KEY) is None


def test_rows_beyond_the_data_set_do_not_count():
    task = kept(60, capacity=200)
    asked = task.asked(present(task.data))
    skill, odd = answers(asked.inputs[:60], SUBSETS, 5)
    np.testing.assert_array_equal(skill, present(task.data).skill[:60])
    wanted = np.mean((5 * (-1.0) ** odd - np.asarray(asked.inputs)[:60, 9]) ** 2)
    loss = task.loss(lambda x: x[:, 9:10], None)
    assert float(loss) == pytest.approx(wanted, rel=1e-5)

    def spoilt(task):
        return task.loss(lambda x: jnp.where(jnp.arange(200) < 60, 1.0, jnp.nan)[:, None], None)

    assert np.isfinite(spoilt(task))


def test_batches_of_a_data_set_are_drawn_below_its_size():
    task = kept(30, capacity=100, batch_size=600)
    batch = present(eqx.filter_jit(task.batch)(KEY))
    seen = {row.tobytes() for row in np.asarray(batch.inputs)}
    inside = task.asked(present(task.data))
    rows = [row.tobytes() for row in np.asarray(inside.inputs)]
    assert seen == set(rows[:30])
    np.testing.assert_array_equal(batch.odd, answers(batch.inputs, SUBSETS, 5)[1])
    alone = present(eqx.filter_jit(kept(30, batch_size=600).batch)(KEY))
    np.testing.assert_array_equal(batch.inputs, alone.inputs)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: fresh(batch_size=None), "batch_size must be given"),
        (lambda: fresh(n_samples=3), "n_samples must be None without data"),
        (lambda: fresh(batch_size=0), "batch_size must .* got 0"),
        (lambda: fresh(n_measure=0), "n_measure must .* got 0"),
        (lambda: fresh(criterion="mae"), "'mse' or 'ce', got 'mae'"),
        (lambda: fresh(criterion="ce", half_square=True), "belong to criterion 'mse'"),
        (lambda: fresh(criterion="ce", target_scale=1.0), "belong to criterion 'mse'"),
        (lambda: fresh(target_scale=0.0), "target_scale must .* got 0"),
        (lambda: fresh(target_scale=float("nan")), "target_scale must .* got nan"),
        (
            lambda: MultitaskParity(SKILLS, SUBSETS[:4], n_bits=32, batch_size=1),
            "5 skills, got 4 rows",
        ),
        (lambda: MultitaskParity(SKILLS, SUBSETS, n_bits=31, batch_size=1), "'2' must .* 0 to 30"),
        (lambda: MultitaskParity(SKILLS, SUBSETS * 0, n_bits=3, batch_size=1), "distinct"),
        (lambda: MultitaskParity(SKILLS, SUBSETS, n_bits=0, batch_size=1), "n_bits must .* got 0"),
        (lambda: MultitaskParity(Skills.unknown("abcde"), SUBSETS, n_bits=32), "batch_size"),
        (lambda: kept(0), "n_samples must .* got 0"),
        (lambda: kept(0, capacity=5), "n_samples must .* got 0"),
        (lambda: kept(6, capacity=5), "n_samples must be at most the capacity 5, got 6"),
    ],
)
def test_what_is_wrong_is_said(make, said):
    with pytest.raises(ArgumentError, match=said):
        make()


def test_unknown_frequencies_are_refused():
    with pytest.raises(ArgumentError, match="unknown"):
        MultitaskParity(Skills.unknown("abcde"), SUBSETS, n_bits=32, batch_size=1)


@pytest.mark.parametrize(("criterion", "width"), [("mse", 2), ("ce", 1)])
def test_a_network_of_another_width_is_refused(criterion, width):
    with pytest.raises(ArgumentError, match="network must have"):
        fresh(criterion=criterion).measure(lambda x: x[:, :width], KEY)

"""Worlds against plain NumPy, and against each other."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skillphysics import Multilinear, Skills, train
from skillphysics.errors import ArgumentError
from skillphysics.optimizers import optimizer
from skillphysics.worlds import VECTORS, Geometry, Matrix, MultilinearNet, Quadratic
from skillphysics.worlds.vectors import draw_vectors
from skillphysics.worlds.world import Batch

KEY = jax.random.key(0)
SKILLS = Skills.power_law(6, alpha=1.5)


def softplus(x):
    return np.logaddexp(x, 0)


@pytest.mark.parametrize("kind", list(VECTORS))
def test_vectors_are_as_named(kind):
    n_skill, n_dim = (300, 400) if kind in ("orthogonal", "modular") else (400, 300)
    vectors = np.asarray(VECTORS[kind](KEY, n_skill, n_dim))
    assert vectors.shape == (n_skill, n_dim)
    assert vectors.dtype == np.float32
    gram = vectors @ vectors.T
    if kind in ("orthogonal", "modular"):
        np.testing.assert_allclose(gram, np.eye(n_skill), atol=1e-5)
    if kind == "unit":
        np.testing.assert_allclose(np.diag(gram), 1, rtol=1e-5)
        off = gram[~np.eye(n_skill, dtype=bool)]
        assert abs(off.std() * np.sqrt(n_dim) - 1) < 0.02
    if kind == "gaussian":
        assert abs(vectors.var() * n_dim - 1) < 0.01
        assert np.diag(gram).std() > 0.05


def test_modular_vectors_beyond_the_dimensions_are_zero():
    vectors = np.asarray(VECTORS["modular"](KEY, 5, 3))
    np.testing.assert_array_equal(vectors, np.eye(5, 3))


@pytest.mark.parametrize("criterion", ["mse", "ce"])
@pytest.mark.parametrize("half_square", [False, True])
@pytest.mark.parametrize("reweight", [None, 1.0, 0.5])
@pytest.mark.parametrize("noise", [None, 0.3])
def test_gradient_is_that_of_numpy(criterion, half_square, reweight, noise):
    if criterion == "ce" and half_square:
        with pytest.raises(ArgumentError, match="no square, got True"):
            Geometry.draw(KEY, SKILLS, 9, criterion="ce", half_square=True)
        return
    world = Geometry.draw(
        KEY, SKILLS, 9, vectors="unit", criterion=criterion, half_square=half_square,
        reweight=reweight, noise=noise,
    )  # fmt: skip
    x = np.random.default_rng(0).normal(size=9)
    t = np.asarray(world.vectors, np.float64)
    share = np.array([0.5, 0, 0.2, 0.1, 0.1, 0.1])
    z = np.random.default_rng(1).normal(size=9)
    s = t @ x
    if criterion == "mse":
        loss, slope = (1 - s) ** 2, -(1 - s) * (1 if half_square else 2)
    else:
        loss, slope = softplus(-s), -1 / (1 + np.exp(s))
    weight = 1 if reweight is None else loss**reweight
    wanted = (share * weight * slope) @ t + (0 if noise is None else noise * z)
    batch = Batch(jnp.asarray(share, jnp.float32), None if noise is None else jnp.asarray(z, "f4"))
    gradient = jax.grad(world.loss)(jnp.asarray(x, jnp.float32), batch)
    np.testing.assert_allclose(gradient, wanted, rtol=2e-5, atol=1e-6)
    measured = world.measure(jnp.asarray(x, jnp.float32), KEY)
    level = s if criterion == "mse" else 1 / (1 + np.exp(-s))
    np.testing.assert_allclose(measured["level"], level, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(measured["loss"], SKILLS.probability @ loss, rtol=1e-5)


def test_ce_gradient_is_finite_far_out():
    world = Geometry(np.array([[1.0], [-1.0]]), Skills.given([1, 1]), criterion="ce")
    for x in (-200.0, 200.0):
        gradient = jax.grad(world.loss)(jnp.array([x]), world.batch(KEY))
        np.testing.assert_allclose(gradient, [np.sign(x) * 0.5], rtol=1e-6)


def test_aligned_is_counted():
    world = Geometry.draw(KEY, SKILLS, 50, vectors="unit")
    x = jnp.asarray(np.random.default_rng(2).normal(size=50), jnp.float32)
    t = np.asarray(world.vectors)
    slope = -2 * (1 - t @ np.asarray(x))
    gradient = (SKILLS.probability * slope) @ t
    wanted = [np.sum(np.sign(slope[i] * t[i]) * np.sign(gradient)) for i in range(6)]
    np.testing.assert_array_equal(world.measure(x, KEY)["aligned"], wanted)
    # The authors' count of dimensions where t and -g agree, while a skill is not yet learned.
    count = [(np.sign(t[i]) == np.sign(-gradient)).sum() for i in range(6)]
    below = slope < 0
    assert below.any()
    np.testing.assert_array_equal(np.array(count)[below], (50 + np.array(wanted)[below]) / 2)


def test_noise_has_the_deviation_that_is_asked():
    world = Geometry.draw(KEY, SKILLS, 2000, noise=0.7)
    quiet = Geometry(world.vectors, SKILLS)
    x = jnp.zeros(2000)
    noisy = jax.grad(world.loss)(x, world.batch(jax.random.key(5)))
    rest = np.asarray(noisy - jax.grad(quiet.loss)(x, quiet.batch(KEY)))
    assert abs(rest.std() / 0.7 - 1) < 5 / np.sqrt(2 * 2000)
    assert abs(rest.mean()) < 5 * 0.7 / np.sqrt(2000)


def test_batches_are_drawn_and_exact_without_a_size():
    exact = Geometry.draw(KEY, SKILLS, 10)
    np.testing.assert_allclose(exact.batch(KEY).share, SKILLS.probability, rtol=1e-6)
    drawn = Geometry.draw(KEY, SKILLS, 10, batch_size=64).batch(KEY).share * 64
    assert drawn.sum() == 64
    np.testing.assert_array_equal(drawn, np.rint(drawn))


def test_reweighting_lowers_the_effective_exponent():
    """Half-learned skills weigh less, so that SignGD turns to the rare ones earlier."""
    skills = Skills.power_law(5, alpha=2)
    vectors = VECTORS["orthogonal"](KEY, 5, 200)
    worlds = [Geometry(vectors, skills, reweight=k) for k in (0.0, 1.0)]
    curves = train(worlds, optimizer("sign_gd"), learning_rate=1e-3, steps=1000, record=1, key=KEY)
    plain, reweighted = curves.learning_time(0.5).values
    assert plain[4] > 1.3 * reweighted[4]
    assert reweighted[0] >= plain[0]


@pytest.mark.parametrize("name", ["sgd", "sign_gd", "adam"])
def test_matrix_is_geometry_for_optimizers_that_see_entries(name):
    matrix = Matrix.draw(KEY, SKILLS, 7, 5)
    outer = np.einsum("ka,kb->kab", matrix.left, matrix.right).reshape(6, 35)
    flat = Geometry(outer, SKILLS)
    both = [
        train(world, optimizer(name, **({"eps": 0.01} if name != "sgd" else {})),
              learning_rate=0.02, steps=200, key=KEY)
        for world in (matrix, flat)
    ]  # fmt: skip
    # Once learned, SignGD's bounce is decided by rounding.
    np.testing.assert_allclose(both[0].level[:60], both[1].level[:60], atol=2e-4)


def test_muon_synchronises_what_sgd_does_not():
    world = Matrix.draw(KEY, Skills.power_law(8, alpha=2), 8, 8, vectors="orthogonal")
    sgd, muon = (
        train(world, optimizer(name), learning_rate=rate, steps=3000, record=1, key=KEY)
        .learning_time(0.8).values
        for name, rate in (("sgd", 0.05), ("muon", 0.002))
    )  # fmt: skip
    assert sgd[7] / sgd[0] > 50
    assert muon[7] / muon[0] < 1.5


def test_multilinear_net_under_gradient_flow_is_the_theory():
    frequency = np.array([0.5, 0.3, 0.2])
    net = MultilinearNet(Skills.given(frequency), target_scale=2.0, initial_strength=0.02)
    distance = []
    for rate in (0.02, 0.01, 0.005):
        steps = round(20 / rate)
        curves = train(net, optimizer("sgd"), learning_rate=rate, steps=steps, key=KEY)
        theory = Multilinear(frequency, rate=rate, initial_share=0.01, target_scale=2.0)
        distance.append(float(abs(curves.level - theory.levels(curves.steps)).max()))
        wanted = 2 * (frequency * (1 - curves.level.values) ** 2).sum(1)
        np.testing.assert_allclose(curves.dataset["loss"], wanted, rtol=1e-4, atol=1e-9)
    # Euler's error falls like the step.
    assert distance[0] / distance[1] == pytest.approx(2, rel=0.1)
    assert distance[1] / distance[2] == pytest.approx(2, rel=0.1)


def test_multilinear_net_sees_its_samples():
    net = MultilinearNet(Skills.given([0.7, 0.2, 0.1]), counts=np.array([3, 1, 0]))
    curves = train(net, optimizer("sgd"), learning_rate=0.1, steps=2000, key=KEY)
    level = curves.level.isel(step=-1).values
    assert level[0] > 0.99
    assert level[2] == pytest.approx(0.01, rel=1e-4)
    drawn = MultilinearNet.draw(KEY, Skills.power_law(3, 1), 100)
    assert float(drawn.data_share.sum()) == pytest.approx(1)
    np.testing.assert_allclose(drawn.data_share * 100, np.rint(drawn.data_share * 100), rtol=1e-6)


def test_multilinear_net_with_a_width_learns_the_frequent_first():
    net = MultilinearNet(Skills.given([0.9, 0.1]), width=8, init=0.05)
    curves = train(net, optimizer("sgd"), learning_rate=0.1, steps=4000, key=KEY)
    first, second = curves.learning_time(0.9).values
    assert first < second < np.inf


def test_sgd_cannot_tell_a_rotated_quadratic_and_sign_gd_can():
    both = [
        train(world, optimizer("sgd"), learning_rate=0.01, steps=2000, key=KEY)
        for world in (Quadratic.aligned(), Quadratic.rotated())
    ]
    np.testing.assert_allclose(both[0].level, both[1].level, atol=1e-4)
    h = np.array([1, 0.1, 0.01, 0.001])
    wanted = 1 - (1 - 2 * 0.01 * h) ** both[0].steps[:, None]
    np.testing.assert_allclose(both[0].level, wanted, atol=2e-5)
    aligned, rotated = (
        train(world, optimizer("sign_gd"), learning_rate=3e-4, steps=10_000, key=KEY)
        .learning_time(0.5).values
        for world in (Quadratic.aligned(), Quadratic.rotated())
    )  # fmt: skip
    np.testing.assert_allclose(aligned, 0.5 / 3e-4, rtol=1e-3)
    assert (np.diff(rotated) > 1000).all()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Geometry.draw(KEY, SKILLS, 5), "n_dim must be at least 6 for 6 orthogonal .* 5;"),
        (lambda: VECTORS["orthogonal"](KEY, 6, 5), "n_dim must be at least 6"),
        (lambda: Geometry.draw(KEY, SKILLS, 0, vectors="unit"), "n_dim must be .*1, got 0"),
        (lambda: Geometry.draw(KEY, SKILLS, 9, vectors="skew"), "'gaussian' or 'modular', got 'sk"),
        (lambda: Geometry.draw(KEY, SKILLS, 9, criterion="mae"), "'mse' or 'ce', got 'mae'"),
        (lambda: Geometry.draw(KEY, SKILLS, 9, batch_size=0), "batch_size must be .* got 0"),
        (lambda: Geometry.draw(KEY, SKILLS, 9, batch_size=2**25), "from 1 to 16777216, got"),
        (lambda: Geometry.draw(KEY, SKILLS, 9, noise=float("nan")), "noise must be .* got nan"),
        (lambda: Geometry.draw(KEY, SKILLS, 9, noise=-1.0), "noise must be non-negative .* got -1"),
        (lambda: Geometry.draw(KEY, SKILLS, 9, noise=1e39), "noise must be at most 3.4e.38"),
        (lambda: Geometry.draw(KEY, SKILLS, 9, reweight=-1.0), "reweight must be .* got -1"),
        (lambda: Geometry.draw(KEY, Skills.unknown("ab"), 9), "unknown"),
        (lambda: Geometry(np.ones((2, 3)), SKILLS), "each of the 6 skills, got 2 rows"),
        (lambda: Geometry(np.full((6, 3), np.nan), SKILLS), "vectors must be finite"),
        (lambda: Matrix(np.ones((6, 3)), np.ones((5, 3)), SKILLS), "right must have .* got 5 rows"),
        (lambda: Matrix.draw(KEY, SKILLS, 0, 3), "rows must be .* got 0"),
        (lambda: Matrix.draw(KEY, SKILLS, 9, 5, vectors="orthogonal"), "columns must be at least"),
        (lambda: Quadratic([1, 2], np.ones((2, 2)), [1, 1]), "rotation must be orthogonal"),
        (lambda: Quadratic([1, 2], np.eye(3), [1, 1]), r"\(2, 2\) and \(2,\) .* got \(3, 3\)"),
        (lambda: Quadratic([1, 2], np.eye(2), [1.0, 0.0]), r"start must be .* got \[1.0, 0.0\]"),
        (lambda: Quadratic([1, -2], np.eye(2), [1, 1]), "-2"),
        (lambda: MultilinearNet(SKILLS, target_scale=0.0), "target_scale must be .* got 0"),
        (lambda: MultilinearNet(SKILLS, initial_strength=-1.0), "initial_strength .* got -1"),
        (lambda: MultilinearNet(SKILLS, width=0), "width must be .* got 0"),
        (lambda: MultilinearNet(SKILLS, counts=np.zeros(6)), "all be zero"),
        (lambda: MultilinearNet(SKILLS, counts=np.array([1, 1, 1, 1, 1, -1])), r"counts\[5\] must"),
        (lambda: MultilinearNet(SKILLS, counts=np.ones(2)), r"of the 6 skills, .* \(2,\)"),
        (lambda: MultilinearNet.draw(KEY, SKILLS, 0), "n_samples must be .* got 0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(make, said):
    with pytest.raises(ArgumentError, match=said):
        make()


def test_sizes_must_be_known_before_tracing():
    def drawn(n_dim):
        # Without the type checker of the tests.
        return inspect.unwrap(draw_vectors)("unit", KEY, 3, n_dim)

    with pytest.raises(ArgumentError, match=r"n_dim must be known before .*leave it out of jit"):
        jax.vmap(drawn)(jnp.arange(1, 3))


def mean_times(p, rate, name, steps, n_run, **options):
    keys = list(jax.random.split(jax.random.key(7), n_run))
    skills = p if isinstance(p, Skills) else Skills.given(list(p))
    worlds = [Geometry.draw(k, skills, 1000, batch_size=128, **options) for k in keys]
    curves = train(worlds, optimizer(name), learning_rate=rate, steps=steps, record=1, key=keys)
    return curves.learning_time(0.9).values.mean(0)


@pytest.mark.parametrize(
    ("p", "name", "rate", "steps", "half", "wanted"),
    [
        ((0.9, 0.1), "sign_gd", 3e-4, 400, False, (125, 220)),
        ((0.9, 0.1), "adam", 3e-4, 900, False, (199, 530)),
        ((0.9, 0.1), "sgd", 3e-2, 1200, True, (85, 768)),
        ((0.5, 0.5), "sign_gd", 3e-4, 400, False, (170, 171)),
        (Skills.power_law(10, alpha=2), "sign_gd", 3e-4, 900, False, (142, 254, 342, 413)),
    ],
)  # fmt: skip
def test_learning_times_are_those_of_the_authors_code(p, name, rate, steps, half, wanted):
    """Seed averages of 8 runs; a run scatters by 2 %, and so does the value compared with."""
    times = mean_times(p, rate, name, steps, 8, half_square=half)
    np.testing.assert_allclose(times[: len(wanted)], wanted, rtol=0.03)


def test_optax_agrees_with_a_loop_in_numpy():
    """Twenty steps of SignGD by hand, on the batches that the world draws."""
    world = Geometry.draw(KEY, SKILLS, 40, batch_size=32)
    seen: list[np.ndarray] = []

    class Watched(Geometry):
        def batch(self, key):
            batch = super().batch(key)
            jax.debug.callback(lambda share: seen.append(np.asarray(share)), batch.share)
            return batch

    watched = Watched(world.vectors, SKILLS, batch_size=32)  # pyright: ignore[reportCallIssue]
    curves = train(
        watched, lambda rate: optax.sign_sgd(rate), learning_rate=0.01, steps=20,
        record=[20], key=KEY,
    )  # fmt: skip
    t, x = np.asarray(world.vectors, np.float64), np.zeros(40)
    for share in seen[:20]:
        x -= 0.01 * np.sign((share * -2 * (1 - t @ x)) @ t)
    np.testing.assert_allclose(curves.level[-1], t @ x, atol=1e-5)

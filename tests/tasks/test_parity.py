"""Parities of one string against loops over bits, and the graphs they are made from."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics import Graph
from skillphysics.errors import ArgumentError
from skillphysics.tasks import Parities, parity_bits

KEY = jax.random.key(0)
XOR = {"y1": (0, 1), "y2": (2, 3), "y3": (0, 1, 2, 3)}


def present(value):
    assert value is not None
    return value


def answers(bits, subsets):
    labels = [[sum(int(row[b]) for b in subset) % 2 for subset in subsets] for row in bits]
    return np.array(labels, np.float64)


def test_labels_are_xors_of_bits():
    task = Parities.draw(KEY, XOR, n_bits=40, n_samples=400, train_share=0.8)
    for samples, n in ((present(task.train), 320), (present(task.test), 80)):
        assert samples.inputs.shape == (n, 40)
        assert samples.inputs.dtype == np.float32
        np.testing.assert_array_equal(samples.labels, answers(samples.inputs, XOR.values()))
    fresh = present(eqx.filter_jit(Parities(XOR, n_bits=40, batch_size=400).batch)(KEY))
    np.testing.assert_array_equal(fresh.labels, answers(fresh.inputs, XOR.values()))


def test_loss_counts_what_is_marked_and_divides_by_all():
    task = Parities.draw(KEY, XOR, n_bits=40, n_samples=400, frequency=[1, 0.5, 0.05])
    samples = present(task.train)
    wanted = np.mean(np.asarray(samples.counts) * (0.3 - np.asarray(samples.labels)) ** 2)
    loss = task.loss(lambda x: jnp.full((len(x), 3), 0.3), task.batch(KEY))
    assert float(loss) == pytest.approx(wanted, rel=1e-5)
    shares = np.asarray(samples.counts).mean(0)
    np.testing.assert_allclose(shares, [1, 0.5, 0.05], atol=5 * 0.5 / np.sqrt(400))
    assert shares[0] == 1
    assert shares[2] < 0.1
    # What differs in its frequencies has the same samples otherwise.
    often = present(Parities.draw(KEY, XOR, n_bits=40, n_samples=400).train)
    np.testing.assert_array_equal(often.inputs, samples.inputs)
    assert np.all(often.counts == 1)


def test_measurement_is_of_the_test_samples():
    task = Parities.draw(KEY, XOR, n_bits=40, n_samples=400, train_share=0.5, frequency=[1, 0.5, 1])

    def knows_the_first(x):
        first = answers(x, [XOR["y1"]])
        given = [first, np.zeros_like(first), np.full_like(first, 0.75)]
        return jnp.asarray(np.concatenate(given, 1), jnp.float32)

    measured = task.measure(knows_the_first, KEY)
    even = [1 - np.asarray(present(task.test).labels)[:, k].mean() for k in (1, 2)]
    accuracy = np.array([1, even[0], 1 - even[1]])
    np.testing.assert_allclose(measured["accuracy"], accuracy, rtol=1e-6)
    np.testing.assert_allclose(measured["level"], 2 * accuracy - 1, rtol=1e-5, atol=1e-6)
    skill_loss = [0, 1 - even[0], even[1] * 0.75**2 + (1 - even[1]) * 0.25**2]
    np.testing.assert_allclose(measured["skill_loss"], skill_loss, rtol=1e-5)
    wanted = (0.5 * skill_loss[1] + skill_loss[2]) / 3
    assert float(measured["loss"]) == pytest.approx(wanted, rel=1e-5)


def test_measurement_without_test_samples():
    def first_bit(x):
        return x[:, :3]

    kept = Parities.draw(KEY, XOR, n_bits=40, n_samples=400)
    accuracy = (
        np.asarray(present(kept.train).inputs)[:, :3] == np.asarray(present(kept.train).labels)
    ).mean(0)
    measured = kept.measure(first_bit, KEY)
    np.testing.assert_allclose(measured["accuracy"], accuracy, rtol=1e-6)
    stream = Parities(XOR, n_bits=4, batch_size=2, n_measure=10_000)
    fresh = eqx.filter_jit(lambda task: task.measure(first_bit, KEY))(stream)
    np.testing.assert_allclose(fresh["accuracy"], 0.5, atol=5 * 0.5 / 100)


def test_batches_come_from_the_training_samples():
    task = Parities.draw(KEY, XOR, n_bits=40, n_samples=400, train_share=0.05, batch_size=300)
    batch = present(task.batch(jax.random.key(1)))
    assert batch.inputs.shape == (300, 40)
    seen = {row.tobytes() for row in np.asarray(batch.inputs)}
    assert seen == {row.tobytes() for row in np.asarray(present(task.train).inputs)}
    np.testing.assert_array_equal(batch.labels, answers(batch.inputs, XOR.values()))


def test_float64_is_that_within_its_context():
    with jax.enable_x64(True):
        task = Parities.draw(KEY, XOR, n_bits=40, n_samples=400, dtype="float64")
        samples = present(task.train)
        assert samples.inputs.dtype == samples.counts.dtype == np.float64
        measured = task.measure(lambda x: x[:, :3], KEY)
        assert {value.dtype for value in measured.values()} == {np.dtype(np.float64)}
        assert task.loss(lambda x: x[:, :3], None).dtype == np.float64
    single = present(Parities.draw(KEY, XOR, n_bits=40, n_samples=400).train)
    np.testing.assert_array_equal(samples.inputs, single.inputs)
    np.testing.assert_array_equal(samples.labels, single.labels)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Parities({}, n_bits=4, batch_size=1), "subsets must hold at least one name"),
        (lambda: Parities({"a": ()}, n_bits=4, batch_size=1), r"'a' must have .* got \(\)"),
        (lambda: Parities({"a": (0, 4)}, n_bits=4, batch_size=1), "from 0 to 3"),
        (lambda: Parities({"a": (0, -1)}, n_bits=4, batch_size=1), "from 0 to 3"),
        (lambda: Parities({"a": (1, 1)}, n_bits=4, batch_size=1), "distinct"),
        (lambda: Parities(XOR, n_bits=0, batch_size=1), "n_bits must .* got 0"),
        (lambda: Parities(XOR, n_bits=4), "batch_size must be given"),
        (lambda: Parities(XOR, n_bits=4, batch_size=0), "batch_size must .* got 0"),
        (lambda: Parities(XOR, n_bits=4, batch_size=1, n_measure=0), "n_measure must .* got 0"),
        (lambda: Parities(XOR, n_bits=4, batch_size=1, dtype="float16"), "'float16'"),
        (lambda: Parities(XOR, n_bits=4, batch_size=1, dtype="float64"), "enable_x64"),
        (
            lambda: Parities(XOR, n_bits=4, batch_size=1, frequency=[1, 2, 1]),
            r"frequency\[1\] must be between 0 and 1, got 2",
        ),
        (lambda: Parities(XOR, n_bits=4, batch_size=1, frequency=[1, 0, 1]), r"frequency\[1\]"),
        (lambda: Parities(XOR, n_bits=4, batch_size=1, frequency=[1]), r"\(1,\)"),
        (lambda: Parities.draw(KEY, XOR, n_bits=4, n_samples=0), "n_samples must .* got 0"),
        (
            lambda: Parities.draw(KEY, XOR, n_bits=4, n_samples=9, train_share=1.5),
            "train_share must .* got 1.5",
        ),
        (
            lambda: Parities.draw(KEY, XOR, n_bits=4, n_samples=9, train_share=0.01),
            "out of 9, got 0.01",
        ),
    ],
)
def test_what_is_wrong_is_said(make, said):
    with pytest.raises(ArgumentError, match=said):
        make()


def test_a_network_of_another_width_is_refused():
    task = Parities.draw(KEY, XOR, n_bits=4, n_samples=10)
    with pytest.raises(ArgumentError, match=r"3 outputs .* 10 samples, got shape \(10, 1\)"):
        task.loss(lambda x: x[:, :1], None)


def test_skills_of_a_graph_are_xors_of_their_parents():
    graph = Graph.given(
        {
            "last": ["left", "chain"], "left": ["a", "b"], "a": [], "b": [],
            "twin1": ["c", "d"], "twin2": ["d", "c"], "c": [], "d": [], "e": [],
            "chain": ["link"], "link": ["e"],
        },
        {"left": 2, "chain": 1},
    )  # fmt: skip
    bits = parity_bits(graph, n_root_bits=3)
    assert tuple(bits) == graph.names
    assert len({frozenset(subset) for subset in bits.values()}) == len(graph)
    used = [bit for subset in bits.values() for bit in subset]
    assert set(used) == set(range(max(used) + 1))
    roots = [set(bits[name]) for name in "abcde"]
    assert all(len(root) == 3 for root in roots)
    assert not any(one & other for one, other in itertools.combinations(roots, 2))
    own = {"twin1": 1, "twin2": 1, "chain": 1, "link": 1, "left": 0, "last": 0}
    for name, parents in zip(graph.names, graph.parents, strict=True):
        if parents:
            inherited = set().union(*(bits[parent] for parent in parents))
            assert inherited <= set(bits[name])
            assert len(set(bits[name]) - inherited) == own[name]
    task = Parities(bits, n_bits=max(used) + 1, batch_size=100)
    labels = dict(
        zip(task.names, np.asarray(present(eqx.filter_jit(task.batch)(KEY)).labels).T, strict=True)
    )
    np.testing.assert_array_equal(labels["left"], (labels["a"] + labels["b"]) % 2)
    np.testing.assert_array_equal(labels["last"], (labels["left"] + labels["chain"]) % 2)


def test_the_graph_of_the_paper_gives_its_parities():
    assert parity_bits(Graph.given({"y1": [], "y2": [], "y3": ["y1", "y2"]})) == XOR


@pytest.mark.parametrize(
    ("parents", "gates", "said"),
    [
        ({"a": [], "b": [], "c": ["a", "b"]}, {"c": "or"}, "'c' must be 'and', .* got 'or'"),
        ({"a": [], "b": [], "c": ["a", "b"]}, {"c": 1}, "'c' must be 'and', .* got 1"),
        (
            {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]},
            {},
            "'b', 'c' of skill 'd' must not share",
        ),
        ({"a": [], "b": ["a"], "c": ["a", "b"]}, {}, "'a', 'b' of skill 'c' must not share"),
        (
            {"a": [], "b": [], "c": [], "ab": ["a", "b"], "abc": ["a", "b", "c"], "x": ["ab", "c"]},
            {},
            "'abc' and 'x' would be the same parity",
        ),
    ],
)
def test_graphs_that_xors_cannot_show_are_refused(parents, gates, said):
    with pytest.raises(ArgumentError, match=said):
        parity_bits(Graph.given(parents, gates))


def test_roots_have_bits():
    with pytest.raises(ArgumentError, match=r"n_root_bits must .* got 0"):
        parity_bits(Graph.given({"a": []}), n_root_bits=0)

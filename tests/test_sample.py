"""The sample log, and the task it was made with."""

import jax
import jax.numpy as jnp
import numpy as np

from skillphysics.io import read_curves
from skillphysics.sample import make, sample_log


def test_labels_are_the_parities_of_the_bits_that_belong_to_the_skill():
    skill = jnp.arange(make.N_SKILL)
    inputs, label = make.samples(jax.random.key(0), skill)
    inputs, label = np.asarray(inputs), np.asarray(label)
    for k in range(make.N_SKILL):
        assert np.argmax(inputs[k, : make.N_SKILL]) == k
        bits = inputs[k, make.N_SKILL :].reshape(make.N_SKILL, make.BITS_PER_SKILL)[k]
        # A product of signs is 1 exactly when an even number of them is negative.
        assert label[k] == (1 if (bits < 0).sum() % 2 == 0 else -1)


def test_the_sample_shows_skills_learned_in_the_order_of_their_frequencies():
    curves = read_curves(sample_log())
    assert len(curves.names) == make.N_SKILL
    assert curves.steps[-1] == make.STEPS
    time = curves.learning_time(0.5).values
    assert (np.diff(time) > 0).all()
    assert np.abs(curves.level.values[0]).max() < 0.1
    assert curves.level.values[-1].min() > 0.9

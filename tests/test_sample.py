"""The sample log, and what makes one like it."""

import numpy as np
import pytest

from skillphysics.io import read_curves
from skillphysics.sample import make, sample_log


def test_the_sample_shows_skills_learned_in_the_order_of_their_frequencies():
    curves = read_curves(sample_log())
    assert len(curves.names) == make.N_SKILL
    assert curves.steps[-1] == make.STEPS
    time = curves.learning_time(0.5).values
    assert (np.diff(time) > 0).all()
    assert np.abs(curves.level.values[0]).max() < 0.1
    assert curves.level.values[-1].min() > 0.9


def test_a_log_like_it_has_its_skills_scale_and_errors(tmp_path):
    out = tmp_path / "log.jsonl"
    make.main(out, seed=0, steps=200)
    made, sample = read_curves(out), read_curves(sample_log())
    assert made.names == sample.names
    np.testing.assert_array_equal(made.skills.frequency, sample.skills.frequency)
    # At chance, 2000 questions have a standard error of 2 √(1/4 / 2000) in the level.
    for curves in (made, sample):
        errors = curves.dataset["level_stderr"].values.reshape(-1, make.N_SKILL)
        assert errors[0] == pytest.approx(1 / np.sqrt(2000), rel=0.01)
    assert np.abs(made.level.values[0]).max() < 0.1

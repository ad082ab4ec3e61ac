"""`import skillphysics` offers its names at once, and imports what they need when they are used."""

import subprocess
import sys

import pytest

import skillphysics


@pytest.mark.parametrize("name", skillphysics.__all__)
def test_every_name_is_there(name):
    assert getattr(skillphysics, name).__name__ in (name, f"skillphysics.{name}")
    assert name in dir(skillphysics)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="'skillphysics' has no attribute 'nothing'"):
        _ = skillphysics.nothing


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("jax", "matplotlib", "pandas", "xarray", "scipy", "diffrax", "networkx", "optax")
    code = (
        f"import sys, skillphysics\nprint([name for name in {heavy} if name in sys.modules])\n"
        "skillphysics.theories, skillphysics.inference, skillphysics.report\n"
        f"print([name for name in {('diffrax', 'networkx', 'optax')} if name in sys.modules])\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]


def test_reading_a_log_does_not_wait_for_jax():
    code = (
        "import sys, skillphysics; skillphysics.read_curves, skillphysics.Curves\n"
        "assert 'jax' not in sys.modules\n"
        "skillphysics.fit\n"
        "assert 'jax' in sys.modules\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", code], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")

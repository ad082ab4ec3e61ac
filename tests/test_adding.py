"""What CONTRIBUTING says of adding a member is all that it takes: a module and its registry."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import skillphysics

PACKAGE = Path(skillphysics.__file__).parent
ROOT = PACKAGE.parent.parent


@dataclass(frozen=True)
class Member:
    """One module to add, and what to insert in the file of its registry: (text, what follows)."""

    module: str
    source: str
    registry: str
    lines: tuple[tuple[str, str], ...]


MEMBERS = {
    "theory": Member(
        "theories/gompertz.py",
        '''"""Skills that grow by Gompertz's law."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.theories.base import Separable
from skillphysics.theories.constraints import POSITIVE, SHARE, SIMPLEX, floating, parameter


class Gompertz(Separable):
    """Gompertz growth of every skill: s_i = s₀^exp(−η p_i t).

    Attributes:
        frequency: p, [n_skill].
        rate: η, per step.
        initial_level: s₀, the level at step 0.
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating, metadata=parameter(SIMPLEX))
    rate: Float[Array, ""] = eqx.field(
        converter=floating, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    initial_level: Float[Array, ""] = eqx.field(
        converter=floating, default=0.01, metadata=parameter(SHARE)
    )

    @classmethod
    def example(cls) -> "Gompertz":
        return cls(jnp.array([0.6, 0.3, 0.1]), rate=0.3)

    @property
    def start(self) -> Float[Array, ""]:
        return self.initial_level

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        return self.initial_level ** jnp.exp(-self.rate * self.frequency * steps)
''',
        "theories/__init__.py",
        (
            (
                "from skillphysics.theories.gompertz import Gompertz\n",
                "from skillphysics.theories.linear",
            ),
            ('        "gompertz": Gompertz,\n', '        "multilinear": Multilinear,'),
            ('    "Gompertz",\n', '    "Linear",'),
        ),
    ),
    "world": Member(
        "worlds/cubic.py",
        '''"""A world whose skills are cubes of parameters."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from skillphysics.skills import Skills
from skillphysics.worlds.world import Usual, World


class Cubic(World):
    """Every skill is the cube of one parameter: s_i = x_i³."""

    usual = Usual("sgd", 0.1, 1000)

    @classmethod
    def draw(cls, key: Key[Array, ""], skills: Skills) -> "Cubic":  # noqa: ARG003
        """The world; nothing in it is random.

        Args:
            key: not used.
            skills: names and frequencies.
        """
        return cls(skills)

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "Cubic":
        """Three skills."""
        return cls.draw(key, Skills.power_law(3, 1.0))

    def init(self, key: Key[Array, ""]) -> Float[Array, " n_skill"]:  # noqa: ARG002
        """x = 0.3."""
        return jnp.full(len(self.names), 0.3, jnp.float32)

    def skill(self, params: Float[Array, " n_skill"]) -> Float[Array, " n_skill"]:
        """s = x³."""
        return params**3
''',
        "worlds/__init__.py",
        (
            ("from skillphysics.worlds.cubic import Cubic\n", "from skillphysics.worlds.geometry"),
            ('"cubic": Cubic,\n        ', '"matrix": Matrix,'),
            ('"Cubic",\n    ', '"Geometry",'),
        ),
    ),
    "optimizer": Member(
        "optimizers/halved.py",
        '''"""Gradient descent with half the learning rate."""

import optax

from skillphysics.domains import NonNegative


def halved(
    learning_rate: optax.ScalarOrSchedule, *, weight_decay: NonNegative = 0.0
) -> optax.GradientTransformation:
    """Gradient descent with half the learning rate: W ← W − η (G + λ W)/2."""
    descent = optax.chain(optax.add_decayed_weights(weight_decay), optax.sgd(learning_rate))
    return optax.chain(descent, optax.scale(0.5))
''',
        "optimizers/by_name.py",
        (
            (
                "from skillphysics.optimizers.halved import halved\n",
                "from skillphysics.optimizers.mars",
            ),
            ('"halved": halved,\n        ', '"lion": lion,'),
        ),
    ),
    "task": Member(
        "tasks/easy_squares.py",
        '''"""Two squares, both common."""

from jaxtyping import Array, Key

from skillphysics.tasks.squares import Squares


class EasySquares(Squares):
    """Learn (x, y) → (x², y²), where y is asked for in every tenth point."""

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "Squares":
        """A hundred points."""
        return cls.draw(key, "code", n_samples=100, n_rare=10)
''',
        "tasks/__init__.py",
        (
            (
                "from skillphysics.tasks.easy_squares import EasySquares\n",
                "from skillphysics.tasks.modular_arithmetic",
            ),
            ('"easy-squares": EasySquares,\n        ', '"squares": Squares,'),
            ('"EasySquares",\n    ', '"Squares",'),
        ),
    ),
    "network": Member(
        "networks/linear_map.py",
        '''"""A single matrix."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from skillphysics.networks.network import Network


class LinearMap(Network):
    """A linear map of its inputs: x W.

    Attributes:
        n_input: numbers in an input.
        n_output: numbers in an output.
    """

    n_input: int = eqx.field(static=True)
    n_output: int = eqx.field(static=True)

    @classmethod
    def example(cls) -> "LinearMap":
        """Three numbers to two."""
        return cls(3, 2)

    def init(self, key: Key[Array, ""]) -> Float[Array, "n_input n_output"]:
        """W, standard normal."""
        return jax.random.normal(key, (self.n_input, self.n_output), jnp.float32)

    def __call__(
        self, params: Float[Array, "n_input n_output"], inputs: Float[Array, "n_sample n_input"]
    ) -> Float[Array, "n_sample n_output"]:
        """x W."""
        return inputs @ params
''',
        "networks/__init__.py",
        (
            (
                "from skillphysics.networks.linear_map import LinearMap\n",
                "from skillphysics.networks.mlp import",
            ),
            ('"linear-map": LinearMap,\n        ', '"transformer": Transformer,'),
            ('"LinearMap",\n    ', '"Network",'),
        ),
    ),
    "experiment": Member(
        "experiments/narrow.py",
        '''"""Two squares by a narrow network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from jaxtyping import Array, Key

from skillphysics.domains import Count, NonNegative
from skillphysics.experiments.experiment import Experiment, Variant
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import Squares


@dataclass(frozen=True)
class Narrow(Experiment):
    """Two squares by networks of several widths."""

    QUICK: ClassVar[Mapping[str, Any]] = {"steps": 20}
    COST: ClassVar[Mapping[str, str]] = {"quick": "1 s", "paper": "5 s"}

    steps: Count = 1000
    learning_rate: NonNegative = 1e-2
    widths: tuple[Count, ...] = (2, 4)
    """Units of the hidden layer, one run each."""

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run per width."""
        task = Squares.draw(key, "code", n_samples=100, n_rare=10)
        return [
            Variant(
                {"width": width}, Learner(MLP([2, width, 2], "silu"), task), optimizer("adam"),
                self.learning_rate,
            )
            for width in self.widths
        ]
''',
        "experiments/__init__.py",
        (
            (
                "from skillphysics.experiments.narrow import Narrow\n",
                "from skillphysics.experiments.parities",
            ),
            ('"narrow": Narrow,\n        ', '"reweighting": Reweighting,'),
        ),
    ),
    "reader": Member(
        "io/semicolons.py",
        '''"""Tables whose columns are divided by semicolons, below a line that says so."""

from pathlib import Path

from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.parse import NoLogError
from skillphysics.io.records import from_records
from skillphysics.measure.log import Log

FORMAT = "semicolons"


def detect(path: Path) -> bool:
    """Whether the first line says that semicolons divide columns."""
    return path.is_file() and path.read_bytes()[:6] == b"sep=;\\n"


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """The table below the first line."""
    if not detect(path):
        raise NoLogError(f"{path} must begin with the line 'sep=;'; choose another format")
    _, header, *rows = (line.split(";") for line in path.read_text(encoding="utf-8").split())
    records = [
        (place, dict(zip(header, map(float, row), strict=True))) for place, row in enumerate(rows)
    ]
    return from_records(path, FORMAT, records, columns)
''',
        "io/__init__.py",
        (
            ("    semicolons,\n", "    tables,\n    tensorboard,"),
            ("    semicolons,\n", "    tables,\n    records,"),
        ),
    ),
    "figure": Member(
        "report/figures/final_levels.py",
        '''"""Where each skill ends."""

from matplotlib.figure import Figure

from skillphysics.plotting import new_figure
from skillphysics.report.explain import Explanation
from skillphysics.report.figures.drawing import WIDTH, Picture


def picture(explanation: Explanation) -> Picture:
    """The final levels of a report."""
    return Picture(draw, "Where skills end", "Mean level of the last tenth of the checkpoints.")


def draw(explanation: Explanation) -> Figure:
    """A bar for each skill."""
    figure = new_figure(WIDTH, 3)
    axis = figure.subplots()
    axis.bar(range(len(explanation.skills)), explanation.skills["final_level"])
    axis.set_xlabel("rank in order of learning")
    axis.set_ylabel("level")
    return figure
''',
        "report/figures/__init__.py",
        (
            ("    final_levels,\n", "    learning_times,\n"),
            ('"final_levels": final_levels.picture,\n        ', '"ranking": ranking.picture,'),
        ),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the project with all members added."""
    root = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "_build", "generated")
    for name in ("src", "tests", "docs"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    for member in MEMBERS.values():
        (root / "src/skillphysics" / member.module).write_text(member.source, encoding="utf-8")
        registry = root / "src/skillphysics" / member.registry
        text = registry.read_text(encoding="utf-8")
        for line, following in member.lines:
            assert text.count(following) == 1, f"{member.registry}: {following}"
            text = text.replace(following, line + following)
        registry.write_text(text, encoding="utf-8")
    return root


def called(copy: Path, *words: str | Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "COLUMNS": "80"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, *map(str, words)],
        env=environment, cwd=copy, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def skillphysics_(copy: Path, *words: str | Path) -> str:
    return called(copy, "-c", "from skillphysics.cli import main; main()", *words)


def conformance(copy: Path, file: str, name: str) -> int:
    """How many conformance tests a new member passes."""
    printed = called(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", file, "-k", name)
    passed = re.search(r"(\d+) passed", printed)
    assert passed, printed
    return int(passed[1])


def test_two_files_of_source_are_touched_by_each():
    for member in MEMBERS.values():
        assert not (PACKAGE / member.module).exists()
        assert (PACKAGE / member.registry).exists()


def test_the_command_line_offers_them(copy, tmp_path):
    listed = skillphysics_(copy, "simulate", "--help")
    assert "gompertz" in listed
    assert "cubic" in listed
    assert "--initial-level" in skillphysics_(copy, "simulate", "gompertz", "--help")
    out = tmp_path / "curves.nc"
    skillphysics_(copy, "simulate", "gompertz", "--n-skill", "3", "--out", out)
    skillphysics_(copy, "simulate", "cubic", "--optimizer", "halved", "--steps", "20", "--out", out)
    assert "narrow" in skillphysics_(copy, "train", "--help")
    words = ("--widths", "3", "--widths", "5", "--seeds", "2", "--out", out)
    assert "width 5" in skillphysics_(copy, "train", "narrow", *words)
    assert "semicolons" in skillphysics_(copy, "inspect", "--help")
    log = tmp_path / "log.txt"
    log.write_text("sep=;\nstep;a/acc;b/acc\n0;0;0\n10;0.5;0.1\n20;1;0.9\n")
    assert '"format": "semicolons"' in skillphysics_(copy, "inspect", log, "--json")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("tests/theories/test_conformance.py", "gompertz"),
        ("tests/worlds/test_conformance.py", "cubic"),
        ("tests/optimizers/test_conformance.py", "halved"),
        ("tests/tasks/test_conformance.py", "easy-squares"),
        ("tests/networks/test_conformance.py", "linear-map"),
        ("tests/experiments/test_experiments.py", "narrow"),
        ("tests/io/test_read_log.py", "semicolons"),
    ],
)
def test_the_conformance_tests_find_them(copy, file, name):
    assert conformance(copy, file, name) > 0


@pytest.mark.slow
def test_the_report_has_the_figure(copy, tmp_path):
    out = tmp_path / "report"
    skillphysics_(copy, "report", "--out", out)
    assert (out / "final_levels.png").exists()
    assert "Where skills end" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_documentation_names_them(copy):
    pytest.importorskip("myst_nb")
    (copy / "docs/index.md").write_text("# Docs\n\n```{toctree}\nmembers\napi\n```\n")
    for page in (copy / "docs").glob("*.md"):
        if page.stem not in ("index", "members", "api"):
            page.unlink()
    called(copy, "-m", "sphinx", "-q", "-b", "html", "docs", "built")
    members = (copy / "built/members.html").read_text(encoding="utf-8")
    for name in (
        "gompertz", "cubic", "halved", "easy-squares", "linear-map", "narrow", "semicolons",
        "final_levels",
    ):  # fmt: skip
        assert name in members
    theories = (copy / "built/generated/skillphysics.theories.html").read_text(encoding="utf-8")
    assert "Gompertz growth of every skill" in theories

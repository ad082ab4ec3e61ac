"""A hash of sources changes with what alters numbers, where it is used, and with nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import skillphysics
from skillphysics.errors import ArgumentError
from skillphysics.papers import RECIPES
from skillphysics.sweeps.sources import definitions, source_hash

EVERY = {recipe.name for recipe in RECIPES}
TRAINED = EVERY - {
    "liu2025/fig9", "liu2025/fig17", "nam2024/fig3", "nam2024/fig5c", "nam2024/fig7",
    "nam2024/fig8", "nam2024/table2",
}  # fmt: skip
RESOURCE = {
    "liu2025/fig6", "liu2025/fig7", "liu2025/fig9", "liu2025/fig16", "liu2025/fig21",
    "liu2025/resource-law", "liu2025/text",
}  # fmt: skip

# What is changed: a file, a text in it and its replacement; and the recipes that compute with it.
EDITS = {
    "a docstring": ("training/program.py", "Train up to the step `stop`", "Train until", set()),
    "the docstring of a module": ("training/program.py", '"""', '"""Well. ', set()),
    "a comment": ("training/program.py", "# All runs at once", "# All of them at once", set()),
    "formatting": ("numerics/lambert.py", "(x / 2, jnp.log1p(x))", "(\n        x/2,\n        "
                   "jnp.log1p(x)\n    )", set()),
    "a claim": ("papers/liu2025/fig4_claims.py", "close.mean() >= 0.5", "close.mean() >= 0.4",
                set()),
    "a drawing": ("papers/liu2025/fig4.py", "new_figure(12, 6)", "new_figure(12, 7)", set()),
    "the style of drawings": ("plotting.py", '"font.size": 9', '"font.size": 10', set()),
    "a member that no recipe names": ("optimizers/mars.py", "jnp.maximum(1,", "jnp.maximum(2,",
                                      set()),
    "a world": ("worlds/quadratic.py", "jnp.asarray(start,", "jnp.asarray(2 * start,",
                {"liu2025/fig12"}),
    "a theory": ("theories/quanta.py", "level_at(steps), 0)", "level_at(steps), 0.1)",
                 {"liu2025/fig9", "liu2025/text"}),
    "the loop": ("training/program.py", "optax.apply_updates(params, updates)",
                 "optax.apply_updates(updates, params)", TRAINED),
    "an optimizer": ("optimizers/from_optax.py", "optax.lion(learning_rate, b1, b2",
                     "optax.lion(learning_rate, b2, b1", {"liu2025/fig15"}),
    "a network": ("networks/embedding_mlp.py", "jax.random.split(key)",
                  "jax.random.split(key)[::-1]", {"liu2025/fig13", "liu2025/text"}),
    "a task": ("tasks/squares.py", "self.points**2) ** 2", "self.points**2) ** 4",
               {"liu2025/fig19"}),
    "a constant": ("numerics/lambert.py", "_NEWTON_STEPS = 8", "_NEWTON_STEPS = 9", RESOURCE),
    "a rule of derivatives": ("numerics/lambert.py", "jax.nn.sigmoid(-s) *", "jax.nn.sigmoid(s) *",
                              RESOURCE),
    "an experiment": ("experiments/grokking.py", "self.learning_rate,", "2 * self.learning_rate,",
                      {"liu2025/fig13"}),
    "an experiment that settings name": ("experiments/parities.py", "class ImbalancedParities(",
                                         "@str\nclass ImbalancedParities(", {"liu2025/fig2"}),
    "a function of another figure": ("papers/liu2025/fig7.py", "def resource_levels(",
                                     "@str\ndef resource_levels(",
                                     {"liu2025/fig6", "liu2025/fig7", "liu2025/fig21"}),
}  # fmt: skip

# One process, since it takes seconds to start; it reads the sources of each edit again.
PROGRAM = """
import json, sys
from pathlib import Path
import skillphysics
from skillphysics.papers import RECIPES
from skillphysics.sweeps import sources

def keys():
    for one in vars(sources).values():
        getattr(one, "cache_clear", lambda: None)()
    return {r.name: [cell.key for cell in r.cells("smoke").values()] for r in RECIPES}

folder, found = Path(skillphysics.__file__).parent, {"nothing": keys()}
for name, (file, old, new, *_) in json.load(sys.stdin).items():
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text, name
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    found[name] = keys()
    (folder / file).write_text(text, encoding="utf-8")
found["nothing again"] = keys()
print(json.dumps([str(folder), found]))
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """The keys of all recipes after each edit of a copy of the package."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    source = Path(skillphysics.__file__).parent
    shutil.copytree(source, folder / "skillphysics", ignore=ignored)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM],
        input=json.dumps({name: edit[:3] for name, edit in EDITS.items()}),
        env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    at, found = json.loads(done.stdout)
    assert Path(at) == folder / "skillphysics"
    return found


def test_the_same_sources_have_the_same_keys_in_every_process(keys):
    assert keys["nothing"] == keys["nothing again"]
    here = {recipe.name: [c.key for c in recipe.cells("smoke").values()] for recipe in RECIPES}
    assert keys["nothing"] == here


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_changes_the_keys_of_what_it_alters(keys, edit):
    changed = {name for name in EVERY if keys[edit][name] != keys["nothing"][name]}
    assert changed == EDITS[edit][3]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_recipes_do_not_depend_on_drawings_and_claims(recipe):
    reached = definitions(recipe.compute)
    assert not [place for place in reached if place.endswith((":draw", ":RECIPE"))]
    assert not [place for place in reached if ".claims:" in place or ".plotting:" in place]


QUICK = ("liu2025/fig9", "liu2025/fig12", "liu2025/fig15", "nam2024/fig6")


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(recipe, id=recipe.name, marks=[pytest.mark.slow] * (recipe.name not in QUICK))
        for recipe in RECIPES
    ],
)
def test_every_function_that_runs_is_reached(recipe):
    for cell in recipe.cells("smoke").values():
        text = json.dumps(dict(cell.settings))
        reached = definitions(recipe.compute, texts=[text])
        ran = functions_of(lambda cell=cell: recipe.compute(**cell.settings))
        assert not {one for one in ran if not one.startswith(SILENT)} - set(reached)


# What changes no number.
SILENT = tuple(
    f"skillphysics.{name}" for name in ("errors", "io.curves_file", "io.files", "progress")
)


def functions_of(call):
    """The functions and classes of the package that run during a call, by "module:name"."""
    package = Path(skillphysics.__file__).parent
    codes = set()

    def note(frame, event, _):
        if event == "call":
            codes.add(frame.f_code)

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    found = set()
    for code in codes:
        name = code.co_qualname.partition(".")[0]
        if code.co_filename.startswith(f"{package}{os.sep}") and name[0] != "<":
            parts = Path(code.co_filename).relative_to(package.parent).with_suffix("").parts
            found.add(f"{'.'.join(parts).removesuffix('.__init__')}:{name}")
    return found


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write a module that can be imported once, and return its function `f`."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        return getattr(__import__(name), "f", None)

    return write


def names(function, **texts):
    return {place.partition(":")[2] for place in definitions(function, **texts)}


def test_names_of_a_function_of_its_own_hide_those_of_the_module(written):
    f = written(
        "hiding",
        "def draw(): ...\ndef g(): ...\ndef h(): ...\ndef k(): ...\n"
        "def f(draw, n=g()):\n"
        "    def inner(h): return h\n"
        "    return [k for k in k(draw)], 'draw'\n",
    )
    assert names(f) == {"f", "g", "k"}


def test_a_name_is_followed_out_of_inner_functions_and_quoted_annotations(written):
    f = written(
        "inner",
        "def g(): ...\nclass A: ...\nclass B: ...\n"
        "def f(a: 'A | None'):\n"
        "    b: 'B' = None\n"
        "    def inner():\n"
        "        return lambda: g()\n"
        "    return inner\n",
    )
    assert names(f) == {"f", "g", "A", "B"}


def test_a_module_that_is_imported_from_its_package_is_followed(written, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("from package import part\n")
    (tmp_path / "package" / "part.py").write_text("def g(): ...\n")
    f = written("outside", "from package import part\ndef f(): return part.g()\n")
    assert names(f) == {"f", "g"}


REGISTRY = """
from skillphysics.registry import Registry
def round_one(): ...
def square(): ...
def squareish(): ...
SHAPES = Registry("shape", {"round-one": round_one, "square": square, "squareish": squareish})
"""


@pytest.mark.parametrize(
    ("body", "texts", "members"),
    [
        ("SHAPES['square']", (), {"square"}),
        ("SHAPES[f'{name}-one']", (), {"round_one"}),
        ("SHAPES[name + '-one']", (), {"round_one"}),
        ("SHAPES[name]", (), set()),
        ("SHAPES[name]", ("round-one(size=2)",), {"round_one"}),
        ("SHAPES[name]", ("another",), set()),
        ("name in SHAPES and SHAPES.get(name)", (), set()),
        ("[SHAPES[one] for one in SHAPES]", (), {"round_one", "square", "squareish"}),
        ("list(SHAPES.values())", (), {"round_one", "square", "squareish"}),
        ("SHAPES[name]", ("squareish",), {"square", "squareish"}),
    ],
)
def test_members_of_a_registry_are_followed_where_they_are_named(
    written, body, texts, members, request
):
    place = f"shapes{request.node.callspec.indices['body']}"
    written(place, REGISTRY)
    f = written(f"uses_{place}", f"from {place} import SHAPES\ndef f(name): return {body}\n")
    assert names(f, texts=texts) & {"round_one", "square", "squareish"} == members


def test_what_has_no_source_here_is_refused():
    with pytest.raises(ArgumentError, match="the source of dumps cannot be read"):
        source_hash(json.dumps)

"""What all simulations share: their options, where the curves go, and what is printed."""

import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillphysics.cli.learned import show_learned
from skillphysics.cli.options import check_memory, path
from skillphysics.cli.picture import PictureOptions
from skillphysics.errors import ArgumentError
from skillphysics.skills import DEFAULT_ALPHA, DEFAULT_COUNT

if TYPE_CHECKING:
    import jax
    import numpy as np

    from skillphysics.curves import Curves
    from skillphysics.skills import Skills
    from skillphysics.training import Problem


Seeds = Annotated[int, typer.Option(help="Number of runs, each with its own random numbers.")]
Seed = Annotated[int, typer.Option(help="Seed of the first run.")]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        parser=path,
        metavar="FILE",
        help="File from which an interrupted run goes on. It is removed at the end.",
    ),
]


@dataclass(frozen=True)
class SkillOptions:
    """Which skills there are, and how often each occurs."""

    n_skill: Annotated[
        int | None,
        typer.Option(help=f"Number of skills.  \\[default: {DEFAULT_COUNT}]", show_default=False),
    ] = None
    alpha: Annotated[
        float | None,
        typer.Option(
            help="Frequencies are proportional to rank^-ALPHA. This is the exponent of L25; that "
            f"of N24 is smaller by 1.  \\[default: {DEFAULT_ALPHA:g}]",
            show_default=False,
        ),
    ] = None
    ratio: Annotated[
        float | None,
        typer.Option(help="Frequencies are proportional to RATIO^-rank.", show_default=False),
    ] = None
    frequency: Annotated[
        list[float] | None,
        typer.Option(help="Frequency of one skill. Repeat it for each skill, without --n-skill."),
    ] = None

    def skills(self) -> "Skills":
        """The skills that the options describe.

        Raises:
            ArgumentError: two descriptions are given, or a value is out of range.
        """
        from skillphysics.domains import COUNT
        from skillphysics.skills import described

        if not self.frequency:
            n_skill = DEFAULT_COUNT if self.n_skill is None else self.n_skill
            count = COUNT.check("n_skill", n_skill)
            check_memory(200.0 * count, "n_skill", count)
        given = self._descriptions()
        if len(given) > 1:
            raise ArgumentError(
                f"{given[0]} and {given[1]} both describe the frequencies; give one of them"
            )
        return described(
            self.n_skill, alpha=self.alpha, ratio=self.ratio, frequency=self.frequency or None
        )

    def of_graph(self, path: Path, skills: "Skills") -> "Skills":
        """The skills of a graph, with frequencies from its file or from the options.

        Raises:
            ArgumentError: there are no frequencies, or two descriptions of them.
        """
        from skillphysics.skills import Skills

        if self.n_skill not in (None, len(skills)):
            raise ArgumentError(
                f"n_skill must be the number of skills in {path}, {len(skills)}, got "
                f"{self.n_skill}; leave it out",
                argument="n_skill",
            )
        given = self._descriptions()
        if skills.frequency is None:
            if not given:
                raise ArgumentError(
                    f"{path} has no frequencies; add them there, or give --frequency, --alpha or "
                    "--ratio"
                )
            described = dataclasses.replace(self, n_skill=len(skills)).skills()
            return Skills(skills.names, described.frequency)
        if given:
            raise ArgumentError(f"{path} has frequencies of its own; leave {given[0]} out")
        return skills

    def _descriptions(self) -> list[str]:
        given = {"--alpha": self.alpha, "--ratio": self.ratio, "--frequency": self.frequency}
        return [name for name, value in given.items() if value not in (None, [])]


@dataclass(frozen=True)
class RecordingOptions:
    """The steps at which levels are recorded."""

    record: Annotated[
        int | None,
        typer.Option(
            help="Record every RECORD steps.  \\[default: at most 1000 records]",
            show_default=False,
        ),
    ] = None
    log_spaced: Annotated[
        int | None,
        typer.Option(help="Record at most LOG_SPACED steps, evenly spaced in their logarithm."),
    ] = None

    def at(self, steps: int) -> "np.ndarray":
        """The steps to record.

        Raises:
            ArgumentError: both options are given, or a number is out of range.
        """
        from skillphysics import steps as grids
        from skillphysics.domains import COUNT

        if self.record is not None and self.log_spaced is not None:
            raise ArgumentError("--record and --log-spaced both say when to record; give one")
        if self.log_spaced is not None:
            COUNT.check("log_spaced", self.log_spaced)
            grids.record_steps(steps)
            return grids.log_spaced(steps, min(self.log_spaced, steps))
        if self.record is None or self.record >= 1:
            check_memory(8 * (steps // self.record if self.record else 0), "steps", steps)
        return grids.record_steps(steps, self.record)


@dataclass(frozen=True)
class OutputOptions:
    """Where the curves go."""

    out: Annotated[
        Path, typer.Option(parser=path, help="File for the curves: .nc, .csv or .parquet.")
    ] = Path("curves.nc")
    plot: Annotated[
        bool, typer.Option("--plot", help="Also draw the curves, as a .png beside OUT.")
    ] = False

    @property
    def picture(self) -> Path:
        """The file of the drawing."""
        return self.out.with_suffix(".png")

    def check(self, checkpoint: Path | None = None) -> None:
        """Stop before the work whose curves could not be written.

        Raises:
            ArgumentError: the name has a wrong ending, its folder is missing or cannot be written,
                or the picture or the checkpoint cannot be beside it.
        """
        out, picture = self.out, self.picture
        if self.plot and picture.is_dir():
            raise ArgumentError(f"--plot draws into {picture}, which is a folder; move it away")
        if checkpoint is not None and checkpoint.resolve() in (out.resolve(), picture.resolve()):
            raise ArgumentError(
                f"checkpoint must differ from the result, got {checkpoint} for both"
            )
        if checkpoint is not None and checkpoint.is_dir():
            raise ArgumentError(f"checkpoint must be a file, got the folder {checkpoint}")
        if out.suffix.lower() not in (".nc", ".csv", ".parquet"):
            raise ArgumentError(f"out must end in .nc, .csv or .parquet, got {out}", argument="out")
        if out.is_dir():
            raise ArgumentError(f"out must be a file, got the folder {out}", argument="out")
        if not os.access(out.parent, os.W_OK | os.X_OK):
            state = "cannot be written" if out.parent.is_dir() else "does not exist"
            raise ArgumentError(f"cannot write {out}: the folder {out.parent} {state}")


class Training:
    """The options of `training_options`, and what they do."""

    optimizer: list[str]
    learning_rate: list[float]
    steps: int
    seeds: int
    seed: int
    checkpoint: Path | None

    def run(
        self,
        draw: "Callable[[jax.Array], Problem]",
        recording: RecordingOptions,
        output: OutputOptions,
        picture: PictureOptions,
    ) -> None:
        """Every optimizer at every learning rate for every seed, in as few programs as possible.

        Runs of one seed see the same random numbers.
        """
        import jax

        from skillphysics.optimizers import from_label
        from skillphysics.training import train

        seeds = seeds_of(self.seed, self.seeds)
        for name, values in (("optimizer", self.optimizer), ("learning_rate", self.learning_rate)):
            if len(set(values)) < len(values):
                raise ArgumentError(f"{name} must name each value once", argument=name)
        optimizers = [from_label(text) for text in self.optimizer]
        n_run = self.seeds * len(optimizers) * len(self.learning_rate)
        check_memory(1e3 * n_run, "seeds", self.seeds)
        at = recording.at(self.steps)
        keys = {seed: jax.random.key(seed) for seed in seeds}
        problems = {seed: draw(key) for seed, key in keys.items()}
        n_skill = len(problems[self.seed].names)
        check_memory(8.0 * len(at) * n_skill * n_run, "steps", self.steps)
        runs = [
            (chosen, rate, seed)
            for chosen in optimizers
            for rate in self.learning_rate
            for seed in keys
        ]
        alone = len(runs) == 1
        names = [
            ", ".join(
                [
                    *([chosen.label] if len(optimizers) > 1 else []),
                    *([f"lr {rate:g}"] if len(self.learning_rate) > 1 else []),
                    f"seed {seed}",
                ]
            )
            for chosen, rate, seed in runs
        ]
        first = runs[0]
        curves = train(
            problems[first[2]] if alone else [problems[seed] for *_, seed in runs],
            first[0] if alone else [chosen for chosen, *_ in runs],
            learning_rate=first[1] if alone else [rate for _, rate, _ in runs],
            steps=self.steps,
            key=keys[first[2]] if alone else [keys[seed] for *_, seed in runs],
            record=at,
            runs=None if alone else names,
            checkpoint=self.checkpoint,
        )
        finish(curves, output, picture)
        if self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)


def seeds_of(first: int, count: int) -> range:
    """The seeds of several runs.

    Raises:
        ArgumentError: a number is out of range.
    """
    from skillphysics.domains import COUNT
    from skillphysics.domains import count as at_least

    first = at_least(0).check("seed", first)
    return range(first, first + COUNT.check("seeds", count))


def training_options(usual: Any) -> type:
    """A dataclass of the options of a training, with the usual ones of a world as defaults."""
    optimizer = typer.Option(
        help="Name of the optimizer, with hyperparameters in brackets: 'adam(b2=0.95)'. Repeat it "
        "to compare several."
    )
    rate = typer.Option(
        "--learning-rate", "--lr", help="Learning rate. Repeat it for several runs."
    )
    fields = [
        ("optimizer", Annotated[list[str], optimizer], _repeated(usual.optimizer)),
        ("learning_rate", Annotated[list[float], rate], _repeated(usual.learning_rate)),
        ("steps", Annotated[int, typer.Option(help="Number of optimizer steps.")], usual.steps),
        ("seeds", Seeds, 1),
        ("seed", Seed, 0),
        ("checkpoint", Checkpoint, None),
    ]
    return dataclasses.make_dataclass("TrainingOptions", fields, bases=(Training,), frozen=True)


def theory_options() -> type:
    """A dataclass of the options of an evaluation."""
    steps = typer.Option(
        help="Number of optimizer steps.  \\[default: until nothing changes]", show_default=False
    )
    return dataclasses.make_dataclass(
        "EvaluationOptions", [("steps", Annotated[int | None, steps], None)], frozen=True
    )


def finish(curves: "Curves", output: OutputOptions, picture: PictureOptions) -> None:
    """Write the curves, draw them if asked, and print when the skills were learned."""
    from rich.console import Console

    curves.save(output.out)
    console = Console()
    show_learned(curves, console)
    console.print(f"The curves are in {output.out}", soft_wrap=True, highlight=False, markup=False)
    if output.plot:
        from skillphysics.plotting import plot as draw

        figure = draw(curves, title=picture.title, size=picture.inches)
        picture.save(figure, output.picture)
        console.print(
            f"The picture is {output.picture}", soft_wrap=True, highlight=False, markup=False
        )


def _repeated(value: Any) -> Any:
    return dataclasses.field(default_factory=lambda: [value])

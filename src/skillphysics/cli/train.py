"""`skillphysics train`: the experiments of the papers with networks, into a file of curves."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from skillphysics.cli.docstrings import arguments, summary
from skillphysics.cli.fields import options_of, sentence, settings_of
from skillphysics.cli.groups import group_of
from skillphysics.cli.picture import PictureOptions
from skillphysics.cli.simulation import Checkpoint, OutputOptions, Seed, Seeds, finish, seeds_of

if TYPE_CHECKING:
    from skillphysics.experiments import Experiment


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """How an experiment is run."""

    scale: Annotated[
        Literal["quick", "paper"],
        typer.Option(help="Sizes: quick for a laptop, paper as published."),
    ] = "quick"
    seeds: Seeds = 1
    seed: Seed = 0
    checkpoint: Checkpoint = None


def _names() -> list[str]:
    from skillphysics.experiments import EXPERIMENTS

    return list(EXPERIMENTS)


def _command(name: str) -> Callable[..., None]:
    from skillphysics.experiments import EXPERIMENTS

    kind = EXPERIMENTS[name]

    def train(
        settings: Any, options: TrainOptions, output: OutputOptions, picture: PictureOptions
    ) -> None:
        from skillphysics.experiments.experiment import remove_checkpoints

        given = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in dataclasses.asdict(settings).items()
            if value not in (None, [])
        }
        experiment = dataclasses.replace(kind.at(options.scale), **given)
        output.check(options.checkpoint)
        picture.check(drawn=output.plot)
        seeds = seeds_of(options.seed, options.seeds)
        finish(experiment.run(seeds, options.checkpoint), output, picture)
        if options.checkpoint is not None:
            remove_checkpoints(options.checkpoint)

    flat = options_of(train, settings=_settings(kind))
    costs = "; ".join(f"{scale}: {cost}" for scale, cost in kind.COST.items())
    flat.__doc__ = f"{summary(kind)}\n\nTime: {costs}."
    return flat


def _settings(kind: "type[Experiment]") -> type:
    """A dataclass of the settings, None where the scale decides; help texts name the defaults."""
    texts = arguments(kind)
    quick, paper = kind.at("quick"), kind.at("paper")
    fields = []
    for field in dataclasses.fields(settings_of(kind)):
        values = [_shown(getattr(one, field.name)) for one in (quick, paper)]
        both = values[0] if values[0] == values[1] else f"{values[0]}; paper: {values[1]}"
        text = texts.get(field.name, "").replace("[", "\\[")
        text = f"{sentence(text)}  \\[default: {both}]"
        option = typer.Option(help=text.strip(), show_default=False)
        inner = field.type.__origin__  # pyright: ignore[reportAttributeAccessIssue]
        fields.append((field.name, Annotated[inner | None, option], None))
    return dataclasses.make_dataclass("Settings", fields, frozen=True)


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


app = typer.Typer(
    cls=group_of("experiment", _names, _command),
    help="Train the networks of an experiment of the papers (L25, N24).",
    no_args_is_help=True,
)

"""`skillphysics scaling`: how the loss falls with training time, data, parameters or compute."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillphysics.cli.fields import option, options_of
from skillphysics.cli.options import path, print_json
from skillphysics.cli.picture import PictureOptions
from skillphysics.domains import between, count
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from skillphysics.scaling import Decoupled, ScalingLaw

_DECADES = 4
# A picture ends this factor below the power law, or at the exact loss; with this margin.
_DEEPEST, _MARGIN = 1e3, 1.15
_INCHES = (5.0, 3.6)
_LARGEST_ALPHA, _MOST_SKILLS = 100.0, 10**300
_LEAST_AMOUNT, _MOST_AMOUNT = 10.0, 1e15


@dataclass(frozen=True)
class LossOptions:
    """What the loss with its prefactor depends on, beyond the exponent."""

    target_scale: Annotated[
        float | None, typer.Option(help="S, the scale of the target.  \\[default: 1]")
    ] = None
    initial_strength: Annotated[
        float | None,
        typer.Option(help="r, the strength of a skill at step 0.  \\[default: 0.01]"),
    ] = None
    rate: Annotated[float | None, typer.Option(help="Learning rate η.  \\[default: 1]")] = None
    n_skill: Annotated[
        int | None, typer.Option(help="Number of skills.  \\[default: infinitely many]")
    ] = None
    amount: Annotated[
        float | None,
        typer.Option(
            help="Amount of the resource at which the conditions are judged.  \\[default: 1e6]"
        ),
    ] = None


@options_of
def command(
    theory: Annotated[
        str,
        typer.Option(
            help="linear, multilinear, quanta, domino, 'resource l1', 'resource l2' or "
            "'wasteful resource'."
        ),
    ] = "multilinear",
    alpha: Annotated[
        float,
        typer.Option(
            help="Frequencies are proportional to rank^-ALPHA. This is the exponent of L25; that "
            "of N24 is smaller by 1."
        ),
    ] = 1.6,
    resource: Annotated[str, typer.Option(help="time, data, parameters or compute.")] = "time",
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw the power law and the exact loss into OUT.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            parser=path,
            help="File for the picture, .png; it implies --plot.  \\[default: scaling.png]",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON on standard output and nothing else.")
    ] = False,
    *,
    loss: LossOptions,
    picture: PictureOptions,
) -> None:
    """The power law of the loss: exponent, prefactor, conditions, and the exact loss beside it."""
    from skillphysics.scaling import exponent

    power = exponent(theory, resource, alpha)
    file = out or Path("scaling.png")
    if file.suffix.lower() != ".png" or not file.parent.is_dir():
        raise ArgumentError(
            f"out must be a .png file in an existing folder, got {file}", argument="out"
        )
    drawn = plot or out is not None
    picture.check(drawn=drawn)
    between(-_LARGEST_ALPHA, _LARGEST_ALPHA).check("alpha", alpha)
    if theory not in ("linear", "multilinear"):
        _exponent_only(theory, resource, power, loss, plot=drawn, json=json)
        return
    given = {name: value for name, value in asdict(loss).items() if value is not None}
    amount = given.pop("amount", 1e6)
    between(_LEAST_AMOUNT, _MOST_AMOUNT).check("amount", amount)
    n_skill = given.pop("n_skill", None)
    if n_skill is not None:
        count(1, _MOST_SKILLS).check("n_skill", n_skill)

    import jax
    import numpy as np

    from skillphysics.scaling import Decoupled

    if resource in ("data", "parameters"):
        amount = float(round(amount))
    with jax.enable_x64(True):
        model = Decoupled(
            alpha,
            np.inf if n_skill is None else n_skill,
            rate=given.get("rate", 1.0),
            target_scale=given.get("target_scale", 1.0),
            initial_strength=given.get("initial_strength", 0.01),
            layers="linear" if theory == "linear" else "multilinear",
        )
        law = _law(model, resource, amount)
        # Sparse in print, denser in a picture.
        shown = _amounts(amount, resource, _DECADES + 1)
        rows = list(zip(shown, _exact(model, resource, shown), law.loss(shown), strict=True))
        if drawn:
            fine = _amounts(amount, resource, 32 * _DECADES + 1)
            title = f"{theory} theory, α = {alpha:g}, " + (
                "infinitely many skills" if n_skill is None else f"{n_skill:,} skills"
            )
            figure = _figure(
                law, fine, _exact(model, resource, fine), picture.title or title, picture.inches
            )
            picture.save(figure, file)
    if json:
        print_json(_described(law, amount, rows))
    else:
        _show(law, amount, rows)
        if drawn:
            typer.echo(f"\nThe picture is {file}")


def _law(model: "Decoupled", resource: str, amount: float) -> "ScalingLaw":
    from skillphysics.scaling import compute_optimal, scaling_law

    if resource == "time":
        return scaling_law(model, resource, steps=amount)
    if resource == "data":
        return scaling_law(model, resource, n_data=amount)
    if resource == "parameters":
        return scaling_law(model, resource, n_basis=amount)
    n_basis, steps, _ = compute_optimal(model, amount)
    return scaling_law(model, resource, steps=steps, n_basis=n_basis)


def _amounts(amount: float, resource: str, count: int) -> "np.ndarray":
    import numpy as np

    amounts = np.geomspace(max(amount / 10.0**_DECADES, 10), amount, count)
    return np.unique(np.rint(amounts) if resource in ("data", "parameters") else amounts)


def _exact(model: "Decoupled", resource: str, amounts: "np.ndarray") -> "np.ndarray":
    import numpy as np

    from skillphysics.scaling import compute_optimal_exact

    if resource == "time":
        return np.asarray(model.loss(amounts).value)
    if resource == "data":
        return np.asarray(model.data_limit(amounts).value)
    if resource == "parameters":
        return np.asarray(model.parameter_limit(amounts).value)
    return np.array([compute_optimal_exact(model, float(one)).loss for one in amounts])


def _described(law: "ScalingLaw", amount: float, rows: list[tuple[float, float, float]]) -> dict:
    return {
        "theory": law.theory,
        "resource": law.resource,
        "exponent": law.exponent,
        "prefactor": law.prefactor,
        "amount": amount,
        "valid": law.valid,
        "conditions": [
            {
                "text": one.text,
                "larger": _finite(one.larger),
                "smaller": _finite(one.smaller),
                "factor": one.factor,
                "holds": one.holds,
            }
            for one in law.conditions
        ],
        "table": [
            {"amount": float(at), "exact": float(exact), "law": float(value)}
            for at, exact, value in rows
        ],
    }


def _finite(value: float) -> float | None:
    """JSON knows no infinity."""
    return float(value) if abs(value) < float("inf") else None


def _show(law: "ScalingLaw", amount: float, rows: list[tuple[float, float, float]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(
        f"loss = {law.prefactor:.6g} × {law.resource}^-{law.exponent:.6g}", highlight=False
    )
    conditions = Table("condition", box=None, header_style="bold", pad_edge=False)
    for name in ("ratio", "at least", "holds"):
        conditions.add_column(name, justify="right")
    for one in law.conditions:
        ratio = one.larger / one.smaller if one.smaller else float("inf")
        verdict = "yes" if one.holds else "no"
        conditions.add_row(one.text, f"{ratio:.3g}", f"{one.factor:.3g}", verdict)
    console.print(
        f"\nConditions at {law.resource} {amount:g}; T: steps × ηS, D: samples, N: basis functions",
        highlight=False,
    )
    console.print(conditions)
    losses = Table(law.resource, box=None, header_style="bold", pad_edge=False)
    for name in ("exact loss", "power law", "law/exact"):
        losses.add_column(name, justify="right")
    for at, exact, value in rows:
        ratio = f"{value / exact:.5g}" if exact > 0 else "-"
        losses.add_row(f"{at:g}", f"{exact:.6g}", f"{value:.6g}", ratio)
    console.print()
    console.print(losses)


def _exponent_only(
    theory: str, resource: str, power: float, loss: LossOptions, *, plot: bool, json: bool
) -> None:
    """For these theories the exponent is known, and no loss with a prefactor."""
    given = [name for name, value in asdict(loss).items() if value is not None]
    if plot or given:
        name = option(given[0]) if given else "--plot"
        raise ArgumentError(
            f"{name} applies to the linear and multilinear theories; for the {theory} theory only "
            "the exponent is known"
        )
    if json:
        exponent = {"theory": theory, "resource": resource, "exponent": power}
        print_json({**exponent, "prefactor": None, "conditions": []})
        return
    typer.echo(f"loss ∝ {resource}^-{power:.6g}")


def _figure(
    law: "ScalingLaw",
    amounts: "np.ndarray",
    exact: "np.ndarray",
    title: str,
    inches: tuple[float, float] | None,
) -> "Figure":
    import matplotlib as mpl

    from skillphysics.plotting import STYLE, clipped, new_figure

    units = {
        "time": "training time (steps)",
        "data": "data (samples)",
        "parameters": "parameters (basis functions)",
        "compute": "compute (basis functions × steps)",
    }
    with mpl.rc_context(STYLE):
        figure = new_figure(*(inches or _INCHES))
        axis = figure.subplots()
        axis.loglog(amounts, exact, color="black", label="exact loss")
        power_law = law.loss(amounts)
        label = rf"power law, {law.prefactor:.3g} × {law.resource}$^{{-{law.exponent:.3g}}}$"
        axis.loglog(amounts, power_law, "--", color="#d1495b", label=label)
        axis.set_xlabel(units[law.resource])
        axis.set_ylabel("loss")
        axis.set_title(clipped(title, 200))
        # Where few skills are all learned, the exact loss falls without end.
        ends = max(exact[-1], power_law[-1] / _DEEPEST), max(exact[0], power_law[0])
        axis.set_ylim(ends[0] / _MARGIN, ends[1] * _MARGIN)
        axis.legend()
    return figure

"""How a log was read, in a few sentences."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from skillphysics.curves import Curves
from skillphysics.measure.log import listed

_TITLES = {
    "curves": "a file of curves",
    "recorder": "a recording",
    "lm-eval": "results of lm-evaluation-harness",
    "trainer": "the history of a Trainer",
    "wandb": "an export of Weights & Biases",
    "tensorboard": "event files of TensorBoard",
    "mlflow": "runs of MLflow",
    "table": "a table",
    "json": "a JSON log",
    "text": "a text log",
    "folder": "a folder of logs",
}
_ENDS = {"accuracy": ("chance", "ceiling"), "loss": ("start", "floor")}


class Measured(NamedTuple):
    """How a skill is measured: its name, metric and kind, and the values of level 0 and 1."""

    name: str
    metric: str
    kind: str
    zero: float | None = None
    one: float | None = None


def reading_paragraph(curves: Curves) -> str:
    """How the log of some curves was read, in two to four sentences.

    They depend only on the curves and their attributes, so curves that were saved and loaded give
    the same.

    Args:
        curves: the result of `read_curves`.

    Example:
        >>> attrs = {"source": "log.csv", "format": "table", "tasks": {"add": {"metric": "acc",
        ...     "kind": "accuracy", "chance": 0.1, "ceiling": 1.0}}}
        >>> curves = Curves.from_arrays([0, 10], [[0.0], [1.0]], skill=["add"], attrs=attrs)
        >>> print(reading_paragraph(curves))
        log.csv is read as a table with 2 steps from 0 to 10. One skill is measured, by acc: add.
        Level 0 is chance (0.1), level 1 is 1.
    """
    attrs = curves.dataset.attrs
    tasks: Mapping[str, Mapping[str, Any]] = attrs.get("tasks", {})
    skills = []
    for name in curves.names:
        about = tasks.get(name, {})
        kind = str(about.get("kind", "level"))
        zero, one = (about.get(end) for end in _ENDS.get(kind, ("", "")))
        skills.append(Measured(name, str(about.get("metric", "")), kind, zero, one))
    runs = [str(run) for run in curves.dataset["run"].values] if "run" in curves.dataset else []
    runs = runs or [attrs["run"]] if "run" in attrs else runs
    return paragraph(
        source=str(attrs.get("source", "")),
        format=str(attrs.get("format", "")),
        axis=curves.axis,
        steps=curves.steps.tolist(),
        runs=runs,
        skills=skills,
        left_out=attrs.get("left_out", {}),
    )


def paragraph(
    *,
    source: str,
    format: str,  # noqa: A002
    axis: str,
    steps: Sequence[float],
    runs: Sequence[str],
    skills: Sequence[Measured],
    left_out: Mapping[str, str],
) -> str:
    """The sentences of `reading_paragraph`, from their parts."""
    title = _TITLES.get(format, format)
    first, has = source or "These curves", "have" if not source else "has"
    if source and title:
        first, has = f"{source} is read as {title}", "with"
    if steps:
        number, unit = f"{len(steps):,}", axis if len(steps) > 1 else axis.removesuffix("s")
        first += f" {has} {number} {unit} from {_plain(steps[0])} to {_plain(steps[-1])}"
    if len(runs) > 1:
        first += f" in {len(runs)} runs ({listed(runs)})"
    elif runs and runs[0]:
        first += f" in the run {runs[0]}"
    sentences = [first, _skills(skills)]
    if any(skill.kind in _ENDS for skill in skills):
        sentences.append(_scale(skills))
    if left_out:
        sentences.append(_left_out(left_out))
    return " ".join(f"{sentence}." for sentence in sentences if sentence)


def _plain(step: float) -> str:
    """A step with separators of thousands, as an integer if it is one."""
    return f"{int(step):,}" if float(step).is_integer() else f"{step:,}"


def _skills(skills: Sequence[Measured]) -> str:
    if not skills:
        return "No skill can be read yet"
    whose = "its" if len(skills) == 1 else "their"
    metrics = list(dict.fromkeys(skill.metric or f"{whose} {skill.kind}" for skill in skills))
    by = f", by {listed(metrics)}" if any(skill.kind for skill in skills) else ""
    number = "One skill is" if len(skills) == 1 else f"{len(skills)} skills are"
    return f"{number} measured{by}: {listed((skill.name for skill in skills), 8)}"


def _scale(skills: Sequence[Measured]) -> str:
    parts = []
    for kind, zero, one in (
        ("accuracy", "chance", ""),
        ("loss", "the first loss or the given start", "the floor"),
    ):
        chosen = [skill for skill in skills if skill.kind == kind]
        if not chosen:
            continue
        low, high = (_range([s.zero for s in chosen]), _range([s.one for s in chosen]))
        of = f" of {kind} skills" if len({skill.kind for skill in skills}) > 1 else ""
        top = f"{one} ({high})" if one else high
        parts.append(f"level 0{of} is {zero} ({low}), level 1 is {top}")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def _range(values: Sequence[float | None]) -> str:
    known = sorted({value for value in values if value is not None})
    unknown = len(values) - sum(value is not None for value in values)
    if not known:
        return "unknown"
    text = f"{known[0]:.4g}" if len(known) == 1 else f"{known[0]:.4g} to {known[-1]:.4g}"
    return f"{text}, unknown for {unknown}" if unknown else text


def _left_out(left_out: Mapping[str, str]) -> str:
    reasons: dict[str, list[str]] = {}
    for name, why in left_out.items():
        reasons.setdefault(why.partition(";")[0], []).append(name or "''")
    shown = [f"{listed(names, 3)} ({why})" for why, names in reasons.items()]
    more = "; and others" if len(shown) > 4 else ""
    return f"Left out: {'; '.join(shown[:4])}{more}"

"""The measurements of many runs, and their conversion to curves."""

from importlib.metadata import version
from typing import Any

import jax
import numpy as np
import xarray as xr

from skillphysics.curves import Curves
from skillphysics.training.describe import describe, label
from skillphysics.training.diverged import DivergedError
from skillphysics.training.runs import Run


class Recording:
    """The measurements so far."""

    def __init__(
        self,
        runs: list[Run],
        place: np.ndarray,
        names: tuple[str, ...],
        stops: np.ndarray,
        listed: bool,
    ) -> None:
        self.runs, self.place, self.names = runs, place, names
        self.stops, self.listed = stops, listed
        self.records: list[dict[str, np.ndarray]] = []

    def add(self, measured: dict[str, np.ndarray], finite: np.ndarray) -> None:
        """Add a measurement of all runs.

        Raises:
            DivergedError: a run is not finite.
        """
        finite = finite[self.place]
        if not finite.all():
            run = int(np.argmin(finite))
            raise DivergedError(
                self._diverged(run),
                run=self.names[run],
                step=int(self.stops[len(self.records)]),
                curves=self.curves() if self.records else None,
            )
        self.records.append(measured)

    def _diverged(self, run: int) -> str:
        now = len(self.records)
        which = f"run {self.names[run]!r}" if self.listed else "the training"
        rate = self.runs[run].learning_rate
        with_rate = "" if rate is None else f", learning rate {rate:g}"
        by = f"({label(self.runs[run].optimizer)}{with_rate})"
        if not now:
            return f"{which} is not finite at step 0, before any training {by}; check the problem"
        return (
            f"{which} diverged between steps {self.stops[now - 1]} and {self.stops[now]} {by}: its "
            "numbers are no longer finite; lower the learning rate"
        )

    def curves(self) -> Curves:
        """The measurements as curves."""
        stacked = {
            name: np.stack([record[name] for record in self.records], axis=1)[self.place]
            for name in self.records[0]
        }
        first = self.runs[0].problem
        variables: dict[str, Any] = {
            name: (("run", "step", "skill")[: values.ndim], values)
            for name, values in stacked.items()
        }
        coords: dict[str, Any] = {
            "run": ("run", np.array(self.names, object)),
            "step": self.stops[: len(self.records)],
            "skill": ("skill", np.array(first.names, object)),
        }
        frequency = np.stack([np.asarray(run.problem.frequency) for run in self.runs])
        if (frequency == frequency[0]).all():
            coords["frequency"] = ("skill", frequency[0])
        else:
            variables["run_frequency"] = (("run", "skill"), frequency)
        rates = [run.learning_rate for run in self.runs]
        if rates[0] is not None:
            variables["learning_rate"] = ("run", np.array(rates))
        dataset = xr.Dataset(variables, coords, self._attributes())
        return Curves(dataset if self.listed else dataset.isel(run=0, drop=True))

    def _attributes(self) -> dict[str, Any]:
        def common_or_all(values: list[Any]) -> Any:
            return values[0] if all(value == values[0] for value in values) else values

        return {
            "problem": common_or_all([describe(run.problem) for run in self.runs]),
            "optimizer": common_or_all([label(run.optimizer) for run in self.runs]),
            "key": common_or_all([jax.random.key_data(run.key).tolist() for run in self.runs]),
            "versions": {name: version(name) for name in ("skillphysics", "jax", "optax")},
        }

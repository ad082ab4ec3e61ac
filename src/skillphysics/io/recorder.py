"""A recorder for any training loop: append-only JSON lines that survive a kill."""

import errno
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, SupportsFloat

from skillphysics.domains import DECAY, FINITE, NON_NEGATIVE, POSITIVE, check_names, one_of
from skillphysics.errors import ArgumentError, LogError
from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.files import writing
from skillphysics.io.parse import head, number, parse_json, readable, short, step_number
from skillphysics.measure.log import Log, finished, make_table

FORMAT = "recorder"

_START = b'{"skillphysics": "recorder"'
_KINDS = ("accuracy", "loss", "level")


class Recorder:
    """Writes the skill measurements of a training loop to a file, one line per step.

    A kill at any instant loses at most the last line. By default an existing recording with the
    same metric, chance and frequency is continued, so a resumed training goes on in the same file.
    Only one process may write to a file: with several devices, record on the first.

    Args:
        path: the file, usually `.jsonl`.
        metric: what the values are: "accuracy", "loss" or "level".
        chance: accuracy of guessing, between 0 and 1: one number, or one per skill or pattern.
            `read_curves` asks for it if it is missing.
        frequency: how often each skill occurs in the training data, where that is known; the
            curves then have these frequencies.
        overwrite: whether to replace an existing recording instead of continuing it. Files that
            are not recordings are never replaced.

    Raises:
        ArgumentError: the file cannot be written, is not a recording, or was begun with another
            metric, chance or frequency.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from skillphysics import read_curves
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "skills.jsonl"
        ...     with Recorder(path, metric="accuracy", chance=0.5) as recorder:
        ...         recorder.record(0, {"parity": 0.5}, loss=0.7)
        ...         recorder.record(100, {"parity": 0.75}, stderr={"parity": 0.01}, loss=0.4)
        ...     curves = read_curves(path)
        >>> curves.level.values.tolist(), curves.dataset["loss"].values.tolist()
        ([[0.0], [0.5]], [0.7, 0.4])
    """

    def __init__(
        self,
        path: Path | str,
        *,
        metric: str,
        chance: SupportsFloat | Mapping[str, SupportsFloat] | None = None,
        frequency: Mapping[str, SupportsFloat] | None = None,
        overwrite: bool = False,
    ) -> None:
        one_of(*_KINDS).check("metric", metric)
        if chance is not None and metric != "accuracy":
            raise ArgumentError(
                f"chance must be left out for the metric {metric!r}; only accuracies have one",
                argument="chance",
            )
        self.path = Path(path)
        self._metric = metric
        # The last step in the file, and whether an earlier process wrote it.
        self._last, self._is_earlier = -math.inf, False
        header: dict[str, Any] = {"skillphysics": "recorder", "version": 1, "metric": metric}
        header["chance"] = _chances(chance)
        if frequency is not None:
            header["frequency"] = _frequencies(frequency)
        line = _line(header)
        kept = self._kept(line, overwrite=overwrite)
        with writing(self.path):
            self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.ftruncate(self._handle, kept)
        self._closed = False
        if not kept:
            self._append(line)

    def record(
        self,
        step: SupportsFloat,
        values: Mapping[str, Any],
        *,
        stderr: Mapping[str, Any] | None = None,
        loss: Any = None,
    ) -> None:
        """Append the measurements of one step; nothing is written if one of them is unusable.

        Args:
            step: the optimizer step, larger than the one before.
            values: a number per skill, of Python, NumPy, JAX or PyTorch; NaN means "not measured".
            stderr: standard errors of some of the values.
            loss: the training loss, which becomes `loss` of the curves.

        Raises:
            ArgumentError: the step does not increase, a value is not finite or not an accuracy, or
                the disk is full.
        """
        if self._closed:
            raise ArgumentError(f"the recorder of {self.path} is closed; open a new one")
        at = NON_NEGATIVE.check("step", _number(step, "step"))
        if at <= self._last:
            self._refuse_step(at)
        check_names(values, "values")
        row: dict[str, Any] = {"step": int(at) if at.is_integer() else at}
        row["values"] = {name: self._value(value, name) for name, value in values.items()}
        errors = {
            name: NON_NEGATIVE.check(f"stderr of {name!r}", _number(value, f"stderr of {name!r}"))
            for name, value in (stderr or {}).items()
        }
        for name in errors:
            if name not in values:
                raise ArgumentError(f"stderr must be of skills in values, got {name!r}")
        if errors:
            row["stderr"] = errors
        if loss is not None:
            plain = _number(loss, "loss")
            row["loss"] = None if math.isnan(plain) else FINITE.check("loss", plain)
        self._append(_line(row))
        self._last, self._is_earlier = at, False

    def close(self) -> None:
        """End the recording; a second call does nothing."""
        if not self._closed:
            os.fsync(self._handle)
            os.close(self._handle)
            self._closed = True

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _refuse_step(self, step: float) -> None:
        if self._is_earlier:
            raise ArgumentError(
                f"{self.path} already holds steps up to {self._last:g}, so step must be larger, "
                f"got {step:g}; go on from there, record to another file, or pass overwrite=True "
                "to begin anew",
                argument="step",
            )
        raise ArgumentError(
            f"step must increase from one record to the next, got {step:g} after {self._last:g}",
            argument="step",
        )

    def _value(self, value: Any, name: str) -> float | None:
        plain = _number(value, f"the value of {name!r}")
        if math.isnan(plain):
            return None
        FINITE.check(f"the value of {name!r}", plain)
        if self._metric == "accuracy" and not 0 <= plain <= 1 + 1e-6:
            raise ArgumentError(f"the accuracy of {name!r} must be between 0 and 1, got {plain:g}")
        return plain

    def _append(self, line: bytes) -> None:
        with writing(self.path):
            before = os.fstat(self._handle).st_size
            if os.write(self._handle, line) < len(line):
                os.ftruncate(self._handle, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _kept(self, header: bytes, *, overwrite: bool) -> int:
        """How many bytes of an existing recording to keep."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise ArgumentError(f"cannot read {self.path}: {error.strerror}") from error
        # Without a line break: killed while the header was written.
        if b"\n" not in content and header.startswith(content):
            return 0
        if b"\n" not in content or not content.startswith(_START):
            raise ArgumentError(
                f"{self.path} exists and is not a recording; choose another name", argument="path"
            )
        if overwrite:
            return 0
        if not content.startswith(header):
            begun = content.partition(b"\n")[0].decode(errors="replace")
            raise ArgumentError(
                f"{self.path} was begun with {begun}, not with {header.decode().strip()}; "
                "record to another file, or pass overwrite=True"
            )
        for row, _ in _rows(content, self.path):
            self._last, self._is_earlier = row["step"], True
        return content.rindex(b"\n") + 1


def detect(path: Path) -> bool:
    """Whether this file was written by a `Recorder`."""
    return head(path).startswith(_START)


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """The recording of a `Recorder`, without a last line that a kill cut off.

    Raises:
        LogError: a line before the last is damaged, or the steps do not increase.
    """
    columns.allow(FORMAT)
    with readable(path):
        content = path.read_bytes()
    lines = content.split(b"\n")
    about = _header(lines[0], path)
    cells, loss = [], {}
    for row, where in _rows(content, path):
        errors = row.get("stderr", {})
        if row.get("loss") is not None:
            loss[row["step"]] = number(row["loss"], f"{where}, loss")
        for task, value in row["values"].items():
            error = number(errors.get(task), f"{where}, stderr of {task!r}")
            cells.append((row["step"], task, number(value, f"{where}, {task!r}"), error))
    step, task, value, stderr = zip(*cells, strict=True) if cells else ((), (), (), ())
    table = make_table(
        run=[""] * len(cells),
        step=step,
        task=task,
        metric=[about["metric"]] * len(cells),
        value=value,
        stderr=stderr,
    )
    notes = ()
    if lines[-1]:
        notes = (f"{path.name} ends in the middle of a line, which is ignored",)
    return Log(
        finished(table),
        path,
        FORMAT,
        notes=notes,
        chance=about["chance"],
        frequency=about["frequency"],
        loss=loss,
    )


def _header(line: bytes, path: Path) -> dict[str, Any]:
    with readable(path):
        about = parse_json(line.decode(), f"{path}, row 1", "record again")
    metric = about.get("metric") if isinstance(about, dict) else None
    chance = about.get("chance") if isinstance(about, dict) else None
    if metric not in _KINDS or about.get("version") != 1 or not isinstance(chance, dict):
        raise LogError(
            f"{path}, row 1 must be the header of a recording, got {short(line.decode())}; "
            "restore the row, or update skillphysics if a newer one wrote it"
        )
    frequency = about.get("frequency", {})
    if not isinstance(frequency, dict):
        raise LogError(
            f"{path}, row 1: frequency must map names of skills to numbers; record again"
        )
    known = {k: number(v, f"{path}, frequency of {k!r}") for k, v in frequency.items()}
    for name, value in known.items():
        if not (math.isfinite(value) and value > 0):
            raise LogError(
                f"{path}, row 1: the frequency of {name!r} must be positive and finite, got "
                f"{value}; record again"
            )
    chances = {k: number(v, f"{path}, chance of {k!r}") for k, v in chance.items()}
    return about | {"chance": chances, "frequency": known}


def _rows(content: bytes, path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """The complete rows of a recording, checked, each with the place of it."""
    last = -math.inf
    lines = content.split(b"\n")
    for index, line in enumerate(lines[1:-1], start=2):
        where = f"{path}, row {index}"
        with readable(path):
            text = line.decode()
        row = parse_json(text, where, "remove the row")
        known = isinstance(row, dict) and isinstance(row.get("values"), dict) and "step" in row
        if not known or not isinstance(row.get("stderr", {}), dict):
            raise LogError(
                f"{where} must have a step and values, got {short(text)}; remove the row"
            )
        step = step_number(row["step"], f"{where}, step")
        if step <= last:
            raise LogError(
                f"{where}: steps must increase, got {step:g} after {last:g}; remove one of the rows"
            )
        last = step
        yield row, where


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, allow_nan=False).encode() + b"\n"


def _chances(chance: SupportsFloat | Mapping[str, SupportsFloat] | None) -> dict[str, float]:
    given = chance if isinstance(chance, Mapping) else {} if chance is None else {"*": chance}
    plain = {name: _number(value, f"chance of {name!r}") for name, value in given.items()}
    return {name: DECAY.check(f"chance of {name!r}", plain[name]) for name in sorted(plain)}


def _frequencies(frequency: Mapping[str, SupportsFloat]) -> dict[str, float]:
    return {
        name: POSITIVE.check(f"frequency of {name!r}", _number(value, f"frequency of {name!r}"))
        for name, value in frequency.items()
    }


def _number(value: Any, what: str) -> float:
    """A scalar of any framework as a float."""
    if isinstance(value, str | bytes | bool) or value is None:
        raise ArgumentError(f"{what} must be a number, got {short(value)}")
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ArgumentError(
            f"{what} must be a single number, got {short(value)}: {error}"
        ) from error

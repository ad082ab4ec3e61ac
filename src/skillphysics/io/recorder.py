"""A recorder for one's own training loop: append-only JSON lines that survive a kill."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, SupportsFloat

from skillphysics.domains import check_names
from skillphysics.errors import ArgumentError, LogError
from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.parse import head, number, parse_json, readable, short, step_number
from skillphysics.measure.log import Log, finished, make_table

FORMAT = "recorder"

_START = b'{"skillphysics": "recorder"'
_KINDS = ("accuracy", "loss", "level")


class Recorder:
    """Writes skill measurements of a training loop to a file, one line a step.

    After a kill at any instant at most the last line is lost. An existing file of the same header
    is continued, so a resumed training goes on recording in the same file. Only one process may
    write to a file: with several devices, record on the first.

    Args:
        path: the file, `.jsonl` by custom.
        metric: what the values are: "accuracy", "loss" or "level".
        chance: accuracy of guessing: one number, or one for each name or pattern. Where it is
            not given, it is asked for on reading.
        frequency: how often each skill occurs in the training data, where that is known; the
            curves then carry it, and a report holds learning times against it.

    Raises:
        ArgumentError: the file cannot be written, holds something else, or was begun with another
            metric, chance or frequency.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "skills.jsonl"
        ...     with Recorder(path, metric="accuracy", chance=0.5) as recorder:
        ...         recorder.record(0, {"parity": 0.5})
        ...         recorder.record(100, {"parity": 0.75}, stderr={"parity": 0.01})
        ...     read(path).table["value"].tolist()
        [0.5, 0.75]
    """

    def __init__(
        self,
        path: Path | str,
        *,
        metric: str,
        chance: SupportsFloat | Mapping[str, SupportsFloat] | None = None,
        frequency: Mapping[str, SupportsFloat] | None = None,
    ) -> None:
        if metric not in _KINDS:
            raise ArgumentError(f"metric must be 'accuracy', 'loss' or 'level', got {metric!r}")
        if chance is not None and metric != "accuracy":
            raise ArgumentError(f"chance is given for a {metric}; only an accuracy has one")
        self.path = Path(path)
        self._metric = metric
        self._last = -math.inf
        header: dict[str, Any] = {"skillphysics": "recorder", "version": 1, "metric": metric}
        header["chance"] = _chances(chance)
        if frequency is not None:
            header["frequency"] = _frequencies(frequency)
        line = _line(header)
        kept = self._continued(line)
        try:
            self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            if kept is not None:
                os.ftruncate(self._handle, kept)
        except OSError as error:
            raise ArgumentError(f"cannot write {self.path}: {error.strerror}") from error
        self._closed = False
        if not kept:
            self._append(line)

    def record(
        self,
        step: SupportsFloat,
        values: Mapping[str, Any],
        *,
        stderr: Mapping[str, Any] | None = None,
    ) -> None:
        """Appends the measurements of one step; nothing is written if one is unusable.

        Args:
            step: the optimizer step, larger than the one before.
            values: a number for each skill measured, of Python, NumPy, JAX or torch; NaN is "not
                measured".
            stderr: standard errors of some of them.

        Raises:
            ArgumentError: the step does not increase, a value is no finite number or no accuracy,
                or the disk is full.
        """
        if self._closed:
            raise ArgumentError(f"the recorder of {self.path} is closed; open a new one")
        at = _number(step, "step")
        if not at > self._last or at < 0 or not math.isfinite(at):
            before = "" if self._last < 0 else f" after step {self._last:g}"
            raise ArgumentError(f"step is {step!r}{before}; steps must increase, from 0 on")
        check_names(values, "values")
        row: dict[str, Any] = {"step": int(at) if at.is_integer() else at}
        row["values"] = {name: self._value(value, name) for name, value in values.items()}
        errors = {
            name: _number(value, f"stderr of {name!r}") for name, value in (stderr or {}).items()
        }
        for name, error in errors.items():
            if name not in values:
                raise ArgumentError(f"stderr holds {name!r}, which is not among the values")
            if not (error >= 0 and math.isfinite(error)):
                raise ArgumentError(f"stderr of {name!r} must be 0 or more, got {error}")
        if errors:
            row["stderr"] = errors
        self._append(_line(row))
        self._last = at

    def close(self) -> None:
        """Ends the recording; a second call does nothing."""
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

    def _value(self, value: Any, name: str) -> float | None:
        plain = _number(value, f"the value of {name!r}")
        if math.isnan(plain):
            return None
        if math.isinf(plain):
            raise ArgumentError(f"the value of {name!r} must be finite, got {plain}")
        if self._metric == "accuracy" and not 0 <= plain <= 1 + 1e-6:
            raise ArgumentError(f"the accuracy of {name!r} must lie between 0 and 1, got {plain:g}")
        return plain

    def _append(self, line: bytes) -> None:
        try:
            before = os.fstat(self._handle).st_size
            if os.write(self._handle, line) < len(line):
                os.ftruncate(self._handle, before)
                raise ArgumentError(f"cannot write {self.path}: no space is left for a whole line")
        except OSError as error:
            raise ArgumentError(f"cannot write {self.path}: {error.strerror}") from error

    def _continued(self, header: bytes) -> int | None:
        """How much of an existing file to keep; None where there is none."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArgumentError(f"cannot read {self.path}: {error.strerror}") from error
        if b"\n" not in content:
            # Killed while the header was written, else this is somebody else's file.
            if header.startswith(content):
                return 0
            raise ArgumentError(f"{self.path} exists and is no recording; choose another name")
        if not content.startswith(_START):
            raise ArgumentError(f"{self.path} exists and is no recording; choose another name")
        if not content.startswith(header):
            begun = content.partition(b"\n")[0].decode(errors="replace")
            raise ArgumentError(
                f"{self.path} was begun with {begun}, not with {header.decode().strip()}; "
                "record to another file"
            )
        for row, _ in _rows(content, self.path):
            self._last = row["step"]
        return content.rindex(b"\n") + 1


def detect(path: Path) -> bool:
    """Whether this file was written by a `Recorder`."""
    return head(path).startswith(_START)


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """The recording of a `Recorder`, without a last line that a kill cut off.

    Raises:
        LogError: a line before the last is damaged, or its step does not increase.
    """
    columns.allow(FORMAT)
    with readable(path):
        content = path.read_bytes()
    lines = content.split(b"\n")
    about = _header(lines[0], path)
    cells = []
    for row, where in _rows(content, path):
        errors = row.get("stderr", {})
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
        notes = (f"{path.name} ends in the middle of a line, which is left out",)
    return Log(
        finished(table),
        path,
        FORMAT,
        notes=notes,
        chance=about["chance"],
        frequency=about["frequency"],
    )


def _header(line: bytes, path: Path) -> dict[str, Any]:
    with readable(path):
        about = parse_json(line.decode(), f"{path}, row 1", "record again")
    metric = about.get("metric") if isinstance(about, dict) else None
    chance = about.get("chance") if isinstance(about, dict) else None
    if metric not in _KINDS or about.get("version") != 1 or not isinstance(chance, dict):
        raise LogError(
            f"{path}, row 1 is {short(line.decode())}, which is no header of a recording: was it "
            "changed by hand, or written by a newer skillphysics?"
        )
    frequency = about.get("frequency", {})
    if not isinstance(frequency, dict):
        raise LogError(f"{path}, row 1: frequency must hold a number for each skill; record again")
    known = {k: number(v, f"{path}, frequency of {k!r}") for k, v in frequency.items()}
    for name, value in known.items():
        if not (math.isfinite(value) and value > 0):
            raise LogError(
                f"{path}, row 1: the frequency of {name!r} must be positive, got {value}; record "
                "again"
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
            raise LogError(f"{where} is {short(text)}; it must have a step and values: remove it")
        step = step_number(row["step"], f"{where}, step")
        if step <= last:
            raise LogError(f"{where} is of step {step:g} after step {last:g}; remove one of them")
        last = step
        yield row, where


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, allow_nan=False).encode() + b"\n"


def _chances(chance: SupportsFloat | Mapping[str, SupportsFloat] | None) -> dict[str, float]:
    given = chance if isinstance(chance, Mapping) else {} if chance is None else {"*": chance}
    plain = {name: _number(value, f"chance of {name!r}") for name, value in given.items()}
    for name, value in plain.items():
        if not 0 <= value < 1:
            raise ArgumentError(f"chance of {name!r} must be 0 or more and below 1, got {value}")
    return dict(sorted(plain.items()))


def _frequencies(frequency: Mapping[str, SupportsFloat]) -> dict[str, float]:
    plain = {name: _number(value, f"frequency of {name!r}") for name, value in frequency.items()}
    for name, value in plain.items():
        if not (math.isfinite(value) and value > 0):
            raise ArgumentError(f"frequency of {name!r} must be positive, got {value}")
    return plain


def _number(value: Any, what: str) -> float:
    """A scalar of any framework as a float."""
    if isinstance(value, str | bytes | bool) or value is None:
        raise ArgumentError(f"{what} is {short(value)}, which is no number")
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ArgumentError(
            f"{what} is {short(value)}, which is not one number: {error}"
        ) from error

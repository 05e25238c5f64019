"""A recording of a real Spark Streaming run, read from its JSON file into typed values.

Times are whole milliseconds after the graph's zero time, as in the file. Only what a prediction or a fit needs is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from sparksim.core.errors import SparkException

T = TypeVar("T")

QUIET_BELOW = 0.5
"""A run counts as quiet when others used less than this share of the machine."""


class RecordingError(SparkException):
    """A file that is no recording, or one that says what cannot be."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a stage of a pipeline does per partition, and what goes wrong in it: `fail`, `straggler` as in the file."""

    fixed_ms: float = 0.0
    per_record_ms: float = 0.0
    fail: dict[str, Any] | None = None
    straggler: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`kind` is map, map_reduce, reduce_window, window or state; each has the fields that it needs."""

    kind: str
    outputs: tuple[Cost, ...]
    map_cost: Cost | None = None
    reduce_cost: Cost | None = None
    reducers: int | None = None
    window_ms: int | None = None
    slide_ms: int | None = None
    inverse: bool = False

    @property
    def shuffles(self) -> bool:
        """Whether its tasks are of two kinds: those that write a shuffle, and those that read it."""
        return self.kind not in ("map", "window")

    @property
    def workers(self) -> int:
        """How many further Python workers a task has that reads its shuffle: for what is cached, and to cogroup."""
        if self.kind == "reduce_window":
            return 2 if self.inverse else 1
        return 3 if self.kind == "state" else 0


@dataclass(frozen=True, slots=True)
class Source:
    """`kind` is socket, files or queue."""

    kind: str
    stream_id: int = 0
    storage_level: str = "MEMORY_AND_DISK_2"
    one_at_a_time: bool = True
    rdds: tuple[tuple[int, int], ...] = ()
    """Of a queue: (records, partitions) of each RDD."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What was asked of Spark."""

    name: str
    master: str
    conf: dict[str, str]
    batch_ms: int
    run_ms: int
    sources: tuple[Source, ...]
    pipeline: Pipeline
    faults: tuple[dict[str, Any], ...] = ()
    checkpoint: bool = False
    recover: bool = False
    stop: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A constant as it was seen in one run: `n` values."""

    n: int
    median: float
    p90: float


@dataclass(frozen=True, slots=True)
class SourceInput:
    """What a source did. `cumulative` holds (time, records sent by then), `links` (time, what, record number)."""

    stream: int
    links: tuple[tuple[int, str, int], ...] = ()
    dropped_unconnected: tuple[tuple[int, int], ...] = ()
    cumulative: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """The driver's life, by `run`: driver_up, start_call, stop_call and so on."""

    run: int
    t: int
    what: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """What came from outside. `injected` are faults and files, as in the file."""

    marks: tuple[Mark, ...]
    injected: tuple[dict[str, Any], ...]
    sources: tuple[SourceInput, ...]

    def mark(self, what: str, run: int = 1) -> int | None:
        """When it happened first in that run; None if it did not."""
        return next((mark.t for mark in self.marks if mark.what == what and mark.run == run), None)


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One batch as Spark's listener saw it."""

    run: int
    batch: int
    batch_time: int
    submission_time: int
    processing_start_time: int | None
    processing_end_time: int | None
    num_records: int | None
    partitions: int
    output_ops: tuple[dict[str, Any], ...] = ()

    @property
    def processing_ms(self) -> int | None:
        """Spark's processingDelay."""
        start, end = self.processing_start_time, self.processing_end_time
        return None if start is None or end is None else end - start

    @property
    def scheduling_ms(self) -> int | None:
        """Spark's schedulingDelay, from the submission."""
        start = self.processing_start_time
        return None if start is None else start - self.submission_time

    @property
    def total_ms(self) -> int | None:
        """Spark's totalDelay, from the submission."""
        end = self.processing_end_time
        return None if end is None else end - self.submission_time

    @property
    def failed(self) -> bool:
        """Whether an output operation failed."""
        return any(op.get("failed") for op in self.output_ops)


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One Spark job; `batch` is None for a receiver's."""

    run: int
    job: int
    batch: int | None
    op: int | None
    submit: int
    end: int | None
    ok: bool | None


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One attempt of one task of a batch. `sleep_ms` is its declared work; None if it ran no function of ours.

    That work lies between `py_start` and `py_end`.
    """

    run: int
    job: int
    batch: int | None
    stage: int
    partition: int
    executor: str
    launch: int
    finish: int | None
    state: str
    sleep_ms: float | None = None
    speculative: bool = False
    py_start: int | None = None
    py_end: int | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of the records of one source. The first three add up to what was sent."""

    stream: int
    lost: int
    processed_distinct: int = 0
    unprocessed_at_end: int = 0
    in_more_than_one_batch_or_run: int = 0


@dataclass(frozen=True, slots=True)
class Fates:
    """Records by what became of them: processed at least once, more than once, never, not yet when the run ended."""

    processed: int
    repeated: int
    lost: int
    pending: int


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to an executor or on one, at a time in ms."""

    time_ms: float
    executor: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One file."""

    scenario: Scenario
    cpu_other_mean: float
    calibration: dict[str, Measured]
    inputs: Inputs
    fate: tuple[Fate, ...]
    batches: tuple[BatchRecord, ...]
    jobs: tuple[JobRecord, ...] = ()
    tasks: tuple[TaskRecord, ...] = ()
    events: tuple[dict[str, Any], ...] = field(default=())
    receivers: tuple[dict[str, Any], ...] = field(default=())
    machine_cores: int = 0
    """Of the machine that everything ran on; 0 if that is not known."""

    @property
    def name(self) -> str:
        """The scenario's name, such as A01_steady_repeat1."""
        return self.scenario.name

    @property
    def quiet(self) -> bool:
        """Whether the machine was Spark's own for the most part; not if nobody knows."""
        return self.cpu_other_mean < QUIET_BELOW

    @property
    def stop_ms(self) -> int:
        """When the program was told to stop."""
        stops = [mark.t for mark in self.inputs.marks if mark.what == "stop_call"]
        return stops[-1] if stops else self.scenario.run_ms

    @property
    def receiver_starts(self) -> tuple[Happening, ...]:
        """When and where receivers started, the first ones included."""
        started = [each for each in self.receivers if each["what"] == "receiver_started"]
        return tuple(Happening(each["t"], str(each["executor"])) for each in started)

    @property
    def kills(self) -> tuple[Happening, ...]:
        """When which executor was killed, or the driver."""
        killed = [each for each in self.inputs.injected if each["what"] in ("executor_killed", "driver_killed")]
        return tuple(Happening(each["t"], str(each.get("executor", "driver"))) for each in killed)

    @property
    def jobs_failed(self) -> int:
        """Jobs of batches that ended without success."""
        return sum(each.ok is False and each.batch is not None for each in self.jobs)

    @property
    def fates(self) -> Fates:
        """What became of the records of all sources."""
        return Fates(
            sum(each.processed_distinct for each in self.fate),
            sum(each.in_more_than_one_batch_or_run for each in self.fate),
            sum(each.lost for each in self.fate),
            sum(each.unprocessed_at_end for each in self.fate),
        )


def read_recording(path: str | Path) -> Recording:
    """The recording in a JSON file. Raises `RecordingError` for a file that is none, naming what it misses."""
    try:
        raw = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RecordingError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(raw, dict) or "scenario" not in raw:
        raise RecordingError(f"{path} is no recording of a Spark Streaming run: it has no 'scenario'")
    try:
        return _recording(raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"it misses {error}" if isinstance(error, KeyError) else str(error)
        raise RecordingError(f"{path} is no complete recording: {what}") from None


def _recording(raw: Mapping[str, Any]) -> Recording:
    if not isinstance(raw["scenario"], dict):
        raise TypeError("its 'scenario' is no object")
    inputs, scenario, environment = raw["inputs"], dict(raw["scenario"]), raw.get("environment", {})
    spark = scenario.pop("spark")
    scenario |= {"master": spark["master"], "conf": dict(spark["conf"])}
    scenario["sources"] = tuple(_source(each) for each in scenario["sources"])
    scenario["pipeline"] = _pipeline(scenario["pipeline"])
    scenario["faults"] = tuple(scenario.get("faults", ()))
    return Recording(
        scenario=_take(Scenario, scenario),
        cpu_other_mean=float(environment.get("cpu_other_mean", 1)),
        calibration={name: _take(Measured, each) for name, each in raw.get("calibration", {}).items() if each},
        inputs=Inputs(
            tuple(_take(Mark, each) for each in inputs["marks"]),
            tuple(inputs.get("injected", ())),
            tuple(_source_input(each) for each in inputs.get("sources", ())),
        ),
        fate=tuple(_take(Fate, each) for each in raw.get("fate", ())),
        batches=tuple(_take(BatchRecord, each) for each in raw["batches"]),
        jobs=tuple(_take(JobRecord, each) for each in raw.get("jobs", ())),
        tasks=tuple(_take(TaskRecord, each) for each in raw.get("tasks", ())),
        events=tuple(raw.get("events", ())),
        receivers=tuple(raw.get("receivers", ())),
        machine_cores=int(environment.get("machine_cores", 0)),
    )


def _source(raw: Mapping[str, Any]) -> Source:
    rdds = tuple((records, partitions) for records, partitions in raw.get("rdds", ()))
    return _take(Source, {**raw, "rdds": rdds})


def _source_input(raw: Mapping[str, Any]) -> SourceInput:
    runs = ("links", "dropped_unconnected", "cumulative")
    return _take(SourceInput, {**raw, **{name: tuple(tuple(each) for each in raw.get(name, ())) for name in runs}})


def _pipeline(raw: Mapping[str, Any]) -> Pipeline:
    costs = {name: _take(Cost, raw[name]) for name in ("map_cost", "reduce_cost") if name in raw}
    return _take(Pipeline, {**raw, **costs, "outputs": tuple(_take(Cost, each) for each in raw["outputs"])})


_SCALARS: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "None": (type(None),)}


def _fits(value: Any, annotation: str) -> bool:
    """Whether a plain value is of the type that a field wants; what is no plain type is not looked into."""
    names = annotation.split(" | ")
    if not all(name in _SCALARS for name in names):
        return True
    return isinstance(value, sum((_SCALARS[name] for name in names), ())) and not isinstance(value, bool)


def _take(kind: type[T], raw: Mapping[str, Any]) -> T:
    """The fields of a dataclass out of a JSON object, whose keys are in camelCase or in snake_case."""
    values = {}
    for each in fields(kind):  # type: ignore[arg-type]  # only dataclasses are given
        head, *rest = each.name.split("_")
        camel = head + "".join(part.capitalize() for part in rest)
        key = each.name if each.name in raw else camel
        if key in raw:
            if not _fits(raw[key], str(each.type)):
                raise TypeError(f"{key} of {kind.__name__} is {raw[key]!r}, which is no {each.type}")
            values[each.name] = raw[key]
        elif each.default is MISSING and each.default_factory is MISSING:
            raise KeyError(f"{camel} of {kind.__name__}")
    return kind(**values)

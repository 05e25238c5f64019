"""What a simulation says about a recorded run, batch by batch: the median over several seeds.

One simulated run is one possible course of events, as one recording is. With noise in the prices, seeds differ; their
median is the prediction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from statistics import median, mode
from typing import TypeGuard

from sparksim.cluster.cost import CostModel
from sparksim.fidelity.recording import Fates, Happening, Recording
from sparksim.fidelity.scenario import simulate
from sparksim.sim.run import Run
from sparksim.trace.events import DriverDied, Event, FaultInjected, JobStart, ReceiverStarted, StageSubmitted
from sparksim.trace.fates import LOST, ONCE, PENDING, REPEATED
from sparksim.trace.rows import JobRow

SEEDS = 12
"""How many seeds make a prediction. Each is simulated twice, with the noise mirrored (antithetic variates): what one of
the two has too long, the other has too short."""


@dataclass(frozen=True, slots=True)
class PredictedBatch:
    """One batch of one driver's life. Delays are None for a batch that never ended."""

    run: int
    batch_time_ms: int
    records: int
    partitions: int
    processing_ms: float | None
    scheduling_ms: float | None
    total_ms: float | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Prediction:
    """What will happen. Receiver starts include the first ones."""

    batches: tuple[PredictedBatch, ...]
    fates: Fates
    receiver_starts: tuple[Happening, ...]
    kills: tuple[Happening, ...]
    jobs_failed: int


def predict(recording: Recording, cost: CostModel, seeds: int = SEEDS) -> Prediction:
    """The median of two simulated runs for each of `seeds`; one run is enough without noise.

    Raises `RecordingError` for a scenario that a simulation cannot be. A program that was told to stop before it began
    has no batches.
    """
    if recording.stop_ms <= 0:
        return Prediction((), Fates(0, 0, 0, 0), (), (), 0)
    if cost.noise == 0:
        return predict_once(recording, cost, 0)
    mirrored = cost.with_(noise=-cost.noise)
    return middle([predict_once(recording, each, seed) for seed in range(seeds) for each in (cost, mirrored)])


def predict_once(recording: Recording, cost: CostModel, seed: int) -> Prediction:
    """What one simulated run says."""
    run = simulate(recording, cost, seed)
    count, deaths_ms = run.delivery.count, _deaths_ms(run)
    return Prediction(
        tuple(_batches(run, recording)),
        Fates(count(ONCE) + count(REPEATED), count(REPEATED), count(LOST), count(PENDING)),
        tuple(Happening(each.time_ms, each.executor_id) for each in run.trace if isinstance(each, ReceiverStarted)),
        tuple(Happening(each.time_ms, each.target) for each in run.trace if _is_kill(each)),
        sum(_failed(each, deaths_ms) for each in run.jobs),
    )


def _failed(job: JobRow, deaths_ms: list[float]) -> bool:
    """A job of a batch ended without success, and not because there was no driver any more."""
    return job.succeeded is False and job.batch_time_ms is not None and job.end_ms not in deaths_ms


def _is_kill(event: Event) -> TypeGuard[FaultInjected]:
    return isinstance(event, FaultInjected) and event.target != ""


def middle(predictions: list[Prediction]) -> Prediction:
    """The medians over predictions of the same run, batch by batch."""
    columns: dict[tuple[int, int], list[PredictedBatch]] = {}
    for prediction in predictions:
        for batch in prediction.batches:
            columns.setdefault((batch.run, batch.batch_time_ms), []).append(batch)
    return Prediction(
        tuple(_middle_batch(column) for _, column in sorted(columns.items())),
        Fates(*(round(median(counts)) for counts in zip(*(astuple(each.fates) for each in predictions), strict=True))),
        _middle_happenings([each.receiver_starts for each in predictions]),
        _middle_happenings([each.kills for each in predictions]),
        round(median(each.jobs_failed for each in predictions)),
    )


def _middle_happenings(lists: list[tuple[Happening, ...]]) -> tuple[Happening, ...]:
    return tuple(
        Happening(median(each.time_ms for each in same), mode(each.executor for each in same))
        for same in zip(*lists, strict=False)
    )


def _middle_batch(column: list[PredictedBatch]) -> PredictedBatch:
    first = column[0]
    return PredictedBatch(
        first.run,
        first.batch_time_ms,
        round(median(each.records for each in column)),
        round(median(each.partitions for each in column)),
        _median(each.processing_ms for each in column),
        _median(each.scheduling_ms for each in column),
        _median(each.total_ms for each in column),
        sum(each.failed for each in column) * 2 > len(column),
    )


def _median(values: Iterable[float | None]) -> float | None:
    """The median of what most runs have; None when most have none."""
    everything = list(values)
    known = [value for value in everything if value is not None]
    return median(known) if len(known) * 2 > len(everything) else None


def _batches(run: Run, recording: Recording) -> Iterable[PredictedBatch]:
    deaths_ms = _deaths_ms(run)
    received = recording.scenario.sources[0].kind == "socket"
    stop_ms = float("inf") if recording.scenario.stop == "graceful" else recording.stop_ms
    first_stage = _first_stages(run, deaths_ms)
    for row in run.batches:
        if row.batch_time_ms <= stop_ms:
            life = _life(row.submission_ms, deaths_ms)
            yield PredictedBatch(
                life,
                row.batch_time_ms,
                row.records,
                row.blocks if received else first_stage.get((life, row.batch_time_ms), 0),
                row.processing_time_ms,
                row.scheduling_delay_ms,
                row.total_delay_ms,
                row.failed,
            )


def _first_stages(run: Run, deaths_ms: list[float]) -> dict[tuple[int, int], int]:
    """How many tasks the first stage of each batch had, by driver's life and batch time. Job ids begin anew in each."""
    tasks: dict[tuple[int, int], int] = {}
    batch_of: dict[int, int | None] = {}
    for event in run.trace:
        if isinstance(event, JobStart):
            batch_of[event.job_id] = event.batch_time_ms
        elif isinstance(event, StageSubmitted):
            batch_time_ms = batch_of[event.job_id]
            if batch_time_ms is not None:
                tasks.setdefault((_life(event.time_ms, deaths_ms), batch_time_ms), event.tasks)
    return tasks


def _deaths_ms(run: Run) -> list[float]:
    return [event.time_ms for event in run.trace if isinstance(event, DriverDied)]


def _life(moment_ms: float, deaths_ms: list[float]) -> int:
    """Which driver's life this was, from 1."""
    return 1 + sum(death_ms < moment_ms for death_ms in deaths_ms)

"""What a simulation says about a recorded run, batch by batch: the median over several seeds.

One simulated run is one possible course of events, as one recording is. With noise in the prices, seeds differ; their
median is the prediction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from sparksim.cluster.cost import CostModel
from sparksim.fidelity.recording import Recording
from sparksim.fidelity.scenario import simulate
from sparksim.sim.run import Run
from sparksim.trace.delivery import LOST
from sparksim.trace.events import DriverDied, JobStart, ReceiverStarted, StageSubmitted

SEEDS = 9
"""How many simulated runs make a prediction."""


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
    """What will happen. `receiver_starts_ms` are the moments at which receivers start, the first ones included."""

    batches: tuple[PredictedBatch, ...]
    records_lost: int
    receiver_starts_ms: tuple[float, ...]


def predict(recording: Recording, cost: CostModel, seeds: int = SEEDS) -> Prediction:
    """The median of `seeds` simulated runs; one run is enough without noise."""
    return middle([predict_once(recording, cost, seed) for seed in range(seeds if cost.noise else 1)])


def predict_once(recording: Recording, cost: CostModel, seed: int) -> Prediction:
    """What one simulated run says."""
    run = simulate(recording, cost, seed)
    starts = tuple(event.time_ms for event in run.trace if isinstance(event, ReceiverStarted))
    return Prediction(tuple(_batches(run, recording)), run.delivery.count(LOST), starts)


def middle(predictions: list[Prediction]) -> Prediction:
    """The medians over predictions of the same run, batch by batch."""
    columns: dict[tuple[int, int], list[PredictedBatch]] = {}
    for prediction in predictions:
        for batch in prediction.batches:
            columns.setdefault((batch.run, batch.batch_time_ms), []).append(batch)
    return Prediction(
        tuple(_middle_batch(column) for _, column in sorted(columns.items())),
        round(median(each.records_lost for each in predictions)),
        tuple(median(moments) for moments in zip(*(each.receiver_starts_ms for each in predictions), strict=False)),
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
    deaths_ms = [event.time_ms for event in run.trace if isinstance(event, DriverDied)]
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


def _life(moment_ms: float, deaths_ms: list[float]) -> int:
    """Which driver's life this was, from 1."""
    return 1 + sum(death_ms < moment_ms for death_ms in deaths_ms)

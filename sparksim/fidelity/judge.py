"""Compares a prediction with what really happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from sparksim.cluster.cost import SPARK_LOCAL, SPARK_STANDALONE, CostModel
from sparksim.fidelity.own import own_prices
from sparksim.fidelity.predict import PredictedBatch, Prediction, predict
from sparksim.fidelity.recording import BatchRecord, Recording

FIRST_JUDGED = 3
"""Earlier batches pay for class loading and starting workers."""

STOP_RACE_MS = 60
"""Whether a batch that is due when the program is told to stop is still made is a race."""

Key = tuple[int, int]
Pair = tuple[PredictedBatch, BatchRecord]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well one recording was predicted. Errors are fractions; None where there is nothing to compare.

    An `mdape` is the median absolute percentage error over the batches from the third on, with 1 ms as the smallest
    real value. `partitions_exact` is the fraction of all batches, the first two included; a batch that only one side
    has is not exact. `partitions_off_by` is the largest difference in any batch.
    """

    name: str
    quiet: bool
    batches: int
    partitions_exact: float
    partitions_off_by: int
    processing_mdape: float | None
    scheduling_mdape: float | None
    total_delay_mdape: float | None
    batches_rerun_exact: bool
    batches_failed_exact: bool
    records_lost_predicted: int
    records_lost_real: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the two sides of it."""

    recording: Recording
    prediction: Prediction
    verdict: Verdict


def judge(recording: Recording, preset: CostModel | None = None, *, own: bool = True) -> Verdict:
    """Predict with a preset, or with what the run itself measured in place of it, and compare.

    Without a preset it is that for the recording's master.
    """
    return judgement(recording, preset, own=own).verdict


def judgement(recording: Recording, preset: CostModel | None = None, *, own: bool = True) -> Judgement:
    """`judge`, with what it was judged by."""
    prediction = predict(recording, prices_for(recording, preset, own=own))
    return Judgement(recording, prediction, compare(recording, prediction))


def prices_for(recording: Recording, preset: CostModel | None = None, *, own: bool = True) -> CostModel:
    """The prices that a recording is judged by."""
    prices = preset or (SPARK_STANDALONE if on_cluster(recording) else SPARK_LOCAL)
    prices = prices.with_(machine_cores=recording.machine_cores)
    return own_prices(prices, recording.calibration, shuffles=recording.scenario.pipeline.shuffles) if own else prices


def on_cluster(recording: Recording) -> bool:
    """Whether its executors were processes of their own."""
    return not recording.scenario.master.startswith("local[")


def compare(recording: Recording, prediction: Prediction) -> Verdict:
    """Batches are told apart by the driver's life and the batch time; one that only one side has counts as missed."""
    predicted, real = _sides(recording, prediction)
    pairs = by_batch(recording, prediction)
    judged = by_batch(recording, prediction, judged=True)
    off = [abs(mine.partitions - theirs.partitions) for mine, theirs in pairs]
    batches = len(predicted.keys() | real.keys())
    return Verdict(
        recording.name,
        recording.quiet,
        batches,
        off.count(0) / batches if batches else 1.0,
        max(off, default=0),
        _mdape(judged, lambda mine: mine.processing_ms, lambda theirs: theirs.processing_ms),
        _mdape(judged, lambda mine: mine.scheduling_ms, lambda theirs: theirs.scheduling_ms),
        _mdape(judged, lambda mine: mine.total_ms, lambda theirs: theirs.total_ms),
        rerun(predicted) == rerun(real),
        {key for key, each in predicted.items() if each.failed} == {key for key, each in real.items() if each.failed},
        prediction.fates.lost,
        recording.fates.lost,
    )


def by_batch(recording: Recording, prediction: Prediction, *, judged: bool = False) -> list[Pair]:
    """The batches that both sides have, in order; only those from the third on if they are to be `judged`."""
    predicted, real = _sides(recording, prediction)
    pairs = [(predicted[key], real[key]) for key in sorted(predicted.keys() & real.keys())]
    return [pair for pair in pairs if not judged or pair[1].batch >= FIRST_JUDGED]


def _sides(recording: Recording, prediction: Prediction) -> tuple[dict[Key, PredictedBatch], dict[Key, BatchRecord]]:
    predicted = {(each.run, each.batch_time_ms): each for each in prediction.batches}
    real = {(each.run, each.batch_time): each for each in recording.batches}
    for key in predicted.keys() ^ real.keys():
        if abs(key[1] - recording.stop_ms) <= STOP_RACE_MS:
            predicted.pop(key, None)
            real.pop(key, None)
    return predicted, real


def rerun(batches: Iterable[tuple[int, int]]) -> set[int]:
    """The batch times that more than one driver ran, of `(run, batch time)`."""
    times = [time for _, time in batches]
    return {time for time in times if times.count(time) > 1}


def _mdape(
    pairs: list[Pair],
    predicted: Callable[[PredictedBatch], float | None],
    real: Callable[[BatchRecord], int | None],
) -> float | None:
    both = [(predicted(mine), real(theirs)) for mine, theirs in pairs]
    errors = [abs(mine - theirs) / max(theirs, 1) for mine, theirs in both if mine is not None and theirs is not None]
    return round(median(errors), 4) if errors else None

"""What a simulation of a recorded scenario must say. One seed, a few recordings; `make fidelity` judges all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sparksim.fidelity.judge import Verdict, compare, prices_for
from sparksim.fidelity.predict import middle, predict_once
from sparksim.fidelity.recording import Recording
from sparksim.fidelity.scenario import arrivals

Read = Callable[[str], Recording]


def judged(recording: Recording, *, own: bool = True) -> Verdict:
    return compare(recording, predict_once(recording, prices_for(recording, own=own), seed=0))


@pytest.mark.parametrize("name", ["A03", "A05", "B02", "B06", "K01", "M01", "P01", "Q01", "I04"])
def test_delays_are_right_within_a_few_percent(name: str, recorded: Read) -> None:
    verdict = judged(recorded(name))
    assert verdict.total_delay_mdape is not None
    assert verdict.total_delay_mdape < 0.08
    assert verdict.partitions_exact >= 0.9
    assert verdict.partitions_off_by <= 1


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("A03", 0),  # nothing fails
        ("N01", 0),  # tasks fail and are tried again
        ("N02", 60),  # a job fails: the records of its batch
        ("J01", 17),  # the receiver's executor dies: what was not yet a block
        ("J02", 195),  # the same without replicas: the blocks too
        ("J04", 15),  # the same with a write-ahead log
        ("K01", 206),  # the driver dies: all that only its executors held
        ("K02", 15),  # the same with a write-ahead log
    ],
)
def test_every_lost_record_is_predicted(name: str, lost: int, recorded: Read) -> None:
    verdict = judged(recorded(name))
    assert (verdict.records_lost_predicted, verdict.records_lost_real) == (lost, lost)


@pytest.mark.parametrize("name", ["K01", "K02", "K03"])
def test_a_restarted_driver_runs_the_same_batches_again(name: str, recorded: Read) -> None:
    verdict = judged(recorded(name))
    assert verdict.batches_rerun_exact
    assert verdict.partitions_exact == 1


@pytest.mark.parametrize("name", ["N02", "J02"])
def test_the_same_batches_fail(name: str, recorded: Read) -> None:
    recording = recorded(name)
    assert any(batch.failed for batch in recording.batches)
    assert judged(recording).batches_failed_exact


@pytest.mark.parametrize("name", ["A04", "C01", "E02", "F05", "K02", "I04"])
def test_a_preset_fitted_to_other_runs_is_nearly_as_good(name: str, recorded: Read) -> None:
    error = judged(recorded(name), own=False).total_delay_mdape
    assert error is not None
    assert error < 0.08


@pytest.mark.parametrize("name", ["G02", "H01"])
def test_windows_and_state_are_priced_by_other_runs(name: str, recorded: Read) -> None:
    error = judged(recorded(name)).total_delay_mdape
    assert error is not None
    assert error < 0.2


def test_two_jobs_at_a_time_slow_each_other_down(recorded: Read) -> None:
    error = judged(recorded("F02"), own=False).total_delay_mdape
    assert error is not None
    assert error < 0.1


def test_what_was_killed_and_what_started_again_is_predicted(recorded: Read) -> None:
    recording = recorded("J01")
    prediction = predict_once(recording, prices_for(recording), seed=0)
    ((mine,), (theirs,)) = (prediction.kills, recording.kills)
    assert mine.time_ms == theirs.time_ms
    ((_, mine), (_, theirs)) = (prediction.receiver_starts, recording.receiver_starts)
    assert abs(mine.time_ms - theirs.time_ms) < 1000
    assert prediction.jobs_failed == recording.jobs_failed == 0


def test_one_core_that_a_receiver_holds_processes_nothing(recorded: Read) -> None:
    recording = recorded("D01")
    prediction = predict_once(recording, prices_for(recording), seed=0)
    assert all(batch.processing_ms is None for batch in prediction.batches if batch.partitions)
    assert compare(recording, prediction).total_delay_mdape is None


def test_the_prediction_is_the_middle_of_several_runs(recorded: Read) -> None:
    recording = recorded("A05")
    runs = [predict_once(recording, prices_for(recording), seed) for seed in range(3)]
    times = sorted(run.batches[5].total_ms or 0 for run in runs)
    assert times[0] < times[2]
    assert middle(runs).batches[5].total_ms == times[1]


def test_the_source_sends_what_it_sent(recorded: Read) -> None:
    recording = recorded("K01")
    sent = list(arrivals(recording.inputs.sources[0]))
    numbers = [int(number) for _, number in sent]
    dropped = recording.inputs.sources[0].dropped_unconnected
    assert numbers == sorted(set(numbers))
    assert not any(first <= number <= last for number in numbers for first, last in dropped)
    assert [time for time, _ in sent] == sorted(time for time, _ in sent)

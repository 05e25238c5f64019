"""Backpressure: a program that is too slow for its source makes the receiver take less, and its delay goes away.

A record takes 10 ms and one core is left to process them, so 100 records a second can be processed; 200 arrive.
"""

from __future__ import annotations

import pytest

from sparksim.sim import Cluster, Constant, CostModel, ExecutorCrash, Run, Simulation
from sparksim.trace import check_trace
from sparksim.trace.events import RateUpdated, RecordsLost
from tests.sim.programs import pass_through

ON = {"enabled": True, "pid.minRate": 10}


def simulate(until: float = 30, *, backpressure=(), max_rate=None, program=pass_through, **changes) -> Run:
    conf = {f"spark.streaming.backpressure.{key}": value for key, value in dict(backpressure).items()}
    if max_rate is not None:
        conf["spark.streaming.receiver.maxRate"] = max_rate
    surroundings = {
        "network": {"localhost:9999": Constant(rate=200, record="x")},
        "cluster": Cluster(1, 2),
        "cost": CostModel(record_ms=10),
        **changes,
    }
    return Simulation(program, conf=conf, **surroundings).run(until=until)


def rates(run: Run, stream_id: int = 0) -> list[int]:
    return [event.rate_per_s for event in run.trace.of(RateUpdated) if event.stream_id == stream_id]


def records(run: Run) -> list[int]:
    return [batch.records for batch in run.batches]


def test_without_backpressure_each_batch_waits_longer_than_the_last():
    run = simulate()
    waits_ms = [batch.scheduling_delay_ms for batch in run.batches if batch.scheduling_delay_ms is not None]
    assert waits_ms[2:] == [waits_ms[2] + 1000 * number for number in range(len(waits_ms) - 2)]
    assert set(records(run)[1:]) == {200}
    assert rates(run) == []


def test_with_backpressure_the_delay_goes_away_and_the_rate_is_what_can_be_processed():
    run = simulate(backpressure=ON)
    completed = [batch for batch in run.batches if batch.status == "completed"]
    assert max(batch.scheduling_delay_ms for batch in completed) > 3000
    assert {(batch.records, batch.scheduling_delay_ms, batch.processing_time_ms) for batch in completed[-10:]} == {
        (100, 0, 1000)
    }
    assert rates(run)[-10:] == [100] * 10


def test_the_rates_are_those_of_the_pencil():
    """100 a second were processed; each waited batch takes its delay times 0.2 off: 98 after 100 ms, 78 after 1.1 s."""
    run = simulate(backpressure=ON)
    waits_ms = [batch.scheduling_delay_ms for batch in run.batches][1:8]
    assert rates(run)[:7] == [max(10, int(100 - 0.2 * wait_ms * 100 / 1000)) for wait_ms in waits_ms]
    assert rates(run)[:3] == [98, 78, 58]


def test_a_rate_is_set_when_its_batch_is_completed_and_the_first_sets_none():
    run = simulate(10, backpressure=ON)
    completed = [batch for batch in run.batches if batch.status == "completed"]
    updates = [(event.batch_time_ms, event.time_ms) for event in run.trace.of(RateUpdated)]
    assert updates == [(batch.batch_time_ms, batch.processing_end_ms) for batch in completed[1:]]


def test_nothing_is_lost_by_waiting():
    """What the receiver does not take waits in its connection; only what was sent before it connected is gone."""
    run = simulate(backpressure=ON)
    (lost,) = run.trace.of(RecordsLost)
    assert lost.time_ms <= run.receivers[0].started_ms
    assert check_trace(run.trace) == []


def test_no_rate_is_below_the_floor():
    run = simulate(backpressure={"enabled": True}, cost=CostModel(record_ms=40))
    assert set(rates(run)) == {100}
    assert records(run)[-1] == 100, "25 can be processed: the floor of 100 keeps backpressure from helping"


def test_a_maximal_rate_stands_above_every_estimate():
    run = simulate(backpressure=ON, max_rate=60)
    assert min(rates(run)) > 60
    assert set(records(run)[1:]) == {60}


def test_the_initial_rate_holds_until_the_first_estimate():
    run = simulate(backpressure={**ON, "initialRate": 50})
    first_update_ms = run.trace.of(RateUpdated)[0].time_ms
    early = [batch.records for batch in run.batches if batch.batch_time_ms <= first_update_ms]
    assert early[1:] == [50] * (len(early) - 1)
    assert records(run)[-1] == 100


def test_the_initial_rate_is_for_ever_without_backpressure():
    assert set(records(simulate(backpressure={"initialRate": 50}))[1:]) == {50}


def test_a_receiver_that_starts_anew_begins_at_the_initial_rate():
    crash = ExecutorCrash("receiver", at=20.05)
    run = simulate(backpressure={**ON, "initialRate": 50}, cluster=Cluster(2, 2), faults=[crash])
    before_crash_ms = 20_050
    _, after = [receiver.started_ms for receiver in run.receivers]
    assert before_crash_ms < after
    heard_ms = next(event.time_ms for event in run.trace.of(RateUpdated) if event.time_ms > after)
    last = [block.records for block in run.blocks if block.generated_ms < before_crash_ms][-1]
    again = [block.records for block in run.blocks if after < block.generated_ms <= heard_ms]
    assert (last, again) == (40, [10, 10]), "200 a second, then 50, in blocks of 200 ms"


def test_every_stream_has_a_rate_of_its_own():
    def two_streams(ssc):
        for port in 9998, 9999:
            ssc.socketTextStream("localhost", port).foreachRDD(lambda rdd: rdd.count())

    network = {"localhost:9998": Constant(rate=50, record="x"), "localhost:9999": Constant(rate=200, record="x")}
    run = simulate(backpressure=ON, program=two_streams, network=network, cluster=Cluster(1, 3))
    assert rates(run, 0) != rates(run, 1)
    assert len(rates(run, 0)) == len(rates(run, 1)) > 5


@pytest.mark.parametrize("rest", [{}, {"rateEstimator": "pid"}])
def test_streams_without_receivers_have_no_rate(rest):
    def no_receiver(ssc):
        ssc.queueStream([[1, 2, 3]] * 5).foreachRDD(lambda rdd: rdd.count())

    run = simulate(6, backpressure={**ON, **rest}, program=no_receiver, network={})
    assert len(run.batches) >= 5
    assert rates(run) == []


def test_a_wrong_setting_is_said_when_the_stream_is_made():
    with pytest.raises(ValueError, match=r"backpressure\.rateEstimator='guess': unknown rate estimator"):
        simulate(backpressure={"enabled": True, "rateEstimator": "guess"})

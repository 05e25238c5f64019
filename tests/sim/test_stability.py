"""The largest sustainable rate: programs whose capacity is known on paper, and runs with every kind of trouble."""

from datetime import datetime

import pytest

from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.sim import (
    Burst,
    Cluster,
    Constant,
    CostModel,
    DriverCrash,
    ExecutorCrash,
    Poisson,
    Simulation,
    stability,
    work,
)
from sparksim.sim.loads import Retained
from sparksim.sim.sustained import verdict
from sparksim.streaming.direct_dstream import direct_stream
from tests.sim.test_sweep import pass_through, simulation

ADDRESS = "localhost:9999"


def found(each, **arguments):
    return stability(each, **{"until": 20, "low": 10, "high": 300, "processes": 1, "progress": False, **arguments})


def judged(each, until=20, **arguments):
    return verdict(each.run(until), until, **arguments)


# --- bisection --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tolerance", [0.2, 0.05, 0.01])
def test_one_core_at_10_ms_per_record_sustains_100_records_per_second(tolerance):
    result = found(simulation(), low=13, high=190, tolerance=tolerance)
    assert result.rate <= 100 <= result.limit <= result.rate * (1 + tolerance)


def test_a_second_core_doubles_the_capacity():
    result = found(simulation(), cores=3, block=0.1)
    assert result.rate <= 200 <= result.limit


def test_a_longer_batch_shares_its_overhead_among_more_records():
    # A job takes 400 ms and 10 ms per record: 1 s batches leave time for 60 records/s, 4 s batches for 90.
    heavy = simulation().with_(cost=CostModel(record_ms=10, job_start_ms=400))
    short, long = found(heavy, high=70), found(heavy, low=80, high=100, batch=4, until=80)
    assert [short.rate, short.limit] == pytest.approx([60, 60], rel=0.05)
    assert [long.rate, long.limit] == pytest.approx([90, 90], rel=0.05)


def test_work_on_the_driver_counts_too():
    def program(ssc):
        ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: work(rdd.count() * 0.005))

    result = found(simulation(program), tolerance=0.02)  # 10 ms per record on the executor and 5 ms on the driver
    assert result.rate <= 1000 / 15 <= result.limit


def test_concurrent_jobs_let_a_batch_take_longer_than_the_interval():
    def program(ssc):
        ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: work(1.6))

    two = simulation(program, conf={"spark.streaming.concurrentJobs": 2})
    assert judged(two).sustained
    assert not judged(two.with_(conf={"spark.streaming.concurrentJobs": 1})).sustained


def test_a_latency_bound_lowers_the_rate():
    # 1500 ms from the beginning of the interval leave 500 ms for the batch: 50 records, and not one more.
    result = found(simulation(), low=40, high=60, bound_ms=1500, tolerance=0.01)
    assert [result.rate, result.limit] == pytest.approx([50, 50], rel=0.02)
    assert "1,500 ms allowed" in str(result)


def test_the_answer_and_its_table_do_not_depend_on_the_number_of_processes():
    alone, many = (found(simulation(), low=60, high=150, processes=processes) for processes in (1, 3))
    assert (alone.rate, alone.limit) == (many.rate, many.limit)
    assert alone.tried == many.tried


def test_the_table_shows_what_was_tried_in_order_of_rate():
    result = found(simulation(), tolerance=0.1)
    rates = result.tried.column("rate")
    assert rates == sorted(rates)
    assert result.tried.column("stable") == [rate <= 100 for rate in rates]
    assert {*result.tried.where(stable=True).column("reason")} == {""}
    assert str(result).startswith(f"{result.rate:g} records/s are sustained, {result.limit:g} are not: batches queued")


def test_a_low_that_is_not_sustained_is_said():
    result = found(simulation(), low=120)
    assert (result.rate, result.limit, len(result.tried)) == (None, 120, 1)
    assert str(result).startswith("not even 120 records/s are sustained: batches queued up")


def test_a_high_that_is_sustained_is_said():
    result = found(simulation(), high=90)
    assert (result.rate, result.limit) == (90, None)
    assert str(result) == "90 records/s are sustained, and that was the highest rate allowed: try a higher one"


# --- the verdict ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "sustained"), [(99, True), (100, True), (101, False), (400, False)])
def test_batches_are_processed_as_fast_as_they_come_or_they_are_not(rate, sustained):
    assert judged(simulation().with_(rate=rate)).sustained is sustained


def test_a_burst_that_was_worked_off_is_no_harm():
    burst = Burst(300, at=3, duration=2, base=20, record="x")
    assert judged(simulation(load=burst)).sustained
    assert not judged(simulation(load=Burst(300, at=13, duration=5, base=20, record="x"))).sustained


def test_a_long_batch_now_and_then_is_no_harm():
    def program(ssc):
        def each(time, rdd):
            work(3 if (time - datetime(1970, 1, 1)).total_seconds() % 5 == 0 else 0.2)

        ssc.socketTextStream("localhost", 9999).foreachRDD(each)

    assert judged(simulation(program), until=40).sustained


def test_a_random_load_below_the_capacity_is_sustained_and_one_above_is_not():
    below, above = (simulation(load=Poisson(rate, "x")) for rate in (85, 115))
    assert judged(below, until=60).sustained
    assert not judged(above, until=60).sustained


def test_a_job_generator_that_falls_behind_is_seen():
    slow = simulation(load=Constant(5, "x")).with_(cost=CostModel(generate_ms=1100))
    assert "queued up" in judged(slow).reason


def test_a_rate_limit_below_the_rate_is_seen_in_what_stays_unread():
    limited = simulation(load=Constant(50, "x")).with_(conf={"spark.streaming.receiver.maxRate": 40})
    assert judged(limited).reason.startswith("receivers did not keep up")
    assert judged(limited.with_(rate=40)).sustained


def test_a_direct_stream_that_may_not_read_as_fast_as_its_log_grows_is_seen():
    def program(ssc):
        direct_stream(ssc, "log:1").foreachRDD(lambda rdd: rdd.foreach(lambda line: None))

    log = Simulation(program, network={"log:1": Retained(Constant(50, "x"), partitions=2)}, cost=CostModel(record_ms=5))
    assert judged(log).sustained
    slow = log.with_(conf={"spark.streaming.kafka.maxRatePerPartition": 20})
    assert judged(slow).reason.startswith("receivers did not keep up")
    assert judged(slow.with_(rate=40)).sustained


def test_a_failed_batch_counts_in_the_second_half_only():
    def failing_at(second):
        def program(ssc):
            def each(time, rdd):
                if (time - datetime(1970, 1, 1)).total_seconds() == second:
                    raise ValueError("boom")

            ssc.socketTextStream("localhost", 9999).foreachRDD(each)

        return simulation(program)

    assert judged(failing_at(5)).sustained
    assert judged(failing_at(15)).reason == "batch 15 s failed"


def test_a_batch_whose_jobs_could_not_be_made_counts():
    def program(ssc):
        def each(time, rdd):
            if (time - datetime(1970, 1, 1)).total_seconds() == 15:
                raise ValueError("boom")
            return rdd

        ssc.socketTextStream("localhost", 9999).transform(each).foreachRDD(lambda rdd: None)

    assert judged(simulation(program)).reason == "batch 15 s had no jobs"


def test_records_lost_in_the_second_half_count():
    crash = ExecutorCrash("receiver", at=15.1, restart_after=0.5)
    reason = judged(simulation(faults=[crash])).reason
    assert "lost" in reason or "failed" in reason
    assert judged(simulation(faults=[ExecutorCrash("receiver", at=5.1, restart_after=0.5)])).sustained


def test_a_driver_that_stays_dead_sustains_nothing():
    assert not judged(simulation(faults=[DriverCrash(at=5)])).sustained


def test_a_run_that_is_too_short_has_no_verdict_and_stability_refuses_it():
    assert judged(simulation(), until=19).sustained is None
    with pytest.raises(IllegalArgumentError, match="simulate 20 batches or more, until=20"):
        found(simulation(), until=19)


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": 10, "high": 10}, "low=10, high=10: low has to be below high"),
        ({"low": 20, "high": 10}, "low has to be below high"),
        ({"low": 0}, "low=0: give a positive number"),
        ({"high": "fast"}, "high='fast': give a positive number"),
        ({"tolerance": 0}, "tolerance=0: give a positive number"),
        ({"bound_ms": -1}, "bound_ms=-1: give a positive number"),
        ({"until": 0}, "until=0: give a positive number of seconds"),
        ({"rate": 5}, "rate=5: the rate is what is looked for"),
        ({"batches": 5}, "no knob 'batches'"),
        ({"processes": 1.5}, "processes=1.5: give a whole number"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(IllegalArgumentError, match=message):
        found(simulation(), **arguments)


def test_a_simulation_without_a_rate_is_refused():
    with pytest.raises(IllegalArgumentError, match="no load of this simulation has a rate"):
        found(Simulation(pass_through))


def test_an_error_names_the_rate():
    def broken(ssc):
        raise KeyError("no such thing")

    with pytest.raises(SparkException, match="rate=10 failed: KeyError"):
        found(simulation(broken))


def test_cluster_and_cost_are_those_of_the_simulation():
    big = Simulation(
        pass_through,
        network={ADDRESS: Constant(1, "x")},
        cluster=Cluster(2, 3),
        cost=CostModel(record_ms=10),
        block=0.1,
    )
    result = found(big, low=400, high=600, tolerance=0.2)  # five cores beside the receiver's: two blocks each
    assert result.rate <= 500 <= result.limit

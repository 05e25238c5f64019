"""Streams that read a log without a receiver: ranges are fixed when a batch is made, and stay what they are."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from sparksim import SparkConf, SparkContext
from sparksim.cluster.world import World, living_in
from sparksim.core.errors import IllegalArgumentError, UnsupportedOperation
from sparksim.sim import Constant, DriverCrash, ExecutorCrash, Replay, Simulation, SourceOutage, work
from sparksim.sim.loads import Acknowledged, Retained
from sparksim.streaming import StreamingContext
from sparksim.streaming.direct_dstream import direct_stream, offset_ranges
from sparksim.streaming.offset_ranges import OffsetRange, clamp, max_messages
from sparksim.trace import check_trace
from sparksim.trace.events import (
    BatchSubmitted,
    JobGenerationFailed,
    OffsetRangesAllocated,
    OffsetsSkipped,
    RateUpdated,
    StreamingRecovered,
    TaskEnd,
)

MAX_RATE = "spark.streaming.kafka.maxRatePerPartition"
LOAD = Constant(rate=10, record=lambda rng: rng.choice("abc"))

SEEN = []
"""(batch time in seconds, ranges, records) in order of processing. Not in a closure: these are saved in checkpoints."""


def watch(time, rdd):
    ranges = [(each.fromOffset, each.untilOffset) for each in offset_ranges(rdd)]
    SEEN.append(((time - time.min).total_seconds() % 86400, ranges, rdd.glom().collect()))


def read_all(ssc):
    direct_stream(ssc, "log:9092", start="earliest").foreachRDD(watch)


def read_slowly(ssc):
    direct_stream(ssc, "log:9092", start="earliest").foreachRDD(lambda rdd: rdd.foreach(lambda _: work(0.03)))


def simulate(program=read_all, load=LOAD, partitions=2, until=5.5, **surroundings):
    SEEN.clear()
    run = Simulation(program, network={"log:9092": Retained(load, partitions)}, **surroundings).run(until=until)
    assert check_trace(run.trace) == []
    return run


def processed_or_waiting(run):
    """Whether nothing was lost, and what is not processed lies behind the last batch."""
    reasons = {row.reason for row in run.delivery.records.where(outcome="pending")}
    return run.delivery.count("lost") == 0 and reasons <= {"in the log, and in no batch yet"}


# --- ranges -----------------------------------------------------------------------------------------------------------


def test_a_batch_takes_what_came_since_the_last_one():
    run = simulate()
    assert [(time, ranges) for time, ranges, _ in SEEN] == [
        (1, [(0, 6), (0, 5)]),
        (2, [(6, 11), (5, 10)]),
        (3, [(11, 16), (10, 15)]),
        (4, [(16, 21), (15, 20)]),
        (5, [(21, 26), (20, 25)]),
    ]
    assert all([len(part) for part in parts] == [end - begin for begin, end in ranges] for _, ranges, parts in SEEN)
    assert [event.records for event in run.trace.of(BatchSubmitted)] == [((0, 11),), *[((0, 10),)] * 4]
    assert run.delivery.count("once") == 51
    assert processed_or_waiting(run)


def test_each_record_is_read_where_it_was_written():
    simulate(load=Replay([(number / 10, str(number)) for number in range(20)]), partitions=3)
    read = [[record for _, _, parts in SEEN for record in parts[partition]] for partition in range(3)]
    assert read == [[str(number) for number in range(partition, 20, 3)] for partition in range(3)]


def test_every_partition_of_the_log_makes_a_task_even_without_records():
    run = simulate(load=Replay([(1.5, "a")]), partitions=3, until=4)
    assert [parts for _, _, parts in SEEN] == [[[], [], []], [["a"], [], []], [[], [], []]]
    assert [len(run.tasks.where(job_id=job.job_id)) for job in run.jobs] == [3, 3, 3]
    (allocated,) = run.trace.of(OffsetRangesAllocated)
    assert (allocated.batch_time_ms, allocated.origins) == (2000, (("log:9092/0", 0, 0),))


def test_no_receiver_holds_a_core():
    run = simulate()
    assert not run.receivers
    assert {row.kind for row in run.tasks} == {"ResultTask"}


def test_a_task_reads_when_it_runs_and_pays_for_each_record():
    run = simulate(until=2.9)
    reads = Counter()
    for event in run.trace.of(TaskEnd):
        reads.update(dict.fromkeys(event.blocks, event.records_read))
    assert reads == {"offsets-0-1000-0": 6, "offsets-0-1000-1": 5, "offsets-0-2000-0": 5, "offsets-0-2000-1": 5}
    assert {row.reads for row in run.delivery.records.where(outcome="once")} == {1}


@pytest.mark.parametrize(
    ("start", "first", "lost"),
    [
        ("latest", [(1, 6), (0, 5)], 1),
        ("earliest", [(0, 6), (0, 5)], 0),
        ({0: 1, 1: 0}, [(1, 6), (0, 5)], 1),
    ],
)
def test_a_stream_begins_where_it_is_told_to(start, first, lost):
    run = simulate(lambda ssc: direct_stream(ssc, "log:9092", start).foreachRDD(watch))
    assert SEEN[0][1] == first
    assert run.delivery.count("lost") == lost == len(run.trace.of(OffsetsSkipped))


def test_latest_is_the_default():
    run = simulate(lambda ssc: direct_stream(ssc, "log:9092").foreachRDD(watch))
    (skipped,) = run.trace.of(OffsetsSkipped)
    assert skipped.origins == (("log:9092/0", 0, 0),)
    (lost,) = run.delivery.lost
    assert lost.reason == "in the log before the offset from which stream 0 began to read"


def test_only_the_rdds_of_the_stream_itself_know_their_ranges():
    errors = []

    def ask(rdd):
        assert offset_ranges(rdd) == [OffsetRange("log:9092", 0, 0, 11)]
        try:
            offset_ranges(rdd.map(len))
        except IllegalArgumentError as error:
            errors.append(str(error))

    simulate(lambda ssc: direct_stream(ssc, "log:9092", "earliest").foreachRDD(ask), partitions=1, until=1.5)
    assert "only an RDD of the direct stream itself has offset ranges" in errors[0]


def test_a_window_reads_its_ranges_again():
    counts = []

    def program(ssc):
        direct_stream(ssc, "log:9092", "earliest").window(2, 1).foreachRDD(lambda rdd: counts.append(rdd.count()))

    simulate(program, until=4.5)
    assert counts == [11, 21, 20, 20]


def test_two_streams_read_the_same_log_each_for_itself():
    def program(ssc):
        direct_stream(ssc, "log:9092", "earliest").union(direct_stream(ssc, "log:9092", "earliest")).foreachRDD(
            lambda rdd: SEEN.append(rdd.count())
        )

    run = simulate(program, until=2.5)
    assert SEEN == [22, 20]
    assert run.delivery.count("once") == 21


# --- limits -----------------------------------------------------------------------------------------------------------


def test_the_rate_per_partition_is_limited():
    run = simulate(load=Replay([(0, "x")] * 9 + [(2.5, "y")]), conf={MAX_RATE: 2})
    assert [ranges for _, ranges, _ in SEEN] == [
        [(0, 2), (0, 2)],
        [(2, 4), (2, 4)],
        [(4, 5), (4, 5)],
        [(5, 5), (5, 5)],
        [(5, 5), (5, 5)],
    ]
    assert run.delivery.count("once") == 10


def test_backpressure_limits_the_ranges_by_the_lag_of_each_partition():
    conf = {"spark.streaming.backpressure.enabled": True, "spark.streaming.backpressure.pid.minRate": 5}
    load = Constant(rate=100, record="x")
    run = simulate(read_slowly, load=load, partitions=3, until=30, conf=conf)
    rates, allocated = run.trace.of(RateUpdated), run.trace.of(OffsetRangesAllocated)
    taken = {event.batch_time_ms: sum(last - first + 1 for _, first, last in event.origins) for event in allocated}
    limited = [time_ms for time_ms in taken if time_ms > rates[0].time_ms]
    assert len(limited) > 10
    for time_ms in limited:
        before = [event.rate_per_s for event in rates if event.time_ms < time_ms]
        assert abs(taken[time_ms] - before[-1]) <= 2  # a share of each of the three partitions is rounded


def kafka_vectors(call):
    data = Path(__file__).parents[1] / "conformance" / "data" / "dstream-vectors.json"
    vectors = json.loads(data.read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(each, id=each["id"]) for each in vectors if each["kind"] == "kafka" and each["call"] == call]


@pytest.mark.parametrize("vector", kafka_vectors("max_messages"))
def test_limits_are_those_of_spark(vector):
    names = ("batch_ms", "max_rate_per_partition", "rate", "current", "latest")
    assert max_messages(*(vector[name] for name in names)) == vector["expected"]


@pytest.mark.parametrize("vector", kafka_vectors("ranges"))
def test_ranges_are_those_of_spark(vector):
    current, max_rates = vector["start"], vector["max_rate_per_partition"]
    for rate, latest, expected in zip(vector["rates"], vector["latest"], vector["expected"], strict=True):
        until = clamp(max_messages(vector["batch_ms"], max_rates, rate, current, latest), current, latest)
        assert {partition: [current[partition], until[partition]] for partition in until} == expected
        current = until


def test_without_any_lag_there_is_no_limit():
    assert max_messages(1000, {"0": 5}, 100, {"0": 7}, {"0": 7}) is None


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [2.52, 3.03, 3.21])
def test_a_crash_of_an_executor_makes_tasks_read_again_and_loses_nothing(at):
    run = simulate(read_slowly, faults=[ExecutorCrash("1", at=at, restart_after=0.5)], until=8.9)
    assert run.delivery.count("n times") == 0
    assert processed_or_waiting(run)


def test_a_record_that_two_attempts_read_was_still_processed_once():
    run = simulate(read_slowly, faults=[ExecutorCrash("1", at=1.12)], until=8)
    assert {row.reads for row in run.delivery.records.where(outcome="once")} == {1, 2}


def test_a_restarted_driver_runs_its_batches_on_the_same_ranges():
    run = simulate(faults=[DriverCrash(at=3.5, restart_after=1)], checkpoint="sim://checkpoint", until=8.5)
    (recovered,) = run.trace.of(StreamingRecovered)
    assert recovered.batches
    first, again = {}, {}
    for time, ranges, parts in SEEN:
        (again if time in first else first)[time] = (ranges, parts)
    assert again
    assert all(first[time] == seen for time, seen in again.items())
    ends = [ranges for _, (ranges, _) in sorted(first.items())]
    assert all([end for _, end in before] == [begin for begin, _ in after] for before, after in pairwise(ends))
    assert run.delivery.count("n times") == sum(end - begin for ranges, _ in again.values() for begin, end in ranges)
    assert processed_or_waiting(run)


def test_batches_the_driver_missed_are_made_up_for_by_the_first_of_them():
    simulate(faults=[DriverCrash(at=3.5, restart_after=2)], checkpoint="sim://checkpoint", until=8.5)
    taken = {time: sum(end - begin for begin, end in ranges) for time, ranges, _ in SEEN}
    assert taken == {1: 11, 2: 10, 3: 10, 4: 25, 5: 0, 6: 5, 7: 10, 8: 10}


def test_a_batch_whose_checkpoint_was_not_written_yet_is_made_anew():
    run = simulate(read_slowly, faults=[DriverCrash(at=3.002, restart_after=1)], checkpoint="sim://cp", until=9.5)
    of_third = [event for event in run.trace.of(OffsetRangesAllocated) if event.batch_time_ms == 3000]
    assert len(of_third) == 2
    assert of_third[0].origins[0][2] < of_third[1].origins[0][2]  # more has come meanwhile
    assert processed_or_waiting(run)


@pytest.mark.parametrize("number", range(12))
def test_whenever_the_driver_dies_nothing_is_lost(number):
    faults = [DriverCrash(at=1.3 + 0.17 * number, restart_after=0.7), DriverCrash(at=5 + 0.1 * number, restart_after=0)]
    run = simulate(read_slowly, faults=faults, checkpoint="sim://checkpoint", until=12.9)
    assert processed_or_waiting(run)
    assert run.delivery.count("once") + run.delivery.count("n times") > 100


def test_without_a_checkpoint_a_driver_that_starts_at_the_latest_loses_what_came_meanwhile():
    def program(ssc):
        direct_stream(ssc, "log:9092").foreachRDD(watch)

    run = simulate(program, faults=[DriverCrash(at=3.5, restart_after=1)], until=8.5)
    lost = [(row.source, row.first, row.last) for row in run.delivery.lost]
    assert lost == [("log:9092/0", 0, 0), ("log:9092/0", 16, 22), ("log:9092/1", 15, 22)]
    assert run.delivery.count("n times") == 0


def test_without_a_checkpoint_a_driver_that_starts_at_the_earliest_processes_all_again():
    run = simulate(faults=[DriverCrash(at=3.5, restart_after=1)], until=8.5)
    assert run.delivery.count("n times") == 31
    assert processed_or_waiting(run)


def test_a_recovered_stream_keeps_its_rate_controller():
    conf = {"spark.streaming.backpressure.enabled": True}
    run = simulate(faults=[DriverCrash(at=3.5, restart_after=1)], checkpoint="sim://checkpoint", until=9.5, conf=conf)
    assert any(event.time_ms > 5000 for event in run.trace.of(RateUpdated))


def test_a_batch_cannot_be_made_while_the_log_is_down_and_the_next_one_takes_its_records():
    run = simulate(faults=[SourceOutage("log:9092", at=2.5, duration=1)], until=5.5)
    (failed,) = run.trace.of(JobGenerationFailed)
    assert failed.batch_time_ms == 3000
    assert "nobody answers on log:9092: the source is down" in failed.message
    assert [(time, sum(end - begin for begin, end in ranges)) for time, ranges, _ in SEEN] == [
        (1, 11),
        (2, 10),
        (4, 20),
        (5, 10),
    ]
    assert run.delivery.count("once") == 51


def test_a_task_that_reads_while_the_log_is_down_is_tried_again_and_at_last_fails_its_batch():
    run = simulate(read_slowly, faults=[SourceOutage("log:9092", at=2.13, duration=0.5)], until=5.5)
    failed = [task for task in run.tasks if task.reason == "ExceptionFailure"]
    assert {task.attempt for task in failed} == {0, 1, 2, 3}
    (batch,) = [row for row in run.batches if row.failed]
    assert batch.batch_time_ms == 2000
    lost = run.delivery.records.where(outcome="lost")
    assert len(lost) == 10
    assert {row.reason for row in lost} == {
        "batch 2 s failed: ConnectionRefusedError: nobody answers on log:9092: the source is down"
    }


def test_a_short_outage_is_outlived_by_the_next_attempt():
    run = simulate(read_slowly, faults=[SourceOutage("log:9092", at=2.13, duration=0.035)], until=5.5)
    assert [task.attempt for task in run.tasks if task.reason == "ExceptionFailure"]
    assert processed_or_waiting(run)


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["newest", "", None, 5, {}, {0: -1}, {"0": 1}, {0: 1.5}, {0: True}])
def test_a_start_that_makes_no_sense_is_refused(start):
    with pytest.raises(IllegalArgumentError, match=r"start=.*give 'latest', 'earliest', or the offset"):
        simulate(lambda ssc: direct_stream(ssc, "log:9092", start).pprint())


@pytest.mark.parametrize("start", [{0: 0}, {0: 0, 1: 0, 2: 0}, {0: 100, 1: 0}])
def test_offsets_to_start_from_must_be_in_the_log(start):
    with pytest.raises(IllegalArgumentError, match="log:9092 has these partitions, with these offsets at most"):
        simulate(lambda ssc: direct_stream(ssc, "log:9092", start).pprint())


@pytest.mark.parametrize(
    ("network", "complaint"),
    [
        ({"mq:1": Retained(LOAD)}, "address='log:9092': the simulated network has no server there, but 'mq:1'"),
        ({"log:9092": LOAD}, "this source keeps no log"),
        ({"log:9092": Acknowledged(LOAD)}, "this source keeps no log"),
    ],
)
def test_there_must_be_a_log_at_the_address(network, complaint):
    with pytest.raises(IllegalArgumentError, match=complaint):
        Simulation(read_all, network=network).run(until=1)


@pytest.mark.parametrize("address", ["", None, 9092])
def test_the_address_is_a_text(address):
    with pytest.raises(IllegalArgumentError, match="address="):
        simulate(lambda ssc: direct_stream(ssc, address).pprint())


@pytest.mark.parametrize("rate", ["-1", "fast", "1.5"])
def test_a_rate_that_makes_no_sense_is_refused(rate):
    with pytest.raises(IllegalArgumentError, match=f"{MAX_RATE}="):
        simulate(conf={MAX_RATE: rate})


def test_a_log_that_is_down_at_the_start_ends_the_program():
    def program(ssc):
        read_all(ssc)
        ssc._clock.call(ssc._backend.network.server("log:9092").go_down)

    with pytest.raises(ConnectionRefusedError, match="the source is down"):
        simulate(program)


@pytest.mark.parametrize("master", ["local[2]", "sim[1,1]"])
def test_without_a_simulated_network_there_is_no_log(master):
    with living_in(World()):
        sc = SparkContext(conf=SparkConf().setMaster(master).setAppName("test"))
    try:
        with pytest.raises(UnsupportedOperation, match="logs to read directly exist in simulations alone"):
            direct_stream(StreamingContext(sc, 1), "log:9092")
    finally:
        sc.stop()

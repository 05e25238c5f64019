"""Direct streams on a cluster in virtual time: what crashes, outages and changes of topics do to them.

Functions that are saved in checkpoints note what they see in this module.
"""

from itertools import pairwise

import pytest

from sparksim.sim import (
    AddPartitions,
    BrokerCrash,
    Constant,
    DeleteTopic,
    DriverCrash,
    ExecutorCrash,
    KafkaCluster,
    Producer,
    Replay,
    Simulation,
    Topic,
    work,
)
from sparksim.trace import check_trace
from sparksim.trace.events import (
    GroupRebalanced,
    JobGenerationFailed,
    OffsetRangesAllocated,
    OffsetsCommitted,
    OffsetsSkipped,
    StreamingRecovered,
    TaskStart,
)
from tests.streaming.kafka.given import TOPIC, bounds, consumer_stream, simple_stream, value_of

SEEN = []
"""(batch in seconds, ranges, values) in order of processing."""

SOON = {"session_timeout_ms": 1500, "metadata_max_age_ms": 500}
"""A dead driver's consumer is given up soon, and so are new partitions found."""


def watch(time, rdd):
    SEEN.append((time.second, bounds(rdd), sorted(rdd.map(value_of).collect())))


def slowly(rdd):
    rdd.foreach(lambda _: work(0.03))


def simple(ssc):
    simple_stream(ssc).foreachRDD(watch)


def consuming(ssc):
    consumer_stream(ssc, **SOON).foreachRDD(watch)


def committing(ssc):
    stream = consumer_stream(ssc, **SOON)

    def process(time, rdd):
        watch(time, rdd)
        stream.commitAsync(rdd.offsetRanges())

    stream.foreachRDD(process)


def auto_committing(ssc):
    stream = consumer_stream(ssc, enable_auto_commit=True, auto_commit_interval_ms=500, **SOON)
    stream.foreachRDD(lambda rdd: rdd.foreach(lambda _: work(0.4)))


def too_small_08(ssc):
    return simple_stream(ssc, settings={"fetch.message.max.bytes": 100})


def too_small_010(ssc):
    return consumer_stream(ssc, max_partition_fetch_bytes=100)


def cluster(load=None, *, partitions=2, replicas=1, **more):
    topic = more.pop("topic", Topic(TOPIC, partitions, replicas=replicas))
    producer = Producer(TOPIC, load or Constant(10), partitioner="round-robin", **more.pop("producer", {}))
    return KafkaCluster([topic], [producer], **more)


def simulate(program, kafka=None, until=5.5, **surroundings):
    SEEN.clear()
    run = Simulation(program, network={"localhost:9092": kafka or cluster()}, **surroundings).run(until=until)
    assert check_trace(run.trace) == []
    return run


def reasons(run, outcome):
    return {row.reason for row in run.delivery.records.where(outcome=outcome)}


IN_THE_LOG = "in the log, and in no batch yet"


# --- without trouble --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", [simple, consuming])
def test_every_record_is_processed_once(program):
    run = simulate(program)
    ends = [ranges for _, ranges, _ in SEEN]
    assert all([end for _, end in before] == [begin for begin, _ in after] for before, after in pairwise(ends))
    assert len(SEEN) == 5
    assert run.delivery.count("once") == sum(end for _, end in ends[-1]) >= 48
    assert reasons(run, "pending") <= {IN_THE_LOG}


def test_the_driver_is_a_member_of_the_group_and_executors_are_not():
    run = simulate(consuming)
    assert {event.group for event in run.trace.of(GroupRebalanced)} == {"shop"}
    assert not run.receivers


# --- a driver that dies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", [simple, consuming])
def test_with_a_checkpoint_a_new_driver_reads_the_same_ranges(program):
    run = simulate(program, faults=[DriverCrash(at=3.5, restart_after=1)], checkpoint="sim://checkpoint", until=9.5)
    assert len(run.trace.of(StreamingRecovered)) == 1
    first, again = {}, {}
    for time, ranges, values in SEEN:
        (again if time in first else first)[time] = (ranges, values)
    assert again
    assert all(first[time] == seen for time, seen in again.items())
    ends = [ranges for _, (ranges, _) in sorted(first.items())]
    assert all([end for _, end in before] == [begin for begin, _ in after] for before, after in pairwise(ends))
    assert run.delivery.count("lost") == 0
    assert run.delivery.count("n times") == sum(end - begin for ranges, _ in again.values() for begin, end in ranges)


def test_a_new_member_waits_until_the_group_gives_up_the_dead_one():
    run = simulate(consuming, faults=[DriverCrash(at=3.5, restart_after=0.1)], checkpoint="sim://cp", until=9.5)
    given_up = [event for event in run.trace.of(GroupRebalanced) if event.time_ms > 3500]
    assert given_up[0].time_ms == pytest.approx(3000 + 1500, abs=50)


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("program", [simple, consuming, committing])
def test_whenever_the_driver_dies_nothing_is_lost(program, number):
    faults = [DriverCrash(at=1.3 + 0.27 * number, restart_after=0.7), DriverCrash(at=7 + 0.1 * number, restart_after=0)]
    run = simulate(program, faults=faults, checkpoint="sim://checkpoint", until=14.9)
    assert run.delivery.count("lost") == 0
    assert run.delivery.count("once") + run.delivery.count("n times") > 100


def test_without_a_checkpoint_the_group_s_offsets_repeat_what_was_not_committed_yet():
    run = simulate(committing, faults=[DriverCrash(at=3.5, restart_after=1)], until=9.5)
    committed = [event.offsets for event in run.trace.of(OffsetsCommitted) if event.time_ms < 3500][-1]
    assert [begin for begin, _ in SEEN[3][1]] == [offset for _, offset in committed]
    assert run.delivery.count("lost") == 0
    assert run.delivery.count("n times") == sum(end - begin for begin, end in SEEN[2][1])


def test_offsets_are_committed_when_the_next_batch_is_made():
    run = simulate(committing)
    ends = [tuple(end for _, end in ranges) for _, ranges, _ in SEEN]
    committed = run.trace.of(OffsetsCommitted)
    assert [tuple(offset for _, offset in event.offsets) for event in committed] == ends[:-1]
    assert [event.time_ms // 1000 for event in committed] == [2, 3, 4, 5]
    assert {(event.group, event.cause) for event in committed} == {("shop", "commitAsync")}


def test_auto_commit_on_the_driver_loses_what_was_made_into_batches_and_not_processed():
    load = Replay([(0.1 * number, "x") for number in range(40)])
    run = simulate(auto_committing, cluster(load), faults=[DriverCrash(at=4.1, restart_after=1)], until=25.5)
    committed = [event for event in run.trace.of(OffsetsCommitted) if event.time_ms < 4100][-1]
    assert committed.cause == "enable.auto.commit=true"
    lost = run.delivery.lost
    assert {row.source: row.last + 1 for row in lost} == dict(committed.offsets)
    assert {row.reason for row in lost} == {"in the log before the offset from which stream 0 began to read"}


def test_the_latest_offsets_lose_what_came_while_no_driver_was_there():
    def program(ssc):
        consumer_stream(ssc, auto_offset_reset="latest", **SOON).foreachRDD(watch)

    run = simulate(program, faults=[DriverCrash(at=3.5, restart_after=1)], until=9.5)
    assert reasons(run, "lost") == {"in the log before the offset from which stream 0 began to read"}
    assert len(run.trace.of(OffsetsSkipped)) >= 1


# --- executors and brokers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [simple_stream, consumer_stream])
def test_a_crash_of_an_executor_makes_tasks_read_again(make):
    run = simulate(lambda ssc: make(ssc).foreachRDD(slowly), faults=[ExecutorCrash("1", at=3.08)], until=8.5)
    assert run.delivery.count("lost") == run.delivery.count("n times") == 0
    assert reasons(run, "pending") <= {IN_THE_LOG}


@pytest.mark.parametrize("program", [simple, consuming])
def test_another_leader_takes_over_and_nothing_is_lost(program):
    kafka = cluster(replicas=3, detect=0.3, producer={"acks": "all"})
    run = simulate(program, kafka, faults=[BrokerCrash("leader of orders/0", at=2.95)], until=9.5)
    assert run.delivery.count("lost") == 0
    assert run.delivery.count("once") > 60


@pytest.mark.parametrize(("program", "failed"), [(simple, [3000]), (consuming, [])])
def test_while_there_is_no_leader_0_8_makes_no_batch_and_0_10_makes_it_late(program, failed):
    faults = [BrokerCrash("leader of orders/0", at=2.5, restart_after=1.2)]
    run = simulate(program, faults=faults, until=9.5)
    assert [event.batch_time_ms for event in run.trace.of(JobGenerationFailed)] == failed
    assert (3 in [time for time, _, _ in SEEN]) is (not failed)
    assert run.delivery.count("lost") == 0


# --- topics that change -----------------------------------------------------------------------------------------------


def test_a_new_partition_is_found_by_0_10_and_not_by_0_8():
    kafka = cluster(changes=[AddPartitions(TOPIC, 3, at=2.2)])
    run = simulate(consuming, kafka, until=8.5)
    assert len(SEEN[-1][1]) == 3
    assert SEEN[-1][1][2][1] > 0
    assert run.delivery.count("lost") == 0
    run = simulate(simple, kafka, until=8.5)
    assert len(SEEN[-1][1]) == 2
    assert {row.source for row in run.delivery.records.where(outcome="pending")} >= {"orders/2"}


@pytest.mark.parametrize(
    ("program", "complaint"), [(simple, "UnknownTopicOrPartition"), (consuming, "no current assignment for orders/0")]
)
def test_after_a_topic_is_deleted_no_batch_can_be_made(program, complaint):
    kafka = cluster(Replay([(0.1 * number, "x") for number in range(20)]), changes=[DeleteTopic(TOPIC, at=2.5)])
    run = simulate(program, kafka)
    failed = run.trace.of(JobGenerationFailed)
    assert [event.batch_time_ms for event in failed] == [3000, 4000, 5000]
    assert all(complaint in event.message for event in failed)
    assert run.delivery.count("once") == 20


@pytest.mark.parametrize("make", [simple_stream, consumer_stream])
def test_retention_that_overtakes_a_backlog_loses_records_and_says_so(make):
    kafka = cluster(Constant(100), topic=Topic(TOPIC, retention=2.0), cleanup=0.5)
    conf = {"spark.streaming.kafka.maxRatePerPartition": 30}
    run = simulate(lambda ssc: make(ssc).foreachRDD(slowly), kafka, conf=conf, until=9.5)
    failed = [row for row in run.batches if row.failed]
    assert failed
    assert run.delivery.count("lost") > 0
    assert reasons(run, "lost") == {"retention.ms"}
    assert all("OffsetOutOfRange" in task.message for task in run.tasks.where(reason="ExceptionFailure"))


@pytest.mark.parametrize("make", [too_small_08, too_small_010])
def test_a_message_that_a_consumer_cannot_take_fails_its_batch_and_not_the_next(make):
    load = Replay([(0.5, "x" * 500), (1.5, "y")])
    run = simulate(lambda ssc: make(ssc).foreachRDD(watch), cluster(load, partitions=1), until=3.5)
    (failed,) = [row.batch_time_ms for row in run.batches if row.failed]
    assert failed == 1000
    (reason,) = reasons(run, "lost")
    assert "RecordTooLarge" in reason
    assert [values for _, _, values in SEEN] == [["y"], []]


def test_two_streams_with_one_group_put_each_other_out_of_it_at_each_batch():
    """One driver polls for both, so each waits until the group gives up the other: its session's length."""

    def program(ssc):
        for _ in range(2):
            consumer_stream(ssc, **SOON).foreachRDD(watch)

    run = simulate(program, until=9.5)
    rebalanced = run.trace.of(GroupRebalanced)
    assert all(len(event.assignments) == 1 for event in rebalanced)
    assert [after.time_ms - before.time_ms for before, after in pairwise(rebalanced)] == [1500] * 6
    assert max(row.batch_time_ms for row in run.batches) < 4000


# --- a batch program --------------------------------------------------------------------------------------------------


def test_each_partition_stays_with_its_executor():
    run = simulate(consuming, cluster(partitions=3))
    places = {}
    for event in run.trace.of(TaskStart):
        places.setdefault(event.index, set()).add(event.executor_id)
    assert [len(executors) for executors in places.values()] == [1, 1, 1]


def test_two_forms_of_the_stream_read_the_same_log_each_for_itself():
    def program(ssc):
        simple(ssc)
        consuming(ssc)

    run = simulate(program)
    values = [values for _, _, values in SEEN]
    assert values[0::2] == values[1::2]
    allocated = run.trace.of(OffsetRangesAllocated)
    assert {event.stream_id for event in allocated} == {0, 1}

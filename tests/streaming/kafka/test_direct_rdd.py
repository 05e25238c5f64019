"""The RDDs of a direct stream of Kafka 0.10: where their tasks run, what they answer, and what fails them."""

import pytest

from sparksim.kafka.errors import BrokerNotAvailable
from sparksim.streaming.kafka import LocationStrategies, TopicPartition
from sparksim.streaming.kafka.rdd import partition_hash
from sparksim.trace.events import BatchSubmitted, JobGenerationFailed, TaskEnd, TaskStart
from tests.streaming.kafka.fake_kafka import FakeCluster
from tests.streaming.kafka.given import P0, P1, TOPIC, consumer_stream, watch

MAX_RATE = "spark.streaming.kafka.maxRatePerPartition"
GAPS = "spark.streaming.kafka.allowNonConsecutiveOffsets"


@pytest.fixture
def cluster():
    """Two partitions with the records 0 to 4."""
    made = FakeCluster({TOPIC: 2})
    made.write(TOPIC, range(5))
    return made


# --- where tasks run --------------------------------------------------------------------------------------------------


def executors_of(run):
    return {event.index: event.executor_id for event in run.of(TaskStart)}


@pytest.mark.parametrize(
    ("partition", "code"),
    [
        (TopicPartition("", 0), 961),
        (TopicPartition("a", 3), 31 * 34 + 97),
        (TopicPartition("hello", 0), 961 + 99_162_322),
        (TopicPartition("polygenelubricants", 0), 961 - 2**31),
        (TopicPartition("😀", 1), 31 * 32 + 31 * 0xD83D + 0xDE00),
    ],
)
def test_the_hash_of_a_partition_is_that_of_java(partition, code):
    assert partition_hash(partition) == code


def test_each_partition_goes_to_an_executor_of_its_own_host_by_host(app):
    cluster = FakeCluster({TOPIC: 4})
    cluster.write(TOPIC, range(8))
    run = app("sim[4,2]", network=cluster.network())
    watch(consumer_stream(run.ssc))
    run.run(1.5)
    by_host_descending = ["4", "3", "2", "1"]
    assert executors_of(run) == {each: by_host_descending[partition_hash((TOPIC, each)) % 4] for each in range(4)}
    assert sorted(executors_of(run).values()) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("location", "executors"),
    [
        (LocationStrategies.PreferFixed({P0: "host-1", P1: "host-1"}), {0: "1", 1: "1"}),
        (LocationStrategies.PreferBrokers, {0: "2", 1: "2"}),
    ],
)
def test_a_preferred_host_decides_among_executors(app, cluster, location, executors):
    cluster.leader = "host-2:9092"
    run = app("sim[3,2]", network=cluster.network())
    watch(consumer_stream(run.ssc, location))
    run.run(1.5)
    assert executors_of(run) == executors


def test_a_host_without_executors_is_no_preference(app, cluster):
    run = app("sim[3,2]", network=cluster.network())
    watch(consumer_stream(run.ssc, LocationStrategies.PreferFixed({P0: "elsewhere", P1: "elsewhere"})))
    run.run(1.5)
    consistent = ["3", "2", "1"]
    assert executors_of(run) == {each: consistent[partition_hash((TOPIC, each)) % 3] for each in range(2)}


# --- the RDD ----------------------------------------------------------------------------------------------------------


def test_counting_needs_no_job_and_taking_one(app, cluster):
    run = app(network=cluster.network())
    answers = []
    consumer_stream(run.ssc).foreachRDD(
        lambda rdd: answers.append((rdd.count(), rdd.isEmpty(), [each.value for each in rdd.take(4)]))
    )
    run.run(2.5)
    assert answers == [(5, False, ["0", "2", "4", "1"]), (0, True, [])]
    assert len(cluster.reads) == 2


def test_keeping_records_as_they_come_is_warned_of(app, cluster):
    run = app(network=cluster.network())
    counts = []
    consumer_stream(run.ssc).window(2, 1).foreachRDD(lambda rdd: counts.append(rdd.count()))
    run.run(2.5)
    assert counts == [5, 5]
    assert any("a ConsumerRecord cannot be serialised in Spark: use map" in each for each in run.warnings())


def test_a_gap_fails_the_batch_unless_gaps_are_allowed(app, cluster):
    del cluster.logs[P0].records[1]
    run = app(network=cluster.network())
    watch(consumer_stream(run.ssc))
    with pytest.raises(
        Exception, match=r"got offset 2 of orders/0 where 1 was asked for.*allowNonConsecutiveOffsets=true"
    ):
        run.run(1.5)


def test_with_gaps_allowed_a_job_counts_the_records_of_each_batch(app, cluster):
    del cluster.logs[P0].records[1]
    run = app(network=cluster.network(), settings={GAPS: "true"})
    stream = consumer_stream(run.ssc)
    counts = []
    stream.foreachRDD(lambda rdd: counts.append((rdd.count(), rdd.isEmpty(), len(rdd.take(9)))))
    run.run(1.5)
    assert counts == [(4, False, 4)]
    assert run.ssc._input_info.of_batch(1000) == ((0, 4),)


def test_with_gaps_allowed_a_range_whose_end_is_missing_ends_at_the_next_record(app, cluster):
    del cluster.logs[P0].records[2]
    cluster.write(TOPIC, "abc")
    run = app(network=cluster.network(), settings={GAPS: "true", MAX_RATE: 3})
    seen = watch(consumer_stream(run.ssc))
    run.run(1.5)
    assert seen[0][1][0] == ["0", "2"]


def test_with_gaps_allowed_a_range_behind_whose_gap_nothing_comes_fails(app, cluster):
    del cluster.logs[P0].records[2]
    settings = {GAPS: "true", "spark.streaming.kafka.consumer.poll.ms": "100"}
    run = app(network=cluster.network(), settings=settings)
    watch(consumer_stream(run.ssc))
    with pytest.raises(Exception, match=r"failed to get records of orders/0 at offset 2.*after polling for 100 ms"):
        run.run(2.5)


def test_a_task_that_is_tried_again_uses_no_kept_consumer(app, cluster):
    def stumble(settings, offset):
        if len(cluster.reads) <= 1:
            raise ConnectionResetError("once")

    cluster.on_read = stumble
    run = app(network=cluster.network())
    seen = watch(consumer_stream(run.ssc))
    run.run(1.5)
    assert seen[0][1] == [["0", "2", "4"], ["1", "3"]]
    assert sorted(fresh for *_, fresh in cluster.reads) == [False, False, True]


def test_a_batch_waits_for_the_brokers(app, cluster):
    outage = [(1.5, lambda: setattr(cluster, "down", True)), (2.5, lambda: setattr(cluster, "down", False))]
    run = app(network=cluster.network(*outage, (1.4, lambda: cluster.write(TOPIC, "abc"))))
    seen = watch(consumer_stream(run.ssc))
    run.ssc.start()
    run.clock.run_until(3500)
    assert run.of(JobGenerationFailed) == []
    assert [ranges for ranges, _ in seen] == [[(0, 3), (0, 2)], [(3, 4), (2, 4)], [(4, 4), (4, 4)]]
    late_ms = [event.time_ms - event.batch_time_ms for event in run.of(BatchSubmitted)]
    assert [500 <= ms < 700 for ms in late_ms] == [False, True, False]


def test_a_batch_does_not_wait_for_the_brokers_for_ever(app, cluster):
    run = app(network=cluster.network((1.5, lambda: setattr(cluster, "down", True))))
    watch(consumer_stream(run.ssc, request_timeout_ms=1000))
    with pytest.raises(BrokerNotAvailable, match="nobody answers on localhost:9092"):
        run.run(5.5)
    assert run.of(JobGenerationFailed)[0].batch_time_ms == 2000


def test_retention_that_overtakes_a_backlog_fails_the_batch(app, cluster):
    run = app(network=cluster.network((1.5, lambda: cluster.logs[P0].delete_before(2))), settings={MAX_RATE: 1})
    watch(consumer_stream(run.ssc))
    with pytest.raises(Exception, match="OffsetOutOfRange: offset 1 of orders/0: the log holds 2 to 3"):
        run.run(2.5)
    assert [event.reason for event in run.of(TaskEnd) if event.index == 0][1:] == ["ExceptionFailure"] * 4

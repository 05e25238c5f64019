"""The direct stream of Kafka 0.10: a consumer on the driver says what there is, tasks read it."""

import pytest

from sparksim.streaming.kafka import (
    ConsumerStrategies,
    KafkaUtils,
    LocationStrategies,
    PerPartitionConfig,
)
from sparksim.trace.events import JobGenerationFailed, OffsetRangesAllocated, OffsetsSkipped, TaskEnd
from tests.streaming.kafka.fake_kafka import FakeCluster
from tests.streaming.kafka.given import CONSUMER, P0, P1, TOPIC, bounds, consumer_stream, watch

MAX_RATE = "spark.streaming.kafka.maxRatePerPartition"
GAPS = "spark.streaming.kafka.allowNonConsecutiveOffsets"
PREFER = LocationStrategies.PreferConsistent


@pytest.fixture
def cluster():
    """Two partitions with the records 0 to 4."""
    made = FakeCluster({TOPIC: 2})
    made.write(TOPIC, range(5))
    return made


def test_a_batch_takes_what_came_since_the_last_one(app, cluster):
    run = app(network=cluster.network((1.5, lambda: cluster.write(TOPIC, "abc"))))
    seen = watch(consumer_stream(run.ssc))
    run.run(3.5)
    assert seen == [
        ([(0, 3), (0, 2)], [["0", "2", "4"], ["1", "3"]]),
        ([(3, 4), (2, 4)], [["b"], ["a", "c"]]),
        ([(4, 4), (4, 4)], [[], []]),
    ]
    assert [event.batch_time_ms for event in run.of(OffsetRangesAllocated)] == [1000, 2000]


def test_records_say_where_they_stood(app, cluster):
    run = app(network=cluster.network((1.5, lambda: cluster.write(TOPIC, ["x"], key=b"k"))))
    found = []
    consumer_stream(run.ssc).foreachRDD(lambda rdd: found.extend(rdd.collect()))
    run.run(2.5)
    last = found[-1]
    assert (last.topic, last.partition, last.offset, last.timestamp) == (TOPIC, 1, 2, 2000)
    assert (last.key, last.value, found[0].key) == ("k", "x", None)


def test_a_task_reads_its_range_as_an_executor_and_pays_for_each_record(app, cluster):
    run = app(network=cluster.network())
    watch(consumer_stream(run.ssc))
    run.run(1.5)
    assert sorted((partition, offset, fresh) for partition, offset, _, _, fresh in cluster.reads) == [
        (P0, 0, False),
        (P1, 0, False),
    ]
    for _, _, settings, wait_ms, _ in cluster.reads:
        assert settings["group.id"] == "spark-executor-shop"
        assert settings["auto.offset.reset"] == "none"
        assert settings["enable.auto.commit"] is False
        assert settings["receive.buffer.bytes"] == 65536
        assert wait_ms == 120_000
    assert {block: event.records_read for event in run.of(TaskEnd) for block in event.blocks} == {
        "offsets-0-1000-0": 3,
        "offsets-0-1000-1": 2,
    }


def test_settings_that_executors_change_are_said(app, cluster):
    run = app(network=cluster.network())
    consumer_stream(run.ssc, enable_auto_commit=True, receive_buffer_bytes=1024)
    assert run.warnings() == [
        "the consumers of executors use enable.auto.commit=False, although kafkaParams say True",
        "the consumers of executors use auto.offset.reset='none', although kafkaParams say 'earliest'",
        "the consumers of executors use group.id='spark-executor-shop', although kafkaParams say 'shop'",
        "the consumers of executors use receive.buffer.bytes=65536, although kafkaParams say 1024",
    ]


@pytest.mark.parametrize(
    ("settings", "wait_ms", "fresh"),
    [
        ({"spark.network.timeout": "17s"}, 17_000, False),
        ({"spark.streaming.kafka.consumer.poll.ms": "512"}, 512, False),
        ({"spark.streaming.kafka.consumer.cache.enabled": "false"}, 120_000, True),
    ],
)
def test_how_tasks_read_is_set(app, cluster, settings, wait_ms, fresh):
    run = app(network=cluster.network(), settings=settings)
    watch(consumer_stream(run.ssc))
    run.run(1.5)
    assert {(each[3], each[4]) for each in cluster.reads} == {(wait_ms, fresh)}


# --- where it begins --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reset", "stored", "offsets", "begin"),
    [
        ("earliest", {}, {}, [0, 0]),
        ("latest", {}, {}, [3, 2]),
        ("latest", {P0: 1}, {}, [1, 2]),
        ("earliest", {P0: 1, P1: 2}, {P0: 2}, [2, 2]),
        ("none", {P0: 1, P1: 1}, {}, [1, 1]),
        ("none", {}, {P0: 1, P1: 0}, [1, 0]),
    ],
)
def test_it_begins_at_given_offsets_or_those_of_the_group_or_where_it_is_told_to(
    app, cluster, reset, stored, offsets, begin
):
    cluster.stored["shop", "kafka"] = stored
    run = app(network=cluster.network())
    strategy = ConsumerStrategies.Subscribe([TOPIC], {**CONSUMER, "auto.offset.reset": reset}, offsets)
    seen = watch(KafkaUtils.createDirectStream(run.ssc, PREFER, strategy))
    run.run(1.5)
    assert [first for first, _ in seen[0][0]] == begin
    skipped = tuple((f"{TOPIC}/{number}", 0, first - 1) for number, first in enumerate(begin) if first)
    assert [event.origins for event in run.of(OffsetsSkipped)] == ([skipped] if skipped else [])


def test_assign_takes_its_partitions_whatever_others_have(app, cluster):
    run = app(network=cluster.network())
    first, second = (
        watch(KafkaUtils.createDirectStream(run.ssc, PREFER, ConsumerStrategies.Assign([P1], CONSUMER, {P1: 1})))
        for _ in range(2)
    )
    run.run(1.5)
    assert first == second == [([(1, 2)], [["3"]])]


def test_a_pattern_finds_topics_by_their_whole_name_now_and_later(app, cluster):
    cluster.make("orders-eu", 1)
    cluster.make("old-orders", 1)

    def open_shop():
        cluster.make("orders-us", 1)
        cluster.write("orders-us", ["x"])

    run = app(network=cluster.network((1.5, open_shop)))
    strategy = ConsumerStrategies.SubscribePattern("orders.*", {**CONSUMER, "auto.offset.reset": "earliest"})
    topics = []
    KafkaUtils.createDirectStream(run.ssc, PREFER, strategy).foreachRDD(
        lambda rdd: topics.append([each.topic for each in rdd.offsetRanges()])
    )
    run.run(2.5)
    assert topics == [[TOPIC, TOPIC, "orders-eu"], [TOPIC, TOPIC, "orders-eu", "orders-us"]]


@pytest.mark.parametrize(("reset", "begin", "skipped"), [("earliest", 0, []), ("latest", 2, [(f"{TOPIC}/2", 0, 1)])])
def test_a_new_partition_is_picked_up_where_the_reset_says(app, cluster, reset, begin, skipped):
    def grow():
        cluster.make(TOPIC, 3)
        cluster.write(TOPIC, "xy")

    run = app(network=cluster.network((1.5, grow)))
    seen = watch(consumer_stream(run.ssc, auto_offset_reset=reset))
    run.run(2.5)
    assert [len(ranges) for ranges, _ in seen] == [2, 3]
    assert seen[1][0][2] == (begin, 2)
    assert [each for event in run.of(OffsetsSkipped) if event.time_ms > 1000 for each in event.origins] == skipped


def test_a_topic_that_is_not_there_yet_is_waited_for(app):
    cluster = FakeCluster()

    def open_shop():
        cluster.make(TOPIC, 1)
        cluster.write(TOPIC, "x")

    run = app(network=cluster.network((1.5, open_shop)))
    seen = watch(consumer_stream(run.ssc))
    run.run(2.5)
    assert seen == [([], []), ([(0, 1)], [["x"]])]
    assert any("stream 0 has no partition: there is no such topic yet" in each for each in run.warnings())


# --- limits -----------------------------------------------------------------------------------------------------------


def test_the_rate_per_partition_is_limited(app, cluster):
    run = app(network=cluster.network(), settings={MAX_RATE: 1})
    seen = watch(consumer_stream(run.ssc))
    run.run(4.5)
    assert [ranges for ranges, _ in seen] == [[(0, 1), (0, 1)], [(1, 2), (1, 2)], [(2, 3), (2, 2)], [(3, 3), (2, 2)]]


class Rates(PerPartitionConfig):
    def __init__(self, *rates):
        self.rates = rates

    def maxRatePerPartition(self, topicPartition):
        return self.rates[topicPartition.partition]


@pytest.mark.parametrize(
    ("rates", "first"), [((2, 1), [(0, 2), (0, 1)]), ((0, 0), [(0, 3), (0, 2)]), ((0, 1), [(0, 0), (0, 1)])]
)
def test_each_partition_may_have_a_limit_of_its_own_and_0_among_others_starves_it(app, cluster, rates, first):
    run = app(network=cluster.network(), settings={MAX_RATE: 1})
    strategy = ConsumerStrategies.Subscribe([TOPIC], CONSUMER)
    seen = watch(KafkaUtils.createDirectStream(run.ssc, PREFER, strategy, Rates(*rates)))
    run.run(1.5)
    assert seen[0][0] == first


# --- the driver's consumer --------------------------------------------------------------------------------------------


def commit_all(stream, told=None):
    stream.foreachRDD(lambda rdd: stream.commitAsync(rdd.offsetRanges(), told))


def test_offsets_are_committed_when_the_next_batch_is_made_and_those_of_the_last_never(app, cluster):
    run = app(network=cluster.network((1.5, lambda: cluster.write(TOPIC, "abc"))))
    commit_all(consumer_stream(run.ssc))
    run.run(3.5)
    assert cluster.commits == [(2, "shop", {P0: 3, P1: 2}), (3, "shop", {P0: 4, P1: 4})]
    cluster.write(TOPIC, "d")
    run.run(4.5)
    run.ssc.stop(stopSparkContext=False)
    assert cluster.stored["shop", "kafka"] == {P0: 4, P1: 4}


def test_the_highest_end_of_each_partition_is_committed_and_the_last_callback_told(app, cluster):
    run = app(network=cluster.network(), settings={MAX_RATE: 1})
    told, queued = [], []
    stream = consumer_stream(run.ssc)

    def commit_every_second_batch(rdd):
        queued.extend(rdd.offsetRanges())
        if bounds(rdd)[0][0] % 2:
            stream.commitAsync(queued, lambda offsets, error: told.append(("first", offsets, error)))
            stream.commitAsync([], lambda offsets, error: told.append(("last", offsets, error)))

    stream.foreachRDD(commit_every_second_batch)
    run.run(4.5)
    assert cluster.commits[0] == (3, "shop", {P0: 2, P1: 2})
    assert told == [("last", {P0: 2, P1: 2}, None)]


def test_a_commit_that_fails_is_told_to_the_callback_and_loses_no_batch(app, cluster):
    run = app(network=cluster.network((1.5, lambda: setattr(cluster, "refuses_commits", True))))
    told = []
    stream = consumer_stream(run.ssc)
    commit_all(stream, lambda offsets, error: told.append(str(error)))
    seen = watch(stream)
    run.run(3.5)
    assert told == ["no coordinator for group shop"]
    assert len(seen) == 3


def test_without_a_callback_a_failed_commit_is_a_warning(app, cluster):
    run = app(network=cluster.network((1.5, lambda: setattr(cluster, "refuses_commits", True))))
    commit_all(consumer_stream(run.ssc))
    run.run(3.5)
    (warning,) = [each for each in run.warnings() if "could not be committed" in each]
    assert "no coordinator for group shop" in warning


def test_auto_commit_on_the_driver_commits_the_ends_of_batches_that_are_not_processed_yet(app, cluster):
    run = app(network=cluster.network())
    stream = consumer_stream(run.ssc, enable_auto_commit=True)
    stream.foreachRDD(lambda rdd: rdd.context._backend.clock.sleep(10_000))
    run.run(2.5)
    assert cluster.commits[-1] == (2, "shop", {P0: 3, P1: 2})


def test_two_streams_with_one_group_take_each_other_the_partitions(app, cluster):
    run = app(network=cluster.network())
    watch(consumer_stream(run.ssc))
    watch(consumer_stream(run.ssc))
    run.ssc.start()
    with pytest.raises(RuntimeError, match=r"no current assignment for orders/1: the group 'shop' has given"):
        run.run(1.5)
    (failed,) = run.of(JobGenerationFailed)
    assert "Two streams must not have the same group.id" in failed.message


def test_a_deleted_topic_ends_the_making_of_batches(app, cluster):
    run = app(network=cluster.network((1.5, lambda: cluster.delete(TOPIC))))
    seen = watch(consumer_stream(run.ssc))
    with pytest.raises(
        RuntimeError, match=r"no current assignment for orders/0, orders/1: .*or their topic was deleted"
    ):
        run.run(2.5)
    assert len(seen) == 1
    assert [event.batch_time_ms for event in run.of(JobGenerationFailed)] == [2000]


def test_when_the_context_stops_the_consumer_leaves_the_group(app, cluster):
    run = app(network=cluster.network())
    seen = watch(consumer_stream(run.ssc))
    run.run(1.5)
    run.ssc.stop(stopGraceFully=True)
    assert cluster.members == {"shop": []}
    assert len(seen) == 3
    assert not run.of(JobGenerationFailed)

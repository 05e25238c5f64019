"""The direct stream of Kafka 0.8, in PySpark's API: no consumer, no group, leaders asked and read."""

import pytest

from sparksim.streaming.kafka import Broker, KafkaMessageAndMetadata, KafkaUtils, OffsetRange, TopicAndPartition
from sparksim.trace.events import JobGenerationFailed, OffsetsSkipped, TaskStart
from tests.streaming.kafka.fake_kafka import FakeCluster
from tests.streaming.kafka.given import P0, P1, SIMPLE, TOPIC, bounds, simple_stream, watch

MAX_RATE = "spark.streaming.kafka.maxRatePerPartition"


@pytest.fixture
def cluster():
    """Two partitions with the records 0 to 4."""
    made = FakeCluster({TOPIC: 2})
    made.write(TOPIC, range(5))
    return made


def test_records_are_pairs_of_decoded_keys_and_values(app, cluster):
    run = app(network=cluster.network((1.5, lambda: cluster.write(TOPIC, ["ü"], key=b"k"))))
    found = []
    simple_stream(run.ssc).foreachRDD(lambda rdd: found.append(sorted(rdd.collect(), key=str)))
    run.run(2.5)
    assert found == [[(None, "0"), (None, "1"), (None, "2"), (None, "3"), (None, "4")], [("k", "ü")]]


def test_a_program_may_give_decoders(app, cluster):
    run = app(network=cluster.network())
    found = []
    stream = simple_stream(run.ssc, keyDecoder=lambda key: key is None, valueDecoder=int)
    stream.foreachRDD(lambda rdd: found.extend(rdd.collect()))
    run.run(1.5)
    assert sorted(found) == [(True, number) for number in range(5)]


def test_a_message_handler_sees_where_a_message_stood(app, cluster):
    run = app(network=cluster.network())

    def handler(message):
        assert isinstance(message, KafkaMessageAndMetadata)
        return message.topic, message.partition, message.offset, message.key, message.message

    found = []
    stream = simple_stream(run.ssc, messageHandler=handler, valueDecoder=int)
    stream.foreachRDD(lambda rdd: found.extend(rdd.collect()))
    run.run(1.5)
    assert sorted(found)[:2] == [(TOPIC, 0, 0, None, 0), (TOPIC, 0, 1, None, 2)]


@pytest.mark.parametrize(("reset", "first"), [("smallest", (0, 0)), ("largest", (3, 2)), ("earliest", (3, 2))])
def test_it_begins_where_the_reset_says_and_only_smallest_is_the_earliest(app, cluster, reset, first):
    run = app(network=cluster.network((0.5, lambda: cluster.write(TOPIC, "abc"))))
    seen = watch(simple_stream(run.ssc, settings={"auto.offset.reset": reset}))
    run.run(1.5)
    assert tuple(begin for begin, _ in seen[0][0]) == first


def test_given_offsets_win_over_the_reset(app, cluster):
    run = app(network=cluster.network())
    seen = watch(simple_stream(run.ssc, fromOffsets={TopicAndPartition(TOPIC, 0): 2, TopicAndPartition(TOPIC, 1): 1}))
    run.run(1.5)
    assert seen == [([(2, 3), (1, 2)], [["4"], ["3"]])]
    (skipped,) = run.of(OffsetsSkipped)
    assert skipped.origins == (("orders/0", 0, 1), ("orders/1", 0, 0))


def test_the_latest_is_what_it_was_when_the_stream_was_made(app, cluster):
    run = app(network=cluster.network())
    seen = watch(simple_stream(run.ssc, settings={"auto.offset.reset": "largest"}))
    cluster.write(TOPIC, "x")
    run.run(1.5)
    assert seen == [([(3, 3), (2, 3)], [[], ["x"]])]


def test_partitions_that_come_later_are_not_seen(app, cluster):
    def grow():
        cluster.make(TOPIC, 3)
        cluster.write(TOPIC, "xy")

    run = app(network=cluster.network((1.5, grow)))
    seen = watch(simple_stream(run.ssc))
    run.run(2.5)
    assert [len(ranges) for ranges, _ in seen] == [2, 2]


def test_the_rate_per_partition_is_limited(app, cluster):
    run = app(network=cluster.network(), settings={MAX_RATE: 2})
    seen = watch(simple_stream(run.ssc))
    run.run(3.5)
    assert [ranges for ranges, _ in seen] == [[(0, 2), (0, 2)], [(2, 3), (2, 2)], [(3, 3), (2, 2)]]


def test_the_first_rdd_knows_its_ranges_in_transform_too(app, cluster):
    run = app(network=cluster.network())
    taken = []

    def note(rdd):
        taken.append([(str(each.topicAndPartition()), each.untilOffset) for each in rdd.offsetRanges()])
        return rdd

    simple_stream(run.ssc).transform(note).map(len).foreachRDD(lambda rdd: taken.append(bounds(rdd)))
    with pytest.raises(AttributeError, match=r"no attribute 'offsetRanges': only an RDD of the direct stream itself"):
        run.run(1.5)
    assert taken == [[("orders/0", 3), ("orders/1", 2)]]


def test_tasks_prefer_the_leaders_host(app, cluster):
    cluster.leader = "host-2:9092"
    run = app("sim[3,2]", network=cluster.network())
    watch(simple_stream(run.ssc))
    run.run(1.5)
    assert {event.host for event in run.of(TaskStart)} == {"host-2"}


# --- asking again -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("retries", "back_at", "fails"), [(1, 2.15, False), (1, 2.3, True), (2, 2.3, False), (0, 2.15, True)]
)
def test_the_latest_offsets_are_asked_for_again_after_a_while(app, cluster, retries, back_at, fails):
    outage = [(1.9, lambda: setattr(cluster, "down", True)), (back_at, lambda: setattr(cluster, "down", False))]
    settings = {"spark.streaming.kafka.maxRetries": retries}
    run = app(network=cluster.network(*outage), settings=settings)
    seen = watch(simple_stream(run.ssc))
    run.ssc.start()
    run.clock.run_until(3500)
    assert [event.batch_time_ms for event in run.of(JobGenerationFailed)] == [2000] * fails
    assert len(seen) == (2 if fails else 3)


def test_how_long_it_waits_is_a_setting_of_kafka(app, cluster):
    outage = [(1.9, lambda: setattr(cluster, "down", True)), (2.5, lambda: setattr(cluster, "down", False))]
    run = app(network=cluster.network(*outage))
    watch(simple_stream(run.ssc, settings={"refresh.leader.backoff.ms": "600"}))
    run.run(3.5)
    assert any("the latest offsets cannot be had, and will be asked 1 times more" in each for each in run.warnings())


# --- logs that are not what they were ---------------------------------------------------------------------------------


def test_compaction_within_a_range_is_fine(app, cluster):
    del cluster.logs[P0].records[1]
    run = app(network=cluster.network())
    seen = watch(simple_stream(run.ssc))
    run.run(1.5)
    assert seen[0][1][0] == ["0", "4"]


@pytest.mark.parametrize(
    ("missing", "more", "complaint"),
    [
        ([2], 0, "ran out of messages of orders/0 at offset 2 before the end 3 of the range, .*may have been lost"),
        ([2, 3], 5, "got offset 4 of orders/0 behind the end 3 of the range, .*a message may have been skipped"),
    ],
)
def test_a_range_that_ends_elsewhere_than_it_should_fails(app, cluster, missing, more, complaint):
    cluster.write(TOPIC, range(more))
    for offset in missing:
        cluster.logs[P0].records.pop(offset, None)
    run = app(network=cluster.network(), settings={MAX_RATE: 3})
    watch(simple_stream(run.ssc, settings={"socket.timeout.ms": 50}))
    with pytest.raises(Exception, match=complaint):
        run.run(1.9)


def test_a_log_that_became_shorter_ends_the_making_of_batches(app, cluster):
    def make_anew():
        cluster.delete(TOPIC)
        cluster.make(TOPIC, 2)

    run = app(network=cluster.network((1.5, make_anew)))
    watch(simple_stream(run.ssc))
    with pytest.raises(
        ValueError, match="input stream 0 has -5 records for batch 2000 ms: a number of records must not"
    ):
        run.run(2.5)


def test_when_only_one_log_became_shorter_its_task_fails(app, cluster):
    def shorten():
        cluster.logs[P0].end = 1
        for _ in range(4):
            cluster.logs[P1].append(b"x")

    run = app(network=cluster.network((1.5, shorten)))
    watch(simple_stream(run.ssc))
    with pytest.raises(Exception, match=r"fromOffset=3, untilOffset=1\): the range ends before it begins"):
        run.run(2.5)


# --- an RDD without a stream ------------------------------------------------------------------------------------------


def test_a_batch_program_reads_ranges(app, cluster):
    run = app(network=cluster.network())
    ranges = [OffsetRange(TOPIC, 1, 0, 2), OffsetRange(TOPIC, 0, 1, 3), OffsetRange(TOPIC, 0, 1, 1)]
    rdd = KafkaUtils.createRDD(run.sc, SIMPLE, ranges)
    assert rdd.glom().collect() == [[(None, "1"), (None, "3")], [(None, "2"), (None, "4")], []]
    assert rdd.offsetRanges() == ranges
    assert rdd.count() == 4


def test_a_batch_program_may_name_the_leaders_and_a_handler(app, cluster):
    run = app("sim[3,2]", network=cluster.network())
    rdd = KafkaUtils.createRDD(
        run.sc,
        SIMPLE,
        [OffsetRange(TOPIC, 0, 0, 2)],
        {P0: Broker("host-3", 9092)},
        messageHandler=lambda message: (message.offset, message.message),
    )
    assert rdd.collect() == [(0, "0"), (1, "2")]
    assert [event.host for event in run.of(TaskStart)] == ["host-3"]

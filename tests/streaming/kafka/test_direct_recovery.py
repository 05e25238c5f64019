"""A direct stream of Kafka and a driver that dies: its checkpoint says where it goes on, whatever the group has stored.

Functions that are saved in checkpoints note what they see in this module.
"""

import pytest

from sparksim import SparkConf, SparkContext
from sparksim.cluster.world import World, living_in
from sparksim.core.errors import NotSerializable
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies
from sparksim.trace.events import OffsetsSkipped, StreamingRecovered
from tests.streaming.kafka.fake_kafka import FakeCluster
from tests.streaming.kafka.given import CONSUMER, P0, P1, TOPIC, bounds, consumer_stream, simple_stream, value_of

SEEN = []
"""(batch in seconds, ranges, values) in order of processing."""

TOLD = []
"""What callbacks of commits were told."""


def watch(time, rdd):
    SEEN.append((time.second, bounds(rdd), sorted(rdd.map(value_of).collect())))


def tell(offsets, error):
    TOLD.append((dict(offsets), error))


def reading(make):
    return lambda ssc: make(ssc).foreachRDD(watch)


@pytest.fixture
def cluster():
    SEEN.clear()
    TOLD.clear()
    made = FakeCluster({TOPIC: 2})
    made.write(TOPIC, "abcde")
    return made


@pytest.fixture
def live(cluster, tmp_path):
    """`live(program, 0, 2.5)`: a driver begins at second 0, from a checkpoint if there is one, and dies at 2.5."""
    contexts = []

    def one_life(program, start, end, *events, **settings):
        def create():
            ssc = StreamingContext(SparkContext.getOrCreate(), 1)
            program(ssc)
            return ssc

        world = World(network=cluster.network(*events), start_ms=start * 1000, attempt=len(contexts) + 1)
        with living_in(world):
            conf = SparkConf().setMaster("sim[2,2]").setAppName("test").setAll(list(settings.items()))
            sc = SparkContext(conf=conf)
            ssc = StreamingContext.getOrCreate(str(tmp_path), create)
        contexts.append(ssc)
        ssc.start()
        ssc.awaitTerminationOrTimeout(end - start)
        trace = sc._backend.trace
        for consumer in [each for members in cluster.members.values() for each in members]:
            consumer.abandon()
        ssc.abandon()
        sc.stop()
        return trace

    yield one_life
    for each in contexts:
        each.abandon()
    if SparkContext._active_spark_context is not None:
        SparkContext._active_spark_context.stop()


@pytest.mark.parametrize("make", [simple_stream, consumer_stream])
def test_batches_run_again_on_their_ranges_and_the_next_goes_on_behind_them(cluster, live, make):
    live(reading(make), 0, 2.5, (1.5, lambda: cluster.write(TOPIC, "fgh")))
    cluster.write(TOPIC, "ij")
    trace = live(reading(make), 3.5, 5.5)
    assert [event.batches for event in trace.of(StreamingRecovered)] == [(2000, 3000)]
    assert [
        (1, [(0, 3), (0, 2)], list("abcde")),
        (2, [(3, 4), (2, 4)], list("fgh")),
        (2, [(3, 4), (2, 4)], list("fgh")),
        (3, [(4, 5), (4, 5)], list("ij")),
        (4, [(5, 5), (5, 5)], []),
        (5, [(5, 5), (5, 5)], []),
    ] == SEEN
    assert not trace.of(OffsetsSkipped)


def test_what_the_group_has_stored_does_not_count_for_a_recovered_stream(cluster, live):
    live(reading(consumer_stream), 0, 1.5)
    cluster.stored["shop", "kafka"] = {P0: 0, P1: 0}
    cluster.write(TOPIC, "x")
    live(reading(consumer_stream), 1.6, 2.5)
    assert SEEN[-1] == (2, [(3, 3), (2, 3)], ["x"])


def test_nor_do_offsets_that_the_program_gave(cluster, live):
    def program(ssc):
        strategy = ConsumerStrategies.Subscribe([TOPIC], CONSUMER, {P0: 1})
        KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy).foreachRDD(watch)

    live(program, 0, 1.5)
    live(program, 1.6, 2.5)
    assert [ranges for time, ranges, _ in SEEN if time == 2] == [[(3, 3), (2, 2)]]


def test_a_partition_that_came_while_no_driver_was_there_is_picked_up(cluster, live):
    live(reading(consumer_stream), 0, 1.5)
    cluster.make(TOPIC, 3)
    cluster.write(TOPIC, "xy")
    live(reading(consumer_stream), 1.6, 2.5)
    assert SEEN[-1] == (2, [(3, 3), (2, 2), (0, 2)], ["x", "y"])


def test_a_batch_of_an_earlier_driver_is_read_without_kept_consumers(cluster, live):
    live(reading(consumer_stream), 0, 1.5)
    cluster.reads.clear()
    live(reading(consumer_stream), 1.6, 2.5, (1.7, lambda: cluster.write(TOPIC, "x")))
    assert sorted((offset, fresh) for _, offset, _, _, fresh in cluster.reads) == [(0, True), (0, True), (2, False)]


def commit_each(ssc):
    stream = consumer_stream(ssc)
    stream.foreachRDD(lambda rdd: stream.commitAsync(rdd.offsetRanges(), tell))


def test_commits_that_wait_for_the_next_batch_are_in_the_checkpoint(cluster, live):
    live(commit_each, 0, 1.5)
    assert cluster.commits == []
    live(commit_each, 2.5, 5.5)
    assert cluster.commits[0][1:] == ("shop", {P0: 3, P1: 2})
    assert TOLD[0] == ({P0: 3, P1: 2}, None)


def test_a_program_without_a_checkpoint_goes_on_where_the_group_has_committed(cluster, app):
    first = app(network=cluster.network())
    stream = consumer_stream(first.ssc)
    stream.foreachRDD(lambda rdd: stream.commitAsync(rdd.offsetRanges()))
    first.run(2.5)
    first.ssc.stop()
    cluster.write(TOPIC, "x")
    second = app(network=cluster.network())
    consumer_stream(second.ssc).foreachRDD(watch)
    second.run(1.5)
    assert SEEN == [(1, [(3, 3), (2, 3)], ["x"])]


def test_a_deserializer_that_cannot_be_saved_is_refused_at_the_start(cluster, live):
    unsaveable = (each for each in ())
    with pytest.raises(NotSerializable, match="cannot pickle 'generator' object"):
        live(reading(lambda ssc: consumer_stream(ssc, value_deserializer=lambda data: (data, unsaveable))), 0, 1.5)

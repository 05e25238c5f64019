"""What a program gives to the direct ways of `KafkaUtils`, and what it meets there: each error says what to do."""

import re

import pytest

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.kafka.errors import (
    BrokerNotAvailable,
    NoOffsetForPartition,
    OffsetOutOfRange,
    UnknownTopicOrPartition,
)
from sparksim.streaming.kafka import (
    Broker,
    ConsumerStrategies,
    ConsumerStrategy,
    KafkaUtils,
    LocationStrategies,
    OffsetRange,
    PerPartitionConfig,
)
from sparksim.trace.events import JobGenerationFailed, OutputOperationCompleted
from tests.streaming.kafka.fake_kafka import FakeCluster
from tests.streaming.kafka.given import CONSUMER, P0, P1, SIMPLE, TOPIC, consumer_stream, simple_stream, watch

ALL = [OffsetRange(TOPIC, 0, 0, 3)]


@pytest.fixture
def cluster():
    made = FakeCluster({TOPIC: 2})
    made.write(TOPIC, range(5))
    return made


@pytest.fixture
def run(app, cluster):
    return app(network=cluster.network())


def test_a_stream_belongs_to_a_streaming_context(run):
    with pytest.raises(IllegalArgumentError, match=r"ssc=.*give a StreamingContext"):
        KafkaUtils.createDirectStream(run.sc, [TOPIC], SIMPLE)
    with pytest.raises(IllegalArgumentError, match=r"sc=.*give a SparkContext"):
        KafkaUtils.createRDD(run.ssc, SIMPLE, ALL)


# --- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topics", "error", "complaint"),
    [
        (TOPIC, TypeError, "topics='orders': topics should be a list of names"),
        ([1], TypeError, "topics=[1]: topics should be a list of names"),
        ({TOPIC: 1}, TypeError, "topics should be a list of names, such as ['orders']"),
        ([], IllegalArgumentError, "topics=[]: give the name of a topic at least"),
    ],
)
def test_topics_are_a_list_of_names(run, topics, error, complaint):
    with pytest.raises(error, match=re.escape(complaint)):
        KafkaUtils.createDirectStream(run.ssc, topics, SIMPLE)
    with pytest.raises(error, match=re.escape(complaint)):
        ConsumerStrategies.Subscribe(topics, CONSUMER)


@pytest.mark.parametrize(
    ("offsets", "error", "complaint"),
    [
        ({(TOPIC, 0): 1}, TypeError, "('orders', 0) is a tuple, and should be a TopicPartition (or TopicAndPartition"),
        ({"orders": 1}, TypeError, "'orders' is a str, and should be a TopicPartition"),
        ({P0: "1"}, TypeError, "the offset of orders/0 should be an int, not '1'"),
        ({P0: True}, TypeError, "the offset of orders/0 should be an int, not True"),
        ({P0: -1}, IllegalArgumentError, "the offset -1 of orders/0 is below 0"),
        ([P0], TypeError, "should be a dict, such as {TopicPartition('orders', 0): 42}"),
    ],
)
def test_offsets_are_numbers_of_partitions(run, offsets, error, complaint):
    with pytest.raises(error, match="^fromOffsets=.*" + re.escape(complaint)):
        simple_stream(run.ssc, fromOffsets=offsets)
    with pytest.raises(error, match="^offsets=.*" + re.escape(complaint)):
        ConsumerStrategies.Subscribe([TOPIC], CONSUMER, offsets)


def test_offsets_of_other_topics_are_refused(run):
    with pytest.raises(IllegalStateError, match=r"topics=\['orders', 'bills'\] are not those of fromOffsets"):
        KafkaUtils.createDirectStream(run.ssc, [TOPIC, "bills"], SIMPLE, {P0: 0})


@pytest.mark.parametrize("settings", ["localhost:9092", None, [("a", "b")], {1: "b"}])
def test_settings_are_a_dict(run, settings):
    for call in (
        lambda: KafkaUtils.createDirectStream(run.ssc, [TOPIC], settings),
        lambda: KafkaUtils.createRDD(run.sc, settings, ALL),
        lambda: ConsumerStrategies.Assign([P0], settings),
    ):
        with pytest.raises(TypeError, match="kafkaParams should be a dict"):
            call()


def test_settings_name_a_broker(run):
    for call in (
        lambda: KafkaUtils.createDirectStream(run.ssc, [TOPIC], {}),
        lambda: KafkaUtils.createRDD(run.sc, {"group.id": "shop"}, ALL),
        lambda: ConsumerStrategies.SubscribePattern("a.*", {"group.id": "shop"}),
    ):
        with pytest.raises(IllegalArgumentError, match=r"name no broker: give 'bootstrap.servers'"):
            call()


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"keyDecoder": "utf8"}, "keyDecoder='utf8': keyDecoder should be a function of the bytes of a key, or None"),
        ({"valueDecoder": None}, "valueDecoder=None: valueDecoder should be a function"),
        ({"messageHandler": 1}, "messageHandler=1: messageHandler should be a function of a KafkaMessageAndMetadata"),
    ],
)
def test_decoders_and_handlers_are_functions(run, more, complaint):
    with pytest.raises(TypeError, match=re.escape(complaint)):
        simple_stream(run.ssc, **more)
    with pytest.raises(TypeError, match=re.escape(complaint)):
        KafkaUtils.createRDD(run.sc, SIMPLE, ALL, **more)


SUBSCRIBE = ConsumerStrategies.Subscribe([TOPIC], CONSUMER)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ((LocationStrategies.PreferConsistent, [TOPIC]), "consumerStrategy=['orders']: give one of ConsumerStrategies"),
        ((LocationStrategies.PreferBrokers, SUBSCRIBE, 5), "perPartitionConfig=5: give an instance of a subclass"),
    ],
)
def test_strategies_are_what_they_should_be(run, given, complaint):
    with pytest.raises(TypeError, match=re.escape(complaint)):
        KafkaUtils.createDirectStream(run.ssc, *given)


def test_a_location_strategy_by_name_has_to_be_one(run):
    with pytest.raises(TypeError, match="locationStrategy='near': give one of LocationStrategies"):
        KafkaUtils.createDirectStream(run.ssc, locationStrategy="near", consumerStrategy=SUBSCRIBE)


@pytest.mark.parametrize(
    ("hosts", "complaint"),
    [
        ([P0], "hostMap=.*give a dict"),
        ({"orders": "host-1"}, "'orders' is a str, and should be a TopicPartition"),
        ({P0: 1}, "1 is no name of a host"),
    ],
)
def test_fixed_hosts_are_those_of_partitions(hosts, complaint):
    with pytest.raises(TypeError, match=complaint):
        LocationStrategies.PreferFixed(hosts)


@pytest.mark.parametrize("pattern", ["(", None])
def test_a_pattern_is_a_regular_expression(pattern):
    with pytest.raises(IllegalArgumentError, match=re.escape(f"pattern={pattern!r}: give a regular expression")):
        ConsumerStrategies.SubscribePattern(pattern, CONSUMER)


@pytest.mark.parametrize("missing", ["key.deserializer", "value.deserializer"])
@pytest.mark.parametrize("given", [None, "JsonDeserializer", "org.apache.kafka.StringDeserializer", 5])
def test_deserializers_are_functions_or_known_by_name(run, missing, given):
    strategy = ConsumerStrategies.Subscribe([TOPIC], {**CONSUMER, missing: given})
    complaint = (
        f"kafkaParams[{missing!r}]={given!r}: give a function of bytes, or one of these names: StringDeserializer"
    )
    with pytest.raises(IllegalArgumentError, match=re.escape(complaint)):
        KafkaUtils.createDirectStream(run.ssc, LocationStrategies.PreferConsistent, strategy)


@pytest.mark.parametrize(
    ("ranges", "complaint"),
    [
        ([(TOPIC, 0, 0, 3)], "offsetRanges should be a list of OffsetRange"),
        (OffsetRange(TOPIC, 0, 0, 3), "offsetRanges should be a list of OffsetRange"),
        ("orders", "offsetRanges='orders'"),
    ],
)
def test_ranges_are_a_list_of_them(run, ranges, complaint):
    with pytest.raises(TypeError, match=complaint):
        KafkaUtils.createRDD(run.sc, SIMPLE, ranges)
    with pytest.raises(TypeError, match=complaint):
        consumer_stream(run.ssc).commitAsync(ranges)


def test_the_callback_of_a_commit_is_a_function(run):
    with pytest.raises(TypeError, match="callback=5: callback should be a function of offsets and an error"):
        consumer_stream(run.ssc).commitAsync([], 5)


@pytest.mark.parametrize(
    ("leaders", "error", "complaint"),
    [
        ({P1: Broker("a", 1)}, IllegalArgumentError, "no broker for orders/0. Give one for each partition"),
        ({"orders": Broker("a", 1)}, TypeError, "'orders' is a str, and should be a TopicPartition"),
        ({P0: "a:1"}, TypeError, "'a:1' should be a Broker"),
    ],
)
def test_leaders_are_brokers_of_all_partitions(run, leaders, error, complaint):
    with pytest.raises(error, match=complaint):
        KafkaUtils.createRDD(run.sc, SIMPLE, ALL, leaders)


def test_a_batch_program_has_no_consumer_that_could_look_up_brokers(run):
    with pytest.raises(IllegalArgumentError, match="locationStrategy=PreferBrokers: an RDD has no consumer"):
        KafkaUtils.createRDD(run.sc, CONSUMER, ALL, LocationStrategies.PreferBrokers)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"spark.streaming.kafka.consumer.poll.ms": "1s"}, "spark.streaming.kafka.consumer.poll.ms"),
        ({"spark.streaming.kafka.consumer.cache.enabled": "maybe"}, "spark.streaming.kafka.consumer.cache.enabled"),
        ({"spark.streaming.kafka.allowNonConsecutiveOffsets": "1"}, "allowNonConsecutiveOffsets"),
        ({"spark.streaming.kafka.maxRatePerPartition": "-1"}, "spark.streaming.kafka.maxRatePerPartition"),
    ],
)
def test_a_wrong_setting_of_spark_is_named(app, cluster, settings, name):
    run = app(network=cluster.network(), settings=settings)
    with pytest.raises(IllegalArgumentError, match=name):
        consumer_stream(run.ssc)


def test_a_wrong_setting_of_kafka_is_named(app, cluster):
    run = app(network=cluster.network())
    with pytest.raises(IllegalArgumentError, match=r"kafkaParams\['refresh.leader.backoff.ms'\]='soon': give a whole"):
        simple_stream(run.ssc, settings={"refresh.leader.backoff.ms": "soon"})
    with pytest.raises(IllegalArgumentError, match=r"kafkaParams\['receive.buffer.bytes'\]='big': give a whole number"):
        consumer_stream(run.ssc, receive_buffer_bytes="big")


class NoLimit(PerPartitionConfig):
    def maxRatePerPartition(self, topicPartition):
        return None


@pytest.mark.parametrize(
    ("rates", "complaint"),
    [
        (NoLimit(), "NoLimit.maxRatePerPartition answered None: let it answer records per second, or 0"),
        (PerPartitionConfig(), r"PerPartitionConfig must define maxRatePerPartition\(topicPartition\)"),
    ],
)
def test_a_limit_is_a_number(run, rates, complaint):
    watch(KafkaUtils.createDirectStream(run.ssc, LocationStrategies.PreferConsistent, SUBSCRIBE, rates))
    with pytest.raises(Exception, match=complaint):
        run.run(1.5)


def test_a_strategy_of_ones_own_says_what_to_subscribe_to(run):
    class Mine(ConsumerStrategy):
        def __init__(self):
            self.kafkaParams, self.offsets = CONSUMER, {}

    watch(KafkaUtils.createDirectStream(run.ssc, LocationStrategies.PreferConsistent, Mine()))
    with pytest.raises(NotImplementedError, match=r"Mine must define subscribe\(consumer\)"):
        run.run(1.5)


# --- clusters ---------------------------------------------------------------------------------------------------------


def test_an_unknown_topic_ends_a_program_of_0_8_where_it_asks(run):
    with pytest.raises(UnknownTopicOrPartition, match=r"has no topic 'bills', but 'orders'. Make the topic"):
        KafkaUtils.createDirectStream(run.ssc, ["bills"], SIMPLE)


def test_an_unknown_partition_is_met_when_a_batch_asks(run):
    watch(simple_stream(run.ssc, fromOffsets={P0._replace(partition=7): 0}))
    with pytest.raises(UnknownTopicOrPartition, match="there is no orders/7"):
        run.run(1.5)
    assert [event.batch_time_ms for event in run.of(JobGenerationFailed)] == [1000]


def test_a_dead_broker_ends_a_program_of_0_8_where_it_asks(run, cluster):
    cluster.down = True
    with pytest.raises(BrokerNotAvailable, match="nobody answers on localhost:9092"):
        simple_stream(run.ssc)


def test_a_dead_broker_ends_a_program_of_0_10_when_it_starts(run, cluster):
    watch(consumer_stream(run.ssc))
    cluster.down = True
    with pytest.raises(BrokerNotAvailable, match="nobody answers on localhost:9092"):
        run.run(1.5)


def test_without_offsets_and_without_a_reset_a_program_does_not_start(run):
    watch(consumer_stream(run.ssc, auto_offset_reset="none"))
    with pytest.raises(NoOffsetForPartition, match="group shop has no offset for orders/0"):
        run.run(1.5)


@pytest.mark.parametrize("make", [simple_stream, consumer_stream])
def test_offsets_in_the_future_make_no_batches(run, cluster, make):
    strategy = ConsumerStrategies.Assign([P0], CONSUMER, {P0: 9})
    stream = (
        KafkaUtils.createDirectStream(run.ssc, LocationStrategies.PreferConsistent, strategy)
        if make is consumer_stream
        else simple_stream(run.ssc, fromOffsets={P0: 9})
    )
    watch(stream)
    with pytest.raises(IllegalArgumentError, match=r"has -6 records for batch 1000 ms.*or is read from behind its end"):
        run.run(1.5)


@pytest.mark.parametrize("make", [simple_stream, consumer_stream])
def test_offsets_that_are_deleted_fail_the_batch(run, cluster, make):
    cluster.logs[P0].delete_before(2)
    strategy = ConsumerStrategies.Assign([P0], CONSUMER, {P0: 0})
    stream = (
        KafkaUtils.createDirectStream(run.ssc, LocationStrategies.PreferConsistent, strategy)
        if make is consumer_stream
        else simple_stream(run.ssc, fromOffsets={P0: 0})
    )
    watch(stream)
    with pytest.raises(Exception, match="OffsetOutOfRange: offset 0 of orders/0: the log holds 2 to 3"):
        run.run(1.5)
    (ended,) = run.of(OutputOperationCompleted)
    assert "OffsetOutOfRange" in ended.failure


@pytest.mark.parametrize("ranges", [[OffsetRange(TOPIC, 0, 0, 4)], [OffsetRange(TOPIC, 0, -1, 2)]])
def test_ranges_that_the_log_does_not_hold_are_refused_in_0_8_and_fail_in_0_10(run, ranges):
    with pytest.raises(OffsetOutOfRange, match=r"offsets not available on the leader. The logs hold orders/0: 0 to 3"):
        KafkaUtils.createRDD(run.sc, SIMPLE, ranges)
    rdd = KafkaUtils.createRDD(
        run.sc,
        {**CONSUMER, "bootstrap.servers": "localhost:9092"},
        ranges,
        LocationStrategies.PreferConsistent,
    )
    with pytest.raises(Exception, match=r"OffsetOutOfRange|failed to get records of orders/0 at offset 3"):
        rdd.collect()

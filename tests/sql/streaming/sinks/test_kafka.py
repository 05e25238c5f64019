"""Rows become records: which part of a row is what, when a task is done, and what is there twice after trouble."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sparksim.cluster.faults import BrokerCrash, DriverCrash, ExecutorCrash
from sparksim.core.errors import IllegalArgumentError, SparkJobError
from sparksim.sim import Cluster, KafkaCluster, QuerySimulation, Run, Topic
from sparksim.sim.kafka.partitioner import keyed
from sparksim.sql.streaming.sources.memory import MemoryStream
from sparksim.sql.utils import AnalysisException
from sparksim.trace.events import ProduceEnded, ProducerStarted, RecordsAppended, RecordsProduced
from tests.sql.streaming.kafka_stage import ADDRESS, SERVERS, KafkaStage, cluster, letters

HEADERS = "array<struct<key:string,value:binary>>"


def written(stage: KafkaStage, topic: str = "orders") -> list[list[tuple[Any, Any]]]:
    """Key and value of what each partition of a topic holds."""
    kafka = stage.sc._backend.network.kafka(ADDRESS)
    partitions = [info.partition for info in kafka.topics()[topic]]
    found = []
    for partition, end in kafka.latest_offsets(partitions).items():
        reader = kafka.read(partition, 0, {}, 0)
        records = [next(reader) for _ in range(end)]
        found.append([(record.key, record.value) for record in records])
    return found


def write(stage: KafkaStage, schema: str, *rows: tuple[Any, ...], mode: str = "append", **options: str) -> None:
    frame = stage.spark.createDataFrame(list(rows), schema)
    frame.write.format("kafka").mode(mode).options(**{SERVERS: ADDRESS, **options}).save()


# --- rows and records -------------------------------------------------------------------------------------------------


def test_key_and_value_are_texts_or_bytes() -> None:
    with KafkaStage(cluster()) as stage:
        write(stage, "key string, value binary", ("k", b"one"), (None, None), topic="orders")
        write(stage, "value string, key binary", ("two", b"k"), topic="orders")
        assert written(stage) == [[(b"k", b"one"), (None, None), (b"k", b"two")]]


def test_the_option_wins_over_the_column() -> None:
    with KafkaStage(cluster(more=[Topic("returns")])) as stage:
        rows = ("orders", "a"), ("returns", "b")
        write(stage, "topic string, value string", *rows)
        write(stage, "topic string, value string", *rows, topic="returns")
        assert written(stage) == [[(None, b"a")]]
        assert [value for _, value in written(stage, "returns")[0]] == [b"b", b"a", b"b"]


def test_a_key_or_a_number_says_which_partition() -> None:
    with KafkaStage(cluster(partitions=3)) as stage:
        write(stage, "key string, value string", *((each, each) for each in "abcdef"), topic="orders")
        by_key = [[each.encode() for each in "abcdef" if keyed(each.encode(), 3) == number] for number in range(3)]
        assert [[key for key, _ in records] for records in written(stage)] == by_key
        write(stage, "partition int, value string, key string", (2, "x", "a"), topic="orders")
        assert written(stage)[2][-1] == (b"a", b"x")


def test_headers_come_back_as_they_were_written() -> None:
    pairs = [("trace", b"7"), ("trace", b"8")]
    with KafkaStage(cluster()) as stage:
        write(stage, f"value string, headers {HEADERS}", ("a", pairs), ("b", None), topic="orders")
        rows = stage.rows(stage.source(includeHeaders=True), None, {"orders": {"0": 2}}, "value", "headers")
        assert [(value, headers and [tuple(each) for each in headers]) for value, headers in rows] == [
            (b"a", pairs),
            (b"b", None),
        ]


def test_other_columns_are_left_out() -> None:
    with KafkaStage(cluster()) as stage:
        write(stage, "price double, value string", (1.5, "a"), topic="orders")
        assert written(stage) == [[(None, b"a")]]


@pytest.mark.parametrize(
    ("schema", "options", "problem"),
    [
        ("value string", {}, "topic option required when no 'topic' attribute is present"),
        ("topic string, key string", {}, "Required attribute 'value' not found"),
        ("topic int, value string", {}, "topic attribute type must be a string, not int: cast it"),
        ("topic string, value int", {}, "value attribute type must be a string or binary, not int"),
        ("key double, value string", {"topic": "t"}, "key attribute type must be a string or binary, not double"),
        ("partition bigint, value string", {"topic": "t"}, "partition attribute type must be a int, not bigint"),
        ("headers string, value string", {"topic": "t"}, "headers attribute type must be a array<struct<key:string,"),
        ("headers array<string>, value string", {"topic": "t"}, "headers attribute type .* not array<string>"),
    ],
)
def test_columns_that_do_not_fit_are_refused_before_anything_runs(
    schema: str, options: dict[str, str], problem: str
) -> None:
    with KafkaStage(cluster()) as stage, pytest.raises(AnalysisException, match=problem):
        write(stage, schema, **options)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({SERVERS: ""}, "Option 'kafka.bootstrap.servers' must be specified for configuring Kafka producer"),
        ({"kafka.key.serializer": "x"}, "'kafka.key.serializer' is not supported: keys are texts or bytes"),
        ({"kafka.value.serializer": "x"}, "'kafka.value.serializer' is not supported: values are texts or bytes"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options: dict[str, str], problem: str) -> None:
    with KafkaStage(cluster()) as stage, pytest.raises(IllegalArgumentError, match=problem):
        write(stage, "value string", topic="orders", **options)


@pytest.mark.parametrize("mode", ["overwrite", "ignore"])
def test_a_topic_can_only_be_added_to(mode: str) -> None:
    with (
        KafkaStage(cluster()) as stage,
        pytest.raises(AnalysisException, match=f"Save mode {mode} not allowed for Kaf"),
    ):
        write(stage, "value string", ("a",), mode=mode, topic="orders")


def test_a_topic_has_no_folders() -> None:
    with KafkaStage(cluster()) as stage:
        writer = stage.spark.createDataFrame([("a",)], "value string").write.format("kafka").partitionBy("value")
        with pytest.raises(AnalysisException, match="'kafka' does not support partitioning"):
            writer.options(**{SERVERS: ADDRESS, "topic": "orders"}).save()


def test_a_row_without_a_topic_fails_its_task() -> None:
    with KafkaStage(cluster()) as stage, pytest.raises(SparkJobError, match="null topic present in the data"):
        write(stage, "topic string, value string", (None, "a"))


def test_a_topic_that_there_is_not_fails_its_task_in_the_end() -> None:
    problem = "the cluster has no topic 'retruns', not even after 2 s"
    with KafkaStage(cluster()) as stage, pytest.raises(SparkJobError, match=problem):
        write(stage, "value string", ("a",), topic="retruns", **{"kafka.max.block.ms": "2000"})


def test_a_partition_that_there_is_not_fails_its_task() -> None:
    with KafkaStage(cluster()) as stage, pytest.raises(SparkJobError, match="'orders' has no partition 3: it has 1"):
        write(stage, "partition int, value string", (3, "a"), topic="orders")


# --- when it is written -----------------------------------------------------------------------------------------------


def test_records_are_on_their_way_while_the_task_goes_on_and_there_when_it_ends() -> None:
    with KafkaStage(cluster(request_ms=40)) as stage:
        write(stage, "value string", *((each,) for each in "abcd"), topic="orders")
        given, ended = stage.of(RecordsProduced), stage.of(ProduceEnded)
        assert len(given) == 4
        assert max(event.time_ms for event in given) - min(event.time_ms for event in given) < 40
        assert max(event.time_ms for event in ended) <= stage.sc._backend.clock.now_ms
        assert sorted(value for _, value in written(stage)[0]) == [b"a", b"b", b"c", b"d"]


def test_the_settings_of_a_producer_are_kafkas() -> None:
    with KafkaStage(cluster()) as stage:
        write(stage, "value string", ("a",), topic="orders")
        write(stage, "value string", ("a",), topic="orders", **{"kafka.acks": "1", "kafka.retries": "3"})
        told = [dict(event.settings) for event in stage.of(ProducerStarted)]
        assert {"acks": "all", "enable.idempotence": "true"}.items() <= told[0].items()
        assert {"acks": "1", "enable.idempotence": "false", "retries": "3"}.items() <= told[-1].items()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"kafka.acks": "2"}, "acks='2': use 0, 1 or all"),
        ({"kafka.acks": "1", "kafka.enable.idempotence": "true"}, "enable.idempotence=true: it needs acks=all"),
        ({"kafka.linger.ms": "soon"}, "linger.ms='soon': give a number, 0 or more"),
    ],
)
def test_settings_that_make_no_sense_fail_the_write(settings: dict[str, str], problem: str) -> None:
    with KafkaStage(cluster()) as stage, pytest.raises(SparkJobError, match=problem):
        write(stage, "value string", ("a",), topic="orders", **settings)


def test_a_broker_that_comes_back_gets_the_records_and_none_twice() -> None:
    with KafkaStage(cluster(brokers=1)) as stage:
        backend = stage.sc._backend
        backend.clock.call(backend.network.server(ADDRESS).crash, 0, "crash", 2000)
        write(stage, "value string", ("a",), ("b",), topic="orders")
        assert sorted(value for _, value in written(stage)[0]) == [b"a", b"b"]
        backend.clock.call(backend.network.server(ADDRESS).crash, 0, "crash", None)
        with pytest.raises(SparkJobError, match="none of the brokers localhost:9092 answers"):
            write(stage, "value string", ("a",), topic="orders", **{"kafka.max.block.ms": "500"})


# --- whole queries ----------------------------------------------------------------------------------------------------

COUNT = 40


FAR = "far:9092"
"""Another cluster."""


def copy(spark: Any, to: str = ADDRESS) -> None:
    """From one topic to another."""
    source = spark.readStream.format("kafka").option(SERVERS, ADDRESS).option("subscribe", "orders")
    rows = (
        source.option("startingOffsets", "earliest")
        .load()
        .selectExpr("offset", "value", "cast(offset as string) as key")
    )
    writer = rows.writeStream.format("kafka").option(SERVERS, to).option("topic", "copies")
    writer.option("checkpointLocation", "sim://checkpoint").start().awaitTermination()


def simulated(*faults: Any, until: float = 12) -> Run:
    kafka = KafkaCluster(
        [Topic("orders", replicas=3), Topic("copies", partitions=2, replicas=3)],
        [letters("x" * COUNT, every=0.1, since=0.5, acks="all", idempotent=True, name="outside")],
    )
    return QuerySimulation(copy, network={ADDRESS: kafka}, cluster=Cluster(2, 2), faults=faults).run(until)


def copies(run: Run) -> int:
    return sum(len(event.numbers) for event in run.trace.of(RecordsAppended) if event.log.startswith("copies"))


def test_every_row_is_written_once_when_nothing_breaks() -> None:
    run = simulated()
    assert copies(run) == COUNT
    produced = Counter[str]()
    for event in run.trace.of(RecordsProduced):
        produced["outside" if event.producer == "outside" else "tasks"] += event.count
    assert produced == {"outside": COUNT, "tasks": COUNT}


@pytest.mark.parametrize("at", [1.0, 1.5, 2.08])
@pytest.mark.parametrize("fault", [DriverCrash, lambda at, restart_after: ExecutorCrash("1", at, restart_after)])
def test_every_row_is_written_at_least_once_when_a_process_dies(fault: Any, at: float) -> None:
    assert copies(simulated(fault(at, restart_after=1))) >= COUNT


def test_a_broker_that_dies_makes_no_copies_twice() -> None:
    assert copies(simulated(BrokerCrash("leader of copies/0", at=1.5, restart_after=2), until=40)) == COUNT


def copy_far(spark: Any) -> None:
    """From one cluster to another."""
    copy(spark, FAR)


def test_what_a_dead_process_had_not_sent_yet_is_never_sent() -> None:
    near = KafkaCluster([Topic("orders")], [letters("x" * COUNT, every=0.1, since=0.5, name="outside")])
    network = {ADDRESS: near, FAR: KafkaCluster([Topic("copies", partitions=2)], brokers=2)}
    faults = [BrokerCrash(1, at=2, restart_after=4, cluster=FAR), DriverCrash(at=3, restart_after=1)]
    run = QuerySimulation(copy_far, network=network, cluster=Cluster(2, 2), faults=faults).run(20)
    given_up = [event for event in run.trace.of(ProduceEnded) if "given up: the task" in event.error]
    assert [(event.producer, event.time_ms) for event in given_up] == [("spark-producer-17", 3000)]
    assert copies(run) == COUNT


def test_a_batch_that_runs_again_writes_its_rows_again() -> None:
    runs = [simulated(DriverCrash(at=1 + number / 50, restart_after=1)) for number in range(5)]
    assert max(copies(run) for run in runs) > COUNT
    assert list(runs[0].trace) == list(simulated(DriverCrash(at=1, restart_after=1)).trace)


def test_a_stream_needs_a_checkpoint_before_it_starts() -> None:
    with KafkaStage(cluster()) as stage:
        writer = stage.frame().writeStream.format("kafka").option(SERVERS, ADDRESS).option("topic", "orders")
        with pytest.raises(AnalysisException, match="checkpointLocation must be specified"):
            writer.start()


@pytest.mark.parametrize(("mode", "records"), [("update", ["a2", "b1", "b2"]), ("complete", ["a2", "b1", "a2", "b2"])])
def test_counts_are_written_as_the_output_mode_says(tmp_path: Path, mode: str, records: list[str]) -> None:
    with KafkaStage(cluster()) as stage:
        stage.spark.conf.set("spark.sql.shuffle.partitions", "2")
        words = MemoryStream(stage.spark, "word string")
        counts = words.toDF().groupBy("word").count().selectExpr("word as key", "cast(count as string) as value")
        writer = counts.writeStream.outputMode(mode).format("kafka").option(SERVERS, ADDRESS).option("topic", "orders")
        query = writer.option("checkpointLocation", f"{tmp_path}/checkpoint").start()
        for added in (["a", "b", "a"], ["b"]):
            words.addData(added)
            query.processAllAvailable()
        assert query.lastProgress is not None
        assert query.lastProgress["sink"]["description"] == "KafkaSink"
        query.stop()
        assert sorted((key + value).decode() for key, value in written(stage)[0]) == sorted(records)

"""Topics as a stream of rows, asked as a query asks for them, in virtual time; and queries whose driver dies."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sparksim.cluster.faults import BrokerCrash, DriverCrash
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, SparkJobError, UnsupportedOperation
from sparksim.kafka.errors import BrokerNotAvailable, UnknownTopicOrPartition
from sparksim.kafka.records import TopicPartition
from sparksim.sim import Cluster, KafkaCluster, QuerySimulation, Run, Topic, sink
from sparksim.sim.kafka import AddPartitions, CreateTopic, DeleteRecords, DeleteTopic
from sparksim.sql.streaming.sources.kafka import initial_file
from sparksim.sql.streaming.sources.kafka_offsets import limited, offsets_json, offsets_of_json
from sparksim.trace.events import OffsetsSkipped, RecordsLost, Warned
from sparksim.trace.query_events import QueryBatchCommitted, QueryBatchPlanned, QueryRowsRead
from tests.sql.streaming.kafka_stage import ADDRESS, SERVERS, KafkaStage, cluster, letters

EPOCH = dt.datetime(1970, 1, 1)
WHERE = {SERVERS: ADDRESS, "subscribe": "orders"}


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"subscribe": "orders"}, "Option 'kafka.bootstrap.servers' must be specified for configuring Kafka consumer"),
        (
            {SERVERS: ADDRESS},
            "exactly one of the options subscribe, subscribePattern and assign must be specified, and",
        ),
        ({**WHERE, "assign": "{}"}, "must be specified, not subscribe and assign"),
        ({**WHERE, "subscribe": " , "}, "subscribe=',': give a topic at least; several as 'orders,returns'"),
        ({SERVERS: ADDRESS, "subscribePattern": "("}, r"subscribePattern='\(': give a regular expression"),
        ({SERVERS: ADDRESS, "assign": "orders"}, "assign='orders': give a JSON text such as"),
        (
            {SERVERS: ADDRESS, "assign": '{"orders":{"0":1}}'},
            r"""assign=.*: give a JSON text such as {"orders":\[0,1\]}""",
        ),
        (
            {**WHERE, "startingOffsets": "erliest"},
            "startingOffsets='erliest': give a JSON text such as .* or earliest, or",
        ),
        ({**WHERE, "startingOffsets": '{"orders":{"0":-3}}'}, "startingOffsets=.*-3.*: give a JSON text"),
        ({**WHERE, "endingOffsets": "latest"}, "endingOffsets: a stream has no end"),
        ({**WHERE, "maxOffsetsPerTrigger": "0"}, "maxOffsetsPerTrigger='0': kafka needs a whole number, 1 or more"),
        ({**WHERE, "failOnDataLoss": "no"}, "failOnDataLoss='no': give true or false"),
        (
            {**WHERE, "kafka.auto.offset.reset": "latest"},
            "'kafka.auto.offset.reset' is not supported: use startingOffsets",
        ),
        (
            {**WHERE, "kafka.enable.auto.commit": "true"},
            "'kafka.enable.auto.commit' is not supported: nothing is commit",
        ),
        ({**WHERE, "kafka.key.deserializer": "x"}, "'kafka.key.deserializer' is not supported: keys are bytes"),
        ({**WHERE, "kafka.value.deserializer": "x"}, "'kafka.value.deserializer' is not supported: values are bytes"),
        ({**WHERE, "kafka.interceptor.classes": "x"}, "'kafka.interceptor.classes' is not supported"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_loaded(spark: Any, options: dict[str, str], problem: str) -> None:
    with pytest.raises(IllegalArgumentError, match=problem):
        spark.readStream.format("kafka").options(**options).load()


def test_a_schema_and_options_of_later_versions_are_refused(spark: Any) -> None:
    with pytest.raises(UnsupportedOperation, match="kafka does not support a user-specified schema"):
        spark.readStream.format("kafka").schema("value string").options(**WHERE).load()
    with pytest.raises(UnsupportedOperation, match="minpartitions='4': sparksim reads Kafka by offsets"):
        spark.readStream.format("kafka").options(**WHERE, minPartitions=4).load()


def test_a_group_is_refused_by_spark_2_3_alone(spark: Any) -> None:
    reader = spark.readStream.format("kafka").options(**WHERE).option("kafka.group.id", "mine")
    assert reader.load().isStreaming
    spark.conf.set("spark.sparksim.sql.rules", "2.3")
    with pytest.raises(IllegalArgumentError, match=r"'kafka.group.id' is not supported: Spark 2.3"):
        reader.load()


def test_names_of_options_have_any_case_of_letters(spark: Any) -> None:
    options = {"KAFKA.bootstrap.SERVERS": ADDRESS, "SUBSCRIBE": "orders", "includeheaders": "TRUE"}
    assert spark.readStream.format("Kafka").options(**options).load().dtypes == [
        ("key", "binary"),
        ("value", "binary"),
        ("topic", "string"),
        ("partition", "int"),
        ("offset", "bigint"),
        ("timestamp", "timestamp"),
        ("timestampType", "int"),
        ("headers", "array<struct<key:string,value:binary>>"),
    ]


# --- arithmetic of offsets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "backlogs", "taken"),
    [
        (10, [100], [10]),
        (10, [5], [5]),
        (10, [60, 40], [6, 4]),
        (10, [99, 1], [9, 1]),
        (2, [1, 1, 1, 1], [1, 1, 1, 1]),
        (10, [100, 0], [10, 0]),
        (7, [50, 50], [3, 3]),
        (10, [0, 0], [0, 0]),
        (10, [30, -5], [10, -5]),
    ],
)
def test_a_limit_is_shared_out_by_how_much_waits(limit: int, backlogs: list[int], taken: list[int]) -> None:
    partitions = [TopicPartition("t", number) for number in range(len(backlogs))]
    begin = dict.fromkeys(partitions, 1000)
    end = {each: 1000 + backlog for each, backlog in zip(partitions, backlogs, strict=True)}
    assert [until - 1000 for until in limited(limit, begin, end).values()] == taken


def test_offsets_are_json_in_the_order_of_topics_and_numbers() -> None:
    offsets = {TopicPartition(topic, number): number for topic in "ba" for number in (10, 9, 0)}
    assert str(offsets_json(offsets)) == "{'a': {'0': 0, '9': 9, '10': 10}, 'b': {'0': 0, '9': 9, '10': 10}}"
    assert offsets_of_json(offsets_json(offsets)) == offsets


# --- rows -------------------------------------------------------------------------------------------------------------


def test_a_batch_reads_what_lies_between_two_offsets() -> None:
    with KafkaStage(cluster("abcdef", 2)).until(1) as stage:
        source = stage.source()
        assert source.description == "KafkaV2[Subscribe[orders]]"
        assert source.latest_offset(None) == {"orders": {"0": 3, "1": 3}}
        assert stage.rows(source, None, {"orders": {"0": 3, "1": 3}}) == ["ace", "bdf"]
        assert stage.rows(source, {"orders": {"0": 1, "1": 3}}, {"orders": {"0": 2, "1": 3}}) == ["c"]
        assert source.batch({"orders": {"0": 3, "1": 3}}, {"orders": {"0": 3, "1": 3}}).getNumPartitions() == 0


def test_a_row_says_all_of_its_record() -> None:
    producer = letters("a", key=lambda letter: letter.upper())
    with KafkaStage(cluster(producers=[producer])).until(1) as stage:
        columns = "key", "value", "topic", "partition", "offset", "timestamp", "timestampType"
        [row] = stage.rows(stage.source(), None, {"orders": {"0": 1}}, *columns)
        assert row == (b"A", b"a", "orders", 0, 0, EPOCH + dt.timedelta(milliseconds=100), 0)
        assert stage.rows(stage.source(includeHeaders=True), None, {"orders": {"0": 1}}, "headers") == [(None,)]


def test_rows_are_paid_for_one_by_one() -> None:
    with KafkaStage(cluster("a" * 500)).until(1) as stage:
        source, clock = stage.source(), stage.sc._backend.clock
        source.latest_offset(None)
        took = []
        for count in (100, 500):
            began_ms = clock.now_ms
            source.batch(None, {"orders": {"0": count}}).count()
            took.append(clock.now_ms - began_ms)
        assert took[1] - took[0] == pytest.approx(400 * stage.sc._backend.prices.model.record_ms)


def test_several_topics_a_pattern_and_partitions_by_number() -> None:
    topics = [Topic("orders-eu"), Topic("returns"), Topic("my-orders")]
    producers = [letters("ab"), letters("cd", "orders-eu"), letters("ef", "returns"), letters("gh", "my-orders")]
    with KafkaStage(cluster(partitions=2, more=topics, producers=producers)).until(1) as stage:
        several = stage.source(subscribe="returns, orders")
        assert several.latest_offset(None) == {"orders": {"0": 1, "1": 1}, "returns": {"0": 2}}
        assert several.description == "KafkaV2[Subscribe[orders, returns]]"
        pattern = stage.source(subscribePattern="orders.*")
        assert pattern.latest_offset(None) == {"orders": {"0": 1, "1": 1}, "orders-eu": {"0": 2}}
        assert pattern.description == "KafkaV2[SubscribePattern[orders.*]]"
        one = stage.source(assign='{"orders":[1]}')
        assert one.latest_offset(None) == {"orders": {"1": 1}}
        assert one.description == "KafkaV2[Assign[orders-1]]"


# --- where a query begins ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starting", "begins"),
    [
        ("earliest", {"0": 0, "1": 0}),
        ("latest", {"0": 3, "1": 3}),
        ('{"orders":{"0":2,"1":-1}}', {"0": 2, "1": 3}),
        ('{"orders":{"0":-2,"1":1}}', {"0": 0, "1": 1}),
    ],
)
def test_a_query_begins_where_it_was_told_and_remembers_it(tmp_path: Path, starting: str, begins: Any) -> None:
    with KafkaStage(cluster("abcdef", 2), tmp_path).until(1) as stage:
        source = stage.source(startingOffsets=starting)
        end = source.latest_offset(None)
        assert end == {"orders": {"0": 3, "1": 3}}
        written = (tmp_path / "sources" / "0" / "0").read_bytes()
        assert written == f'\0v1\n{{"orders":{{"0":{begins["0"]},"1":{begins["1"]}}}}}'.encode()
        again = stage.source(startingOffsets="latest")
        assert stage.rows(again, None, end) == stage.rows(source, None, end)
        skipped = [origin for event in stage.of(OffsetsSkipped) for origin in event.origins]
        assert skipped == [(f"orders/{number}", 0, first - 1) for number, first in begins.items() if first]


def test_a_stream_begins_at_the_latest_by_default() -> None:
    with KafkaStage(cluster("abc")).until(1) as stage:
        source = stage.source(startingOffsets="")
        assert source.batch(None, source.latest_offset(None)).getNumPartitions() == 0


def test_starting_offsets_must_list_all_partitions() -> None:
    with KafkaStage(cluster("ab", 2)).until(1) as stage:
        source = stage.source(startingOffsets='{"orders":{"0":1}}')
        with pytest.raises(IllegalArgumentError, match="It lists orders/0; there are orders/0, orders/1"):
            source.latest_offset(None)


def test_a_damaged_file_of_initial_offsets_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "sources" / "0"
    folder.mkdir(parents=True)
    (folder / "0").write_bytes(b"\0v2\n{}")
    problem = r"sources/0/0 should have the offsets .* its version is 'v2'"
    with KafkaStage(cluster("ab"), tmp_path) as stage, pytest.raises(IllegalStateError, match=problem):
        stage.source().latest_offset(None)


def test_initial_offsets_are_written_as_spark_writes_them() -> None:
    assert initial_file({TopicPartition("t", 1): 5, TopicPartition("t", 0): 23}) == b'\0v1\n{"t":{"0":23,"1":5}}'


# --- how far a batch goes ---------------------------------------------------------------------------------------------


def test_a_limit_holds_until_a_query_is_told_to_take_everything() -> None:
    with KafkaStage(cluster("abcdef", 2)).until(1) as stage:
        source = stage.source(maxOffsetsPerTrigger=2)
        first = source.latest_offset(None)
        assert first == {"orders": {"0": 1, "1": 1}}
        assert source.latest_offset(first) == {"orders": {"0": 2, "1": 2}}
        source.without_limits()
        assert source.latest_offset(first) == {"orders": {"0": 3, "1": 3}}


def test_a_frozen_source_reads_in_bites_what_was_there() -> None:
    with KafkaStage(cluster(producers=[letters("abcdef", every=0.2)])).until(0.75) as stage:
        source = stage.source(maxOffsetsPerTrigger=2)
        source.freeze()
        stage.until(5)
        ends = [source.latest_offset(None)]
        while source.latest_offset(ends[-1]) != ends[-1]:
            ends.append(source.latest_offset(ends[-1]))
        assert ends == [{"orders": {"0": 2}}, {"orders": {"0": 4}}]


def test_a_new_partition_is_read_from_its_beginning() -> None:
    producer = letters("abcdef", every=1, since=1)
    with KafkaStage(cluster(producers=[producer], changes=[AddPartitions("orders", 2, at=3.5)])) as stage:
        source = stage.source(startingOffsets="latest", maxOffsetsPerTrigger=10)
        before = source.latest_offset(None)
        assert before == {"orders": {"0": 0}}
        end = stage.until(10).source().latest_offset(before)
        assert end == {"orders": {"0": 4, "1": 2}}
        assert source.latest_offset(before) == end
        assert stage.rows(source, before, end) == ["abce", "df"]


def test_a_topic_that_a_pattern_finds_later_is_read_from_its_beginning() -> None:
    changes, late = [CreateTopic(Topic("orders-eu"), at=2)], letters("xy", "orders-eu", since=3)
    with KafkaStage(cluster(producers=[letters("ab"), late], changes=changes)).until(1) as stage:
        source = stage.source(subscribePattern="orders.*", startingOffsets="latest")
        before = source.latest_offset(None)
        after = stage.until(4).source() and source.latest_offset(before)
        assert stage.rows(source, before, after) == ["xy"]


def test_nothing_can_be_read_while_no_topic_matches() -> None:
    with KafkaStage(cluster("ab")).until(1) as stage:
        assert stage.source(subscribePattern="returns.*").latest_offset(None) is None


def test_a_topic_must_be_there_when_a_query_begins() -> None:
    with KafkaStage(cluster("ab")).until(1) as stage:
        source = stage.source(subscribe="orders,retruns")
        with pytest.raises(
            UnknownTopicOrPartition, match=r"has no retruns, but orders. Make the topic before the query"
        ):
            source.latest_offset(None)


def test_offsets_are_asked_for_three_times() -> None:
    with KafkaStage(cluster()) as stage:
        source = stage.source(**{"fetchOffset.retryIntervalMs": 500, "kafka.default.api.timeout.ms": 300})
        backend = stage.sc._backend
        server = backend.network.server(ADDRESS)
        backend.clock.call(server.go_down, 1500)
        assert source.latest_offset(None) == {"orders": {"0": 0}}
        asked = [event.message.partition(" failed")[0] for event in stage.of(Warned)]
        assert asked == [f"attempt {number} of 3 to ask Kafka for offsets" for number in (1, 2)]
        backend.clock.call(server.go_down)
        with pytest.raises(BrokerNotAvailable):
            source.latest_offset(None)


# --- what is not there any more ---------------------------------------------------------------------------------------

AGED = {"changes": [DeleteRecords("orders", 0, at=2, before=3)]}


def test_records_that_aged_out_fail_the_query() -> None:
    problem = r'offsets 0 to 2 of orders/0: .*set the source option "failOnDataLoss"'
    with KafkaStage(cluster("abcdef", **AGED)).until(3) as stage, pytest.raises(SparkJobError, match=problem):
        stage.rows(stage.source(startingOffsets="latest"), {"orders": {"0": 0}}, {"orders": {"0": 6}})


def test_records_that_aged_out_are_left_out_and_put_on_record() -> None:
    with KafkaStage(cluster("abcdef", **AGED)).until(3) as stage:
        source = stage.source(failOnDataLoss=False)
        for _ in "twice":
            assert stage.rows(source, {"orders": {"0": 0}}, {"orders": {"0": 5}}) == ["de"]
        assert stage.rows(source, {"orders": {"0": 1}}, {"orders": {"0": 2}}) == []
        assert [(event.origins, event.count) for event in stage.of(RecordsLost)] == [
            ((("orders/0", 0, 2),), 3),
            ((("orders/0", 1, 1),), 1),
        ]
        assert "left out, because failOnDataLoss is false" in stage.of(Warned)[0].message


def test_a_compacted_topic_has_gaps_and_loses_nothing() -> None:
    producer = letters("abab", every=0.2, key=lambda letter: letter)
    kafka = KafkaCluster([Topic("orders", compact=True)], [producer])
    with KafkaStage(kafka).until(3) as stage:
        source = stage.source()
        assert stage.rows(source, None, source.latest_offset(None), "offset", "value") == [(2, b"a"), (3, b"b")]
        assert stage.of(RecordsLost) == []


def test_a_topic_that_was_deleted_fails_the_query_or_is_warned_of() -> None:
    kafka = cluster("abc", more=[Topic("returns")], changes=[DeleteTopic("orders", at=2)])
    start, both = {"orders": {"0": 3}, "returns": {"0": 0}}, "orders,returns"
    with KafkaStage(kafka).until(3) as stage:
        strict = stage.source(subscribe=both)
        end = strict.latest_offset(start)
        assert end == {"returns": {"0": 0}}
        with pytest.raises(IllegalStateError, match="orders/0 are gone, and what they still held may have been missed"):
            strict.batch(start, end)
        assert stage.rows(stage.source(subscribe=both, failOnDataLoss=False), start, end) == []
        assert "orders/0 are gone" in stage.of(Warned)[-1].message


def test_a_topic_that_was_made_anew_has_smaller_offsets() -> None:
    kafka = cluster("abc", changes=[DeleteTopic("orders", at=1), CreateTopic(Topic("orders"), at=2)])
    with KafkaStage(kafka).until(3) as stage:
        start, end = {"orders": {"0": 3}}, {"orders": {"0": 0}}
        assert stage.source().latest_offset(start) == end
        with pytest.raises(IllegalStateError, match="the offset of orders/0 was changed from 3 to 0"):
            stage.source().batch(start, end)
        assert stage.rows(stage.source(failOnDataLoss=False), start, end) == []


def test_a_partition_that_does_not_begin_at_0_has_lost_something() -> None:
    with KafkaStage(cluster("abcdef", **AGED)).until(3) as stage:
        with pytest.raises(
            IllegalStateError, match="offsets 0 to 2 of orders/0: the new partition begins at 3, not at 0"
        ):
            stage.source().batch({}, {"orders": {"0": 6}})
        assert stage.rows(stage.source(failOnDataLoss=False), {}, {"orders": {"0": 6}}) == ["def"]
        [lost] = stage.of(RecordsLost)
        assert (lost.origins, lost.count) == ((("orders/0", 0, 2),), 3)


@pytest.mark.parametrize(("given", "begins"), [(1, "def"), (9, "")])
def test_starting_offsets_outside_of_the_log_are_moved_into_it(given: int, begins: str) -> None:
    place = f'{{"orders":{{"0":{given}}}}}'
    with KafkaStage(cluster("abcdef", **AGED)).until(3) as stage:
        with pytest.raises(IllegalStateError, match=f"startingOffsets says {given}"):
            stage.source(startingOffsets=place).latest_offset(None)
        source = stage.source(startingOffsets=place, failOnDataLoss=False)
        assert "".join(stage.rows(source, None, source.latest_offset(None))) == begins


# --- tables -----------------------------------------------------------------------------------------------------------


def table(stage: KafkaStage, **options: Any) -> str:
    """The values that `spark.read` finds, in the order of offsets."""
    rows = stage.spark.read.format("kafka").options(**WHERE, **options).load().collect()
    return "".join(row.value.decode() for row in sorted(rows, key=lambda row: (row.partition, row.offset)))


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, "acebdf"),
        ({"startingOffsets": "earliest", "endingOffsets": "latest"}, "acebdf"),
        ({"startingOffsets": '{"orders":{"0":1,"1":-2}}'}, "cebdf"),
        ({"endingOffsets": '{"orders":{"0":1,"1":-1}}'}, "abdf"),
        ({"startingOffsets": '{"orders":{"0":3,"1":2}}', "endingOffsets": '{"orders":{"0":3,"1":3}}'}, "f"),
    ],
)
def test_a_table_is_what_lies_between_two_places(options: dict[str, str], found: str) -> None:
    with KafkaStage(cluster("abcdef", 2)).until(1) as stage:
        assert table(stage, **options) == found


def test_both_ends_of_a_table_are_looked_up_once() -> None:
    with KafkaStage(cluster(producers=[letters("abcd", every=1, since=1)])).until(2.5) as stage:
        frame = stage.spark.read.format("kafka").options(**WHERE).load()
        assert [stage.until(seconds) and frame.count() for seconds in (3, 5)] == [2, 2]
        assert table(stage) == "abcd"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"startingOffsets": "latest"}, "startingOffsets='latest': a batch query on Kafka cannot begin there"),
        ({"startingOffsets": '{"orders":{"0":-1}}'}, r"startingOffsets: orders/0 is -1 \(latest\): a batch query"),
        ({"endingOffsets": "earliest"}, "endingOffsets='earliest': a batch query on Kafka cannot end there"),
        ({"endingOffsets": '{"orders":{"0":-2}}'}, r"endingOffsets: orders/0 is -2 \(earliest\): a batch query"),
        ({"endingOffsets": '{"orders":{"0":1,"1":1}}'}, "endingOffsets must list all partitions that are read"),
    ],
)
def test_places_that_make_no_table_are_refused(options: dict[str, str], problem: str) -> None:
    with KafkaStage(cluster("ab")).until(1) as stage, pytest.raises(IllegalArgumentError, match=problem):
        table(stage, **options)


def test_a_schema_and_a_limit_make_no_sense_for_a_table() -> None:
    with KafkaStage(cluster("ab")).until(1) as stage:
        assert table(stage, maxOffsetsPerTrigger=1) == "ab"
        assert [event.message.partition(":")[0] for event in stage.of(Warned)] == ["maxOffsetsPerTrigger is ignored"]
        with pytest.raises(UnsupportedOperation, match="kafka does not support a user-specified schema"):
            stage.spark.read.schema("value string").format("kafka").options(**WHERE).load()


# --- whole queries, and drivers that die ------------------------------------------------------------------------------

COUNT = 60


def copy(spark: Any) -> None:
    """Every record becomes a row under its place in the log: to write it again changes nothing."""
    records = spark.readStream.format("kafka").options(**WHERE, startingOffsets="earliest").load()
    writer = records.writeStream.option("checkpointLocation", "sim://checkpoint")
    writer.foreachBatch(upsert).start().awaitTermination()


def upsert(df: Any, batch_id: int) -> None:
    """Written row by row, so that a crash may fall between any two."""
    rows = sink("out")
    for row in df.collect():
        rows.upsert(
            (row.partition, row.offset), row.value.decode(), (f"{row.topic}/{row.partition}", row.offset, row.offset)
        )


def simulated(*faults: Any, until: float = 12) -> Run:
    kafka = KafkaCluster(
        [Topic("orders", partitions=3, replicas=3)],
        [letters("x" * COUNT, every=0.1, since=0.5, acks="all", idempotent=True)],
    )
    return QuerySimulation(copy, network={ADDRESS: kafka}, cluster=Cluster(2, 2), faults=faults).run(until)


def places(run: Run) -> list[Any]:
    return sorted(row.key for row in run.sink("out").rows)


EVERY = sorted((number % 3, number // 3) for number in range(COUNT))


def test_a_query_reads_a_topic_as_it_grows() -> None:
    run = simulated()
    assert places(run) == EVERY
    assert all(row.writes == 1 for row in run.sink("out").rows)
    assert sum(event.rows for event in run.trace.of(QueryRowsRead)) == COUNT
    first = run.trace.of(QueryBatchPlanned)[0]
    assert first.ends == ('{"orders":{"0":0,"1":0,"2":0}}',)


@pytest.mark.parametrize("at", [0.52, 1.0, 2.0, 2.773, 4.444, 5.0])
def test_a_crash_of_the_driver_loses_nothing_and_doubles_nothing(at: float) -> None:
    run = simulated(DriverCrash(at=at, restart_after=1))
    assert places(run) == EVERY
    committed = [event.batch for event in run.trace.of(QueryBatchCommitted)]
    assert committed == sorted(set(committed))
    planned: dict[int, set[Any]] = {}
    for event in run.trace.of(QueryBatchPlanned):
        planned.setdefault(event.batch, set()).add((event.starts, event.ends))
    assert Counter(map(len, planned.values())) == {1: len(planned)}


def test_a_crash_of_a_broker_only_delays() -> None:
    run = simulated(BrokerCrash("leader of orders/1", at=2, restart_after=3), until=30)
    assert places(run) == EVERY


def test_a_run_repeats_to_the_byte() -> None:
    faults = DriverCrash(at=2.5, restart_after=1), BrokerCrash(0, at=4, restart_after=1)
    assert list(simulated(*faults).trace) == list(simulated(*faults).trace)

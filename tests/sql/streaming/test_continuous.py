"""Continuous processing: what a record waits for, what epochs are about, and what a query must not ask for."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sparksim.sim import (
    Cluster,
    DriverCrash,
    ExecutorCrash,
    KafkaCluster,
    Producer,
    QuerySimulation,
    Replay,
    Run,
    Topic,
)
from sparksim.sim.kafka import AddPartitions, DeleteRecords
from sparksim.sql import DataFrame, SparkSession
from sparksim.sql import functions as F
from sparksim.sql.streaming.epochs import EpochCoordinator, EpochPart
from sparksim.sql.streaming.sources.memory import MemoryStream
from sparksim.sql.utils import AnalysisException, StreamingQueryException
from sparksim.trace.events import QueryRowsWritten, QueryTerminated, RecordsAppended, RecordsLost, TaskEnd, Warned
from tests.sql.streaming.kafka_stage import KafkaStage, cluster, letters
from tests.sql.streaming.scripted import backend_of, new_session, passes, trace_of

EVERY_SECOND = {"continuous": "1 second"}
EPOCH = datetime.datetime(1970, 1, 1)


@pytest.fixture
def session() -> Iterator[SparkSession]:
    with new_session("sim[1,2]") as session:
        yield session


def rate(spark: SparkSession, per_s: int = 4, partitions: int = 2) -> DataFrame:
    return spark.readStream.format("rate").options(rowsPerSecond=per_s, numPartitions=partitions).load()


def to_tasks(stream: DataFrame, checkpoint: Any = "sim://checkpoint", **trigger: str) -> Any:
    """A query that hands its rows to a function in tasks."""
    writer = stream.writeStream.foreach(lambda row: None).option("checkpointLocation", str(checkpoint))
    return writer.trigger(**(trigger or EVERY_SECOND)).start()


def simulated(program: Callable[[SparkSession], Any], until: float = 5, **surroundings: Any) -> Run:
    return QuerySimulation(program, **{"cluster": Cluster(executors=2, cores=2), **surroundings}).run(until=until)


def values(run: Run) -> list[int]:
    return [int(written.row[-1]) for written in run.written_rows]


def log(path: Path, name: str) -> dict[str, str]:
    """The entries of a log of a checkpoint."""
    files = sorted((path / name).glob("[0-9]*"), key=lambda file: int(file.name))
    return {file.name: file.read_text() for file in files}


# --- latency ----------------------------------------------------------------------------------------------------------


def batch_latencies_ms(run: Run) -> list[float]:
    """How long after its timestamp each row of a query of micro-batches was written."""
    return [
        event.time_ms - (datetime.datetime.fromisoformat(row[0].ljust(26, "0")) - EPOCH).total_seconds() * 1000
        for event in run.trace.of(QueryRowsWritten)
        for row in event.sample
    ]


def test_a_record_does_not_wait_for_a_batch() -> None:
    continuous = simulated(lambda spark: to_tasks(rate(spark)), until=10)
    batches = simulated(lambda spark: to_tasks(rate(spark), processingTime="1 second"), until=10)
    latencies_ms = [written.latency_ms for written in continuous.written_rows]
    assert (len(latencies_ms), max(latencies_ms)) == (38, 1.0)
    waited_ms = batch_latencies_ms(batches)
    assert sum(waited_ms) / len(waited_ms) >= 500


def test_the_console_shows_an_epoch_when_it_is_over() -> None:
    def program(spark: SparkSession) -> None:
        rate(spark).select("value").writeStream.format("console").trigger(**EVERY_SECOND).start()

    run = simulated(program, until=2.5)
    assert str(run.output).split() == [
        *(*["-" * 43, "Batch:", "0", "-" * 43], *["+-----+", "|value|", "+-----+", "+-----+"]),
        *(*["-" * 43, "Batch:", "1", "-" * 43], "+-----+", "|value|", "+-----+"),
        *("|", "0|", "|", "2|", "|", "1|", "|", "3|", "+-----+"),
        *(*["-" * 43, "Batch:", "2", "-" * 43], "+-----+", "|value|", "+-----+"),
        *("|", "4|", "|", "6|", "|", "5|", "|", "7|", "+-----+"),
    ]
    assert [written.latency_ms for written in run.written_rows if written.epoch == 1] == [560.0, 60.0, 560.0, 60.0]


# --- epochs -----------------------------------------------------------------------------------------------------------


def test_the_logs_have_each_epoch_when_it_is_over(session: SparkSession, tmp_path: Path) -> None:
    query = to_tasks(rate(session, per_s=2), tmp_path)
    passes(session, 3_500)
    start_ms = 20
    assert log(tmp_path, "offsets") == {
        str(epoch): "v1\n\n"
        f'{{"0":{{"value":{2 * rows - 2},"runTimeMs":{start_ms + 1000 * rows}}},'
        f'"1":{{"value":{2 * rows - 1},"runTimeMs":{start_ms + 1000 * rows}}}}}'
        for epoch, rows in enumerate([0, 1, 2, 3])
    }
    assert log(tmp_path, "commits") == {str(epoch): 'v1\n{"nextBatchWatermarkMs":0}' for epoch in range(4)}
    query.stop()
    assert query.recentProgress == []


def test_epochs_and_rows_are_tables() -> None:
    run = simulated(lambda spark: to_tasks(rate(spark).where("value % 2 = 0")), until=2.5)
    assert [(row.epoch, row.rows_read, row.rows_written, row.mean_latency_ms) for row in run.epochs] == [
        (0, 0, 0, None),
        (1, 4, 2, 1.0),
        (2, 4, 2, 1.0),
        (3, None, None, None),
    ]
    assert values(run) == [0, 2, 4, 6]
    assert [row.batches for row in run.queries] == [3]


def test_a_query_goes_on_behind_its_last_committed_epoch(session: SparkSession, tmp_path: Path) -> None:
    query = to_tasks(rate(session), tmp_path)
    passes(session, 3_500)
    query.stop()
    (tmp_path / "commits" / "3").unlink()  # as if the driver had died between the two logs
    query = to_tasks(rate(session), tmp_path)
    passes(session, 1_000)
    query.stop()
    assert list(log(tmp_path, "offsets")) == ["0", "1", "2", "3", "4", "5"]
    assert list(log(tmp_path, "commits")) == ["0", "1", "2", "4", "5"], "no epoch runs under the number of another"


def test_a_committed_epoch_must_have_its_offsets(session: SparkSession, tmp_path: Path) -> None:
    query = to_tasks(rate(session), tmp_path)
    passes(session, 1_500)
    query.stop()
    (tmp_path / "offsets" / "1").unlink()
    with pytest.raises(StreamingQueryException, match=r"epoch 1 is in the commit log of .* and not in the offset log"):
        to_tasks(rate(session), tmp_path).awaitTermination()


def test_what_a_crash_cuts_off_is_written_again() -> None:
    """At least once: rows behind the last committed epoch come twice, and none is missing."""
    crash = DriverCrash(at=3.8, restart_after=1)
    run = simulated(lambda spark: to_tasks(rate(spark)), until=9, faults=[crash])
    counts = Counter(values(run))
    assert sorted(counts) == list(range(max(counts) + 1))
    assert [value for value, times in counts.items() if times == 2] == [12, 13]
    first, second = run.queries
    assert (first.query == second.query, first.run == second.run) == (True, False)


def test_without_enough_cores_no_epoch_is_ever_committed() -> None:
    run = simulated(lambda spark: to_tasks(rate(spark, partitions=3)), cluster=Cluster(executors=1, cores=2))
    assert {row.committed_ms for row in run.epochs} == {None}
    assert {written.partition for written in run.written_rows} == {0, 1}
    [warning] = run.trace.of(Warned)
    assert warning.message == (
        "a continuous query reads 3 partitions, each in a task that never ends, and there are 2 cores: no epoch will "
        "be committed until every partition has a core"
    )


def test_a_backlog_of_epochs_ends_the_query() -> None:
    run = simulated(
        lambda spark: to_tasks(rate(spark, partitions=3)),
        cluster=Cluster(executors=1, cores=2),
        conf={"spark.sql.streaming.continuous.epochBacklogQueueSize": 4},
    )
    [end] = run.trace.of(QueryTerminated)
    assert end.error is not None
    assert end.error.startswith("more than 4 parts of epochs wait for a partition that does not report")


def test_an_epoch_is_done_when_all_have_said_both(session: SparkSession) -> None:
    coordinator = EpochCoordinator(backend_of(session).clock.env, 7, partitions=2, backlog=10)
    assert coordinator.begin_next() == coordinator.epoch_now() == 8
    one, two = EpochPart(7, 0), EpochPart(7, 1)
    coordinator.wrote(one)
    coordinator.wrote(two)
    assert coordinator.done() is None
    coordinator.read(7, 1, "b")
    assert coordinator.planned() is None
    coordinator.read(7, 0, "a")
    assert coordinator.planned() == (7, ["a", "b"])
    assert coordinator.done() == (7, [one, two])
    assert (coordinator.planned(), coordinator.done()) == (None, None)


def test_waiting_for_all_data_ends_when_an_epoch_has_read_nothing(tmp_path: Path) -> None:
    for master in ("sim[1,1]", "local[1]"):
        with new_session(master) as session:
            stream = rate(session, per_s=1, partitions=1).select("value")
            writer = stream.writeStream.format("memory").queryName("numbers")
            query = writer.trigger(continuous="100 milliseconds").start()
            query.processAllAvailable()
            query.stop()
            assert len(trace_of(session, QueryRowsWritten)) > 0
            assert (query.isActive, query.exception()) == (False, None)


def test_a_writer_is_opened_and_closed_for_each_epoch() -> None:
    class Writer:
        def open(self, partition_id: int, epoch_id: int) -> bool:
            self.words = [f"open {partition_id} {epoch_id}"]
            return True

        def process(self, row: Any) -> None:
            self.words.append(str(row.value))

        def close(self, error: Exception | None) -> None:
            print(*self.words, "close", error)

    def program(spark: SparkSession) -> None:
        rate(spark, per_s=2, partitions=1).writeStream.foreach(Writer()).trigger(**EVERY_SECOND).start()

    run = simulated(program, until=3)
    assert str(run.output).splitlines() == [f"open 0 {row} close None" for row in ("0", "1 0 1", "2 2 3")]


# --- how it ends ------------------------------------------------------------------------------------------------------


def test_a_task_that_fails_ends_the_query() -> None:
    def program(spark: SparkSession) -> None:
        def check(row: Any) -> None:
            if row.value == 5:
                raise ValueError("five")

        rate(spark).writeStream.foreach(check).trigger(**EVERY_SECOND).start()

    for failures, cause in ((1, "ValueError: five"), (4, "Continuous execution does not support task retry")):
        run = simulated(program, conf={"spark.task.maxFailures": failures})
        [end] = run.trace.of(QueryTerminated)
        assert end.error is not None
        assert cause in end.error
        assert 5 not in values(run)


def test_an_executor_that_dies_ends_the_query() -> None:
    run = simulated(lambda spark: to_tasks(rate(spark)), faults=[ExecutorCrash("1", at=2.2, restart_after=0.5)])
    [end] = run.trace.of(QueryTerminated)
    assert end.error is not None
    assert "Continuous execution does not support task retry" in end.error
    assert [row.epoch for row in run.epochs if row.committed_ms is not None] == [0, 1, 2]


def test_the_number_of_partitions_stays(session: SparkSession, tmp_path: Path) -> None:
    query = to_tasks(rate(session), tmp_path)
    passes(session, 1_500)
    query.stop()
    with pytest.raises(StreamingQueryException, match="The previous run contained 2 partitions, but 1 partitions are"):
        to_tasks(rate(session, partitions=1), tmp_path).awaitTermination()


def test_batches_do_not_begin_behind_an_epoch(session: SparkSession, tmp_path: Path) -> None:
    query = to_tasks(rate(session), tmp_path)
    passes(session, 1_500)
    query.stop()
    with pytest.raises(StreamingQueryException, match="it is of an epoch of continuous processing, behind which no"):
        to_tasks(rate(session), tmp_path, processingTime="1 second").awaitTermination()


def test_a_run_is_the_same_each_time() -> None:
    runs = [simulated(lambda spark: to_tasks(rate(spark)), seed=3) for _ in range(2)]
    assert list(runs[0].trace) == list(runs[1].trace)


# --- refusals: recorded on PySpark 4.3 --------------------------------------------------------------------------------

NO_OPERATION = "Continuous processing does not support {} operations"
NO_PRESENT = NO_OPERATION.format("current time")


@pytest.mark.parametrize(
    ("select", "refusal"),
    [
        (lambda s: s.union(s), NO_OPERATION.format("Union")),
        (lambda s: s.limit(3), NO_OPERATION.format("LocalLimit")),
        (lambda s: s.distinct(), NO_OPERATION.format("Deduplicate")),
        (lambda s: s.dropDuplicates(["value"]), NO_OPERATION.format("Deduplicate")),
        (lambda s: s.withWatermark("timestamp", "1 second"), NO_OPERATION.format("EventTimeWatermark")),
        (lambda s: s.join(s.sparkSession.range(3).toDF("value"), "value"), NO_OPERATION.format("LogicalRDD")),
        (lambda s: s.select(F.explode(F.array("value", "value"))), NO_OPERATION.format("Generate")),
        (lambda s: s.select(F.window("timestamp", "4 seconds", "2 seconds")), NO_OPERATION.format("Expand")),
        (lambda s: s.selectExpr("current_timestamp() AS now"), NO_PRESENT),
        (lambda s: s.selectExpr("current_date() AS today"), NO_PRESENT),
        (lambda s: s.selectExpr("localtimestamp() AS now"), NO_PRESENT),
        (lambda s: s.where("timestamp < now()"), NO_PRESENT),
    ],
)
def test_only_selections_may_run(session: SparkSession, select: Callable[[DataFrame], DataFrame], refusal: str) -> None:
    with pytest.raises(AnalysisException) as caught:
        select(rate(session)).writeStream.format("console").trigger(**EVERY_SECOND).start()
    what, why = str(caught.value).split(". Why: ")
    assert (what, ". Instead: " in why) == (refusal, True)


def test_an_aggregation_may_not_run(session: SparkSession) -> None:
    counts = rate(session).groupBy("value").count()
    writer = counts.writeStream.format("console").outputMode("complete").trigger(**EVERY_SECOND)
    with pytest.raises(AnalysisException, match=NO_OPERATION.format("Aggregate")):
        writer.start()


@pytest.mark.parametrize(
    "select",
    [
        lambda s: s.drop("timestamp"),
        lambda s: s.select(F.window("timestamp", "2 seconds")),
        lambda s: s.where("value IN (SELECT 1)"),
        lambda s: s.where("value > 1").selectExpr("value * 2 AS v").where("v < 9"),
    ],
)
def test_selections_run(session: SparkSession, select: Callable[[DataFrame], DataFrame]) -> None:
    query = select(rate(session)).writeStream.format("console").outputMode("update").trigger(**EVERY_SECOND).start()
    passes(session, 2_500)
    assert query.exception() is None


def test_sources_and_sinks_of_batches_are_refused(session: SparkSession, tmp_path: Path) -> None:
    refused = "Data source {} does not support continuous processing. Why: "
    for stream, name in (
        (MemoryStream(session, "word string").toDF(), "memory"),
        (session.readStream.text(str(tmp_path)), "text"),
        (session.readStream.format("rate-micro-batch").option("rowsPerBatch", 2).load(), "rate-micro-batch"),
    ):
        with pytest.raises(AnalysisException, match=refused.format(name)):
            stream.writeStream.format("console").trigger(**EVERY_SECOND).start()
    writer = rate(session).writeStream.format("json").option("checkpointLocation", str(tmp_path / "checkpoint"))
    with pytest.raises(AnalysisException, match=r"The sink json does not support continuous processing. Why: "):
        writer.trigger(**EVERY_SECOND).start(str(tmp_path / "out"))


def test_a_partition_has_a_thousand_rows_a_second_at_most(session: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(StreamingQueryException, match="a partition gives a row every 1 ms at most"):
        to_tasks(rate(session, per_s=1001, partitions=1), tmp_path).awaitTermination()


# --- Kafka ------------------------------------------------------------------------------------------------------------

SERVERS = "kafka.bootstrap.servers"


def from_topic_to_topic(spark: SparkSession, **options: Any) -> Any:
    reader = spark.readStream.format("kafka").option(SERVERS, "localhost:9092").option("subscribe", "words")
    words = reader.options(startingOffsets="earliest", **options).load()
    loud = words.selectExpr("upper(cast(value AS string)) AS value").writeStream.format("kafka")
    writer = loud.option(SERVERS, "localhost:9092").option("topic", "loud")
    return writer.option("checkpointLocation", "sim://checkpoint").trigger(**EVERY_SECOND).start()


def words(count: int = 20, **settings: Any) -> dict[str, Any]:
    load = Replay([(round(0.5 + 0.2 * number, 3), f"w{number}") for number in range(count)])
    producer = Producer("words", load, partitioner="round-robin")
    return {"localhost:9092": KafkaCluster([Topic("words", 2), Topic("loud")], [producer], **settings)}


def loud(run: Run) -> int:
    return sum(len(event.numbers) for event in run.trace.of(RecordsAppended) if event.log.startswith("loud"))


def test_records_go_from_topic_to_topic() -> None:
    run = simulated(from_topic_to_topic, until=6, network=words())
    assert loud(run) == 20
    assert sorted(written.row[0] for written in run.written_rows) == sorted(f"W{number}" for number in range(20))
    assert max(written.latency_ms for written in run.written_rows) < 50
    assert [row.rows_read for row in run.epochs] == [0, 3, 5, 5, 5, 2, None]


def test_records_of_an_epoch_that_a_crash_cut_off_go_twice() -> None:
    run = simulated(from_topic_to_topic, until=8, network=words(), faults=[DriverCrash(at=2.95, restart_after=0.5)])
    counts = Counter(written.row[0] for written in run.written_rows)
    assert set(counts) == {f"W{number}" for number in range(20)}
    assert sorted(word for word, times in counts.items() if times == 2) == ["W10", "W11", "W12", "W8", "W9"]


def test_new_partitions_get_tasks_of_their_own() -> None:
    run = simulated(from_topic_to_topic, until=9, network=words(40, changes=[AddPartitions("words", 3, at=2.5)]))
    partitions = [(written.written_ms < 3_000, written.partition) for written in run.written_rows]
    assert set(partitions) == {(True, 0), (True, 1), (False, 0), (False, 1), (False, 2)}
    assert {written.row[0] for written in run.written_rows} == {f"W{number}" for number in range(40)}
    assert run.queries[0].error is None


@pytest.mark.parametrize("fails", [True, False])
def test_records_that_are_gone_end_the_query_or_are_told(fails: bool, tmp_path: Path) -> None:
    more = Producer("orders", Replay([(4 + 0.1 * number, str(number)) for number in range(8)]))
    kafka = cluster(producers=[letters("abcdef"), more], changes=[DeleteRecords("orders", 0, 4.95, before=8)])
    with KafkaStage(kafka) as stage:
        to_tasks(stage.frame(), tmp_path)
        stage.until(2.5)
        stage.spark.streams.active[0].stop()
        stage.until(5)
        query = to_tasks(stage.frame(failOnDataLoss=fails), tmp_path)
        stage.until(7)
        if fails:
            said = [task.message for task in stage.of(TaskEnd) if task.reason == "ExceptionFailure"]
            assert "offsets 6 to 7 of orders/0: OffsetOutOfRange: " in said[0]
            assert not query.isActive
        else:
            [lost] = stage.of(RecordsLost)
            assert (lost.origins, query.isActive) == ((("orders/0", 6, 7),), True)

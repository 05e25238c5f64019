"""What queries gave to their sinks, batch by batch, and what judges say of it."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.course.exercise import Finding
from sparksim.course.query_results import batch_by_batch, failed_query, gives, sink_rows
from sparksim.course.texts import Text
from sparksim.sim import QuerySimulation, Replay, Run
from sparksim.sql import SparkSession
from sparksim.sql.streaming.sources.memory import MemoryStream

HINT = Text("mind the mode", "注意模式")


def simulated(program: Any) -> Run:
    network = {"localhost:9999": Replay([(1.3, "a"), (1.4, "b"), (3.1, "a")])}
    return QuerySimulation(program, network=network).run(until=5)


def lines_of(spark: SparkSession) -> Any:
    return spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()


def counts(spark: SparkSession) -> None:
    writer = lines_of(spark).groupBy("value").count().writeStream.queryName("counts")
    writer.outputMode("update").format("memory").trigger(processingTime="2 seconds").start()


@pytest.fixture(scope="module")
def run() -> Run:
    return simulated(counts)


def test_each_batch_has_what_came_in_and_what_the_sink_got(run: Run) -> None:
    table = batch_by_batch(run)
    assert table.columns == ("batch", "second", "came_in", "sink_got")
    assert [(row.batch, row.second) for row in table] == [(0, 0), (1, 2), (2, 4)]
    assert table.column("came_in") == ["", "a; b", "a"]
    assert table.column("sink_got")[2] == "a 2"
    assert list(batch_by_batch(run, "others")) == []


def test_rows_are_found_by_the_second_of_their_trigger(run: Run) -> None:
    assert sorted(sink_rows(run, 2)) == [("a", "1"), ("b", "1")]
    assert sink_rows(run, 3) == []
    assert sink_rows(run, 4, "counts") == [("a", "2")]


def test_a_judge_takes_rows_in_any_order_and_values_as_their_texts(run: Run) -> None:
    assert gives(2, [("b", 1), ("a", 1)], HINT)(run) is None
    finding = gives(4, [("a", 2), ("b", 1)], HINT)(run)
    assert finding == Finding(
        Text(
            "in second 4 the sink should get the rows [('a', '2'), ('b', '1')] (list), and got [('a', '2')] (list)",
            "在第 4 秒，接收端（sink）应得到 [('a', '2'), ('b', '1')] (list)，实际得到 [('a', '2')] (list)",
        ),
        HINT,
    )


def test_a_query_that_dies_is_told_before_its_rows() -> None:
    def fail(rows: object, batch: int) -> None:
        raise ValueError("too bad")

    def dies(spark: SparkSession) -> None:
        lines_of(spark).writeStream.foreachBatch(fail).start()

    finding = gives(2, [], HINT)(simulated(dies))
    assert finding is not None
    assert finding.message.en.startswith("the query died: ")
    assert "too bad" in finding.message.en


def test_a_program_without_a_query_is_told() -> None:
    finding = failed_query(simulated(lambda spark: MemoryStream(spark, "n long").toDF()), HINT)
    assert finding is not None
    assert finding.message == Text("no query was started", "没有启动任何查询")

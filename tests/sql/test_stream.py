"""SQL on the batches of a stream: in virtual time, on a simulated cluster, and with the command."""

from __future__ import annotations

from typing import Any

from sparksim.sim import Constant, ExecutorCrash, Simulation
from sparksim.sql import Row, SparkSession
from sparksim.trace import check_trace
from tests.cli.process import REPOSITORY, Command, run, server

EXAMPLE = REPOSITORY / "examples" / "sql_word_count.py"
TABLE = """+----+-----+
|word|total|
+----+-----+
|  be|    2|
|  to|    2|
| not|    1|
|  or|    1|
+----+-----+

"""


def count_with_sql(rdd: Any) -> None:
    if rdd.isEmpty():
        return
    spark = SparkSession.builder.config(conf=rdd.context.getConf()).getOrCreate()
    spark.createDataFrame(rdd.map(lambda word: Row(word=word))).createOrReplaceTempView("words")
    spark.sql("select word, count(*) as total from words group by word order by total desc, word").show()


def sql_word_count(ssc: Any) -> None:
    lines = ssc.socketTextStream("localhost", 9999)
    lines.flatMap(lambda line: line.split(" ")).foreachRDD(count_with_sql)


ONE_LINE = {"localhost:9999": Constant(rate=1, record="to be or not to be")}


def test_each_batch_becomes_a_table_and_is_counted() -> None:
    run = Simulation(sql_word_count, network=ONE_LINE).run(until=4)
    assert run.output[2.0] == TABLE
    assert run.output[3.0] == TABLE
    assert check_trace(run.trace) == []


def test_the_records_are_collected_by_jobs_whose_time_is_the_clusters() -> None:
    run = Simulation(sql_word_count, network=ONE_LINE).run(until=4)
    jobs = [job for job in run.jobs if job.batch_time_ms == 2000]
    assert len(jobs) == 3  # isEmpty, the first record for the columns, and show
    assert run.batches[1].processing_time_ms > 0


def test_the_same_seed_gives_the_same_trace() -> None:
    def trace() -> list[Any]:
        crash = [ExecutorCrash("random", at=2.05)]
        return list(Simulation(sql_word_count, network=ONE_LINE, faults=crash, seed=3).run(until=4).trace)

    assert trace() == trace()


def test_an_executor_that_dies_under_a_query_changes_nothing_but_time() -> None:
    crash = [ExecutorCrash("1", at=2.02)]
    run = Simulation(sql_word_count, network=ONE_LINE, faults=crash).run(until=5)
    assert run.output[2.0] == TABLE


def test_the_present_of_a_query_is_virtual() -> None:
    seen = []

    def program(ssc: Any) -> None:
        def look(rdd: Any) -> None:
            spark = SparkSession.builder.getOrCreate()
            seen.append(spark.sql("select current_timestamp(), current_date(), rand()").first())

        ssc.queueStream([[1], [1]]).foreachRDD(look)

    Simulation(program).run(until=3)
    first, second = seen[:2]
    assert (str(first[0])[:19], str(first[1])) == ("1970-01-01 00:00:01", "1970-01-01")
    assert str(second[0])[:19] == "1970-01-01 00:00:02"
    assert first[2] != second[2]


def test_a_query_that_means_nothing_fails_its_batch() -> None:
    def program(ssc: Any) -> None:
        ssc.queueStream([[("a",)]]).foreachRDD(lambda rdd: rdd.toDF(["word"]).select("nope").show())
        SparkSession.builder.getOrCreate()

    run = Simulation(program).run(until=3)
    assert run.batches[0].failed
    assert any("UNRESOLVED_COLUMN" in str(event) for event in run.trace)


def test_the_example_runs_in_virtual_time() -> None:
    options = ("--master", "sim[3,2]", "--source", "localhost:9999=constant:5", "--until", "3")
    command = run("run", EXAMPLE, *options)
    assert command.code == 0, command.said
    assert "|  word|total|" in command.stdout
    assert "nanobind" not in command.said


def test_the_example_runs_live() -> None:
    with server() as source, Command("run", EXAMPLE, "localhost", source.port) as command:
        source.send("to be or not to be")
        command.wait_for("|  or|    1|")
        command.interrupt()
        assert command.end() == 0, command.said
    assert TABLE in command.printed + "\n\n"
    assert "nanobind" not in command.said

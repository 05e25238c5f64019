"""What the sandbox is asked and answers: calls, runs to look into, programs in a simulation, whole main programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.course.probes import Call, Diagnose, Probe, Simulate, SimulateMain, SimulateQuery
from sparksim.course.sandbox.process import Answers, ask
from sparksim.course.sandbox.runner import needs_sql
from sparksim.course.sinks import rows_of, sinks_of
from sparksim.sim import DriverCrash, Replay, Simulation, sink
from sparksim.streaming import StreamingContext

TYPED = Replay([(1.3, "a b"), (2.4, "a"), (8.3, "b")])

SUBMISSION = """
from sparksim import SparkContext
from sparksim.sim import sink
from sparksim.streaming import StreamingContext


def swap(pair):
    return pair[1], pair[0]


def records(run):
    return sum(run.batches.column("records"))


def kept(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.foreachRDD(lambda time, rdd: sink("db").upsert("words", rdd.count()))


def counted(spark):
    from sparksim.sql.functions import explode, split

    lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
    counts = lines.select(explode(split("value", " ")).alias("word")).groupBy("word").count()

    def keep(rows, batch):
        for word, n in rows.collect():
            sink("db").upsert(word, n)

    counts.writeStream.outputMode("update").foreachBatch(keep).start()


def main():
    def create():
        sc = SparkContext("local[2]", "main")
        ssc = StreamingContext(sc, 1)
        ssc.checkpoint("sim://checkpoint")
        words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
        totals = words.map(lambda word: (word, 1)).updateStateByKey(lambda new, old: sum(new) + (old or 0))
        totals.checkpoint(1)
        totals.pprint()
        return ssc

    ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
    ssc.start()
    ssc.awaitTermination()
"""


def asked(probe: Probe) -> Answers:
    answers = ask([("submission", SUBMISSION)], [probe])
    assert (answers.end, answers.loaded) == ("done", [])
    return answers


def lines(ssc: StreamingContext) -> None:
    ssc.socketTextStream("localhost", 9999).pprint()


def test_a_call_gives_a_value() -> None:
    assert asked(Call("swap", ((1, "a"),))).of_probes[0]["value"] == "('a', 1)"


def test_a_run_is_handed_in_as_its_trace() -> None:
    run = Simulation(lines, network={"localhost:9999": TYPED}).run(until=4)
    assert asked(Diagnose("records", run)).of_probes[0]["value"] == "2"


def test_a_program_s_sinks_come_out_with_its_trace() -> None:
    answer = asked(Simulate("kept", until=4, settings={"network": {"localhost:9999": TYPED}})).of_probes[0]
    assert answer["sinks"].startswith("{'db': [('words', 1, 3, ")
    assert '"event":"ApplicationStart"' in answer["trace"].replace(": ", ":")


def test_a_main_program_outlives_its_driver() -> None:
    settings = {"network": {"localhost:9999": TYPED}, "faults": [DriverCrash(5.2, restart_after=1)]}
    trace = asked(SimulateMain("main", until=11, settings=settings)).of_probes[0]["trace"]
    assert trace.count('"ApplicationStart"') == 2
    assert "('b', 2)" in trace


def test_a_program_of_queries_gives_its_trace_and_its_sinks() -> None:
    answer = asked(SimulateQuery("counted", until=9, settings={"network": {"localhost:9999": TYPED}})).of_probes[0]
    assert answer["trace"].count('"QueryStarted"') == 1
    assert answer["sinks"].startswith("{'db': [('a', 2, 2, ")


@pytest.mark.parametrize(
    ("text", "needs"), [("from sparksim.sql import Row", True), ("def f():\n    return 'sql'", False)]
)
def test_the_libraries_of_sql_are_loaded_for_submissions_that_mention_it(text: str, needs: bool) -> None:
    assert needs_sql([{"name": "submission", "text": text}]) is needs


def test_rows_of_sinks_are_the_same_after_their_way() -> None:
    def twice(ssc: StreamingContext) -> None:
        stream = ssc.socketTextStream("localhost", 9999)
        stream.foreachRDD(lambda rdd: [sink("db").upsert(line, len(line)) for line in rdd.collect()])
        stream.foreachRDD(lambda rdd: [sink("log").insert("line", line) for line in rdd.collect()])

    run = Simulation(twice, network={"localhost:9999": Replay([(1.3, "a"), (2.3, "a"), (2.4, "b")])}).run(until=4)
    told = rows_of(run)
    assert [(key, value, writes) for key, value, writes, _ in told["db"]] == [("a", 1, 2), ("b", 1, 1)]
    assert rows_of_tables(told) == told


def rows_of_tables(told: dict[str, list[tuple[object, object, int, float]]]) -> object:
    tables = sinks_of(told)
    return {
        name: [(row.key, row.value, row.writes, row.time_ms) for row in table.rows] for name, table in tables.items()
    }


@pytest.mark.parametrize("rows", [[("a", 1, 0, 0.0)], [("a", 1, 10**9, 0.0)], [("a", 1)]])
def test_rows_that_no_sink_holds_are_refused(rows: list[tuple[object, ...]]) -> None:
    with pytest.raises(ValueError, match=r"writes of one row|not enough values"):
        sinks_of({"db": rows})  # type: ignore[dict-item]


def test_a_main_program_leaves_out_cells_that_failed() -> None:
    chunks = [("submission 1", "1 / 0"), ("submission 2", SUBMISSION)]
    settings = {"network": {"localhost:9999": TYPED}}
    answers = ask(chunks, [SimulateMain("main", until=4, settings=settings)])
    assert "('a', 2)" in answers.of_probes[0]["trace"]
    assert Path("submission.py").exists() is False

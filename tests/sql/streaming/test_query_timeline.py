"""What a query's timeline shows of real runs: keys, values and late rows as the engine puts them on record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sparksim import SparkContext
from sparksim.sim import QuerySimulation, Replay, simulate_script
from sparksim.sql import SparkSession
from sparksim.sql import functions as F
from sparksim.sql.streaming.query import StreamingQuery
from sparksim.sql.streaming.sources.memory import MemoryStream
from sparksim.viz.query_story import QueryStory, query_story

Feed = Sequence[tuple[Any, ...]]


def at(clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2024, 1, 1, hour, minute)


def stream(session: SparkSession, schema: str) -> MemoryStream:
    session.conf.set("spark.sql.shuffle.partitions", 2)
    return MemoryStream(session, schema)


def run(frame: Any, mode: str, *feeds: Sequence[tuple[MemoryStream, Feed]]) -> StreamingQuery:
    """Start, and give it one feed after the other."""
    query: StreamingQuery = frame.writeStream.outputMode(mode).format("memory").queryName("shown").start()
    for feed in feeds:
        for source, rows in feed:
            source.addData(list(rows))
        query.processAllAvailable()
    query.stop()
    return query


def story(query: StreamingQuery) -> QueryStory:
    return query_story(query._execution.trace)


def windowed_count(session: SparkSession) -> StreamingQuery:
    source = stream(session, "ts timestamp, word string")
    watched = source.toDF().withWatermark("ts", "10 minutes")
    frame = watched.groupBy(F.window("ts", "10 minutes"), "word").count()
    early = [(at("10:02"), "cat"), (at("10:07"), "dog")]
    return run(
        frame, "update", [(source, early)], [(source, [(at("10:25"), "cat")])], [(source, [(at("10:08"), "dog")])]
    )


def test_windows_values_and_late_rows(both: SparkSession) -> None:
    told = story(windowed_count(both))
    first, last = told.windows()
    assert (last.window[0] - first.window[0], first.last, last.last) == (20 * 60_000, 3, None)
    assert [(line.name, line.changes[0].value) for line in told.lines[:2]] == [("cat", "1"), ("dog", "1")]
    assert [[entry.text for entry in step.entries if entry.late] for step in told.steps] == [[], [], [], [], ["dog"]]
    assert told.steps[-1].entries[0].closed == first.window


def test_a_session_is_one_line_while_it_grows(both: SparkSession) -> None:
    source = stream(both, "ts timestamp, user string")
    frame = source.toDF().withWatermark("ts", "0 seconds").groupBy(F.session_window("ts", "5 minutes"), "user").count()
    feeds = [[(source, [(at(clock), "ann")])] for clock in ("10:00", "10:03", "10:30")]
    lines = story(run(frame, "append", *feeds)).lines
    told = [(line.name, [cell.change for cell in line.changes.values()]) for line in lines]
    assert told == [("ann", ["created", "updated", "expired"]), ("ann", ["created"])]


def test_a_join_keeps_rows_by_side(both: SparkSession) -> None:
    left, right = stream(both, "a int, b string"), stream(both, "c int, d string")
    frame = left.toDF().join(right.toDF(), F.expr("a = c"))
    told = story(run(frame, "append", [(left, [(1, "x"), (1, "y")]), (right, [(2, "z")])]))
    assert told.steps[0].buffers == {"left": 2, "right": 1}
    lines = sorted((line.name, line.changes[0].value) for line in told.lines)
    assert lines == [("left: 1", "1, x"), ("left: 1 (2)", "1, y"), ("right: 2", "2, z")]


def test_a_query_draws_itself(tmp_path: Path) -> None:
    with SparkContext("local[2]", "streams"):
        query = windowed_count(SparkSession.builder.getOrCreate())
        widget = query.timeline(lang="en")
        widget.save(tmp_path / "query.html")
        assert [step["late"] for step in widget.view["steps"]] == [0, 0, 0, 0, 1]
        assert len(query.figure().axes) == 3
    assert "its window ended at 10:10, watermark 10:15" in (tmp_path / "query.html").read_text(encoding="utf-8")


def test_before_its_first_batch_there_is_nothing_to_see(both: SparkSession) -> None:
    source = stream(both, "word string")
    query = run(source.toDF(), "append")
    for draw in (query.timeline, query.figure):
        with pytest.raises(ValueError, match="the query 'shown' has planned no batch yet"):
            draw()


SCRIPT = """
from sparksim.sql import SparkSession
from tests.sql.streaming.test_query_timeline import windowed_count

windowed_count(SparkSession.builder.getOrCreate())
"""


def test_a_simulation_s_run_shows_its_query(tmp_path: Path) -> None:
    (tmp_path / "count.py").write_text(SCRIPT, encoding="utf-8")
    told = simulate_script(tmp_path / "count.py", until=60)
    assert [row.rows_late for row in told.triggers] == [0, 0, 0, 0, 1]
    assert told.query_timeline("shown").view["steps"][4]["late"] == 1


def late_words(spark: SparkSession) -> None:
    """The event time is made of a text, so no source has it."""
    lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
    events = lines.selectExpr("to_timestamp(substring(value, 1, 19)) AS time", "substring(value, 21) AS word")
    counts = events.withWatermark("time", "10 minutes").groupBy(F.window("time", "10 minutes"), "word").count()
    counts.writeStream.format("console").trigger(processingTime="1 second").start()


def test_event_times_that_are_made_on_the_way_are_shown_where_the_watermark_sees_them() -> None:
    texts = ["2024-01-01 10:02:00 dog", "2024-01-01 10:25:00 cat", "2024-01-01 10:03:00 dog"]
    arrivals = Replay([(0.5 + 2 * number, text) for number, text in enumerate(texts)])
    simulated = QuerySimulation(late_words, network={"localhost:9999": arrivals}).run(until=8)
    told = query_story(simulated.trace)
    shown = [(entry.text, entry.late) for step in told.steps for entry in step.entries]
    assert shown == [("dog", False), ("cat", False), ("dog", True)]
    assert told.has_times

"""One streaming program for each shape of a query that the tables of legality name, in PySpark's own API.

`SHAPES[name](spark, F)` builds the query; each is started in all three output modes. Most read the rate source, which
has a first batch at once; queries that die only once a watermark has moved read a file of rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data" / "structured"
ROWS = DATA / "rows"
RECORDING = DATA / "legality.json"
"""What PySpark 4.3 does with each shape in each mode, written by `tests.spark.record_legality`."""

MODES = ("append", "update", "complete")
JOINS = ("inner", "left_outer", "right_outer", "full_outer", "left_semi", "left_anti", "cross")
CONDITIONS = {
    "E": "lk = rk",
    "R": "lk = rk AND rt BETWEEN lt AND lt + INTERVAL 1 HOUR",
    "K": "lk = rk AND lt = rt",
    "upper": "lk = rk AND rt <= lt + INTERVAL 1 HOUR",
    "lower": "lk = rk AND rt >= lt",
}
"""Equality only, with a range, with an equality of times, and with either half of the range."""

Shape = Callable[[Any, Any], Any]
SHAPES: dict[str, Shape] = {}


def shape(build: Shape) -> Shape:
    """Register a query under its function's name."""
    SHAPES[build.__name__] = build
    return build


def events(spark: Any, prefix: str = "") -> Any:
    """A stream of a time, a key and a value, their names after `prefix`."""
    rows = spark.readStream.format("rate").option("rowsPerSecond", 1).load()
    columns = {"t": "timestamp", "k": "value % 3", "v": "value"}
    return rows.selectExpr(*(f"{expression} AS {prefix}{name}" for name, expression in columns.items()))


def marked(spark: Any, prefix: str = "") -> Any:
    """The same with a watermark of ten minutes."""
    return events(spark, prefix).withWatermark(f"{prefix}t", "10 minutes")


def moving(spark: Any, prefix: str = "") -> Any:
    """Rows from a file, with a watermark that the first batch moves."""
    rows = spark.readStream.schema("t TIMESTAMP, k LONG, v LONG").json(str(ROWS))
    return rows.selectExpr(*(f"{name} AS {prefix}{name}" for name in "tkv")).withWatermark(f"{prefix}t", "10 minutes")


def table(spark: Any, prefix: str = "") -> Any:
    """A table that is no stream, with a time and a key."""
    columns = {"t": "timestamp'2024-01-01 10:00:00'", "k": "id"}
    return spark.range(3).selectExpr(*(f"{expression} AS {prefix}{name}" for name, expression in columns.items()))


def windows(spark: Any, F: Any) -> Any:
    """Counts in windows of the watermark's column."""
    return marked(spark).groupBy(F.window("t", "10 minutes")).count()


@shape
def select(spark: Any, F: Any) -> Any:
    return events(spark).select("k", "v")


@shape
def filtered(spark: Any, F: Any) -> Any:
    return events(spark).where("v > 3")


@shape
def exploded(spark: Any, F: Any) -> Any:
    return events(spark).select(F.explode(F.array("k", "v")).alias("x"))


@shape
def union(spark: Any, F: Any) -> Any:
    return events(spark).union(events(spark))


@shape
def repartitioned(spark: Any, F: Any) -> Any:
    return events(spark).repartition(3)


@shape
def counted(spark: Any, F: Any) -> Any:
    return events(spark).groupBy("k").count()


@shape
def counted_without_keys(spark: Any, F: Any) -> Any:
    return marked(spark).groupBy().count()


@shape
def counted_beside_the_watermark(spark: Any, F: Any) -> Any:
    return marked(spark).groupBy("k").count()


@shape
def counted_by_the_watermark(spark: Any, F: Any) -> Any:
    return marked(spark).groupBy("t").count()


@shape
def counted_in_windows(spark: Any, F: Any) -> Any:
    return windows(spark, F)


@shape
def counted_in_windows_without_watermark(spark: Any, F: Any) -> Any:
    return events(spark).groupBy(F.window("t", "10 minutes")).count()


@shape
def watermark_after_the_aggregation(spark: Any, F: Any) -> Any:
    counts = events(spark).groupBy(F.window("t", "10 minutes")).count()
    return counts.selectExpr("window.start AS s", "count").withWatermark("s", "10 minutes")


@shape
def session_windows(spark: Any, F: Any) -> Any:
    return marked(spark).groupBy(F.session_window("t", "5 minutes"), "k").count()


@shape
def session_windows_without_another_key(spark: Any, F: Any) -> Any:
    return marked(spark).groupBy(F.session_window("t", "5 minutes")).count()


@shape
def duplicates_dropped(spark: Any, F: Any) -> Any:
    return events(spark).dropDuplicates(["k"])


@shape
def duplicates_dropped_by_the_watermark(spark: Any, F: Any) -> Any:
    return marked(spark).dropDuplicates(["k", "t"])


@shape
def distinct(spark: Any, F: Any) -> Any:
    return events(spark).select("k").distinct()


@shape
def distinct_in_sql(spark: Any, F: Any) -> Any:
    events(spark).createOrReplaceTempView("rows")
    return spark.sql("SELECT DISTINCT k FROM rows")


@shape
def duplicates_dropped_within_watermark(spark: Any, F: Any) -> Any:
    return marked(spark).dropDuplicatesWithinWatermark(["k"])


@shape
def duplicates_dropped_within_no_watermark(spark: Any, F: Any) -> Any:
    return events(spark).dropDuplicatesWithinWatermark(["k"])


@shape
def limited(spark: Any, F: Any) -> Any:
    return events(spark).limit(5)


@shape
def aggregation_limited(spark: Any, F: Any) -> Any:
    return events(spark).groupBy("k").count().limit(5)


@shape
def windows_limited(spark: Any, F: Any) -> Any:
    return windows(spark, F).limit(5)


@shape
def aggregation_sorted(spark: Any, F: Any) -> Any:
    return events(spark).groupBy("k").count().orderBy("count")


@shape
def windows_sorted(spark: Any, F: Any) -> Any:
    return windows(spark, F).orderBy("count")


@shape
def sorted_rows(spark: Any, F: Any) -> Any:
    return events(spark).orderBy("v")


@shape
def sorted_before_the_aggregation(spark: Any, F: Any) -> Any:
    return events(spark).orderBy("v").groupBy("k").count()


@shape
def windows_of_windows(spark: Any, F: Any) -> Any:
    return windows(spark, F).groupBy(F.window("window", "1 hour")).agg(F.sum("count").alias("n"))


@shape
def aggregation_of_an_aggregation(spark: Any, F: Any) -> Any:
    return events(spark).groupBy("k", "v").count().groupBy("k").agg(F.sum("count").alias("n"))


@shape
def aggregation_of_windows_by_another_key(spark: Any, F: Any) -> Any:
    return windows(spark, F).groupBy("count").agg(F.max("window").alias("last"))


@shape
def windows_of_an_unmarked_aggregation(spark: Any, F: Any) -> Any:
    counts = events(spark).groupBy("t", "k").count().withWatermark("t", "10 minutes")
    return counts.groupBy(F.window("t", "10 minutes")).agg(F.sum("count").alias("n"))


@shape
def duplicates_dropped_then_windows(spark: Any, F: Any) -> Any:
    return marked(spark).dropDuplicates(["k", "t"]).groupBy(F.window("t", "10 minutes")).count()


@shape
def duplicates_dropped_then_counted(spark: Any, F: Any) -> Any:
    return events(spark).dropDuplicates(["v"]).groupBy("k").count()


@shape
def distinct_then_counted(spark: Any, F: Any) -> Any:
    return events(spark).select("k", "v").distinct().groupBy("k").count()


@shape
def windows_then_duplicates_dropped(spark: Any, F: Any) -> Any:
    return windows(spark, F).dropDuplicates(["window"])


@shape
def windows_then_duplicates_dropped_by_another_key(spark: Any, F: Any) -> Any:
    return windows(spark, F).dropDuplicates(["count"])


@shape
def windows_then_distinct(spark: Any, F: Any) -> Any:
    return windows(spark, F).distinct()


@shape
def windows_then_duplicates_dropped_within_watermark(spark: Any, F: Any) -> Any:
    return windows(spark, F).dropDuplicatesWithinWatermark(["count"])


@shape
def rolled_up(spark: Any, F: Any) -> Any:
    return events(spark).rollup("k", "v").count()


@shape
def windows_rolled_up(spark: Any, F: Any) -> Any:
    return marked(spark).rollup(F.window("t", "10 minutes"), "k").count()


@shape
def cubed(spark: Any, F: Any) -> Any:
    return events(spark).cube("k", "v").count()


@shape
def grouping_sets(spark: Any, F: Any) -> Any:
    events(spark).createOrReplaceTempView("rows")
    return spark.sql("SELECT k, v, count(*) AS n FROM rows GROUP BY k, v GROUPING SETS ((k), (v))")


@shape
def no_stream(spark: Any, F: Any) -> Any:
    return table(spark)


@shape
def distinct_counted(spark: Any, F: Any) -> Any:
    return events(spark).groupBy("k").agg(F.countDistinct("v").alias("n"))


@shape
def distinct_summed(spark: Any, F: Any) -> Any:
    return events(spark).groupBy("k").agg(F.expr("sum(DISTINCT v)").alias("n"))


@shape
def about_distinct_counted(spark: Any, F: Any) -> Any:
    return events(spark).groupBy("k").agg(F.approx_count_distinct("v").alias("n"))


@shape
def ranked(spark: Any, F: Any) -> Any:
    return events(spark).selectExpr("k", "row_number() OVER (PARTITION BY k ORDER BY v) AS r")


@shape
def counts_ranked(spark: Any, F: Any) -> Any:
    return events(spark).groupBy("k").count().selectExpr("k", "row_number() OVER (ORDER BY count) AS r")


@shape
def sampled(spark: Any, F: Any) -> Any:
    return events(spark).sample(0.5)


@shape
def numbered(spark: Any, F: Any) -> Any:
    return events(spark).select("k", F.monotonically_increasing_id().alias("i"))


@shape
def rows_skipped(spark: Any, F: Any) -> Any:
    return events(spark).offset(2)


@shape
def union_with_a_table(spark: Any, F: Any) -> Any:
    return events(spark).select("k").union(table(spark).select("k"))


@shape
def stream_except_stream(spark: Any, F: Any) -> Any:
    return events(spark).select("k").subtract(events(spark).select("k"))


@shape
def table_except_stream(spark: Any, F: Any) -> Any:
    return table(spark).select("k").subtract(events(spark).select("k"))


@shape
def stream_except_table(spark: Any, F: Any) -> Any:
    return events(spark).select("k").subtract(table(spark).select("k"))


@shape
def stream_intersect_stream(spark: Any, F: Any) -> Any:
    return events(spark).select("k").intersect(events(spark).select("k"))


@shape
def stream_intersect_table(spark: Any, F: Any) -> Any:
    return events(spark).select("k").intersect(table(spark).select("k"))


@shape
def in_a_stream(spark: Any, F: Any) -> Any:
    events(spark).createOrReplaceTempView("rows")
    table(spark).createOrReplaceTempView("names")
    return spark.sql("SELECT k FROM rows WHERE k IN (SELECT v FROM rows)")


@shape
def in_a_table(spark: Any, F: Any) -> Any:
    events(spark).createOrReplaceTempView("rows")
    table(spark).createOrReplaceTempView("names")
    return spark.sql("SELECT k FROM rows WHERE k IN (SELECT k FROM names)")


@shape
def pivoted(spark: Any, F: Any) -> Any:
    return events(spark).groupBy("k").pivot("v", [1, 2]).count()


@shape
def windows_pivoted(spark: Any, F: Any) -> Any:
    return marked(spark).groupBy(F.window("t", "10 minutes")).pivot("k", [1, 2]).count()


@shape
def watermark_twice(spark: Any, F: Any) -> Any:
    return moving(spark).withWatermark("t", "5 minutes").groupBy(F.window("t", "10 minutes")).count()


@shape
def watermark_twice_without_state(spark: Any, F: Any) -> Any:
    return moving(spark).withWatermark("t", "5 minutes")


@shape
def two_event_times_counted(spark: Any, F: Any) -> Any:
    joined = moving(spark, "l").join(moving(spark, "r"), F.expr("lk = rk AND lt = rt"))
    return joined.groupBy(F.window("lt", "10 minutes")).count()


@shape
def two_event_times_deduplicated(spark: Any, F: Any) -> Any:
    joined = moving(spark, "l").join(moving(spark, "r"), F.expr("lk = rk AND lt = rt"))
    return joined.dropDuplicates(["lk"])


@shape
def two_windows(spark: Any, F: Any) -> Any:
    return events(spark).groupBy(F.window("t", "10 minutes").alias("a"), F.window("t", "5 minutes").alias("b")).count()


def join_of_streams(how: str, condition: str, marks: str) -> Shape:
    """Two streams joined; `marks` names the sides with a watermark."""

    def build(spark: Any, F: Any) -> Any:
        left = (marked if "l" in marks else events)(spark, "l")
        right = (marked if "r" in marks else events)(spark, "r")
        return left.join(right, F.expr(CONDITIONS[condition]), how)

    return build


def join_with_table(how: str, stream_is_left: bool) -> Shape:
    """A stream and a table joined."""

    def build(spark: Any, F: Any) -> Any:
        left, right = (
            (events(spark, "l"), table(spark, "r")) if stream_is_left else (table(spark, "l"), events(spark, "r"))
        )
        return left.join(right, F.expr("lk = rk"), how)

    return build


def join_counted(how: str) -> Shape:
    """A join of two streams, counted in windows of the event time that is left."""

    def build(spark: Any, F: Any) -> Any:
        joined = join_of_streams(how, "R", "lr")(spark, F)
        time = "rt" if how == "right_outer" else "lt"
        return joined.select(time, "lk").groupBy(F.window(time, "10 minutes")).count()

    return build


@shape
def windows_joined(spark: Any, F: Any) -> Any:
    left = moving(spark, "l").groupBy(F.window("lt", "10 minutes").alias("lw")).agg(F.count("*").alias("ln"))
    right = moving(spark, "r").groupBy(F.window("rt", "10 minutes").alias("rw")).agg(F.count("*").alias("rn"))
    return left.join(right, F.expr("lw = rw"))


@shape
def windows_joined_with_a_stream(spark: Any, F: Any) -> Any:
    left = moving(spark, "l").groupBy(F.window("lt", "10 minutes").alias("lw")).agg(F.count("*").alias("n"))
    return left.join(moving(spark, "r"), F.expr("n = rk AND rt >= lw.start"))


@shape
def duplicates_dropped_then_joined(spark: Any, F: Any) -> Any:
    left = moving(spark, "l").dropDuplicates(["lk", "lt"])
    return left.join(moving(spark, "r"), F.expr(CONDITIONS["R"]))


@shape
def join_of_a_join(spark: Any, F: Any) -> Any:
    joined = moving(spark, "l").join(moving(spark, "r"), F.expr(CONDITIONS["R"])).drop("rt")
    return joined.join(events(spark, "c"), F.expr("lk = ck"))


@shape
def join_without_equality(spark: Any, F: Any) -> Any:
    return marked(spark, "l").join(marked(spark, "r"), F.expr("rt BETWEEN lt AND lt + INTERVAL 1 HOUR"))


@shape
def cross_join_of_streams(spark: Any, F: Any) -> Any:
    return events(spark, "l").crossJoin(events(spark, "r"))


def stateful(mode: str, timeout: str = "NoTimeout", times: int = 1, then: str = "") -> Shape:
    """A Python function with a state per key, `times` one after the other; `then`: counted or before."""

    def nothing(key: Any, frames: Any, state: Any) -> Any:
        return iter(())

    def build(spark: Any, F: Any) -> Any:
        frame = marked(spark) if timeout == "EventTimeTimeout" and then != "unmarked" else events(spark)
        if then == "before":
            frame = frame.groupBy("k").count()
        for _ in range(times):
            frame = frame.groupBy("k").applyInPandasWithState(nothing, "k LONG", "n LONG", mode, timeout)
        return frame.groupBy("k").count() if then == "counted" else frame

    return build


SHAPES |= {
    "state_in_append": stateful("append"),
    "state_in_update": stateful("update"),
    "state_with_event_time": stateful("append", "EventTimeTimeout"),
    "state_with_event_time_without_watermark": stateful("append", "EventTimeTimeout", then="unmarked"),
    "state_in_append_then_counted": stateful("append", then="counted"),
    "state_in_update_then_counted": stateful("update", then="counted"),
    "state_with_event_time_then_counted": stateful("append", "EventTimeTimeout", then="counted"),
    "counted_then_state_in_append": stateful("append", then="before"),
    "counted_then_state_in_update": stateful("update", then="before"),
    "state_twice": stateful("append", times=2),
}
MARKS = {"none": "", "left": "l", "right": "r", "both": "lr"}
SHAPES |= {
    f"streams_{how}_{condition}_{sides}": join_of_streams(how, condition, marks)
    for how in JOINS[:-1]
    for condition in CONDITIONS
    for sides, marks in MARKS.items()
    if condition in "ERK" or sides == "both"
}
SHAPES |= {
    f"{'stream_table' if stream_is_left else 'table_stream'}_{how}": join_with_table(how, stream_is_left)
    for stream_is_left in (True, False)
    for how in JOINS
}
SHAPES |= {f"streams_{how}_counted": join_counted(how) for how in JOINS[:5]}


def recorded() -> dict[str, dict[str, str]]:
    """The recording: outcomes by shape and mode."""
    found: dict[str, dict[str, str]] = json.loads(RECORDING.read_text(encoding="utf-8"))
    return found


def conditions_of(error: BaseException) -> list[str]:
    """Spark's names of what went wrong, without those that stand for no name (they begin with an underscore)."""
    return [name for name in re.findall(r"\[([A-Z][A-Z_.]+[A-Z])\]", str(error)) if "_" in name]


def outcome(name: str, mode: str, spark: Any, F: Any) -> str:
    """What happens to a query: `ok`, or `phase class condition` of its refusal, in one line.

    The phase is `build`, `start` or `run`; a query of the last dies although it was started.
    """
    phase = "build"
    try:
        frame = SHAPES[name](spark, F)
        phase = "start"
        writer = frame.writeStream.outputMode(mode).format("memory").queryName(f"{name}_{mode}")
        query = writer.trigger(availableNow=True).start()
        phase = "run"
        query.awaitTermination()
    except Exception as error:
        return " ".join([phase, type(error).__name__, *dict.fromkeys(conditions_of(error))])
    return "ok"

"""What users can see of an optimizer: which rows reach a watermark, and which conditions a join of streams has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sparksim.sql import SparkSession
from sparksim.sql import functions as F
from sparksim.sql.frame import DataFrame
from sparksim.sql.plan.nodes import StreamJoin
from sparksim.sql.plan.optimizer import optimized
from sparksim.sql.plan.text import plan_text
from tests.sql.plan.conftest import Stream

E = ["Watermark ts 600000 ms [ts*, k, v]", "  Scan memory [ts, k, v]"]
R = ["Watermark rt 300000 ms [rt*, rk, rv]", "  Scan memory [rt, rk, rv]"]


def under(*lines: str) -> list[str]:
    return [f"  {line}" for line in lines]


def below(watermark: list[str], *conditions: str) -> list[str]:
    """The watermark over the stream's rows for which these conditions hold, the last one first."""
    mark, scan = watermark
    columns = scan.partition(" memory ")[2]
    filters = [f"{'  ' * at}Query where {each} {columns}" for at, each in enumerate(reversed(conditions), 1)]
    return [mark, *filters, "  " * len(conditions) + scan]


PROGRAMS: list[tuple[Callable[[DataFrame, DataFrame], DataFrame], list[str]]] = [
    (lambda e, _: e.filter("k <> 'x'"), below(E, "this.k <> 'x'")),
    (lambda e, _: e.filter("ts > '2024-01-01'"), ["Query where this.ts > '2024-01-01' [ts*, k, v]", *under(*E)]),
    (lambda e, _: e.filter("rand() > 0.5"), ["Query where rand() > 0.5 [ts*, k, v]", *under(*E)]),
    (
        lambda e, _: e.filter("v > 1 AND ts > '2024-01-01' AND (k = 'a' OR k = 'b')"),
        [
            "Query where this.ts > '2024-01-01' [ts*, k, v]",
            *under(*below(E, "this.v > 1", "this.k = 'a' OR this.k = 'b'")),
        ],
    ),
    (
        lambda e, _: e.select("ts", (F.col("v") + 1).alias("u")).filter("u * 2 > 2"),
        ["Query [ts*, u]", *under(*below(E, "(this.v + 1) * 2 > 2"))],
    ),
    (
        lambda e, _: e.selectExpr("ts", "explode(array(v, 2)) AS u").filter("u > 1"),
        ["Query where this.u > 1 [ts*, u]", "  Query [ts*, u]", *under(*under(*E))],
    ),
    (
        lambda e, _: e.filter("v > 1").groupBy("k").count(),
        ["Aggregate by (this.k) [k, count]", *under(*below(E, "this.v > 1"))],
    ),
    (
        lambda e, _: e.groupBy("k").count().filter("k > 'a'"),
        ["Aggregate by (this.k) [k, count]", *under(*below(E, "this.k > 'a'"))],
    ),
    (
        lambda e, _: e.union(e.filter("ts > '2024-01-01'")).filter("v > 1"),
        [
            "Union [ts*, k, v]",
            *under(*below(E, "this.v > 1")),
            "  Query where this.ts > '2024-01-01' [ts*, k, v]",
            *under(*under(*below(E, "this.v > 1"))),
        ],
    ),
    (
        lambda e, r: e.crossJoin(r).filter("k = rk AND v > 1 AND ts < rt"),
        [
            "StreamJoin inner on this.k = other.rk AND this.ts < other.rt [ts*, k, v, rt*, rk, rv]",
            *under(*below(E, "this.v > 1", "NOT this.k IS NULL"), *below(R, "NOT this.rk IS NULL")),
        ],
    ),
    (
        lambda e, r: e.join(r, F.expr("k = rk AND rv > 5 AND rt > ts"), "left").filter("rv > 7 AND v > 1"),
        [
            "Query where this.rv > 7 [ts*, k, v, rt*, rk, rv]",
            "  StreamJoin left on this.k = other.rk AND other.rv > 5 AND other.rt > this.ts [ts*, k, v, rt*, rk, rv]",
            *under(
                *under(
                    *below(E, "this.v > 1"),
                    *below(R, "this.rv > 5", "NOT this.rk IS NULL", "NOT this.rv IS NULL"),
                )
            ),
        ],
    ),
    (
        lambda e, r: e.join(r, F.expr("k = rk"), "full"),
        ["StreamJoin full on this.k = other.rk [ts*, k, v, rt*, rk, rv]", *under(*E, *R)],
    ),
    (
        lambda e, r: e.join(r, F.expr("k = rk"), "right"),
        [
            "StreamJoin right on this.k = other.rk [ts*, k, v, rt*, rk, rv]",
            *under(*below(E, "NOT this.k IS NULL"), *R),
        ],
    ),
]


@pytest.mark.parametrize(
    ("how", "filters"), [("inner", ["NOT this.k IS NULL"]), ("left", []), ("semi", ["NOT this.k IS NULL"])]
)
def test_keys_of_a_join_with_a_table_are_not_null(
    spark: SparkSession, frames: tuple[DataFrame, DataFrame], how: str, filters: list[str]
) -> None:
    table = spark.createDataFrame([], "k string, n int")
    [query, *rest] = plan_text(optimized(frames[0].join(table, "k", how).filter("v > 1")._plan)).split("\n")
    assert query.startswith("Query")
    assert rest == [*under(*below(E, "this.v > 1", *filters)), "  Static [k, n]"]


@pytest.fixture
def frames(stream: Stream) -> tuple[DataFrame, DataFrame]:
    return (
        stream("ts timestamp, k string, v int").withWatermark("ts", "10 minutes"),
        stream("rt timestamp, rk string, rv int").withWatermark("rt", "5 minutes"),
    )


@pytest.mark.parametrize("at", range(len(PROGRAMS)))
def test_filters_go_below_watermarks_and_into_joins(frames: tuple[DataFrame, DataFrame], at: int) -> None:
    program, expected = PROGRAMS[at]
    assert plan_text(optimized(program(*frames)._plan)).split("\n") == expected


def test_a_plan_with_nothing_to_move_stays_the_same_node(frames: tuple[DataFrame, DataFrame]) -> None:
    plan = frames[0].groupBy("k").count()._plan
    assert optimized(plan) is plan


def test_a_node_read_twice_stays_one_node(frames: tuple[DataFrame, DataFrame]) -> None:
    counted = frames[0].filter("v > 1").select("k", "v")
    plan = optimized(counted.alias("a").join(counted.alias("b"), F.expr("a.v > b.v"), "full")._plan)
    assert isinstance(plan, StreamJoin)
    left, right = plan.children
    assert left is right

"""What nodes a text of SQL becomes. `*` follows columns that carry an event time."""

from __future__ import annotations

import pytest

from sparksim.sql import SparkSession
from sparksim.sql.plan import nodes
from sparksim.sql.plan.text import plan_text
from sparksim.sql.utils import AnalysisException, ParseException

E = ["Watermark ts 600000 ms [ts*, k, v]", "  Scan memory [ts, k, v]"]
R = ["Watermark rt 300000 ms [rt*, rk, rv]", "  Scan memory [rt, rk, rv]"]


def under(*lines: str) -> list[str]:
    return [f"  {line}" for line in lines]


CASES = {
    "SELECT * FROM e": E,
    "SELECT k AS key, ts FROM e WHERE v > 1": ["Query where e.v > 1 [key, ts*]", *under(*E)],
    "SELECT v + 1 AS w, w * 2 AS x FROM e": ["Query [w, x]", *under(*E)],
    "SELECT mean(v) AS m FROM e": ["Aggregate by () [m]", *under(*E)],
    "SELECT k, count(*) FROM e GROUP BY k": ["Aggregate by (e.k) [k, count(1)]", *under(*E)],
    "SELECT sum(v) AS s FROM e": ["Aggregate by () [s]", *under(*E)],
    "SELECT k, v + 1 AS u, max(ts) AS m FROM e GROUP BY 1, u": [
        "Aggregate by (e.k, e.v + 1) [k, u, m]",
        *under(*E),
    ],
    "SELECT k, sum(v) AS s FROM e GROUP BY k HAVING s > 1 AND count(*) > 2": [
        "Aggregate by (e.k) having sum(e.v) > 1 AND count(*) > 2 [k, s]",
        *under(*E),
    ],
    "SELECT k, v, count(*) AS n FROM e GROUP BY ROLLUP (k, v)": [
        "Aggregate by (e.k, e.v) sets [[0, 1], [0], []] [k, v, n]",
        *under(*E),
    ],
    "SELECT k, v, count(*) AS n FROM e GROUP BY k, v WITH CUBE": [
        "Aggregate by (e.k, e.v) sets [[0, 1], [0], [1], []] [k, v, n]",
        *under(*E),
    ],
    "SELECT k, v, count(*) AS n FROM e GROUP BY GROUPING SETS ((k, v), v)": [
        "Aggregate by (e.k, e.v) sets [[0, 1], [1]] [k, v, n]",
        *under(*E),
    ],
    "SELECT window, count(*) AS n FROM e GROUP BY window(ts, '10 minutes')": [
        "Aggregate by (window(e.ts, 600 s)) where NOT e.ts IS NULL [window*, n]",
        *under(*E),
    ],
    "SELECT window.start AS s, k FROM e GROUP BY window(ts, '10 minutes', '5 minutes'), k": [
        "Aggregate by (window(e.ts, 600 s, 300 s, 0 s), e.k) [s, k]",
        *under(*E),
    ],
    "SELECT session_window, k, count(*) AS n FROM e GROUP BY session_window(ts, '5 minutes'), k": [
        "Aggregate by (session_window(e.ts, to_microseconds(300000000)), e.k) where NOT e.ts IS NULL "
        "[session_window*, k, n]",
        *under(*E),
    ],
    "SELECT DISTINCT k FROM e LIMIT 3": [
        "Limit 3 [k]",
        "  Aggregate by (this.k) [k]",
        "    Query [k]",
        *under(*under(*under(*E))),
    ],
    "SELECT k, count(*) AS c FROM e GROUP BY k ORDER BY c DESC": [
        "Sort c DESC [k, c]",
        "  Aggregate by (e.k) [k, c]",
        *under(*under(*E)),
    ],
    "SELECT k FROM e GROUP BY k ORDER BY max(v)": [
        "Query [k]",
        "  Sort __order_0 [k, __order_0]",
        "    Aggregate by (e.k) [k, __order_0]",
        *under(*under(*under(*E))),
    ],
    "SELECT * FROM e OFFSET 2": ["Refused offset [ts*, k, v]", *under(*E)],
    "SELECT * FROM e TABLESAMPLE (10 PERCENT)": ["Refused sample [ts*, k, v]", *under(*E)],
    "SELECT * FROM e EXCEPT SELECT * FROM r": ["SetOperation except [ts*, k, v]", *under(*E, *R)],
    "SELECT * FROM r UNION ALL SELECT * FROM e UNION ALL SELECT * FROM e": [
        "Union [rt*, rk, rv]",
        *under(*R, *E, *E),
    ],
    "SELECT k FROM e UNION SELECT rk FROM r": [
        "Aggregate by (this.k) [k]",
        "  Union [k]",
        "    Query [k]",
        *under(*under(*under(*E))),
        "    Query [rk]",
        *under(*under(*under(*R))),
    ],
    "WITH q AS (SELECT k, v FROM e), p AS (SELECT k FROM q) SELECT count(*) AS n FROM p": [
        "Aggregate by () [n]",
        "  Query [k]",
        "    Query [k, v]",
        *under(*under(*under(*E))),
    ],
    "SELECT s FROM (SELECT sum(v) AS s FROM e) WHERE s > 1": [
        "Query where subquery_2.s > 1 [s]",
        "  Aggregate by () [s]",
        *under(*under(*E)),
    ],
    "SELECT k, explode(array(1, 2)) AS x FROM e": ["Query [k, x]", *under(*E)],
    "SELECT * FROM e LATERAL VIEW explode(array(1, 2)) z AS y": [
        "Query LATERAL VIEW explode(array(1, 2)) z AS y [ts*, k, v, y]",
        *under(*E),
    ],
    # joins with tables
    "SELECT * FROM e JOIN st USING (k)": [
        "Query JOIN st ON e.k = st.k [k, ts*, v, n]",
        *under(*E, "Static [k, n]"),
    ],
    "SELECT * FROM st RIGHT JOIN e USING (k)": [
        "Query RIGHT OUTER JOIN e ON st.k = e.k [k, n, ts*, v]",
        *under(*E, "Static [k, n]"),
    ],
    "SELECT k FROM e LEFT ANTI JOIN st ON e.k = st.k": [
        "Query LEFT ANTI JOIN st ON e.k = st.k [k]",
        *under(*E, "Static [k, n]"),
    ],
    "SELECT n, count(*) AS c FROM e, st WHERE e.k = st.k GROUP BY n": [
        "Aggregate by (st.n) CROSS JOIN st where e.k = st.k [n, c]",
        *under(*E, "Static [k, n]"),
    ],
    "SELECT * FROM e WHERE k IN (SELECT k FROM st)": [
        "Query where e.k IN (SELECT k AS k FROM static_1 AS st) [ts*, k, v]",
        *under(*E, "Static [k, n]"),
    ],
    # joins of two streams
    "SELECT * FROM e JOIN r ON k = rk AND rt >= ts": [
        "StreamJoin inner on e.k = r.rk AND r.rt >= e.ts [ts*, k, v, rt*, rk, rv]",
        *under(*E, *R),
    ],
    "SELECT * FROM e LEFT SEMI JOIN r ON k = rk": ["StreamJoin semi on e.k = r.rk [ts*, k, v]", *under(*E, *R)],
    "SELECT v, rv FROM e FULL OUTER JOIN r ON k = rk": [
        "Query POSITIONAL JOIN r [v, rv]",
        "  StreamJoin full on e.k = r.rk [ts*, k, v, rt*, rk, rv]",
        *under(*under(*E, *R)),
    ],
    "SELECT * FROM e a JOIN e b USING (k)": [
        "Query POSITIONAL JOIN b [k, ts*, v, ts*, v]",
        "  StreamJoin inner on a.k = b.k [ts*, k, v, ts*, k, v]",
        *under(*under(*E, *E)),
    ],
    "SELECT k, n, rv FROM e JOIN st USING (k) JOIN r ON k = rk AND n > rv": [
        "Query POSITIONAL JOIN st POSITIONAL JOIN r [k, n, rv]",
        "  StreamJoin inner on e.k = r.rk AND st.n > r.rv [ts*, k, v, k, n, rt*, rk, rv]",
        "    Query JOIN st ON e.k = st.k [ts*, k, v, k, n]",
        *under(*under(*under(*E, "Static [k, n]"), *R)),
    ],
}


@pytest.mark.parametrize("text", CASES)
def test_a_text_becomes_nodes(views: SparkSession, text: str) -> None:
    assert plan_text(views.sql(text)._plan).split("\n") == CASES[text]


def test_a_text_over_tables_only_is_no_stream(views: SparkSession) -> None:
    frame = views.sql("SELECT n FROM st")
    assert not frame.isStreaming
    assert isinstance(frame._plan, nodes.Static)
    assert [row.n for row in frame.collect()] == [1]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("SELECT * FROM e LEFT JOIN st USING (k)", [("left", True)]),
        ("SELECT * FROM st LEFT JOIN e USING (k)", [("left", False)]),
        ("SELECT * FROM e LEFT SEMI JOIN st USING (k) CROSS JOIN st s", [("semi", True), ("cross", True)]),
    ],
)
def test_a_from_tells_how_the_stream_stands_to_tables(
    views: SparkSession, text: str, kinds: list[tuple[str, bool]]
) -> None:
    plan = views.sql(text)._plan
    assert isinstance(plan, nodes.Query)
    assert [(join.kind, join.stream_is_left) for join in plan.source.static_joins] == kinds


def test_what_no_stream_may_do_is_in_the_trees(views: SparkSession) -> None:
    ranked = views.sql("SELECT row_number() OVER (PARTITION BY k ORDER BY ts) AS n FROM e")._plan
    counted = views.sql("SELECT count(DISTINCT k) AS n FROM e")._plan
    assert isinstance(ranked, nodes.Query)
    assert type(ranked.columns[0]).__name__ == "Window"
    assert isinstance(counted, nodes.Aggregate)
    assert "DISTINCT" in counted.columns[0].sql()


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("SELECT nope FROM e", AnalysisException, r"\[UNRESOLVED_COLUMN.WITH_SUGGESTION\] .*`nope`.* e\(ts, k, v\)"),
        ("SELECT * FROM nope, e", AnalysisException, r"\[TABLE_OR_VIEW_NOT_FOUND\]"),
        ("SELECT k, v, count(*) FROM e GROUP BY k", AnalysisException, r"\[MISSING_AGGREGATION\]"),
        ("SELECT k FROM e WHERE", ParseException, r"\[PARSE_SYNTAX_ERROR\]"),
        ("SELECT * FROM st WHERE k IN (SELECT k FROM e)", AnalysisException, "a query inside an expression"),
        ("SELECT * FROM e WHERE k IN (SELECT rk FROM r)", AnalysisException, "a query inside an expression"),
        (
            "SELECT count(*) FROM e GROUP BY window(ts, '1 minute'), window(ts, '2 minutes')",
            AnalysisException,
            "one window of time only",
        ),
    ],
)
def test_errors_come_when_the_text_is_read(views: SparkSession, text: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        views.sql(text)

"""Rules about single operators: what no stream may do, or only in some output modes."""

from __future__ import annotations

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import Deduplicate, Limit, Plan, Refused, SetOperation, Sort, Union
from sparksim.sql.streaming.legality.questions import aggregates, calls, found_in
from sparksim.sql.streaming.legality.refusal import Asked, Refusal, Rule

_REFUSED = {
    "offset": Refusal(
        "OFFSET is not supported on a stream",
        "a stream has no order that lasts, so which rows are the first ones would change from run to run",
        "filter by a column, or skip rows of each batch in foreachBatch",
    ),
    "sample": Refusal(
        "Sampling is not supported on a stream",
        "the draw starts anew in each batch, so a batch that is run again after a failure would give other rows",
        "filter by a hash of a key, such as hash(k) % 10 = 0, which chooses the same rows each time",
    ),
    "pivot": Refusal(
        "A pivot of a stream is not supported",
        "it is one aggregation on top of another, and the second would drop as late what the first gives early",
        "write one aggregate per value, such as count(CASE WHEN k = 1 THEN 1 END), or pivot in foreachBatch",
    ),
    "cogroup": Refusal(
        "Cogrouping streams is not supported",
        "a group is complete only when both streams have ended",
        "join the streams with a watermark and a time range",
    ),
}


def _refused(what: str) -> Refusal:
    return _REFUSED.get(what) or Refusal(
        f"{what} is not supported on a stream",
        "it needs all rows at once, and a stream is never complete",
        "do it to each batch in foreachBatch",
    )


def batch_only(node: Plan, asked: Asked) -> Refusal | None:
    """offset, sample, pivot, cogroup and other operators of whole tables."""
    return _refused(node.what) if isinstance(node, Refused) else None


def no_distinct_aggregates(node: Plan, asked: Asked) -> Refusal | None:
    """count(DISTINCT v) would have to keep every value of every group."""
    function = sqlglot().exp.AggFunc
    if not any(isinstance(found.parent, function) for found in found_in(node, "Distinct")):
        return None
    return Refusal(
        "count(DISTINCT ...) and other distinct aggregates are not supported on a stream",
        "all values that each group has ever seen would have to be kept, without an end",
        "use approx_count_distinct, or dropDuplicates before groupBy",
    )


def no_window_functions(node: Plan, asked: Asked) -> Refusal | None:
    """OVER (...): rows compared with rows that have not come yet."""
    if not found_in(node, "Window"):
        return None
    return Refusal(
        "A window function (OVER ...) is not supported on a stream",
        "rank, row number and neighbours of a row change with every row that comes later",
        "group by window(time, ...) and aggregate, or use OVER on each batch in foreachBatch",
        "NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING",
    )


def no_running_numbers(node: Plan, asked: Asked) -> Refusal | None:
    """monotonically_increasing_id() starts again at 0 in each batch."""
    if not calls(node, "monotonically_increasing_id"):
        return None
    return Refusal(
        "monotonically_increasing_id() is not supported on a stream",
        "it counts from 0 in each partition of each batch, so numbers would come again and again",
        "use a key of the rows, or uuid()",
    )


def no_union_with_a_table(node: Plan, asked: Asked) -> Refusal | None:
    """A union's inputs are all streams."""
    if not isinstance(node, Union) or all(part.is_streaming for part in node.inputs):
        return None
    return Refusal(
        "A union of a stream and a table is not supported",
        "the table's rows would come anew with each batch, or only with the first: nothing says which",
        "write the table's rows once with a batch query, or put them where the stream reads",
    )


def no_stream_to_except(node: Plan, asked: Asked) -> Refusal | None:
    """EXCEPT with a stream on the right."""
    if not isinstance(node, SetOperation) or node.kind != "except" or not node.inputs[1].is_streaming:
        return None
    return Refusal(
        "EXCEPT with a stream on the right is not supported",
        "a row that was given may come on the right later, and cannot be taken back",
        "join with LEFT JOIN, a watermark and a time range, and keep the rows whose right side is null",
    )


def no_intersection(how_many: int) -> Rule:
    """INTERSECT with at least so many streams."""

    def rule(node: Plan, asked: Asked) -> Refusal | None:
        if not isinstance(node, SetOperation) or node.kind != "intersect":
            return None
        if sum(part.is_streaming for part in node.inputs) < how_many:
            return None
        return Refusal(
            "INTERSECT is not supported on a stream",
            "every row of a stream would have to be kept, since its equal may always come later",
            "join on all columns, for two streams with a watermark and a time range",
        )

    return rule


def no_limit_in(*modes: str) -> Rule:
    """L: LIMIT counts the rows of the whole query, once and for all."""

    def rule(node: Plan, asked: Asked) -> Refusal | None:
        if not isinstance(node, Limit) or asked.mode not in modes:
            return None
        return Refusal(
            f"LIMIT is not supported in {asked.mode} output mode",
            "the first rows of the query stay the first ones for ever, and in this mode a row may come again changed",
            "limit each batch in foreachBatch, or the table that the sink writes",
        )

    return rule


def sorts_only_whole_results(node: Plan, asked: Asked) -> Refusal | None:
    """O: only complete mode, after an aggregation, gives the whole result at once."""
    if not isinstance(node, Sort) or (asked.mode == "complete" and aggregates(node)):
        return None
    return Refusal(
        "Sorting a stream is not supported, unless after an aggregation in complete output mode",
        "a row that comes later may belong before rows that were given already",
        "aggregate and use complete output mode, or sort each batch in foreachBatch",
    )


def within_needs_a_watermark(node: Plan, asked: Asked) -> Refusal | None:
    """dropDuplicatesWithinWatermark forgets a key a delay after its first event time."""
    if not isinstance(node, Deduplicate) or not node.within or node.child.event_time is not None:
        return None
    return Refusal(
        "dropDuplicatesWithinWatermark is not supported without a watermark",
        "a key is forgotten when the watermark has passed its event time by the delay, and there is neither",
        "call withWatermark on the event time first, or use dropDuplicates and keep all keys for ever",
    )


def no_deduplication_of_groups(node: Plan, asked: Asked) -> Refusal | None:
    """Spark 2.3: dropDuplicates comes before the aggregation."""
    if not isinstance(node, Deduplicate) or not aggregates(node):
        return None
    return Refusal(
        "dropDuplicates after an aggregation of a stream is not supported by Spark 2.3",
        "an aggregation gives a group again whenever it changes, and each would count as another row",
        "drop duplicates before you aggregate, or use the rules of the current Spark",
    )

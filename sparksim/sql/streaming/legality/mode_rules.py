"""Rules about the output mode and the query as a whole: asked before any operator is looked at."""

from __future__ import annotations

from sparksim.sql.plan.nodes import Aggregate, Deduplicate, GroupState, Plan, StreamJoin
from sparksim.sql.streaming.legality.questions import aggregates, below, has_marked_key, nodes_of
from sparksim.sql.streaming.legality.refusal import OUTPUT_MODE, Asked, Refusal


def needs_a_stream(plan: Plan, asked: Asked) -> Refusal | None:
    """`writeStream` is for streams."""
    if plan.is_streaming:
        return None
    return Refusal(
        "This query reads no stream, so writeStream cannot run it",
        "a streaming query runs again whenever a stream has new rows, and a table never says that it has",
        "read one of the inputs with spark.readStream, or write this result once with df.write",
        "WRITE_STREAM_NOT_ALLOWED",
    )


def append_needs_a_marked_key(plan: Plan, asked: Asked) -> Refusal | None:
    """A: append mode gives a group once, when it can no longer change; only a watermark on a key says when."""
    found = aggregates(plan)
    if asked.mode != "append" or not found or has_marked_key(found[0]):
        return None
    return Refusal(
        "Append output mode is not supported for an aggregation whose keys have no watermark",
        "append gives each group once and for ever, when it is final, and without a watermark on one of the keys"
        " no group is ever final: nothing would ever come out and all groups would be kept",
        "call withWatermark on the event time before groupBy and group by that column or a window over it,"
        " or use update or complete output mode",
        OUTPUT_MODE,
    )


def sessions_have_no_update(plan: Plan, asked: Asked) -> Refusal | None:
    """S: a session that grows becomes another session."""
    if asked.mode != "update" or all(node.session is None for node in aggregates(plan)):
        return None
    return Refusal(
        "Update output mode is not supported for session windows",
        "a late row can lengthen a session or melt two into one, and a sink that was given the old ones has no key"
        " by which to take them back",
        "use append output mode, which gives a session when the watermark has passed its end, or complete",
        OUTPUT_MODE,
    )


def complete_needs_an_aggregation(plan: Plan, asked: Asked) -> Refusal | None:
    """C: the whole result can be given again only where it is kept, and that is in an aggregation."""
    if asked.mode != "complete" or aggregates(plan):
        return None
    return Refusal(
        "Complete output mode is not supported for a query without an aggregation",
        "complete gives the whole result in each batch, so all rows since the beginning would have to be kept",
        "use append output mode, or group the rows and aggregate them",
        OUTPUT_MODE,
    )


def chain_stays_correct(plan: Plan, asked: Asked) -> Refusal | None:
    """M: rows that an operator gives before they are final are late for the next one."""
    for node in filter(_has_event_state, nodes_of(plan)):
        early = next((each for each in below(node) if _gives_early(each, asked)), None)
        if early is not None:
            first, second = _name(early), _name(node)
            return Refusal(
                f"{second[0].upper()}{second[1:]} after {first} is not supported in {asked.mode} output mode",
                f"{first} gives rows that may be older than the watermark, and {second} would drop those as late:"
                " the result would be wrong without a word",
                "use append output mode with a watermark, where only final rows go on,"
                " or write the first result to a sink and read it with a second query",
            )
    return None


def one_aggregation(plan: Plan, asked: Asked) -> Refusal | None:
    """Spark 2.3 has one watermark for the whole query, so one aggregation."""
    if len(aggregates(plan)) < 2:
        return None
    return Refusal(
        "More than one aggregation of a stream in one query is not supported by Spark 2.3",
        "one watermark serves the whole query: what the first aggregation gives when its groups are final"
        " is older than it, and so late for the second",
        "write the first result to a sink and read it with a second query, or use the rules of the current Spark",
    )


def not_yet(plan: Plan, asked: Asked) -> Refusal | None:
    """What came after Spark 2.3."""
    for node in nodes_of(plan):
        name, since = _newcomer(node)
        if name:
            return Refusal(
                f"{name} is unknown to Spark 2.3",
                f"it came with Spark {since}",
                "use the rules of the current Spark, or write the query without it",
            )
    return None


def _newcomer(node: Plan) -> tuple[str, str]:
    if isinstance(node, Aggregate) and node.session is not None:
        return "session_window", "3.2"
    if isinstance(node, Deduplicate) and node.within:
        return "dropDuplicatesWithinWatermark", "3.5"
    if isinstance(node, GroupState) and node.form == "pandas":
        return "applyInPandasWithState", "3.4"
    return "", ""


def _has_event_state(node: Plan) -> bool:
    if isinstance(node, Deduplicate):
        return node.within or any(node.event_times[at] is not None for at in node.columns)
    return isinstance(node, Aggregate | GroupState | StreamJoin)


def _gives_early(node: Plan, asked: Asked) -> bool:
    if isinstance(node, GroupState):
        return node.timeout == "EventTimeTimeout"
    return isinstance(node, Aggregate) and asked.mode != "append"


def _name(node: Plan) -> str:
    if isinstance(node, Aggregate):
        return "an aggregation"
    if isinstance(node, Deduplicate):
        return "a deduplication"
    return "a join of two streams" if isinstance(node, StreamJoin) else "a function with event-time timeouts"

"""What Spark finds out only when it plans the first batch: the query is started, and dies.

(Spark: WatermarkPropagator, StatefulOperator's search for the event time, StreamingJoinStrategy.) A learner sees an
exception of the query and not of `start()`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sparksim.sql.plan.nodes import (
    Aggregate,
    Deduplicate,
    GroupState,
    Plan,
    SetOperation,
    StreamJoin,
    View,
    Watermark,
)
from sparksim.sql.streaming.legality.questions import has_marked_key, nodes_of
from sparksim.sql.streaming.legality.refusal import Asked, Refusal, Rule
from sparksim.sql.streaming.operators.join_condition import equi_keys
from sparksim.sql.utils import AnalysisException

_NEEDS_A_WATERMARK = "UNSUPPORTED_STREAMING_OPERATOR_WITHOUT_WATERMARK"


def check_at_run(plan: Plan, mode: str, rules: str = "current") -> None:
    """Let the first batch of a started query run, or raise the `AnalysisException` that ends the query.

    `rules` is `current` or `2.3`; Spark 2.3 lets a second watermark replace the first and uses the first event time.
    """
    refusal = dies_of(plan, mode, rules)
    if refusal is not None:
        raise AnalysisException(str(refusal))


def dies_of(plan: Plan, mode: str, rules: str = "current") -> Refusal | None:
    """Why a query that may start would die at once, or None when it would not."""
    asked = Asked(plan, mode)
    refusals = (rule(node, asked) for node in nodes_of(plan) for rule in AT_RUN[rules])
    return next((refusal for refusal in refusals if refusal is not None), None)


def no_second_watermark(node: Plan, asked: Asked) -> Refusal | None:
    """withWatermark twice on one branch."""
    if not isinstance(node, Watermark) or not _is_watched(node.child):
        return None
    return Refusal(
        "Redefining the watermark of a stream is not allowed",
        "operators below the second withWatermark would go by the first and those above it by the second,"
        " so what is late for one is on time for the other",
        "call withWatermark once, before the first stateful operator",
    )


def one_event_time(node: Plan, asked: Asked) -> Refusal | None:
    """Two columns with a watermark come into one operator that drops late rows."""
    if max(_marked_inputs(node), default=0) < 2:
        return None
    return Refusal(
        "More than one column with a watermark comes into one stateful operator",
        "a row may be late by one of the times and not by the other, and nothing says which one counts",
        "drop one of the columns before, or compute a new column from both and call withWatermark on that",
        "MULTIPLE_EVENT_TIME_COLUMNS",
    )


def join_has_an_equality(node: Plan, asked: Asked) -> Refusal | None:
    """A join of two streams finds its rows by a key; one that was written as a cross join never has one."""
    if not isinstance(node, StreamJoin) or (equi_keys(node) and node.kind != "cross"):
        return None
    return Refusal(
        "A join of two streams without an equality in its condition is not supported",
        "rows of both sides meet in the partition of their key; without one, each row would have to meet every other",
        "add an equality of a column of the left and one of the right stream",
    )


def session_has_another_key(node: Plan, asked: Asked) -> Refusal | None:
    """Sessions of all rows together would be one single chain."""
    if not isinstance(node, Aggregate) or node.session is None or len(node.keys) > 1:
        return None
    return Refusal(
        "A session window as the only key is not supported on a stream",
        "all rows would be sessions of one key, in one partition, and nearly always one endless session",
        "group by another column as well, such as the user whose session it is",
    )


def append_needs_marked_keys(node: Plan, asked: Asked) -> Refusal | None:
    """`start()` looks at the topmost aggregation only; those below need a watermark on a key just as well."""
    if asked.mode != "append":
        return None
    if isinstance(node, SetOperation):
        what = f"{node.kind.upper()}, which groups by all columns"
    elif isinstance(node, Aggregate) and not has_marked_key(node):
        what = "an aggregation whose keys have no watermark"
    else:
        return None
    return Refusal(
        f"Append output mode is not supported for {what}",
        "append gives each group once, when it is final, and without a watermark on a key no group ever is",
        "call withWatermark before and keep its column among the keys, or use update output mode",
        _NEEDS_A_WATERMARK,
    )


_COMMON: tuple[Rule, ...] = (join_has_an_equality, append_needs_marked_keys)
AT_RUN: Mapping[str, tuple[Rule, ...]] = {
    "current": (no_second_watermark, one_event_time, session_has_another_key, *_COMMON),
    "2.3": _COMMON,
}


def _is_watched(plan: Plan) -> bool:
    """Whether a watermark reaches this node's rows; a function with a state gives none on."""
    if isinstance(plan, GroupState):
        return False
    return isinstance(plan, Watermark) or any(_is_watched(child) for child in plan.children)


def _marked_inputs(node: Plan) -> list[int]:
    """How many marked columns come into each side of an operator that drops late rows."""
    if isinstance(node, Deduplicate):
        return [_marked(node.child)]
    if isinstance(node, GroupState):
        return [_marked(node.child)] if node.timeout == "EventTimeTimeout" else []
    if isinstance(node, StreamJoin):
        return [_marked_columns(node.left), _marked_columns(node.right)]
    return [sum(mark is not None for mark in node.key_times)] if isinstance(node, Aggregate) else []


def _marked(plan: Plan) -> int:
    return sum(mark is not None for mark in plan.event_times)


def _marked_columns(views: Mapping[str, View]) -> int:
    return sum(view.plan.event_times[at] is not None for view in views.values() for at in view.columns)

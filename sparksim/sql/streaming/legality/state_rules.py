"""Rules about functions with a state of their own: (flat)mapGroupsWithState and applyInPandasWithState.

Such a function says itself whether it gives each row once (append) or again when it changes (update).
"""

from __future__ import annotations

from sparksim.sql.plan.nodes import GroupState, Plan
from sparksim.sql.streaming.legality.questions import aggregates, nodes_of
from sparksim.sql.streaming.legality.refusal import Asked, Refusal


def maps_in_update_mode(node: Plan, asked: Asked) -> Refusal | None:
    """mapGroupsWithState gives a key's row again with each call."""
    if not isinstance(node, GroupState) or not node.is_map:
        return None
    if asked.mode == "update" and not aggregates(asked.plan):
        return None
    return Refusal(
        "mapGroupsWithState is supported only in update output mode and without an aggregation in the query",
        "each call gives the key's row anew, and an aggregation would count each of them",
        "use update output mode, or flatMapGroupsWithState in append mode, which gives a row when it is final",
    )


def function_fits_the_query(node: Plan, asked: Asked) -> Refusal | None:
    """The function's own mode is the query's; before an aggregation it is append."""
    if not isinstance(node, GroupState) or node.is_map:
        return None
    if not aggregates(asked.plan):
        if node.mode == asked.mode:
            return None
        return Refusal(
            f"A function with a state in {node.mode} mode is not supported in {asked.mode} output mode",
            "the function says whether a row may come again changed, and the sink is told the opposite",
            f"start the query in {node.mode} output mode, or declare the function in {asked.mode} mode",
        )
    if node.mode == "update":
        return Refusal(
            "A function with a state in update mode is not supported together with an aggregation",
            "rows that come again changed would be aggregated twice",
            "declare the function in append mode, before the aggregation",
        )
    if aggregates(node):
        return Refusal(
            "A function with a state in append mode is not supported after an aggregation",
            "the aggregation gives groups that change, and the function takes each for a new row",
            "put the function before the aggregation, or write the aggregates to a sink first",
        )
    return None


def event_timeouts_need_a_watermark(node: Plan, asked: Asked) -> Refusal | None:
    """EventTimeTimeout is measured by the watermark."""
    if not isinstance(node, GroupState) or node.timeout != "EventTimeTimeout" or node.child.event_time is not None:
        return None
    return Refusal(
        "EventTimeTimeout is not supported without a watermark",
        "a key times out when the watermark passes its timestamp, and there is none",
        "call withWatermark on the event time before groupBy, or use ProcessingTimeTimeout",
    )


def several_functions_append(plan: Plan, asked: Asked) -> Refusal | None:
    """More than one function: all in append mode; of those in pandas one only."""
    functions = [node for node in nodes_of(plan) if isinstance(node, GroupState)]
    if len(functions) < 2:
        return None
    in_pandas = sum(each.form == "pandas" for each in functions)
    if in_pandas < 2 and asked.mode == "append" and all(each.mode == "append" for each in functions):
        return None
    what = "applyInPandasWithState" if in_pandas > 1 else "functions with a state that are not all in append mode"
    return Refusal(
        f"Several {what} in one query are not supported",
        "the second would be called with rows that the first may still change",
        "do both in one function, or write the first result to a sink and read it with a second query",
    )

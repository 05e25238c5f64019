"""Rules about joins: of two streams, whose rows must be able to go, and of a stream with a table.

A join of two streams keeps the rows of both sides. A row of the side that an outer or semi join decides about may be
given or given up only once nothing can match it any more, which the condition must say in terms of a watermark
(Spark: StreamingJoinHelper). Half a range is enough, if it is the half that lets this side's time grow out of reach.
"""

from __future__ import annotations

from sparksim.sql.plan.nodes import Aggregate, Plan, Query, StaticJoin, StreamJoin
from sparksim.sql.streaming.legality.refusal import Asked, Refusal, Rule
from sparksim.sql.streaming.operators.join_condition import LEFT, RIGHT, state_bounds, time_key

NAMES = {
    "inner": "an inner join",
    "cross": "a cross join",
    "left": "a left outer join",
    "right": "a right outer join",
    "full": "a full outer join",
    "semi": "a left semi join",
    "anti": "a left anti join",
}
_DECIDED = {"left": (LEFT,), "semi": (LEFT,), "right": (RIGHT,), "full": (LEFT, RIGHT)}
"""The sides whose rows a join gives or gives up when nothing can match them any more."""
_NEVER = {
    "anti": (
        "whether a row has no match is known only when the other stream has ended",
        "use a left outer join with a watermark and a time range, and keep the rows whose right side is null",
    ),
    "semi": (
        "this version does not remember which rows of the left stream have had their match already",
        "use an inner join and drop the duplicates of what it gives",
    ),
    "full": (
        "this version remembers for one of the streams only which rows still wait for a match",
        "use a left outer join in one query and a right outer join in another",
    ),
}
_NEEDS_STREAM_LEFT = ("left", "semi", "anti")


def join_modes(**modes: str) -> Rule:
    """J: the output modes in which each kind of join of two streams may run; append where nothing is said."""

    def rule(node: Plan, asked: Asked) -> Refusal | None:
        if not isinstance(node, StreamJoin) or asked.mode in modes.get(node.kind, "append").split():
            return None
        return Refusal(
            f"{_capital(NAMES[node.kind])} of two streams is not supported in {asked.mode} output mode,"
            f" only in {modes.get(node.kind, 'append').replace(' ', ' and ')}",
            "a join gives each of its rows once, when it is known, and forgets the rows it was made of:"
            " it can neither correct a row later nor give all of them again",
            "use append output mode, or write the joined rows to a sink and aggregate them in a second query",
        )

    return rule


def joins_of_streams(*kinds: str) -> Rule:
    """The kinds of joins that two streams may have at all."""

    def rule(node: Plan, asked: Asked) -> Refusal | None:
        if not isinstance(node, StreamJoin) or node.kind in kinds:
            return None
        why, instead = _NEVER[node.kind]
        return Refusal(f"{_capital(NAMES[node.kind])} of two streams is not supported", why, instead)

    return rule


def rows_can_be_decided(node: Plan, asked: Asked) -> Refusal | None:
    """Outer and semi joins need a watermark in a key, or one whose range bounds the side they decide about."""
    if not isinstance(node, StreamJoin) or node.kind not in _DECIDED or time_key(node) is not None:
        return None
    bounds = state_bounds(node)
    if any(bounds[side] is not None for side in _DECIDED[node.kind]):
        return None
    waits, other = ("right", "left") if node.kind == "right" else ("left", "right")
    return Refusal(
        f"{_capital(NAMES[node.kind])} of two streams needs a watermark in its condition",
        f"a row of the {waits} stream waits until no row of the {other} stream can match it any more, and nothing in"
        " the condition says when that is: the row would be kept for ever and never be given",
        f"call withWatermark on both streams and add a range of time such as"
        f" {other}.time <= {waits}.time + INTERVAL 1 HOUR, or make the time with the watermark a key of the join",
    )


def static_side_is_not_decided(node: Plan, asked: Asked) -> Refusal | None:
    """A stream and a table: rows of the table without a match would have to wait for the end of the stream."""
    for join in node.source.static_joins if isinstance(node, Query | Aggregate) else ():
        if _decides_about_table(join):
            side = "left" if join.stream_is_left else "right"
            return Refusal(
                f"{_capital(NAMES[join.kind])} with a stream on the {side} and a table on the other side"
                " is not supported",
                "a row of the table that has no match in this batch may have one in a later batch,"
                " so nobody knows when to give it",
                "keep the rows of the stream instead (stream LEFT JOIN table), or use an inner join",
            )
    return None


def _decides_about_table(join: StaticJoin) -> bool:
    if join.kind == "full":
        return True
    return join.kind == "right" if join.stream_is_left else join.kind in _NEEDS_STREAM_LEFT


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]

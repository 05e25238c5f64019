"""What continuous processing can run: a stream, and selections from it one above the other.

(Spark: UnsupportedOperationChecker.checkForContinuous, and what the data sources say.) A task never ends, so there is
no moment at which rows could be moved, gathered or compared, and no batch whose time would be the present.
"""

from __future__ import annotations

from collections.abc import Callable

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import (
    Aggregate,
    Deduplicate,
    GroupState,
    Limit,
    Plan,
    Query,
    Scan,
    SetOperation,
    Sort,
    Static,
    StreamJoin,
    Union,
    Watermark,
)
from sparksim.sql.streaming.legality.questions import calls, found_in, nodes_of
from sparksim.sql.streaming.legality.refusal import Refusal
from sparksim.sql.streaming.sink import ContinuousSink, StreamSink
from sparksim.sql.utils import AnalysisException

SOURCES = ("kafka", "rate")
"""The formats that can be read continuously."""

_NAMES: dict[type[Plan], str] = {
    Aggregate: "Aggregate",
    Deduplicate: "Deduplicate",
    GroupState: "FlatMapGroupsWithState",
    Limit: "LocalLimit",
    SetOperation: "set",
    Sort: "Sort",
    Static: "LogicalRDD",
    StreamJoin: "Join",
    Union: "Union",
    Watermark: "EventTimeWatermark",
}
"""What Spark calls the operators of a plan."""

_PRESENT = ("CurrentTimestamp", "CurrentDate", "CurrentTime", "CurrentDatetime", "Localtimestamp")


def check_continuous(plan: Plan) -> None:
    """Let a query start with `trigger(continuous=...)`, or raise `AnalysisException` that says why not."""
    refusals = (rule(node) for node in nodes_of(plan) for rule in _RULES)
    refusal = next((refusal for refusal in refusals if refusal is not None), None)
    if refusal is not None:
        raise AnalysisException(str(refusal))


def check_continuous_sink(sink: StreamSink, name: str) -> None:
    """The same for the sink of format `name`."""
    if isinstance(sink, ContinuousSink):
        return
    refusal = Refusal(
        f"The sink {name} does not support continuous processing",
        "it is given whole batches, and here there are only rows",
        "write to kafka, console, memory or foreach, or use trigger(processingTime=...)",
    )
    raise AnalysisException(str(refusal))


def _source(node: Plan) -> Refusal | None:
    if not isinstance(node, Scan) or node.name.lower() in SOURCES:
        return None
    return Refusal(
        f"Data source {node.name} does not support continuous processing",
        "its rows are asked for in batches; a task that runs on has to read one record after the other and to say"
        " at any moment how far it has come",
        f"read {' or '.join(SOURCES)}, or use trigger(processingTime=...)",
    )


def _operator(node: Plan) -> Refusal | None:
    name = _NAMES.get(type(node))
    if isinstance(node, Query):
        name = _of_select(node)
    if name is None:
        return None
    return Refusal(
        f"Continuous processing does not support {name} operations",
        "every row goes from the source to the sink by itself, in a task that never ends: there is no batch at whose"
        " end rows could be moved, gathered or compared, and only select and filter need none",
        "use trigger(processingTime=...), or write the selected rows to Kafka and let a second query do the rest",
    )


def _of_select(node: Query) -> str | None:
    """What Spark has an operator for, although it stands in a SELECT."""
    if found_in(node, "Explode", "Inline", "Stack") or node.source.select.args.get("laterals"):
        return "Generate"
    if calls(node, "event_window") and node.source.select.args.get("joins"):
        return "Expand"  # a sliding window puts each row into several
    return None


def _present(node: Plan) -> Refusal | None:
    if not (found_in(node, *_existing(_PRESENT)) or calls(node, "now")):
        return None
    return Refusal(
        "Continuous processing does not support current time operations",
        "in a batch the present is one time for all rows, written down before it runs; here there is no such moment,"
        " and a row that is read again after a crash would see another one",
        "take the time from the record, such as the timestamp of rate and kafka",
    )


def _existing(kinds: tuple[str, ...]) -> list[str]:
    """The classes of sqlglot that this version has."""
    return [kind for kind in kinds if hasattr(sqlglot().exp, kind)]


_RULES: tuple[Callable[[Plan], Refusal | None], ...] = (_source, _operator, _present)

"""The logical plan of a streaming query: a tree of nodes (Spark: catalyst's LogicalPlan).

A node knows what it does, not how. Expressions stay sqlglot trees in Spark's dialect, one SELECT per node, so names are
looked up by DuckDB and nowhere else. What is new from batch to batch (watermarks, states, joins of two streams) has a
node of its own; all the rest of a SELECT is a `Query`.

Rows travel as tables of Arrow whose columns count by position (`c0`, `c1`, ...): names live in `Plan.schema`, where two
columns may share one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sparksim.sql.types import StructType

if TYPE_CHECKING:
    from sparksim.sql.relation import Relation
    from sparksim.sql.streaming.source import SourceContext, StreamSource

Tree = Any
"""An expression or a SELECT of sqlglot, which is loaded at its first use."""


@dataclass(frozen=True)
class EventTime:
    """The mark that `withWatermark` leaves on a column, and that follows it (Spark: spark.watermarkDelayMs)."""

    delay_ms: int


@dataclass(frozen=True, eq=False)
class Plan:
    """A node. `event_times` has a mark or None for each column of `schema`."""

    schema: StructType
    event_times: tuple[EventTime | None, ...]

    @property
    def children(self) -> tuple[Plan, ...]:
        """The nodes below."""
        return ()

    @property
    def is_streaming(self) -> bool:
        """Whether a stream is read somewhere below."""
        return any(child.is_streaming for child in self.children)

    @property
    def event_time(self) -> int | None:
        """The position of the first column with a mark."""
        return next((at for at, mark in enumerate(self.event_times) if mark is not None), None)


@dataclass(frozen=True, eq=False)
class Scan(Plan):
    """A stream. `create(context)` makes its source, once per run of a query; `name` is its format, such as `rate`."""

    name: str
    create: Callable[[SourceContext], StreamSource]

    @property
    def is_streaming(self) -> bool:
        return True


@dataclass(frozen=True, eq=False)
class Static(Plan):
    """A table that is no stream: evaluated anew in each batch."""

    relation: Relation


@dataclass(frozen=True, eq=False)
class View:
    """One name in a FROM: these columns of what a node gives. Views of one streaming node are rows side by side."""

    plan: Plan
    columns: tuple[int, ...]

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [self.plan.schema.names[at] for at in self.columns]


@dataclass(frozen=True)
class StaticJoin:
    """A join of the stream with a static table in a FROM. `kind`: inner, left, right, full, semi, anti or cross."""

    kind: str
    stream_is_left: bool


@dataclass(frozen=True, eq=False)
class From:
    """The FROM and WHERE of one SELECT.

    `tables`: what each name in `select` stands for; all streaming ones are views of one node (a join of two streams is
    a node below). `select` is `SELECT * FROM ... WHERE ...` over those names; joins in it are with static tables, which
    `static_joins` lists in order, and of views of one node by position (POSITIONAL JOIN).
    """

    select: Tree
    tables: Mapping[str, View]
    static_joins: tuple[StaticJoin, ...] = ()

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The nodes that are read, each once, the stream first."""
        found = dict.fromkeys(view.plan for view in self.tables.values())
        return tuple(sorted(found, key=lambda plan: not plan.is_streaming))


@dataclass(frozen=True, eq=False)
class Query(Plan):
    """A SELECT without state: expressions, filters, explode, joins with static tables.

    `source.select` with its `*` replaced by `columns` is what runs. `filters_only`: every row that passes is unchanged.
    """

    source: From
    columns: tuple[Tree, ...]
    filters_only: bool = False

    @property
    def children(self) -> tuple[Plan, ...]:
        return self.source.plans


@dataclass(frozen=True, eq=False)
class Watermark(Plan):
    """`withWatermark`: watches the event time in `column`. `number` tells watermarks of one plan apart."""

    child: Plan
    column: int
    delay_ms: int
    number: int

    @property
    def children(self) -> tuple[Plan, ...]:
        return (self.child,)


@dataclass(frozen=True, eq=False)
class Aggregate(Plan):
    """GROUP BY: `keys` are expressions over `source`; `columns` what is selected, over keys and aggregates.

    `having` filters groups. `sets`: which keys each grouping set has, for rollup, cube and GROUPING SETS. `session` is
    the position among `keys` of a `session_window(...)`. `key_times` has a mark for each key that carries one.
    """

    source: From
    keys: tuple[Tree, ...]
    key_times: tuple[EventTime | None, ...]
    columns: tuple[Tree, ...]
    having: Tree | None = None
    sets: tuple[tuple[int, ...], ...] | None = None
    session: int | None = None

    @property
    def children(self) -> tuple[Plan, ...]:
        return self.source.plans


@dataclass(frozen=True, eq=False)
class Deduplicate(Plan):
    """The first row of each combination of values in `columns`, by position. `within`: forgotten after the watermark.

    `is_distinct`: written as `distinct()`, over all columns.
    """

    child: Plan
    columns: tuple[int, ...]
    within: bool = False
    is_distinct: bool = False

    @property
    def children(self) -> tuple[Plan, ...]:
        return (self.child,)


@dataclass(frozen=True, eq=False)
class StreamJoin(Plan):
    """A join of two streams. `kind`: inner, left, right, full, semi, anti or cross.

    `condition` is an expression over the names of `left` and `right` (None: without). Gives the columns of the left
    views, then those of the right ones (not for semi and anti), in the order of the mappings.
    """

    kind: str
    left: Mapping[str, View]
    right: Mapping[str, View]
    condition: Tree | None

    @property
    def children(self) -> tuple[Plan, ...]:
        [left] = dict.fromkeys(view.plan for view in self.left.values())
        [right] = dict.fromkeys(view.plan for view in self.right.values())
        return left, right


@dataclass(frozen=True, eq=False)
class Union(Plan):
    """The rows of all, column by position. The marks are those of the first."""

    inputs: tuple[Plan, ...]

    @property
    def children(self) -> tuple[Plan, ...]:
        return self.inputs


@dataclass(frozen=True, eq=False)
class SetOperation(Plan):
    """EXCEPT or INTERSECT, which no stream supports as such; `kind` is in lower case."""

    kind: str
    inputs: tuple[Plan, ...]

    @property
    def children(self) -> tuple[Plan, ...]:
        return self.inputs


@dataclass(frozen=True, eq=False)
class Sort(Plan):
    """`select` is `SELECT * FROM this ORDER BY ...`; `this` is the child."""

    child: Plan
    select: Tree

    @property
    def children(self) -> tuple[Plan, ...]:
        return (self.child,)


@dataclass(frozen=True, eq=False)
class Limit(Plan):
    """The first `count` rows of the whole stream."""

    child: Plan
    count: int

    @property
    def children(self) -> tuple[Plan, ...]:
        return (self.child,)


@dataclass(frozen=True, eq=False)
class Refused(Plan):
    """What no stream may do, kept so that `start()` can say so: `what` is offset, sample, pivot, ..."""

    what: str
    inputs: tuple[Plan, ...]

    @property
    def children(self) -> tuple[Plan, ...]:
        return self.inputs


@dataclass(frozen=True, eq=False)
class GroupState(Plan):
    """A user's function per key with a state of its own: applyInPandasWithState, (flat)mapGroupsWithState.

    `keys` by position; `mode` is the function's own output mode; `timeout` a constant of `GroupStateTimeout`. `form`:
    `pandas` calls func(key, frames, state), `python` func(key, rows, state). `is_map`: one row per call.
    """

    child: Plan
    keys: tuple[int, ...]
    func: Callable[..., Any]
    state_schema: StructType | None
    mode: str
    timeout: str
    form: str = "pandas"
    is_map: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def children(self) -> tuple[Plan, ...]:
        return (self.child,)

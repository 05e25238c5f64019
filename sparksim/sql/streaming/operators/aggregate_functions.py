"""Aggregate functions taken apart (Spark: DeclarativeAggregate): partial values of a chunk's rows, how they merge, and
the result of merged values. All three are SQL, so a buffer is nothing but columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import Tree
from sparksim.sql.utils import AnalysisException


@dataclass(frozen=True)
class Parts:
    """`partials` over the arguments x and y in Spark's SQL, `merges` of b0, b1, ... in DuckDB's, `result` in Spark's.

    `boxed`: x stands in a struct, so that a null among the values differs from no value.
    """

    partials: tuple[str, ...]
    merges: tuple[str, ...]
    result: str
    boxed: bool = False


_COUNT = "coalesce(sum({b0}), 0)"
_SET = "coalesce(list_distinct(flatten(list({b0}))), [])"
_MERGED_MOMENTS = (
    "list_reduce(list({b0}) FILTER ({b0} IS NOT NULL), lambda a, b: struct_pack(n := a.n + b.n,"
    " mean := a.mean + (b.mean - a.mean) / (a.n + b.n) * b.n,"
    " m2 := a.m2 + b.m2 + (b.mean - a.mean) * ((b.mean - a.mean) / (a.n + b.n)) * a.n * b.n))"
)
"""Deviations from the mean, for sums of squares would lose what large values have in common; step by step as Spark
does it (CentralMomentAgg), so that the last digit is the same."""


def _moments(result: str) -> Parts:
    return Parts(("moments_of(x)",), (_MERGED_MOMENTS,), result)


def _listed(result: str) -> Parts:
    """All values are kept."""
    return Parts(("COLLECT_LIST(x)",), ("coalesce(flatten(list({b0})), [])",), result)


def _pairs(result: str) -> Parts:
    """Sums over the rows that have both values: x, y, xy, xx, yy, and their number."""
    both = "CASE WHEN x IS NOT NULL AND y IS NOT NULL THEN {} END"
    terms = ("x", "y", "x * y", "x * x", "y * y", "1")
    partials = tuple(f"SUM(CAST({both.format(term)} AS DOUBLE))" for term in terms)
    return Parts(partials, tuple(f"sum({{b{at}}})" for at in range(len(terms))), result)


_DEVIATION = "POWER(e - LIST_AVG(b0), 3)"
_SKEWNESS = f"LIST_AVG(TRANSFORM(b0, e -> {_DEVIATION})) / POWER(LIST_STDDEV_POP(b0), 3)"
_TOGETHER = "(b2 - b0 * b1 / b5)"
_SAMPLE = "CASE WHEN b0.n > 1 THEN b0.m2 / (b0.n - 1) END"
_POPULATION = "CASE WHEN b0.n > 0 THEN b0.m2 / b0.n END"
_PARTS = {
    "count": Parts(("COUNT(x)",), (_COUNT,), "b0"),
    "count_if": Parts(("COUNT(CASE WHEN x THEN 1 END)",), (_COUNT,), "b0"),
    "sum": Parts(("SUM(x)",), ("sum({b0})",), "b0"),
    "avg": Parts(
        ("SUM(CAST(x AS DOUBLE))", "COUNT(x)"), ("sum({b0})", "sum({b1})"), "CASE WHEN b1 > 0 THEN b0 / b1 END"
    ),
    "min": Parts(("MIN(x)",), ("min({b0})",), "b0"),
    "max": Parts(("MAX(x)",), ("max({b0})",), "b0"),
    "first": Parts(("FIRST(x, TRUE)",), ("any_value({b0})",), "b0.v", boxed=True),
    "last": Parts(("LAST(x) FILTER (WHERE x IS NOT NULL)",), ("last({b0}) FILTER ({b0} IS NOT NULL)",), "b0.v", True),
    "first ignoring nulls": Parts(("FIRST(x, TRUE)",), ("any_value({b0})",), "b0"),
    "last ignoring nulls": Parts(
        ("LAST(x) FILTER (WHERE x IS NOT NULL)",), ("last({b0}) FILTER ({b0} IS NOT NULL)",), "b0"
    ),
    "collect_list": Parts(("COLLECT_LIST(x)",), ("coalesce(flatten(list({b0})), [])",), "b0"),
    "collect_set": Parts(("COLLECT_SET(x)",), (_SET,), "b0"),
    "approx_count_distinct": Parts(("COLLECT_SET(x)",), (_SET,), "CAST(SIZE(b0) AS BIGINT)"),
    "bool_and": Parts(("BOOL_AND(x)",), ("bool_and({b0})",), "b0"),
    "bool_or": Parts(("BOOL_OR(x)",), ("bool_or({b0})",), "b0"),
    "bit_and": Parts(("BIT_AND(x)",), ("bit_and({b0})",), "b0"),
    "bit_or": Parts(("BIT_OR(x)",), ("bit_or({b0})",), "b0"),
    "bit_xor": Parts(("BIT_XOR(x)",), ("bit_xor({b0})",), "b0"),
    "max_by": Parts(("MAX_BY(x, y)", "MAX(y)"), ("arg_max({b0}, {b1})", "max({b1})"), "b0.v", boxed=True),
    "min_by": Parts(("MIN_BY(x, y)", "MIN(y)"), ("arg_min({b0}, {b1})", "min({b1})"), "b0.v", boxed=True),
    "var_samp": _moments(_SAMPLE),
    "var_pop": _moments(_POPULATION),
    "stddev_samp": _moments(f"SQRT({_SAMPLE})"),
    "stddev_pop": _moments(f"SQRT({_POPULATION})"),
    "median": _listed("QUANTILE_OF(b0, 0.5)"),
    "percentile": _listed("QUANTILE_OF(b0, y)"),
    "percentile_approx": _listed("LIST_AGGREGATE(b0, 'quantile_disc', y)"),
    "mode": _listed("LIST_AGGREGATE(b0, 'mode')"),
    "skewness": _listed(f"CASE WHEN LIST_VAR_POP(b0) > 0 THEN {_SKEWNESS} END"),
    "kurtosis": _listed("CASE WHEN LIST_VAR_POP(b0) > 0 THEN LIST_AGGREGATE(b0, 'kurtosis_pop') END"),
    "covar_pop": _pairs(f"{_TOGETHER} / b5"),
    "covar_samp": _pairs(f"CASE WHEN b5 > 1 THEN {_TOGETHER} / (b5 - 1) END"),
    "corr": _pairs(f"CASE WHEN b5 > 1 THEN {_TOGETHER} / SQRT((b3 - b0 * b0 / b5) * (b4 - b1 * b1 / b5)) END"),
}
_NAMES = {
    "Count": "count",
    "CountIf": "count_if",
    "Sum": "sum",
    "Avg": "avg",
    "Min": "min",
    "Max": "max",
    "First": "first",
    "FirstValue": "first",
    "AnyValue": "first",
    "Last": "last",
    "LastValue": "last",
    "ArrayAgg": "collect_list",
    "ArrayUniqueAgg": "collect_set",
    "ApproxDistinct": "approx_count_distinct",
    "LogicalAnd": "bool_and",
    "LogicalOr": "bool_or",
    "BitwiseAndAgg": "bit_and",
    "BitwiseOrAgg": "bit_or",
    "BitwiseXorAgg": "bit_xor",
    "ArgMax": "max_by",
    "ArgMin": "min_by",
    "Variance": "var_samp",
    "VariancePop": "var_pop",
    "Stddev": "stddev_samp",
    "StddevSamp": "stddev_samp",
    "StddevPop": "stddev_pop",
    "Median": "median",
    "Quantile": "percentile",
    "ApproxQuantile": "percentile_approx",
    "Mode": "mode",
    "Skewness": "skewness",
    "Kurtosis": "kurtosis",
    "CovarPop": "covar_pop",
    "CovarSamp": "covar_samp",
    "Corr": "corr",
}
_GROUPING = ("Grouping", "GroupingId")


class Buffers:
    """The columns that the aggregate calls of one query keep. Equal calls share theirs."""

    def __init__(self) -> None:
        self.partials: list[Tree] = []
        self.merges: list[str] = []
        """With `{b0}`, `{b1}`, ... for all buffers."""
        self._results: dict[Tree, Tree] = {}

    def result_of(self, call: Tree) -> Tree | None:
        """The expression over `b0`, `b1`, ... that gives the value of a call; None for what is no aggregate call.

        Raises `AnalysisException` for a function that cannot be continued from batch to batch.
        """
        if not _is_call(call):
            return None
        if call not in self._results:
            self._results[call] = self._added(call)
        return self._results[call].copy()

    def _added(self, call: Tree) -> Tree:
        parts, arguments = _parts(call)
        exp, first = sqlglot().exp, len(self.partials)
        names = {f"b{at}": f"b{first + at}" for at in range(len(parts.partials))}
        places = {old: f"{{{new}}}" for old, new in names.items()}
        self.partials += [_with_columns(_parsed(text), arguments) for text in parts.partials]
        self.merges += [text.format_map(places) for text in parts.merges]
        renamed = _with_columns(_parsed(parts.result), {"y": arguments["y"]} if "y" in arguments else {}).transform(
            lambda node: (
                exp.to_identifier(names[node.this]) if isinstance(node, exp.Identifier) and node.this in names else node
            )
        )
        return exp.Paren(this=renamed)


def _is_call(tree: Tree) -> bool:
    exp = sqlglot().exp
    if isinstance(tree, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        return _is_call(tree.this)
    kind = type(tree).__name__
    return (isinstance(tree, exp.AggFunc) and kind not in _GROUPING) or kind in _NAMES


def _parts(call: Tree) -> tuple[Parts, dict[str, Tree]]:
    exp, written = sqlglot().exp, call
    condition, ignoring = None, ""
    while isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        if isinstance(call, exp.Filter):
            condition = call.expression.this
        elif isinstance(call, exp.IgnoreNulls):
            ignoring = " ignoring nulls"
        call = call.this
    kind = type(call).__name__
    name = _NAMES.get(kind, "")
    parts = _PARTS.get(name + ignoring) or _PARTS.get(name)
    if parts is None:
        raise AnalysisException(
            f"{written.sql(dialect='spark')}: this aggregate function is not supported on streaming DataFrames;"
            f" use one of {', '.join(sorted(name for name in _PARTS if ' ' not in name))}"
        )
    arguments = list(_arguments(call, name))
    if any(isinstance(argument, exp.Distinct) for argument in arguments):
        raise AnalysisException(
            f"{written.sql(dialect='spark')}: distinct aggregations are not supported on streaming"
            " DataFrames/Datasets. Consider using approx_count_distinct() instead."
        )
    if parts.boxed:
        arguments[0] = exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier("v"), expression=arguments[0])])
    if condition is not None:
        arguments = [exp.Case(ifs=[exp.If(this=condition.copy(), true=argument)]) for argument in arguments]
    return parts, dict(zip("xy", arguments, strict=False))


def _arguments(call: Tree, name: str) -> Iterator[Tree]:
    exp = sqlglot().exp
    if name == "count" and isinstance(call.this, exp.Star):
        yield exp.Literal.number(1)
    elif name == "count" and call.expressions:
        present = [_is_not_null(argument) for argument in (call.this, *call.expressions)]
        yield exp.Case(ifs=[exp.If(this=exp.and_(*present), true=exp.Literal.number(1))])
    else:
        yield call.this.copy()
        second = call.args.get("expression") or call.args.get("quantile")
        if second is not None:
            yield second.copy()


def _is_not_null(tree: Tree) -> Tree:
    exp = sqlglot().exp
    return exp.Not(this=exp.Is(this=exp.Paren(this=tree.copy()), expression=exp.Null()))


def _parsed(text: str) -> Tree:
    return sqlglot().parse_one(text, read="spark")


def _with_columns(tree: Tree, values: dict[str, Tree]) -> Tree:
    exp = sqlglot().exp

    def put(node: Tree) -> Tree:
        return values[node.name].copy() if isinstance(node, exp.Column) and node.name in values else node

    return tree.transform(put)

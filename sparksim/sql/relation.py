"""A query that was understood: its tree with every table found, the data it reads, and the columns it gives.

Analysis needs no data, as in Spark: names are looked up here, everything else is checked by DuckDB's binder on empty
tables. So an error shows when a DataFrame is made, and not when it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparksim.core.rdd import RDD
from sparksim.sql.column import MARK
from sparksim.sql.function_texts import AGGREGATES
from sparksim.sql.libraries import scopes, sqlglot
from sparksim.sql.names import column_name
from sparksim.sql.plan.sessions import with_sessions
from sparksim.sql.plan.windows import with_windows
from sparksim.sql.types import DataType, StructField, StructType
from sparksim.sql.utils import AnalysisException, ParseException

if TYPE_CHECKING:
    from sparksim.sql.plan.nodes import Plan

_HANGS_ON_A_TABLE = frozenset({"joins", "laterals", "sample", "pivots"})


@dataclass(frozen=True)
class Source:
    """Records that a query reads: an RDD of tuples as DuckDB takes them. None: a stream, whose names alone count."""

    rdd: RDD[tuple[Any, ...]] | None
    schema: StructType


@dataclass(frozen=True)
class Relation:
    """`query`: a sqlglot tree in Spark's dialect; `ids`: the numbers of this relation and of those it was made from.

    `plan`: what a stream runs; then `query` only gives its columns. None: a table, which `query` evaluates.
    """

    query: Any
    sources: Mapping[str, Source]
    schema: StructType
    ids: frozenset[int]
    plan: Plan | None = None


Lookup = Callable[[str], Relation | None]


def parsed(text: str) -> Any:
    """The tree of one query. Raises `ParseException`, and `AnalysisException` for a statement that is no query."""
    library = sqlglot()
    try:
        trees = [tree for tree in _trees(text) if tree is not None]
    except library.errors.SqlglotError as error:
        raise ParseException(f"[PARSE_SYNTAX_ERROR] {_where(error)} in: {text.strip()}") from error
    if len(trees) != 1:
        if not trees:
            raise ParseException("[PARSE_EMPTY_STATEMENT] the text holds no statement")
        raise ParseException(f"[PARSE_SYNTAX_ERROR] one statement at a time, got {len(trees)}: {text.strip()!r}")
    [tree] = trees
    if not isinstance(tree, library.exp.Query):
        raise AnalysisException(
            f"only queries (SELECT ..., WITH ... SELECT ...) are supported, got: {text.strip()}. Views are made with "
            "df.createOrReplaceTempView(name)"
        )
    if any(not select.expressions for select in tree.find_all(library.exp.Select)):
        raise ParseException(f"[PARSE_SYNTAX_ERROR] SELECT is followed by no column in: {text.strip()}")
    _write_spans_out(tree)
    return tree


def _write_spans_out(tree: Any) -> None:
    """`INTERVAL '1 02:03' DAY TO MINUTE` as microseconds, which DuckDB reads."""
    exp = sqlglot().exp
    units = {"DAY": 86_400_000_000, "HOUR": 3_600_000_000, "MINUTE": 60_000_000, "SECOND": 1_000_000}
    for interval in list(tree.find_all(exp.Interval)):
        span = interval.args.get("unit")
        if not isinstance(span, exp.IntervalSpan) or span.this.name.upper() not in units:
            continue
        text = interval.this.name.strip()
        parts = text.lstrip("+-").replace(" ", ":").split(":")
        first = list(units).index(span.this.name.upper())
        lengths = list(units.values())[first:]
        us = sum(round(float(part) * length) for part, length in zip(parts, lengths, strict=False))
        interval.set("this", exp.Literal.string(str(-us if text.startswith("-") else us)))
        interval.set("unit", exp.Var(this="MICROSECONDS"))


def _trees(text: str) -> list[Any]:
    """Parse; `window` is an ordinary name, unless it begins a clause that names a window (WINDOW w AS ...)."""
    library = sqlglot()
    dialect = library.Dialect.get_or_raise("spark")
    tokens = dialect.tokenize(text)
    kinds = library.tokens.TokenType
    for at, token in enumerate(tokens):
        names_a_window = [each.token_type for each in tokens[at + 2 : at + 3]] == [kinds.ALIAS]
        if token.token_type == kinds.WINDOW and not names_a_window:
            token.token_type = kinds.VAR
        if token.token_type == kinds.COMMA and [each.token_type for each in tokens[at + 1 : at + 2]] == [kinds.FROM]:
            raise AnalysisException(f"[TRAILING_COMMA_IN_SELECT] remove the comma before FROM in: {text.strip()}")
    trees: list[Any] = dialect.parser().parse(tokens, text)
    return trees


def _where(error: Any) -> str:
    """What sqlglot complains about, and where."""
    if not getattr(error, "errors", None):
        return str(error).splitlines()[0]
    first = error.errors[0]
    return f"{first['description']} near '{first['highlight']}' (line {first['line']}, position {first['col']})"


def _with_sets_as_calls(select: Any) -> None:
    """`GROUP BY a, b WITH ROLLUP` as `GROUP BY ROLLUP (a, b)`, which DuckDB reads."""
    group = select.args.get("group")
    for key in ("rollup", "cube"):
        for sets in (group.args.get(key) or []) if group is not None else []:
            sets.set("expressions", group.expressions)
            group.set("expressions", [sets])
            group.set(key, None)


class Binding:
    """One query's tree while its names are looked up."""

    def __init__(self, text: str, lookup: Lookup, tree: Any = None) -> None:
        self._text = text
        self._exp = sqlglot().exp
        self.tree = parsed(text) if tree is None else tree
        self._tables = [(table, self._found(table, lookup)) for table in self._free_tables()]
        self._renamed = self._tables[0][0].alias_column_names if len(self._tables) == 1 else []

    def named(self) -> Any:
        """The tree with columns named and windows of time written out. Call it once, before `bound`."""
        self._name_columns()
        self._name_aggregates()
        self._resolve_marks()
        self._refuse_doubles()
        for select in list(self.tree.find_all(self._exp.Select)):
            self._joined_columns_first(select)
            _with_sets_as_calls(select)
            with_windows(select, self._kind_of)
        return self.tree

    def bound(self) -> Any:
        """The tree with every table replaced by what it stands for. Call it once."""
        if not self.is_streaming:
            for select in list(self.tree.find_all(self._exp.Select)):
                with_sessions(select)
        for table, relation in self._tables:
            subquery = relation.query.copy().subquery(table.alias or table.name, copy=False)
            if table.args.get("alias"):
                subquery.set("alias", table.args["alias"])  # with names for its columns, if it gives them
            for key in _HANGS_ON_A_TABLE & table.args.keys():
                subquery.set(key, table.args[key])
            table.replace(subquery)
        return self.tree

    @property
    def is_streaming(self) -> bool:
        """Whether the query reads a stream."""
        return any(relation.plan is not None for _, relation in self._tables)

    @property
    def sources(self) -> dict[str, Source]:
        """What the query reads, in the end."""
        return {name: source for _, relation in self._tables for name, source in relation.sources.items()}

    @property
    def ids(self) -> frozenset[int]:
        """The relations the query was made from."""
        return frozenset().union(*(relation.ids for _, relation in self._tables))

    @property
    def described_tables(self) -> str:
        """The tables of the query and their columns, for a message."""
        described = (f"{table.alias or table.name}({', '.join(r.schema.names)})" for table, r in self._tables)
        return ", ".join(described) or "no tables in the query"

    @property
    def is_grouped(self) -> bool:
        """Whether the query groups rows somewhere."""
        return self.tree.find(self._exp.Group) is not None

    def schema(self, columns: StructType) -> StructType:
        """DuckDB's answer made Spark's: names where it had to tell doubles apart, and what can never be NULL."""
        only = self._only_table()
        if only is not None and self._is_star() and len(only.schema) == len(columns):
            names = self._renamed or only.schema.names
            return StructType(
                [
                    StructField(name, field.dataType, field.nullable)
                    for name, field in zip(names, only.schema, strict=True)
                ]
            )
        never_null = {field.name for field in only.schema if not field.nullable} if only is not None else set()
        selects = getattr(self.tree, "selects", [])
        known = len(selects) == len(columns) and isinstance(self.tree, self._exp.Select)
        nullable = [self._nullable(select, never_null) for select in selects] if known else [True] * len(columns)
        return StructType(
            [StructField(field.name, field.dataType, null) for field, null in zip(columns, nullable, strict=True)]
        )

    # --- tables -----------------------------------------------------------------------------------------------------

    def _free_tables(self) -> Iterator[Any]:
        """The tables that the query itself does not define (WITH)."""
        for scope in scopes().traverse_scope(self.tree):
            own = {name.lower() for name in scope.cte_sources}
            for table in scope.tables:
                if table.db or table.name.lower() not in own:
                    yield table

    def _found(self, table: Any, lookup: Lookup) -> Relation:
        relation = None if table.db or not table.name else lookup(table.name)
        if relation is None:
            name = table.sql(dialect="spark")
            raise AnalysisException(
                f"[TABLE_OR_VIEW_NOT_FOUND] The table or view `{name}` cannot be found. Make it with "
                f"df.createOrReplaceTempView({table.name!r}); spark.catalog.listTables() shows those there are"
            )
        return relation

    def _only_table(self) -> Relation | None:
        """The one relation that the query reads, if it reads one and joins nothing."""
        tree = self.tree
        plain = isinstance(tree, self._exp.Select) and not tree.args.get("joins") and not tree.args.get("laterals")
        return self._tables[0][1] if plain and len(self._tables) == 1 else None

    def _is_star(self) -> bool:
        selects = self.tree.selects
        return len(selects) == 1 and isinstance(selects[0], self._exp.Star) and not selects[0].args.get("except_")

    # --- columns ----------------------------------------------------------------------------------------------------

    def _name_columns(self) -> None:
        exp = self._exp
        for select in list(self.tree.find_all(exp.Select)):
            for column in select.expressions:
                if column.is_star or isinstance(column, exp.Alias | exp.Aliases):
                    continue
                name = column_name(column, self._text)
                column.replace(exp.alias_(column.copy(), name, quoted=True))

    def _name_aggregates(self) -> None:
        """Aggregates by their usual names; `x = ANY (...)` is none."""
        exp = self._exp
        for node in list(self.tree.find_all(exp.Anonymous, exp.Any)):
            kind = AGGREGATES.get("any" if isinstance(node, exp.Any) else node.name.lower())
            if kind is not None and not isinstance(node.parent, exp.Predicate):
                argument = node.this if isinstance(node, exp.Any) else node.expressions[0]
                node.replace(getattr(exp, kind)(this=argument.unnest().copy()))

    def _joined_columns_first(self, select: Any) -> None:
        """`*` begins with the columns of USING, which DuckDB leaves in their places."""
        exp = self._exp
        using = [name.name for join in select.args.get("joins") or [] for name in join.args.get("using") or []]
        stars = [each for each in select.expressions if isinstance(each, exp.Star) and not each.args.get("except_")]
        if not using or not stars:
            return
        names = [exp.to_identifier(name, quoted=True) for name in dict.fromkeys(using)]
        columns: list[Any] = []
        for each in select.expressions:
            if each in stars:
                columns += [exp.alias_(exp.column(name.copy()), name.copy()) for name in names]
                each.set("except_", names)
            columns.append(each)
        select.set("expressions", columns)

    def _resolve_marks(self) -> None:
        """Columns taken from a DataFrame get the qualifier of the table that it stands in."""
        for column in list(self.tree.find_all(self._exp.Column)):
            if not column.table.startswith(MARK):
                continue
            number = int(column.table.removeprefix(MARK))
            holders = self._holders(column.name, number)
            if len(holders) != 1:
                problem = "is not in the DataFrame it is used on" if not holders else "is on both sides of the join"
                raise AnalysisException(
                    f"[MISSING_ATTRIBUTES] the column `{column.name}` was taken from a DataFrame that {problem}; name "
                    "it with col('name'), after alias('side') on each side if both have it"
                )
            column.set("table", self._exp.to_identifier(holders[0].alias or holders[0].name, quoted=True))

    def _holders(self, name: str, number: int) -> list[Any]:
        """The tables that the column of DataFrame `number` can be in: that very one, else those made from it."""
        made_from = [
            (table, relation)
            for table, relation in self._tables
            if number in relation.ids and name.lower() in map(str.lower, relation.schema.names)
        ]
        itself = [table for table, relation in made_from if max(relation.ids) == number]
        return itself or [table for table, _ in made_from]

    def _refuse_doubles(self) -> None:
        only = self._only_table()
        if only is None:
            return
        names = [name.lower() for name in only.schema.names]
        for column in self.tree.find_all(self._exp.Column):
            if names.count(column.name.lower()) > 1:
                raise AnalysisException(
                    f"[AMBIGUOUS_REFERENCE] Reference `{column.name}` is ambiguous: {names.count(column.name.lower())} "
                    "columns have this name; rename them with toDF(...) before the join"
                )

    def _kind_of(self, column: Any) -> DataType | None:
        """The type of a column of one of the tables; None for anything else."""
        kinds = (
            field.dataType
            for _, relation in self._tables
            for field in relation.schema
            if isinstance(column, self._exp.Column) and field.name.lower() == column.name.lower()
        )
        return next(kinds, None)

    def _nullable(self, select: Any, never_null: set[str]) -> bool:
        value = select.unalias()
        if isinstance(value, self._exp.Column):
            return value.name not in never_null
        return not isinstance(value, self._exp.Count | self._exp.Literal | self._exp.Boolean)

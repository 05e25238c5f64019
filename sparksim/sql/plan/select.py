"""A query as nodes: one for each SELECT, and one for what lasts from batch to batch (Spark: Analyzer, AstBuilder).

`Planner.relation` takes a query whose names DuckDB has found: every column has a name, windows are rewritten. A part
that reads no stream stays one query, planned anew in each batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from sparksim.sql.libraries import scopes, sqlglot
from sparksim.sql.plan.grouping import grouping, has_aggregate, is_aggregate
from sparksim.sql.plan.joins import Tables, renamed, table, whole
from sparksim.sql.plan.nodes import (
    Aggregate,
    Limit,
    Plan,
    Query,
    Refused,
    SetOperation,
    Sort,
    Static,
    Tree,
    Union,
    View,
)
from sparksim.sql.plan.scope import Scope, called, replaced
from sparksim.sql.plan.windows import STEPS
from sparksim.sql.types import StructField, StructType
from sparksim.sql.utils import AnalysisException

if TYPE_CHECKING:
    from sparksim.sql.relation import Lookup, Relation

_NO_TABLE = ("Values", "Lateral")
_NO_STREAM_INSIDE = (
    "[INVALID_SUBQUERY_EXPRESSION.STREAMING_QUERY] a query inside an expression cannot read a stream:"
    " join with the stream"
)
_AROUND = ("with_", "order", "limit", "offset", "distinct")


class Analyser(Protocol):
    """What the planner asks of the engine."""

    def analysed(self, tree: Tree, lookup: Lookup) -> Relation:
        """One query over tables as they are, its names and types looked up."""

    def derived(self, plan: Plan, *made_from: Relation) -> Relation:
        """The relation of a node."""


@dataclass(frozen=True)
class _Selected:
    """One column of a SELECT: its name and its expression with every column resolved."""

    name: str
    tree: Tree


class Planner:
    """Makes nodes of the queries in one text, whose tables `lookup` finds."""

    def __init__(self, engine: Analyser, lookup: Lookup) -> None:
        self._engine = engine
        self._lookup = lookup
        self._number = 0

    def relation(self, tree: Tree) -> Relation:
        """The relation of a query."""
        exp = sqlglot().exp
        tree = tree.copy()
        with_ = tree.args.get("with_")
        if with_ is not None:
            inner = self._with(with_)
            tree.set("with_", None)
            return inner.relation(tree)
        if not self._reads_stream(tree):
            return self._engine.analysed(tree, self._lookup)
        if isinstance(tree, exp.Select):
            return self._select(tree)
        core = _without(tree, _AROUND[1:4])
        plan = plan_of(self.relation(core.this) if isinstance(core, exp.Subquery) else self._set_operation(core))
        names = [_Selected(name, exp.column(exp.to_identifier(name, quoted=True))) for name in plan.schema.names]
        return self._engine.derived(self._around(plan, tree, self._order(tree, names, Scope({"this": whole(plan)}))))

    # --- parts ------------------------------------------------------------------------------------------------------

    def _with(self, with_: Tree) -> Planner:
        planner = self
        for cte in with_.expressions:
            relation = planner.relation(cte.this)
            names = [each.name for each in (cte.args["alias"].args.get("columns") or [])]
            planner = planner._knowing(cte.alias, planner._renamed(relation, names))
        return planner

    def _knowing(self, name: str, relation: Relation) -> Planner:
        outer = self._lookup
        return Planner(self._engine, lambda each: relation if each.lower() == name.lower() else outer(each))

    def _reads_stream(self, tree: Tree) -> bool:
        names = {each.name for each in tree.find_all(sqlglot().exp.Table)}
        return any((found := self._lookup(name)) is not None and is_streaming(found) for name in names if name)

    def _set_operation(self, tree: Tree) -> Relation:
        exp = sqlglot().exp
        sides = [self.relation(tree.this), self.relation(tree.expression)]
        plans = [plan_of(side) for side in sides]
        text = exp.maybe_parse("SELECT * FROM a UNION ALL SELECT * FROM b")
        schema = self._engine.analysed(text, lambda name: sides["ab".index(name)]).schema
        if not isinstance(tree, exp.Union):
            kind = type(tree).__name__.lower()
            return self._engine.derived(SetOperation(schema, plans[0].event_times, kind, tuple(plans)), *sides)
        flat = [each for plan in plans for each in (plan.inputs if isinstance(plan, Union) else [plan])]
        plan: Plan = Union(schema, plans[0].event_times, tuple(_with_types(each, schema) for each in flat))
        if tree.args.get("distinct"):
            plan = one_of_each(plan)
        return self._engine.derived(plan, *sides)

    def _select(self, tree: Tree) -> Relation:
        core = _without(tree, _AROUND)
        relations: dict[str, Relation] = {}
        tables = self._tables(core, relations)
        scope = tables.scope
        self._refuse_streams_inside(core)
        selected = self._selected(core, scope)
        order = self._order(tree, selected, scope)
        known = _with_hidden(core, order.hidden)
        typed = self._engine.analysed(known, lambda name: relations.get(name) or self._lookup(name))
        columns = [*selected, *order.hidden]
        if is_aggregate(core):
            plan = self._aggregate(core, tables, scope, columns, typed.schema)
        else:
            plan = self._query(core, tables, scope, columns, typed.schema)
        if tree.args.get("distinct") is not None:
            plan = one_of_each(plan)
        return self._engine.derived(self._around(plan, tree, order), *relations.values())

    def _around(self, plan: Plan, tree: Tree, order: _Order) -> Plan:
        """ORDER BY, LIMIT and OFFSET around a node."""
        exp = sqlglot().exp
        if order.terms:
            select = exp.select("*").from_(table("this"))
            select.set("order", exp.Order(expressions=[term.copy() for term in order.terms]))
            plan = Sort(plan.schema, plan.event_times, plan, select)
        if order.hidden:
            plan = first_columns(plan, len(plan.schema) - len(order.hidden))
        if tree.args.get("offset") is not None:
            plan = Refused(plan.schema, plan.event_times, "offset", (plan,))
        if tree.args.get("limit") is not None:
            plan = Limit(plan.schema, plan.event_times, plan, int(tree.args["limit"].expression.name))
        return plan

    # --- FROM -------------------------------------------------------------------------------------------------------

    def _tables(self, select: Tree, relations: dict[str, Relation]) -> Tables:
        """The FROM. Names of tables in `select` become those of `relations`, which is filled."""
        first = select.args["from_"]
        tables: Tables | None = None
        for holder in [first, *(select.args.get("joins") or [])]:
            if type(holder.this).__name__ in _NO_TABLE or holder.this.alias == STEPS:
                assert tables is not None
                tables.append(holder)
                continue
            name, relation = self._table(holder.this)
            what = next((key for key in ("sample", "pivots") if holder.this.args.get(key)), None)
            plan = plan_of(relation)
            if what is not None:
                plan = Refused(plan.schema, plan.event_times, what.removesuffix("s"), (plan,))
            relations[name] = relation
            holder.set("this", table(name))
            if tables is None:
                tables = Tables(name, plan)
            else:
                tables.join(holder, name, plan)
        assert tables is not None
        for lateral in select.args.get("laterals") or []:
            tables.append(lateral)
            tables.extra += tuple((name, _column(name)) for name in lateral.alias_column_names)
        return tables

    def _table(self, node: Tree) -> tuple[str, Relation]:
        """The name and the relation of one table or subquery in a FROM."""
        exp = sqlglot().exp
        found = self.relation(node.this) if isinstance(node, exp.Subquery) else self._lookup(node.name)
        relation = cast("Relation", found)  # all tables were found when the whole query was bound
        self._number += 1
        name = node.alias or (node.name if isinstance(node, exp.Table) else f"subquery_{self._number}")
        return name, self._renamed(relation, node.alias_column_names)

    def _renamed(self, relation: Relation, names: Sequence[str]) -> Relation:
        if not names:
            return relation
        if is_streaming(relation):
            return self._engine.derived(renamed(plan_of(relation), list(names)), relation)
        exp = sqlglot().exp
        this = table("this")
        columns = [exp.to_identifier(name, quoted=True) for name in names]
        this.set("alias", exp.TableAlias(this=exp.to_identifier("this"), columns=columns))
        return self._engine.analysed(exp.select("*").from_(this), lambda _: relation)

    # --- SELECT -----------------------------------------------------------------------------------------------------

    def _selected(self, select: Tree, scope: Scope) -> list[_Selected]:
        """The columns; names given to the ones before may be used."""
        exp = sqlglot().exp
        found: list[_Selected] = []
        for each in select.expressions:
            if isinstance(each, exp.Star) or (isinstance(each, exp.Column) and isinstance(each.this, exp.Star)):
                star = each if isinstance(each, exp.Star) else each.this
                gone = {str(name.name).lower() for name in (star.args.get("except_") or [])}
                qualifier = each.table or None if isinstance(each, exp.Column) else None
                found += [_Selected(name, tree) for name, tree in scope.star(qualifier) if name.lower() not in gone]
            else:
                known = {other.name: other.tree for other in found}
                tree = each.this if isinstance(each, exp.Alias) else each
                found.append(_Selected(each.alias_or_name, scope.resolved(tree.unnest(), known).unnest()))
        return found

    def _refuse_streams_inside(self, select: Tree) -> None:
        exp = sqlglot().exp
        for query in (query for column in select.expressions for query in column.find_all(exp.Query)):
            if self._reads_stream(query):
                raise AnalysisException(_NO_STREAM_INSIDE)

    def _query(
        self, select: Tree, tables: Tables, scope: Scope, columns: Sequence[_Selected], schema: StructType
    ) -> Plan:
        source = self._source(select, tables, scope)
        trees = tuple(each.tree for each in columns)
        plans = {id(view.plan) for view in tables.views.values()}
        unchanged = [tree for name in tables.views for _, tree in Scope({name: tables.views[name]}).star()]
        same = len(plans) == 1 and len(source.tables) == len(tables.views) and list(trees) == unchanged
        plan = source.plans[0]
        if same and source.select == tables.source().select and len(trees) == len(plan.schema):
            return plan if plan.schema == schema else cast(Plan, replace(plan, schema=schema))
        times = tuple(scope.mark(tree) for tree in trees)
        return Query(schema, times, source, trees, filters_only=same and STEPS not in str(source.select))

    def _aggregate(
        self, select: Tree, tables: Tables, scope: Scope, columns: Sequence[_Selected], schema: StructType
    ) -> Plan:
        source = self._source(select, tables, scope)
        aliases = {each.name: each.tree for each in columns}
        trees = tuple(each.tree for each in columns)
        group = grouping(select.args.get("group"), trees, lambda tree: scope.resolved(tree, aliases))
        having = select.args.get("having")
        sessions = [at for at, key in enumerate(group.keys) if called(key) == "session_window"]
        return Aggregate(
            schema,
            tuple(scope.mark(tree) for tree in trees),
            source,
            group.keys,
            tuple(scope.mark(key) for key in group.keys),
            trees,
            None if having is None else scope.resolved(having.this, aliases),
            group.sets,
            sessions[0] if sessions else None,
        )

    def _source(self, select: Tree, tables: Tables, scope: Scope) -> Any:
        source = tables.source()
        where = select.args.get("where")
        if where is None:
            return source
        views = dict(source.tables)
        condition = self._without_subqueries(scope.resolved(where.this), views)
        return replace(source, select=source.select.where(condition), tables=views)

    def _without_subqueries(self, condition: Tree, views: dict[str, View]) -> Tree:
        """The condition, where queries inside read static tables under names of their own, which `views` gets."""
        exp = sqlglot().exp
        for query in list(condition.find_all(exp.Query)):
            if query.find_ancestor(exp.Query) is not None:
                continue
            if self._reads_stream(query):
                raise AnalysisException(_NO_STREAM_INSIDE)
            for scope in scopes().traverse_scope(query):
                for each in scope.tables:
                    relation = self._lookup(each.name)
                    if relation is None:
                        continue
                    name = f"static_{len(views)}"
                    views[name] = whole(plan_of(relation))
                    new = table(name)
                    new.set("alias", exp.TableAlias(this=exp.to_identifier(each.alias_or_name, quoted=True)))
                    each.replace(new)
        return condition

    # --- ORDER BY ---------------------------------------------------------------------------------------------------

    def _order(self, tree: Tree, selected: Sequence[_Selected], scope: Scope) -> _Order:
        """The ORDER BY over the columns of the SELECT; what is not among them is selected too, and hidden after."""
        exp = sqlglot().exp
        order = tree.args.get("order")
        if order is None:
            return _Order([], [])
        hidden: list[_Selected] = []
        aliases = {each.name: each.tree for each in selected}
        known = [each.tree for each in selected]

        def term(node: Tree) -> Tree:
            by = node.this
            if isinstance(by, exp.Literal) and by.is_int:
                return _column(selected[int(by.this) - 1].name)
            name = by.name.lower() if isinstance(by, exp.Column) and not by.table else None
            found = [each.name for each in selected if each.name.lower() == name]
            if found:
                return _column(found[0])
            resolved = scope.resolved(by, aliases)

            def change(part: Tree) -> Tree | None:
                return _column(selected[known.index(part)].name) if part in known else None

            over_columns = replaced(resolved, change)
            rest = [part for part in over_columns.find_all(exp.Column) if part.table]
            if not rest and not has_aggregate(over_columns):
                return over_columns
            hidden.append(_Selected(f"__order_{len(hidden)}", resolved))
            return _column(hidden[-1].name)

        terms = []
        for each in order.expressions:
            new = each.copy()
            new.set("this", term(each))
            terms.append(new)
        return _Order(terms, hidden)


@dataclass(frozen=True)
class _Order:
    terms: list[Tree]
    hidden: list[_Selected]


def is_streaming(relation: Relation) -> bool:
    """Whether a relation reads a stream."""
    return relation.plan is not None


def plan_of(relation: Relation) -> Plan:
    """The node of a relation, also of a static one."""
    if relation.plan is not None:
        return relation.plan
    return Static(relation.schema, (None,) * len(relation.schema), relation)


def one_of_each(plan: Plan) -> Aggregate:
    """SELECT DISTINCT: an aggregation by all columns, without values (Spark: ReplaceDistinctWithAggregate)."""
    tables = Tables("this", plan)
    keys = tuple(tree for _, tree in tables.scope.star())
    return Aggregate(plan.schema, plan.event_times, tables.source(), keys, plan.event_times, keys)


def _with_types(plan: Plan, schema: StructType) -> Plan:
    """The node's columns as these types, under its own names; itself if it has them."""
    kinds = [field.dataType for field in schema]
    if kinds == [field.dataType for field in plan.schema]:
        return plan
    cast_to = StructType([StructField(name, kind) for name, kind in zip(plan.schema.names, kinds, strict=True)])
    tables = Tables("this", plan)
    return Query(cast_to, plan.event_times, tables.source(), tuple(tree for _, tree in tables.scope.star()))


def first_columns(plan: Plan, count: int) -> Query:
    """The first `count` columns of a node."""
    tables = Tables("this", plan)
    trees = tuple(tree for _, tree in tables.scope.star())
    return Query(StructType(plan.schema.fields[:count]), plan.event_times[:count], tables.source(), trees[:count])


def _column(name: str) -> Any:
    exp = sqlglot().exp
    return exp.column(exp.to_identifier(name, quoted=True))


def _without(tree: Tree, keys: Sequence[str]) -> Any:
    bare = tree.copy()
    for key in keys:
        bare.set(key, None)
    return bare


def _with_hidden(select: Tree, hidden: Sequence[_Selected]) -> Any:
    exp = sqlglot().exp
    typed = select.copy()
    for each in hidden:
        typed.append("expressions", exp.alias_(each.tree.copy(), each.name, quoted=True))
    return typed

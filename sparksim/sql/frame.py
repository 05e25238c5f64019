"""A table as a program sees it: columns, rows, and queries on them (PySpark: pyspark.sql.DataFrame).

Every transformation writes one query in Spark SQL over `this`, so the methods here and `spark.sql` mean the same.
Making a DataFrame computes nothing; an action (`show`, `collect`, `count`, ...) runs the jobs of the RDDs below it.
"""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.core.rdd import RDD
from sparksim.sql.cells import cell_text
from sparksim.sql.column import MARK, Column, column, identifier
from sparksim.sql.grouped import GroupedData
from sparksim.sql.relation import Relation
from sparksim.sql.row import Row
from sparksim.sql.stream_frame import StreamMethods
from sparksim.sql.table_text import table
from sparksim.sql.types import StructType
from sparksim.sql.utils import AnalysisException, PySparkTypeError, PySparkValueError

if TYPE_CHECKING:
    from sparksim.sql.session import SparkSession

_JOINS = {
    "inner": "INNER",
    "cross": "CROSS",
    **dict.fromkeys(("outer", "full", "fullouter", "full_outer"), "FULL OUTER"),
    **dict.fromkeys(("left", "leftouter", "left_outer"), "LEFT OUTER"),
    **dict.fromkeys(("right", "rightouter", "right_outer"), "RIGHT OUTER"),
    **dict.fromkeys(("semi", "leftsemi", "left_semi"), "LEFT SEMI"),
    **dict.fromkeys(("anti", "leftanti", "left_anti"), "LEFT ANTI"),
}
_CUT = 20


class DataFrame(StreamMethods):
    """Made by a `SparkSession` or from other DataFrames."""

    driver_only = True

    def __init__(self, session: SparkSession, relation: Relation, name: str | None = None) -> None:
        super().__init__(session, relation)
        self._alias = name

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def schema(self) -> StructType:
        """The columns: names, types, whether they may hold NULL."""
        return self._relation.schema

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self.schema.names

    @property
    def dtypes(self) -> list[tuple[str, str]]:
        """(name, type) of each column."""
        return [(field.name, field.dataType.simpleString()) for field in self.schema]

    def printSchema(self) -> None:
        """Print the columns as a tree."""
        sys.stdout.write(f"{self.schema.treeString()}\n")
        sys.stdout.flush()

    def __repr__(self) -> str:
        return f"DataFrame[{', '.join(f'{name}: {kind}' for name, kind in self.dtypes)}]"

    def __getattr__(self, name: str) -> Column:
        if name.startswith("_") or name not in self.columns:
            raise AttributeError(f"a DataFrame has no attribute {name!r}, and its columns are {self.columns}")
        return self._column(name)

    def _column(self, name: str) -> Column:
        """One of the columns, or `*`. Raises `AnalysisException` for another name."""
        if name != "*" and name.lower() not in map(str.lower, self.columns):
            raise AnalysisException(
                f"[UNRESOLVED_COLUMN.WITH_SUGGESTION] there is no column `{name}`; there are {self.columns}"
            )
        return Column(f"`{MARK}{max(self._relation.ids)}`.{'*' if name == '*' else identifier(name)}")

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, int):
            item = self.columns[item]
        if isinstance(item, str):
            return self._column(item)
        if isinstance(item, Column):
            return self.filter(item)
        if isinstance(item, list | tuple):
            return self.select(*item)
        raise PySparkTypeError(f"a DataFrame is indexed by a name, a number, a condition or a list, got {item!r}")

    # --- actions ----------------------------------------------------------------------------------------------------

    def collect(self) -> list[Row]:
        """All rows."""
        return self.sparkSession._engine.rows(self._relation)

    def count(self) -> int:
        """How many rows there are."""
        [[total]] = self._query("SELECT count(*) FROM `this`").collect()
        return int(total)

    def take(self, num: int) -> list[Row]:
        """The first `num` rows."""
        return self.collect()[:num]

    def first(self) -> Row | None:
        """The first row; None when there is none."""
        return next(iter(self.collect()), None)

    def head(self, n: int | None = None) -> Any:
        """The first row or None; with `n`, the first `n` rows as a list."""
        return self.first() if n is None else self.take(n)

    def tail(self, num: int) -> list[Row]:
        """The last `num` rows."""
        return self.collect()[-num:] if num > 0 else []

    def isEmpty(self) -> bool:
        """Whether there is no row."""
        return self.first() is None

    def show(self, n: int = 20, truncate: bool | int = True, vertical: bool = False) -> None:
        """Print the first `n` rows as Spark does.

        `truncate`: True cuts texts at 20 characters, a number there, False nowhere. `vertical`: a line per value.
        """
        if type(n) is not int:
            raise PySparkTypeError(f"[NOT_INT] show(n): n must be a whole number of rows, got {n!r}")
        if not isinstance(vertical, bool):
            raise PySparkTypeError(f"[NOT_BOOL] show(vertical): must be True or False, got {vertical!r}")
        cut = (_CUT if truncate else 0) if isinstance(truncate, bool) else _whole(truncate)
        rows, wanted = self.collect(), max(n, 0)
        kinds = [field.dataType for field in self.schema]
        cells = [[cell_text(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows[:wanted]]
        sys.stdout.write(f"{table(self.columns, cells, wanted, cut, len(rows) > wanted, vertical)}\n")
        sys.stdout.flush()

    def toPandas(self) -> Any:
        """All rows as a pandas DataFrame. Raises `ImportError` without pandas."""
        import pandas

        return pandas.DataFrame.from_records([tuple(row) for row in self.collect()], columns=self.columns)

    @cached_property
    def rdd(self) -> RDD[Row]:
        """The rows as an RDD. The query is evaluated now, on the driver."""
        return self.sparkSession.sparkContext.parallelize(self.collect())

    def foreach(self, f: Any) -> None:
        """Call `f(row)` on the executors."""
        self.rdd.foreach(f)

    def foreachPartition(self, f: Any) -> None:
        """Call `f(rows)` on the executors, once per partition."""
        self.rdd.foreachPartition(f)

    def cache(self) -> DataFrame:
        """Keep the records that this reads in the cluster's memory, once an action has computed them."""
        for rdd in self.sparkSession._engine.read(self._relation):
            rdd.cache()
        return self

    persist = cache

    def unpersist(self, blocking: bool = False) -> DataFrame:
        """Forget what `cache` kept."""
        for rdd in self.sparkSession._engine.read(self._relation):
            rdd.unpersist()
        return self

    # --- views ------------------------------------------------------------------------------------------------------

    def createOrReplaceTempView(self, name: str) -> None:
        """Let `spark.sql` find this as the table `name`, in place of any other of this name."""
        self.sparkSession._views.put(name, self._relation, replace=True)

    def createTempView(self, name: str) -> None:
        """Let `spark.sql` find this as the table `name`. Raises `AnalysisException` when there is one already."""
        self.sparkSession._views.put(name, self._relation, replace=False)

    # --- transformations --------------------------------------------------------------------------------------------

    def select(self, *cols: Any) -> DataFrame:
        """These columns: names, columns, or one list of them; `*` is all."""
        return self._query(f"SELECT {', '.join(each._selected for each in _columns(cols))} FROM {self._this}")

    def selectExpr(self, *expr: str) -> DataFrame:
        """These expressions of Spark SQL, such as `selectExpr("word", "n + 1 AS more")`."""
        return self._query(f"SELECT {', '.join(expr)} FROM {self._this}")

    def filter(self, condition: Column | str) -> DataFrame:
        """The rows for which the condition holds: a column, or Spark SQL such as "total > 1"."""
        if not isinstance(condition, Column | str):
            raise PySparkTypeError(f"[NOT_COLUMN_OR_STR] filter takes a Column or a text of SQL, got {condition!r}")
        return self._query(
            f"SELECT * FROM {self._this} WHERE {condition._sql if isinstance(condition, Column) else condition}"
        )

    where = filter

    def groupBy(self, *cols: Any) -> GroupedData:
        """The rows in groups of equal values of these columns."""
        return GroupedData(self, _columns(cols))

    groupby = groupBy

    def rollup(self, *cols: Any) -> GroupedData:
        """The rows in groups by all of these columns, by all but the last, and so on to one group of all rows."""
        return GroupedData(self, _columns(cols), "ROLLUP")

    def cube(self, *cols: Any) -> GroupedData:
        """The rows in groups by each combination of these columns."""
        return GroupedData(self, _columns(cols), "CUBE")

    def agg(self, *exprs: Any) -> DataFrame:
        """Aggregates over all rows."""
        return self.groupBy().agg(*exprs)

    def orderBy(self, *cols: Any, ascending: bool | list[bool] = True) -> DataFrame:
        """The rows sorted by these columns; `ascending` for all or for each of them."""
        columns = _columns(cols)
        ways = ascending if isinstance(ascending, list) else [ascending] * len(columns)
        keys = [each if way else each.desc() for each, way in zip(columns, ways, strict=True)]
        return self._query(f"SELECT * FROM {self._this} ORDER BY {', '.join(key._sorted for key in keys)}")

    sort = orderBy

    def limit(self, num: int) -> DataFrame:
        """The first `num` rows."""
        return self._query(f"SELECT * FROM {self._this} LIMIT {_whole(num)}")

    def repartition(self, numPartitions: int | Column | str, *cols: Column | str) -> DataFrame:
        """The same rows, dealt anew: queries are evaluated as a whole here, so nothing that shows depends on it."""
        if isinstance(numPartitions, int):
            _whole(numPartitions)
        return self

    def coalesce(self, numPartitions: int) -> DataFrame:
        """The same rows in at most so many partitions; see `repartition`."""
        return self.repartition(numPartitions)

    def offset(self, num: int) -> DataFrame:
        """The rows after the first `num`."""
        return self._query(f"SELECT * FROM {self._this} OFFSET {_whole(num)}")

    def distinct(self) -> DataFrame:
        """Each different row once."""
        if self.isStreaming:
            return self._deduplicated(None, is_distinct=True)
        return self._query(f"SELECT DISTINCT * FROM {self._this}")

    def dropDuplicates(self, subset: list[str] | None = None) -> DataFrame:
        """The first row of each different combination of values of `subset`, by default of all columns."""
        if self.isStreaming:
            return self._deduplicated(subset)
        if subset is None:
            return self.distinct()
        keys = {name.lower() for name in subset}
        selected = (
            identifier(name) if name.lower() in keys else f"first({identifier(name)}) AS {identifier(name)}"
            for name in self.columns
        )
        return self._query(
            f"SELECT {', '.join(selected)} FROM {self._this} GROUP BY {', '.join(map(identifier, subset))}"
        )

    drop_duplicates = dropDuplicates

    def withColumn(self, colName: str, col: Column) -> DataFrame:
        """With one more column, or with this one replaced."""
        if not isinstance(col, Column):
            raise PySparkTypeError(f"[NOT_COLUMN] withColumn takes a Column such as lit(1), got {col!r}")
        new, found = f"{col._sql} AS {identifier(colName)}", colName.lower() in map(str.lower, self.columns)
        kept = [new if name.lower() == colName.lower() else identifier(name) for name in self.columns]
        return self._query(f"SELECT {', '.join(kept if found else [*kept, new])} FROM {self._this}")

    def withColumnRenamed(self, existing: str, new: str) -> DataFrame:
        """With a column renamed; unchanged when there is no such column, as in Spark."""
        return self.toDF(*(new if name.lower() == existing.lower() else name for name in self.columns))

    def toDF(self, *cols: str) -> DataFrame:
        """With all columns renamed. Raises `IllegalArgumentError` unless there is a name for each."""
        if len(cols) != len(self.columns):
            raise IllegalArgumentError(
                f"toDF needs a name for each of the {len(self.columns)} columns, got {len(cols)}"
            )
        names = ", ".join(map(identifier, cols))
        return self._query(f"SELECT * FROM `this` AS `this`({names})")

    def drop(self, *cols: Column | str) -> DataFrame:
        """Without these columns; names that are not there are ignored."""
        gone = {
            each.lower() if isinstance(each, str) else each._sql.rpartition(".")[2].strip("`").lower() for each in cols
        }
        kept = [identifier(name) for name in self.columns if name.lower() not in gone]
        if not kept:
            raise AnalysisException(f"drop leaves none of the columns {self.columns}")
        return self._query(f"SELECT {', '.join(kept)} FROM {self._this}")

    def union(self, other: DataFrame) -> DataFrame:
        """The rows of both, column by position."""
        if len(self.columns) != len(other.columns):
            raise AnalysisException(
                f"[NUM_COLUMNS_MISMATCH] union joins tables of as many columns, got {self.columns} and {other.columns}"
            )
        return self._query("SELECT * FROM `this` UNION ALL SELECT * FROM `other`", other=other._relation)

    unionAll = union

    def intersect(self, other: DataFrame) -> DataFrame:
        """The different rows that both have."""
        return self._query("SELECT * FROM `this` INTERSECT SELECT * FROM `other`", other=other._relation)

    def subtract(self, other: DataFrame) -> DataFrame:
        """The different rows that the other does not have."""
        return self._query("SELECT * FROM `this` EXCEPT SELECT * FROM `other`", other=other._relation)

    def exceptAll(self, other: DataFrame) -> DataFrame:
        """The rows without as many of each as the other has."""
        return self._query("SELECT * FROM `this` EXCEPT ALL SELECT * FROM `other`", other=other._relation)

    def unionByName(self, other: DataFrame) -> DataFrame:
        """The rows of both, column by name."""
        return self.union(other.select(*self.columns))

    def alias(self, alias: str) -> DataFrame:
        """The same under a name, so that `col("name.column")` finds its columns."""
        return DataFrame(self.sparkSession, self._relation, alias)

    def join(self, other: DataFrame, on: Any = None, how: str | None = None) -> DataFrame:
        """The rows of both that belong together.

        `on`: a name or names that both have, or a condition. `how`: inner, left, right, outer, semi, anti or cross.
        """
        kind = _JOINS.get((how or ("inner" if on is not None else "cross")).lower())
        if kind is None:
            raise PySparkValueError(f"join(how={how!r}): must be one of {', '.join(_JOINS)}")
        conditions = on if isinstance(on, list | tuple) else [] if on is None else [on]
        if conditions and all(isinstance(each, str) for each in conditions):
            rule = f"USING ({', '.join(map(identifier, conditions))})"
        else:
            rule = f"ON {' AND '.join(each._sql for each in conditions)}" if conditions else ""
        left, right = self._alias or "this", other._alias or "other"
        text = f"SELECT * FROM `this` AS {identifier(left)} {kind} JOIN `other` AS {identifier(right)} {rule}"
        return self._query(text, other=other._relation)

    def crossJoin(self, other: DataFrame) -> DataFrame:
        """Every row with every row of the other."""
        return self.join(other, how="cross")

    def _sampled(self, *args: Any, **options: Any) -> DataFrame:
        given = list(args) if args and isinstance(args[0], bool) else [False, *args]
        named = dict(zip(("withReplacement", "fraction", "seed"), given, strict=False)) | options
        rows = self.rdd.sample(bool(named["withReplacement"]), float(named["fraction"]), named.get("seed"))
        return self.sparkSession.createDataFrame(rows, self.schema)

    @property
    def _this(self) -> str:
        return f"`this` AS {identifier(self._alias)}" if self._alias else "`this`"

    def _query(self, text: str, **tables: Relation) -> DataFrame:
        """What a query over `this`, and over `tables` by name, gives."""
        found = {"this": self._relation, **tables}
        views = self.sparkSession._views
        relation = self.sparkSession._engine.query(text, lambda name: found.get(name) or views.get(name))
        return DataFrame(self.sparkSession, relation)


def _columns(cols: tuple[Any, ...]) -> list[Column]:
    given = cols[0] if len(cols) == 1 and isinstance(cols[0], list | tuple) else cols
    return [column(each) for each in given]


def _whole(number: Any) -> int:
    if not isinstance(number, int):
        raise PySparkTypeError(f"must be a whole number, got {number!r}")
    return number

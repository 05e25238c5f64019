"""Groups by a function, as in Scala: on tables they are ordinary aggregations."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql import DataFrame, SparkSession, typed
from sparksim.sql import functions as F
from sparksim.sql.ddl import parse_schema
from sparksim.sql.plan.nodes import GroupState, Plan
from sparksim.sql.types import StructType
from sparksim.sql.utils import AnalysisException, PySparkTypeError


@pytest.fixture
def words(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame([("to", 1), ("be", 2), ("too", 3), ("be", None)], "word string, count int")


def rows(frame: DataFrame) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in frame.collect())


def test_a_typed_sum_is_a_double(words: DataFrame) -> None:
    result = typed.group_by_key(words, lambda row: row.word.substr(1, 1)).agg(typed.sum(lambda row: row["count"]))
    assert rows(result) == [("b", 2.0), ("t", 4.0)]
    assert [kind for _, kind in result.dtypes] == ["string", "double"]
    assert result.columns[0] == "key"


def test_typed_aggregates_have_names_and_stand_beside_columns(words: DataFrame) -> None:
    result = typed.group_by_key(words, lambda row: row.word).agg(
        typed.avg(lambda row: row["count"] * 2).name("mean"), typed.count(lambda row: row["count"]), F.max("count")
    )
    assert rows(result) == [("be", 4.0, 1, 2), ("to", 2.0, 1, 1), ("too", 6.0, 1, 3)]
    assert result.columns[:2] == ["key", "mean"]


def test_it_is_a_method_of_dataframes(words: DataFrame) -> None:
    assert rows(words.groupByKey(lambda row: row.word.substr(1, 1)).count()) == [("b", 2), ("t", 2)]
    assert rows(words.groupByKey(lambda row: row.word == "be", keyType="int").count()) == [(0, 2), (1, 2)]


def test_counts_by_a_tuple_of_keys(words: DataFrame) -> None:
    result = typed.group_by_key(words, lambda row: (row.word, row["count"].isNull())).count()
    assert result.columns == ["_1", "_2", "count(1)"]
    assert rows(result) == [("be", False, 1), ("be", True, 1), ("to", False, 1), ("too", False, 1)]


def test_a_row_is_a_key_itself_and_a_key_may_be_cast(words: DataFrame) -> None:
    assert rows(typed.group_by_key(words.select("word"), lambda row: row).count())[0] == ("be", 2)
    result = typed.group_by_key(words, lambda row: row.word == "be", keyType="int").count()
    assert rows(result) == [(0, 2), (1, 2)]


@pytest.mark.parametrize(
    ("func", "error", "text"),
    [
        (lambda row: 3, PySparkTypeError, r"groupByKey gave 3: .* such as row.word.substr\(1, 1\)"),
        (lambda row: row.words, AnalysisException, r"no column `words`"),
    ],
)
def test_a_key_that_is_no_expression_is_refused(
    words: DataFrame, func: Callable[[Any], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        typed.group_by_key(words, func)


class StreamingFrame:
    """As much of a streaming DataFrame as a function with a state needs."""

    isStreaming = True
    sparkSession = SimpleNamespace(_engine=SimpleNamespace(derived=lambda plan, relation: plan))

    def __init__(self, session: Any, plan: Any) -> None:
        self._relation, self._plan = None, plan

    @property
    def columns(self) -> list[str]:
        return list(self._plan.schema.names)

    def _column(self, name: str) -> None:
        assert name in self.columns

    def select(self, *cols: Any) -> StreamingFrame:
        assert cols[0] == "*"
        schema = StructType(list(self._plan.schema))
        for column in cols[1:]:
            schema = schema.add(column._name, "string")
        return StreamingFrame(None, Plan(schema, (None,) * len(schema)))


def stream() -> Any:
    schema = parse_schema("word string, count int")
    assert isinstance(schema, StructType)
    return StreamingFrame(None, Plan(schema, (None, None)))


def test_a_function_with_a_state_becomes_a_node_that_hides_the_keys() -> None:
    def func(key: str, found: Any, state: Any) -> tuple[str]:
        return (key,)

    grouped = typed.group_by_key(stream(), lambda row: row.word.substr(1, 1))
    node: Any = grouped.mapGroupsWithState(func, "key string", timeoutConf="ProcessingTimeTimeout")
    node = node._plan
    assert isinstance(node, GroupState)
    assert (node.keys, node.mode, node.is_map, node.form) == ((2,), "update", True, "python")
    assert (node.options["values"], node.options["scalar_key"], node.state_schema) == (2, True, None)
    flat: Any = grouped.flatMapGroupsWithState(func, "Append", "key string", stateStructType="n int")
    assert (flat._plan.mode, flat._plan.is_map, flat._plan.state_schema.names) == ("append", False, ["n"])


def test_what_a_function_with_a_state_refuses(words: DataFrame) -> None:
    grouped = typed.group_by_key(stream(), lambda row: row.word)
    with pytest.raises(IllegalArgumentError, match="outputMode='complete': give 'append' or 'update'"):
        grouped.flatMapGroupsWithState(print, "complete", "key string")
    with pytest.raises(IllegalArgumentError, match="timeoutConf='never': give one of NoTimeout"):
        grouped.mapGroupsWithState(print, "key string", timeoutConf="never")
    with pytest.raises(AnalysisException, match=r"need a stream: begin with spark.readStream"):
        typed.group_by_key(words, lambda row: row.word).mapGroupsWithState(print, "key string")

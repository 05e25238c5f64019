"""The programs whose outcomes are recorded, written with sparksim's DataFrames: their plans get Spark's verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sparksim import SparkContext
from sparksim.sql import DataFrame, SparkSession, functions
from sparksim.sql.ddl import parse_schema
from sparksim.sql.plan.nodes import Scan
from sparksim.sql.plan.select import plan_of
from sparksim.sql.streaming.legality import check, check_at_run
from sparksim.sql.streaming.legality.standard import events
from sparksim.sql.utils import AnalysisException
from tests.conformance.legality_programs import MODES, SHAPES, conditions_of, recorded

RECORDED = recorded()


class Streams:
    """Stands for a session whose `readStream` gives streams that nobody starts."""

    def __init__(self, spark: SparkSession, schema: str = "timestamp TIMESTAMP, value LONG") -> None:
        self.spark, self.columns = spark, schema

    @property
    def readStream(self) -> Streams:
        return self

    def format(self, name: str) -> Streams:
        return self

    def option(self, name: str, value: object) -> Streams:
        return self

    def schema(self, schema: str) -> Streams:
        return Streams(self.spark, schema)

    def json(self, path: str) -> DataFrame:
        return self.load()

    def load(self) -> DataFrame:
        schema: Any = parse_schema(self.columns)
        scan = events()
        assert isinstance(scan, Scan)
        stream = Scan(schema, (None,) * len(schema), "rate", scan.create)
        return DataFrame(self.spark, self.spark._engine.stream(stream))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.spark, name)


@pytest.fixture(scope="module")
def session() -> Iterator[SparkSession]:
    with SparkContext("sim[2,2]", "legality"):
        yield SparkSession.builder.getOrCreate()


def outcomes(name: str, spark: SparkSession) -> dict[str, str]:
    """What happens to a program in each mode, in the words of the recording."""
    try:
        plan = plan_of(SHAPES[name](Streams(spark), functions)._relation)
    except AnalysisException as refusal:
        return dict.fromkeys(MODES, " ".join(["build", "AnalysisException", *conditions_of(refusal)]))
    found = {}
    for mode in MODES:
        words = ["start", "AnalysisException"]
        try:
            check(plan, mode)
            words = ["run", "StreamingQueryException", "STREAM_FAILED"]
            check_at_run(plan, mode)
            found[mode] = "ok"
        except AnalysisException as refusal:
            found[mode] = " ".join([*words, *conditions_of(refusal)])
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_a_program_gets_sparks_verdict(name: str, session: SparkSession) -> None:
    assert outcomes(name, session) == RECORDED[name]

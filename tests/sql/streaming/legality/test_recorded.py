"""Every cell of the tables, by the rules of the current Spark: as recorded from PySpark 4.3."""

from __future__ import annotations

import pytest

from sparksim.sql.streaming.legality import check, check_at_run
from sparksim.sql.streaming.legality.standard import PLANS
from sparksim.sql.utils import AnalysisException
from tests.conformance.legality_programs import MODES, recorded

RECORDED = recorded()
NO_PLAN = {"two_windows", "in_a_stream", "repartitioned"}
"""Refused while the query is built, and one whose plan is that of its input."""


def outcome(name: str, mode: str) -> str:
    """What happens to a plan, in the words of the recording."""
    plan, words = PLANS[name](), ["start", "AnalysisException"]
    try:
        check(plan, mode)
        words = ["run", "StreamingQueryException", "STREAM_FAILED"]
        check_at_run(plan, mode)
    except AnalysisException as refusal:
        return " ".join([*words, *filter(None, [refusal.getErrorClass()])])
    return "ok"


def test_every_recorded_shape_has_a_plan() -> None:
    assert set(RECORDED) - set(PLANS) == NO_PLAN


@pytest.mark.parametrize("name", PLANS)
def test_a_query_may_run_where_spark_lets_it_run(name: str) -> None:
    assert {mode: outcome(name, mode) for mode in MODES} == RECORDED[name]

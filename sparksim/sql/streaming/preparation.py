"""From the plan that a program wrote to one that may run: legality, optimizer, steps (Spark: QueryExecution)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparksim.sql.plan.nodes import Plan
from sparksim.sql.streaming.micro_batch import RULES
from sparksim.sql.streaming.request import PhysicalFactory

if TYPE_CHECKING:
    from sparksim.sql.session import SparkSession


def prepared(session: SparkSession, plan: Plan, mode: str) -> tuple[Plan, PhysicalFactory]:
    """The plan that runs, and what makes its steps. Raises `AnalysisException` for what no stream may do."""
    from sparksim.sql.plan.optimizer import optimized
    from sparksim.sql.streaming.legality.check import check
    from sparksim.sql.streaming.physical import PhysicalPlan

    check(plan, mode, str(session.conf.get(RULES, "current")))
    return optimized(plan), PhysicalPlan

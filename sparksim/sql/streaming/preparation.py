"""From the plan that a program wrote to one that may run: legality, optimizer, steps (Spark: QueryExecution)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparksim.sql.plan.nodes import Plan
from sparksim.sql.streaming.micro_batch import CHAINED, RULES
from sparksim.sql.streaming.request import PhysicalFactory

if TYPE_CHECKING:
    from sparksim.sql.session import SparkSession


def prepared(session: SparkSession, plan: Plan, mode: str) -> tuple[Plan, PhysicalFactory]:
    """The plan that runs, and what makes its steps. Raises `AnalysisException` for what no stream may do."""
    from sparksim.sql.plan.optimizer import optimized
    from sparksim.sql.streaming.legality import check, check_at_run
    from sparksim.sql.streaming.physical import PhysicalPlan

    rules = str(session.conf.get(RULES, "current"))
    check(plan, mode, rules)

    def physical(session: SparkSession, plan: Plan, mode: str, *where: Any) -> PhysicalPlan:
        """Some plans end their query only here, as in Spark, which allows more when operators cannot be chained."""
        is_chained = str(session.conf.get(CHAINED, "true")).lower() == "true"
        check_at_run(plan, mode, rules if is_chained else "2.3")
        return PhysicalPlan(session, plan, mode, *where)

    return optimized(plan), physical

"""Which query may run in which output mode, by the rules of Spark 2.3 and of the current Spark.

The class of Spark that decides this is UnsupportedOperationChecker. Rules are functions of a node that give a `Refusal`
or None; `rules` says which version has which, `check` asks them in Spark's order.
"""

from __future__ import annotations

from sparksim.sql.streaming.legality.at_run import check_at_run
from sparksim.sql.streaming.legality.check import check, refusal_of, verdicts
from sparksim.sql.streaming.legality.refusal import Refusal

__all__ = ["Refusal", "check", "check_at_run", "refusal_of", "verdicts"]

"""A plan as a text, one node a line, each below the one that reads it (Spark: TreeNode.treeString)."""

from __future__ import annotations

from sparksim.sql.plan.nodes import Plan, Scan, Watermark


def tree(plan: Plan, depth: int = 0) -> str:
    """The nodes with their columns."""
    indent = "" if depth == 0 else f"{'   ' * (depth - 1)}+- "
    line = f"{indent}{_name(plan)} [{', '.join(plan.schema.names)}]"
    return "\n".join([line, *[tree(child, depth + 1) for child in plan.children]])


def _name(plan: Plan) -> str:
    if isinstance(plan, Scan):
        return f"Scan {plan.name}"
    if isinstance(plan, Watermark):
        return f"Watermark {plan.schema.names[plan.column]} - {plan.delay_ms} ms"
    return type(plan).__name__

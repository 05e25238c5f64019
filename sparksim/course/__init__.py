"""The course: its lessons and graded exercises, the sandbox that submissions run in, and the grader.

What the notebooks of the course use is here; each name is loaded when it is first asked for, so that the sandbox and
the grader load no more than they need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparksim.course.live_run import live
    from sparksim.course.notebook import autograde, check
    from sparksim.course.overview import course_map
    from sparksim.course.query_results import batch_by_batch
    from sparksim.course.teaching import confirm, lesson, predict

__all__ = ["autograde", "batch_by_batch", "check", "confirm", "course_map", "lesson", "live", "predict"]

_HOMES = {
    "autograde": "notebook",
    "batch_by_batch": "query_results",
    "check": "notebook",
    "confirm": "teaching",
    "course_map": "overview",
    "lesson": "teaching",
    "live": "live_run",
    "predict": "teaching",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

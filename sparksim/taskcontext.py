"""PySpark's `pyspark.taskcontext`: what a running task knows of itself."""

from sparksim.core.task_context import TaskContext

__all__ = ["TaskContext"]

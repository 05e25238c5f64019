"""What happened in a run: events, the trace that holds them, and the tables, files and checks made from it."""

from sparksim.trace.checks import check_trace
from sparksim.trace.events import Event
from sparksim.trace.jsonl import TraceFormatError, TraceWarning, read_jsonl, write_jsonl
from sparksim.trace.table import Table
from sparksim.trace.tables import batches, blocks, executors, jobs, receivers, stages, tasks
from sparksim.trace.trace import Trace

__all__ = [
    "Event",
    "Table",
    "Trace",
    "TraceFormatError",
    "TraceWarning",
    "batches",
    "blocks",
    "check_trace",
    "executors",
    "jobs",
    "read_jsonl",
    "receivers",
    "stages",
    "tasks",
    "write_jsonl",
]

"""Reads a trace from whatever file holds one: ours, or the event log of a real Spark application."""

from __future__ import annotations

import os

from sparksim.trace.formats.spark_log_lines import is_event_log
from sparksim.trace.formats.spark_log_reader import read_event_log
from sparksim.trace.jsonl import read_jsonl
from sparksim.trace.trace import Trace


def read_trace(path: str | os.PathLike[str]) -> Trace:
    """The trace that `write_jsonl` wrote, or that of a Spark event log (`read_event_log`), told apart by the content.

    Raises `TraceFormatError` for a file that is neither, `OSError` for one that cannot be read.
    """
    return read_event_log(path) if is_event_log(path) else read_jsonl(path)

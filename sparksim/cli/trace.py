"""Read the trace of an earlier run: a summary, one of its tables, or its timeline as a figure."""

from __future__ import annotations

import argparse
from pathlib import Path

from sparksim.cli import arguments, report
from sparksim.cli.refusal import Refusal, require_matplotlib
from sparksim.sim.run import Run
from sparksim.trace.jsonl import TraceFormatError, read_jsonl
from sparksim.trace.trace import Trace

TABLES = ("batches", "jobs", "stages", "tasks", "blocks", "executors", "receivers", "delivery", "lost")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim trace`."""
    add = parser.add_argument
    add("file", metavar="FILE.jsonl", type=Path, help="what sparksim run --trace or Run.save wrote")
    add("--table", metavar="NAME", choices=TABLES, help=f"print this table: {', '.join(TABLES)}")
    add("--figure", metavar="FILE.png", type=arguments.figure, help="draw the timeline (.png, .svg, .pdf)")


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    if options.figure is not None:
        require_matplotlib()
    result = Run(_read(options.file))
    if options.table is not None:
        print(_table(result, options.table))
    else:
        print(report.summary(result))
        if result.batches:
            print(f"\n{report.batch_table(result)}")
    for line in report.save(result, options.figure):
        print(line)
    return 0


def _read(path: Path) -> Trace:
    try:
        return read_jsonl(path)
    except TraceFormatError as error:
        raise Refusal(str(error)) from None
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror}") from None


def _table(result: Run, name: str) -> str:
    if name in ("delivery", "lost"):
        return str(result.delivery.summary if name == "delivery" else result.delivery.lost)
    table = getattr(result, name)
    return str(table.to_text(len(table)))

"""Read the trace of an earlier run: a summary, one of its tables, or its timeline as a figure."""

from __future__ import annotations

import argparse
from pathlib import Path

from sparksim.cli import arguments, report
from sparksim.cli.refusal import Refusal, require_matplotlib
from sparksim.sim.run import Run
from sparksim.trace.jsonl import TraceFormatError, read_jsonl
from sparksim.trace.trace import Trace

TABLES = (
    *("batches", "jobs", "stages", "tasks", "blocks", "executors", "receivers"),
    *("delivery", "lost", "produced", "anomalies"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim trace`."""
    add = parser.add_argument
    add("file", metavar="FILE.jsonl", type=Path, help="what sparksim run --trace or Run.save wrote")
    add("--table", metavar="NAME", choices=TABLES, help=f"print this table: {', '.join(TABLES)}")
    add("--figure", metavar="FILE.png", type=arguments.figure, help="draw the timeline (.png, .svg, .pdf)")
    add("--delivery-figure", metavar="FILE.png", type=arguments.figure, help="draw what became of each record of Kafka")


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    if options.figure is not None or options.delivery_figure is not None:
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
    if options.delivery_figure is not None:
        print(_draw_delivery(result, options.delivery_figure))
    return 0


def _read(path: Path) -> Trace:
    try:
        return read_jsonl(path)
    except TraceFormatError as error:
        raise Refusal(str(error)) from None
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror}") from None


def _table(result: Run, name: str) -> str:
    delivery = result.delivery if name in ("delivery", "lost", "produced", "anomalies") else None
    if delivery is None:
        table = getattr(result, name)
        return str(table.to_text(len(table)))
    if name == "anomalies":
        return report.anomalies(delivery.anomalies)
    if name == "produced":
        return delivery.produced.to_text(len(delivery.produced))
    return str(delivery.summary if name == "delivery" else delivery.lost)


def _draw_delivery(result: Run, path: Path) -> str:
    try:
        figure = result.delivery.figure()
    except ValueError as error:
        raise Refusal(f"--delivery-figure {path}: {error}") from None
    figure.savefig(path)
    return f"figure in {path}"

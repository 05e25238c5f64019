"""Read the trace of an earlier run, or the event log of a real Spark application.

Shows a summary or one of the tables; draws the timeline; writes all tables, or the trace in another format.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

from sparksim.cli import arguments, report
from sparksim.cli.refusal import Refusal, require_matplotlib
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.language import Text
from sparksim.sim.run import SAVED_AS, Run
from sparksim.trace.events import ApplicationStart
from sparksim.trace.formats.csv_folder import OF_QUERIES
from sparksim.trace.formats.read import read_trace
from sparksim.trace.jsonl import TraceFormatError, TraceWarning
from sparksim.trace.trace import Trace

NOTHING_STARTED = Text(
    "{path} holds no start of an application: there is nothing to show", "{path} 中没有应用的启动事件：没有可显示的内容"
)
UNREADABLE = Text("cannot read {path}: {error}", "无法读取 {path}：{error}")
UNWRITABLE = Text("cannot write {path}: {error}", "无法写入 {path}：{error}")
TIMELINE = Text("timeline in {path}", "时间线在 {path}")
STREAMING = Text("Streaming page in {path}", "流处理统计页面在 {path}")
QUERY = Text("timeline of the query in {path}", "查询时间线在 {path}")
SAVED = Text("saved {path}", "已保存 {path}")

TABLES = (
    *("batches", "jobs", "stages", "tasks", "blocks", "executors", "receivers"),
    *("states", "state_keys", "windows"),
    *OF_QUERIES,
    *("delivery", "lost", "produced", "anomalies"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim trace`."""
    add = parser.add_argument
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = (__doc__ or "").strip()
    add("file", metavar="FILE", type=Path, help="what sparksim run --trace or Run.save wrote, or a Spark event log")
    add("--table", metavar="NAME", choices=TABLES, help=f"print this table: {', '.join(TABLES)}")
    add("--figure", metavar="FILE.png", type=arguments.figure, help="draw the timeline (.png, .svg, .pdf)")
    add("--delivery-figure", metavar="FILE.png", type=arguments.figure, help="draw what became of each record of Kafka")
    add("--html", metavar="FILE.html", type=arguments.page, help="write the timeline as a page to look into, offline")
    add("--streaming", metavar="FILE.html", type=arguments.page, help="write Spark's Streaming tab as a page, offline")
    add("--query", metavar="FILE.html", type=arguments.page, help="write the timeline of a streaming query as a page")
    add("--query-name", metavar="NAME", help="of this query; not needed where there is one")
    arguments.add_language(parser)
    add("--csv", metavar="DIR", type=Path, help="write every table as a CSV file into this folder")
    add("--save", metavar="NAME", help=f"write it as NAME says, which ends in {', '.join(SAVED_AS)}")


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
    if options.html is not None:
        result.save(options.html)
        print(TIMELINE.of().format(path=options.html))
    if options.streaming is not None:
        result.streaming_page().save(options.streaming)
        print(STREAMING.of().format(path=options.streaming))
    if options.query is not None:
        print(_write_query(result, options.query, options.query_name))
    if options.csv is not None:
        _save(result, f"{options.csv}/")
    if options.save is not None:
        _save(result, options.save)
    return 0


def _read(path: Path) -> Trace:
    """The trace in the file; what is wrong with it and does not prevent reading it is told."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", TraceWarning)
        try:
            trace = read_trace(path)
        except TraceFormatError as error:
            raise Refusal(str(error)) from None
        except OSError as error:
            raise Refusal(UNREADABLE.of().format(path=path, error=error.strerror)) from None
    for warning in found:
        print(f"sparksim: {warning.message}", file=sys.stderr)
    if not trace.of(ApplicationStart):
        raise Refusal(NOTHING_STARTED.of().format(path=path))
    return trace


def _save(result: Run, name: str) -> None:
    try:
        result.save(name)
    except IllegalArgumentError as error:
        raise Refusal(str(error)) from None
    except OSError as error:
        raise Refusal(UNWRITABLE.of().format(path=name, error=error.strerror)) from None
    print(SAVED.of().format(path=name))


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
    return report.SAVED["figure"].of().format(path=path)


def _write_query(result: Run, path: Path, name: str | None) -> str:
    from sparksim.viz.query_page import query_html

    try:
        page = query_html(result.trace, name)
    except ValueError as error:
        raise Refusal(f"--query {path}: {error}") from None
    path.write_text(page, encoding="utf-8")
    return QUERY.of().format(path=path)

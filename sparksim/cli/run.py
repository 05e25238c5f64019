"""Run an ordinary Spark Streaming program, on this machine or on a simulated cluster in virtual time.

With --master local[N] (or nothing) the program runs for real: it reads real sockets until it ends, --until is over or
you press Ctrl-C. With --master sim[E,C] it runs in virtual time, as fast as the machine can, and its sockets and files
are those that --source, --kafka and --file describe.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sparksim.cli import arguments, report
from sparksim.cli.fault_text import fault
from sparksim.cli.live import run_live
from sparksim.cli.refusal import Refusal, require_matplotlib
from sparksim.cli.script import own_master, user_traceback
from sparksim.cluster.cost import PRESETS
from sparksim.cluster.faults import Fault
from sparksim.cluster.master_url import parse_master
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.language import Text
from sparksim.sim import Run, simulate_script
from sparksim.ui.server import LOOPBACK, PORT, StreamingServer, is_loopback

SIMULATED_S = 60.0
VIRTUAL_ONLY = ("seed", "source", "kafka", "file", "crash", "fault", "cost")

UNTIL_HELP = (
    f"stop gracefully after S seconds of streaming; in virtual time: simulate S seconds (default {SIMULATED_S:g})"
)
SOURCE_HELP = "what is sent there: constant:RATE, poisson:RATE (records per second) or file:PATH:RATE; may be repeated"
KAFKA_HELP = (
    "a topic of a Kafka cluster there, and what is written to it: a load as for --source; may be repeated, also for "
    "other topics of the same cluster"
)
COST_HELP = "what work costs: " + ", ".join(f"{name} (default)" if name == "teaching" else name for name in PRESETS)
FILE_HELP = "a file with the content of FILE appears at second S under sim://PATH; may be repeated"
CRASH_HELP = (
    "a process dies at second S: an executor's number, receiver (the one that runs it), random, or driver; with +T "
    "another one starts T seconds later; may be repeated"
)

FAULT_HELP = (
    "any fault of sparksim.sim as Python writes it, such as \"SlowExecutor('2', at=3, factor=10)\" or "
    "\"DriverCrash(AtBatch(3, 'processed'), restart_after=2)\"; may be repeated"
)

OWN_MASTER = Text(
    "the program itself says {own} (line {line}); --master {given} wins",
    "程序自己写的是 {own}（第 {line} 行）；以 --master {given} 为准",
)
LEFT_RUNNING = Text(
    "the program ended while its streams were running; end it with ssc.awaitTermination()",
    "程序结束时它的流仍在运行；请以 ssc.awaitTermination() 结尾",
)
VIRTUAL = Text(
    "argument --{name} works in virtual time only, and this run is live (real sockets, real seconds); add "
    "--master 'sim[3,2]' to simulate, or leave --{name} out",
    "参数 --{name} 只用于虚拟时间，而本次运行是实时的（真实套接字、真实时间）；"
    "请加 --master 'sim[3,2]' 以模拟，或去掉 --{name}",
)
EXPOSED = Text(
    "{host} can be reached by other machines: whoever has the next line's address sees this program's data",
    "其他机器可以访问 {host}：凡有下一行地址的人都能看到本程序的数据",
)
PAGE = Text("Streaming page: {url}", "流处理统计页面：{url}")
LIVE_ONLY = Text(
    "argument --ui shows a live run, and virtual time is over in a moment; use --trace run.jsonl, and then "
    "sparksim trace run.jsonl --streaming streaming.html",
    "参数 --ui 用于实时运行，而虚拟时间转瞬即过；请用 --trace run.jsonl，"
    "再运行 sparksim trace run.jsonl --streaming streaming.html",
)
NO_EXECUTOR = Text(
    "{fault}: {master} has no executor {executor}; they are numbered from 1 to {executors}",
    "{fault}：{master} 没有执行器 {executor}；编号为 1 到 {executors}",
)
TAKEN = Text(
    "argument --kafka: {address} is also a --source; give one of them another address",
    "参数 --kafka：{address} 也是 --source 的地址；请给其中之一换一个地址",
)
INTERRUPTED = Text("interrupted", "已中断")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim run`."""
    parser.usage = "sparksim run PROGRAM.py [ARGUMENT ...] [OPTION ...] [-- ARGUMENT ...]"
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = (__doc__ or "").strip()
    add = parser.add_argument
    add("program", metavar="PROGRAM.py", type=arguments.program, help="the program")
    add("args", metavar="ARGUMENT", nargs="*", help="what the program finds in sys.argv[1:]")
    add("--master", metavar="M", type=arguments.master, help="local[N] or sim[E,C]; wins over the program's own master")
    add("--until", metavar="S", type=arguments.until, help=UNTIL_HELP)
    add("--trace", metavar="FILE.jsonl", type=arguments.trace, help="keep every event of the run")
    add("--figure", metavar="FILE.png", type=arguments.figure, help="draw the timeline (.png, .svg, .pdf)")
    arguments.add_language(parser)
    add = parser.add_argument_group("only live").add_argument
    add("--ui", action="store_true", help=f"serve Spark's Streaming page while it runs, at {LOOPBACK}:{PORT}")
    add("--ui-port", metavar="N", type=arguments.any_port, help="at another port; 0 is any free one")
    add("--ui-host", metavar="H", help="at another address of this machine, where other machines may reach it")
    add = parser.add_argument_group("only in virtual time").add_argument
    add("--source", metavar="HOST:PORT=LOAD", type=arguments.source, action="append", help=SOURCE_HELP)
    add(
        "--kafka",
        metavar="HOST:PORT=TOPIC:PARTITIONS@LOAD",
        type=arguments.kafka,
        action="append",
        help=KAFKA_HELP,
    )
    add("--file", metavar="sim://PATH@S=FILE", type=arguments.file, action="append", help=FILE_HELP)
    add("--crash", metavar="WHO@S[+T]", type=arguments.crash, action="append", help=CRASH_HELP)
    add("--fault", metavar="FAULT", type=fault, action="append", help=FAULT_HELP)
    add("--cost", metavar="PRESET", type=arguments.cost, help=COST_HELP)
    add("--seed", metavar="N", type=int, help="another seed, another course of events (default 0)")


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    if options.figure is not None:
        require_matplotlib()
    logging.basicConfig(format="sparksim: %(message)s")
    program: Path = options.program.resolve()
    args = [*options.args, *options.verbatim]
    own = own_master(program)
    master = options.master or (own.master if own else "")
    if own and options.master and options.master != own.master:
        _tell(OWN_MASTER.of().format(own=own.master, line=own.line, given=options.master))
    if master.startswith("sim["):
        return _simulate(program, args, master, options)
    return _live(program, args, options)


def _live(program: Path, args: list[str], options: argparse.Namespace) -> int:
    for name in VIRTUAL_ONLY:
        if getattr(options, name) is not None:
            raise Refusal(VIRTUAL.of().format(name=name))
    progress = sys.stderr if sys.stderr.isatty() else None
    with _streaming_page(options) as page:
        live = run_live(program, args, options.master, options.until, progress, page)
    if live.left_running:
        _tell(LEFT_RUNNING.of())
    if len(live.trace):
        _finish(Run(live.trace), options)
    return _exit_code(live.error, program)


@contextmanager
def _streaming_page(options: argparse.Namespace) -> Iterator[StreamingServer | None]:
    """Serve the Streaming page as long as the program runs, if that was asked for, and say where."""
    if not _wants_page(options):
        yield None
        return
    host = options.ui_host or LOOPBACK
    port = PORT if options.ui_port is None else options.ui_port
    try:
        page = StreamingServer(host, port, exposed=options.ui_host is not None)
    except IllegalArgumentError as error:
        raise Refusal(str(error)) from None
    if not is_loopback(host):
        _tell(EXPOSED.of().format(host=host))
    _tell(PAGE.of().format(url=page.url))
    try:
        yield page
    finally:
        page.close()


def _wants_page(options: argparse.Namespace) -> bool:
    return bool(options.ui or options.ui_port is not None or options.ui_host is not None)


def _simulate(program: Path, args: list[str], master: str, options: argparse.Namespace) -> int:
    if _wants_page(options):
        raise Refusal(LIVE_ONLY.of())
    faults: list[Fault] = [*(options.crash or []), *(options.fault or [])]
    executors = parse_master(master).executors
    for each in faults:
        executor = str(getattr(each, "executor", ""))
        if executor.isdecimal() and not 0 < int(executor) <= executors:
            told = NO_EXECUTOR.of()
            raise Refusal(told.format(fault=type(each).__name__, master=master, executor=executor, executors=executors))
    sources, clusters = dict(options.source or []), arguments.kafka_clusters(options.kafka or [])
    for address in clusters:
        if address in sources:
            raise Refusal(TAKEN.of().format(address=address))
    surroundings: dict[str, Any] = {
        "network": {**sources, **clusters},
        "files": dict(options.file or []),
        "faults": faults,
        "until": SIMULATED_S if options.until is None else options.until,
        "seed": options.seed or 0,
        "cost": options.cost or "teaching",
    }
    result = simulate_script(program, args=args, master=master, echo=True, raises=False, **surroundings)
    if len(result.trace):
        _finish(result, options)
    return _exit_code(result.error, program)


def _finish(result: Run, options: argparse.Namespace) -> None:
    for line in (*report.summary(result).splitlines(), *report.save(result, options.trace, options.figure)):
        _tell(line)


def _exit_code(error: BaseException | None, program: Path) -> int:
    """Shows the error a program ended with, if any; what that is worth as an exit code."""
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
            return 1
        return error.code or 0
    if isinstance(error, KeyboardInterrupt):
        _tell(INTERRUPTED.of())
        return 130
    print(user_traceback(error, program), file=sys.stderr)
    return 1


def _tell(line: str) -> None:
    sys.stdout.flush()
    print(f"sparksim: {line}", file=sys.stderr, flush=True)

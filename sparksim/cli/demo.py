"""The story of sparksim in half a minute: a program on a real socket, then on a cluster that loses an executor."""

from __future__ import annotations

import argparse
import ast
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sparksim.cli import arguments, report
from sparksim.cli.live import run_live
from sparksim.cli.refusal import Refusal, require_matplotlib
from sparksim.core.language import Text
from sparksim.sim import ExecutorCrash, Poisson, simulate_script
from sparksim.sim.output import caught_output
from sparksim.trace.paragraph import filled

LINES = ("to be or not to be", "that is the question") * 6
LINE_GAP_S = 0.25
LIVE_S = 4.0
SIMULATED_S = 15.0
CRASH_S = 7.3
RATE_PER_S = 50
SEED = 7
WIDTH = 100

PROGRAM = Text(
    "This is an ordinary Spark Streaming program, {program}: it reads lines from a TCP socket and counts the "
    "words of every second. What follows needs no JVM, no Spark and no cluster.",
    "这是一个普通的 Spark Streaming 程序 {program}：它从 TCP 套接字读取文本行，统计每一秒的单词数。"
    "以下内容不需要 JVM，不需要 Spark，也不需要集群。",
)
LIVE = Text(
    "1. Live: a real socket, real seconds, two cores of this machine (local[2]).",
    "1. 实时：真实的套接字，真实的时间，本机的两个核心（local[2]）。",
)
SIMULATED = Text(
    "2. The same file in virtual time: three executors with two cores each (sim[3,2]), {rate} lines per second, "
    "and after {crash:g} s the executor that runs the receiver dies.",
    "2. 同一个文件，在虚拟时间中：三个执行器（executor），各有两个核心（sim[3,2]），每秒 {rate} 行；"
    "{crash:g} 秒后，运行接收器（receiver）的执行器崩溃。",
)
MOVED = Text(
    "The receiver moved from executor {first} to executor {second}. Every batch was still processed, because each "
    "received block had a second copy on another executor. What became of each line:",
    "接收器从执行器 {first} 移到了执行器 {second}。每个批次（batch）仍然得到处理，"
    "因为每个收到的数据块（block）在另一个执行器上还有一份副本。每一行的去向：",
)
COUNTED = Text(
    "Live, the program counted {count} words in {lines} lines: {words}.",
    "实时运行时，程序在 {lines} 行中数出 {count} 个单词：{words}。",
)
DRAWN = Text(
    "The simulated {seconds:g} seconds, from receiver to delays, are drawn in {figure}",
    "模拟的 {seconds:g} 秒，从接收器到延迟，都画在 {figure}",
)
NO_EXAMPLE = Text(
    "examples/word_count.py is missing from this installation of sparksim; install it again",
    "这份 sparksim 安装中缺少 examples/word_count.py；请重新安装",
)
PORT_TAKEN = Text(
    "port {port} cannot be used: {error}. Something else may listen there; choose another with --port, or leave it "
    "out for any free one",
    "端口 {port} 无法使用：{error}。可能有别的程序在监听；请用 --port 换一个，或不写以使用任意空闲端口",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim demo`."""
    arguments.add_language(parser)
    parser.add_argument(
        "--figure", metavar="FILE.png", type=arguments.figure, default=Path("sparksim-demo.png"),
        help="where the timeline goes (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--port", metavar="PORT", type=arguments.port, default=0,
        help="where the live part serves its lines (default: any free port)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Tell it. Gives the exit code."""
    require_matplotlib()
    program = word_count()
    _say(PROGRAM.of().format(program=program.name))
    _say(LIVE.of(), rule=True)
    counted = _live(program, options.port)
    _say(SIMULATED.of().format(rate=RATE_PER_S, crash=CRASH_S), rule=True)
    simulated = simulate_script(
        program,
        master="sim[3,2]",
        network={"localhost:9999": Poisson(RATE_PER_S)},
        faults=[ExecutorCrash("receiver", at=CRASH_S)],
        until=SIMULATED_S,
        seed=SEED,
    )
    print(report.batch_table(simulated))
    first, second = simulated.receivers[0], simulated.receivers[1]
    _say(MOVED.of().format(first=first.executor_id, second=second.executor_id))
    print(simulated.delivery)
    simulated.save(options.figure)
    by_count = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    words = ", ".join(f"{word} {count}" for word, count in by_count)
    _say(COUNTED.of().format(count=sum(counted.values()), lines=len(LINES), words=words), rule=True)
    print(DRAWN.of().format(seconds=SIMULATED_S, figure=options.figure))
    return 0


def word_count() -> Path:
    """The example, from the installed package or from the repository."""
    package = Path(__file__).parents[1]
    for folder in (package / "shipped" / "examples", package.parent / "examples"):
        if (folder / "word_count.py").is_file():
            return folder / "word_count.py"
    raise Refusal(NO_EXAMPLE.of())


def _live(program: Path, wanted_port: int) -> Counter[str]:
    """Run the program against a server of our own and add up the counts that it prints."""
    printed: list[str] = []
    with _server(wanted_port) as port, caught_output(lambda _batch, text: printed.append(text), echo=True):
        live = run_live(program, ["localhost", str(port)], "local[2]", LIVE_S, progress=None)
    if live.error is not None:
        raise live.error
    counts: Counter[str] = Counter()
    for line in "".join(printed).splitlines():
        if line.startswith("("):
            word, count = ast.literal_eval(line)
            counts[word] += count
    return counts


@contextmanager
def _server(wanted: int) -> Iterator[int]:
    """A TCP server that sends `LINES` to its one client and then stays silent; gives its port (0: any free)."""
    over = threading.Event()

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            for line in LINES:
                if over.wait(LINE_GAP_S):
                    return
                client.sendall(f"{line}\n".encode())
            over.wait()

    with _listening(wanted) as listener:
        threading.Thread(target=serve, name="demo source", daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise Refusal(PORT_TAKEN.of().format(port=port, error=error.strerror)) from error


def _say(text: str, rule: bool = False) -> None:
    print(("\n" + "=" * WIDTH if rule else "") + f"\n{filled(text, WIDTH)}\n", flush=True)

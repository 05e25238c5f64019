"""The story of sparksim in half a minute: a program on a real socket, then on a cluster that loses an executor."""

from __future__ import annotations

import argparse
import ast
import socket
import textwrap
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sparksim.cli import arguments, report
from sparksim.cli.live import run_live
from sparksim.cli.refusal import Refusal, require_matplotlib
from sparksim.sim import ExecutorCrash, Poisson, simulate_script
from sparksim.sim.output import caught_output

LINES = ("to be or not to be", "that is the question") * 6
LINE_GAP_S = 0.25
LIVE_S = 4.0
SIMULATED_S = 15.0
CRASH_S = 7.3
RATE_PER_S = 50
SEED = 7
WIDTH = 100


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
    _say(
        f"This is an ordinary Spark Streaming program, {program.name}: it reads lines from a TCP socket and counts the "
        "words of every second. What follows needs no JVM, no Spark and no cluster."
    )
    _say("1. Live: a real socket, real seconds, two cores of this machine (local[2]).", rule=True)
    counted = _live(program, options.port)
    _say(
        f"2. The same file in virtual time: three executors with two cores each (sim[3,2]), {RATE_PER_S} lines per "
        f"second, and after {CRASH_S:g} s the executor that runs the receiver dies.",
        rule=True,
    )
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
    _say(
        f"The receiver moved from executor {first.executor_id} to executor {second.executor_id}. Every batch was still "
        "processed, because each received block had a second copy on another executor. What became of each line:"
    )
    print(simulated.delivery)
    simulated.save(options.figure)
    by_count = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    words = ", ".join(f"{word} {count}" for word, count in by_count)
    _say(f"Live, the program counted {sum(counted.values())} words in {len(LINES)} lines: {words}.", rule=True)
    print(f"The simulated {SIMULATED_S:g} seconds, from receiver to delays, are drawn in {options.figure}")
    return 0


def word_count() -> Path:
    """The example, from the installed package or from the repository."""
    package = Path(__file__).parents[1]
    for folder in (package / "shipped" / "examples", package.parent / "examples"):
        if (folder / "word_count.py").is_file():
            return folder / "word_count.py"
    raise Refusal("examples/word_count.py is missing from this installation of sparksim; install it again")


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
        raise Refusal(
            f"port {port} cannot be used: {error.strerror}. Something else may listen there; choose another with "
            "--port, or leave it out for any free one"
        ) from error


def _say(text: str, rule: bool = False) -> None:
    print(("\n" + "=" * WIDTH if rule else "") + f"\n{textwrap.fill(text, WIDTH)}\n", flush=True)

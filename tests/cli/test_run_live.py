"""`sparksim run` on a live master: a real process, real sockets, real signals."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.trace import batches, read_jsonl
from tests.cli.process import LIVE_PROGRAM, Command, free_port, run, server

AWAIT = "ssc.awaitTermination()\nprint('the program ends')"


def program(folder: Path, master: str = "", after: str = AWAIT) -> Path:
    path = folder / "words.py"
    path.write_text(LIVE_PROGRAM.format(master=f"{master!r}, " if master else "", after=after))
    return path


def script(folder: Path, text: str) -> Path:
    path = folder / "program.py"
    path.write_text(text)
    return path


def test_ctrl_c_stops_after_everything_received_was_processed(tmp_path: Path) -> None:
    with server() as source, Command("run", program(tmp_path), source.port) as command:
        source.send(*["to be or not to be"] * 500)
        command.wait_for("('be', ")
        command.interrupt()
        assert command.end() == 0
    assert "stopping: what was received is being processed" in command.said
    assert "the program ends" in command.stdout
    [account] = [line for line in command.stderr if "records sent or received" in line]
    received, processed = account.removeprefix("sparksim: of ").split(" records sent or received: ")
    assert processed == f"{received} once"


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    endless = script(
        tmp_path,
        """
import threading
from sparksim import SparkContext
from sparksim.streaming import StreamingContext
ssc = StreamingContext(SparkContext(appName="endless"), 0.2)
def hang(rdd):
    print("hanging", flush=True)
    threading.Event().wait()
ssc.queueStream([[1]]).foreachRDD(hang)
ssc.start()
ssc.awaitTermination()
""",
    )
    with Command("run", endless) as command:
        command.wait_for("hanging")
        command.interrupt()
        command.wait_for("Ctrl-C again stops at once")
        command.interrupt()
        assert command.end() == 130
    assert command.stderr[-1] == "sparksim: interrupted"


def test_ctrl_c_interrupts_a_program_that_streams_nothing(tmp_path: Path) -> None:
    waiting = script(tmp_path, "import threading\nprint('ready', flush=True)\nthreading.Event().wait()")
    with Command("run", waiting) as command:
        command.wait_for("ready")
        command.interrupt()
        assert command.end() == 130


def test_until_stops_gracefully_and_leaves_a_trace_and_a_figure(tmp_path: Path) -> None:
    trace, figure = tmp_path / "run.jsonl", tmp_path / "run.svg"
    with server() as source:
        source.send("a b", "b")
        ended = run("run", program(tmp_path), source.port, "--until", "1", "--trace", trace, "--figure", figure)
    assert ended.code == 0, ended.said
    assert "('b', 2)" in ended.stdout
    assert "the program ends" in ended.stdout
    assert f"sparksim: trace in {trace}" in ended.stderr
    assert f"sparksim: figure in {figure}" in ended.stderr
    assert sum(batches(read_jsonl(trace)).column("records")) == 2
    assert figure.read_text().startswith("<?xml")


def test_the_master_is_local_2_when_nobody_says_otherwise(tmp_path: Path) -> None:
    path = script(tmp_path, "from sparksim import SparkContext\nprint(SparkContext(appName='a').master)")
    assert run("run", path).stdout == ["local[2]"]


def test_the_option_wins_over_the_programs_own_master_and_says_so(tmp_path: Path) -> None:
    path = script(tmp_path, "from sparksim import SparkContext\nprint(SparkContext('local[3]', 'a').master)")
    assert run("run", path).stdout == ["local[3]"]
    ended = run("run", path, "--master", "local[4]")
    assert ended.stdout == ["local[4]"]
    assert "sparksim: the program itself says local[3] (line 2); --master local[4] wins" in ended.stderr


def test_the_program_finds_its_own_arguments(tmp_path: Path) -> None:
    path = script(tmp_path, "import sys\nprint(*sys.argv[1:], __name__)")
    ended = run("run", path, "one", "--master", "local[2]", "two", "--", "--three")
    assert ended.stdout == ["one two --three __main__"]


def test_a_program_that_raises_shows_its_own_frames_and_nothing_of_ours(tmp_path: Path) -> None:
    path = script(
        tmp_path,
        "from sparksim import SparkContext\n"
        "def inverse(x):\n    return 1 / x\n"
        "SparkContext(appName='a').parallelize([0]).map(inverse).collect()\n",
    )
    ended = run("run", path)
    assert ended.code == 1
    assert "ZeroDivisionError: division by zero" in ended.said
    assert f'File "{path}", line 4, in <module>' in ended.said
    assert f'File "{path}", line 3, in inverse' in ended.said
    assert "runpy" not in ended.said
    assert "sparksim/core" not in ended.said


@pytest.mark.parametrize(("end", "code"), [("sys.exit(3)", 3), ("sys.exit()", 0), ("sys.exit('no data')", 1)])
def test_the_exit_code_is_the_programs(tmp_path: Path, end: str, code: int) -> None:
    assert run("run", script(tmp_path, f"import sys\n{end}")).code == code


def test_a_program_that_does_not_wait_is_told_to(tmp_path: Path) -> None:
    with server() as source:
        ended = run("run", program(tmp_path, after=""), source.port)
    assert ended.code == 0
    assert "end it with ssc.awaitTermination()" in ended.said


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    unused = free_port()
    ended = run("run", program(tmp_path), unused, "--until", "0.5")
    assert f"Error connecting to localhost:{unused}" in ended.said
